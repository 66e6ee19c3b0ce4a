"""Pages that a server sent in the place of a document: errors, captchas, logins, empty shells.

No single word tells: a notice may speak of verification codes, a law of safety tests. A page is
refused when it is short, holds no prose of its own, and several kinds of signal meet in it.
"""

import re
from html import unescape

from index.cleaning.folding import fold_text
from index.errors import ReadError

# Visible characters. Longer pages are read as documents, whatever stands in them.
_LONGEST = 1500
# HTML beyond this is no error page; it bounds the time that looking takes.
_LONGEST_HTML = 300_000
# So many kinds of signal must meet in a page of up to so many characters.
_NEEDED = ((80, 1), (500, 2), (_LONGEST, 3))
# Of a very short page with one kind of signal, the signal must be this share.
_SHARE_ALONE = 0.3
# Prose that is not about the error: a page with so many such sentences is a document.
_SENTENCES = 3
_PROSE_SHARE = 0.3  # one sentence less is enough if they are so much of it
_SENTENCE = re.compile(r"[^。!?;\n]{12,}[。!?;]")
_DOCUMENT = re.compile(
    r"第[一二三四五六七八九十百]{1,4}[章条]|〔(?:19|20)\d\d〕|\[(?:19|20)\d\d\]\d+号"
    r"|各(?:有关)?单位:|现印发|特此通(?:知|告)"
)
_UNSEEN = re.compile(r"<(script|style|template)\b|<!--", re.IGNORECASE)
_UNSEEN_ENDS = {
    name: re.compile(rf"</{name}\s{{0,9}}>", re.IGNORECASE)
    for name in ("script", "style", "template")
} | {"": re.compile("-->")}
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{0,300})</title", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|p|div|h\d|li|tr|title|/title)\b[^<>]{0,300}>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_SHELL = re.compile(
    r"<(?:div|section|main)\b[^>]{0,200}\bid\s*=\s*[\"']?(?:app|root|__next|__nuxt|q-app"
    r"|main)\b[^>]{0,200}>",
    re.IGNORECASE,
)
_SHELL_TEXT = 60  # visible characters that a shell may have, such as "loading"

