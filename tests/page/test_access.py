"""Cookies, passwords and shares of visitors."""

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from page import access as module
from page.access import (
    ALL_TRIES,
    NEW_VISITORS,
    TRIES,
    Access,
    Limits,
    Recent,
    limit_line,
    make_password,
)
from page.services import Visitor
from rag.conversations import FILE, Conversations
from rag.errors import ConfigurationError, LimitReached

GUEST, OWNER = "guests-may-ask", "owner-may-do-all"
HOME = "192.0.2.1"
ANNA = Visitor("anna", "guest")


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def file(tmp_path):
    one = Conversations(tmp_path / FILE)
    yield one
    one.close()


@pytest.fixture
def shared(file, clock):
    """A page with passwords."""
    return Access(file, GUEST, OWNER, clock=clock)


@pytest.fixture
def local(file, clock):
    """A page for one person on this machine."""
    return Access(file, clock=clock)


def came(access, *cookies, authorization="", is_page=True):
    return access.recognised(list(cookies), authorization, HOME, is_page)


def signed_in(access, password, *cookies, address=HOME):
    return access.sign_in(password, list(cookies), address)


# Without passwords.


def test_without_passwords_each_browser_is_an_owner_with_a_history_of_its_own(local):
    one, other = came(local), came(local)
    assert one.visitor.is_owner
    assert other.visitor.is_owner
    assert one.visitor.id != other.visitor.id
    assert came(local, one.cookie).visitor == one.visitor
    assert came(local, one.cookie).cookie == ""


def test_without_passwords_what_is_no_page_gets_no_cookie(local):
    assert came(local, is_page=False).visitor == Visitor("program-owner", "owner")
    assert came(local, is_page=False).cookie == ""


def test_the_history_of_a_browser_is_there_after_a_restart_with_and_without_passwords(file, clock):
    before = came(Access(file, clock=clock))
    shared = Access(file, GUEST, OWNER, clock=clock)
    assert came(shared, before.cookie) is None
    guest = signed_in(shared, GUEST, before.cookie)
    assert guest.visitor == Visitor(before.visitor.id, "guest")
    again = came(Access(file, clock=clock), guest.cookie)
    assert again.visitor == before.visitor


# With passwords.


@pytest.mark.parametrize(("password", "role"), [(GUEST, "guest"), (OWNER, "owner")])
def test_a_password_grants_its_role(shared, password, role):
    admitted = signed_in(shared, password)
    assert admitted.visitor.role == role
    assert came(shared, admitted.cookie).visitor == admitted.visitor


def test_nobody_passes_without_a_password(shared):
    for cookie in ("", "x", "A" * 22, "A" * 22 + "\n", "é" * 22, "A" * 10_000):
        assert came(shared, cookie) is None
    assert came(shared) is None
    assert came(shared, is_page=False) is None


@pytest.mark.parametrize(
    "wrong", ["", " ", GUEST[:-1], GUEST + "x", GUEST.upper(), "密码", "\ud800"]
)
def test_a_wrong_password_is_refused(shared, wrong):
    assert signed_in(shared, wrong) is None


def test_white_space_around_a_password_is_left_out(shared):
    assert signed_in(shared, f" {GUEST}\n").visitor.role == "guest"


def test_another_password_asks_again_but_keeps_the_visitor(file, shared, clock):
    guest = signed_in(shared, GUEST)
    changed = Access(file, "another-password", OWNER, clock=clock)
    assert came(changed, guest.cookie) is None
    assert signed_in(changed, GUEST, guest.cookie) is None
    again = signed_in(changed, "another-password", guest.cookie)
    assert again.visitor == guest.visitor


def test_a_password_that_is_now_of_the_other_role_grants_no_old_cookie_the_new_role(file, shared):
    guest = signed_in(shared, GUEST)
    swapped = Access(file, OWNER, GUEST)
    assert came(swapped, guest.cookie) is None


def test_signing_in_makes_a_new_cookie_and_ends_the_old_one(shared):
    first = signed_in(shared, GUEST)
    second = signed_in(shared, OWNER, first.cookie)
    assert second.visitor == Visitor(first.visitor.id, "owner")
    assert second.cookie != first.cookie
    assert came(shared, first.cookie) is None


def test_who_signs_out_needs_the_password_and_then_has_the_history_again(shared):
    guest = signed_in(shared, GUEST)
    shared.sign_out([guest.cookie])
    assert came(shared, guest.cookie) is None
    assert signed_in(shared, GUEST, guest.cookie).visitor == guest.visitor


