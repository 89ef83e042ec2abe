"""What a verifier remembers: it only moves on, along one tree, and no fork takes its place."""

from __future__ import annotations

import copy

import pytest

from sogoc.adapters.memory import MemoryFiles
from sogoc.core.trust import Policy
from sogoc.errors import CheckpointError, LogForked, SignatureError
from sogoc.services.observing import remember_state
from tests.archive import Archive
from tests.histories import History, an_archive
from tests.published import LOG, published


def begun() -> History:
    history = an_archive()
    history.issue(1, history.pairs(3))
    history.state()
    return history


def grown(history: History, count: int) -> History:
    later = copy.deepcopy(history)
    later.issue(1, later.pairs(count))
    later.state()
    return later


@pytest.fixture
def policy() -> Policy:
    return LOG.policy()


def test_it_moves_on_with_the_log_and_never_back(policy: Policy) -> None:
    history = begun()
    first = remember_state(policy, published(history))
    assert first.seen is not None
    assert (first.seen.size, first.seen.index) == (history.size, history.size - 1)
    later = grown(history, 4)
    second = remember_state(first, published(later))
    assert second.seen is not None
    assert second.seen.size == later.size
    assert remember_state(second, published(history)) == second


def test_another_tree_of_the_same_size_is_a_fork(policy: Policy) -> None:
    history = begun()
    seen = remember_state(policy, published(grown(history, 4)))
    other = copy.deepcopy(history)
    other.pairs(1)  # draws, so that what follows differs
    with pytest.raises(LogForked):
        remember_state(seen, published(grown(other, 4)))


def test_a_larger_tree_that_does_not_continue_the_one_seen_is_a_fork(policy: Policy) -> None:
    history = begun()
    seen = remember_state(policy, published(grown(history, 4)))
    other = copy.deepcopy(history)
    other.pairs(1)
    with pytest.raises(LogForked):
        remember_state(seen, published(grown(other, 9)))


def test_a_checkpoint_that_the_log_did_not_sign_is_not_remembered(policy: Policy) -> None:
    with pytest.raises((CheckpointError, SignatureError)):
        remember_state(policy, published(begun(), log=Archive(log_name="forger")))
    with pytest.raises(CheckpointError):
        remember_state(policy, MemoryFiles())
