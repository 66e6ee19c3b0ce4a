"""Which lines of a web page are its main text.

Libraries that are good at finding the main text (trafilatura, readability) return text without
places, and each misses some articles. So they only vote, as does our own search for the block
that holds most of the prose, and a linear model weighs their votes with what each line looks like.
"""

import logging
import re
from array import array
from bisect import bisect_right
from collections import defaultdict, deque
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from index.formats.html_reader import Page, Tree
from index.script import fold_characters
from index.types import CleanText, Span

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# What the extractors see in seconds: trafilatura needs 5 s for 20,000 paragraphs and 10 s for
# 100,000 links, readability is quadratic in the depth. Beyond, our own vote stands alone.
_MOST_LINES, _MOST_LINKS, _MOST_CHARACTERS, _MOST_DEPTH = 5_000, 5_000, 2_000_000, 250
# Our own vote and the model take 0.1 ms a line. A page this long is no article among menus: all of
# its text goes on to the other steps of cleaning.
_MOST_LINES_AT_ALL = 50_000
# Comments by readers and link lists, which trafilatura keeps otherwise.
_PRUNE = [
    '//*[contains(@class,"comment") or contains(@id,"comment")'
    ' or contains(@class,"related") or contains(@class,"share")]'
]
# Our own vote goes down the tree as long as one block holds this share of the prose of its parent.
# Shares from 0.5 to 0.8 find nearly the same.
_HEAVY = 0.6
# The article has a home if one block holds this share of its letters, directly or in paragraphs.
_HOME_SHARE = 0.5
_LIGHT = frozenset(
    """
    p li ul ol dl dt dd h1 h2 h3 h4 h5 h6 blockquote center figure figcaption pre section br hr
    """.split()  # noqa: SIM905 (so many quoted words are harder to read)
)
_OTHERS = re.compile(
    "comment|repl(?:y|ies)|discuss|related|recommend|share|sidebar|footer|copyright"
)
_TABULAR = frozenset({"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"})
_COPIED = 0.6  # of the long lines: if they repeat so many, the page carries its article twice
_LINKS = 0.5  # a line with this share of links is a menu
_LONG = 20  # letters: a line of this length is no label
_KEY = 8  # letters by which a line is looked up in an extract; shorter ones are looked up in order
_GAP = 400  # letters of an extract that may lie between two lines that stand one behind the other
_TRIES = 20  # places of an extract that are looked at for one line
# An extract with less than this share of the long lines has missed the article altogether.
_EXTRACT_SHARE = 0.1
_LONG_LINE = 30
_LIKELY = 0.5
EXTRACTORS = ("readability", "trafilatura")

_PUNCTUATION = re.compile("[，。；！？、：“”]")
_NOT_LETTERS = re.compile(r"[\W_]+")
_LABELLED = re.compile("^[^：:。，]{2,12}[：:].")
# Matched on folded lines, so one list serves both scripts.
_LEGAL = re.compile(
    "版权|copyright|免责|转载|icp|责任编辑|all rights|声明|举报|投诉|备案|客服|侵权", re.IGNORECASE
)
_WIDGET = re.compile(
    "评论|上一篇|下一篇|推荐|相关|更多|打印|关闭|收藏|分享|登录|注册|首页|点击|阅读|回复|广告|字号|订阅"
    "|专题|栏目|热门|排行|搜索"
)
_WIDGET_LENGTH = 40

