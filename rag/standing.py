"""How a cited document stands: a draft for comment, ended, superseded by a newer one; pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from index.places import find_places
from index.script import fold_characters
from index.types import Metadata
from rag.messages import message
from rag.types import Citation, Language

_DRAFT = re.compile("征求意见|征询意见|征集意见|意见稿|草案|送审稿|讨论稿")
_ENDED = re.compile("废止|失效")
# What a report introduces: 市科技局发布《…措施(征求意见稿)》.
_REPORTED_DRAFT = re.compile("《[^《》]{2,60}(?:征求意见稿|草案|送审稿)[^《》]{0,6}》")
# What a new version of a document has and the old one has not, or the other way round.
_VERSION = re.compile(
    r"[(（\[【〔][^()（）\[\]【】〔〕]{0,20}(?:征求意见稿|草案|送审稿|讨论稿|试行|暂行|修订|修正|修改|废止|失效|版|年)"
    r"[^()（）\[\]【】〔〕]{0,8}[)）\]】〕]"
    r"|(?:19|20)\d\d年?(?:版|度|修订|修正)?|关于(?:印发|发布|公布)|公开征求|征求意见稿?|试行|暂行|新版|修订版?"
    r"|的?(?:通知|公告|通告)$|[\W_]"
)
_NEWS = re.compile("解读|图解|一图读懂|问答|报道|新闻|发布会|酝酿|解析|观察|盘点")
# A title that names a document in 《》 and says more, 省政府发布《…》,重点部署…, is news of it.
_NAMED = re.compile(
    r"[^《》]{0,40}?(?:关于[^《》]{0,12})?《([^《》]{4,80})》(?:[（(][^()（）]{1,12}[)）])?"
    r"(?:的(?:通知|公告|通告|决定|公示|函))?\s*"
)
_ABOUT = re.compile("关于")
# A name shorter than this says too little to tell that two documents are one: 若干措施.
_TELLING = 8
# In 自…起施行，原《…》同时废止 what is ended stands shortly before the word.
_ENDING = re.compile(
    r"《([^《》]{4,80})》[^。；;\n]{0,60}?(?:同时|予以|即行|一并|自行)?(?:废止|失效)"
)
_LONGEST_READ = 20_000  # of a document, where it says what it ends: its end and its beginning


@dataclass(frozen=True, slots=True)
class Newer:
    """A document of the library that takes the place of another."""

    document: str  # that is superseded
    by: str
    title: str
    date: str


def standing(
    citations: Sequence[Citation],
    metadata: Mapping[str, Metadata],
    newer: Mapping[str, Newer],
    language: Language,
    heads: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Return a line for each way in which cited documents do not hold, with their numbers.

    `metadata`, `newer` and `heads`, the beginnings of texts, are by the ids of documents
    (`Citation.source`).
    """
    lines = [
        _line(
            key, [c for c in citations if _has_status(pattern, c, metadata, heads or {})], language
        )
        for key, pattern in (("from_draft", _DRAFT), ("from_ended", _ENDED))
    ]
    by_newer: dict[str, list[Citation]] = {}
    for citation in citations:
        if citation.source in newer:
            by_newer.setdefault(newer[citation.source].by, []).append(citation)
    for cited in by_newer.values():
        other = newer[cited[0].source]
        lines.append(_line("from_superseded", cited, language, other.title, other.date))
    return tuple(filter(None, lines))


def _has_status(
    pattern: re.Pattern[str],
    citation: Citation,
    metadata: Mapping[str, Metadata],
    heads: Mapping[str, str],
) -> bool:
    known = metadata.get(citation.source, Metadata())
    if pattern is _DRAFT and (
        _in_named_draft(citation)
        or _REPORTED_DRAFT.search(fold_characters(heads.get(citation.source, "")))
    ):
        return True
    return bool(pattern.search(fold_characters(known.status)))


def _in_named_draft(citation: Citation) -> bool:
    """Tell whether a title or heading says that what it reports of is a draft."""
    return bool(_DRAFT.search(fold_characters(f"{citation.title}\n{citation.heading}")))


