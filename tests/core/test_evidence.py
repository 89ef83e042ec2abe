"""Evidence: what is written is read back, and what is not of the format is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sogoc.core import evidence
from sogoc.core.canonical import b64
from sogoc.core.evidence import Evidence, Lasting
from sogoc.errors import MalformedError
from tests.archive import on_july, story

STORY = story()
STORY.archive.act("revoke", STORY.first[0])
STORY.archive.state(on_july(17, 20))
WHOLE = STORY.archive.evidence(STORY.first[0], at=18)
VALUE: dict[str, Any] = json.loads(WHOLE.encode())


def test_what_is_written_is_read_back() -> None:
    assert evidence.parse(WHOLE.encode()) == WHOLE
    assert WHOLE.fresh is not None
    assert evidence.parse_fresh(WHOLE.fresh.encode()) == WHOLE.fresh
    assert set(VALUE) == {"type", "lasting", "fresh"}
    assert set(VALUE["lasting"]) == {"credential", "checkpoint", "leaf", "batch", "logged", "anchor"}
    assert set(VALUE["fresh"]) == {"type", "checkpoint", "links", "state", "authorities", "statuses", "acts"}


@pytest.mark.parametrize(
    "part",
    [
        Evidence(lasting=Lasting(credential="x")),
        replace(WHOLE, fresh=None),
        replace(WHOLE, lasting=replace(WHOLE.lasting, path=None)),
        replace(WHOLE, lasting=replace(WHOLE.lasting, after=None)),
        replace(WHOLE, lasting=replace(WHOLE.lasting, after=None, before=None, anchor=None)),
        replace(WHOLE, lasting=replace(WHOLE.lasting, checkpoint=None, leaf=None, batch=None, path=None)),
        replace(WHOLE, fresh=replace(WHOLE.fresh, state=None, links=(), authorities=(), statuses=(), acts=())),  # type: ignore[type-var]
        replace(
            WHOLE,
            fresh=replace(  # type: ignore[type-var]
                WHOLE.fresh,
                acts=tuple(
                    replace(act, decision_number=None, salt=None) for act in (WHOLE.fresh.acts if WHOLE.fresh else ())
                ),
            ),
        ),
    ],
    ids=range(8),
)
def test_parts_of_it_too(part: Evidence) -> None:
    assert evidence.parse(part.encode()) == part


def test_a_bare_credential_is_evidence_without_anything_else() -> None:
    text = STORY.first[0].credential
    assert evidence.parse(text.encode()) == Evidence(lasting=Lasting(credential=text))
    assert evidence.parse(text.encode() + b"\n") == Evidence(lasting=Lasting(credential=text))
    with pytest.raises(MalformedError):
        evidence.parse("eyJé".encode())


def test_spacing_and_order_are_free() -> None:
    assert evidence.parse(json.dumps(dict(reversed(VALUE.items())), indent=7).encode()) == WHOLE
    assert evidence.parse(json.dumps(VALUE, separators=(",", ":"), ensure_ascii=False).encode()) == WHOLE


def read(presented: bytes, *, in_halves: bool) -> Evidence | str:
    """What a file is read as, or why it is refused."""
    with pytest.MonkeyPatch.context() as patch:
        if not in_halves:
            patch.setattr(evidence, "_REMEMBERED", -1)
        try:
            return evidence.parse(presented)
        except MalformedError as error:
            return error.en


WRITTEN = WHOLE.encode()
FRESH_AT = WRITTEN.index(b',\n  "fresh": ')
LASTING, FRESH = WRITTEN[:FRESH_AT], WRITTEN[FRESH_AT:].removesuffix(b"\n}\n")


def test_as_it_was_written_it_is_read_in_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "_fresh", lambda _: pytest.fail("the end of this file was read before"))
    other = WRITTEN.replace(WHOLE.lasting.credential.encode(), STORY.first[1].credential.encode())
    assert evidence.parse(WRITTEN) == WHOLE
    assert evidence.parse(other).fresh == WHOLE.fresh


@pytest.mark.parametrize(
    "presented",
    [
        LASTING + FRESH + FRESH + b"\n}\n",
        LASTING + b',"fresh":{}' + FRESH + b"\n}\n",
        LASTING + FRESH + b',"fresh":{}\n}\n',
        LASTING + FRESH + b',"type":"sogoc/evidence/v1"\n}\n',
        LASTING + FRESH + b',"lasting":{}\n}\n',
        LASTING + FRESH + b"\n}\n}\n",
        LASTING + FRESH,
        LASTING + FRESH[:-1] + b"\n}\n",
        LASTING[:-1] + FRESH + b"}\n}\n",
        LASTING + b"\n}" + FRESH + b"\n}\n",
        b"{" + FRESH[1:] + LASTING[1:].join((b",", b"\n}\n")),
        b'{"type":"sogoc/evidence/v1"' + FRESH + b"\n}\n",
        b"{" + FRESH + b"\n}\n",
        FRESH[1:] + b"\n}\n",
        FRESH + b"\n}\n",
        b"",
    ],
    ids=range(16),
)
def test_a_file_cut_where_its_halves_meet_is_the_whole_file(presented: bytes) -> None:
    assert read(presented, in_halves=True) == read(presented, in_halves=False)


@given(
    at=st.integers(-200, 200).map(lambda near: FRESH_AT + near) | st.integers(0, len(WRITTEN)),
    gone=st.integers(0, 40),
    come=st.sampled_from(
        [
            b"",
            b" ",
            b"\n",
            b"}",
            b"{",
            b"\n}\n",
            b",",
            b'"',
            b"x",
            b'"a":"b",',
            b',\n  "fresh": ',
            b',\n  "fresh": {}',
            FRESH,
            LASTING,
        ]
    ),
)
@example(at=FRESH_AT, gone=0, come=b"")
def test_changed_bytes_are_read_the_same_in_halves_and_whole(at: int, gone: int, come: bytes) -> None:
    presented = WRITTEN[:at] + come + WRITTEN[at + gone :]
    assert read(presented, in_halves=True) == read(presented, in_halves=False)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every member and item, objects and arrays included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inner:
        yield (*path, name)
        yield from places(item, (*path, name))


def put(path: tuple[Any, ...], content: Any) -> bytes:
    value = copy.deepcopy(VALUE)
    at = value
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = content
    return json.dumps(value).encode()


PLACES = [path for path in places(VALUE) if path[:2] != ("lasting", "anchor")]


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
def test_every_member_has_its_type(path: tuple[Any, ...]) -> None:
    was: Any = VALUE
    for name in path:
        was = was[name]
    for content in (None, 1.5, True, -1, 2**53, "\x00" * 3 if isinstance(was, int) else 7, {"a": "b"}, "é\ud800"):
        with pytest.raises(MalformedError):
            evidence.parse(put(path, content))


@pytest.mark.parametrize(
    "path", [path for path in PLACES if isinstance(path[-1], str)], ids=lambda path: ".".join(map(str, path))
)
def test_unknown_members_are_refused_beside_every_member(path: tuple[Any, ...]) -> None:
    with pytest.raises(MalformedError):
        evidence.parse(put((*path[:-1], "note"), "x"))


HASHES = [b64(bytes(32))]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (("type",), "sogoc/evidence/v2"),
        (("fresh", "type"), "sogoc/evidence/v1"),
        (("lasting", "credential"), "x" * 65_536),
        (("lasting", "checkpoint"), "x" * 65_536),
        (("lasting", "leaf", "entry"), "x" * 16_385),
        (("lasting", "leaf", "proof"), HASHES * 65),
        (("lasting", "batch", "path"), HASHES * 65),
        (("lasting", "leaf", "proof"), [b64(bytes(31))]),
        (("lasting", "leaf", "proof"), "x"),
        (("fresh", "links", 0, "proof"), HASHES * 129),
        (("fresh", "authorities", 0, "path"), HASHES * 65),
        (("fresh", "statuses", 0, "zlib"), "=="),
        (("fresh", "statuses", 0, "list"), 2**32),
        (("fresh", "acts", 0, "salt"), b64(bytes(15))),
        (("fresh", "acts", 0, "decision_number"), "x" * 101),
        (("lasting", "anchor"), []),
        (("lasting", "anchor", "deep"), [[[[[[[["x"]]]]]]]]),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_limits(path: tuple[Any, ...], content: Any) -> None:
    with pytest.raises(MalformedError):
        evidence.parse(put(path, content))


@pytest.mark.parametrize("name", ["decision_number", "salt"])
def test_an_act_opens_its_decision_whole_or_not(name: str) -> None:
    value = copy.deepcopy(VALUE)
    del value["fresh"]["acts"][0][name]
    with pytest.raises(MalformedError, match="by half"):
        evidence.parse(json.dumps(value).encode())


def test_size() -> None:
    content = WHOLE.encode()
    padding = b" " * (evidence.MAX_BYTES - len(content))
    assert evidence.parse(content + padding) == WHOLE
    with pytest.raises(MalformedError, match="longer"):
        evidence.parse(content + padding + b" ")
    assert WHOLE.fresh is not None
    assert evidence.parse_fresh(WHOLE.fresh.encode() + b" " * evidence.MAX_BYTES) == WHOLE.fresh
