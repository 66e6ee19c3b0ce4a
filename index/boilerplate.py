"""Which lines of a page are not its article: menus, widgets, lists of others, legal notices.

Only words that any Chinese site uses; matched on folded lines, so one list serves both scripts.
"""

import re
from collections.abc import Sequence

from index.script import fold_characters

NAVIGATION, WIDGET, RELATED = "navigation", "page widget", "list of other articles"
LEGAL, INFORMATION = "copyright or disclaimer", "publication line"

# A paragraph at least this long that ends its sentence is an article's, not a teaser in a list.
_ARTICLE_PARAGRAPH = 120
# A legal notice ends a page; a heading that sounds like one earlier than this does not.
_LEGAL_AFTER = 0.5
# So many short lines in a row at the head of a page are its menu.
_MENU_LINES = 3
_MENU_LENGTH = 8

# All patterns are matched against folded lines: Simplified, NFKC (so `:` is also the wide colon),
# lower case, no run of spaces.
_BULLET = re.compile(r"^[\s•·●○■□◆▪▶>*\-+|]+")
_BREADCRUMB = re.compile(
    r"^(?:您?(?:当前|现在|所在)(?:的)?位置|您的位置|位置):"
    r"|^[^。]{0,60}首页\s*[>›»/]"
    r"|^[^。>]{1,20}(?:\s*[>›»]\s*[^。>›»]{1,20}){2,}$"
)
_WIDGET = re.compile(
    # words that are the whole line
    r"^(?:设置|首页|网站首页|登录|注册|登录/注册|返回列表|返回首页|返回顶部|回到顶部|打印(?:本页)?"
    r"|关闭(?:窗口|本页)?|收藏(?:本页)?|加入收藏|设为首页|无障碍(?:阅读|浏览)?|长者(?:模式|版)"
    r"|简体(?:中文|版)?|繁体(?:中文|版)?|english|搜索|检索|更多|查看更多\+?|展开(?:全文)?|收起|关注"
    r"|点赞|评论|转发|图片|小程序|关键词|标签|日榜|周榜|月榜|日夜间|随系统|浅色|深色|主题色|在线咨询"
    r"|在线客服|电话咨询|联系我们|关于我们|网站地图|隐私政策|(?:【?(?:大|中|小)】?\s*){2,3}"
    r"|a[+-](?:\s*a[+-])*)$"
    # beginnings of a line
    r"|^(?:字(?:号|体)\s*(?:$|[:大中小【\[+])|(?:分享|转发)(?:到|至|本)|扫一扫|扫描二维码"
    r"|扫码(?:关注|分享|咨询|下载|阅读|查看|添加|加|进)|微信扫|长按(?:识别)?二维码|友情链接|责任编辑|责编"
    r"|编辑:|校对:|(?:(?:浏览|阅读)(?:次数|量)|点击(?:量|数|次数)|访问量)\s*(?:$|[:(\d]))[^。]{0,60}$"
    r"|^(?:微信)?(?:公众号|二维码)[^。]{0,12}$"
    r"|^\W*扫一扫.{0,30}$"
    r"|^.{0,12}(?:二维码|扫一扫)(?:分享|关注).{0,20}$"
)
# A bar of links: at least three short words, no figures, the first of them the way home.
_BAR = re.compile(
    r"^(?:网站)?首页(?:\s*[|·/]\s*|\s+)[^\s|·/\d。,:]{2,8}"
    r"(?:(?:\s*[|·/]\s*|\s+)[^\s|·/\d。,:]{2,8})+$"
)
_COUNTERS = re.compile(
    r"^(?:(?:点赞|收藏|评论|转发|分享|阅读|浏览|返回列表|返回顶部)\s*\(?\d*\)?\s*){2,}$"
)
_NEIGHBOUR = re.compile(
    r"^(?:上一篇|下一篇|上一条|下一条|本文(?:链接|网址|地址|标签)|原文(?:链接|地址)"
    r"|文章(?:链接|来源网址))"
)
_RELATED = re.compile(
    r"^(?:相关(?:阅读|推荐|新闻|文章|资讯|链接|内容|报道)"
    r"|(?:热门|推荐|最新|热点|精彩|今日|本周)(?:资讯|阅读|文章|推荐|新闻|内容|排行|头条|标签)"
    r"|猜你喜欢|延伸阅读|大家都在看|更多(?:精彩|新闻|资讯|推荐|文章)"
    r"|(?:网友|最新|热门|精彩)?评论区?|排行榜|related (?:reading|articles|posts))"
    r"\s*(?:related reading|more|[>›»+]*)?\s*:?$"
)
_LEGAL = re.compile(
    r"^(?:版权(?:与|及|和)?(?:免责)?(?:声明|所有)|免责声明|法律声明|特别声明|郑重声明"
    r"|声明\s*:.{0,20}(?:本(?:网|站)|转载|观点|版权)|copyright\b|©|.{0,10}icp备)"
)
_DATE = r"(?:19|20)\d\d\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}日?"
_CLOCK = r"\s*\d{1,2}:\d{2}(?::\d{2})?"
# The words must stand by themselves: 2024年11月29日发布的意见提出… is a sentence.
_WHENCE = r"\s*(?:来源|作者|点击量?|浏览|阅读|关注|字号|编辑|发布)(?:[\s:(\d][^。]{0,60})?"
_PUBLISHED = r"(?:发(?:布|表)(?:于|时间|日期)?|更新(?:时间)?)"
# A date alone is a signature, so it takes a label, a clock time or a source to be published on.
_INFORMATION = re.compile(
    rf"^{_PUBLISHED}\s*:?\s*{_DATE}(?:{_CLOCK})?(?:{_WHENCE})?$"
    # 时间:2024年9月10日 may be the time of an event; digits alone are what page software writes
    rf"|^(?:时间|日期)\s*:?\s*{_DATE}(?:(?:{_CLOCK})?{_WHENCE}|(?<!日)(?:{_CLOCK})?)$"
    rf"|^{_DATE}(?:{_CLOCK}(?:{_WHENCE})?|{_WHENCE})$"
    rf"|^(?:来源|信息来源|文章来源)\s*:\s*[^。]{{0,30}}(?:{_DATE}|时间|点击|浏览)[^。]{{0,60}}$"
)
_DATED = re.compile(rf"^(?:时间|日期)\s*:?\s*{_DATE}$")
_HEADING = re.compile(
    r"^(?:#{1,6}\s|第[一二三四五六七八九十百零〇\d]{1,6}[章节条编款]|[一二三四五六七八九十]{1,3}、"
    r"|\([一二三四五六七八九十\d]{1,3}\)|\d{1,2}[.、](?!\d)|[•·●○■□◆▪▶|]|[-*+]\s|附件|抄送|——)"
)
_LABEL = re.compile(r"^[^,。;]{1,15}:\s*$")
_TERMINAL = "。!?"


