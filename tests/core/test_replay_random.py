"""The replay over histories that nobody thought of: what is allowed passes, what was changed does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from sogoc.core import entry
from sogoc.core.authority import KeyWindow
from sogoc.core.canonical import b64
from sogoc.core.replay import Replay
from tests.archive import ORIGIN, Key
from tests.histories import MINISTRY, SECOND_MINISTRY, History, an_archive, hash_of

ACTS = ("revoke", "cancel", "suspend", "reinstate")
Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            (
                *ACTS,
                "amend",
                "reissue",
                "issue",
                "issue",
                "decide",
                "state",
                "accredit",
                "hand over",
                "cut",
                "page",
                "override",
            )
        ),
        st.integers(0, 10**6),
        st.integers(1, 6),
    ),
    max_size=25,
)


def live(steps: list[Step]) -> History:
    """Return the history in which these steps were taken, as far as each was allowed."""
    history = History()
    history.accredit()
    history.issue(1, history.pairs(3))
    spare = [Key(f"spare {number}") for number in range(len(steps))]
    left: dict[int, int] = {}
    for what, which, count in steps:
        ordinal = 1 + which % len(history.pages)
        if what == "accredit" and len(history.pages) < 10:
            history.accredit()
        elif what == "hand over":
            hand_over(history, ordinal, 1 + count % len(history.pages), spare.pop())
        elif what == "page":
            history.log_page(history.page(ordinal), by=(MINISTRY, SECOND_MINISTRY)[which % 2])
        elif what == "cut":
            change_key(history, ordinal, spare.pop())
        elif what in {"issue", "override", "decide"}:
            pairs = history.pairs(count, number=which % 3)
            draft = history.draft(ordinal, pairs, override=("power:7140201",) if what == "override" else ())
            if what == "decide" and left.setdefault(ordinal, 9) >= count:  # one decision over several batches
                left[ordinal] -= count
                draft = replace(draft, decision_number="9/QĐ", decision_total=9)
            history.issue(ordinal, pairs, by=[history.keys[ordinal], MINISTRY], batch=draft)
        elif what == "state":
            history.state()
        elif what in {*ACTS, "amend", "reissue"}:
            act(history, what, history.newest[which % len(history.newest)], count)
    history.state()
    return history


def change_key(history: History, ordinal: int, new: Key) -> None:
    start = history.size + 1
    page = history.page(ordinal)
    history.cut(history.keys[ordinal], start)
    kept = tuple(replace(key, until=start) if key.until is None else key for key in page.keys)
    history.keys[ordinal] = new
    history.log_page(replace(page, keys=(*kept, KeyWindow(jwk=new.jwk, holder="", start=start))))


def hand_over(history: History, ordinal: int, custodian: int, key: Key) -> None:
    if custodian not in {ordinal, history.keeper(ordinal)}:
        history.hand_over(ordinal, custodian)
        history.kept_page(ordinal, custodian, key)


def act(history: History, what: str, target: int, count: int) -> None:
    now = history.status[history.place[target]]
    if now == 1 or (now == 2 and what in {"amend", "reissue"}):
        return
    owner = history.institution(target)
    actors = (MINISTRY, SECOND_MINISTRY, history.keys[owner])
    held = what == "reinstate" and target in history.held
    past_powers = what in {"amend", "reissue"} and history.batches[history.batch_of[target]].override
    take = history.act if what in ACTS else history.follow
    take(what, target, by=actors[count % (2 if held or past_powers else 3)])


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_every_history_of_allowed_steps_is_right(steps: list[Step]) -> None:
    assert live(steps).faults() == []


def duplicated(history: History, at: int) -> bool:
    history.entries.insert(at, history.entries[at])
    return True


def left_out(history: History, at: int) -> bool:
    one = entry.parse(history.entries[at])
    del history.entries[at]
    # Without an act that changed nothing, such as a second suspension, the log is as right as with it.
    return isinstance(one, entry.Issue | entry.Batch | entry.Authority)


def flipped(history: History, at: int) -> bool:
    changed = bytearray(history.entries[at])
    bit = int.from_bytes(hash_of(at, changed)[:4], "big") % (8 * len(changed))
    changed[bit // 8] ^= 1 << bit % 8
    one = entry.parse(history.entries[at])
    history.entries[at] = bytes(changed)
    # Nobody but the log itself vouches for the time of a state: that it was changed shows in the root of the log only.
    return not isinstance(one, entry.State)


@settings(max_examples=100, deadline=None)
@given(STEPS, st.sampled_from((duplicated, left_out, flipped)), st.integers(0, 10**6))
def test_no_history_that_was_changed_is_right(
    steps: list[Step], change: Callable[[History, int], bool], where: int
) -> None:
    history = live(steps)
    told = change(history, where % history.size)
    assert bool(history.faults()) >= told


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=200) | st.sampled_from(an_archive().entries), max_size=12))
def test_nothing_that_is_fed_breaks_the_replay(presented: list[bytes]) -> None:
    machine = Replay(
        ORIGIN, [MINISTRY.jwk], lambda ordinal, version: b64(bytes([ordinal % 256, version % 256])).encode()
    )
    for index, one in enumerate(presented):
        for fault in machine.feed(one):
            assert fault.index is not None
            assert fault.index <= index
    assert machine.size == len(presented)
