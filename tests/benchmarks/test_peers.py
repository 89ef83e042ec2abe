"""Peers are compared on the same records, and a comparison that proves nothing is refused."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable

import pytest

from benchmarks.peers import compare, timing
from benchmarks.peers.list import PEERS
from benchmarks.records import record

RECORDS = [record(number) for number in range(3)]


def test_every_peer_has_its_program_and_says_what_it_leaves_out() -> None:
    for peer in PEERS:
        assert (compare.HERE / peer.program).is_file()
        assert peer.does
        assert peer.does_not


@pytest.mark.parametrize("name", ["sogoc", "sd-jwt"])  # the others are not installed with the tests
def test_a_peer_issues_verifies_and_refuses_a_changed_copy(name: str) -> None:
    peer = next(one for one in PEERS if one.name == name)
    figures = compare.measured(peer.name, peer.program, RECORDS)
    assert [(one.name, one.n) for one in figures] == [(f"peer: {name}: issue", 3), (f"peer: {name}: verify", 3)]
    assert all(one.value > 0 and len(one.runs) == timing.ROUNDS for one in figures)


@pytest.mark.parametrize(
    ("verify", "refusal"),
    [(lambda _: True, "still believed"), (lambda one: one is None, "0 of 3"), (lambda one: one == {}, "0 of 3")],
)
def test_a_verifier_that_believes_all_or_nothing_is_not_timed(
    monkeypatch: pytest.MonkeyPatch, verify: Callable[[object], bool], refusal: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(RECORDS)))
    with pytest.raises(SystemExit, match=refusal):
        timing.compare(lambda records: records, verify, lambda _: None)