# A line inside the article may be as unlikely as this, so that no paragraph or heading is missing.
_POSSIBLE = 0.2
# A title stands at most so many lines above the text; parts of one have this many letters.
_HEAD_LINES = 12
_TITLE_PART = 6
_NUMBER = re.compile(
    "^[\u4e00-\u9fff]{1,10}[〔\\[［(（](?:19|20)\\d\\d[〕\\]］)）]第?\\d{1,5}[号號]$"
)
# Figures and amounts are no links; in tables of other articles, films, players, names are.
_TABLE_LINKS = 0.2
# So many lines may stand above a table of the article: its name and its unit.
_CAPTION_LINES = 3
# So many lines may follow the last paragraph, with so many others in between.
_TAIL_LINES = 12
_MISSES = 2
_ENDING = re.compile(
    r"^特此|^抄送|^(?:19|20)\d\d年\d{1,2}月\d{1,2}日(?:\s?[(（]星期.[)）])?$|^[〇零一二三四五六七八九]{4}年.{2,6}日$"
    r"|^[\u4e00-\u9fff、 ]{2,30}(?:政府|厅|局|委|委员会|部|院|署|办公室|中心|协会)$"
    r"|^(?:(?:联系|联络|咨询|监督|投诉|技术|服务|承办)(?:人|电话|方式|地址|热线|支持|单位)|通讯地址|通信地址"
    r"|地址|邮编|邮政编码|电话|传真|电子邮箱|电子邮件|邮箱|公开方式|信息公开选项)\s*:"
    # who prints it, and when: 某局办公室 2024年9月6日印发
    r"|^.{4,40}(?:19|20)\d\d年\d{1,2}月\d{1,2}日印发$|^[(（]此件"
)
_FILE = re.compile(
    r"href\s*=\s*[\"']?[^\"'>]{1,500}\.(?:docx?|xlsx?|pdf|wps|et|ofd|zip|rar)(?=[\"'\s>?&])",
    re.IGNORECASE,
)
_LONGEST_TAG = 600
_OFFICIAL = re.compile(
    "[^。，:：\t]{0,60}关于[^。:：\t]{2,100}(?:通知|意见|办法|规定|方案|决定|公告|通告|批复|函|通报|报告|公示)(?:[(（].{1,20}[)）])?"
)
_FOOTER = re.compile("icp备|公网安备|公安备案|网站标识码|版权所有|copyright|all rights reserved")
_FOOTER_LENGTH = 120  # letters of a line of a footer, at most
_FOOTER_LINES = 4  # on either side of the number
_ATTACHED = re.compile(r"^附件|^附:|\.(?:docx?|xlsx?|pdf|wps|et|ofd|zip|rar)$")
# An extractor that finds fewer letters has no vote.
_FEWEST = 100
# Logistic regression over the lines of the 32 pages of eval/html, each page of equal weight, by
# `python -m bench.fit_pages`. Weights made on one half of the pages give F1 0.925 on the other.
_BIAS = -3.64
_WEIGHTS = {
    "links": -0.38,
    "punctuation": 0.32,
    "sentence": 0.44,
    "prose before": 0.26,
    "prose after": 0.30,
    "share of block": 0.42,
    "share of parent": 1.03,
    "list item": -0.12,
    "table row": 0.45,
    "labelled": 0.63,
    "legal": -1.20,
    "widget": -0.24,
    "prose": 0.33,
    "prose, parent": 0.18,
    "prose, between": 0.44,
    "readability": 0.79,
    "readability, parent": 0.66,
    "readability, between": 0.75,
    "trafilatura": 0.45,
    "trafilatura, parent": 0.22,
    "trafilatura, between": 0.49,
}


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a page that show something, one entry each."""

    spans: list[Span]  # in the visible text
    texts: list[str]
    letters: list[str]  # what of a text survives any extractor
    lengths: Floats  # of letters
    linked: Floats  # share of characters in links, 0..1
    marks: Floats  # punctuation marks of prose
    blocks: list[int]  # the block of the tree in which the line begins


def main_lines(source: str, page: Page, visible: CleanText) -> tuple[Lines, list[bool]]:
    """Return the lines of a page and which of them are its main text.

    `visible` is `source` with the edits of `page` made. None are marked where no article is found.
    """
    lines = measure_lines(page, visible)
    if not 0 < len(lines.spans) <= _MOST_LINES_AT_ALL:
        return lines, [False] * len(lines.spans)
    extracts = extractor_votes(source, lines) if _is_searchable(source, page, lines) else {}
    likely = probabilities(lines, page.tree, extracts)
    homes = _homes(lines, page.tree)
    likely[second_copies(lines, extracts) | _footer(lines, likely, homes)] = 0
    kept = likely >= _LIKELY
    if not _is_article(lines, kept):
        return lines, [False] * len(lines.spans)
    _fill_gaps(lines, likely, kept)
    files = _file_links(source, page, visible, lines)
    _keep_siblings(lines, page.tree, homes, files, kept)
    _keep_head(lines, page, kept)
    _keep_tables(lines, kept)
    _keep_tail(lines, files, kept)
    return lines, kept.tolist()


def _is_searchable(source: str, page: Page, lines: Lines) -> bool:
    """Tell whether the extractors can read a page in good time."""
    return (
        len(lines.spans) <= _MOST_LINES
        and len(page.links) <= _MOST_LINKS
        and len(source) <= _MOST_CHARACTERS
        and max(page.tree.depths) <= _MOST_DEPTH
    )


def _is_article(lines: Lines, kept: NDArray[np.bool_]) -> bool:
    total = lines.lengths[lines.lengths >= _LONG_LINE].sum()
    return bool(kept.any() and lines.lengths[kept].sum() >= _EXTRACT_SHARE * total)


# --- what a document needs, though it is not prose: its title and number, what ends it


def _fill_gaps(lines: Lines, likely: Floats, kept: NDArray[np.bool_]) -> None:
    """Keep short gaps inside the article: headings, list items, but no menus."""
    anchors = np.flatnonzero(kept & (lines.lengths >= _LONG))
    possible = (likely >= _POSSIBLE) & (lines.linked < _LINKS) | _is_plain(lines)
    for one, other in pairwise(anchors.tolist()):
        gap = slice(one + 1, other)
        if lines.lengths[gap][~kept[gap]].sum() <= _GAP:
            kept[gap] |= possible[gap]


def _is_plain(lines: Lines) -> NDArray[np.bool_]:
    """Tell which lines hold no link and no word of a page's own."""
    wording = _wording(lines)
    plain: NDArray[np.bool_] = (lines.linked == 0) & (wording["widget"] + wording["legal"] == 0)
    return plain


