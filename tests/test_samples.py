"""The sample corpus: written for this project, full of facts, noisy like real pages."""

import re
import unicodedata
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SAMPLES = REPOSITORY / "samples"
CORPUS = REPOSITORY.parent / "shared" / "corpus"

# The true encoding of each file; what the HTML files declare is another matter, see below.
ENCODINGS = {
    "dongguan-measures.txt": "utf-8",
    "guangdong-overview.md": "utf-8",
    "guangdong-plan-news.txt": "utf-8",
    "guangdong-plan-notice.html": "utf-8",
    "hubei-digest.html": "gb18030",
    "hubei-opinions.txt": "gb18030",
    "nansha-scenarios.txt": "utf-8",
}
PROVENANCE = {  # title of the source page, publisher or author, date
    "dongguan-measures.txt": (
        "东莞酝酿新政:千万级重金加码AI制药与核医疗研发",
        "南方财经",
        "2025-08-14",
        "http://www.sushuapos.com/show-1-48391-0.html",
    ),
    "guangdong-overview.md": (
        "关于印发广东省培育未来生命健康产业集群行动计划的通知",
        "广东省科学技术厅",
        "2024-02-07",
        "http://www.sushuapos.com/show-1-48391-0.html",
        "加快高端医疗设备研发!湖北出台新举措",
        "化工仪器网",
        "2024-11-30",
    ),
    "guangdong-plan-news.txt": (
        "廣東省發布〈廣東省培育未來生命健康産業集群行動計劃〉",
        "廣州恩鼎專科門診部有限公司",
        "2024-03-25",
        "沒有網址",
    ),
    "guangdong-plan-notice.html": (
        "关于印发广东省培育未来生命健康产业集群行动计划的通知",
        "广东省科学技术厅",
        "2024-02-29",
        "未留网址",
    ),
    "hubei-digest.html": (
        "加快高端医疗设备研发!湖北出台新举措",
        "化工仪器网",
        "2024年11月30日",
        "无网址",
    ),
    "hubei-opinions.txt": (
        "加快高端醫療設備研發!湖北出臺新舉措",
        "化工儀器網",
        "2024年11月30日",
        "沒有網址",
    ),
    "nansha-scenarios.txt": ("沒有題名、媒體名和網址", "鄭國豪", "2025-09-10"),
}
FIGURES = {
    "dongguan-measures.txt": (
        "进入I期,最多奖200万元",
        "进入II期,最多奖500万元",
        "进入III期,最多奖800万元",
        "一年合计封顶1500万元",
        "超过500家",
        "规上企业197家",
        "企业34家",
        "50个项目",
        "3000万元",
        "1000万元",
        "100万元",
        "资助500万元",
        "300万元",
        "东莞市科技局",
        "散裂中子源",
    ),
    "guangdong-overview.md": (
        "6455亿元",
        "2500亿元",
        "200万元",
        "500万元",
        "800万元",
        "1500万元",
        "3000万元",
        "197家",
        "50项",
        "机会38项",
        "能力12项",
        "200亿元",
        "60亿元",
        "1200多个",
    ),
    "guangdong-plan-news.txt": ("2035年", "廣州、深圳、珠海、中山", "人類時空多組學"),
    "guangdong-plan-notice.html": (
        "6455亿元",
        "4112.83亿元",
        "2342.17亿元",
        "1067个",
        "11735个",
        "2030年",
        "2035年",
        "10%以上",
        "5件",
        "40个",
        "2024年2月7日",
        "医学影像类和介植入类",
        "人类时空多组学",
        "华南地区人脑组织资源库",
    ),
    "hubei-digest.html": ("2500亿元", "15个", "100亿元", "2024年11月29日", "6455亿元"),
    "hubei-opinions.txt": ("11月29日", "2027年", "2500億元", "養出15個", "100億元", "養出5個"),
    "nansha-scenarios.txt": (
        "50項",
        "場景機會38項",
        "供給能力12項",
        "150人",
        "21個地市",
        "16批",
        "1200多個",
        "200億元",
        "60億元",
        "超400家",
        "11個領域",
        "慧眼",
        "細胞與基因治療",
        "健康效應評價",
    ),
}
WATERMARK = "k27岭讯样例站——一天一页,把政策读明白LINGXUN-NEWS.EXAMPLE"
GLOSS = re.compile(r"([㐀-鿿])\(([a-zü]*[āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ][a-zü]*)\)")
GLOSSED = ["guangdong-plan-news.txt", "hubei-opinions.txt"]
HTML = ["guangdong-plan-notice.html", "hubei-digest.html"]

