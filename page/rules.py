"""Every address of the page and who may use it; an address that stands nowhere here is refused.

Refused of gradio 6.31, whoever asks:
  login/ logout/ user login_check token     we have our own; token would tell a cookie to a script
  openapi.json docs redoc                   list every route; programs are told by info
  monitoring monitoring/… profiling/…       tell what others do
  queue/status startup-events dev/reload    not needed by the page
  deep_link runs run-history/…              would store and show sessions beside our own history
  proxy=… file/… file=http…                 fetch other addresses through this machine
  stream/…  process_recording               sound and pictures, which the page has not
  component_server custom_component/…       calls methods of components; none of ours has any
  vibe-…  undo-vibe-edit                    write the program's own source
  api/… call/v2/…                           older and newer names of run and call
  pwa_icon robots.txt                       not needed
  mcp/…                                     we have our own at /mcp
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

JSON_BYTES = 256 * 1024  # a question with its history has less
FORM_BYTES = 4 * 1024  # of a password
UPLOAD_BYTES = 2**30  # of all files that are chosen at once; index.read takes 200 MB of each


class Need(StrEnum):
    """Who may use an address."""

    ANYONE = "anyone"
    VISITOR = "visitor"
    OWNER = "owner"


class Kind(StrEnum):
    """What the guard does about the handles that gradio gives out; see page.sessions."""

    PLAIN = "plain"
    CALL = "call"  # names a session, gets an event
    CANCEL = "cancel"  # names both
    SESSION_STREAM = "session stream"  # of what happens in a session
    EVENT_STREAM = "event stream"
    HEARTBEAT = "heartbeat"  # begins a session
    UPLOAD = "upload"  # gets names of files
    UPLOAD_STREAM = "upload stream"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Rule:
    """Addresses below the root path that match a pattern as a whole, and who may use them."""

    methods: str  # "GET POST"; HEAD goes where GET goes
    pattern: str
    need: Need = Need.VISITOR
    kind: Kind = Kind.PLAIN
    body: int = JSON_BYTES  # bytes at most
    is_static: bool = False  # the same for everybody, so that a browser may keep it
    compiled: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compiled", re.compile(self.pattern, re.DOTALL))

    def match(self, method: str, path: str) -> Mapping[str, str] | None:
        """Return the named parts of a path that is meant, None for any other."""
        wanted = "GET" if method == "HEAD" else method
        found = self.compiled.fullmatch(path) if wanted in self.methods.split() else None
        return found.groupdict() if found else None


_TOKEN = "[A-Za-z0-9_-]{22}"
_NAME = "[A-Za-z0-9_]{1,80}"

OWN = (
    Rule("GET POST", "/login", Need.ANYONE, body=FORM_BYTES),
    Rule("GET", "/logout"),
    Rule("POST", "/logout", Need.ANYONE, body=FORM_BYTES),  # who is signed out already as well
    Rule("GET", "/health", Need.ANYONE),
    Rule("GET", "/language/[A-Za-z-]{2,8}", Need.ANYONE),
    Rule("GET", f"/s/{_TOKEN}(/[A-Za-z0-9_./-]*)?", Need.ANYONE),
    Rule("POST", f"/s/{_TOKEN}(/[A-Za-z0-9_./-]*)?", Need.VISITOR),
    Rule("GET", r"/answer\.txt|/cite|/report\.[a-z]{1,8}"),
    Rule("POST", "/collect|/share|/withdraw"),
    Rule("GET", "/links"),
    Rule("POST", f"/links/{_TOKEN}/withdraw", body=FORM_BYTES),
    Rule("GET", "/document(/[a-z]+)?"),
    Rule("POST", "/v1/chat/completions", body=2**20),  # programs send the whole chat each time
    Rule("GET", "/v1/models(/[^/]+)?"),
    Rule("GET POST DELETE", "/mcp"),
)
_API = "/gradio_api"
GRADIO = (
    Rule("GET", "/|/config/?"),
    Rule("GET", r"/theme\.css|/gradio_api/theme\.css|/favicon\.ico", is_static=True),
    # Browsers ask for it without cookies; it holds the title of the page.
    Rule("GET", r"/manifest\.json", Need.ANYONE),
    Rule("GET", "/(static|assets|svelte)/.+", is_static=True),
    Rule("GET", f"{_API}/info/?|{_API}/app_id/?"),
    Rule("POST", f"{_API}/queue/join", kind=Kind.CALL),
    Rule("POST", f"{_API}/(call|run)/{_NAME}/?", kind=Kind.CALL),
    Rule("POST", f"{_API}/cancel", kind=Kind.CANCEL),
    Rule("POST", f"{_API}/reset/?"),  # does nothing, and older clients ask for it
    Rule("GET", f"{_API}/queue/data", kind=Kind.SESSION_STREAM),
    Rule("GET", f"{_API}/call/{_NAME}/(?P<event>[0-9a-f]{{32}})", kind=Kind.EVENT_STREAM),
    Rule("GET", f"{_API}/heartbeat/(?P<session>[^/]+)", kind=Kind.HEARTBEAT),
    Rule("POST", f"{_API}/upload", Need.OWNER, Kind.UPLOAD, UPLOAD_BYTES),
    Rule("GET", f"{_API}/upload_progress", Need.OWNER, Kind.UPLOAD_STREAM),
    Rule("GET", f"{_API}/file=(?P<file>.+)", kind=Kind.FILE),
)


def rule_of(method: str, path: str, rules: Sequence[Rule]) -> tuple[Rule, Mapping[str, str]] | None:
    """Return the first rule that is meant for a path below the root path, with its parts."""
    for rule in rules:
        if (parts := rule.match(method, path)) is not None:
            return rule, parts
    return None