def test_who_signs_out_for_good_leaves_nothing(file, shared):
    guest = signed_in(shared, GUEST)
    file.add(guest.visitor.id, file.begin(guest.visitor.id).id, "问", None)
    shared.sign_out([guest.cookie], forget=True)
    assert came(shared, guest.cookie) is None
    assert file.chats(guest.visitor.id) == []
    assert signed_in(shared, GUEST, guest.cookie).visitor.id != guest.visitor.id


def test_a_planted_cookie_beside_the_own_one_does_no_harm(shared):
    guest = signed_in(shared, GUEST)
    assert came(shared, "A" * 22, guest.cookie).visitor == guest.visitor


@pytest.mark.parametrize(("password", "role"), [(GUEST, "guest"), (OWNER, "owner")])
def test_a_program_has_a_history_apart_from_browsers(shared, password, role):
    known = came(shared, authorization=f"Bearer {password}")
    assert known == module.Admission(Visitor(f"program-{role}", role))
    assert came(shared, authorization=f"bearer  {password} ") == known
    browser = signed_in(shared, GUEST)
    assert came(shared, browser.cookie, authorization="Bearer wrong-wrong") is None


def test_only_bearer_authorization_is_looked_at(shared):
    assert came(shared, authorization=f"Basic {GUEST}") is None
    assert came(shared, authorization=GUEST) is None


def test_a_page_without_passwords_takes_any_key_of_a_program(local):
    assert came(local, authorization="Bearer sk-x", is_page=False).visitor.is_owner


# Guessing.


def test_five_wrong_passwords_a_minute_and_then_even_the_right_one_waits(shared, clock):
    for _ in range(TRIES):
        assert signed_in(shared, "wrong") is None
    with pytest.raises(LimitReached, match="wrong passwords") as told:
        signed_in(shared, GUEST)
    assert 0 < told.value.seconds <= 60
    assert signed_in(shared, GUEST, address="192.0.2.9")
    clock.now += 61
    assert signed_in(shared, GUEST)


def test_a_program_that_guesses_is_stopped_as_well(shared):
    for _ in range(TRIES):
        came(shared, authorization="Bearer wrong")
    with pytest.raises(LimitReached):
        came(shared, authorization="Bearer wrong")


def test_many_addresses_together_may_guess_no_more_than_all_may(shared):
    refused = 0
    for n in range(100):
        try:
            assert signed_in(shared, "wrong", address=f"192.0.2.{n}") is None
        except LimitReached:
            refused += 1
    assert refused == 100 - ALL_TRIES


def test_a_hundred_tries_at_once_are_no_more_than_five(shared):
    def attempt(n):
        try:
            return signed_in(shared, f"wrong {n}")
        except LimitReached:
            return "limit"

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(attempt, range(100))).count("limit") == 100 - TRIES


def test_who_is_signed_in_is_not_stopped_by_those_who_guess(shared):
    guest = signed_in(shared, GUEST)
    for n in range(ALL_TRIES):
        signed_in(shared, "wrong", address=str(n))
    assert came(shared, guest.cookie).visitor == guest.visitor


def test_nobody_takes_a_new_visitor_for_each_question(shared, clock):
    for _ in range(NEW_VISITORS):
        signed_in(shared, GUEST)
    with pytest.raises(LimitReached, match="signing in"):
        signed_in(shared, GUEST)
    clock.now += 61
    assert signed_in(shared, GUEST)


def test_made_passwords_are_long_readable_and_never_the_same():
    made = {make_password() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch("([2-9a-hj-km-np-z]{4}-){3}[2-9a-hj-km-np-z]{4}", one) for one in made)
    assert len(set("".join(made)) - {"-"}) ** 16 > 2**64


@pytest.mark.parametrize("poor", ["short", " spaces around ", "x" * 201, "\t"])
def test_a_poor_password_is_refused_at_the_start(file, poor):
    with pytest.raises(ConfigurationError):
        Access(file, poor, OWNER)


def test_one_password_for_both_roles_is_refused(file):
    with pytest.raises(ConfigurationError, match="choose two"):
        Access(file, OWNER, OWNER)


def test_with_the_owner_password_alone_there_are_no_guests(file):
    access = Access(file, "", OWNER)
    assert signed_in(access, "") is None
    assert signed_in(access, OWNER).visitor.is_owner


# What is stored, and for how long.


def test_neither_cookie_nor_password_is_stored(file, shared):
    cookies = [signed_in(shared, GUEST).cookie, signed_in(shared, OWNER).cookie]
    shared.sign_out(cookies[:1])
    stored = b"".join(path.read_bytes() for path in file.path.parent.iterdir())
    for secret in (*cookies, GUEST, OWNER):
        assert secret.encode() not in stored


