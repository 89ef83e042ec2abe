"""Canonical JSON against RFC 8785, and everything outside the subset refused by name."""

from __future__ import annotations

import json
import re
import unicodedata
from base64 import urlsafe_b64encode
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from sogoc.core import canonical
from sogoc.errors import MalformedError

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=40).map(
    lambda text: unicodedata.normalize("NFC", text)
)
KEY = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
VALUE = st.recursive(
    TEXT | st.integers(0, 2**53 - 1) | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEY, inner, max_size=4),
    max_leaves=20,
).filter(lambda value: depth(value) <= canonical.MAX_DEPTH)


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


def nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


@given(VALUE)
def test_the_encoding_is_that_of_rfc_8785(value: Any) -> None:
    encoded = canonical.encode(value)
    assert encoded == rfc8785.dumps(value)
    assert canonical.decode(encoded) == value
    assert canonical.read(json.dumps(value, indent=2).encode(), limit=10**6) == value


@given(st.binary(max_size=60) | VALUE.map(lambda value: json.dumps(value).encode()))
def test_what_is_read_encodes_to_itself(presented: bytes) -> None:
    try:
        value = canonical.decode(presented)
    except MalformedError:
        return
    assert rfc8785.dumps(value) == presented


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "NoneType has no canonical form"),
        (1.5, "float has no canonical form"),
        (b"x", "bytes has no canonical form"),
        ({1, 2}, "set has no canonical form"),
        (-1, "negative or not below"),
        (2**53, "negative or not below"),
        ("a\u0301", "NFC"),
        ("\ud800", "half a character"),
        ("a\nb", "control character"),
        ("\x7f", "control character"),
        ("\x85", "control character"),
        ({"é": 1}, "not plain ASCII"),
        ({"a\tb": 1}, "not plain ASCII"),
        ({1: 1}, "not plain ASCII"),
        (nested(9), "deeper than 8"),
    ],
    ids=repr,
)
def test_all_else_is_refused_by_name(value: Any, name: str) -> None:
    with pytest.raises(MalformedError, match=name):
        canonical.encode(value)
    with pytest.raises(MalformedError):
        canonical.encode([{"in": value}])


@pytest.mark.parametrize(
    "presented",
    [
        b"",
        b" {}",
        b"{}\n",
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a": 1}',
        b"1.0",
        b"1e2",
        b"-0",
        b"01",
        b"9007199254740992",
        b"1" * 400,
        b'"\\u0041"',
        b'"\\/"',
        b'"\xc3"',
        b'"\\ud800"',
        "\ufeff{}".encode(),
        b"NaN",
        b"null",
        b"[" * 100_000,
        b"[" * 9 + b"]" * 9,
    ],
    ids=lambda presented: repr(presented[:20]),
)
def test_bytes_that_are_not_canonical(presented: bytes) -> None:
    with pytest.raises(MalformedError):
        canonical.decode(presented, limit=10**6)


def test_eight_levels_are_enough_and_allowed() -> None:
    assert canonical.decode(canonical.encode(nested(8))) == nested(8)


def test_limits() -> None:
    with pytest.raises(MalformedError, match="longer than 3"):
        canonical.decode(b'"ab"', limit=3)
    with pytest.raises(MalformedError, match="longer than 3"):
        canonical.read(b'"ab"', limit=3)
    assert canonical.decode(b'"ab"', limit=4) == "ab"


@pytest.mark.parametrize(
    "presented",
    [
        b'{"a":1,"a":1}',
        b'{"x":{"a":1,"b":2,"a":3}}',
        b"1.0",
        b"1e2",
        b"NaN",
        b"Infinity",
        b"null",
        b"-1",
        b"9007199254740992",
        b"1" * 5000,
        b"[" * 9 + b"]" * 9,
        b"[" * 100_000,
        b'"\xff"',
        b'"\\udc00"',
        '"a\u0301"'.encode(),
        "\ufeff{}".encode(),
    ],
    ids=lambda presented: repr(presented[:20]),
)
def test_files_of_people_are_read_in_any_spacing_and_nothing_more(presented: bytes) -> None:
    with pytest.raises(MalformedError):
        canonical.read(presented, limit=10**6)


def test_a_file_may_hold_lines_of_text() -> None:
    assert canonical.read(b' { "b" : 1 ,\n "a" : "x\\ny" } ', limit=100) == {"a": "x\ny", "b": 1}


@given(st.lists(st.characters(max_codepoint=0x2FF, codec="utf-8"), max_size=6).map("".join))
def test_what_is_encoded_is_read_and_nothing_else(text: str) -> None:
    """Also with control characters, which stand in JSON escaped, raw (U+007F) or as two bytes (U+0080 and on)."""
    presented = orjson.dumps({"a": [text, "b"], "b": text})
    try:
        assert canonical.encode({"a": [text, "b"], "b": text}) == presented
    except MalformedError as error:
        with pytest.raises(MalformedError, match=re.escape(error.en)):
            canonical.decode(presented)
    else:
        assert canonical.decode(presented) == {"a": [text, "b"], "b": text}


