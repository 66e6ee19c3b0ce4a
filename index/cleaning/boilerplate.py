"""Which lines of a page are not its article: menus, widgets, lists of others, legal notices.

Only words that any Chinese site uses; matched on folded lines, so one list serves both scripts.
"""

import re
from collections.abc import Sequence

from index.cleaning.folding import fold_text
from index.script import fold_characters

NAVIGATION, WIDGET, RELATED = "navigation", "page widget", "list of other articles"
LEGAL, INFORMATION = "copyright or disclaimer", "publication line"

# A paragraph at least this long that ends its sentence is an article's, not a teaser in a list.
_ARTICLE_PARAGRAPH = 120
# A legal notice ends a page; a heading that sounds like one earlier than this does not, unless
# there is an article before it and most of what follows speaks of the site's rights.
_LEGAL_AFTER = 0.5
_LEGAL_SHARE = 0.5
_ARTICLE_BEFORE = 30  # characters: a title and a sentence
_ROW_CELLS = 3  # of a row that is a table's and no list's
# So many titles with a date in a row, as the last lines of a page, are a list of other articles.
_DATED_TITLES = 3
# So many short lines in a row at the head of a page are its menu.
_MENU_LINES = 3
_MENU_LENGTH = 8
# 某局 may be who signs, wherever widgets stand.
_MENU_WORD = re.compile(r"[^\d。!?;:,]{0,7}[^\d。!?;:,局厅委府院署部办处会]")