def _line(key: str, cited: Sequence[Citation], language: Language, *values: str) -> str:
    marks = "".join(f"[{n}]" for n in dict.fromkeys(c.n for c in cited))
    return message(key, language, marks, *values) if cited else ""


def find_newer(
    cited: Sequence[str], metadata: Mapping[str, Metadata], texts: Mapping[str, str] | None = None
) -> dict[str, Newer]:
    """Return, for the cited documents, the newest of `metadata` that takes their place.

    It has the same title but for the year and the version, the same region, and a later date; or
    its text, where `texts` (id -> clean text) gives it, says that it ends the cited one. News about
    a document is no version of it. Linear in the number of documents.
    """
    wanted = {id_: _core(metadata[id_].title) for id_ in cited if id_ in metadata}
    found: dict[str, Newer] = {}
    for other, known in metadata.items():
        day = known.date or known.issued
        ended = _ended_by(texts[other]) if texts and other in texts else frozenset[str]()
        core = _core(known.title)
        for id_, name in wanted.items():
            own = metadata[id_]
            same = name and core == name and _same_region(own, known) and _may_differ(own, known)
            later = day > (own.date or own.issued) > ""
            newest = id_ not in found or found[id_].date < day
            if other != id_ and later and newest and (same or name in ended):
                found[id_] = Newer(id_, other, known.title, day)
    return found


@lru_cache(maxsize=32_768)  # for each answer the titles of all documents are compared
def _core(title: str) -> str:
    """Return what stays of a title from version to version, "" if that says too little."""
    folded = fold_characters(title)
    if _NEWS.search(folded):
        return ""
    if "《" in folded:
        named = _NAMED.fullmatch(folded)
        if not named or not (folded.startswith("《") or _ABOUT.search(folded[: named.start(1)])):
            return ""
        folded = named[1]
    core = folded
    for _ in range(2):  # 2025年…（征求意见稿）的通知
        core = _VERSION.sub("", core)
    core = re.sub("^(?:关于)?(?:公开征求)?(?:印发)?", "", core)
    return core if len(core) >= _TELLING else ""


def _ended_by(text: str) -> frozenset[str]:
    read = text if len(text) <= 2 * _LONGEST_READ else text[:_LONGEST_READ] + text[-_LONGEST_READ:]
    found = _ENDING.finditer(fold_characters(read))
    return frozenset(core for match in found if (core := _core(f"《{match[1]}》")))


def _same_region(one: Metadata, other: Metadata) -> bool:
    regions = {known.region for known in (one, other)} - {""}
    return len(regions) < 2 and _places(one.title) == _places(other.title)


def _may_differ(one: Metadata, other: Metadata) -> bool:
    """Tell whether two documents of one name are versions of it, and not a text and its reprint.

    Something must tell them apart: a draft or a trial, the number or the day of issue. Two lists
    that differ in their year only are both good for their own years.
    """
    years = [set(re.findall(r"(?:19|20)\d\d", known.title)) for known in (one, other)]
    if years[0] and years[1] and years[0] != years[1]:
        return "版" in one.title or "修订" in other.title or "修訂" in other.title
    if _DRAFT.search(_versions(other)) and not _DRAFT.search(_versions(one)):
        return False  # it is to replace the other one day
    return any(
        mine != theirs and ((mine and theirs) or versions)
        for mine, theirs, versions in (
            (_versions(one), _versions(other), True),
            (one.document_number, other.document_number, False),
            (one.issued, other.issued, False),
        )
    )


def _versions(known: Metadata) -> str:
    """Return what a document calls itself: a draft for comment, a trial, revised."""
    words = fold_characters(f"{known.title}\n{known.status}")
    return "、".join(sorted(set(re.findall("征求意见|草案|送审稿|讨论稿|试行|暂行|修订", words))))


def _places(title: str) -> set[str]:
    return {mention.place.name for mention in find_places(title)}
