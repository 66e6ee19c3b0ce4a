"""The title of a document: what a page declares, without its site's name, or the first title line.

A title broken over lines is joined; letterheads, numbers, tables and calls to share are no titles.
"""

import re
from collections.abc import Sequence

from index.cleaning import boilerplate
from index.fields.head_table import is_label, opens_with_label
from index.fields.issuers import is_body_line, is_red_head
from index.script import fold_characters

_NAMES = ("articletitle", "article:title", "og:title", "dc.title", "citation_title", "title")
_HEAD_LINES = 12
_TABLE_LINES = 60  # above which a title may stand below the table of a government page
_LENGTH = (4, 80)
_LONGEST = 160  # of a joined title
_LONGEST_BROKEN = 50  # a line of a broken title
_TITLE_LINES = 4  # that one title may be broken into
_MOST_LINES = 5_000  # of a page are looked at
_CUT = 40  # characters, when the first sentence has to serve as the title

_KINDS = (
    "通知|意见|办法|规定|条例|细则|方案|计划|规划|措施|决定|公告|通告|批复|函|通报|决议|命令|令|纲要|若干政策|政策"
    "|指南|规则|标准|目录|清单|报告|公报|议案|解释|说明|要点|意见书|守则|准则|规程|规范|名单"
)
_TAIL = r"(?:\s?[(（\[【〔][^()（）]{1,30}[)）\]】〕]){0,3}"
_KIND = re.compile(rf"(?:{_KINDS}){_TAIL}$")
_OFFICIAL = re.compile(rf".{{0,60}}(?:关于|印发|转发).{{2,140}}的?(?:{_KINDS}){_TAIL}")
# What is left of a title that was broken before its kind; 主要措施 is a heading.
_SECOND_HALF = re.compile(
    r"的?(?:若干|实施|行动|管理|暂行|试行|工作|专项|发展|扶持|奖励|支持|促进|总体|建设|监督|资金|项目|政策){1,4}"
    rf"(?:{_KINDS})?{_TAIL}"
)
_NOTE = re.compile(
    r"[(（](?:征求意见稿|草案|送审稿|讨论稿|试行|暂行|修订.?|[^()（）]{0,6}年?修[订正].?"
    r"|(?:19|20)\d\d年?\s?[-–—―~～至]{1,2}\s?(?:19|20)\d\d年?)[)）]"
)
_ENACTED = re.compile(r"《([^《》]{4,80})》(?:\s?[(（].{1,20}[)）])?(?:已经|业经|已于)")
_SUBJECT = re.compile(r"主旨\s?:\s?([^。;]{4,80}?)(?=[。,;]|$)")
_ATTACHMENT = re.compile(r"^\W?附(?:件|录|表|图)?\s?[\d一二三四五六七八九十]{0,3}\s?[:.、)）]?")
# What parts a title from the names of columns and sites; the sparing ones also stand in titles.
_SEPARATOR = re.compile(r"\s*(?:_+|\s-{1,2}\s|\s[–—]\s|--+|[|｜»<>])\s*")
_SPARING = re.compile(r"\s*(?:-|—+|\s)\s*")
_SITE = re.compile(
    r"(?:网|网站|门户|频道|在线|论坛|博客|日报|晚报|晨报|时报|商报|新闻|资讯|首页|主页|栏目|专栏|公众号|客户端|平台"
    r"|系统|数据库|资料库|法规库|政策库|财经|\.com|\.cn|\.net|\.org|政府|委员会|厅|局)$"
)
_LONGEST_SITE = 20
_EMPTY = re.compile(
    r"(?:无标题(?:文档|页)?|untitled(?: document)?|document|显示|正文|详细(?:页|内容|信息)"
    r"|内容(?:页|详情)?|文章(?:页|内容)"
    r"|详情(?:页)?|新闻(?:详情|内容|中心)?|通知公告|政策文件|信息公开|政务公开|公告|通知|首页|列表|index|home|\W*)"
)
_PUBLICATION = re.compile(r"^[\W\d年月日时分秒]*$")
_ENDS_SENTENCE = "。;；,，:："