def expire(file, days):
    """Let all cookies end in so many days."""
    when = (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds")
    with sqlite3.connect(file.path) as change:
        change.execute("UPDATE cookies SET expires = ?", (when,))
    change.close()


def test_an_expired_cookie_is_worth_nothing(file, shared, clock):
    guest = signed_in(shared, GUEST)
    expire(file, -1)
    clock.now += 61  # a cookie is looked up again after a minute
    assert came(shared, guest.cookie) is None
    assert signed_in(shared, GUEST, guest.cookie).visitor.id != guest.visitor.id


def test_a_cookie_is_renewed_once_a_day_by_a_page_and_not_by_data(file, shared, clock, monkeypatch):
    guest = signed_in(shared, GUEST)
    assert came(shared, guest.cookie).cookie == ""
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    monkeypatch.setattr(module, "_today", lambda: tomorrow)
    expire(file, 1)
    assert came(shared, guest.cookie, is_page=False).cookie == ""
    renewed = came(shared, guest.cookie)
    assert (renewed.visitor, renewed.cookie) == (guest.visitor, guest.cookie)
    assert came(shared, guest.cookie).cookie == ""
    with sqlite3.connect(file.path) as look:
        (expires,) = look.execute("SELECT expires FROM cookies").fetchone()
    look.close()
    assert datetime.fromisoformat(expires) > datetime.now(UTC) + timedelta(days=399)


def later(monkeypatch, days):
    day = (datetime.now(UTC) + timedelta(days=days)).date().isoformat()
    monkeypatch.setattr(module, "_today", lambda: day)


def test_who_did_not_come_back_for_a_month_signs_in_again_and_has_the_same_history(
    shared, monkeypatch
):
    guest = signed_in(shared, GUEST)
    later(monkeypatch, 30)
    assert came(shared, guest.cookie, is_page=False).visitor == guest.visitor
    later(monkeypatch, 31)
    assert came(shared, guest.cookie) is None
    assert signed_in(shared, GUEST, guest.cookie).visitor == guest.visitor


def test_the_owner_of_a_page_without_passwords_keeps_the_history_over_a_year(local, monkeypatch):
    owner = came(local)
    later(monkeypatch, 365)
    assert came(local, owner.cookie).visitor == owner.visitor


def test_who_signs_in_is_alone_with_the_new_cookie(shared, file):
    """Two sign-ins at once with one cookie must not leave a second one that is worth something."""
    first = signed_in(shared, GUEST)
    file.admit("f" * 64, first.visitor.id, "guest:x:2026-01-01", "2999-01-01T00:00:00+00:00")
    second = signed_in(shared, GUEST, first.cookie)
    assert second.visitor == first.visitor
    assert came(shared, first.cookie) is None
    assert file.visitor("f" * 64) is None


def test_strangers_who_guess_lock_out_neither_known_browsers_nor_programs(shared):
    known = signed_in(shared, GUEST)
    bearer = f"Bearer {GUEST}"
    assert shared.recognised([], bearer, "192.0.2.77", is_page=False)
    for n in range(ALL_TRIES):
        assert signed_in(shared, f"wrong {n}", address=f"192.0.2.{n}") is None
    with pytest.raises(LimitReached):
        signed_in(shared, GUEST, address="192.0.2.99")
    with pytest.raises(LimitReached):
        shared.recognised([], bearer, "192.0.2.99", is_page=False)
    assert signed_in(shared, GUEST, known.cookie, address="192.0.2.99").visitor == known.visitor
    assert shared.recognised([], bearer, "192.0.2.77", is_page=False)


def test_known_browsers_guess_no_more_than_strangers_do(shared):
    cookies = [signed_in(shared, GUEST).cookie for _ in range(10)]
    refused = 0
    for n in range(10 * TRIES):
        try:
            assert signed_in(shared, f"wrong {n}", cookies[n % 10]) is None
        except LimitReached:
            refused += 1
    assert refused == 10 * TRIES - ALL_TRIES


def test_a_cookie_is_read_out_of_what_a_browser_sends(shared):
    token, name = "A" * 22, shared.cookie_name
    assert name.startswith(f"{module.COOKIE}-")
    assert shared.cookies_in(f"a=b; {name}={token}; yz-language=zh") == [token]
    for garbage in ("", ";;;", "=", name, f"{name}=", f"{name}=x", f"{name}={token}x", "\x00", "é"):
        assert shared.cookies_in(garbage) == []
    assert len(shared.cookies_in(f"{name}={token};" * 1000)) <= 5


def test_two_libraries_on_one_host_have_cookies_of_two_names(tmp_path, shared):
    other = Conversations(tmp_path / "other")
    assert Access(other).cookie_name != shared.cookie_name
    other.close()


def test_a_cookie_is_out_of_reach_of_scripts_and_other_sites(shared):
    assert shared.set_cookie("T", "", is_https=False) == (
        f"{shared.cookie_name}=T; Max-Age=34560000; Path=/; HttpOnly; SameSite=Lax"
    )
    secure = shared.set_cookie("", "/sub", is_https=True)
    assert secure == (
        f"{shared.cookie_name}=; Max-Age=0; Path=/sub; HttpOnly; SameSite=Lax; Secure"
    )


# Shares.


def test_twenty_questions_a_minute_and_then_it_says_when(shared, clock):
    for _ in range(20):
        with shared.asking(ANNA, "问"):
            clock.now += 1
    with pytest.raises(LimitReached, match="20 questions a minute: try again in 40 s") as told:
        shared.asking(ANNA, "问").__enter__()
    assert told.value.seconds == 40
    with shared.asking(Visitor("bert", "guest")):
        clock.now += 40
    with shared.asking(ANNA):
        pass


def test_two_questions_at_once_and_a_failed_one_counts_as_ended(shared):
    with pytest.raises(ZeroDivisionError), shared.asking(ANNA):
        with shared.asking(ANNA):
            with pytest.raises(LimitReached, match="being answered"):
                shared.asking(ANNA).__enter__()
            with shared.asking(Visitor("bert", "guest")):
                pass
        raise ZeroDivisionError
    with shared.asking(ANNA), shared.asking(ANNA):
        pass


def test_programs_hold_their_questions_as_readers_do(services, visitor):
    request = SimpleNamespace(state=SimpleNamespace(visitor=visitor))
    first, second, third = (services.admit(request) for _ in range(3))
    with first, second, pytest.raises(LimitReached, match="being answered"):
        third.__enter__()
    with services.admit(request):
        pass


def test_a_question_that_is_too_long_is_refused_and_not_counted(file):
    access = Access(file, limits=Limits(characters=5, questions=1))
    with pytest.raises(LimitReached, match="6 characters, at most 5"):
        access.asking(ANNA, "x" * 6).__enter__()
    with access.asking(ANNA, "x" * 5):
        pass


def test_uploads_and_their_bytes_are_bounded_by_the_day(file, clock):
    access = Access(file, limits=Limits(uploads=3, upload_bytes=100), clock=clock)
    access.uploading(ANNA, 60)
    with pytest.raises(LimitReached) as told:
        access.uploading(ANNA, 41)
    assert told.value.seconds == 86_400
    access.uploading(ANNA, 40)
    access.uploading(ANNA, 0)
    with pytest.raises(LimitReached):
        access.uploading(ANNA, 0)
    access.uploading(Visitor("bert", "owner"), 100)
    with pytest.raises(LimitReached):
        access.uploading(Visitor("carl", "owner"), 101)
    clock.now += 86_401
    access.uploading(ANNA, 100)


def test_threads_together_get_no_more_than_their_share(file):
    access = Access(file, limits=Limits(questions=50, at_once=100))

    def ask(_):
        try:
            with access.asking(ANNA):
                return 1
        except LimitReached:
            return 0

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(200))) == 50


def test_a_flood_of_names_does_not_grow_what_is_remembered(clock, monkeypatch):
    monkeypatch.setattr(module, "_REMEMBERED", 100)
    recent = Recent(60, clock)
    for n in range(1000):
        recent.wait(str(n), 20)
        recent.note(str(n))
    assert len(recent) == 100
    clock.now += 61
    for n in range(1000):
        recent.wait(str(n), 20)
    assert len(recent) == 0


def test_a_flood_of_cookies_does_not_grow_what_is_remembered(local, monkeypatch):
    monkeypatch.setattr(module, "_REMEMBERED", 10)
    for _ in range(30):
        came(local)
    assert len(local._known) == 10


@pytest.mark.parametrize(
    "limit", ["questions", "at_once", "length", "uploads", "tries", "visitors", "streams"]
)
def test_a_limit_is_said_in_three_languages(limit):
    error = LimitReached("x", limit, 7200)
    said = {language: limit_line(error, language) for language in ("zh", "zh-Hant", "en")}
    assert len(set(said.values())) == 3
    assert not any("{" in line or "\n" in line for line in said.values())
    assert "2 h" in said["en"] or limit != "uploads"
