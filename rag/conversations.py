"""Saved chats of visitors, what they collect for a report, and links to chats that they share.

All is one SQLite file beside the library's. A visitor is known by an id of 128 random bits; every
method that takes one sees only what is that visitor's own: it is part of each query. A link shows a
copy of what its chat held when it was made. Any method may raise ConversationsError.
"""

import hashlib
import os
import secrets
import shutil
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from index.script import encodable
from rag.collected import Item
from rag.errors import ConversationsError
from rag.saved import as_json, restored, saved
from rag.types import Answer, Turn

Row = tuple[Any, ...]

FILE = "conversations.sqlite3"  # its name in the library's folder
FORMAT = 1
# Some thousand answers with all that they read; a visitor who fills it is told what to delete.
STORAGE = 50 * 2**20  # bytes a visitor
# Bytes that chats leave free on the disk: the library, which is beside them, needs some to go on.
FREE_BYTES = 50 * 2**20
# Days after which a chat goes whose visitor has no cookie any more, so that nobody can open it:
# longer than any browser keeps a cookie (400). A chat that others can read by a link stays.
UNREACHABLE_DAYS = 500
_TITLE = 60  # characters of a question that name its chat
_OWN_TITLE = 200
_PATIENCE = 10.0  # seconds that a write waits for another process
_SCHEMA = """
CREATE TABLE IF NOT EXISTS chats (
    id TEXT PRIMARY KEY, visitor TEXT NOT NULL, title TEXT NOT NULL, named INTEGER NOT NULL,
    begun TEXT NOT NULL, changed TEXT NOT NULL, latest INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS chats_of_visitor ON chats (visitor, latest);
CREATE TABLE IF NOT EXISTS exchanges (
    chat TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE, number INTEGER NOT NULL,
    question TEXT NOT NULL, asked TEXT NOT NULL, answer BLOB, line TEXT NOT NULL,
    PRIMARY KEY (chat, number));
CREATE TABLE IF NOT EXISTS links (
    token TEXT PRIMARY KEY, chat TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    number INTEGER, made TEXT NOT NULL, title TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS links_of_chat ON links (chat);
CREATE TABLE IF NOT EXISTS shared (
    token TEXT NOT NULL REFERENCES links (token) ON DELETE CASCADE, number INTEGER NOT NULL,
    question TEXT NOT NULL, asked TEXT NOT NULL, answer BLOB, line TEXT NOT NULL,
    PRIMARY KEY (token, number));
CREATE TABLE IF NOT EXISTS basket (
    id INTEGER PRIMARY KEY AUTOINCREMENT, visitor TEXT NOT NULL, place INTEGER NOT NULL,
    sha256 TEXT NOT NULL, item BLOB NOT NULL, UNIQUE (visitor, sha256));
CREATE TABLE IF NOT EXISTS cookies (
    sha256 TEXT PRIMARY KEY, visitor TEXT NOT NULL, granted TEXT NOT NULL, expires TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS cookies_by_expiry ON cookies (expires);
CREATE INDEX IF NOT EXISTS cookies_of_visitor ON cookies (visitor);
"""
_EXCHANGE = "number, question, asked, answer, line"
_SIZE = "coalesce(sum(length(CAST({0} AS BLOB)) + coalesce(length({1}), 0)), 0)"
_USED = f"""
SELECT (SELECT {_SIZE.format("question", "answer")} FROM exchanges e
        JOIN chats c ON c.id = e.chat WHERE c.visitor = ?1)
     + (SELECT {_SIZE.format("question", "answer")} FROM shared s JOIN links l ON l.token = s.token
        JOIN chats c ON c.id = l.chat WHERE c.visitor = ?1)
     + (SELECT coalesce(sum(length(item)), 0) FROM basket WHERE visitor = ?1)
"""


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation of one visitor; times are ISO 8601, UTC, to the second."""

    id: str  # 128 random bits, URL-safe
    title: str  # its first question, shortened; "" while there is none
    begun: str
    changed: str
    exchanges: int = 0


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question as it was asked and what came of it: an answer, or one line that says why not."""

    number: int  # from 0 within its chat
    question: str
    asked: str  # when, ISO 8601
    answer: Answer | None = None
    line: str = ""  # shown instead of an answer: stopped, failed, refused as too long …


@dataclass(frozen=True, slots=True)
class Collected:
    """An item in a visitor's report basket."""

    id: int
    item: Item


@dataclass(frozen=True, slots=True)
class Link:
    """A chat, or one exchange of it, that anyone who has the token may read until withdrawn."""

    token: str  # 128 random bits, URL-safe
    chat: str
    number: int | None  # of the exchange; None: all that the chat held when the link was made
    made: str
    withdrawn: bool = False