def declared_title(meta: dict[str, str], heading: str, title: str, lines: Sequence[str]) -> str:
    """Return the title that a page declares, without the name of its site; "" if there is none.

    `lines` is what the page shows: what stands there as a line is a title.
    """
    site = meta.get("og:site_name", "") or meta.get("sitename", "")
    banner = heading if _is_banner(heading, title, site) else ""
    names = [meta[name] for name in _NAMES if meta.get(name)]
    names += [heading] if heading and not banner else []
    names = [_one_line(name) for name in (*names, title) if name.strip()]
    shown = {_tight(line) for line in lines[:_MOST_LINES] if len(line) <= 2 * _LONGEST}
    candidates = [without_site(name, site or banner) for name in names]
    # A part that stands on the page as a line says more than a guess at what is the site's.
    parts = [part for name in names for part in _longest_first(_SEPARATOR.split(name))]
    candidates = [name for name in candidates if not _is_empty(name)]
    standing = [name for name in (*candidates, *parts) if _tight(name) in shown]
    chosen = next((name for name in standing if not _is_empty(name) and name != banner), "")
    return chosen or (_completed(candidates[0], lines) if candidates else "")


def _longest_first(parts: Sequence[str]) -> list[str]:
    return sorted(filter(None, parts), key=len, reverse=True)


def _one_line(text: str) -> str:
    return " ".join(text[: 4 * _LONGEST].split())


def _is_empty(title: str) -> bool:
    """Tell whether a title names no document: 显示, 正文, 通知公告."""
    return bool(_EMPTY.fullmatch(fold_characters(title).strip()))


def _is_banner(heading: str, title: str, site: str) -> bool:
    """Tell whether the first heading is the name of the site: the page's title ends in it."""
    tight, whole = _tight(heading), _tight(title)
    if not tight or tight == _tight(site):
        return bool(tight)
    reads = len(heading) <= _LONGEST_SITE and bool(_SITE.search(fold_characters(heading)))
    return reads and whole != tight and (whole.endswith(tight) or not whole)


def _completed(title: str, lines: Sequence[str]) -> str:
    """Return the line that a cut title (关于…的通…) begins, if one is shown."""
    start = title.rstrip(".…")
    if start == title or len(start) < _LENGTH[0]:
        return title
    return next((line for line in lines if line.startswith(start) and len(line) <= _LONGEST), title)


def without_site(title: str, site: str = "") -> str:
    """Return a page title without the names of site and columns behind its separators."""
    title = _one_line(title).rstrip(" _|<>»")
    if site and title.endswith(site) and len(title) > len(site):
        title = title[: -len(site)].rstrip(" _-–—|<>»")
    while cut := _last_part(title, _SEPARATOR):
        before, part = cut
        if not _reads_as_name(before, part):
            break
        title = before
    while (cut := _last_part(title, _SPARING)) and _names_site(cut[1], len(cut[0])):
        title = cut[0]
    parts = [part.strip() for part in _SEPARATOR.split(title) if part.strip()]
    # 栏目_标题: where a hard separator is left, the longest part is the title.
    return max(parts, key=len) if re.search("_|--|[<>»]", title) and parts else title.strip(" |")


def _last_part(title: str, separator: re.Pattern[str]) -> tuple[str, str] | None:
    """Return what stands before and behind the last separator, None without one."""
    tail = list(separator.finditer(title, max(0, len(title) - 3 * _LONGEST_SITE)))
    if not tail or not tail[-1].start() or tail[-1].end() == len(title):
        return None
    return title[: tail[-1].start()], title[tail[-1].end() :]


def _reads_as_name(before: str, part: str) -> bool:
    """Tell whether the last part is a site's or column's name rather than of the title."""
    return _names_site(part, len(before)) or len(part) * 2 <= len(before) <= _LONGEST


def _names_site(part: str, before: int) -> bool:
    named = len(part) <= _LONGEST_SITE and bool(_SITE.search(fold_characters(part)))
    return named and before >= _LENGTH[0]


def official_title(lines: Sequence[str]) -> str:
    """Return the first title at the head that reads …关于…的通知, joined if broken; else ""."""
    return _official(_titles(lines))[0]


def _official(head: Sequence[str]) -> tuple[str, int]:
    """Return an official title among possible title lines, and the number of its first line."""
    for i in range(len(head)):
        for last in range(i + 1, min(i + _TITLE_LINES, len(head)) + 1):
            joined = _join(head[i:last])
            if not joined or not _OFFICIAL.fullmatch(fold_characters(joined)):
                continue
            rest = _join(head[i + 1 : last])
            if is_body_line(head[i]) or not _OFFICIAL.fullmatch(fold_characters(rest)):
                return joined, i
    return "", 0