@given(st.binary(max_size=70))
def test_b64_is_base64url_without_padding(content: bytes) -> None:
    assert canonical.b64(content) == urlsafe_b64encode(content).decode().rstrip("=")
    assert canonical.unb64(canonical.b64(content), len(content)) == content


@given(st.text(alphabet="AQgwx09-_=+/ \n", max_size=9))
def test_b64_has_one_form(text: str) -> None:
    try:
        content = canonical.unb64(text)
    except MalformedError:
        return
    assert canonical.b64(content) == text


@pytest.mark.parametrize(
    "text", ["A", "AB", "AA==", "AA\n", "A A", "+/+/", "é", "AAB", 1, None, b"AA", ["AA"]], ids=repr
)
def test_b64_in_another_form(text: object) -> None:
    with pytest.raises(MalformedError):
        canonical.unb64(text)


def test_b64_of_another_length() -> None:
    with pytest.raises(MalformedError, match="32 bytes"):
        canonical.unb64("AAAA", 32)


@pytest.mark.parametrize("value", [True, False, -1, 11, "5", 5.0, None])
def test_integers_are_integers_in_a_range(value: object) -> None:
    with pytest.raises(MalformedError):
        canonical.integer(value, 0, 10)


def test_members_are_a_closed_list() -> None:
    a, b = frozenset({"a"}), frozenset({"b"})
    assert canonical.members({"a": 1, "b": 2}, a, b) == {"a": 1, "b": 2}
    others: list[Any] = [{}, {"b": 1}, {"a": 1, "c": 1}, [], "a", None]
    for value in others:
        with pytest.raises(MalformedError):
            canonical.members(value, a, b)


def one_by_one(texts: list[Any], length: int | None = None) -> list[bytes] | None:
    try:
        return [canonical.unb64(text, length) for text in texts]
    except MalformedError:
        return None


B64 = st.binary(max_size=40).map(canonical.b64) | st.text(alphabet="AQgwx09-_=+/~ \n", max_size=9)


@given(st.lists(B64, max_size=5))
def test_many_are_decoded_as_each_is_by_itself(texts: list[str]) -> None:
    expected = one_by_one(texts)
    if expected is None:
        with pytest.raises(MalformedError):
            canonical.unb64_all(texts)
    else:
        assert canonical.unb64_all(texts) == expected


@given(st.integers(1, 40), st.data())
def test_many_of_one_length_are_decoded_as_each_is_by_itself(length: int, data: st.DataObject) -> None:
    right = st.binary(min_size=length, max_size=length).map(canonical.b64)
    # One letter more, less or another: also its last, whose bits may say nothing.
    nearly = st.tuples(right, st.sampled_from("AQgw_=é")).flatmap(
        lambda both: st.sampled_from([both[0][:-1] + both[1], both[0] + both[1], both[0][1:], both[1] + both[0][1:]])
    )
    texts: list[Any] = data.draw(st.lists(right, max_size=4)) + data.draw(st.lists(nearly | st.none(), max_size=1))
    texts = data.draw(st.permutations(texts))
    expected = one_by_one(texts, length)
    if expected is None:
        with pytest.raises(MalformedError):
            canonical.unb64_each(texts, length)
    else:
        assert canonical.unb64_each(texts, length) == expected
    if None not in texts:
        assert canonical.are_b64(texts, length) == (expected is not None)


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ("\x07", "control"),
        ("\x7f", "control"),
        ("\x85", "control"),
        ("e\u0301", "NFC"),
        ("\ud800", "half"),
        (1.5, "float"),
        (None, "NoneType"),
        (2**53, "2^53"),
    ],
)
@pytest.mark.parametrize("place", [0, 5, 11])
def test_one_value_among_many_is_refused_by_name(wrong: Any, name: str, place: int) -> None:
    values: list[Any] = [f"Nguyễn Văn \\ « {number}" for number in range(12)]
    assert canonical.decode(canonical.encode(values)) == values
    values[place] = wrong
    with pytest.raises(MalformedError, match=name.replace("^", r"\^")):
        canonical.encode(values)
    with pytest.raises(MalformedError, match=name.replace("^", r"\^")):
        canonical.encode({f"key{number}": value for number, value in enumerate(values)})


def test_a_mark_does_not_join_the_text_before_it() -> None:
    values = ["e", "\u0301", *("a" * number for number in range(10))]
    assert canonical.decode(canonical.encode(values)) == values


@given(st.lists(st.binary(max_size=70)))
def test_many_are_encoded_as_each_is_by_itself(contents: list[bytes]) -> None:
    assert canonical.b64_all(contents) == list(map(canonical.b64, contents))