def _footer(lines: Lines, likely: Floats, homes: Integers) -> NDArray[np.bool_]:
    """Tell which lines stand around a site's registration number, unless their block has prose."""
    likely_prose = (likely >= _LIKELY) & (lines.lengths >= _LONG_LINE)
    prose = np.bincount(homes, lines.lengths * likely_prose)
    short = lines.lengths < _FOOTER_LENGTH
    found = np.zeros(len(homes), np.bool_)
    for i in np.flatnonzero(short & (prose[homes] < _FOOTER_LENGTH)).tolist():
        if _FOOTER.search(fold_characters(lines.texts[i]).lower()):
            near = slice(max(0, i - _FOOTER_LINES), i + _FOOTER_LINES + 1)
            found[near] |= homes[near] == homes[i]
    return found & short


def _file_links(source: str, page: Page, visible: CleanText, lines: Lines) -> NDArray[np.bool_]:
    """Tell which lines link to a file, as the names of attachments do."""
    ends = np.array([visible.starts[span.end - 1] for span in lines.spans], np.int64)
    found = np.zeros(len(lines.spans), np.bool_)
    for link in page.links:
        if _FILE.search(source, link.start, min(link.end, link.start + _LONGEST_TAG)):
            i = int(np.searchsorted(ends, link.start))
            found[i : i + 1] = True
    return found


def _keep_siblings(
    lines: Lines, tree: Tree, homes: Integers, files: NDArray[np.bool_], kept: NDArray[np.bool_]
) -> None:
    """Keep what stands side by side with the article: names in a list, numbers, signatures.

    Such lines are no prose; but the block that holds most of the article holds them as well.
    """
    weights = np.bincount(homes, lines.lengths * (kept & (lines.linked == 0)))
    main = int(weights.argmax())
    if weights[main] >= _HOME_SHARE * weights.sum():
        known = {letters for letters, keep in zip(lines.letters, kept, strict=True) if keep}
        news = np.array([letters not in known for letters in lines.letters])
        own = (homes == main) & news & ~_among_others(lines, tree)
        kept |= own & (_is_plain(lines) | files)


