import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from sampling import one_in
from shown_answers import ANSWER, CITATION, HOSTILE, REFUSAL, page_of, read

from page.answer_view import View, answer_html
from rag.problems import worded
from rag.types import Claim, Status
from rag.verify import Cited, check_claim

WRITTEN_BY_US = {"div", "span", "a", "b", "br", "ul", "li", "blockquote"}
WRITTEN_BY_US |= {"details", "summary", "mark"}


def shown(answer, key="a", **settings):
    return answer_html(answer, View(key, **settings))


@pytest.mark.parametrize("payload", one_in(3, HOSTILE))
@pytest.mark.parametrize(
    "answer",
    [
        lambda text: replace(ANSWER, text=f"{text}[1]。"),
        lambda text: replace(ANSWER, notes=(text,)),
        lambda text: replace(REFUSAL, related=(text,)),
        lambda text: replace(ANSWER, llm=text),
        lambda text: replace(ANSWER, text=text, claims=(Claim(text, (), Status.PARTLY, (text,)),)),
        *(
            lambda text, name=name: replace(ANSWER, citations=(replace(CITATION, **{name: text}),))
            for name in ("source", "title", "publisher", "date", "url", "heading", "text")
        ),
        lambda text: replace(ANSWER, evidence=(read(text),)),
        lambda text: replace(ANSWER, evidence=(read("一", heading=text),)),
        lambda text: replace(ANSWER, evidence=(read("一", title=text),)),
    ],
)
def test_hostile_text_is_shown_as_text_wherever_it_stands(answer, payload):
    page = page_of(shown(answer(payload), chat="c"))
    assert payload in page.text
    assert {tag for tag, _ in page.tags} <= WRITTEN_BY_US
    names = {name for _, attributes in page.tags for name in attributes}
    assert names <= {"class", "id", "lang", "href", "target", "rel", "role"}
    addresses = {attributes["href"] for tag, attributes in page.tags if tag == "a"}
    own = {one for one in addresses if re.match(r"(\?do=[a-z_]+&|document\?id=)[\w%+.&=-]+", one)}
    assert addresses - own <= {CITATION.url}


def test_what_was_read_shows_why_it_was_found():
    page = page_of(shown(replace(ANSWER, evidence=(read("东莞支持硼药"),))))
    assert [tag for tag, _ in page.tags].count("mark") == 1
    assert all(part in page.text for part in ("0.87", "12.3", "0.81", "东莞支持硼药"))
    assert not page_of(shown(ANSWER)).all("class", "yz-read")


def test_a_mark_leads_to_its_citation_and_an_unknown_one_to_nothing():
    page = page_of(shown(replace(ANSWER, text="甲[1]。乙[7]。"), "answer3"))
    (chip,) = page.all("class", "yz-mark")
    place = urlsplit(chip["href"])
    assert (place.path, place.fragment) == ("document", "quote")
    assert parse_qs(place.query) == {"id": ["measures.txt"], "start": ["10"], "end": ["21"]}
    assert page.all("id", "answer3-1")
    assert "甲[1]。乙[7]。" in page.text
    assert "出处 1：若干措施" in page.told


def test_for_who_may_not_read_the_documents_a_mark_leads_to_the_quotation():
    page = page_of(shown(ANSWER, "answer3", chips="below"))
    (chip,) = page.all("class", "yz-mark")
    assert chip["href"] == "#answer3-1"
    assert page.all("id", "answer3-1")


def test_what_may_be_done_is_offered_in_a_chat_of_ones_own_only():
    answer = replace(ANSWER, evidence=(read("东莞支持硼药"),))
    assert not page_of(shown(answer)).all("class", "yz-action")
    done = [
        parse_qs(urlsplit(one["href"]).query)
        for one in page_of(shown(answer, chat="c", number=2)).all("class", "yz-action")
    ]
    assert {"do": ["collect"], "id": ["measures.txt"], "start": ["10"], "end": ["21"]} in done
    assert {"do": ["collect"], "id": ["a.txt"], "start": ["0"], "end": ["6"]} in done
    for name in ("copy", "copy_sources", "collect", "share", "retry", "edit"):
        assert {"do": [name], "chat": ["c"], "n": ["2"]} in done


@pytest.mark.parametrize("display", ["zh", "zh-Hant"])
def test_an_answer_is_shown_in_the_script_that_is_wanted_and_its_quotation_as_it_stands(display):
    quoted = replace(CITATION, quote="一年獎勵", text="一年獎勵", title="獎勵办法")
    answer = replace(ANSWER, text="一年奖勵[1]。", citations=(quoted,), claims=())
    text = page_of(shown(answer, display=display)).text
    assert text.startswith({"zh": "一年奖励[1]。", "zh-Hant": "一年獎勵[1]。"}[display])
    assert "一年獎勵" in text
    assert "獎勵办法" in text


def test_suggestions_and_choices_are_asked_by_a_click():
    html = answer_html(replace(ANSWER, choices=("甲？",)), View("a"), ("乙 & 丙？",))
    asked = [parse_qs(urlsplit(one["href"]).query) for one in page_of(html).all("role", "button")]
    assert asked == [{"do": ["ask"], "question": [one]} for one in ("甲？", "乙 & 丙？")]