COPIED_RUN = 16
URL = re.compile(r"https?://[\w./-]+", re.ASCII)
WORK_TITLE = re.compile(r"《[^》]*》")
# Official names have no other wording. Written in Simplified, without punctuation, as `folded`
# leaves them; they break a run instead of counting towards it.
OFFICIAL_NAMES = (
    "关于印发广东省培育未来生命健康产业集群行动计划的通知",
    "广东省基础与应用基础研究基金东莞市联合基金",
    "广东省科学技术厅",
    "广东省发展和改革委员会",
    "广东省工业和信息化厅",
    "湖北省人民政府办公厅",
    "广州市南沙区发展和改革局",
    "国际先进技术应用推进中心大湾区",
    "大湾区细胞与基因治疗产业公共服务中心",
    "大湾区生物治疗健康效应评价中心",
    "粤港澳大湾区精准医学研究院广州",
    "广州南沙公共资源控股集团有限公司",
    "中山大学附属第三医院",
    "中山大学附属第一医院",
    "深圳国家高技术产业创新中心",
    "北京笃威尔数字技术有限公司",
    "广东上药桑尼克医疗科技有限公司",
    "广州畅气通络人工智能科技有限公司",
    "相关阅读relatedreading",  # no name: the stock label of a list that has to be recognised
)


def sample(name: str) -> str:
    return (SAMPLES / name).read_bytes().decode(ENCODINGS[name])


def readable(name: str) -> str:
    return unicodedata.normalize("NFKC", GLOSS.sub(r"\1", sample(name)))


@cache
def simplified(text: str) -> str:
    import opencc

    return str(opencc.OpenCC("t2s").convert(text))


def folded(text: str) -> str:
    """Simplified letters, Han characters and digits only, without glosses, in lower case."""
    plain = GLOSS.sub(r"\1", unicodedata.normalize("NFKC", text))
    return "".join(c for c in simplified(plain).casefold() if c.isalnum())


def countable_runs(text: str) -> list[str]:
    """The folded text, cut wherever a URL, a 《title》 or an official name stands."""
    cut = WORK_TITLE.sub("\0", URL.sub("\0", unicodedata.normalize("NFKC", text)))
    runs = "\0".join(folded(part) for part in cut.split("\0"))
    for name in OFFICIAL_NAMES:
        runs = runs.replace(name, "\0")
    return runs.split("\0")


def windows(text: str) -> set[str]:
    return {text[i : i + COPIED_RUN] for i in range(len(text) - COPIED_RUN + 1)}


def copied(text: str, originals: list[str]) -> set[str]:
    """The runs of COPIED_RUN characters of `text` that also stand in one of `originals`."""
    theirs = set().union(*(windows(folded(original)) for original in originals))
    ours = set().union(*(windows(run) for run in countable_runs(text)))
    return ours & theirs


def test_samples_holds_these_seven_files_and_nothing_else():
    assert sorted(path.name for path in SAMPLES.iterdir()) == sorted(ENCODINGS)


@pytest.mark.parametrize("name", sorted(ENCODINGS))
def test_a_sample_decodes_in_its_encoding_and_has_1500_to_5000_characters(name):
    text = sample(name)
    assert "�" not in text
    assert 1500 <= len(text) <= 5000


@pytest.mark.parametrize("name", [n for n, e in ENCODINGS.items() if e == "gb18030"])
def test_a_gb18030_sample_is_neither_utf8_nor_gb2312(name):
    data = (SAMPLES / name).read_bytes()
    for wrong in ("utf-8", "gb2312"):
        with pytest.raises(UnicodeDecodeError):
            data.decode(wrong)


@pytest.mark.parametrize("name", HTML)
def test_an_html_sample_declares_gb2312_wrongly(name):
    assert "charset=gb2312" in sample(name)
    with pytest.raises(UnicodeDecodeError):
        (SAMPLES / name).read_bytes().decode("gb2312")


@pytest.mark.parametrize("name", sorted(ENCODINGS))
def test_a_sample_names_the_title_publisher_date_and_address_of_its_source(name):
    text = readable(name)
    assert "引证项目" in simplified(text)
    for part in PROVENANCE[name]:
        assert part in text


@pytest.mark.parametrize("name", sorted(ENCODINGS))
def test_a_sample_invents_no_address_outside_the_reserved_domain(name):
    domains = re.findall(r"(?:https?://|@)([\w.-]+\w)", sample(name), re.ASCII)
    assert all(d == "www.sushuapos.com" or d.endswith(".example") for d in domains)


@pytest.mark.parametrize("name", sorted(ENCODINGS))
def test_a_sample_carries_its_key_figures(name):
    text = readable(name)
    assert [figure for figure in FIGURES[name] if figure not in text] == []


