"""The look-up by number over HTTP: every answer in both forms, and no name in any of them."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.http import HttpRequest
from django.test import override_settings

from sogoc.core import lookup
from sogoc.core.lookup import MEANINGS, Code
from sogoc.web.asker import asker
from tests.web.conftest import JSON, Answer, Site

WRONG = "Trần Thị Không Phải Ai"


@dataclass(frozen=True, slots=True)
class Diploma:
    institution: str
    serial: str
    register: str
    name: str


@pytest.fixture(scope="module")
def good(site: Site) -> Diploma:
    return _diploma(site, "valid.json")


@pytest.fixture(scope="module")
def revoked(site: Site) -> Diploma:
    return _diploma(site, "revoked-since.json")


@pytest.fixture(scope="module")
def guessed(site: Site) -> Diploma:
    """Of which no other test asks, in whatever order they run: it is not answered any more when names were tried."""
    return _diploma(site, "guessed.json")


def _diploma(site: Site, name: str) -> Diploma:
    claims = site.check_file(name, **JSON).json["claims"]
    return Diploma(claims["institution"], claims["serial_number"], claims["register_number"], claims["holder_name"])


def assert_says_no_name(answer: Answer, *names: str) -> None:
    text = unicodedata.normalize("NFC", answer.text).casefold()
    for name in names:
        assert name.casefold() not in text
        assert name.split()[0].casefold() + " " + name.split()[1].casefold() not in text
    assert not any(name.casefold() in str(answer.headers).casefold() for name in names)


CASES: dict[Code, Callable[[Diploma, Diploma], tuple[str, str, str]]] = {
    Code.STANDS: lambda good, revoked: (good.institution, good.serial, good.name),
    Code.REVOKED: lambda good, revoked: (revoked.institution, revoked.register, revoked.name),
    Code.ANOTHER_NAME: lambda good, revoked: (revoked.institution, revoked.serial, good.name),
    Code.NO_NUMBER: lambda good, revoked: (good.institution, "KHONGCO-1", good.name),
    Code.NO_INSTITUTION: lambda good, revoked: ("KHONGCO", good.serial, good.name),
}


@pytest.mark.parametrize("code", CASES)
def test_an_answer(site: Site, good: Diploma, revoked: Diploma, code: Code) -> None:
    asked = CASES[code](good, revoked)
    answer = site.look_up(*asked, headers=JSON)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["cache-control"] == "no-store"
    assert list(answer.json) == ["verdict", "code", "matches", "exit_code", "trial", "title", "advice", "note", "as_of"]
    size = int((site.files / "log/checkpoint").read_text().splitlines()[1])
    assert (answer.json["code"], answer.json["as_of"]["size"], answer.json["trial"]) == (code, size, True)

    page = site.look_up(*asked)
    meaning = MEANINGS[code]
    assert page.status == 200
    assert f"<title>{meaning.title.vi} – {meaning.title.en} – Sổ Gốc</title>" in page.text
    assert lookup.OWN_WORD.vi in page.text
    assert lookup.OWN_WORD.en.replace("'", "&#x27;") in page.text
    assert "THỬ NGHIỆM" in page.text
    for one in (answer, page):
        assert_says_no_name(one, good.name, revoked.name)


def test_the_page_is_linked_and_explains_itself(site: Site) -> None:
    assert 'href="/tra-cuu"' in site.get("/").text
    page = site.get("/tra-cuu")
    assert page.status == 200
    assert re.findall(r'<input id="(\w+)"', page.text) == ["institution", "number", "name"]
    assert 'method="post"' in page.text
    assert '<option value="' in page.text
    assert site.ask("HEAD", "/tra-cuu").status == 200
    assert site.ask("PUT", "/tra-cuu", b"").status == 405


def test_an_address_asks_nothing(site: Site, good: Diploma) -> None:
    """Addresses are kept in logs and histories: what stands in one is not read."""
    answer = site.get(f"/tra-cuu?institution={good.institution}&number={good.serial}&name=x")
    assert answer.status == 200
    assert "<form" in answer.text
    assert good.serial not in answer.text


@pytest.mark.parametrize("field", ["institution", "number", "name"])
def test_what_is_missing_is_named_and_the_name_is_not_shown_again(site: Site, good: Diploma, field: str) -> None:
    typed = {"institution": good.institution, "number": good.serial, "name": good.name} | {field: " "}
    page, answer = site.look_up(*typed.values()), site.look_up(*typed.values(), headers=JSON)
    assert (page.status, answer.status) == (400, 400)
    assert answer.json["error"] == "input"
    assert f'href="#{field}"' in page.text
    assert page.text.count('aria-invalid="true"') == 1
    for one in (page, answer):
        assert_says_no_name(one, good.name)
    assert field == "number" or f'value="{good.serial}"' in page.text


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"institution=%FF%FE&number=%00&name=%ED%A0%80", b"name=a&name=b", b"&" * 2000]
)
def test_nonsense_is_refused(site: Site, body: bytes) -> None:
    for kind in ("application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x"):
        answer = site.ask("POST", "/tra-cuu", body, {"Content-Type": kind, **JSON})
        assert answer.status == 400


def test_names_are_not_tried_for_ever(site: Site, unasked: Site, good: Diploma, guessed: Diploma) -> None:
    """Not even the right one is answered then, by no process of the site."""
    for number in range(2 * lookup.MOST_WRONG_NAMES):  # an hour may begin meanwhile
        answer = site.look_up(guessed.institution, guessed.register, f"{WRONG} {number}", headers=JSON)
        if answer.status == 429:
            break
        assert answer.json["code"] == Code.ANOTHER_NAME
    answer = site.look_up(guessed.institution, guessed.register, guessed.name, headers=JSON)
    page = site.look_up(guessed.institution, guessed.register, guessed.name)
    assert (answer.status, page.status) == (429, 429)
    assert unasked.look_up(guessed.institution, guessed.register, guessed.name).status == 429
    assert answer.json["error"] == "too-many-names"
    assert 0 < int(page.headers["retry-after"]) <= lookup.WINDOW_SECONDS
    assert "Đây không phải kết luận về văn bằng" in page.text
    assert 'class="verdict' not in page.text
    for one in (answer, page):
        assert_says_no_name(one, guessed.name, WRONG)
    assert site.look_up(good.institution, good.serial, good.name, headers=JSON).json["code"] == Code.STANDS


@contextmanager
def database_away(site: Site) -> Iterator[None]:
    """A table that cannot be read is as good as a database that is not there, and hurts no other process that has it open."""
    url = site.environment.get("SOGOC_DATABASE")
    connection: Any = (
        psycopg.connect(url, autocommit=True)
        if url is not None
        else sqlite3.connect(site.home / "register.sqlite3", isolation_level=None)
    )
    with closing(connection):
        connection.execute("ALTER TABLE register_checkpoint RENAME TO away")
        try:
            yield
        finally:
            connection.execute("ALTER TABLE away RENAME TO register_checkpoint")


def test_without_the_database_nothing_is_said_of_a_file(unasked: Site) -> None:
    with database_away(unasked):
        answer, page = unasked.check_file("valid.json", **JSON), unasked.check_file("valid.json")
    assert (answer.status, page.status) == (503, 503)
    assert answer.json["error"] == "unavailable"
    assert 'class="verdict' not in page.text


def test_without_the_database_nothing_is_said_of_the_diploma(unasked: Site, good: Diploma) -> None:
    site = unasked
    with database_away(site):
        answer = site.look_up(good.institution, good.serial, good.name, headers=JSON)
        page = site.look_up(good.institution, good.serial, good.name)
    assert (answer.status, page.status) == (503, 503)
    assert answer.json["error"] == "unavailable"
    assert "đừng coi là hợp lệ, cũng đừng coi là không có" in page.text
    assert 'class="verdict' not in page.text
    for one in (answer, page):
        assert_says_no_name(one, good.name)
        assert good.serial not in one.text
    assert good.name not in site.said.read_text()
    assert good.serial not in site.said.read_text()


def test_what_was_asked_is_in_no_log(site: Site, good: Diploma) -> None:
    site.look_up(good.institution, good.serial, good.name)
    site.look_up(good.institution, "KHONGCO-2", WRONG)
    said = site.said.read_text()
    assert good.name not in said
    assert WRONG not in said
    assert "KHONGCO-2" not in said


# -- who asks -------------------------------------------------------------------------------------------------------------


def seen(address: str, header: str = "", said: str = "") -> bytes | None:
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = address
    if said:
        request.META["HTTP_X_FORWARDED_FOR"] = said
    with override_settings(ADDRESS_HEADER=header):
        return asker(request)


def test_who_asks_is_told_apart_by_address_as_far_as_can_be() -> None:
    assert seen("203.0.113.7") == seen("203.0.113.7") != seen("203.0.113.8")
    assert seen("::ffff:203.0.113.7") == seen("203.0.113.7")
    assert seen("2001:db8::1") == seen("2001:db8::ffff:2") != seen("2001:db8:0:1::1")
    assert [seen(one) for one in ("127.0.0.1", "::1", "", "unix:")] == [None] * 4


def test_a_header_counts_only_where_a_proxy_writes_it() -> None:
    header = "X-Forwarded-For"
    assert seen("127.0.0.1", "", "203.0.113.7") is None
    assert seen("127.0.0.1", header, "198.51.100.1, 203.0.113.7") == seen("203.0.113.7")
    assert seen("203.0.113.7", header) == seen("203.0.113.7")