def _among_others(lines: Lines, tree: Tree) -> NDArray[np.bool_]:
    """Tell which lines stand in a block whose name says that it is of readers or other articles."""
    found = array("b", [0])
    for block in range(1, len(tree.parents)):
        found.append(found[tree.parents[block]] or bool(_OTHERS.search(tree.labels[block])))
    return np.array([found[block] for block in lines.blocks], np.bool_)


def _homes(lines: Lines, tree: Tree) -> Integers:
    """Return the block in which each line stands beside others: no paragraph, list or row."""
    lone = (_subtree_sums(lines, tree, np.ones(len(lines.spans))) < 2).tolist()
    homes = array("i", range(len(tree.parents)))
    rows = array("i", range(len(tree.parents)))
    for block in range(1, len(tree.parents)):  # parents come before their children
        name = tree.names[block]
        if name in _LIGHT or lone[block]:  # editors put each paragraph into a <div> or two
            homes[block] = homes[tree.parents[block]]
        light = name in _LIGHT or name in _TABULAR
        rows[block] = rows[tree.parents[block]] if light else homes[block]
    tabbed = ["\t" in text for text in lines.texts]
    found = [
        (rows if row else homes)[block] for row, block in zip(tabbed, lines.blocks, strict=True)
    ]
    return np.array(found, np.int64)


def _keep_head(lines: Lines, page: Page, kept: NDArray[np.bool_]) -> None:
    """Keep the title that stands nearest above the article, broken lines of it, and its number."""
    anchors = np.flatnonzero(kept & (lines.lengths >= _LONG))
    if not len(anchors):
        anchors = np.flatnonzero(kept & (lines.linked == 0))
    first = int(anchors[0]) if len(anchors) else 0
    heading, title = letters_of(page.heading), letters_of(page.title)
    begun = False
    for i in range(first - 1, max(-1, first - _HEAD_LINES - 1), -1):
        letters = lines.letters[i]
        named = len(letters) >= _TITLE_PART and (letters in heading or letters in title)
        named |= bool(_OFFICIAL.fullmatch(fold_characters(lines.texts[i])))
        if begun and not named:
            return
        begun |= named
        kept[i] |= (named and lines.linked[i] < _LINKS) or bool(_NUMBER.match(lines.texts[i]))


def _keep_tables(lines: Lines, kept: NDArray[np.bool_]) -> None:
    """Keep a table of data below a line of the article: rows are no prose, nor links.

    Between them may stand what names the table and its unit.
    """
    rows = [("\t" in text) for text in lines.texts]
    for first, row in enumerate(rows):
        if not row or (first and rows[first - 1]):
            continue
        after = next((i for i in range(first, len(rows)) if not rows[i]), len(rows))
        above = max(0, first - _CAPTION_LINES)
        begun = next((i for i in range(first - 1, above - 1, -1) if kept[i]), None)
        linked = lines.linked[first:after] @ lines.lengths[first:after]
        if begun is not None and linked <= _TABLE_LINKS * lines.lengths[first:after].sum():
            kept[begun:after] = True


def _keep_tail(lines: Lines, files: NDArray[np.bool_], kept: NDArray[np.bool_]) -> None:
    """Keep what ends an official document: signature, date, attachments, whom to call."""
    last = int(np.flatnonzero(kept)[-1])
    missed = 0
    for i in range(last + 1, min(len(kept), last + 1 + _TAIL_LINES)):
        folded = fold_characters(lines.texts[i])
        unlinked = lines.linked[i] < _LINKS
        attached = files[i] or bool(_ATTACHED.search(folded))
        kept[i] = attached or (unlinked and bool(_ENDING.search(folded)))
        missed = 0 if kept[i] else missed + 1
        if missed == _MISSES:
            return