# All patterns are matched against folded lines: Simplified, NFKC (so `:` is also the wide colon),
# lower case, no run of spaces.
_BULLETS = " •·●○■□◆▪▶>*-+|"
_BREADCRUMB = re.compile(
    r"^(?:您?(?:当前|现在|所在)(?:的)?位置|您的位置):"
    r"|^位置:[^。]{0,60}[>›»]"
    r"|^[^。]{0,60}首页\s*[>›»/]"
    # No optional spaces around the signs: they would match in two ways, and take for ever.
    r"|^[^。>›»]{1,21}(?:[>›»][^。>›»]{1,22}){2,}$"
)
_WIDGET = re.compile(
    # words that are the whole line
    r"^(?:设置|首页|网站首页|登录|注册|登录/注册|返回列表|返回首页|返回顶部|回到顶部"
    r"|打印(?:本页)?"
    r"|关闭(?:窗口|本页)?|收藏(?:本页)?|加入收藏|设为首页|无障碍(?:阅读|浏览)?|长者(?:模式|版)"
    r"|简体(?:中文|版)?|繁体(?:中文|版)?|english|搜索|检索|更多|查看更多\+?|展开(?:全文)?|收起"
    r"|关注"
    r"|点赞|评论|转发|图片|小程序|关键词|标签|日榜|周榜|月榜|日夜间|随系统|浅色|深色|主题色"
    r"|在线咨询"
    r"|在线客服|电话咨询|联系我们|关于我们|网站地图|隐私政策|(?:【?(?:大|中|小)】?\s*){2,3}"
    r"|分享|分享到:?|打印|我要纠错|网站纠错|纠错|返回|回到首页|回顶部|关闭|举报|朗读|语音播报"
    r"|微信|微博"
    r"|新浪微博|腾讯微博|qq空间|手机版|移动版|客户端|app下载|下载(?:app|客户端)|复制链接|登录注册"
    # of Taiwan's and Hong Kong's public sites, with ::: where their parts begin
    r"|:::|友善列印|列印(?:此页|本页)?|转寄(?:友人|朋友)?|寄给朋友|回(?:上一?|前一?)页|上一页|下一页"
    r"|跳[到至]主要内[容]|网站导览|意见信箱|(?:隐私权(?:及|与|保护)|资讯安全|网站安全)[^。]{0,16}(?:宣告|政策)"
    r"|政府网站资料开放宣告|重要告示|私隐政策"
    r"|a[+-](?:\s*a[+-])*)$"
    # several of them in brackets or parted by bars
    r"|^(?:[\[【(]?\s?(?:打印(?:本页|此页)?|关闭(?:窗口|本页|此页)?|收藏(?:本页)?|大|中|小|纠错"
    r"|返回(?:顶部|首页)?"
    r"|字体:?|字号:?|分享(?:到)?:?|我要纠错|复制链接)\s?[\]】)]?\s?[|/]?\s?){2,12}$"
    # beginnings of a line
    r"|^(?:字(?:号|体|级)\s*(?:$|[:大中小【\[+])|(?:分享|转发)(?:到|至|本)|扫一扫|扫描(?:上方"
    r"|下方)?二维码"
    r"|扫码(?:关注|分享|咨询|下载|阅读|查看|添加|加|进)|(?:请?(?:打开|使用|用))?(?:手机"
    r"|微信)(?:客户端)?扫"
    r"|长按(?:识别)?(?:上方|下方)?二维码|友情链接|文明上网|已有\d+(?:条|人)(?:评论|参与|跟帖)"
    r"|登录后(?:才)?(?:可以|即可|可)?(?:发表)?评论|还可以输入|(?:(?:浏览|阅读)(?:次数|量)"
    r"|点[击阅](?:量|数|次数|率)|浏览人[次数]|访问量)\s*(?:$|[:(\d]))[^。]{0,60}$"
    r"|^(?:微信)?(?:公众号|二维码)[^。]{0,12}$"
    r"|^\W*扫一扫.{0,30}$"
    r"|^.{0,12}(?:二维码|扫一扫)(?:分享|关注).{0,20}$"
    # what apps write below an article
    r"|^(?:预览时标签不可点|(?:继续|向上|向下)滑动看下一个|轻触阅读原文|轻点两下取消.{0,4}|知道了|取消\s?允许"
    r"|关注该公众号|使用(?:小程序|完整服务)|×\s?分析|点“?在看.{0,20}|视频\s小程序\s.{0,40}"
    r"|点击上方.{0,12}关注.{0,8}|\W{0,3}end\W{1,3})$"
    # the number of a page, whose first dash has gone with the bullets
    r"|^[-–—―]{0,2}\s?\d{1,4}\s?[-–—―]{1,2}$|^第\s?\d{1,4}\s?页\s?[,/]?\s?共\s?\d{1,4}\s?页[^。]{0,30}$"
    # who put the page together
    r"|^[(\[【]?\s?(?:责任编辑|责编|(?:本期|网络|值班|实习)编辑|编辑|校对|审校|终审|美编)\s?[:/"
    r"|丨][^。]{0,40}$"
    r"|^责任编辑[^。]{0,20}$"
)
# A code to scan that belongs to the matter itself: to apply, to sign up.
_SERVICE = re.compile("填|报名|申报|申请|提交|缴|签到|入群|办理|预约")
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
    r"|(?:网友|最新|热门|精彩|全部|用户)?评论(?:区|列表)?(?:\(\d+\))?|(?:发表|我要|参与)评论"
    r"|网友留言"
    r"|我来说两句|热搜(?:榜)?|热榜|(?:点击|热门|新闻|阅读|浏览)排行(?:榜)?|24小时热(?:文|点|榜"
    r"|门)"
    r"|为您推荐|你可能(?:还)?(?:喜欢|感兴趣)(?:的)?|相关(?:解读|稿件|专题|图集|视频)|同类文章"
    r"|往期回顾"
    r"|排行榜|related (?:reading|articles|posts|news|links))"
    r"\s*(?:related reading|more|[>›»+]*)?\s*:?$"
)
_LEGAL = re.compile(
    r"^(?:版权(?:与|及|和)?(?:免责)?(?:声明|所有)|免责声明|法律声明|特别声明|郑重声明"
    r"|(?:作者)?声明\s*:.{0,20}(?:本(?:网|站|文)|转载|观点|版权)|copyright\b|©|\(c\) ?(?:19"
    r"|20)\d\d"
    r"|(?:主办|承办|版权所有|copyright)[^。]{0,60}icp备|.{0,10}(?:icp备|公网安备|网站标识码)"
    r"|凡(?:本|注明|未注明)[^。]{0,30}(?:作品|稿件|文章|内容)"
    r"|(?:本文|以上)(?:内容|信息|文章|观点)?(?:仅代表作者|不代表本|来源于?(?:网络|互联网))"
    r"|(?:未经|转载)[^。]{0,20}(?:本(?:网|站|报|刊|号|公众号|平台)|注明(?:出处|来源))"
    r"|(?:如|若)(?:有|涉及)?[^。]{0,12}(?:侵权|版权)[^。]{0,40}(?:联系|删除))"
)
# Words of those who disclaim: of an article about copyright they are not.
_LEGAL_WORDS = re.compile(
    "本(?:网|站|公众号|平台|刊|报|号)|转载|侵权|不代表|仅供参考|投资建议|注明(?:来源|出处)"
    "|来源于?(?:网络|互联网)"
    "|版权(?:归|所有)|copyright|icp备|公网安备|all rights reserved|网站标识码|友情链接|浏览器"
    "|主办单位|承办单位"
)
_DATE_AT_END = re.compile(
    r"\s?[\[(]?(?:(?:19|20)?\d\d[-/.])\d{1,2}[-/.]\d{1,2}[\])]?(?: \d\d:\d\d(?::\d\d)?)?$"
)
_DATE_BEFORE = re.compile(r"[\[(]?(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}[\])]?\s?")
_TITLE_LENGTHS = range(8, 61)
_DATE_LENGTH = 24  # at most, with its brackets and the time of day
_SENTENCE_END = re.compile("[。!?;]")
# Most lines begin with none of these and need no rule: regular expressions are slow.
_STARTS = frozenset(
    "设首网登注返回顶打关收加无长简繁e搜检更查展点评转图小标日周月随浅深主在电联隐a字分扫微友责编校浏阅访公二上下本原文发时来信"
    "猜延相热推最精今排r版免法特郑声c©位您当现所未如若凡以作承纠举朗语手移客复登已还我终审值美实参为你同往用请使"
    "24[(【大中新q:友列寄跳私预继向轻知取×视录刊"
)
_DASHES = "-–—―"
_WORDS_INSIDE = re.compile("首页|二维码|扫一扫|icp备|公网安备|网站标识码|[>›»]")
_DATE = r"(?:19|20)\d\d\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}日?"
_ROC_DATE = r"1\d\d[-/.]\d{1,2}[-/.]\d{1,2}"
_CLOCK = r"\s*\d{1,2}:\d{2}(?::\d{2})?"
# The words must stand by themselves: 2024年11月29日发布的意见提出… is a sentence.
_WHENCE = r"\s*(?:来源|作者|点击量?|浏览|阅读|关注|字号|编辑|发布)(?:[\s:(\d][^。]{0,60})?"
_PUBLISHED = r"(?:(?:发(?:布|表|稿)|刊发|录入|上线|上传)(?:于|时间|日期)?|更新(?:时间|日期)?)"
# A date alone is a signature, so it takes a label, a clock time or a source to be published on.
_INFORMATION = re.compile(
    rf"^{_PUBLISHED}\s*:?\s*(?:{_DATE}|{_ROC_DATE})(?:{_CLOCK})?(?:{_WHENCE})?$"
    # 时间:2024年9月10日 may be the time of an event; digits alone are what page software writes
    rf"|^(?:时间|日期)\s*:?\s*{_DATE}(?:(?:{_CLOCK})?{_WHENCE}|(?<!日)(?:{_CLOCK})?)$"
    rf"|^{_DATE}(?:{_CLOCK}(?:更新)?(?:{_WHENCE})?|{_WHENCE})$"
    rf"|^(?:来源|信息来源|文章来源)\s*:\s*[^。]{{0,30}}(?:{_DATE}|时间|点击|浏览)[^。]{{0,60}}$"
)
_DATED = re.compile(rf"^(?:时间|日期)\s*:?\s*{_DATE}$")
# Before a footnote or an item of a list; folding makes plain digits of them.
_ITEM_MARKS = frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳")
_HEADING = re.compile(
    r"^(?:#{1,6}\s|第[一二三四五六七八九十百零〇\d]{1,6}[章节条编款]"
    r"|[一二三四五六七八九十]{1,3}、"
    r"|\([一二三四五六七八九十\d]{1,3}\)|\d{1,2}[.、](?!\d)|[•·●○■□◆▪▶|]|[-*+]\s|附件"
    r"|抄送|——)"
)
_LABEL = re.compile(r"^[^,。;]{1,15}:\s*$")
_TERMINAL = "。!?"
_OPENING = 40  # characters of a line that tell what it opens


