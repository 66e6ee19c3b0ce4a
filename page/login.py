"""Signing in and out: pages without a script, and the same for programs that send a form.

Addresses: login and logout, with `next` to come back to, and health for who watches the server.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)

from page.access import Access, Admission, limit_line
from page.guard import address_of
from page.language import language_of_request
from page.services import Visitor
from page.text import escaped, in_language
from rag.errors import LimitReached
from rag.types import Language

if TYPE_CHECKING:
    from fastapi import APIRouter

_LABELS = {
    "title": ("登录", "Sign in"),
    "about": (
        "政策问答，句句有出处",
        "Answers from policy documents, every sentence with its source",
    ),
    "password": ("密码", "Password"),
    "enter": ("登录", "Sign in"),
    "wrong": (
        "密码不对。请检查大小写和连字符。",
        "Wrong password. Check capitals and hyphens.",
    ),
    "rights": ("登录后可以做什么", "What you may do"),
    "guest": (
        "用访客密码：提问，查看引文和原文，收集、导出报告，分享自己的对话。",
        "With the guest password: ask, open citations and documents, collect and export a report, "
        "share your own chats.",
    ),
    "owner": (
        "用管理员密码：还可以更改资料库和模型，收回任何人分享的链接。",
        "With the owner password: also change the library and the models, withdraw any link.",
    ),
    "apart": (
        "对话按浏览器分开保存，其他访客看不到；管理员能看到分享出去的链接。",
        "Chats are kept apart for each browser; other visitors do not see them, and the owner sees "
        "the links that are shared.",
    ),
    "is_guest": (
        "您已作为访客登录。要更改资料库，请输入管理员密码。",
        "You are signed in as a guest. To change the library, enter the owner password.",
    ),
    "back": ("返回", "Back"),
    "leave": ("退出", "Sign out"),
    "leaving": (
        "退出后，这个浏览器再次登录时仍能看到自己的对话。",
        "After you sign out, this browser has its chats again when it signs in.",
    ),
    "forget": (
        "永久删除这个浏览器的全部对话、报告和分享的链接（例如在公用电脑上）",
        "Delete all chats, the report and shared links of this browser for good, as on a computer "
        "that others use",
    ),
    "language": ("语言", "Language"),
}
TITLE = "Yinzheng 引证"
_LANGUAGES = (("zh", "zh-Hans", "简体"), ("zh-Hant", "zh-Hant", "繁體"), ("en", "en", "English"))
_TAGS = {code: tag for code, tag, _ in _LANGUAGES}
_LONGEST_NEXT = 2_000
LONGEST_BACK = 4 * _LONGEST_NEXT  # of a page to sign in, where the way back is quoted once more
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\\]")

_STYLE = """
:root { color-scheme: light dark; --back: #f4f5f7; --card: #fff; --text: #1c2330; --quiet: #555f6e;
  --line: #8a93a1; --accent: #1f5fbf; --on-accent: #fff; --bad: #a3231b; --bad-back: #fdecea; }
@media (prefers-color-scheme: dark) { :root { --back: #12161d; --card: #1b212b; --text: #e8ebf0;
  --quiet: #a9b2c0; --line: #6d7786; --accent: #8ab4f8; --on-accent: #10151d; --bad: #ffb4ab;
  --bad-back: #3b1a18; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; min-height: 100dvh; display: grid; place-items: center;
  padding: 16px; background: var(--back); color: var(--text);
  font: 16px/1.6 system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
:lang(zh-Hant) { font-family: system-ui, "Noto Sans CJK TC", "PingFang TC", sans-serif; }
main { width: 100%; max-width: 26rem; background: var(--card); border-radius: 12px; padding: 28px;
  box-shadow: 0 1px 3px rgb(0 0 0 / .2); }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.3; }
h2 { margin: 1.75rem 0 .25rem; font-size: .9rem; color: var(--quiet); }
p { margin: .25rem 0; } .quiet, ul, nav { color: var(--quiet); font-size: .9rem; }
ul { margin: 0; padding-left: 1.2em; } li { margin: .2rem 0; }
form { margin-top: 1.25rem; } label { display: block; }
.field { font-weight: 600; margin-bottom: .3rem; }
input[type=password] { width: 100%; font: inherit; padding: .6rem .75rem; color: inherit;
  background: transparent; border: 1px solid var(--line); border-radius: 8px; }
.choice { display: flex; gap: .6rem; align-items: baseline; }
button { width: 100%; margin-top: 1rem; font: inherit; font-weight: 600; padding: .65rem; border: 0;
  border-radius: 8px; background: var(--accent); color: var(--on-accent); cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
a { color: var(--accent); } nav { margin-top: 1.5rem; display: flex; gap: 1.25rem; }
nav a { padding: .25rem 0; }
.back { margin-top: 1rem; }
.bad { margin-top: 1rem; padding: .5rem .75rem; border-radius: 8px; color: var(--bad);
  background: var(--bad-back); }
"""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a page to sign in says."""

    language: Language
    next: str  # below the root path
    problem: str = ""
    is_guest: bool = False
    root: str = ""


def router(access: Access) -> "APIRouter":
    """Return the addresses; page.rules lets anybody through to all but logout."""
    from fastapi import APIRouter

    made, pages = APIRouter(include_in_schema=False), Pages(access)
    made.add_api_route("/login", pages.login, response_model=None)
    made.add_api_route("/login", pages.sign_in, methods=["POST"], response_model=None)
    made.add_api_route("/logout", pages.logout, response_model=None)
    made.add_api_route("/logout", pages.sign_out, methods=["POST"], response_model=None)
    made.add_api_route("/health", pages.health, response_model=None)
    return made


class Pages:
    """Each takes a request and answers it."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def health(self) -> Response:
        """Tell that the server answers, and nothing else."""
        return PlainTextResponse("ok")

    async def login(self, request: Request) -> Response:
        """Show the page to sign in; who need not is led on."""
        visitor: Visitor | None = request.state.visitor
        there = safe_next(request.query_params.get("next", "/"))
        if not self._access.asks or (visitor and visitor.is_owner):
            return _led(request, there)
        shown = _Shown(language_of_request(request), there, "", visitor is not None, _root(request))
        return HTMLResponse(login_html(shown))

    async def sign_in(self, request: Request) -> Response:
        """Let somebody in who has a password."""
        fields = await _fields(request)
        there = safe_next(fields.get("next", "/"))
        if not self._access.asks:
            return _led(request, there)
        language = language_of_request(request)
        try:
            admission = await run_in_threadpool(
                self._access.sign_in, fields.get("password", ""), *self._who(request)
            )
        except LimitReached as error:
            wait = {"retry-after": str(error.seconds)}
            return _refused(request, there, limit_line(error, language), 429, wait)
        if admission is None:
            return _refused(request, there, in_language(_LABELS, "wrong", language), 401)
        return self._let_in(request, there, admission)

    def _who(self, request: Request) -> tuple[list[str], str]:
        cookies = self._access.cookies_in(request.headers.get("cookie", ""))
        return cookies, address_of(request.scope)

    def _let_in(self, request: Request, there: str, admission: Admission) -> Response:
        page = _led(request, there) if _is_page(request) else JSONResponse({"success": True})
        self._set_cookie(request, page, admission.cookie)
        return page

    def _set_cookie(self, request: Request, page: Response, token: str) -> None:
        is_https = request.scope["scheme"] == "https"
        page.headers.append("set-cookie", self._access.set_cookie(token, _root(request), is_https))

    async def logout(self, request: Request) -> Response:
        """Show the page to sign out."""
        return HTMLResponse(logout_html(language_of_request(request), _root(request)))

    async def sign_out(self, request: Request) -> Response:
        """Ask for a password again; with the field `forget`, delete what the visitor stored."""
        forget = bool((await _fields(request)).get("forget"))
        if request.state.visitor is None:  # only who is signed in may have something deleted
            return _led(request, "/login?next=/logout" if forget else "/login")
        cookies, _ = self._who(request)
        await run_in_threadpool(self._access.sign_out, cookies, forget)
        page = _led(request, "/login" if self._access.asks else "/")
        if forget:
            self._set_cookie(request, page, "")
        return page


def safe_path(text: str, longest: int = _LONGEST_NEXT) -> str:
    """Return an address of the page itself, below the root path; "/" for any other."""
    is_path = text.startswith("/") and not text.startswith("//") and not _UNSAFE.search(text)
    return text if is_path and len(text) <= longest else "/"


def safe_next(text: str) -> str:
    """Return where to go after signing in: an address of the page, but not to sign in again."""
    path = safe_path(text)
    return "/" if path.partition("?")[0].rstrip("/") == "/login" else path


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", ""))


def _led(request: Request, there: str) -> Response:
    return RedirectResponse(f"{_root(request)}{there}", 303)


def _is_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


async def _fields(request: Request) -> dict[str, str]:
    body = (await request.body()).decode("utf-8", "replace")
    try:
        return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=10))
    except ValueError:
        return {}


def _refused(
    request: Request, there: str, problem: str, status: int, headers: dict[str, str] | None = None
) -> Response:
    if not _is_page(request):
        return JSONResponse({"detail": problem}, status, headers)
    language = language_of_request(request)
    shown = _Shown(language, there, problem, request.state.visitor is not None, _root(request))
    return HTMLResponse(login_html(shown), status, headers)


def login_html(shown: _Shown) -> str:
    """Return the page to sign in."""
    said = {name: in_language(_LABELS, name, shown.language) for name in _LABELS}
    problem = f'<p class="bad" role="alert">{escaped(shown.problem)}</p>' if shown.problem else ""
    invalid = ' aria-invalid="true"' if shown.problem else ""
    guest = f'<p class="quiet">{said["is_guest"]}</p>' if shown.is_guest else ""
    back = _back(shown.root, said["back"]) if shown.is_guest else ""
    again = f"/login?{urlencode({'next': shown.next})}" if shown.next != "/" else "/login"
    return _page(
        shown.language,
        shown.root,
        again,
        said["title"],
        f"""<h1>{TITLE}</h1><p class="quiet">{said["about"]}</p>{guest}{problem}
<form method="post" action="{escaped(shown.root)}/login">
<label class="field" for="password">{said["password"]}</label>
<input type="password" id="password" name="password" required autofocus maxlength="200"
 autocomplete="current-password"{invalid}>
<input type="hidden" name="next" value="{escaped(shown.next)}">
<button>{said["enter"]}</button></form>{back}
<h2>{said["rights"]}</h2>
<ul><li>{said["guest"]}</li><li>{said["owner"]}</li><li>{said["apart"]}</li></ul>""",
    )


def logout_html(language: Language, root: str) -> str:
    """Return the page to sign out."""
    said = {name: in_language(_LABELS, name, language) for name in _LABELS}
    return _page(
        language,
        root,
        "/logout",
        said["leave"],
        f"""<h1>{said["leave"]}</h1><p class="quiet">{said["leaving"]}</p>
<form method="post" action="{escaped(root)}/logout">
<label class="choice"><input type="checkbox" name="forget" value="1"> {said["forget"]}</label>
<button>{said["leave"]}</button></form>{_back(root, said["back"])}""",
    )


def _back(root: str, label: str) -> str:
    return f'<p class="back"><a href="{escaped(root)}/">{label}</a></p>'


def _page(language: Language, root: str, here: str, title: str, body: str) -> str:
    """Return a page; `here` is where it is shown again in another language."""
    back = escaped(urlencode({"next": here}))
    links = "".join(
        f'<a href="{escaped(root)}/language/{code}?{back}" lang="{tag}" hreflang="{tag}">{name}</a>'
        for code, tag, name in _LANGUAGES
        if code != language
    )
    label = in_language(_LABELS, "language", language)
    return f"""<!doctype html>
<html lang="{_TAGS[language]}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · {TITLE}</title><link rel="icon" href="data:,"><style>{_STYLE}</style></head>
<body><main>{body}<nav aria-label="{label}">{links}</nav></main></body></html>"""