def test_a_citation_shows_what_it_is_and_where_it_stands():
    text = page_of(shown(ANSWER)).text
    names = ("title", "publisher", "date", "url", "heading", "text", "source")
    assert all(getattr(CITATION, name) in text for name in names)
    assert "10–21" in text


def test_what_a_document_does_not_tell_leaves_no_gap():
    bare = replace(CITATION, publisher="", heading="", url="")
    text = page_of(shown(replace(ANSWER, citations=(bare,)))).text
    assert "2025-08-14一年" in text
    assert not re.search(r"·\s*(·|$)", text)


def test_only_claims_that_are_not_supported_are_marked_and_say_why():
    claims = (
        Claim("甲有10家。", (1,), Status.SUPPORTED),
        Claim("乙有20家。", (1,), Status.PARTLY, ("something odd",)),
        Claim("丙有30家。", (1,), Status.UNSUPPORTED, ("cites nothing",)),
    )
    answer = replace(ANSWER, text="甲有10家[1]。乙有20家[1]。丙有30家[1]。", claims=claims)
    html = shown(answer)
    assert '<span class="yz-partly">乙有20家' in html
    assert '<span class="yz-unsupported">丙有30家' in html
    assert "甲有10家[1]。乙有20家[1]。丙有30家[1]。" in page_of(html).text
    told = page_of(html).told
    assert told.index("部分有据") < told.index("查无依据")
    doubts = re.findall(r'<div class="yz-quiet yz-doubt">(.*?)</div>', html)
    assert ["甲" in doubt for doubt in doubts] == [False, False]
    assert "something odd" in doubts[0]
    assert "没有引用出处" in doubts[1]


def test_a_claim_that_does_not_stand_in_the_text_takes_nothing_from_it():
    claims = (Claim("别的话。", (), Status.UNSUPPORTED, ("cites nothing",)),)
    html = shown(replace(ANSWER, claims=claims))
    assert ANSWER.text in page_of(html).text
    assert "别的话" in page_of(html).text


@pytest.mark.parametrize(
    ("language", "summary"),
    [("zh", "2 句中 1 句"), ("zh-Hant", "有出處支持"), ("en", "1 of 2 sentences")],
)
def test_the_summary_counts_what_is_borne_out_in_the_language_of_the_question(language, summary):
    claims = (*ANSWER.claims, Claim("别的话。", (), Status.UNSUPPORTED))
    answer = replace(ANSWER, language=language, claims=claims)
    assert summary in page_of(shown(answer)).text


def test_many_doubts_are_folded_away_but_for_the_first():
    claims = tuple(
        Claim(f"第{n}条。", (), Status.UNSUPPORTED, ("cites nothing",)) for n in range(9)
    )
    html = shown(replace(ANSWER, claims=claims))
    seen, _, folded = html.partition('<details class="yz-read"><summary>还有 4 句')
    assert [part.count("yz-doubt") for part in (seen, folded)] == [5, 4]
    assert "还有" not in shown(replace(ANSWER, claims=claims[:5]))


def test_a_refusal_shows_what_is_nearest_and_says_that_it_is_no_evidence():
    html = shown(replace(REFUSAL, notes=("资料没有谈到这个问题。",)))
    text = page_of(html).text
    assert all(part in text for part in ("资料中没有答案", "不是依据", "若干措施", "没有谈到"))
    assert "yz-source" not in html


@pytest.mark.parametrize(
    "problem",
    [
        "100万元 is said to be at least, and is at most in what is cited",
        "100万元 is per year, and per month in what is cited",
        "100万元 is per 企业, which what is cited does not say",
        "100万元 is at most that in what is cited",
        "100万元 is for a phase that it leaves out",
        "科技局 does not “受理” in what is cited",
        "科技局 is not listed so in what is cited",
        "“支持范围” is a heading in what is cited",
        "says “高于” of 北京 and 上海",
        "says “全省”, and what is cited is about 东莞",
        "leaves out “力争”, which what is cited says",
        "gives a date, and not of what",
        "denies what is affirmed in what is cited",
        "affirms what is denied in what is cited",
    ],
)
def test_all_that_is_said_of_a_claim_is_in_chinese(problem):
    assert not re.search("[a-z]", worded(problem, "zh-Hant"))
    assert worded(problem, "en") == problem


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("一年封顶1600万元。", "一年封顶1500万元。"),
        ("杭州一年封顶1500万元。", "一年合计封顶1500万元。"),
        ("太阳从东边升起来了。", "一年封顶1500万元。"),
        ("一年封顶1500万元。", ""),
    ],
)
def test_what_is_wrong_with_a_claim_is_said_in_chinese_to_who_asks_in_chinese(claim, quote):
    problems = check_claim(claim, (1,), [Cited(quote)] if quote else [], (9,)).problems
    assert len(problems) > 1
    for problem in problems:
        assert re.search("[\u4e00-\u9fff]{3}", worded(problem, "zh"))
        assert not re.search("[a-z]", worded(problem, "zh-Hant"))
        assert worded(problem, "en") == problem