def reasons(lines: Sequence[str]) -> list[str]:
    """Return, for each line, why it is not of the article; "" for the lines that are.

    A row of a table, with tabs between its cells, goes only where it is a bar of links.
    """
    folded = list(map(_tight, fold_text("\n".join(lines)).split("\n")))
    special = [i for i, line in enumerate(folded) if _may_be_noise(line)]
    rows = {i for i in special if "\t" in lines[i].strip()}
    found = [""] * len(lines)
    for i in special:
        found[i] = _reason(folded[i], i in rows)
    _mark_between(folded, found)
    _mark_menu(folded, found)
    _mark_tail(folded, found, special, ["\t" in line for line in lines])
    _mark_dated_titles(folded, found)
    return found


def _tight(line: str) -> str:
    return " ".join(line.split()).lstrip(_BULLETS)


def _may_be_noise(line: str) -> bool:
    if not line:
        return False
    numbers_page = line[-1] in _DASHES or (line[0] == "第" and "页" in line)
    return line[0] in _STARTS or numbers_page or bool(_WORDS_INSIDE.search(line))


def opens_block(line: str) -> bool:
    """Tell whether a line begins something of its own, so that no broken sentence goes on in it."""
    if line.lstrip()[:1] in _ITEM_MARKS:
        return True
    folded = _fold(line.lstrip()[:_OPENING])
    return bool(_HEADING.match(folded) or _LABEL.match(folded) or re.match(_DATE, folded))


