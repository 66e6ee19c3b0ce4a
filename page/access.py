"""Who may come in, as whom, and how much one visitor may ask for.

Without passwords the page is for one person on this machine: each browser comes in as an owner,
known by a cookie of its own. With passwords nobody comes in without: that of guests makes a guest,
that of the owner an owner. What is stored of a cookie is its SHA-256, of a password an HMAC.
"""

import hashlib
import hmac
import re
import secrets
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import get_args

from index.library import MAX_QUESTION
from page.services import Role, Visitor
from page.text import in_language
from rag.conversations import Conversations
from rag.errors import ConfigurationError, LimitReached
from rag.types import Language

_LABELS = {
    "questions": (
        "一分钟内的提问太多，请在 {} 秒后再问。",
        "Too many questions within a minute: ask again in {} s.",
    ),
    "at_once": (
        "前面的问题还在回答，请等它答完再问。",
        "Earlier questions are still being answered: wait for them, then ask again.",
    ),
    "length": ("问题太长，请缩短。", "The question is too long: shorten it."),
    "uploads": (
        "今天上传的文件太多，请在 {1} 后再传。",
        "Too much was uploaded today: upload the rest in {1}.",
    ),
    "tries": (
        "密码输错太多次，请在 {} 秒后再试。",
        "Too many wrong passwords: try again in {} s.",
    ),
    "visitors": (
        "同时登录的人太多，请在 {} 秒后再试。",
        "Too many people are signing in: try again in {} s.",
    ),
    "sessions": (
        "一分钟内打开的页面太多，请在 {} 秒后再试。",
        "Too many pages were loaded within a minute: try again in {} s.",
    ),
    "streams": (
        "打开的标签页太多，请关掉一些再刷新。",
        "Too many tabs are open: close some, then reload this one.",
    ),
}

COOKIE = "yinzheng"  # how the name of the cookie begins; see Access.cookie_name
DAYS = 30  # after which somebody who did not come back signs in again
# Until a browser that does not come back is forgotten: as long as browsers keep a cookie at most.
# It leads to what its visitor stored, but lets nobody in without a password where there is one.
COOKIE_DAYS = 400
# Wrong passwords a minute from one address, and from all: behind a share link all are one.
# Browsers that were let in before have a count of their own: strangers cannot lock them out.
TRIES, ALL_TRIES = 5, 20
_STRANGERS, _KNOWN = "", "known"  # names of the counts of all
# New visitors a minute, so that nobody takes a new cookie for each question; a class may sign in.
NEW_VISITORS = 60
SHORTEST_PASSWORD = 8
_LONGEST_PASSWORD = 200
# Of these, no two are mistaken for each other in print; 16 of 31 are 79 bits.
_LETTERS, _LENGTH = "23456789abcdefghjkmnpqrstuvwxyz", 16
_MINUTE, _DAY = 60.0, 86_400.0  # seconds
# Visitors and cookies that are remembered at once, a few hundred bytes each.
_REMEMBERED = 10_000
_FRESH = 60.0  # seconds until a cookie is looked up in the file again
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")  # 128 bits
_MAX_COOKIES = 5  # of the same name; another site of this host may have planted some
_ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Limits:
    """One visitor's share; a day is the last 24 hours, an answer counts from its question on."""

    questions: int = 20  # a minute: more than anyone reads
    at_once: int = 2  # the second tab of a browser need not wait
    characters: int = MAX_QUESTION
    uploads: int = 1_000  # a day, each of any number of files
    upload_bytes: int = 4 * 2**30  # a day


@dataclass(frozen=True, slots=True)
class Admission:
    """A visitor who is let in; `cookie` is to be set anew in the browser unless it is ""."""

    visitor: Visitor
    cookie: str = ""