def test_the_dongguan_sample_ends_each_paragraph_of_its_body_with_the_watermark():
    text = sample("dongguan-measures.txt")
    body = text[text.index("东莞市科技局正就") : text.index("声明:")]
    paragraphs = [line for line in body.split("\n") if len(line) > 20]
    assert len(paragraphs) >= 8
    assert all(line.endswith(WATERMARK) for line in paragraphs)
    assert text.count(WATERMARK) == len(paragraphs)


def test_the_dongguan_sample_has_a_header_a_disclaimer_neighbours_and_unrelated_teasers():
    text = sample("dongguan-measures.txt")
    assert text.startswith("偏好")
    assert all(mark in text for mark in ("声明:", "上一篇:", "下一篇:", "猜你想看"))
    assert text[text.index("猜你想看") :].count("  • ") >= 6


@pytest.mark.parametrize("name", GLOSSED)
def test_every_gloss_is_a_reading_of_the_character_before_it(name):
    from pypinyin import Style, pinyin

    glosses = GLOSS.findall(sample(name))
    assert len(glosses) >= 20
    for character, reading in glosses:
        known = pinyin(simplified(character), style=Style.TONE, heteronym=True)[0]
        assert reading in known, character


def test_the_hubei_opinions_keep_true_parentheses_among_the_glosses():
    text = GLOSS.sub(r"\1", sample("hubei-opinions.txt"))
    assert "(CDMO)" in text
    assert "首臺(套)" in text


def test_the_hubei_opinions_have_a_breadcrumb_related_headlines_and_a_copyright_statement():
    text = readable("hubei-opinions.txt")
    assert text.split("\n")[0].count(">") == 3
    assert "相關閱讀 Related Reading" in text
    assert len(re.findall(r"\n    \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n", text)) >= 4
    assert "版權聲明" in text


def test_the_plan_news_uses_variant_characters_and_ends_with_contacts_and_friend_links():
    text = readable("guangdong-plan-news.txt")
    assert all(variant in text for variant in "産內爲衆着幹複")
    footer = text[text.index("嶺頤樣例門診部(虛構)") :]
    assert all(mark in footer for mark in ("地址:", "電話:", "郵箱:", "友情鏈接", "|"))


def test_the_nansha_sample_is_one_block_with_markup_residue_and_a_share_line():
    text = sample("nansha-scenarios.txt")
    assert "\n\n" not in text
    assert '?span class="editor-note">' in text
    assert "掃一掃" in text


def test_the_notice_has_page_furniture_headings_a_table_and_a_signed_date():
    text = sample("guangdong-plan-notice.html")
    for mark in ('class="nav"', 'class="crumb"', 'class="share"', 'class="footer"', "<table>"):
        assert mark in text
    assert [n for n in "一二三四五" if f"<h2>{n}、" not in text] == []
    assert "（一）" in text
    assert '<p class="sign">2024年2月7日</p>' in text


def test_the_notice_breaks_lines_inside_sentences():
    breaks = re.findall(
        r"[㐀-鿿](?:</p>\s*<p>|<br>\s*)[㐀-鿿]", sample("guangdong-plan-notice.html")
    )
    assert len(breaks) >= 3


def test_the_overview_has_headings_lists_and_tables_of_equal_width():
    lines = sample("guangdong-overview.md").split("\n")
    assert sum(line.startswith("#") for line in lines) >= 6
    assert sum(line.lstrip().startswith(("- ", "1. ")) for line in lines) >= 6
    rows = [(line.count("|"), line.startswith("|")) for line in lines]
    joined = [(a, b) for (a, in_table), (b, goes_on) in pairwise(rows) if in_table and goes_on]
    assert len(joined) >= 10
    assert all(a == b for a, b in joined)


def test_a_copied_run_is_found_across_scripts_glosses_and_punctuation():
    original = "對于先進(jìn)設備，財政給予最高三百萬元補助，按年度結算。"
    assert copied("他说对于先进设备,财政给予最高三百万元补助", [original])
    assert not copied("先进设备每年最多得到三百万元的补助,由财政按年度发放", [original])


def test_a_title_or_an_official_name_is_no_copied_run():
    title = "《支持样例产业高质量发展的若干措施征求意见稿》"
    assert not copied(f"见{title}", [title])
    assert copied(title.strip("《》"), [title])
    assert not copied(OFFICIAL_NAMES[0], [OFFICIAL_NAMES[0]])


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no shared/corpus folder beside the repository")
@pytest.mark.parametrize("name", sorted(ENCODINGS))
def test_a_sample_copies_no_run_of_sixteen_characters_from_the_real_pages(name):
    originals = [path.read_text(encoding="utf-8") for path in sorted(CORPUS.glob("*.txt"))]
    assert originals
    assert copied(sample(name), originals) == set()
