"""Hostile evidence: whatever is done to it by hand or by chance, the answer is a report, and never a clean `valid`.

`meaning` is what the parser understood. Where a change leaves it as it was (spaces, order, escapes), the answer stays too.
"""

from __future__ import annotations

import base64
import copy
import json
import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sogoc.core import evidence
from sogoc.core.evidence import Evidence
from sogoc.core.report import Report, Verdict
from sogoc.core.verify import verify_bytes
from sogoc.errors import MalformedError
from tests.archive import NOW, on_july, story

STORY = story()
ARCHIVE = STORY.archive
DIPLOMA = STORY.first[2]
POLICY = ARCHIVE.policy(18, 23)
GOOD = ARCHIVE.evidence(DIPLOMA, at=18)
BYTES = GOOD.encode()
VALUE: dict[str, Any] = json.loads(BYTES)
CLEAN = {Verdict.VALID, Verdict.PENDING}


def look(presented: bytes) -> Report:
    report = verify_bytes(presented, POLICY, NOW)
    json.dumps(report.to_json())  # every answer can be written down
    return report


def meaning(presented: bytes) -> Evidence | None:
    try:
        return evidence.parse(presented)
    except MalformedError:
        return None


def test_it_is_valid_before_anything_is_done_to_it() -> None:
    assert look(BYTES).verdict is Verdict.VALID


# -- changed by chance --------------------------------------------------------------------------------------------------


def essential(presented: bytes) -> bool:
    """Whether more was changed than what nothing rests on: the hint of an anchor, and the times around the leaf."""
    parsed = meaning(presented)
    if parsed is None:
        return True

    def bare(one: Evidence) -> Evidence:
        return replace(one, lasting=replace(one.lasting, anchor=None))

    return bare(parsed) != bare(GOOD)


@pytest.mark.parametrize("seed", range(5))
def test_five_hundred_flipped_bytes(seed: int) -> None:
    chance = random.Random(seed)
    unchanged = 0
    for _ in range(100):
        at, by = chance.randrange(len(BYTES)), chance.randrange(1, 256)
        flipped = BYTES[:at] + bytes([BYTES[at] ^ by]) + BYTES[at + 1 :]
        report = look(flipped)
        if essential(flipped):
            assert report.verdict not in CLEAN, (at, by)
        else:
            unchanged += 1
    assert unchanged < 20


@settings(max_examples=150)
@given(st.data())
def test_bytes_cut_out_doubled_or_moved(data: st.DataObject) -> None:
    places = st.integers(0, len(BYTES))
    start, end = sorted([data.draw(places), data.draw(places)])
    to = data.draw(places)
    piece = BYTES[start:end]
    for presented in (BYTES[:start] + BYTES[end:], BYTES[:end] + piece + BYTES[end:], BYTES[:to] + piece + BYTES[to:]):
        report = look(presented)
        assert not essential(presented) or report.verdict not in CLEAN


@given(
    st.binary(max_size=200) | st.text(max_size=100).map(str.encode) | st.binary(max_size=60).map(lambda b: b"eyJ" + b)
)
def test_any_bytes_at_all(presented: bytes) -> None:
    assert look(presented).verdict is Verdict.UNREADABLE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_any_json_at_all(value: Any) -> None:
    assert look(json.dumps(value).encode()).verdict is Verdict.UNREADABLE
    assert look(json.dumps(VALUE | {"lasting": value}).encode()).verdict is Verdict.UNREADABLE
    assert look(json.dumps(VALUE | {"fresh": value}).encode()).verdict is Verdict.UNREADABLE


# -- changed by hand ----------------------------------------------------------------------------------------------------


Path = tuple[Any, ...]


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inner:
        yield (*path, name)
        yield from places(item, (*path, name))


PLACES = list(places(VALUE))
LEAVES = [path for path in PLACES if not any(other[: len(path)] == path and other != path for other in PLACES)]

OPTIONAL = [("lasting", "logged"), ("lasting", "anchor"), ("fresh", "acts")]
"""What evidence may do without, and is valid without."""


def optional(path: Path) -> bool:
    return any(path[: len(one)] == one for one in OPTIONAL)


def at(value: Any, path: Path) -> Any:
    for name in path:
        value = value[name]
    return value


def edited(path: Path, edit: Callable[[Any, Any], None]) -> bytes:
    """The evidence after `edit(parent, name)` at the end of `path`."""
    value = copy.deepcopy(VALUE)
    edit(at(value, path[:-1]), path[-1])
    return json.dumps(value, ensure_ascii=False).encode()


def delete(parent: Any, name: Any) -> None:
    del parent[name]


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
def test_without_any_one_member(path: Path) -> None:
    report = look(edited(path, delete))
    if not optional(path):
        assert report.verdict not in CLEAN


def other_values(was: Any) -> list[Any]:
    others: list[Any] = [
        None,
        True,
        0,
        1,
        -1,
        2**53,
        1.5,
        "",
        "x",
        "é",
        "A" * 43,
        "x" * 70_000,
        "\ud800",
        [],
        {},
        [[[]]],
    ]
    if isinstance(was, int):
        others += [was + 1, was - 1, str(was), 2**40]
    if isinstance(was, str):
        others += [
            was + " ",
            was[:-1],
            was[::-1],
            was + was,
            was.swapcase(),
            [was],
            {"x": was},
            was.replace("1", "2", 1),
        ]
    return [other for other in others if other != was or type(other) is not type(was)]