def measure_lines(page: Page, visible: CleanText) -> Lines:
    """Return the lines of the visible text of a page."""
    found = re.finditer(r"[^\n]+", visible.text)
    spans = [Span(*match.span()) for match in found if not match[0].isspace()]
    texts = [span.of(visible.text) for span in spans]
    size = int(visible.ends[-1]) + 1 if len(visible.ends) else 1
    linked = np.zeros(size, np.bool_)
    for link in page.links:
        linked[link.start : link.end] = True
    before = np.concatenate(([0], linked[visible.starts].cumsum()))
    firsts = [span.end - len(text.lstrip()) for span, text in zip(spans, texts, strict=True)]
    runs, blocks = page.tree.runs, page.tree.blocks
    letters = [letters_of(text) for text in texts]
    return Lines(
        spans,
        [text.strip() for text in texts],
        letters,
        np.array([len(letter) for letter in letters], np.float64),
        np.array([(before[s.end] - before[s.start]) / len(s) for s in spans], np.float64),
        np.array([len(_PUNCTUATION.findall(text)) for text in texts], np.float64),
        [blocks[max(0, bisect_right(runs, int(visible.starts[first])) - 1)] for first in firsts],
    )


def letters_of(text: str) -> str:
    """Return what of a text survives any extractor: letters, digits and Han characters."""
    return _NOT_LETTERS.sub("", text)


# --- votes


def prose_vote(lines: Lines, tree: Tree) -> Floats:
    """Vote for what stands in the smallest block that still holds most of the prose, links apart.

    Prose is counted by its punctuation, which menus have none of; what stands there again, as on
    pages that carry a second copy for phones, counts once.
    """
    prose = lines.marks * (1 - lines.linked) * ~_repeated(lines)
    weights = _subtree_sums(lines, tree, prose)
    heaviest = [0] * len(weights)
    for block in range(len(weights) - 1, 0, -1):
        parent = tree.parents[block]
        if not heaviest[parent] or weights[block] >= weights[heaviest[parent]]:
            heaviest[parent] = block
    found = 0
    while (next_one := heaviest[found]) and weights[next_one] >= max(_HEAVY * weights[found], 1e-9):
        found = next_one
    inside = array("b", [found == 0])
    for block in range(1, len(weights)):
        inside.append(block == found or inside[tree.parents[block]])
    return np.array([inside[block] for block in lines.blocks], np.float64) * (lines.linked < _LINKS)


def _repeated(lines: Lines) -> NDArray[np.bool_]:
    """Tell which long lines have stood there before."""
    seen: set[str] = set()
    found = np.zeros(len(lines.spans), np.bool_)
    for i, letters in enumerate(lines.letters):
        if len(letters) >= _LONG:
            found[i] = letters in seen
            seen.add(letters)
    return found


def _subtree_sums(lines: Lines, tree: Tree, values: Floats) -> Floats:
    """Return, for each block, the sum of the values of the lines in it, at any depth."""
    sums = np.bincount(lines.blocks, values, minlength=len(tree.parents)).tolist()
    for block in range(len(sums) - 1, 0, -1):
        sums[tree.parents[block]] += sums[block]
    return np.array(sums, np.float64)


def found_in(lines: list[str], extract: str) -> Floats:
    """Tell which lines stand in an extract, where each place stands for one line only.

    Long lines may stand anywhere, best behind the one before; short ones only between those.
    """
    places = _places(lines, extract)
    used = np.zeros(len(extract) + 1, np.bool_)
    at = [-1] * len(lines)
    position = 0
    for i, line in enumerate(lines):
        if len(line) >= _KEY:
            at[i] = _place_of(line, extract, places[line[:_KEY]], used, position)
        if at[i] >= 0:
            position = at[i] + len(line)
            used[at[i] : position] = True
    _place_short_lines(lines, extract, used, at)
    return np.array([place >= 0 for place in at], np.float64)


