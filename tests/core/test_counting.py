"""What a stranger counts from the public log: the same as the writer's own books, whatever the history."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sogoc.core import entry, tally
from sogoc.core.authority import Power
from sogoc.core.counting import Counted, Counting, out_of_order
from tests.histories import KEYS, MINISTRY, History, an_archive

IT, LAW = "7480201", "7380101"
POWER = Power(
    kind="degree", level="bachelor", programme=IT, mode="full-time", valid_from="1990-01-01", legal_basis="QĐ 1",
    quotas={"2022": 120},
)  # fmt: skip


def counted(history: History, only: int | None = None) -> Counted:
    counting = Counting(lambda *where: history.files.get(where), only)
    for one in history.entries:
        counting.take(entry.parse(one))
    return counting.counted()


def school(*powers: Power) -> History:
    history = History()
    history.state()
    history.accredit(**({"powers": powers} if powers else {}))
    history.state()
    return history


def issue(history: History, *cells: tuple[str, str, str, int], override: tuple[str, ...] = (), **changes: Any) -> int:
    pairs = history.pairs(sum(cell[3] for cell in cells))
    draft = replace(history.draft(1, pairs), tally=tuple(sorted(cells)), override=override, **changes)
    at = history.issue(1, pairs, batch=draft, by=None if not override else [KEYS[1], MINISTRY])
    history.state()
    return at


def test_an_archive_is_counted_as_it_was_written() -> None:
    history = an_archive()
    history.state()
    found = counted(history)
    assert found.size == history.size
    assert [(one.index, one.issued) for one in found.batches] == [(at, b.count) for at, b in history.batches.items()]
    assert {(volume.institution, volume.issued, volume.ended) for volume in found.volumes()} == {
        (1, 7, 2), (2, 4, 0), (3, 2, 0),
    }  # fmt: skip
    assert Counter(dict(found.acts)) == Counter(
        {
            (1, "revoke", "by-decision"): 1, (1, "suspend", "by-decision"): 1, (1, "reinstate", "by-decision"): 1,
            (1, "amend", ""): 1, (1, "reissue", ""): 1, (1, "cancel", "by-decision"): 1, (3, "suspend", "by-decision"): 1,
        }
    )  # fmt: skip
    ((_, custodian),) = found.custodians[3]
    assert custodian == 1
    assert found.code(2) == "TRUONG02"
    assert found.code(9) == "9"
    assert [one.said.override for one in found.batches if one.said.override] == [("power:7140201",)]
    assert all(not one.said.signatures for one in found.batches)


def test_of_one_institution_only_its_own_is_kept() -> None:
    history = an_archive()
    found = counted(history, 2)
    assert {one.said.institution for one in found.batches} == {2}
    assert found.acts == {}
    assert list(found.pages) == [2]
    assert found.size == history.size


def test_every_version_of_a_qualification_belongs_to_its_batch() -> None:
    history = an_archive()
    counting = Counting(lambda *where: history.files.get(where))
    for one in history.entries:
        counting.take(entry.parse(one))
    for index, batch in history.batch_of.items():
        found = counting.batch_of(index)
        assert found is not None
        assert found.index == batch
    for index in set(range(history.size)) - history.batch_of.keys():
        assert counting.batch_of(index) is None


def test_an_entry_that_does_not_parse_is_passed_over() -> None:
    counting = Counting(lambda *_: None)
    counting.take(None)
    assert counting.counted().size == 1


@given(
    st.lists(
        st.tuples(st.sampled_from([IT, LAW]), st.sampled_from(["2021", "2022", ""]), st.integers(1, 9)), max_size=12
    )
)
def test_a_public_count_is_a_range_that_holds_the_truth(cells: list[tuple[str, str, int]]) -> None:
    """Small cells are merged in public; whatever they hide, the true count lies between the two ends."""
    history = school(POWER)
    truth: Counter[str] = Counter()
    for at in range(0, len(cells), 3):
        exact: Counter[tuple[str, str, str]] = Counter()
        for programme, intake, count in cells[at : at + 3]:
            exact[programme, "full-time", intake] += count
        issue(history, *tally.public(exact), decision_total=sum(exact.values()))
        for (programme, _, intake), count in exact.items():
            truth[intake] += count if programme == IT else 0
    (quota,) = counted(history).quotas()
    assert quota.at_least <= truth["2022"] <= quota.at_most
    assert quota.at_most <= sum(count for _, _, count in cells)


def test_quotas_are_counted_over_all_batches() -> None:
    history = school(POWER)
    issue(history, (IT, "full-time", "2022", 300), (LAW, "full-time", "2022", 9))
    issue(history, (IT, "full-time", "2022", 131), (IT, "in-service", "2022", 50))
    (quota,) = counted(history).quotas()
    assert (str(quota), quota.allowed, quota.overridden) == ("431/120", 132, False)
    issue(history, (IT, "full-time", "2022", 5), ("", "", "", 6), override=("quota",))
    (quota,) = counted(history).quotas()
    assert (str(quota), quota.overridden) == ("436/120", True)  # the merged six are of other cells: this one is named
    issue(history, ("", "", "", 3))
    assert [str(one) for one in counted(history).quotas()] == ["436–439/120"]


def test_a_programme_without_power_is_named() -> None:
    history = school(POWER)
    issue(history, (IT, "full-time", "2022", 5))
    at = issue(history, ("7220201", "full-time", "2022", 626), (IT, "in-service", "", 7))
    assert [(one.index, *rest) for one, *rest in counted(history).without_power()] == [
        (at, "7220201", "full-time", 626), (at, IT, "in-service", 7),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("awarded_on", "late_by"),
    [
        ("2026-06-01", None),
        ("2026-05-31", 31),
        ("1998-06-01", 10257),
        ("2026-07-31", None),
        ("2026-08-01", -31),
    ],
)
def test_late_is_more_than_thirty_days_for_sure(awarded_on: str, late_by: int | None) -> None:
    history = school()
    assert f"{history.now:%F %H}" == "2026-07-01 02"
    issue(history, (IT, "full-time", "", 5), awarded_on=awarded_on, decided_on="1990-01-01")
    (one,) = counted(history).batches
    assert one.late_by == late_by
    assert [late.index for late in counted(history).late()] == ([one.index] if late_by else [])


def test_a_batch_before_any_state_is_late_by_the_state_after_it() -> None:
    history = History()
    history.accredit()
    pairs = history.pairs(1)
    history.issue(1, pairs, batch=history.draft(1, pairs, awarded_on="2026-05-01"))
    assert counted(history).batches[0].late_by is None
    history.state()
    assert counted(history).batches[0].late_by == 61


# -- the order of decisions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decisions", "odd"),
    [
        ([], []),
        ([("1/QĐ", "2026-01-05"), ("2/QĐ", "2026-01-05"), ("3/QĐ", "2026-02-01")], []),
        ([("1/QĐ", "2026-01-05"), ("2/QĐ", "2026-03-05"), ("3/QĐ", "2026-02-01"), ("4/QĐ", "2026-02-02")], ["2/QĐ"]),
        ([("9/QĐ", "2025-12-30"), ("1/QĐ", "2026-01-04")], []),  # numbers begin anew each year
        ([("9/QĐ-A", "2026-05-01"), ("10/QĐ-B", "2026-01-04")], []),  # two series
        ([("QĐ/9", "2026-05-01"), ("QĐ/10", "2026-01-04")], []),  # not read
    ],
)
def test_decisions_out_of_order(decisions: list[tuple[str, str]], odd: list[str]) -> None:
    assert [number for number, _ in out_of_order(decisions)] == odd


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 28)), unique_by=lambda one: one[0], max_size=9))
def test_as_few_decisions_as_possible_are_named(pairs: list[tuple[int, int]]) -> None:
    decisions = [(f"{number}/QĐ", f"2026-01-{day:02}") for number, day in pairs]
    days = [day for _, day in sorted(pairs)]
    kept = next(
        size
        for size in range(len(days), -1, -1)
        if any(list(part) == sorted(part) for part in combinations(days, size))
    )
    odd = out_of_order(decisions)
    assert len(odd) == len(pairs) - kept
    assert out_of_order([one for one in decisions if one not in odd]) == []