@pytest.mark.parametrize("path", LEAVES, ids=lambda path: ".".join(map(str, path)))
def test_with_any_one_value_replaced(path: Path) -> None:
    was = at(VALUE, path)
    for other in other_values(was):

        def put(parent: Any, name: Any, other: Any = other) -> None:
            parent[name] = other

        value = copy.deepcopy(VALUE)
        put(at(value, path[:-1]), path[-1])
        report = look(json.dumps(value).encode())
        if not optional(path):
            assert report.verdict not in CLEAN, other


@settings(max_examples=100)
@given(st.data())
def test_with_any_two_parts_exchanged(data: st.DataObject) -> None:
    one, other = data.draw(st.sampled_from(PLACES)), data.draw(st.sampled_from(PLACES))
    if one[: len(other)] == other or other[: len(one)] == one:
        return
    value = copy.deepcopy(VALUE)
    first, second = copy.deepcopy(at(value, one)), copy.deepcopy(at(value, other))
    at(value, one[:-1])[one[-1]], at(value, other[:-1])[other[-1]] = second, first
    presented = json.dumps(value).encode()
    report = look(presented)
    if not (optional(one) and optional(other)) and essential(presented):
        assert report.verdict not in CLEAN


OTHERS: dict[str, Any] = {
    "another diploma of the batch": json.loads(ARCHIVE.evidence(STORY.first[3], at=18).encode()),
    "a diploma of another batch": json.loads(ARCHIVE.evidence(STORY.few[0]).encode()),
    "a diploma of another institution": json.loads(ARCHIVE.evidence(STORY.other[0], at=18).encode()),
    "the same at another size": json.loads(ARCHIVE.evidence(DIPLOMA, at=17, fresh_at=18, state=2).encode()),
}


@pytest.mark.parametrize("name", OTHERS)
def test_with_any_one_part_of_another(name: str) -> None:
    """Every part of another, wholly genuine evidence in the place of the same part of ours."""
    other = OTHERS[name]
    for path in PLACES:
        try:
            theirs = at(other, path)
        except (KeyError, IndexError):
            continue
        value = copy.deepcopy(VALUE)
        at(value, path[:-1])[path[-1]] = theirs
        if value == VALUE or optional(path) or path == ("lasting",):
            continue
        report = look(json.dumps(value).encode())
        assert report.verdict not in CLEAN, path
        if report.claims:
            assert report.claims == DIPLOMA.record, path


# -- the list of the issue ----------------------------------------------------------------------------------------------


def spliced(old: bytes, new: bytes) -> bytes:
    assert BYTES.count(old) >= 1
    return BYTES.replace(old, new, 1)


@pytest.mark.parametrize(
    ("what", "presented"),
    [
        ("a key twice", spliced(b'"lasting":', b'"lasting": {}, "lasting":')),
        ("a key twice, escaped", spliced(b'"lasting":', b'"l\\u0061sting": {}, "lasting":')),
        ("a key twice, deep", spliced(b'"index":', b'"index": 1, "index":')),
        ("a fraction", spliced(b'"index": ', b'"index": 1.0, "x": ')),
        ("an exponent", spliced(b'"index": ', b'"index": 1e0, "x": ')),
        ("not a number", spliced(b'"index": ', b'"index": NaN, "x": ')),
        ("a huge number", spliced(b'"index": ', b'"index": ' + b"9" * 5000)),
        ("deep nesting", b'{"type":"sogoc/evidence/v1","lasting":' + b"[" * 200_000),
        ("deep and balanced", b"[" * 20_000 + b"]" * 20_000),
        ("UTF-16", BYTES.decode().encode("utf-16")),
        ("a byte order mark", "\ufeff".encode() + BYTES),
        ("two documents", BYTES + BYTES),
        ("cut short", BYTES[:-3]),
        ("a comment", b"// hi\n" + BYTES),
        ("a zero byte", BYTES + b"\0"),
        ("nothing", b""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_malformed_json(what: str, presented: bytes) -> None:
    assert look(presented).verdict is Verdict.UNREADABLE


def test_a_bomb_in_the_place_of_a_list() -> None:
    packed = base64.urlsafe_b64encode(zlib.compress(bytes(10**9 // 16), 9)).decode().rstrip("=")
    value = copy.deepcopy(VALUE)
    value["fresh"]["statuses"][0]["zlib"] = packed
    assert look(json.dumps(value).encode()).verdict is Verdict.TAMPERED


def test_a_future_a_stale_and_a_rolled_back_state() -> None:
    for now, expected in ((on_july(17, 9), "future"), (on_july(19, 9), "stale")):
        report = verify_bytes(BYTES, POLICY, now)
        assert report.verdict is Verdict.INCONCLUSIVE
        assert expected in [finding.code for finding in report.checks[7].findings]
    seen = replace(POLICY, seen=replace(ARCHIVE.seen(22, 23), index=23))
    assert verify_bytes(BYTES, seen, NOW).verdict is Verdict.INCONCLUSIVE


def test_many_links_cost_little() -> None:
    """Links between sizes that nobody knows are passed over, not computed."""
    value = copy.deepcopy(VALUE)
    value["fresh"]["links"] += [{"from": 1, "to": 2, "proof": []}] * 20_000
    assert look(json.dumps(value).encode()).verdict is Verdict.VALID