def make_password() -> str:
    """Return a password of 79 random bits that is easy to read out: xxxx-xxxx-xxxx-xxxx."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    return "-".join(letters[start : start + 4] for start in range(0, _LENGTH, 4))


def limit_line(error: LimitReached, language: Language) -> str:
    """Return what a visitor over a limit is told, in one line."""
    if error.limit not in _LABELS:
        return str(error)
    said = in_language(_LABELS, error.limit, language)
    return said.format(error.seconds, _in_hours(error.seconds, language))


def _in_hours(seconds: int, language: Language) -> str:
    hours = ceil(seconds / 3600)
    return f"{hours} h" if language == "en" else f"{hours} 小时"


class Recent:
    """Times at which somebody did something, by who it was; the oldest names are forgotten.

    Not safe from threads by itself.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        """Remember what happened in the last so many `seconds`."""
        self._seconds, self._clock = seconds, clock
        self._times: OrderedDict[str, deque[tuple[float, int]]] = OrderedDict()

    def note(self, name: str, amount: int = 1) -> None:
        """Remember that it happened now."""
        self._times.setdefault(name, deque()).append((self._clock(), amount))
        self._times.move_to_end(name)
        if len(self._times) > _REMEMBERED:
            self._times.popitem(last=False)

    def wait(self, name: str, most: int, more: int = 1) -> int:
        """Return in how many seconds `more` will fit below `most`; 0 if they do now."""
        now, times = self._clock(), self._times.get(name, deque())
        while times and times[0][0] <= now - self._seconds:
            times.popleft()
        if not times:
            self._times.pop(name, None)
        over = sum(amount for _, amount in times) + more - most
        if over <= 0:
            return 0
        for at, amount in times:
            over -= amount
            if over <= 0:
                return max(1, ceil(at + self._seconds - now))
        return ceil(self._seconds)  # so much never fits

    def __len__(self) -> int:
        """Return how many names are remembered."""
        return len(self._times)