def _places(lines: list[str], extract: str) -> defaultdict[str, deque[int]]:
    """Return where the first letters of each long line stand in an extract."""
    keys = {line[:_KEY] for line in lines if len(line) >= _KEY}
    places: defaultdict[str, deque[int]] = defaultdict(deque)
    for i in range(len(extract) - _KEY + 1):
        if (key := extract[i : i + _KEY]) in keys:
            places[key].append(i)
    return places


def _place_of(
    line: str, extract: str, places: deque[int], used: NDArray[np.bool_], position: int
) -> int:
    """Return the free place of a line that comes next after `position`, else the first; or -1."""
    while places and used[places[0]]:
        places.popleft()
    tried = [places[i] for i in range(min(_TRIES, len(places)))]
    fitting = [place for place in tried if not used[place] and extract.startswith(line, place)]
    following = (place for place in fitting if position <= place <= position + _GAP)
    return next(following, fitting[0] if fitting else -1)


def _place_short_lines(
    lines: list[str], extract: str, used: NDArray[np.bool_], at: list[int]
) -> None:
    """Write the places of short lines, each between those of the lines around it."""
    limits = [len(extract)] * (len(lines) + 1)
    for i in range(len(lines) - 1, -1, -1):
        limits[i] = at[i] if at[i] >= 0 else limits[i + 1]
    position = 0
    for i, line in enumerate(lines):
        if at[i] < 0 and 0 < len(line) < _KEY:
            limit = position + _GAP
            limit = min(limit, limits[i]) if limits[i] >= position else limit
            place = extract.find(line, position, limit)
            if place >= 0 and not used[place]:
                at[i] = place
                used[place : place + len(line)] = True
        if at[i] >= 0:
            position = at[i] + len(line)


def second_copies(lines: Lines, extracts: dict[str, Floats]) -> NDArray[np.bool_]:
    """Tell which long lines are those of an article that the page carries twice.

    They stood there before, and either most of the text did or no extractor took them again.
    """
    repeated = _repeated(lines)
    again = repeated & (lines.linked < _LINKS)
    once = ~repeated & (lines.linked < _LINKS) & (lines.lengths >= _LONG)
    if lines.lengths[again].sum() >= _COPIED * lines.lengths[once].sum():
        return repeated
    voted = np.zeros(len(lines.spans), np.bool_)
    for vote in extracts.values():
        voted |= vote > 0
    return repeated & ~voted if voted.any() else voted


# --- the model


def probabilities(lines: Lines, tree: Tree, extracts: dict[str, Floats]) -> Floats:
    """Return, for each line, how likely it is main text."""
    score = np.full(len(lines.spans), _BIAS)
    for name, values in features(lines, tree, extracts).items():
        score += _WEIGHTS[name] * values
    likely: Floats = 1 / (1 + np.exp(-score))
    return likely


def features(lines: Lines, tree: Tree, extracts: dict[str, Floats]) -> dict[str, Floats]:
    """Return name -> one value a line, most from 0 to 1.

    For an extractor that was not asked or found nothing, our own vote stands in.
    """
    density = np.minimum(1, 10 * lines.marks / np.maximum(1, lines.lengths))
    prose = np.minimum(lines.lengths, 100) / 100 * (1 - lines.linked) * density
    before, after = _around(prose)
    own, parent = _shares_of_prose(lines, tree)
    found = {
        "links": lines.linked,
        "punctuation": density,
        "sentence": _matching(re.compile("[。！？!?”；]$"), lines.texts),
        "prose before": before,
        "prose after": after,
        "share of block": own,
        "share of parent": parent,
        "list item": _in_list(lines, tree),
        "table row": np.array(["\t" in text for text in lines.texts], np.float64),
        "labelled": _matching(_LABELLED, lines.texts),
        **_wording(lines),
    }
    own_vote = prose_vote(lines, tree)
    for name in ("prose", *EXTRACTORS):
        vote = extracts.get(name, own_vote)
        vote = vote if vote @ lines.lengths >= _FEWEST else own_vote
        found[name] = vote
        found[f"{name}, parent"] = _vote_of_parent(lines, tree, vote)
        found[f"{name}, between"] = _between(lines, vote)
    return found