# All are matched on folded text: Simplified, narrow, lower case. The first kinds say what happened,
# the last ("what to do") only supports them.
_HAPPENED = {
    "status": (
        r"^(?:http )?(?:error|错误|状态码)?\s?:?\s?(?:40[0134-9]|41\d|429|5[0-3]\d)(?:\s?[-:"
        r"|—–]?\s?(?:error|错误"
        r"|not found|forbidden|unauthorized|bad (?:request|gateway)|internal server error"
        r"|too many requests"
        r"|service (?:temporarily )?unavailable|gateway time-?out|method not allowed"
        r"|页面?不?存在|找不到[^\n]{0,10}"
        r"|未找到[^\n]{0,10}|禁止访问|页面[^\n]{0,12}))?[!。.]?$"
        r"|^(?:404|403|500|502|503)[^\n\d]{0,20}(?:not found|forbidden|error|不存在|出错|走丢"
        r"|找不到|页面)"
    ),
    "missing": (
        r"您?(?:所?要?|正?在?)(?:访问|请求|查找|查看|浏览|打开)的(?:页面|网页|资源|文件|内容"
        r"|地址|信息|文章|链接)"
        r"[^。\n]{0,12}(?:不存在|已?被?删除|无法|未找到|找不到|出错|失效|走丢|下线)"
        r"|(?:页面|网页|文章|内容|信息)(?:不存在|找不到了?|未找到|走丢了|无法(?:访问|显示|打开)"
        r"|已(?:被)?[^。\n]{0,6}删除|已失效)"
        r"|(?:找不到|无法(?:访问|打开|显示))(?:该|此|您[^\n]{0,6}的)?(?:页面|网页|网站)"
        r"|page (?:not|cannot be|could not be|can.t be|isn.t) (?:found|available|displayed)"
        r"|the (?:requested )?(?:url|page|resource)[^\n]{0,60}(?:not found|does not exist"
        r"|could not be found)"
        r"|^not found$"
    ),
    "verification": (
        r"安全(?:验证|检查|检测)|人机(?:验证|识别)|(?:请?输入|填写)[^。\n]{0,8}验证码|(?:滑动"
        r"|拖动)[^。\n]{0,8}(?:滑块|验证|拼图)"
        r"|向右滑动|完成[^。\n]{0,6}验证|just a moment|checking your browser"
        r"|verify(?:ing)? (?:that )?you are (?:a )?human"
        r"|are you (?:a )?(?:robot|human)|complete the (?:security check|captcha)|captcha"
        r"|unusual traffic"
    ),
    "busy": r"(?:访问|请求|操作)(?:过于|太)?频繁|访问(?:次数|人数)过多|too many requests",
    "login": (
        r"^(?:用户|账号|统一身份|会员)?(?:登录|登陆|login|sign in|log in)$"
        r"|请先?(?:重新)?登[录陆]|登[录陆]后(?:查看|继续|访问|阅读)"
        r"|(?:session|会话|登[录陆](?:状态)?)(?: has| 已)?(?:已经?)?\s?(?:expired|timed out|过期"
        r"|超时|失效)"
        r"|(?:您)?(?:没有|无)权(?:限)?(?:访问|查看|浏览|操作)|忘记密码|forgot (?:your )?password"
        r"|please (?:log|sign) ?in|记住(?:密码|我|账号)|权限不足"
    ),
    "blocked": (
        r"可能存在(?:威胁|安全风险|攻击|风险)|(?:请求|访问"
        r"|ip)[^。\n]{0,10}(?:已?被)[^。\n]{0,8}(?:拦截|阻断|拒绝|禁止|限制|屏蔽)"
        r"|(?:拦截|拒绝|禁止)(?:了)?(?:您的|该|此|本次)?(?:请求|访问)|access (?:denied"
        r"|to this (?:page|site) (?:is|has been))"
        r"|(?:request|you have been|you are) blocked|request (?:was )?(?:rejected|forbidden)"
        r"|^forbidden$|web ?应用防火墙"
        r"|网站防火墙|waf\b|you don.t have permission"
    ),
    "script": (
        r"(?:enable|turn on|requires?|without) (?:javascript|js|cookies)"
        r"|javascript (?:is )?(?:disabled|required|enabled)"
        r"|(?:开启|启用|打开|允许|不支持)[^。\n]{0,8}(?:javascript|js\b|cookie)|(?:javascript"
        r"|js)[^。\n]{0,8}(?:被禁用|未启用)"
    ),
    "server": (
        r"internal server error|bad gateway|service (?:temporarily )?unavailable"
        r"|gateway time-?out"
        r"|服务器?(?:内部|发生|出现|遇到)?(?:了)?(?:错误|异常|繁忙|开小差)|(?:服务|系统"
        r"|网站)(?:暂时|暂)?(?:不可用|繁忙|异常|维护中?|升级中?|出错)"
        r"|数据库(?:连接)?(?:错误|失败)|runtime error|server error in"
    ),
}
_SUPPORT = {
    "trace": (
        r"ray id|(?:incident|event|request|trace|support) ?id|reference #|事件 ?id|请求 ?id"
        r"|(?:您|你)的 ?ip|your ip|client ip|cloudflare"
        r"|ddos|^(?:nginx|openresty|tengine|apache|microsoft-iis)(?:/[\d.]+)?$"
    ),
    "remedy": (
        r"返回(?:首页|上一页|上页|主页)|\d+ ?秒后?(?:将)?(?:自动)?(?:跳转|返回)|(?:检查"
        r"|核对)[^。\n]{0,8}(?:网址|地址|url)"
        r"|联系[^。\n]{0,6}(?:管理员|客服|站长)|刷新(?:页面|重试|一下)|稍[后候]再?(?:试|重试"
        r"|访问)|(?:please )?try again|go back"
        r"|return to (?:the )?home|contact (?:the|your|us)|看不清|换一张|立即注册|注册(?:账号"
        r"|新用户)|reload|refresh|enable it"
        r"|密码|this may take|please wait|请稍[候等后]"
    ),
}
_PATTERNS = {
    kind: re.compile(pattern, re.MULTILINE) for kind, pattern in (_HAPPENED | _SUPPORT).items()
}


