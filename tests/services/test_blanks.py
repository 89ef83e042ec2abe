"""Blanks: received = issued + spoiled + lost + destroyed + stock, at any time; no loss without minutes and a second person."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sogoc.errors import AlreadyInRegister, GateRefused, InputError, NotAllowed, SogocError, WrongState
from sogoc.register import queries
from sogoc.register.models import BlankEvent, Institution
from sogoc.services import blanks
from sogoc.services.blanks import Minutes, SerialRun
from tests.services.trial import OURS, Trial, refused

MINUTES = Minutes(number="03/BB-HĐXL", on="2026-07-16", reason="in lệch")


@pytest.fixture
def ours(trial: Trial) -> Institution:
    return queries.institution(OURS)


def how(trial: Trial, first: str, last: str | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "institution": queries.institution(OURS), "kind": "degree", "run": SerialRun.read(first, last), "minutes": MINUTES,
        "by": trial.by("preparer"), "confirmed_by": trial.by("approver"), "now": trial.now,
    } | changes  # fmt: skip


def receive(trial: Trial, first: str, last: str) -> BlankEvent:
    given = how(trial, first, last, on="2026-07-01")
    return blanks.receive(**{name: given[name] for name in ("institution", "kind", "run", "on", "by", "now")})


def test_a_run_is_received_once(trial: Trial, ours: Institution) -> None:
    receive(trial, "B0012001", "B0013000")
    assert len(blanks.account(ours, "degree", "B#7").stock) == 1000
    for first, last in (("B0012001", "B0012001"), ("B0011999", "B0012001"), ("B0013000", "B0013001")):
        refused(AlreadyInRegister, partial(receive, trial, first, last))
    receive(trial, "C0012001", "C0013000")
    refused(InputError, lambda: blanks.count(
        institution=ours, kind="degree", run=SerialRun.read("C0012001"), counted=1, on="2027-01-01",
        by=trial.by("preparer"), now=trial.now,
    ))  # fmt: skip
    others = how(
        trial, "B0012500", kind="certificate", on="2026-07-01"
    )  # a number stands on one blank, whatever its kind
    others = {name: others[name] for name in ("institution", "kind", "run", "on", "by", "now")}
    refused(AlreadyInRegister, lambda: blanks.receive(**others))


@pytest.mark.parametrize(
    ("first", "last"), [("B2", "B1"), ("B01", "B002"), ("B01", "C02"), ("phôi", None), ("B01", "")]
)
def test_what_is_no_run(first: str, last: str | None) -> None:
    refused(InputError, lambda: SerialRun.read(first, last))


def test_a_blank_ends_by_minutes_and_two_people(trial: Trial) -> None:
    for end in (blanks.spoil, blanks.destroy):
        refused(NotAllowed, partial(end, **how(trial, "SG000009", confirmed_by=trial.by("preparer"))))
        refused(NotAllowed, partial(end, **how(trial, "SG000009", by=trial.by("approver"))))
        refused(
            InputError, partial(end, **how(trial, "SG000009", minutes=Minutes(number=" ", on="2026-07-16", reason="x")))
        )
        refused(
            InputError, partial(end, **how(trial, "SG000009", minutes=Minutes(number="3", on="2026-07-16", reason=" ")))
        )
    blanks.spoil(**how(trial, "SG000009"))
    refused(WrongState, lambda: blanks.spoil(**how(trial, "SG000009")))
    refused(WrongState, lambda: blanks.destroy(**how(trial, "SG000008", "SG000009")))
    refused(WrongState, lambda: blanks.spoil(**how(trial, "XX000009")))
    blanks.destroy(**how(trial, "SG000010", "SG000020"))


def test_the_database_asks_for_a_second_person_too(trial: Trial) -> None:
    with pytest.raises(IntegrityError, match="loss_needs_two"), transaction.atomic():
        BlankEvent.objects.create(
            institution=queries.institution(OURS), kind="degree", series="SG#6", first=1, last=1, what="spoiled",
            on="2026-07-16", minutes="3", at=trial.now, by=trial.by("preparer"), confirmed_by=trial.by("preparer"),
        )  # fmt: skip


def test_a_lost_blank_was_told_to_the_police(trial: Trial) -> None:
    for when in (None, trial.now + timedelta(hours=1)):
        refused(InputError, partial(blanks.lose, **how(trial, "SG000009"), police_notice_at=when))
    event = blanks.lose(**how(trial, "SG000009"), police_notice_at=trial.now)
    assert event.police_notice_at == trial.now


def test_what_was_signed_is_no_blank_any_more(trial: Trial) -> None:
    row = trial.issue(1)[0]
    refused(WrongState, lambda: blanks.spoil(**how(trial, row.serial_number)))
    refused(WrongState, lambda: blanks.exchange(row=row, serial="SG000100", by=trial.by("preparer"), now=trial.now))


def test_a_draft_on_a_spoiled_blank_is_exchanged_or_does_not_pass(trial: Trial, ours: Institution) -> None:
    batch = trial.open(2)
    row = batch.rows.order_by("position")[0]
    blanks.spoil(**how(trial, row.serial_number))
    assert refused(GateRefused, lambda: trial.submit(batch)).rule == "blank"
    exchange = partial(blanks.exchange, row=row, by=trial.by("preparer"), now=trial.now)
    refused(WrongState, lambda: exchange(serial="XX000001"))
    refused(WrongState, lambda: exchange(serial=row.serial_number))
    refused(AlreadyInRegister, lambda: exchange(serial="SG000002"))
    exchange(serial="SG000003")
    trial.approve(trial.submit(batch))
    found = blanks.account(ours, "degree", "SG#6")
    assert (len(found.issued), len(found.spoiled)) == (2, 1)
    assert found.balances


def test_a_stock_taking_that_differs_is_named_until_it_is_explained(trial: Trial, ours: Institution) -> None:
    receive(trial, "B0001", "B0010")
    given = how(trial, "B0001", "B0010", on="2026-07-16")
    said = {name: given[name] for name in ("institution", "kind", "run", "on", "by", "now")}
    assert blanks.count(counted=10, **said)[1] == 10
    assert blanks.account(ours, "degree", "B#4").balances
    refused(InputError, partial(blanks.count, counted=11, **said))
    blanks.count(counted=9, **said)
    (wrong,) = blanks.account(ours, "degree", "B#4").contradictions
    assert (wrong.what, wrong.counted, wrong.expected) == ("miscounted", 9, 10)


def test_what_was_issued_without_a_blank_is_named(trial: Trial, ours: Institution) -> None:
    trial.issue(trial.rows(1, serial_number="PH000001"), provenance="B")
    (wrong,) = blanks.account(ours, "degree", "PH#6").contradictions
    assert (wrong.what, list(wrong.runs)) == ("issued-never-received", [(1, 1)])


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["receive", "issue", "spoil", "lose", "destroy", "count"]),
        st.integers(1, 30),
        st.integers(0, 5),
    ),
    max_size=10,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_equation_holds_after_any_steps(trial: Trial, steps: list[tuple[str, int, int]]) -> None:
    """Whatever the services let happen, in any order, the account is that of a plain set and contradicts nothing."""
    with transaction.atomic():
        _walk(trial, steps)
        transaction.set_rollback(True)  # each example begins with the same archive


def _walk(trial: Trial, steps: list[tuple[str, int, int]]) -> None:
    ours = queries.institution(OURS)
    state: dict[int, str] = {}
    ends = {"spoil": "spoiled", "lose": "lost", "destroy": "destroyed"}
    for verb, first, more in steps:
        serials = range(first, first + more + 1)
        given = how(trial, f"Z{first:03}", f"Z{first + more:03}", on="2026-07-16")
        plain = {name: given[name] for name in ("institution", "kind", "run", "on", "by", "now")}
        expected = (
            all(value not in state for value in serials)
            if verb == "receive"
            else (all(state.get(value) == "stock" for value in serials))
        )
        try:
            with transaction.atomic():
                if verb == "receive":
                    blanks.receive(**plain)
                elif verb == "issue":
                    rows = trial.rows(len(serials))
                    for row, value in zip(rows, serials, strict=True):
                        row["serial_number"] = f"Z{value:03}"
                    trial.approved(rows)
                elif verb == "count":
                    here = [value for value in serials if state.get(value) == "stock"]
                    assert blanks.count(counted=len(here), **plain)[1] == len(here)
                    continue
                else:
                    given.pop("on")
                    police = {"police_notice_at": trial.now} if verb == "lose" else {}
                    getattr(blanks, verb)(**given, **police)
        except SogocError:
            assert not expected, (verb, first, more)
            continue
        assert expected, (verb, first, more)
        outcome = {"receive": "stock", "issue": "issued"} | ends
        state.update(dict.fromkeys(serials, outcome[verb]))
    found = blanks.account(ours, "degree", "Z#3")
    assert found.balances
    for name in ("issued", "spoiled", "lost", "destroyed", "stock"):
        assert sum(what == name for what in state.values()) == len(getattr(found, name))
