import pytest

from index.cleaning.glosses import drop_glosses, drop_ruby
from index.offsets import identity
from index.types import Span


def run(text):
    return drop_glosses(identity(text)).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("未來(lái)生(shēng)命", "未來生命"),
        ("和（hé）谐", "和谐"),
        ("重(zhòng)點(diǎn)、重(chóng)複(fù)", "重點、重複"),  # both readings of 重
        ("女(nǚ)性，绿(lü\u0300)色", "女性，绿色"),  # marks that stand apart as well
        ("高(ɡāo)", "高"),
        ("東(ㄉㄨㄥ)莞(ㄍㄨㄢˇ)", "東莞"),
        ("目的(˙ㄉㄜ)，星期（ㄑㄧˊ）", "目的，星期"),  # a neutral tone in front, a tone of Taiwan
        ("东莞(dōng guǎn)市", "东莞市"),
        ("东莞（dōngguǎn）市", "东莞市"),
        ("东莞[Dōngguǎn]市", "东莞市"),
        ("东莞(dong1 guan3)市", "东莞市"),
        ("東莞(ㄉㄨㄥ ㄍㄨㄢˇ)", "東莞"),
        ("西安(Xī'ān)、一个(yí gè)", "西安、一个"),  # a tone that changes in company
        ("东dōng莞guǎn市、東ㄉㄨㄥ莞ㄍㄨㄢˇ", "东莞市、東莞"),  # ruby without its brackets
    ],
)
def test_readings_of_the_characters_before_go(text, expected):
    assert run(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "治疗(BNCT)的硼药",
        "干扰(CRISPRi)等",
        "生(hé)命",  # a reading, but of another character
        "选项(a)和(b)",
        "方案（he）",
        "和(he)谐、方案(an)",  # readings without tones may be chance
        "深圳(Shenzhen)市、东莞(Dongguan)市、广州(Guangzhou)市",
        "word(wò)",
        "人工智能(AI)",
        "方案(1)",
    ],
)
def test_other_parentheses_stay(text):
    assert run(text) == text


def test_toneless_readings_go_where_the_document_is_full_of_them():
    assert run("和(he)谐(xie)的(de)社(she)会(hui)发(fa)展(zhan)(CDMO)") == "和谐的社会发展(CDMO)"
    assert run("高(gāo)校(xiào)的(dè)人(rén)和(he)企(qi)业") == "高校的人和企业"


def test_glosses_are_listed_with_their_places():
    raw = "高(gāo)校(ㄒㄧㄠˋ)"
    text = drop_glosses(identity(raw))
    assert [(d.span.of(raw), d.reason) for d in text.dropped] == [
        ("(gāo)", "pinyin gloss"),
        ("(ㄒㄧㄠˋ)", "zhuyin gloss"),
    ]
    assert text.to_raw(Span(0, 2)) == Span(0, 7)


@pytest.mark.parametrize("raw", ["字(" + "a" * 50_000, "字(a" * 20_000, "字" + "ā" * 50_000])
def test_hostile_text_is_passed_over(raw):
    assert drop_glosses(identity(raw)).text


@pytest.mark.parametrize(
    "reading",
    [
        *("<rt>ㄉㄨㄥ</rt>", "<rt>dōng</rt>", "<RT>dōng", "<rt class='a'>lè líng</rt>"),
        "<rp>（</rp><rt>ㄉㄨㄥ</rt><rp>）</rp>",
    ],
)
def test_readings_above_characters_go_from_a_page(reading):
    raw = f"<p><ruby>東莞{reading}</ruby>市</p>"
    assert drop_ruby(identity(raw)).text == "<p><ruby>東莞</ruby>市</p>"


@pytest.mark.parametrize("note", ["AI", "人工智慧", "BNCT-2"])
def test_what_is_no_reading_stays_above_its_characters(note):
    raw = f"<ruby>智能<rt>{note}</rt></ruby>"
    assert drop_ruby(identity(raw)).text == raw


@pytest.mark.parametrize("part", ["<rp>(</rp>", "<rt>a", "<rt ", "<rp>", "<rt>ˇˇ"])
def test_hostile_ruby_is_passed_over(part):
    raw = part * 20_000
    assert len(drop_ruby(identity(raw)).text) <= len(raw)