def title_of_text(lines: Sequence[str]) -> tuple[str, str]:
    """Return the title of a text without a declared one, and where it is from; ("", "") for none.

    "text" is a line of its own, "first sentence" a sentence that has to serve as one.
    """
    head = _titles(lines)
    official, place = _official(head)
    # What stands above an official title may be its issuer; a headline is a title of its own.
    if official and all(is_body_line(line) for line in head[:place]):
        return _with_note(official, head[place:]), "text"
    if named := _named_inside(lines):
        return named, "text"
    if not head:
        return "", ""
    first = re.sub(r"^[#\s]+", "", head[0])
    if (joined := _join(head[:2])) and _is_broken(first, joined):
        return _with_note(joined, head), "text"
    if _LENGTH[0] <= len(first) <= _LENGTH[1] and first[-1] not in _ENDS_SENTENCE:
        return _with_note(first, head), "text"
    cut = re.split(r"[。！？!?]", first[: _CUT + 1])[0][:_CUT].rstrip(",，、 ")
    return (cut, "first sentence") if len(cut) >= _LENGTH[0] else ("", "")


def _named_inside(lines: Sequence[str]) -> str:
    """Return the title that an order (《…》已经…通过) or a letter (主旨：…) names; else ""."""
    head = [line.strip() for line in lines[:_HEAD_LINES]]
    if not any(is_red_head(line) for line in head):
        return ""
    for line in head:
        folded = fold_characters(line[:_LONGEST])
        if match := _ENACTED.match(folded) or _SUBJECT.match(folded):
            return line[match.start(1) : match.end(1)]
    return ""


def _with_note(title: str, head: Sequence[str]) -> str:
    """Return a title with the note in brackets on the line below it: （征求意见稿）."""
    used = next((n for n in range(1, len(head)) if _join(head[:n]) == title), 0)
    note = head[used] if used else ""
    return title + note if _NOTE.fullmatch(fold_characters(note[:_CUT])) else title


def _titles(lines: Sequence[str]) -> list[str]:
    """Return the lines at the head that may be titles, or parts of one."""
    head: list[str] = []
    below_label = False
    for line in (line.strip() for line in lines[:_TABLE_LINES] if line.strip()):
        label = is_label(line)
        if not label and not below_label and not _is_no_title(line):
            head.append(line)
        below_label = label
    head = head[:_HEAD_LINES]
    # A body alone, which the title names again: the value of a label that cleaning has dropped.
    return [line for line in head if not (is_body_line(line) and _opens(line, head))]


def _opens(line: str, head: Sequence[str]) -> bool:
    return any(len(other) > len(line) and other.startswith(line) for other in head)


def _is_no_title(line: str) -> bool:
    if len(line) > 2 * _LONGEST:
        return False
    folded = fold_characters(line)
    return bool(
        is_red_head(line)
        or (_PUBLICATION.match(folded) and not _NOTE.fullmatch(folded))
        or _ATTACHMENT.match(folded)
        or "\t" in line
        or opens_with_label(line)
        or boilerplate.is_information_line(line)
    )


def _join(lines: Sequence[str]) -> str:
    """Return lines as one title; "" if one of them cannot be part of a title."""
    if len(lines) > 1 and any(len(line) > _LONGEST_BROKEN for line in lines):
        return ""
    if any(line[-1] in _ENDS_SENTENCE or "。" in line for line in lines):
        return ""
    joined = lines[0] if lines else ""
    for line in lines[1:]:
        gap = " " if joined[-1].isascii() and line[0].isascii() else ""
        joined += gap + line
    return re.sub(r"^[#\s]+", "", joined) if len(joined) <= _LONGEST else ""


def _is_broken(first: str, joined: str) -> bool:
    """Tell whether a first line is no title without the second: 某市促进发展 / 若干措施（试行）."""
    folded = fold_characters(first)
    second = fold_characters(joined)[len(folded) :].strip()
    if _KIND.search(folded):
        return False
    opened = folded.count("《") > folded.count("》") and "》" in second
    return opened or bool(_SECOND_HALF.fullmatch(second))


def _tight(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)