def reasons(lines: Sequence[str]) -> list[str]:
    """Return, for each line, why it is not of the article; "" for the lines that are."""
    folded = [_BULLET.sub("", _fold(line)) for line in lines]
    found = [_reason(line) for line in folded]
    _mark_menu(folded, found)
    _mark_tail(folded, found)
    return found


def opens_block(line: str) -> bool:
    """Tell whether a line begins something of its own, so that no broken sentence goes on in it."""
    folded = _fold(line)
    return bool(_HEADING.match(folded) or _LABEL.match(folded) or re.match(_DATE, folded))


def is_information_line(line: str) -> bool:
    """Tell whether a line may say when and where the article was published."""
    folded = _fold(line)
    return bool(_INFORMATION.match(folded) or _DATED.match(folded))


def _fold(line: str) -> str:
    return " ".join(fold_characters(line).split())


def _reason(line: str) -> str:
    rules = (
        (_BREADCRUMB, NAVIGATION),
        (_BAR, NAVIGATION),
        (_NEIGHBOUR, NAVIGATION),
        (_WIDGET, WIDGET),
        (_COUNTERS, WIDGET),
        (_INFORMATION, INFORMATION),
    )
    return next((reason for pattern, reason in rules if pattern.match(line)), "")


def _mark_menu(lines: list[str], found: list[str]) -> None:
    """Mark a run of very short lines before the first line of any length, if there is one."""
    head: list[int] = []
    for i, line in enumerate(lines):
        if len(line) > _MENU_LENGTH or line.endswith((*_TERMINAL, ":")) or _HEADING.match(line):
            if len(head) >= _MENU_LINES:
                found[head[0] : i] = [NAVIGATION] * (i - head[0])
            return
        head += [i] if line else []


def _mark_tail(lines: list[str], found: list[str]) -> None:
    """Mark lists of other articles until an article goes on, legal notices until the end."""
    reason = ""
    total = sum(map(len, lines))
    seen = 0
    for i, line in enumerate(lines):
        if _RELATED.match(line):
            reason = RELATED
        elif _LEGAL.match(line) and seen >= _LEGAL_AFTER * total:
            reason = LEGAL
        elif reason == RELATED and _is_paragraph(line):
            reason = ""
        if line and reason and not found[i]:
            found[i] = reason
        seen += len(line)


def _is_paragraph(line: str) -> bool:
    return len(line) >= _ARTICLE_PARAGRAPH and line.endswith((*_TERMINAL, *")”"))