def check_error_page(raw: str, media_type: str) -> None:
    """Raise ReadError if a raw text is a page that stands in the place of a document."""
    is_html = media_type == "text/html"
    if len(raw) > (_LONGEST_HTML if is_html else 2 * _LONGEST):
        return
    seen = _visible(raw) if is_html else raw
    if is_html and _is_shell(raw, seen):
        raise ReadError(
            "it is an empty page that a script fills in the browser, not a document: open it in a"
            " browser, wait for the text and save it again"
        )
    if sign := error_sign(seen):
        raise ReadError(
            f"it is an error page (“{sign}”), not a document:"
            " open it in a browser and save it again"
        )


def error_sign(text: str) -> str:
    """Return the words that tell an error page, as they stand in its visible text; or ""."""
    lines = [" ".join(line.split()) for line in text.split("\n")]
    tidy = "\n".join(filter(None, lines))
    needed = next((kinds for length, kinds in _NEEDED if len(tidy) <= length), 0)
    if not tidy or not needed:
        return ""
    folded = fold_text(tidy)
    found = {kind: m for kind, pattern in _PATTERNS.items() if (m := pattern.search(folded))}
    happened = [match for kind, match in found.items() if kind in _HAPPENED]
    if not happened or len(found) < needed or _is_document(folded):
        return ""
    covered = sum(len(match[0]) for match in found.values())
    if len(found) == 1 and covered < _SHARE_ALONE * len(tidy):
        return ""
    first = min(happened, key=lambda match: match.start())
    return _line_around(tidy, first)


def _is_document(folded: str) -> bool:
    """Tell whether a text has prose that does not speak of the error."""
    if _DOCUMENT.search(folded):
        return True
    others = [
        sentence
        for sentence in _SENTENCE.findall(folded)
        if not any(pattern.search(sentence) for pattern in _PATTERNS.values())
    ]
    much = sum(map(len, others)) >= _PROSE_SHARE * len(folded)
    return len(others) >= (_SENTENCES - 1 if much else _SENTENCES)


def _line_around(text: str, match: re.Match[str]) -> str:
    start = text.rfind("\n", 0, match.start() + 1) + 1
    end = text.find("\n", match.start() + 1)
    line = text[start : end if end >= 0 else len(text)].strip()
    return line if len(line) <= 40 else text[match.start() : match.end()].strip()[:40]


def _visible(html: str) -> str:
    """Return what a browser would show of a page, roughly: its title and its text."""
    title = _TITLE.search(html)
    body = _TAG.sub("", _BREAK.sub("\n", _seen_part(html)))
    text = unescape(body)
    # The title is often all that a challenge says; it stands in the body as well for most pages.
    return text if not title or unescape(title[1]).strip() in text else f"{title[1]}\n{text}"


def _seen_part(html: str) -> str:
    """Return a page without scripts, styles and comments; what is not closed hides the rest."""
    parts = []
    place = 0
    while opened := _UNSEEN.search(html, place):
        parts.append(html[place : opened.start()])
        closed = _UNSEEN_ENDS[(opened[1] or "").lower()].search(html, opened.end())
        if not closed:
            return " ".join(parts)
        place = closed.end()
    return " ".join([*parts, html[place:]])


def _is_shell(html: str, seen: str) -> bool:
    title = _TITLE.search(html)
    named = len("".join(unescape(title[1]).split())) if title else 0
    shown = len("".join(seen.split())) - named
    return shown <= _SHELL_TEXT and bool(_SHELL.search(html)) and "<script" in html.lower()
