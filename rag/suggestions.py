"""Questions to ask next: about the sections that were read for an answer and that it did not use.

Nothing is made up: each names a heading of the library, so that there is something to be found.
"""

import re
from collections.abc import Iterator

from index.script import fold_tight
from rag.messages import message
from rag.types import Answer, Evidence

_MOST = 3
# A heading that says something: not 附件, nor a sentence that stands as a heading.
_LENGTHS = range(5, 31)
_NUMBERING = re.compile(
    r"^\s*(?:第?[一二三四五六七八九十百]+[、．.章节節条條]|[（(][一二三四五六七八九十\d]+[）)]"
    r"|\d+(?:\.\d+)*[、．.\s])\s*"
)
_NOT_ASKED = re.compile(r"[？?！!：:；;。]|附件|目录|目錄")


def suggestions(answer: Answer) -> tuple[str, ...]:
    """Return at most three questions in the language of the answer, none after a refusal."""
    if answer.refused:
        return ()
    asked = fold_tight(answer.question)
    used = {fold_tight(c.heading) for c in answer.citations} | {""}
    found: dict[str, str] = {}
    for heading in _headings(answer.evidence):
        folded = fold_tight(heading)
        if folded in asked or any(folded in one for one in used):
            continue
        found.setdefault(folded, message("ask_about", answer.language, heading))
    return tuple(found.values())[:_MOST]


def _headings(evidence: tuple[Evidence, ...]) -> Iterator[str]:
    """Yield the innermost heading of each passage without its number, the best passage first."""
    for one in evidence:
        if one.passage.heading:
            heading = _NUMBERING.sub("", one.passage.heading[-1]).strip()
            if len(heading) in _LENGTHS and not _NOT_ASKED.search(heading):
                yield heading
