"""The table at the head of a government page, with 索引号, 发文机关, 成文日期 and 发文字号.

Read from lines "label: value", from cells parted by TAB, from a row of labels above a row of
values, and from labels and values on lines by turns.
"""

import re
from collections.abc import Sequence

from index.script import fold_characters

# Field -> the labels that name it, Simplified; "" for those that only show where a value ends.
_LABELS = {
    "title": """
        标题 名称 文件名称 信息名称 文件标题 公文名称 公文标题 法规名称 文件名
    """,
    "issuer": """
        发文机关 制发机关 发文单位 发文机构 发文部门 制定机关 颁布机关 颁布单位
        颁发机构 发布机关 制定单位 制发单位 成文机关 印发机关 联合发文单位
    """,
    "publisher": """
        发布机构 发布单位 公开机构 公开主体 信息公开主体
    """,
    "issued": """
        成文日期 成文时间 印发日期 印发时间 发文日期 发文时间 签发日期 签发时间
        制发日期 生成日期 生成时间 制定日期 颁布日期 颁布时间
    """,
    "date": """
        发布日期 发布时间 公开日期 公开时间 公布日期 公布时间 上网日期 上网时间
        刊登日期 公发布日 发表时间 发表日期
    """,
    "document_number": """
        发文字号 文号 文件编号 文件号 文件字号 发文文号 公文字号 公文文号 发布字号
    """,
    "status": """
        有效性 时效性 效力状态 时效状态 效力 是否有效 文件状态 有效状态
    """,
    "": """
        来源 信息来源 文章来源 稿件来源 索引号 主题分类 体裁分类 信息分类 组配分类
        服务对象分类 分类 公开方式 公开范围 公开形式 公开属性 公开时限 公开类别 主题词
        关键词 内容概述 主题 体裁 施行日期 实施日期 生效日期 生效时间 失效日期
        失效时间 废止日期 有效期 责任部门 登记号 统一登记号 统一编号 规范性文件编号
        信息索引号 索取号 所属主题 点击数 阅读次数 浏览次数 备注 文件类型 文种
        文件种类 修正日期
    """,
}
_FIELDS = {label: field for field, labels in _LABELS.items() for label in labels.split()}
_WORDS = "|".join(
    r"\s{0,6}".join(label) for label in sorted(_FIELDS, key=lambda label: (-len(label), label))
)
# 发 布 日 期:…, 【文号】…, [索引号]…
_LABEL = re.compile(
    rf"(?<![\u4e00-\u9fff])(?:(?P<plain>{_WORDS})\s{{0,6}}:|[\[【](?P<framed>{_WORDS})[\]】]\s{{0,3}}:?)"
)
_MAY_LABEL = re.compile(r"[:：﹕︰\]】]")
_ALONE = re.compile(rf"[\[【]?\s*(?P<label>{_WORDS})\s*[\]】]?\s*:?")
# What these name may be anything unless other labels stand around it.
_ONLY_IN_TABLE = frozenset({"title", "status"})
_ENOUGH_LABELS = 3
# Values are short; a line that is longer is the document's text.
_LONGEST_VALUE = 200
# A page may have a long menu before the table; the table of an index page far below is another's.
_LINES = 400
_NOTHING = frozenset({"无", "-", "--", "—", "——", "/", "空", "暂无"})


def read_head_table(lines: Sequence[str]) -> dict[str, str]:
    """Return field of Metadata -> value, as written, from the table at the head of `lines`.

    Cells are parted by TAB. The first value of a field counts. Linear in the length of the lines.
    """
    pairs = _pairs([line for line in lines[:_LINES] if len(line) <= 4 * _LONGEST_VALUE])
    labels = {label for label, _ in pairs}
    found: dict[str, str] = {}
    for label, value in pairs:
        field = _FIELDS[label]
        if not field or not value or value in _NOTHING or len(value) > _LONGEST_VALUE:
            continue
        if field not in _ONLY_IN_TABLE or len(labels) >= _ENOUGH_LABELS:
            found.setdefault(field, value)
    return found


def _pairs(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Return each label with its value, "" if none is beside it."""
    pairs: list[tuple[str, str]] = []
    rows = [[cell.strip() for cell in line.split("\t")] for line in lines]
    labels: list[str] = []  # a whole row of labels, whose values are expected below
    waiting = ""  # a label alone, whose value is expected in the next cell
    for row in rows:
        if labels and len(row) >= len(labels) and not any(map(_alone, row)):
            pairs += zip(labels, row, strict=False)
            labels, waiting = [], ""
            continue
        alone = [_alone(cell) for cell in row]
        labels = alone if len(row) >= _ENOUGH_LABELS and all(alone) else []
        for cell, label in zip(row, alone, strict=True):
            if label:
                pairs.append((label, ""))
                waiting = label
            elif cell and (inside := _inside(cell)):
                pairs += inside
                waiting = ""
            elif cell and waiting:
                pairs.append((waiting, cell))
                waiting = ""
    return pairs


def is_label(line: str) -> bool:
    """Tell whether a line is the label of a value that stands below it."""
    return bool(_alone(line.strip()))


def opens_with_label(line: str) -> bool:
    """Tell whether a line begins with a label and a colon."""
    return len(line) <= 4 * _LONGEST_VALUE and bool(_LABEL.match(fold_characters(line)))


def _alone(cell: str) -> str:
    """Return the label that a cell consists of, with or without a colon; "" if it is none."""
    match = _ALONE.fullmatch(fold_characters(cell)) if len(cell) < 40 else None
    return _tight(match["label"]) if match else ""


def _inside(cell: str) -> list[tuple[str, str]]:
    """Return the labels in a cell such as 发文机关：某厅 成文日期：…, each with what follows it."""
    if not _MAY_LABEL.search(cell):
        return []
    matches = list(_LABEL.finditer(fold_characters(cell)))
    if not matches:
        return []
    ends = [match.start() for match in matches[1:]] + [len(cell)]
    return [
        (_tight(match["plain"] or match["framed"]), cell[match.end() : end].strip(" \u3000|;；"))
        for match, end in zip(matches, ends, strict=True)
    ]


def _tight(label: str) -> str:
    return "".join(label.split())
