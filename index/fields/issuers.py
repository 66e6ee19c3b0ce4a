"""Who issued a document, when it was signed, under which number, and whose document that makes it.

Read from signature blocks, titles (…办公室关于…), red heads (…文件) and orders (…令), on folded
lines, so that both scripts are read; values come in their own script.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.fields.dates import find_dates, is_date
from index.script import fold_characters

# Longer lines are prose, neither signatures nor numbers.
_LONGEST = 60
# A joint notice of so many bodies is the longest read; it bounds the walk up from the date.
_MOST_BODIES = 30
_HEAD_LINES = 30
# A text with more lines that hold a date is a list of them, not one document with its signature.
_MOST_DATES = 3_000

_ENDINGS = (
    "厅|局|委|会|政府|办公室|办|部|院|署|处|中心|司|银行|分行|支行|行|海关|领导小组|指挥部|公署|大学|总公司"
    "|公司|集团|府|工作组"
)
_BODY = re.compile(rf"[\u4e00-\u9fff()·]{{1,30}}?(?:{_ENDINGS})")
# 等八部门, after the first of the bodies.
_AND_OTHERS = re.compile(r"等[一二三四五六七八九十\d]{1,3}(?:个)?(?:部门|单位|部委|机关)?")
_SEAL = re.compile(r"[(（\[](?:印章|盖章|公章|章|印|代章|签章|加盖公章)[)）\]]$")
_OFFICER = re.compile(
    r"(?:(?:代|副|署理)?(?:省长|市长|总理|部长|主任|局长|署长|县长|区长|主席|州长|院长|行长|司长|处长|厅长|县市长)"
    r"|总统|特首|行政长官)\s*:?\s*[\u4e00-\u9fff·\s]{2,8}"
)
_BRACKETED = re.compile(r"[(（\[][^()（）]{1,30}[)）\]]")
_PARTS = re.compile(r"[\s、,，;；]+")
_TITLE_ISSUER = re.compile(r"(.{2,60}?)(?:关于|转发|印发|公告(?=\d)|公告$|通告$|令(?:\W|第|$))")
_RED_HEAD = re.compile(r"(.{2,60}?)\s{0,6}(?:文\s{0,4}件|公\s{0,4}告|通\s{0,4}告|书\s{0,4}函|\s函)")
_ORDER = re.compile(r"(.{2,40}?)\s?令(?:\s?[(（]?第?.{1,12}号[)）]?)?")

_YEAR = r"(?:19|20)\d\d"
_CODE = (
    rf"[\u4e00-\u9fff]{{1,12}}\s?[〔\[［(（【﹝〈<]\s?{_YEAR}\s?年?[〕\]］)）】﹞〉>]\s?第?\s?\d{{1,5}}"
    r"(?:-\d{1,3})?\s?号"
)
_SERIAL = r"第\s?[\d一二三四五六七八九十百零〇]{1,5}\s?号"
_NUMBERS = (
    _CODE,
    r"[\u4e00-\u9fff]{1,16}字第\s?[a-z]{0,3}\d{3,13}[a-z]?\d{0,3}\s?号[a-z]?",
    rf"[\u4e00-\u9fff()、\s]{{0,40}}令\s?[(（]?{_SERIAL}[)）]?",
    rf"{_SERIAL}令",
    rf"[\u4e00-\u9fff()、\s]{{0,40}}(?:公告|通告|通知)?\s?[(（]?{_YEAR}\s?年?\s?{_SERIAL}[)）]?(?:公告)?",
    rf"[\u4e00-\u9fff()]{{2,40}}公告\s?[(（]?{_SERIAL}[)）]?",
    rf"第\s?\d{{1,4}}/{_YEAR}\s?号[\u4e00-\u9fff]{{0,12}}",
    rf"{_YEAR}\s?年第\s?\d{{1,4}}\s?号[\u4e00-\u9fff]{{2,8}}",
)
_NUMBER = re.compile("|".join(f"(?:{form})" for form in _NUMBERS))
_NUMBER_LINE = re.compile(
    r"(?:[\u4e00-\u9fff]{3,30}文件\s?|(?:特急|急件|平急|加急|特提|机密|秘密)\W{0,3})?[(（【]?"
    r"(?:(?:发文字号|发文文号|发布字号|文件编号|文号|字号)\s?[:：]\s?)?"
    rf"(?P<number>{'|'.join(f'(?:{form})' for form in _NUMBERS)})[)）】]?(?:\s?签发人.{{0,12}})?"
)
_NUMBER_IN_TITLE = re.compile(
    rf"[(（](?P<inner>{_CODE})[)）]?$|\s(?P<last>{_CODE})$"
    rf"|^(?P<first>[\u4e00-\u9fff()\s、]{{2,40}}?(?:令|公告)\s?[(（]?(?:{_YEAR}\s?年\s?)?{_SERIAL}[)）]?)"
)
_SERIAL_LINE = re.compile(rf"[(（]?{_SERIAL}[)）]?")

_DISTRICT = re.compile(r"(?<![治政特地片])区(?!域)|县|(?<!八)旗(?!舰)|街道|镇人民|乡人民")
_CITY = re.compile(r"市(?!场|监|政(?!府))|地区|自治州|[^\W\d]州人民|盟(?:行|委|公)")
_PROVINCE = re.compile(r"省(?!级)|自治区|特别行政区|特区政府")
_NATIONAL = re.compile(
    r"^(?:中共中央|中央|国务院|国家|全国|最高人民|中华人民共和国|中国|海关总署|审计署|市场监管总局|税务总局)"
    r"|^[\u4e00-\u9fff]{0,8}总局|^[^省市县区州]{1,10}部(?:等|办公厅|$)"
)
_NATIONAL_NUMBER = re.compile(r"^(?:国|中)(?:发|办|函|令|公报)")
_LEVELS = {"nation": "national", "province": "province", "city": "city", "district": "district"}


@dataclass(frozen=True, slots=True)
class Signature:
    """The bodies that sign a document, in its own script, and the day, as ISO 8601."""

    bodies: tuple[str, ...] = ()
    date: str = ""


def find_signature(lines: Sequence[str]) -> Signature:
    """Return the first block of bodies with a date below or behind them; else an empty one."""
    looked = 0
    for i, line in enumerate(lines):
        if len(line) > _LONGEST or "日" not in line or not (dates := find_dates(line)):
            continue
        looked += 1
        if looked > _MOST_DATES:
            break
        last = dates[-1]
        before, after = line[: last.start].strip(), line[last.end :].strip()
        if len(dates) > 1 or not _is_signed(line[last.start : last.end]):
            continue
        if after and not _SEAL.match(after):
            continue
        bodies = _bodies(before) if before else _bodies_above(lines, i)
        officer = bool(i) and _is_officer(lines[i - 1])
        if bodies or officer:  # 市长 王某 alone signs an order, whose head names the body
            return Signature(tuple(dict.fromkeys(bodies)), last.iso)
    return Signature()


def _is_signed(text: str) -> bool:
    """Tell whether a date is written as signatures write it: 2024年5月3日, not 2024-05-03."""
    return "年" in text


def _bodies_above(lines: Sequence[str], i: int) -> list[str]:
    bodies: list[str] = []
    for above in range(i - 1, max(-1, i - 1 - _MOST_BODIES), -1):
        line = lines[above]
        if not bodies and _passes(line):
            continue
        found = _bodies(line)
        if not found:
            break
        bodies = found + bodies
    return bodies


def _passes(line: str) -> bool:
    """Tell whether a line may stand between the bodies and the date: an officer, a remark."""
    folded = fold_characters(line) if len(line) <= _LONGEST else ""
    return _is_officer(line) or bool(_BRACKETED.fullmatch(folded))


def _is_officer(line: str) -> bool:
    return len(line) <= _LONGEST and bool(_OFFICER.fullmatch(fold_characters(line)))


def is_body_line(line: str) -> bool:
    """Tell whether a line names nothing but public bodies."""
    return bool(_bodies(line))


def _bodies(line: str) -> list[str]:
    """Return the bodies that a line lists, if it lists nothing else.

    A body may be written with spaces between its characters, as a red head is.
    """
    if len(line) > _LONGEST:
        return []
    line = _SEAL.sub("", line.strip()).strip()
    parts = [part for part in _PARTS.split(line) if part]
    if len(parts) > 1 and any(len(part) < 3 for part in parts):
        parts = ["".join(parts)]
    folded = [fold_characters(part) for part in parts]
    return parts if folded and all(map(_is_body, folded)) else []


def _is_body(folded: str) -> bool:
    return len(folded) >= 3 and bool(_BODY.fullmatch(_AND_OTHERS.sub("", folded)))


def signed_date(lines: Sequence[str]) -> str:
    """Return the date that stands alone at the end or below the title of a document, else ""."""
    alone = [line for line in (*lines[-10:][::-1], *lines[:4]) if len(line) <= _LONGEST]
    found = (line for line in alone if is_date(line) and _is_signed(fold_characters(line)))
    return next((find_dates(line)[0].iso for line in found), "")


# The note below the title of a law: （2007年…通过 2024年6月24日…令第5号修订 自…起施行）.
_HISTORY = re.compile(r"[(（].{0,80}(?:通过|公布|发布|批准|修订|修正)")
_MADE = re.compile("通过|公布|发布|批准|修订|修正|颁布|制定")
_HISTORY_ORDER = re.compile(rf"日\s?(?P<number>(?P<body>[\u4e00-\u9fff]{{2,30}}?)令\s?{_SERIAL})")
_LONGEST_HISTORY = 400


def _history(lines: Sequence[str]) -> str:
    """Return the note in brackets below a title that says when a law was made; "" without one."""
    short = (line for line in lines[:8] if len(line) <= _LONGEST_HISTORY)
    return next((line for line in short if _HISTORY.match(fold_characters(line))), "")


def adopted_date(lines: Sequence[str]) -> str:
    """Return the day on which a law was made or last revised, from the note below its title."""
    line = _history(lines)
    dates = find_dates(line)
    ends = [found.start for found in dates[1:]] + [len(line)]
    made = [
        found.iso
        for found, end in zip(dates, ends, strict=bool(dates))
        if _MADE.search(fold_characters(line[found.end : end]))
    ]
    return made[-1] if made else ""


def title_issuer(title: str) -> str:
    """Return the bodies that a title begins with (…办公室关于…, 财政部 税务总局公告2024年…)."""
    match = _TITLE_ISSUER.match(fold_characters(title)[: 2 * _LONGEST])
    return "、".join(_bodies(title[: match.end(1)])) if match else ""


def head_issuer(lines: Sequence[str]) -> str:
    """Return the bodies of a red head (…文件) or of an order (…令) at the head of a document."""
    for line in lines[:_HEAD_LINES]:
        if len(line) > _LONGEST:
            continue
        folded = fold_characters(line)
        match = _RED_HEAD.fullmatch(folded) or _ORDER.fullmatch(folded)
        if match and (bodies := _bodies(line[: match.end(1)])):
            return "、".join(bodies)
    line = _history(lines)
    order = _HISTORY_ORDER.search(fold_characters(line))
    return line[order.start("body") : order.end("body")] if order else ""


def is_red_head(line: str) -> bool:
    """Tell whether a line is a letterhead (…文件, …公告), a number or an order, and so no title."""
    if len(line) > _LONGEST:
        return False
    folded = fold_characters(line)
    head = _RED_HEAD.fullmatch(folded) or _ORDER.fullmatch(folded)
    number = _NUMBER_LINE.fullmatch(folded) or _SERIAL_LINE.fullmatch(folded)
    return bool(number or (head and _bodies(line[: head.end(1)])))


def find_number(lines: Sequence[str], title: str) -> str:
    """Return a document's own number: a line of its own at its head, or in its title.

    Numbers in sentences are those of other documents.
    """
    head = [line for line in lines[:_HEAD_LINES] if len(line) <= 2 * _LONGEST]
    for before, line in zip(["", *head], head, strict=False):
        folded = fold_characters(line)
        if match := _NUMBER_LINE.fullmatch(folded):
            return tidy_number(line[match.start("number") : match.end("number")])
        if _SERIAL_LINE.fullmatch(folded) and fold_characters(before).endswith(("令", "公告")):
            return tidy_number(before.strip() + line.strip())
    line = _history(lines)
    if match := _HISTORY_ORDER.search(fold_characters(line)):
        return tidy_number(line[match.start("number") : match.end("number")])
    if match := _NUMBER_IN_TITLE.search(fold_characters(title)):
        group = match.lastgroup or "inner"
        return tidy_number(title[match.start(group) : match.end(group)])
    return ""


def number_in(value: str) -> str:
    """Return the number in the value of a label such as 发文字号; all of it if its form is new."""
    if len(value) > 2 * _LONGEST or not re.search(r"\d", value):
        return ""
    match = _NUMBER.search(fold_characters(value))
    return tidy_number(value[match.start() : match.end()] if match else value)


def tidy_number(number: str) -> str:
    """Return a number without white space, but where it parts two bodies."""
    tight = re.sub(r"\s+", " ", number.strip())
    return re.sub(r"(?<![\u4e00-\u9fff]) | (?![\u4e00-\u9fff])| (?=[年号號第])", "", tight)


def level_of(issuer: str, number: str, title: str) -> str:
    """Return "national", "province", "city" or "district": whose document it is; "" if unknown.

    The first of joint issuers decides; without it the number's first character (粤府), then
    a title that begins with a place in full (广东省…办法).
    """
    of_body = _level_of_body(re.split("[、 ]", issuer)[0]) if issuer else ""
    return of_body or _level_of_number(number) or _level_of_title(title)


def _level_of_body(body: str) -> str:
    from index.places import find_places

    folded = fold_characters(body)
    named = [_LEVELS.get(mention.place.level, "") for mention in find_places(body)]
    order = ("", "national", "province", "city", "district")
    level = max(named, key=order.index, default="")
    units = {"district": _DISTRICT, "city": _CITY, "province": _PROVINCE}
    written = next((unit for unit, pattern in units.items() if pattern.search(folded)), "")
    # 北京市 and 香港特別行政區 are written like a city and a district, but stand beside provinces;
    # a county that the gazetteer does not know still ends in 县.
    if level == "province" and written == "city":
        return level
    if level and level != "national":
        return max((level, written), key=order.index)
    return written or ("national" if level or _NATIONAL.search(folded) else "")


def _level_of_number(number: str) -> str:
    from index.places import place

    if _NATIONAL_NUMBER.match(fold_characters(number)):
        return "national"
    known = place(number[:1]) if number and "字第" not in number else None
    return _LEVELS.get(known.level, "") if known else ""


_KIND = re.compile(
    r"(?:条例|办法|规定|细则|方案|计划|规划|措施|意见|通知|决定|公告|通告|纲要|若干政策|清单|目录|指南|标准|规则)"
    r"(?:[(（].*)?$"
)


def _level_of_title(title: str) -> str:
    from index.places import find_places

    opening = re.sub(r"^(?:关于)?(?:印发|公布|发布)?[《<]?", "", fold_characters(title))
    mention = next(iter(find_places(opening)), None)
    if not mention or mention.start or not _KIND.search(opening.rstrip("》>")):
        return ""
    full = opening[: mention.end] == mention.place.full
    return _LEVELS.get(mention.place.level, "") if full else ""
