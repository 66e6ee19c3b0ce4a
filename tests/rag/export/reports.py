"""Reports for the tests of exports: answers and passages of made-up documents."""

from collections.abc import Sequence

from index.types import Metadata
from rag.collected import Item
from rag.export.types import Report
from rag.types import Citation, Claim, Status

HASH = "0123456789abcdef" * 4
KNOWN = Metadata(
    title="关于支持低空经济的若干措施",
    publisher="青石市人民政府",
    issuer="青石市发展和改革局、青石市财政局",
    date="2025-03-01",
    document_number="青发改〔2025〕7号",
    url="https://example.org/a?x=1&y=2",
)
# What Markdown, HTML, TeX, XML, citeproc or a bidirectional browser could take for more than text.
MARKUP = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "![图](http://example.org/x.png) [链接](javascript:alert(1)) <http://example.org>",
    "*强调* _下划_ `代码` $x^2$ ~~删~~ ^上^ # 题 | 表 | \\ \\[1\\] [^1] [@key] :smile:",
    '"引号" “内引” ‘单’ 「框」 『双』 《书》 〔24〕 [x, characters 1–2, sha256 0123456789ab]',
    "&lt;b&gt; &amp;nbsp; &#60; ]]> --> <!-- <?xml?> {{x}} \\begin{x} %d {0}",
    "1. 第一\n2. 第二\n- 项\n> 引\n\t缩进\n```\nyinzheng-record\n```\n---",
    "\x00\x01\x0b\x1b\x7f\x85\ufffe\uffff\ud800尾\udfff\u202e翻转\u2066\u2069\u200b\ufeff零宽",
    "العربية עברית हिन्दी 𠮷𡈽 👩‍👩‍👧 é ﬁ ㍿ ①",
    "  前后空白\u3000　",
)


def citation(n: int = 1, text: str = "最高补助五百万元。", **values: object) -> Citation:
    """Return a citation of KNOWN, parts of it changed."""
    given: dict[str, object] = {
        "n": n,
        "source": "a.txt",
        "title": KNOWN.title,
        "publisher": KNOWN.publisher,
        "date": KNOWN.date,
        "url": KNOWN.url,
        "heading": "",
        "quote": text,
        "text": text,
        "start": 10 * n,
        "end": 10 * n + 9,
        "sha256": HASH,
    }
    return Citation(**{**given, **values})


def passages(texts: Sequence[str]) -> tuple[Item, ...]:
    """Return one answer that cites half of the texts, and passages of the others."""
    cited = [citation(n, text, source=f"{n} {text[:9]}") for n, text in enumerate(texts, start=1)]
    half = len(cited) // 2
    marks = "".join(f"句{one.n}[{one.n}]。" for one in cited[:half])
    answer = Item("问？", marks, "zh", tuple(cited[:half]))
    return (answer, *(Item("", "", "zh", (one,)) for one in cited[half:]))


def report(*items: Item, **values: object) -> Report:
    """Return a report of these items, or of an answer with a doubtful claim."""
    claims = (
        Claim("最高补助五百万元。", (1,), Status.SUPPORTED),
        Claim("补助九百万元。", (2, 1), Status.PARTLY, ("九百万 does not stand in what is cited",)),
    )
    cited = (citation(1), citation(2, "須於六月底前送件。", source="b.pdf", page=3))
    text = "最高补助五百万元[1]。补助九百万元[2][1]。"
    answer = Item("补助多少？", text, "zh", cited, claims, ("[2]引自征求意见稿。",), "test:model")
    return Report("报告", items or (answer,), accessed="2026-11-22", **values)