class Conversations:
    """The file. Safe from several threads and processes; every change is durable on return."""

    def __init__(self, path: Path) -> None:
        """Open or make the file. Raises ConversationsError if it cannot be read or written."""
        self.path = path
        self._lock = threading.RLock()  # threads share the connection; none sees half a change
        try:
            # What people asked is for nobody else on this machine.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._connection = sqlite3.connect(
                path, timeout=_PATIENCE, check_same_thread=False, isolation_level=None
            )
        except (OSError, sqlite3.Error) as error:
            raise _wrapped(error, path) from error
        try:
            self._set_up()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _set_up(self) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self._all(f"PRAGMA {pragma}")
        self._all("PRAGMA secure_delete=ON")  # what is deleted is overwritten
        with self._change():
            self._do(
                "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
            )
            self._check_format()
            for statement in _SCHEMA.split(";"):
                self._do(statement)

    def _check_format(self) -> None:
        for name, value in (("format", str(FORMAT)), ("key", secrets.token_hex(32))):
            self._do("INSERT OR IGNORE INTO facts VALUES (?, ?)", name, value)
        if (found := self.fact("format")) != str(FORMAT):
            raise ConversationsError(
                f"{self.path} has format {found}, this version reads {FORMAT}: "
                "start the version that made it, or move the file aside"
            )

    def fact(self, name: str) -> str:
        """Return what is known of the file: its "format", or the "key" of its fingerprints."""
        row = self._one("SELECT value FROM facts WHERE name = ?", name)
        return str(row[0]) if row else ""

    # Chats.

    def begin(self, visitor: str) -> Chat:
        """Return a new chat; one of the visitor's that is still empty is taken again."""
        with self._change():
            row = self._one(
                "SELECT id FROM chats WHERE visitor = ? AND NOT named"
                " AND NOT EXISTS (SELECT 1 FROM exchanges WHERE chat = id)",
                visitor,
            )
            if row:
                self._do("DELETE FROM chats WHERE id = ? AND visitor = ?", row[0], visitor)
            return self._begin(visitor, str(row[0]) if row else secrets.token_urlsafe(16))

    def _begin(self, visitor: str, id_: str, title: str = "") -> Chat:
        now = _now()
        self._do(
            "INSERT INTO chats VALUES (?, ?, ?, 0, ?, ?,"
            " (SELECT coalesce(max(latest), 0) + 1 FROM chats WHERE visitor = ?))",
            *(id_, visitor, title, now, now, visitor),
        )
        return Chat(id_, title, now, now)

    def chats(self, visitor: str) -> list[Chat]:
        """Return the visitor's chats that hold an exchange, the last changed first."""
        rows = self._all(
            "SELECT id, title, begun, changed, count(*) FROM chats"
            " JOIN exchanges ON chat = id WHERE visitor = ? GROUP BY id ORDER BY latest DESC",
            visitor,
        )
        return [Chat(*row) for row in rows]

    def exchanges(self, visitor: str, chat: str) -> list[Exchange]:
        """Return the exchanges in order; none if it is not the visitor's."""
        rows = self._all(
            f"SELECT {_EXCHANGE} FROM exchanges JOIN chats ON id = chat"
            " WHERE chat = ? AND visitor = ? ORDER BY number",
            *(chat, visitor),
        )
        return [_exchange(row) for row in rows]

    def add(
        self, visitor: str, chat: str, question: str, answer: Answer | None, line: str = ""
    ) -> Exchange:
        """Append an exchange. Raises ConversationsError if the chat is not the visitor's."""
        question, line = encodable(question), encodable(line)
        data = saved(answer) if answer else None
        with self._change():
            self._check_own(visitor, chat)
            self._check_room(visitor, len(data or b"") + len(question.encode()))
            row = self._one(
                "SELECT coalesce(max(number), -1) + 1 FROM exchanges WHERE chat = ?", chat
            )
            exchange = Exchange(row[0] if row else 0, question, _now(), answer, line)
            values = (chat, exchange.number, question, exchange.asked, data, line)
            self._do("INSERT INTO exchanges VALUES (?, ?, ?, ?, ?, ?)", *values)
            if exchange.number == 0:
                title = _shortened(question, _TITLE)
                self._do(
                    "UPDATE chats SET title = ? WHERE id = ? AND visitor = ? AND NOT named",
                    *(title, chat, visitor),
                )
            self._touch(visitor, chat)
        return exchange

    def _touch(self, visitor: str, chat: str) -> None:
        self._do(
            "UPDATE chats SET changed = ?, latest ="
            " (SELECT max(latest) + 1 FROM chats WHERE visitor = ?) WHERE id = ? AND visitor = ?",
            *(_now(), visitor, chat, visitor),
        )

    def _check_own(self, visitor: str, chat: str) -> None:
        if not self._one("SELECT 1 FROM chats WHERE id = ? AND visitor = ?", chat, visitor):
            raise ConversationsError("there is no such chat any more: begin a new one")

    def _check_room(self, visitor: str, more: int) -> None:
        used = self.used(visitor)
        if shutil.disk_usage(self.path.parent).free < FREE_BYTES:
            raise ConversationsError(
                f"less than {FREE_BYTES // 2**20} MB are free for {self.path}: free some disk space"
            )
        if used + more > STORAGE:
            raise ConversationsError(
                f"the saved chats and the report basket take up {used / 2**20:.1f} MB of "
                f"{STORAGE // 2**20} MB: delete old chats or take items out of the basket"
            )

    def truncate(self, visitor: str, chat: str, number: int) -> None:
        """Leave exchange `number` and those after it out of the chat (a question was edited)."""
        with self._change():
            self._do(
                "DELETE FROM exchanges WHERE chat = ? AND number >= ?"
                " AND EXISTS (SELECT 1 FROM chats WHERE id = chat AND visitor = ?)",
                *(chat, number, visitor),
            )
            self._touch(visitor, chat)
        self._forget_log()

    def rename(self, visitor: str, chat: str, title: str) -> None:
        """Give a chat another title; with "" it is named after its first question again."""
        title = _shortened(encodable(title), _OWN_TITLE)
        with self._change():
            self._do(
                "UPDATE chats SET title = ?, named = ? WHERE id = ? AND visitor = ?",
                *(title or self._question(visitor, chat, 0), bool(title), chat, visitor),
            )

    def _question(self, visitor: str, chat: str, number: int) -> str:
        row = self._one(
            "SELECT question FROM exchanges JOIN chats ON id = chat"
            " WHERE chat = ? AND visitor = ? AND number = ?",
            *(chat, visitor, number),
        )
        return _shortened(row[0], _TITLE) if row else ""

    def delete(self, visitor: str, chat: str) -> bool:
        """Delete a chat and the links to it for good; tell whether it was the visitor's."""
        with self._change():
            count = self._do("DELETE FROM chats WHERE id = ? AND visitor = ?", chat, visitor)
        self._forget_log()
        return count > 0

    def turns(self, visitor: str, chat: str) -> list[Turn]:
        """Return question and checked answer of each exchange that has one, for `Assistant.ask`."""
        return [
            turn
            for exchange in self.exchanges(visitor, chat)
            if exchange.answer
            for turn in (
                Turn("user", exchange.question),
                Turn("assistant", exchange.answer.text),
            )
        ]

    # Links.

    def share(self, visitor: str, chat: str, number: int | None = None) -> Link:
        """Return a new link to what a chat holds now, or to one exchange of it.

        Raises ConversationsError if there is nothing to show.
        """
        link = Link(secrets.token_urlsafe(16), chat, number, _now())
        with self._change():
            self._check_own(visitor, chat)
            title = self._title_of(visitor, chat, number)
            values = (link.token, chat, number, link.made, title)
            self._do("INSERT INTO links VALUES (?, ?, ?, ?, ?)", *values)
            copied = self._do(
                f"INSERT INTO shared SELECT ?, {_EXCHANGE} FROM exchanges"
                " WHERE chat = ? AND number = coalesce(?, number)",
                *(link.token, chat, number),
            )
            if not copied:
                raise ConversationsError("there is nothing to share yet: ask a question first")
            self._check_room(visitor, 0)
        return link

    def _title_of(self, visitor: str, chat: str, number: int | None) -> str:
        """Return what a link is called: to one answer after its question, not after the chat."""
        named = self._one("SELECT title FROM chats WHERE id = ? AND visitor = ?", chat, visitor)
        if number is None:
            return str(named[0]) if named else ""
        return self._question(visitor, chat, number)

    def links(self, visitor: str, chat: str | None = None) -> list[Link]:
        """Return the visitor's links that are not withdrawn, the newest first."""
        rows = self._all(
            "SELECT token, chat, number, made FROM links JOIN chats ON id = chat"
            " WHERE visitor = ? AND chat = coalesce(?, chat) ORDER BY links.rowid DESC",
            *(visitor, chat),
        )
        return [Link(*row) for row in rows]

    def all_links(self) -> list[Link]:
        """Return every link that is not withdrawn, for the owner, who may withdraw any."""
        rows = self._all("SELECT token, chat, number, made FROM links ORDER BY rowid DESC")
        return [Link(*row) for row in rows]

    def withdraw(self, token: str, visitor: str | None) -> bool:
        """Withdraw a link for good; `visitor` None is the owner. Tell whether there was one."""
        with self._change():
            count = self._do(
                "DELETE FROM links WHERE token = ? AND (? IS NULL OR"
                " EXISTS (SELECT 1 FROM chats WHERE id = chat AND visitor = ?))",
                *(token, visitor, visitor),
            )
        self._forget_log()
        return count > 0

    def shared(self, token: str) -> tuple[str, list[Exchange]] | None:
        """Return title and exchanges behind a link as they were; None if there is none."""
        with self._lock:
            link = self._one("SELECT title FROM links WHERE token = ?", token)
            rows = self._all(
                f"SELECT {_EXCHANGE} FROM shared WHERE token = ? ORDER BY number", token
            )
        return (link[0], [_exchange(row) for row in rows]) if link and rows else None

    def continue_from(self, token: str, visitor: str) -> Chat | None:
        """Copy what a link shows into a new chat of the visitor's own; None without a link."""
        with self._change():
            link = self._one("SELECT title FROM links WHERE token = ?", token)
            if not link:
                return None
            chat = self._begin(visitor, secrets.token_urlsafe(16), link[0])
            copied = self._do(
                "INSERT INTO exchanges SELECT ?, row_number() OVER (ORDER BY number) - 1,"
                " question, asked, answer, line FROM shared WHERE token = ?",
                *(chat.id, token),
            )
            self._check_room(visitor, 0)
        return replace(chat, exchanges=copied)

    # The report basket.

    def collect(self, visitor: str, item: Item) -> Collected:
        """Put an item into the basket; one that is there already is not added again."""
        same = hashlib.sha256(as_json(replace(item, added="")).encode()).hexdigest()
        data = saved(item)
        with self._change():
            self._check_room(visitor, len(data))
            self._do(
                "INSERT OR IGNORE INTO basket (visitor, place, sha256, item) VALUES (?,"
                " (SELECT coalesce(max(place), 0) + 1 FROM basket WHERE visitor = ?), ?, ?)",
                *(visitor, visitor, same, data),
            )
            rows = self._all(
                "SELECT id, item FROM basket WHERE visitor = ? AND sha256 = ?", visitor, same
            )
        return _collected(rows[0])

    def basket(self, visitor: str) -> list[Collected]:
        """Return what the visitor collected, in its order."""
        rows = self._all(
            "SELECT id, item FROM basket WHERE visitor = ? ORDER BY place, id", visitor
        )
        return [_collected(row) for row in rows]

    def reorder(self, visitor: str, ids: Sequence[int]) -> None:
        """Put the basket into this order; ids that are left out keep theirs, after these."""
        with self._change():
            rows = self._all("SELECT id FROM basket WHERE visitor = ? ORDER BY place, id", visitor)
            present = dict.fromkeys(row[0] for row in rows)
            order = dict.fromkeys([*(id_ for id_ in ids if id_ in present), *present])
            for place, id_ in enumerate(order):
                self._do(
                    "UPDATE basket SET place = ? WHERE id = ? AND visitor = ?", place, id_, visitor
                )

    def drop(self, visitor: str, id_: int) -> bool:
        """Take an item out of the basket; tell whether it was there."""
        with self._change():
            return self._do("DELETE FROM basket WHERE id = ? AND visitor = ?", id_, visitor) > 0

    # Visitors, as page.access needs them: what is stored is a hash of the cookie, never it.

    def visitor(self, cookie_hash: str) -> tuple[str, str] | None:
        """Return (visitor id, grant) of a cookie that has not expired; None for any other."""
        row = self._one(
            "SELECT visitor, granted FROM cookies WHERE sha256 = ? AND expires > ?",
            *(cookie_hash, _now()),
        )
        return (row[0], row[1]) if row else None

    def admit(self, cookie_hash: str, visitor: str, grant: str, expires: str) -> None:
        """Record what a visitor with this cookie was granted, in place of what was before."""
        with self._change():
            self._do(
                "INSERT OR REPLACE INTO cookies VALUES (?, ?, ?, ?)",
                *(cookie_hash, visitor, grant, expires),
            )
            self._forget_unreachable()

    def replace_cookies(self, visitor: str, cookie_hash: str, grant: str, expires: str) -> None:
        """Record a visitor's new cookie, the only one that is worth something from now on."""
        with self._change():
            self._do("DELETE FROM cookies WHERE visitor = ?", visitor)
            self._do(
                "INSERT INTO cookies VALUES (?, ?, ?, ?)", cookie_hash, visitor, grant, expires
            )

    def _forget_expired(self) -> None:
        """Delete cookies that have expired, and the baskets that no other cookie leads to."""
        gone = self._all("SELECT visitor, sha256 FROM cookies WHERE expires <= ?", _now())
        for visitor, cookie_hash in gone:
            self._do("DELETE FROM cookies WHERE sha256 = ?", cookie_hash)
            if not self._one("SELECT 1 FROM cookies WHERE visitor = ?", visitor):
                self._do("DELETE FROM basket WHERE visitor = ?", visitor)

    def _forget_unreachable(self) -> None:
        """Delete old chats that no cookie and no link leads to any more; see UNREACHABLE_DAYS."""
        before = datetime.now(UTC) - timedelta(days=UNREACHABLE_DAYS)
        self._forget_expired()
        self._do(
            "DELETE FROM chats WHERE changed < ? AND visitor NOT LIKE 'program-%'"
            " AND NOT EXISTS (SELECT 1 FROM cookies WHERE cookies.visitor = chats.visitor)"
            " AND NOT EXISTS (SELECT 1 FROM links WHERE chat = id)",
            before.isoformat(timespec="seconds"),
        )

    def dismiss(self, cookie_hash: str) -> None:
        """Forget a cookie: whoever has it is unknown from now on."""
        with self._change():
            self._do("DELETE FROM cookies WHERE sha256 = ?", cookie_hash)

    def forget(self, visitor: str) -> None:
        """Delete all chats, links, collected items and cookies of a visitor for good."""
        with self._change():
            for table in ("chats", "basket", "cookies"):
                self._do(f"DELETE FROM {table} WHERE visitor = ?", visitor)
        self._forget_log()

    def used(self, visitor: str) -> int:
        """Return the bytes that the visitor's chats, links and basket take up."""
        row = self._one(_USED, visitor)
        return int(row[0]) if row else 0

    # SQLite.

    @contextmanager
    def _change(self) -> Iterator[None]:
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield
                self._connection.execute("COMMIT")
            except BaseException as error:
                self._roll_back()
                if isinstance(error, sqlite3.Error | OverflowError):
                    raise _wrapped(error, self.path) from error
                raise

    def _roll_back(self) -> None:
        # a full disk may have ended the transaction, or another thread closed the file
        with suppress(sqlite3.ProgrammingError):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _do(self, statement: str, *values: object) -> int:
        """Change something within `_change`; return the number of rows."""
        return self._connection.execute(statement, _storable(values)).rowcount

    def _all(self, query: str, *values: object) -> list[Row]:
        try:
            with self._lock:
                return self._connection.execute(query, _storable(values)).fetchall()
        except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
            raise _wrapped(error, self.path) from error

    def _one(self, query: str, *values: object) -> Row | None:
        rows = self._all(query, *values)
        return rows[0] if rows else None

    def _forget_log(self) -> None:
        """Overwrite the write-ahead log, which would still hold what was deleted."""
        self._all("PRAGMA wal_checkpoint(TRUNCATE)")


def _storable(values: Sequence[object]) -> list[object]:
    return [encodable(value) if isinstance(value, str) else value for value in values]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _shortened(text: str, length: int) -> str:
    line = " ".join(text[: 10 * length].split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def _exchange(row: Row) -> Exchange:
    number, question, asked, answer, line = row
    return Exchange(number, question, asked, restored(Answer, answer) if answer else None, line)


def _collected(row: Row) -> Collected:
    return Collected(row[0], restored(Item, row[1]))


def _wrapped(error: Exception, path: Path) -> ConversationsError:
    name = getattr(error, "sqlite_errorname", "") or ""
    said = " ".join(str(error).split())[:100]
    damage = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR_SHORT_READ")
    if name.startswith("SQLITE_FULL"):
        return ConversationsError(f"no space left for {path}: free some; nothing saved is lost")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return ConversationsError(f"another process is writing to {path}: try again")
    if name.startswith("SQLITE_READONLY") or isinstance(error, PermissionError):
        return ConversationsError(f"{path} may not be written: change its permissions")
    if name.startswith(damage) or isinstance(error, UnicodeDecodeError):
        return ConversationsError(f"{path} is damaged ({said}): move it aside and start anew")
    return ConversationsError(f"{path} cannot be used: {said}")
