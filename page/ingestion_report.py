"""What became of uploads, as HTML: how far each file is, what was kept, what was left out and why.

Reasons come from the readers in English, with the values that they are about; what does not stand
here is shown as they say it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from index.script import to_traditional
from page.ingestion import ENDED, FileState, Stage, State
from page.text import escaped, in_language
from rag.types import Language

_LABELS = {
    "queued": ("等待", "waiting"),
    "reading": ("读取中", "reading"),
    "encoding": ("编码中", "encoding"),
    "done": ("已入库", "in the library"),
    "unchanged": ("已在库中", "was there already"),
    "failed": ("未入库", "not taken"),
    "stopped": ("已停止", "stopped"),
    "progress": ("{} / {} 个文件", "{} of {} files"),
    "passages": ("正在编码 {} / {} 段", "encoding {} of {} passages"),
    "kept": ("保留 {1:,} 字中的 {0:,} 字", "{0:,} of {1:,} characters kept"),
    "documents": ("{} 份文件", "{} documents"),
    "dropped": ("去掉：{}", "left out: {}"),
    "reprint": ("与“{}”内容相同（转载）", "a reprint of “{}”"),
    "renamed": (
        "“{}”已被另一份内容占用，故以此名存放",
        "“{}” is the name of another text, so it has this one",
    ),
    "skipped": (
        "略过 {} 个图片、样式或隐藏文件",
        "{} pictures, styles or hidden files were passed over",
    ),
    "more": ("另有 {} 个文件：{}", "{} more files: {}"),
    "parts": ("未入库的部分", "parts that were not taken"),
}
# Lines for files, the most telling first; the others are counted.
MOST_LINES = 60
_MOST_PARTS = 5  # of an archive, of which a line each is shown
_ORDER: tuple[Stage, ...] = (
    *("reading", "encoding", "failed", "done", "unchanged", "stopped", "queued"),
)
_DROPPED = {
    "navigation": "导航",
    "page widget": "页面部件",
    "list of other articles": "其他文章列表",
    "copyright or disclaimer": "版权或免责声明",
    "publication line": "发布信息行",
    "running header or footer": "页眉页脚",
    "page number": "页码",
    "repeated table header": "重复的表头",
    "watermark": "水印",
    "hidden text": "隐藏文字",
    "front matter": "文件头信息",
    "markup": "标记",
    "markup residue": "残留标记",
    "outside the main text": "正文以外",
    "invisible character": "不可见字符",
    "hyphen at the end of a line": "行末连字符",
    "pinyin gloss": "拼音注音",
    "zhuyin gloss": "注音符号",
}
_REASONS = {
    r"the file is empty: nothing to read": "文件是空的",
    r"it is a picture, whatever its name says": "实际上是图片",
    r"it is a program, whatever its name says": "实际上是程序",
    r"it is an? (RAR|7z) archive: .*": "是 {} 压缩包，请解压后上传其中的文件",
    r"(\.\w+|no suffix) is not a format that is read; .*": "不支持这种格式（{}）",
    r"it is an HTML page by another name: .*": "实际上是网页，如果是文件请改名为 .html",
    r"it is no (\.\w+) file, or a damaged one: .*": "不是 {} 文件，或文件已损坏，请重新保存",
    r"it is a damaged (\w+) file .*": "{} 文件已损坏，请重新下载或保存",
    r"it is damaged or no PDF .*": "不是 PDF，或文件已损坏，请重新下载或保存",
    r"it has no pages that can be read: .*": "没有可读的页，请重新下载或保存",
    r"it is a scan without text .*": "是没有文字的扫描件，需要先做文字识别",
    r"no text is shown on its .*": "各页都没有可见文字",
    r"it opens only with a password: .*": "需要密码才能打开，请另存为无密码的文件",
    r"it is protected by a password: .*": "有密码保护，请另存为无密码的文件",
    r"it is protected \(DRM\): .*": "有版权保护，只能读取无保护的副本",
    r"(?:the file is binary|none of its bytes can be read).*": "不是文本，请另存为 UTF-8 文本",
    r"the document holds no text": "文件里没有文字",
    r"the book holds no text: .*": "书里没有文字，各页可能是图片",
    r"the (?:table|workbook) has no filled cells": "表格是空的",
    r"the archive holds no files to read": "压缩包里没有可读的文件",
    r"archives in archives are read (\d+) deep: .*": "压缩包嵌套超过 {} 层，请先解压",
    r"its files overlap, as in a ZIP bomb: .*": "压缩包内容重叠，疑似压缩炸弹",
    r"it unpacks to more than ([\d,]+) MB: .*": "解压后超过 {} MB，请先解压再上传",
    r"it holds (?:more than )?([\d,]+) (?:files|entries): .*": "包含超过 {} 个文件，请拆分",
    r"it has ([\d,]+) pages, more than the ([\d,]+) read: .*": "有 {} 页，最多读 {} 页，请拆分",
    r"([\d,]+) bytes are more than the ([\d,]+) that are read: .*": "{} 字节，超过上限 {}，请拆分",
    r"([\d,]+) characters are more than ([\d,]+): .*": "{} 字，超过上限 {}，请拆分",
    r"took more than (\d+) s to read: .*": "读取超过 {} 秒，请拆分或另存为文本",
    r"needs more than ([\d,]+) MB of memory .*": "读取需要超过 {} MB 内存，请拆分",
    r"its reader ended: .*": "读取时程序中断，请拆分或另存为文本",
    r"is nested too deeply to be read": "嵌套过深，无法读取",
    r"(\.\w+) files are read by LibreOffice: .*": "读取 {} 需要 LibreOffice，请另存为 .docx",
    r"LibreOffice cannot read it .*": "LibreOffice 无法读取，文件可能损坏或有保护",
    r"row (\d+): .*": "第 {} 行无法读取",
    r"there is no such page .*": "没有这个网页（404）",
    r"it refuses programs .*": "该网站拒绝程序访问，请用浏览器保存后上传",
    r"it asks for a password .*": "该网页需要登录，请用浏览器保存后上传",
    r"it is asked too often .*": "访问过于频繁，请稍后再试",
    r"the host (.+) is not found: .*": "找不到主机 {}，请检查网址",
    r"is no web address.*": "不是网址，请写成 https:// 开头",
    r".* is no public address: .*": "不是公开的网址，只能读取公开网页",
    r"more than (\d+) addresses at a time: .*": "一次最多 {} 个网址，其余请稍后再加",
    r"cannot be saved: (.*)": "无法保存：{}",
    r"(?:.*: )?there is no such file(?: or folder)?": "文件已不在，请重新上传",
    r"no document came of it": "没有得到任何文件",
    r"something went wrong; the log says what": "出错了，原因见日志",
    r"another process is writing to .*": "另一个程序正在写入资料库，稍后自动重试",
    r"no space left for .*": "磁盘已满，请清出空间后重试",
    r"(.+) are needed and (.+) are free, of which (.+) must stay so: .*": (
        "需要 {}，剩余 {}，其中 {} 必须留空，请先清出磁盘空间"
    ),
    r"(.+) was built with encoder .*": "资料库是用另一个编码器建立的，不能混用",
    r"(.+) is no day of the calendar: .*": "{}不是日期，请写成 2024-05-03",
    r"(.+) is no place that is known: .*": "{}不是已知的地区，请写省、市或区县的名称",
    r"(.+) is no web address: .*": "{}不是网址，请写成 https:// 开头",
    r".*there is no such document in the library: .*": "资料库里没有这份文件",
}


def worded(reason: str, language: Language) -> str:
    """Return why a file was not taken, or a value refused, in the language of the page."""
    if language == "en":
        return reason
    for pattern, chinese in _REASONS.items():
        if match := re.fullmatch(pattern, reason[:1000], re.DOTALL):
            return _in_script(chinese.format(*match.groups()), language)
    return reason


def report_html(state: State, titles: Mapping[str, str], language: Language) -> str:
    """Return how far the files are: a line for all of them, then one for each of the foremost.

    `titles` are those of documents, by id.
    """
    if not state.files:
        return ""
    ordered = sorted(state.files, key=lambda one: (_ORDER_OF.get(one.stage, 99), -one.number))
    told = [one for one in ordered if one.stage != "skipped"]
    lines = [
        f'<li class="yz-file yz-{one.stage}">{_line(one, titles, language)}</li>'
        for one in told[:MOST_LINES]
    ]
    more = _more(told[MOST_LINES:], language)
    skipped = _skipped(state.files, language)
    listed = f"<ul>{''.join(lines)}</ul>" if lines else ""
    return f'<div class="yz-report">{_whole(state, language)}{listed}{more}{skipped}</div>'


_ORDER_OF = {stage: place for place, stage in enumerate(_ORDER)}


def _whole(state: State, language: Language) -> str:
    files = [one for one in state.files if one.stage != "skipped"]
    ended = sum(one.stage in ENDED for one in files)
    said = [_label("progress", language).format(ended, len(files))]
    done, of = state.encoded
    if of:
        said.append(_label("passages", language).format(done, of))
    counts = Counter(one.stage for one in files if one.stage in ENDED)
    said += [f"{_label(stage, language)} {counts[stage]}" for stage in _ORDER if counts[stage]]
    waiting = escaped(worded(state.waiting, language))
    notice = f'<div class="yz-fault">{waiting}</div>' if waiting else ""
    share = 100 * ended // max(len(files), 1)
    bar = f'<progress max="100" value="{share}"></progress>' if state.is_running else ""
    return f'<div class="yz-whole">{escaped(" · ".join(said))}</div>{bar}{notice}'


def _line(state: FileState, titles: Mapping[str, str], language: Language) -> str:
    parts = [_label(state.stage, language), *_said(state, titles, language)]
    problems = "".join(
        f"<li>{escaped(_part(one, language))}</li>" for one in _first(state.problems)
    )
    listed = f"<ul>{problems}</ul>" if problems else ""
    notes = "".join(f'<div class="yz-quiet">{escaped(note)}</div>' for note in state.notes)
    about = escaped(" · ".join(filter(None, parts)))
    return f'<b>{escaped(state.name)}</b> <span class="yz-quiet">{about}</span>{listed}{notes}'


def _first(problems: Sequence[str]) -> list[str]:
    more = [f"… {len(problems) - _MOST_PARTS}"] if len(problems) > _MOST_PARTS else []
    return [*problems[:_MOST_PARTS], *more]


def _part(problem: str, language: Language) -> str:
    """Word a problem of a part of a file, which is named in front of it."""
    name, parted, reason = problem.partition(": ")
    whole = worded(problem, language)
    return whole if whole != problem or not parted else f"{name}: {worded(reason, language)}"


def _said(state: FileState, titles: Mapping[str, str], language: Language) -> list[str]:
    if state.reason:
        return [worded(state.reason, language)]
    said = [_label("renamed", language).format(state.given)] if state.given else []
    documents = state.documents
    if not documents:
        return said
    kept, size = sum(one.kept for one in documents), sum(one.characters for one in documents)
    said += [_label("documents", language).format(len(documents))] if len(documents) > 1 else []
    said.append(_label("kept", language).format(kept, size))
    if state.dropped:
        said.append(_label("dropped", language).format(_dropped(state.dropped, language)))
    originals = dict.fromkeys(one.reprint_of for one in documents if one.reprint_of)
    return [*said, *(_reprint(id_, titles, language) for id_ in originals)]


def _reprint(id_: str, titles: Mapping[str, str], language: Language) -> str:
    return _label("reprint", language).format(titles.get(id_) or id_)


def _dropped(counts: Mapping[str, int], language: Language) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    separator = ", " if language == "en" else "、"
    return separator.join(
        f"{reason if language == 'en' else _in_script(_DROPPED.get(reason, reason), language)}"
        f" {count:,}"
        for reason, count in ordered
    )


def _more(states: Sequence[FileState], language: Language) -> str:
    if not states:
        return ""
    counts = Counter(one.stage for one in states)
    said = " · ".join(
        f"{_label(stage, language)} {counts[stage]}" for stage in _ORDER if counts[stage]
    )
    return (
        f'<div class="yz-quiet">{escaped(_label("more", language).format(len(states), said))}</div>'
    )


def _skipped(states: Iterable[FileState], language: Language) -> str:
    count = sum(one.stage == "skipped" for one in states)
    said = escaped(_label("skipped", language).format(count))
    return f'<div class="yz-quiet">{said}</div>' if count else ""


def _label(name: str, language: Language) -> str:
    return in_language(_LABELS, name, language)


def _in_script(chinese: str, language: Language) -> str:
    return to_traditional(chinese) if language == "zh-Hant" else chinese