class Access:
    """Cookies, passwords and shares of visitors. Safe from several threads.

    `asks` tells whether a password is needed.
    """

    def __init__(
        self,
        conversations: Conversations,
        guest_password: str = "",
        owner_password: str = "",
        limits: Limits = Limits(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Without passwords everyone is an owner. Raises ConfigurationError for a poor password."""
        passwords: dict[Role, str] = {"guest": guest_password, "owner": owner_password}
        self._passwords = {role: text for role, text in passwords.items() if text}
        _check_passwords(self._passwords)
        self.asks = bool(self._passwords)
        self.limits = limits
        self._conversations, self._clock = conversations, clock
        self._key = bytes.fromhex(conversations.fact("key"))
        # Two libraries on one host, on other ports, must not take each other's cookies.
        self.cookie_name = f"{COOKIE}-{self._digest('name')[:8]}"
        self._grants = {f"{role}:{self._fingerprint(role)}": role for role in _ROLES}
        self._lock = threading.Lock()
        self._tries, self._admitted = Recent(_MINUTE, clock), Recent(_MINUTE, clock)
        self._asked, self._running = Recent(_MINUTE, clock), Counter[str]()
        self._uploads, self._bytes = Recent(_DAY, clock), Recent(_DAY, clock)
        self._known: OrderedDict[str, tuple[float, str, str]] = OrderedDict()
        self._programs: OrderedDict[str, None] = OrderedDict()  # addresses they were let in from

    def _digest(self, text: str) -> str:
        return hmac.digest(self._key, text.encode("utf-8", "replace"), "sha256").hex()

    def _fingerprint(self, role: Role) -> str:
        # of a role without a password it is that of nothing, and no cookie was granted for it
        return self._digest(f"{role}:{self._passwords.get(role, '')}") if self.asks else "open"

    # Coming in.

    def recognised(
        self, cookies: Sequence[str], authorization: str, address: str, is_page: bool
    ) -> Admission | None:
        """Return who it is, by a program's bearer password or by a browser's cookie.

        Only `is_page`, a page that a browser opens, may set a cookie. Raises LimitReached after too
        many wrong passwords.
        """
        scheme, _, password = authorization.partition(" ")
        if self.asks and scheme.lower() == "bearer":
            role = self._role_of(password.strip(), address, self._program_at(address))
            if not role:
                return None
            self._remember_program(address)
            return Admission(Visitor(f"program-{role}", role))
        for token in cookies[:_MAX_COOKIES]:
            if admission := self._by_cookie(token, is_page):
                return admission
        if self.asks:
            return None
        return self._admit("owner") if is_page else Admission(Visitor("program-owner", "owner"))

    def _program_at(self, address: str) -> str:
        """Return what counts the wrong passwords of an address that programs were let in from."""
        with self._lock:
            return f"programs at {address}" if address in self._programs else ""

    def _remember_program(self, address: str) -> None:
        with self._lock:
            self._programs[address] = None
            self._programs.move_to_end(address)
            if len(self._programs) > _REMEMBERED:
                self._programs.popitem(last=False)

    def is_at_hand(self, cookies: Sequence[str]) -> bool:
        """Tell whether `recognised` need not look into the file, which may have to wait."""
        return bool(cookies) and self._remembered(_hash(cookies[0])) is not None

    def _remembered(self, hash_: str) -> tuple[str, str] | None:
        with self._lock:
            known = self._known.get(hash_)
        return known[1:] if known and known[0] > self._clock() - _FRESH else None

    def _by_cookie(self, token: str, is_page: bool) -> Admission | None:
        found = self._look_up(token)
        if not found:
            return None
        id_, granted = found
        grant, _, day = granted.rpartition(":")
        role = self._grants.get(grant) if self.asks else "owner"
        if not role or (self.asks and _days_since(day) > DAYS):
            return None
        if is_page and (day != _today() or grant not in self._grants):
            return self._admit(role, id_, token)
        return Admission(Visitor(id_, role))

    def _look_up(self, token: str) -> tuple[str, str] | None:
        if not _TOKEN.fullmatch(token):
            return None
        if known := self._remembered(_hash(token)):
            return known
        if found := self._conversations.visitor(_hash(token)):
            self._remember(_hash(token), *found)
        return found

    def _remember(self, hash_: str, visitor: str, granted: str) -> None:
        with self._lock:
            self._known[hash_] = (self._clock(), visitor, granted)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)

    def _admit(self, role: Role, visitor: str = "", token: str = "") -> Admission:
        """Grant a role, to a new visitor unless one is named, for a new cookie likewise."""
        token, visitor = token or secrets.token_urlsafe(16), visitor or secrets.token_urlsafe(16)
        grant = f"{role}:{self._fingerprint(role)}:{_today()}"
        self._conversations.admit(_hash(token), visitor, grant, _expiry())
        self._remember(_hash(token), visitor, grant)
        return Admission(Visitor(visitor, role), token)

    def _admit_anew(self, role: Role, visitor: str) -> Admission:
        """Grant a role to a visitor for a new cookie; who has an old one has it no longer."""
        token, grant = secrets.token_urlsafe(16), f"{role}:{self._fingerprint(role)}:{_today()}"
        with self._lock:
            old = [hash_ for hash_, known in self._known.items() if known[1] == visitor]
            for hash_ in old:
                del self._known[hash_]
        self._conversations.replace_cookies(visitor, _hash(token), grant, _expiry())
        self._remember(_hash(token), visitor, grant)
        return Admission(Visitor(visitor, role), token)

    def sign_in(self, password: str, cookies: Sequence[str], address: str) -> Admission | None:
        """Return a visitor with a new cookie, None if the password is wrong.

        A browser that was here before, whatever it was granted, keeps its visitor and so its
        chats. Raises LimitReached after too many wrong passwords or new visitors.
        """
        found = next(filter(None, map(self._look_up, cookies[:_MAX_COOKIES])), None)
        role = self._role_of(password.strip(), address, found[0] if found else "")
        if not role:
            return None
        if found:  # who planted the old cookie is not signed in by the new one
            return self._admit_anew(role, found[0])
        with self._lock:
            _check(self._admitted.wait("", NEW_VISITORS), "visitors", "too many are signing in")
            self._admitted.note("")
        return self._admit(role)

    def _role_of(self, password: str, address: str, visitor: str = "") -> Role | None:
        given = password.encode("utf-8", "replace")
        one, all_ = (f"visitor {visitor}", _KNOWN) if visitor else (address, _STRANGERS)
        with self._lock:
            wait = max(self._tries.wait(one, TRIES), self._tries.wait(all_, ALL_TRIES))
            _check(wait, "tries", "too many wrong passwords")
            found: Role | None = None
            for role, right in self._passwords.items():  # all, so that time tells nothing
                if hmac.compare_digest(given, right.encode("utf-8", "replace")):
                    found = role
            if not found:
                self._tries.note(one)
                self._tries.note(all_)
        return found

    def sign_out(self, cookies: Sequence[str], forget: bool = False) -> None:
        """Ask for a password again; with `forget`, delete all that this browser's visitor stored.

        Without, the browser keeps its visitor and so its chats for the next time.
        """
        for token in cookies[:_MAX_COOKIES]:
            if not (found := self._look_up(token)):
                continue
            if forget:
                self._dismiss(token)
                self._conversations.forget(found[0])
            else:
                self._conversations.admit(_hash(token), found[0], "", _expiry())
                self._remember(_hash(token), found[0], "")

    def _dismiss(self, token: str) -> None:
        self._conversations.dismiss(_hash(token))
        with self._lock:
            self._known.pop(_hash(token), None)

    # What one visitor may ask for.

    @contextmanager
    def asking(self, visitor: Visitor, question: str = "") -> Iterator[None]:
        """Count a question until it is answered. Raises LimitReached, before anything is done."""
        if len(question) > self.limits.characters:
            said = f"the question has {len(question):,} characters"
            raise LimitReached(f"{said}, at most {self.limits.characters:,}", "length", 0)
        self._begin(visitor.id)
        try:
            yield
        finally:
            with self._lock:
                self._running[visitor.id] -= 1
                if not self._running[visitor.id]:
                    del self._running[visitor.id]

    def _begin(self, visitor: str) -> None:
        with self._lock:
            most, at_once = self.limits.questions, self.limits.at_once
            _check(self._asked.wait(visitor, most), "questions", f"over {most} questions a minute")
            if self._running[visitor] >= at_once:
                said = f"{at_once} questions are being answered: wait for them, then ask again"
                raise LimitReached(said, "at_once", 5)
            self._asked.note(visitor)
            self._running[visitor] += 1

    def uploading(self, visitor: Visitor, size: int) -> None:
        """Count an upload of so many bytes. Raises LimitReached, then it is not counted."""
        with self._lock:
            wait = max(
                self._uploads.wait(visitor.id, self.limits.uploads),
                self._bytes.wait(visitor.id, self.limits.upload_bytes, size),
            )
            _check(wait, "uploads", "too much was uploaded within a day")
            self._uploads.note(visitor.id)
            self._bytes.note(visitor.id, size)

    # Cookies as they travel.

    def cookies_in(self, header: str) -> list[str]:
        """Return the values of our cookie in a Cookie header; what is no token is left out."""
        pairs = (part.strip().partition("=") for part in header.split(";"))
        return [
            value
            for name, _, value in pairs
            if name == self.cookie_name and _TOKEN.fullmatch(value)
        ][:_MAX_COOKIES]

    def set_cookie(self, token: str, root_path: str, is_https: bool) -> str:
        """Return a Set-Cookie header for a token; for "" it takes the cookie away."""
        age = COOKIE_DAYS * int(_DAY) if token else 0
        secure = "; Secure" if is_https else ""
        return (
            f"{self.cookie_name}={token}; Max-Age={age}; Path={root_path or '/'}; "
            f"HttpOnly; SameSite=Lax{secure}"
        )


def _check_passwords(passwords: dict[Role, str]) -> None:
    for role, text in passwords.items():
        if not SHORTEST_PASSWORD <= len(text) <= _LONGEST_PASSWORD or text != text.strip():
            raise ConfigurationError(
                f"the {role} password has {len(text)} characters: take {SHORTEST_PASSWORD} to "
                f"{_LONGEST_PASSWORD}, without white space around, or none to have one made"
            )
    if len(set(passwords.values())) < len(passwords):
        raise ConfigurationError("guests and owner have the same password: choose two")


def _check(wait: int, limit: str, said: str) -> None:
    if wait:
        raise LimitReached(f"{said}: try again in {wait} s", limit, wait)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _days_since(day: str) -> int:
    return (date.fromisoformat(_today()) - date.fromisoformat(day)).days


def _expiry() -> str:
    return (datetime.now(UTC) + timedelta(days=COOKIE_DAYS)).isoformat(timespec="seconds")
