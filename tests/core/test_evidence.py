"""Evidence: what is written is read back, and what is not of the format is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, combinations, pairwise, permutations, product
from operator import add
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


def read(presented: bytes, *, in_parts: bool) -> Evidence | str:
    """What a file is read as, or why it is refused."""
    with pytest.MonkeyPatch.context() as patch:
        if not in_parts:
            patch.setattr(evidence, "_REMEMBERED", -1)
        try:
            return evidence.parse(presented)
        except MalformedError as error:
            return error.en


WRITTEN = WHOLE.encode()
CUTS = (evidence._CHECKPOINT, evidence._LEAF, evidence._BATCH, evidence._PATH, evidence._END_OF_BATCH, evidence._FRESH)
CUT_AT = [WRITTEN.index(cut, WRITTEN.index(evidence._PATH)) if cut == CUTS[4] else WRITTEN.index(cut) for cut in CUTS]
PARTS = [WRITTEN[start:end] for start, end in pairwise([0, *CUT_AT, len(WRITTEN)])]
FRESH_AT = CUT_AT[-1]
LASTING, FRESH = WRITTEN[:FRESH_AT], WRITTEN[FRESH_AT:].removesuffix(b"\n}\n")


def test_what_the_diplomas_of_a_batch_share_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    other = replace(STORY.archive.evidence(STORY.first[1], at=18), fresh=WHOLE.fresh)
    assert evidence.parse(WRITTEN) == WHOLE
    for name in ("_lasting", "_fresh"):
        monkeypatch.setattr(evidence, name, lambda _: pytest.fail("this part of the file was read before"))
    read_again = evidence.parse(other.encode())
    assert read_again == other
    assert read_again.lasting.batch is evidence.parse(WRITTEN).lasting.batch
    assert read_again.lasting.leaf != WHOLE.lasting.leaf


def test_parts_in_another_order_or_number_are_read_the_same_in_parts_and_whole() -> None:
    assert [part[: len(cut)] for part, cut in zip(PARTS[1:], CUTS, strict=True)] == list(CUTS)
    for places in chain(permutations(range(7)), *(combinations(range(7), count) for count in range(7))):
        presented = b"".join(PARTS[place] for place in places)
        assert read(presented, in_parts=True) == read(presented, in_parts=False)
    for twice, at in product(range(7), range(7)):
        presented = b"".join((*PARTS[:at], PARTS[twice], *PARTS[at:]))
        assert read(presented, in_parts=True) == read(presented, in_parts=False)


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
def test_a_file_cut_where_its_parts_meet_is_the_whole_file(presented: bytes) -> None:
    assert read(presented, in_parts=True) == read(presented, in_parts=False)


@given(
    at=st.builds(add, st.sampled_from(CUT_AT), st.integers(-20, 20)) | st.integers(0, len(WRITTEN)),
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
            *CUTS,
            *(cut + b"{}" for cut in CUTS),
            *PARTS,
            FRESH,
            LASTING,
        ]
    ),
)
@example(at=FRESH_AT, gone=0, come=b"")
def test_changed_bytes_are_read_the_same_in_parts_and_whole(at: int, gone: int, come: bytes) -> None:
    presented = WRITTEN[:at] + come + WRITTEN[at + gone :]
    assert read(presented, in_parts=True) == read(presented, in_parts=False)


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