def is_information_line(line: str) -> bool:
    """Tell whether a line may say when and where the article was published."""
    folded = _fold(line)
    return bool(_INFORMATION.match(folded) or _DATED.match(folded))


def _fold(line: str) -> str:
    return " ".join(fold_characters(line).split())


def _reason(line: str, is_row: bool) -> str:
    rules = (
        (_BREADCRUMB, NAVIGATION),
        (_BAR, NAVIGATION),
        (_NEIGHBOUR, NAVIGATION),
        (_WIDGET, WIDGET),
        (_COUNTERS, WIDGET),
        (_INFORMATION, INFORMATION),
    )
    found = next((reason for pattern, reason in rules[:3] if pattern.match(line)), "")
    if found or is_row:
        return found
    found = next((reason for pattern, reason in rules[3:] if pattern.match(line)), "")
    return "" if found == WIDGET and "扫" in line and _SERVICE.search(line) else found


def _mark_between(lines: list[str], found: list[str]) -> None:
    """Mark a word that stands alone among widgets, as the name of an account does."""
    places = [i for i, line in enumerate(lines) if line]
    widgets = [False, *(found[i] == WIDGET for i in places), False]
    for k, i in enumerate(places, start=1):
        around = widgets[k - 1] and widgets[k + 1]
        more = widgets[max(0, k - 2)] or widgets[min(k + 2, len(widgets) - 1)]
        if around and more and not found[i] and _MENU_WORD.fullmatch(lines[i]):
            found[i] = WIDGET