def _matching(pattern: re.Pattern[str], texts: list[str]) -> Floats:
    return np.array([bool(pattern.search(text)) for text in texts], np.float64)


def _wording(lines: Lines) -> dict[str, Floats]:
    folded = [fold_characters(text) for text in lines.texts]
    short = np.array([len(text) < _WIDGET_LENGTH for text in lines.texts])
    return {"legal": _matching(_LEGAL, folded), "widget": _matching(_WIDGET, folded) * short}


def _around(prose: Floats) -> tuple[Floats, Floats]:
    """Return how much prose the two lines before each line hold, and the two after."""
    padded = np.concatenate(([0, 0], prose, [0, 0]))
    return padded[:-4] + padded[1:-3], padded[3:-1] + padded[4:]


def _shares_of_prose(lines: Lines, tree: Tree) -> tuple[Floats, Floats]:
    """Return which share of the page's prose stands in each line's block, and in its parent."""
    total = float(lines.marks @ (1 - lines.linked)) or 1.0
    sums = np.minimum(1, _subtree_sums(lines, tree, lines.marks) / total)
    return sums[lines.blocks], sums[_parents(lines, tree)]


def _parents(lines: Lines, tree: Tree) -> list[int]:
    return [tree.parents[block] for block in lines.blocks]


def _in_list(lines: Lines, tree: Tree) -> Floats:
    items = [
        tree.names[block] in ("li", "ul") or tree.names[parent] in ("li", "ul")
        for block, parent in zip(lines.blocks, _parents(lines, tree), strict=True)
    ]
    return np.array(items, np.float64)


def _vote_of_parent(lines: Lines, tree: Tree, vote: Floats) -> Floats:
    """Return which share of the text in the parent of each line's block has the vote."""
    totals = _subtree_sums(lines, tree, lines.lengths)
    shares = _subtree_sums(lines, tree, lines.lengths * vote) / np.maximum(1, totals)
    return shares[_parents(lines, tree)]


def _between(lines: Lines, vote: Floats) -> Floats:
    """Tell which lines stand between the first and the last long line that has the vote."""
    anchors = np.flatnonzero((vote > 0) & (lines.lengths >= _LONG))
    found = np.zeros(len(lines.spans))
    if len(anchors):
        found[anchors[0] : anchors[-1] + 1] = 1
    return found


# --- the extractors


def extractor_votes(source: str, lines: Lines) -> dict[str, Floats]:
    """Return name -> which lines an extractor takes for the article."""
    found = {"readability": _by_readability(source), "trafilatura": _by_trafilatura(source)}
    return {name: found_in(lines.letters, letters_of(text)) for name, text in found.items()}


def _by_trafilatura(source: str) -> str:
    import trafilatura

    options = {"favor_precision": True, "include_comments": False, "prune_xpath": _PRUNE}
    try:
        return trafilatura.extract(source, output_format="txt", **options) or ""
    except Exception as error:  # it raises what lxml and its own helpers raise
        return _nothing("trafilatura", error)


def _by_readability(source: str) -> str:
    import lxml.html
    import readability

    # It logs a traceback for a page without text, which is no news to the user.
    logging.getLogger("readability").setLevel(logging.CRITICAL)
    try:
        summary = readability.Document(source).summary(html_partial=True)
        return str(lxml.html.fromstring(summary).text_content())
    except Exception as error:  # it raises what lxml and its own helpers raise
        return _nothing("readability", error)


def _nothing(extractor: str, error: Exception) -> str:
    """Return no text: the other votes, or the whole page, stand in for one that gave up."""
    logging.getLogger(__name__).debug("%s found no article: %s", extractor, error)
    return ""
