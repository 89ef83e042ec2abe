"""Entries: exact bytes, closed lists of members, and a public tally that names no small group."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sogoc.core import canonical, entry, merkle, override
from sogoc.core import tally as tallies
from sogoc.core.canonical import b64
from sogoc.core.commitment import seal
from sogoc.core.entry import (
    Batch,
    Custody,
    Entry,
    KeyCut,
    State,
    StatusAct,
    Successor,
    read_time,
)
from sogoc.core.record import DEGREE, MODES
from sogoc.errors import MalformedError, SignatureError
from tests import reference
from tests.archive import ORIGIN, Archive, Key, record

KEY = Key("signer")
ID, HASH = b64(bytes(16)), bytes(range(32))


def a_batch() -> Batch:
    return Batch(
        id=ID,
        institution=3,
        schema=DEGREE.id,
        level="bachelor",
        decision_number="412/QĐ-ĐHSG",
        decided_on="2026-06-30",
        decision_total=40,
        awarded_on="2026-07-15",
        provenance="A",
        override=(),
        count=11,
        tally=(("", "", "", 5), ("7480201", "full-time", "2022", 6)),
        tally_digest=HASH,
        root=HASH,
    )


def samples() -> list[Entry]:
    signed: Any = KEY.signed
    successor = {"id": ID, "batch": HASH, "commitment": HASH, "decision": HASH, "institution": 3, "on": "2026-07-17"}
    act = {"id": ID, "decision": HASH, "institution": 3, "on": "2026-07-17", "previous": 7, "target": 7}
    return [
        entry.Authority(institution=3, version=1, page=HASH),
        entry.Issue(batch=HASH, commitment=HASH, institution=3, status=(0, 73121)),
        signed(a_batch()),
        *(
            signed(Successor(act=name, follows=7, previous=9, status=(1, 2), **successor))  # type: ignore[arg-type]
            for name in ("amend", "reissue")
        ),
        *(signed(StatusAct(act=name, wording="by-decision", **act)) for name in entry.STATUS_ACTS),  # type: ignore[arg-type]
        signed(
            Custody(
                id=ID,
                books=(("degree", "1998", 12, HASH), ("degree", "1999", 0, HASH)),
                custodian=4,
                decision=HASH,
                institution=3,
                on="2026-07-17",
                version=2,
            )
        ),
        signed(KeyCut(id=ID, key=KEY.kid, start=100, on="2026-07-17", wording="by-decision")),
        State(
            at=datetime(2026, 11, 23, 18, tzinfo=UTC),
            authority_size=4,
            authority_root=HASH,
            status_size=1,
            status_root=HASH,
        ),
    ]


def name_of(value: Entry) -> str:
    return str(json.loads(value.encode())["act"])


@pytest.mark.parametrize("value", samples(), ids=name_of)
def test_what_is_written_is_read_back(value: Entry) -> None:
    content = value.encode()
    assert entry.parse(content) == value
    assert (
        json.dumps(json.loads(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == content
    )
    assert len(content) <= entry.MAX_BYTES
    if isinstance(value, entry.Statement):
        value.verify(KEY.jwk, origin=ORIGIN)
        for jwk, origin in ((Key("x").jwk, ORIGIN), (KEY.jwk, "elsewhere.example/1")):
            with pytest.raises(SignatureError):
                value.verify(jwk, origin=origin)


def test_the_example_of_the_specification() -> None:
    issue = entry.Issue(batch=bytes(32), commitment=HASH, institution=3, status=(0, 73121))
    zeros = "A" * 43
    assert issue.encode().decode() == (
        f'{{"act":"issue","batch":"{zeros}","commitment":"{b64(HASH)}","institution":3,"status":[0,73121]}}'
    )


OTHERS: list[Any] = ["?", 2**53 - 1, True, [], {}, [{}], ["x", "y"], "x" * 3000]


@pytest.mark.parametrize("value", samples(), ids=name_of)
def test_members_are_a_closed_list_of_types(value: Entry) -> None:
    whole = json.loads(value.encode())
    for name in whole:
        with pytest.raises(MalformedError):
            entry.parse(canonical.encode({key: item for key, item in whole.items() if key != name}))
        for other in OTHERS:
            if type(other) is type(whole[name]) and name in {
                "custodian",
                "decision_number",
                "institution",
                "follows",
                "previous",
            }:
                continue
            if type(other) is int and name in {"target", "from", "version"}:
                continue
            if (name, other) in (("override", []), ("books", [])):
                continue
            if name == "decision_total" and type(other) is int:
                continue
            with pytest.raises(MalformedError):
                entry.parse(canonical.encode(whole | {name: other}))
    with pytest.raises(MalformedError):
        entry.parse(canonical.encode(whole | {"note": "x"}))
    for presented in (b" " + value.encode(), value.encode() + b"\n", value.encode()[:-1]):
        with pytest.raises(MalformedError):
            entry.parse(presented)


@pytest.mark.parametrize(
    ("act", "changes"),
    [
        ("issue", {"institution": 0}),
        ("issue", {"status": [0]}),
        ("issue", {"status": [0, 1, 2]}),
        ("issue", {"status": [0, 131_072]}),
        ("issue", {"status": [2**32, 0]}),
        ("issue", {"commitment": b64(bytes(31))}),
        ("issue", {"commitment": "A" * 42 + "B"}),
        ("authority", {"version": 0}),
        ("authority", {"institution": 0}),
        ("batch", {"count": 12}),
        ("batch", {"count": 0, "tally": []}),
        ("batch", {"tally": []}),
        ("batch", {"tally": [["7480201", "full-time", "", 11]] * 1 + [["x", "full-time", "", 0]]}),
        ("batch", {"tally": [["7480201", "full-time", "", 6], ["", "", "", 5]]}),
        ("batch", {"tally": [["7480201", "full-time", "", 4], ["7480202", "full-time", "", 7]]}),
        ("batch", {"tally": [["7480201", "full-time", "", 5], ["7480201", "full-time", "", 6]]}),
        ("batch", {"tally": [["7480201", "nightly", "", 11]]}),
        ("batch", {"tally": [["", "full-time", "", 11]]}),
        ("batch", {"tally": [["7480201", "", "", 11]]}),
        ("batch", {"tally": [["", "", "2022", 11]]}),
        ("batch", {"tally": [["7480201", "full-time", "22", 11]]}),
        ("batch", {"tally": [["7480201", "full-time", 11]]}),
        ("batch", {"schema": "urn:sogoc:record:degree:2"}),
        ("batch", {"level": "professor"}),
        ("batch", {"awarded_on": "2026-07"}),
        ("batch", {"decided_on": "2026-02-30"}),
        ("batch", {"override": False}),
        ("batch", {"override": ["quota", "power:7140201"]}),
        ("batch", {"override": ["power:7140201", "power:7140201"]}),
        ("batch", {"override": ["power"]}),
        ("batch", {"override": ["power:"]}),
        ("batch", {"override": ["quota:7140201"]}),
        ("batch", {"override": ["signer:"]}),
        ("batch", {"override": ["power:" + "7" * 13]}),
        ("batch", {"override": sorted(f"power:{number}" for number in range(65))}),
        ("batch", {"override": ["Power"]}),
        ("batch", {"override": ["decision-total"]}),
        ("batch", {"override": ["nguyen-van-an"]}),
        ("batch", {"tally": [["", "", "", 4], ["7480201", "full-time", "", 7]]}),
        ("batch", {"decision_total": 10}),
        ("batch", {"provenance": "E"}),
        ("batch", {"decision_number": "9" * 101}),
        ("batch", {"decision_number": "9/QĐ  A"}),
        ("batch", {"decision_number": "9/Q\u00d0"}),
        ("batch", {"decision_number": ""}),
        ("batch", {"id": b64(bytes(15))}),
        ("batch", {"signatures": []}),
        ("revoke", {"wording": "the person was caught"}),
        ("revoke", {"act": "forgive"}),
        ("revoke", {"act": "custody"}),
        ("custody", {"custodian": 3}),
        ("custody", {"custodian": 0}),
        ("custody", {"books": [["degree", "1998", 12, b64(HASH)], ["certificate", "1998", 3, b64(HASH)]]}),
        ("custody", {"books": [["degree", "1998", 12, b64(HASH)], ["degree", "1998", 3, b64(HASH)]]}),
        ("custody", {"books": [["degree", "98", 12, b64(HASH)]]}),
        ("custody", {"books": [["degree", "1998", 12]]}),
        ("custody", {"books": [["transcript", "1998", 12, b64(HASH)]]}),
        ("revoke", {"act": ["revoke"]}),
        ("key-cut", {"institution": 3}),
        ("key-cut", {"key": "x"}),
        ("state", {"time": "2026-11-23T18:00:00+00:00"}),
        ("state", {"time": "2026-11-23T18:00:00.0Z"}),
        ("state", {"time": "2026-1-23T18:00:00Z"}),
        ("state", {"time": "0999-11-23T18:00:00"}),
        ("state", {"time": "2026-11-31T18:00:00Z"}),
        ("state", {"status": {"root": b64(HASH), "size": -1}}),
        ("state", {"status": {"root": b64(HASH)}}),
    ],
)
def test_values_that_no_entry_has(act: str, changes: dict[str, Any]) -> None:
    (value,) = [json.loads(one.encode()) for one in samples() if name_of(one) == act]
    presented = json.dumps(value | changes, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    with pytest.raises(MalformedError):
        entry.parse(presented)


@pytest.mark.parametrize("presented", [b"", b"[]", b"{}", b'"issue"', b'{"act":null}', b"\xff", b"{" * 5000])
def test_bytes_that_are_no_entry(presented: bytes) -> None:
    with pytest.raises(MalformedError):
        entry.parse(presented)


def test_an_entry_has_a_largest_size() -> None:
    value = json.loads(KEY.signed(a_batch()).encode())
    tally = [[f"{number:012}", "self-study", "2022", 5] for number in range(512)]
    with pytest.raises(MalformedError, match="16384"):
        entry.parse(canonical.encode(value | {"tally": tally, "count": 2560, "decision_total": 2560}))


@given(st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)))
def test_times_have_one_form(at: datetime) -> None:
    utc = at.replace(tzinfo=UTC, microsecond=0)
    assert read_time(entry.write_time(utc)) == utc


@given(st.text("0123456789-:TZ 年", max_size=21))
def test_no_other_time_is_read(text: str) -> None:
    with pytest.raises(MalformedError):
        read_time(text)


# -- the batch tree ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 6, 7])
def test_a_batch_is_the_naive_tree_over_its_pairs(count: int) -> None:
    archive = Archive()
    ours = archive.accredit("DHSG01", "Trường Đại học Sông Gốc")
    diplomas = archive.issue(ours, [record(number) for number in range(count)])
    batch = json.loads(archive.entries[diplomas[0].batch_index])
    pairs = []
    for diploma in diplomas:
        committed = seal(DEGREE, diploma.record, diploma.secret).commitment
        pairs.append(committed + b"".join(number.to_bytes(4, "big") for number in diploma.status))
    assert pairs == sorted(pairs)
    assert batch["root"] == b64(reference.mth(pairs))
    for position, diploma in enumerate(diplomas):
        assert diploma.index == diploma.batch_index + 1 + position
        assert list(diploma.path or ()) == reference.path(position, pairs)
        leaf = json.loads(archive.entries[diploma.index])
        assert leaf["batch"] == b64(hashlib.sha256(b"\0" + archive.entries[diploma.batch_index]).digest())
        assert (
            merkle.leaf_hash(entry.pair(pairs[position][:32], diploma.status))
            == hashlib.sha256(b"\0" + pairs[position]).digest()
        )


# -- the tally --------------------------------------------------------------------------------------------------------

EXACT = st.dictionaries(
    st.tuples(
        st.sampled_from(["7480201", "7480202", "7140201", "B1"]),
        st.sampled_from(MODES),
        st.sampled_from(["", "2021", "2022"]),
    ),
    st.integers(1, 12),
    min_size=1,
)


@given(EXACT)
def test_a_public_tally_names_no_small_group(exact: dict[tallies.Cell, int]) -> None:
    public = tallies.public(exact)
    assert sum(n for _, _, _, n in public) == sum(exact.values())
    assert list(public) == sorted(public)
    merged = [n for *cell, n in public if not any(cell)]
    named = {(programme, *cell): n for programme, *cell, n in public if programme}
    assert named.items() <= exact.items()
    assert all(n >= 5 for n in named.values())
    assert len(merged) <= 1
    # A merged cell of under five is either everything there is, or would give away what it hides.
    if merged and merged[0] < 5:
        assert not named
    hidden = [n for cell, n in exact.items() if cell not in named]
    assert max(hidden, default=0) <= min(named.values(), default=99)
    # No cell is hidden for nothing: without the largest hidden one the rest would be small, or there would be none.
    if hidden and max(hidden) >= 5:
        assert 0 < sum(hidden) - max(hidden) < 5


@given(EXACT)
def test_a_public_tally_is_accepted_in_a_batch(exact: dict[tallies.Cell, int]) -> None:
    batch = KEY.signed(
        replace(a_batch(), tally=tallies.public(exact), count=sum(exact.values()), decision_total=10_000)
    )
    assert entry.parse(batch.encode()) == batch


def test_the_largest_override_is_accepted() -> None:
    named = tuple(sorted(override.set_aside("power", f"{number:012}") for number in range(override.AT_MOST)))
    cells = tuple(sorted((f"{number:012}", "self-study", "2022", 10_000) for number in range(256)))
    batch = replace(
        a_batch(), override=named, tally=cells, count=2_560_000, decision_number="9" + "Đ" * 99, decision_total=2**24,
    )  # fmt: skip
    for key in (KEY, Key("ministry")):
        batch = key.signed(batch)
    assert entry.parse(batch.encode()) == batch


@given(EXACT, st.binary(min_size=16, max_size=16))
def test_the_exact_tally_is_committed_to(exact: dict[tallies.Cell, int], salt: bytes) -> None:
    cells = sorted([*cell, n] for cell, n in exact.items())
    naive = json.dumps(cells, separators=(",", ":")).encode()
    assert tallies.digest(exact, salt) == hashlib.sha256(b"sogoc/tally/v1\0" + salt + naive).digest()