def _mark_menu(lines: list[str], found: list[str]) -> None:
    """Mark a run of very short lines before the first line of any length, if there is one."""
    head: list[int] = []
    for i, line in enumerate(lines):
        if len(line) > _MENU_LENGTH or line.endswith((*_TERMINAL, ":")) or _HEADING.match(line):
            if len(head) >= _MENU_LINES:
                found[head[0] : i] = [NAVIGATION] * (i - head[0])
            return
        head += [i] if line else []


def _mark_tail(lines: list[str], found: list[str], special: list[int], has_tab: list[bool]) -> None:
    """Mark lists of other articles until an article goes on, legal notices until the end."""
    openings = {i: reason for i in special if (reason := _opening(lines[i]))}
    if not openings:
        return
    shares = _legal_shares(lines) if LEGAL in openings.values() else []
    reason = ""
    total = sum(map(len, lines))
    seen = 0
    for i, line in enumerate(lines):
        opening = openings.get(i, "")
        if opening == LEGAL:
            speaks_of_rights = seen >= _ARTICLE_BEFORE and shares[i] >= _LEGAL_SHARE
            if seen >= _LEGAL_AFTER * total or speaks_of_rights:
                reason = LEGAL
        elif opening:
            reason = opening
        elif reason and _goes_on(line, reason, has_tab[i]):
            reason = ""
        if line and reason and not found[i]:
            found[i] = reason
        seen += len(line)


def _opening(line: str) -> str:
    if _RELATED.match(line):
        return RELATED
    return LEGAL if _LEGAL.match(line) else ""


def _goes_on(line: str, reason: str, is_row: bool) -> bool:
    """Tell whether the article goes on in a line behind a list of others or a legal notice."""
    if reason == RELATED and is_row:
        return line.count(" ") >= _ROW_CELLS - 1 and not _is_dated_title(line)
    return _is_paragraph(line) and (reason == RELATED or not _LEGAL_WORDS.search(line))


def _legal_shares(lines: list[str]) -> list[float]:
    """Return, for each line, which share (0..1) of the characters from there on is legal talk."""
    shares = [0.0] * len(lines)
    legal = total = 0
    for i in range(len(lines) - 1, -1, -1):
        total += len(lines[i])
        legal += len(lines[i]) if _LEGAL.match(lines[i]) or _LEGAL_WORDS.search(lines[i]) else 0
        shares[i] = legal / total if total else 0.0
    return shares


def _mark_dated_titles(lines: list[str], found: list[str]) -> None:
    """Mark titles with dates that end a page below an article: they are other articles'."""
    places = []
    for i in range(len(lines) - 1, -1, -1):
        if lines[i] and not found[i]:
            if not _is_dated_title(lines[i]):
                break
            places.append(i)
    if len(places) >= _DATED_TITLES and any(map(_is_prose, lines[: places[-1]])):
        for i in places:
            found[i] = RELATED


def _is_dated_title(line: str) -> bool:
    """Tell whether a line is a title with a date, as digits, before or behind it."""
    if len(line) > _TITLE_LENGTHS[-1] + _DATE_LENGTH or _SENTENCE_END.search(line):
        return False
    if date := _DATE_BEFORE.match(line):
        return len(line) - date.end() in _TITLE_LENGTHS
    date = _DATE_AT_END.search(line, max(0, len(line) - _DATE_LENGTH))
    return date is not None and date.start() in _TITLE_LENGTHS


def _is_prose(line: str) -> bool:
    return len(line) >= _ARTICLE_BEFORE and line.endswith((*_TERMINAL, *")”"))


def _is_paragraph(line: str) -> bool:
    return len(line) >= _ARTICLE_PARAGRAPH and line.endswith((*_TERMINAL, *")”"))
