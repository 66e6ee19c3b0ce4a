"""Random texts of the kinds that documents are made of, and what every cleaned text must keep."""

import numpy as np
from hypothesis import strategies as st

from index.types import CleanText

FRAGMENTS = (
    *("东莞市支持硼药研发，", "分别给予最高200万元、500万元奖励。", "到2027年達到2500億元；"),
    *(
        "𠀀𡃁𫝀",
        "産業內爲",
        "生(shēng)命",
        "和（hé）",
        "重(zhòng)",
        "治疗(BNCT)",
        "(CRISPRi)",
        "吗(ma)",
    ),
    *("\r\n", "\n", "\r", "\u2028", "\x85", "\n\n\n", "\t", "\xa0", "\u3000\u3000", "   "),
    *("\u200b", "\ufeff", "\u202e", "\xad", "\x00", "\x1f", "\ufe0f", "\U000e0101", "\ufffd"),
    *("\ud83d", "\udc00", "🧬", "👩‍🔬", "é", "e\u0301", "İ", "ﬁ", "①"),
    *(
        '?。?span style="a">',
        "<p>",
        "</div>",
        "<br/>",
        "&nbsp;",
        "&lt;",
        "&#8203;",
        "&#0;",
        "&amp;",
    ),
    *(
        "一、总体要求\n",
        "（一）目标。",
        "第三条 ",
        "1.平台\n",
        "# 标题\n",
        "**",
        "|---|\n",
        "---\n",
    ),
    *(
        "水印每天更新WWW.EXAMPLE.COM\n",
        "相关阅读\n",
        "上一篇：别的\n",
        "版权声明\n",
        "首页 > 政策\n",
    ),
    *(
        "《关于加快发展的意见》",
        "“引号。里面！”",
        "https://example.org/?a=1&b=2",
        "4112.83",
        "50%",
        "，",
        "。",
    ),
    *("The city pays up to 5 million yuan. ", "See No. 5.", " ", "a", "字"),
)

mixed_texts = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=6)), max_size=40).map(
    "".join
)


def check_places(clean: CleanText, raw: str) -> None:
    """Assert what design section 3 promises of a clean text."""
    starts, ends = clean.starts, clean.ends
    assert len(clean.text) == len(starts) == len(ends)
    assert (starts < ends).all()
    assert (np.diff(starts) >= 0).all()
    assert (np.diff(ends) >= 0).all()
    if clean.text:
        assert starts[0] >= 0
        assert ends[-1] <= len(raw)
    covered = np.zeros(len(raw) + 1, bool)
    for start, end in zip(starts, ends, strict=True):
        covered[start:end] = True
    for dropped in clean.dropped:
        assert dropped.reason
        covered[dropped.span.start : dropped.span.end] = True
    lost = [i for i, character in enumerate(raw) if not covered[i] and not character.isspace()]
    assert not lost, [(i, raw[i]) for i in lost[:5]]


def check_characters(clean: CleanText, raw: str, replaced: str = "") -> None:
    """Assert that each character stands in the raw text at its place, but those of `replaced`."""
    for character, start, end in zip(clean.text, clean.starts, clean.ends, strict=True):
        same = raw[start] == character and end == start + 1
        assert same or character.isspace() or raw[start] in replaced, (start, raw[start:end])
