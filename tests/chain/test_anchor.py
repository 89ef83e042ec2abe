"""The pure part: reading an event, a finality rule and an observation, and nothing but them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from sogoc.core.anchor import (
    ANCHORED_TOPIC,
    MAX_GROWTH,
    Confirmations,
    Event,
    FinalityRule,
    FinalizedTag,
    Observation,
    VictionFinality,
    decode_event,
    finality_from_json,
    finality_to_json,
    follows,
    origin_hash,
)
from sogoc.errors import MalformedError

ORIGIN = "sogoc.example/log"
ROOT = bytes(range(32))


def topics(sequence: int = 3) -> list[bytes]:
    return [ANCHORED_TOPIC, origin_hash(ORIGIN), sequence.to_bytes(32)]


def data(size: int = 1000) -> bytes:
    return size.to_bytes(32) + ROOT


OBSERVED = Observation(
    chain_id=89,
    contract="0x" + "ab" * 20,
    block_number=120,
    block_hash=b"\x01" * 32,
    sequence=3,
    size=1000,
    root=ROOT,
    time=1_795_000_000,
    endpoints=("https://one.example", "https://two.example"),
    observed_at=datetime(2026, 11, 23, 18, 0, 5, tzinfo=UTC),
)


def test_the_topic_is_the_hash_of_the_event() -> None:
    assert keccak(text="Anchored(bytes32,uint64,uint64,bytes32)") == ANCHORED_TOPIC


def test_the_origin_is_hashed_as_the_specification_says() -> None:
    # printf 'sogoc.example/log' | sha256sum
    assert origin_hash(ORIGIN).hex() == "9af4baf378f9111d6a0fee1fe73bc6db60947c71271194f6995df714fef7d8cd"


def test_an_event_is_read() -> None:
    assert decode_event(topics(), data(), origin=ORIGIN) == Event(sequence=3, size=1000, root=ROOT)


@pytest.mark.parametrize(
    ("presented_topics", "presented_data"),
    [
        ([], data()),
        (topics()[:2], data()),
        ([*topics(), ROOT], data()),
        ([ROOT, *topics()[1:]], data()),
        ([ANCHORED_TOPIC, origin_hash("sogoc.example/other"), topics()[2]], data()),
        ([*topics()[:2], b"\x03"], data()),
        ([*topics()[:2], (2**64).to_bytes(32)], data()),
        (topics(), b""),
        (topics(), data()[:-1]),
        (topics(), data() + b"\x00"),
        (topics(), data(0)),
        (topics(), data(2**64)),
    ],
)
def test_anything_else_is_no_event(presented_topics: list[bytes], presented_data: bytes) -> None:
    with pytest.raises(MalformedError):
        decode_event(presented_topics, presented_data, origin=ORIGIN)


@given(st.lists(st.binary(max_size=33), max_size=5), st.binary(max_size=80))
def test_no_bytes_at_all_do_anything_but_parse_or_refuse(presented_topics: list[bytes], presented_data: bytes) -> None:
    with pytest.raises(MalformedError):
        decode_event(presented_topics, presented_data, origin=ORIGIN)


@pytest.mark.parametrize(
    ("later", "possible"),
    [
        ((4, 1001), True),
        ((4, 1000 + MAX_GROWTH), True),
        ((4, 1001 + MAX_GROWTH), False),
        ((4, 1000), False),
        ((4, 999), False),
        ((3, 1001), False),
        ((5, 1001), False),
    ],
)
def test_one_anchor_follows_another_as_the_contract_allows(later: tuple[int, int], possible: bool) -> None:
    first = Event(sequence=3, size=1000, root=ROOT)
    assert follows(first, Event(sequence=later[0], size=later[1], root=ROOT)) is possible


RULES: list[tuple[FinalityRule, dict[str, Any]]] = [
    (Confirmations(blocks=0), {"rule": "confirmations", "blocks": 0}),
    (Confirmations(blocks=12), {"rule": "confirmations", "blocks": 12}),
    (FinalizedTag(), {"rule": "finalized"}),
    (VictionFinality(), {"rule": "viction", "blocks": 60, "percent": 75}),
]


@pytest.mark.parametrize(("rule", "encoded"), RULES)
def test_a_finality_rule_is_written_and_read(rule: FinalityRule, encoded: dict[str, Any]) -> None:
    assert finality_to_json(rule) == encoded
    assert finality_from_json(encoded) == rule


@pytest.mark.parametrize(
    "presented",
    [
        None,
        "finalized",
        {},
        {"rule": "soon"},
        {"rule": "confirmations"},
        {"rule": "confirmations", "blocks": -1},
        {"rule": "confirmations", "blocks": "3"},
        {"rule": "confirmations", "blocks": True},
        {"rule": "confirmations", "blocks": 3.0},
        {"rule": "confirmations", "blocks": 3, "percent": 1},
        {"rule": "finalized", "blocks": 3},
        {"rule": "viction", "blocks": 60},
        {"rule": "viction", "blocks": 60, "percent": 0},
        {"rule": "viction", "blocks": 60, "percent": 101},
        {"rule": ["viction"]},
    ],
)
def test_any_other_finality_rule_is_refused(presented: object) -> None:
    with pytest.raises(MalformedError):
        finality_from_json(presented)


def test_an_observation_is_written_and_read() -> None:
    encoded = OBSERVED.to_json()
    assert encoded["root"] == "0x" + ROOT.hex()
    assert encoded["observed_at"] == "2026-11-23T18:00:05Z"
    assert Observation.from_json(encoded) == OBSERVED


@pytest.mark.parametrize("name", list(Observation.__slots__))
def test_an_observation_lacks_nothing(name: str) -> None:
    encoded = OBSERVED.to_json()
    del encoded[name]
    with pytest.raises(MalformedError):
        Observation.from_json(encoded)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("note", "more"),
        ("chain_id", 0),
        ("chain_id", "89"),
        ("chain_id", True),
        ("contract", "0x" + "AB" * 20),
        ("contract", "ab" * 20),
        ("contract", "0x" + "ab" * 20 + "\n"),
        ("block_number", -1),
        ("block_number", 2**53),
        ("block_hash", "0x01"),
        ("block_hash", "0x" + "0１" * 32),
        ("root", ROOT.hex()),
        ("root", None),
        ("size", 0),
        ("size", 1.0),
        ("time", "2026-11-23T18:00:00Z"),
        ("endpoints", []),
        ("endpoints", "https://one.example"),
        ("endpoints", ["https://one.example"] * 17),
        ("endpoints", ["with a space"]),
        ("endpoints", [7]),
        ("observed_at", 1_795_000_000),
        ("observed_at", "2026-11-23T18:00:05"),
        ("observed_at", "2026-11-23 18:00:05Z"),
        ("observed_at", "2026-11-23T18:00:5Z"),
        ("observed_at", "2026-02-30T18:00:05Z"),
    ],
)
def test_an_observation_is_read_strictly(name: str, value: object) -> None:
    with pytest.raises(MalformedError):
        Observation.from_json({**OBSERVED.to_json(), name: value})
