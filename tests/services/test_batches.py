"""A batch on its way: states, keys said twice, numbers given once, and two people at one moment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sogoc.core import canonical
from sogoc.core.intake import RULES, Problem
from sogoc.core.record import BY_KIND
from sogoc.errors import AlreadyInRegister, InputError, WrongState
from sogoc.register import queries
from sogoc.register.models import Batch, Row, SourceFile
from sogoc.services import batches, sealing
from tests.services.trial import DECISION, OURS, THEIRS, Trial, at_once, intake, refused


def counts() -> tuple[int, int, int]:
    return Batch.objects.count(), SourceFile.objects.count(), Row.objects.count()


# -- one way only -----------------------------------------------------------------------------------------------------


def test_a_batch_goes_from_draft_to_sealed(trial: Trial) -> None:
    batch = trial.open()
    assert batch.state == "draft"
    assert trial.submit(batch).state == "submitted"
    assert trial.approve(batch).state == "approved"
    trial.advance()
    batch.refresh_from_db()
    assert batch.state == "sealed"
    assert batch.entry is not None
    assert batch.entry.index is not None
    trial.assert_right()


def test_every_step_may_be_said_twice(trial: Trial) -> None:
    batch = trial.open()
    for step in (trial.submit, trial.submit, trial.approve, trial.approve):
        batch = step(batch)
    trial.advance()
    before = (*counts(), trial.audit().size)
    assert trial.approve(batch).state == "sealed"
    sealing.seal(batch, trial.sealing())
    assert (*counts(), trial.audit().size) == before


def test_no_step_is_left_out(trial: Trial) -> None:
    draft = trial.open()
    refused(WrongState, lambda: trial.approve(draft))
    for batch in (draft, trial.submit(trial.open())):
        refused(
            WrongState,
            lambda batch=batch: sealing.seal(batch, trial.sealing()),  # type: ignore[misc]
        )
    approved = trial.approved()
    refused(WrongState, lambda: trial.submit(approved))


def test_another_approver_cannot_approve_it_again(trial: Trial) -> None:
    batch = trial.approved()
    second = trial.enrol("second approver", OURS, "approver")
    refused(WrongState, lambda: batches.approve(batch=batch, by=second, now=trial.now))


# -- the same key ------------------------------------------------------------------------------------------------------


def test_the_same_key_returns_the_same_batch(trial: Trial) -> None:
    rows = trial.rows(3)
    first = trial.open(rows, key="june", source=b"june.csv")
    before = counts()
    assert trial.open(rows, key="june", source=b"june.csv").pk == first.pk
    assert counts() == before


@pytest.mark.parametrize(
    "other",
    [
        {"source": b"july.csv"},
        {"decision": replace(DECISION, number="413/QĐ-ĐHSG")},
        {"decision": replace(DECISION, total=9)},
        {"level": "master"},
    ],
    ids=["file", "decision", "total", "level"],
)
def test_the_same_key_with_other_content_is_refused(trial: Trial, other: dict[str, object]) -> None:
    trial.open(3, key="june", source=b"june.csv")
    before = counts()
    refused(AlreadyInRegister, lambda: trial.open(3, **({"key": "june", "source": b"june.csv"} | other)))  # type: ignore[arg-type]
    assert counts() == before


def test_the_same_key_with_another_grade_of_provenance_is_refused(trial: Trial) -> None:
    trial.open(rows := trial.rows(2), key="once", source=b"file")
    refused(AlreadyInRegister, lambda: trial.open(rows, key="once", source=b"file", provenance="B"))
    numbered = [row | {"register_number": f"2026/{place}"} for place, row in enumerate(rows, 1)]
    refused(AlreadyInRegister, lambda: trial.open(numbered, key="once", source=b"file"))


def test_a_file_is_taken_in_once(trial: Trial) -> None:
    trial.open(3, source=b"june.csv")
    refused(AlreadyInRegister, lambda: trial.open(3, source=b"june.csv"))
    trial.open(3, THEIRS, source=b"june.csv")


def test_keys_are_each_institutions_own(trial: Trial) -> None:
    assert trial.open(1, key="june").pk != trial.open(1, THEIRS, key="june").pk


# -- what is not taken in ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["empty", "with an error", "with a warning"])
def test_a_file_with_an_error_leaves_no_trace(trial: Trial, what: str) -> None:
    read = intake([row | {"register_number": f"2026/{place}"} for place, row in enumerate(trial.rows(2), 1)])
    if what == "empty":
        read = replace(read, rows=())
    else:
        severity = what.rsplit(maxsplit=1)[-1]
        rule = next(name for name, rule in RULES.items() if rule.severity == severity)
        read = replace(read, problems=(Problem(file="x", sheet="", cell="C7", column="x", rule=rule),))

    def take_in() -> Batch:
        return batches.open_batch(
            institution=queries.institution(OURS), schema=BY_KIND["degree"], level="bachelor", decision=DECISION,
            intake=read, source=batches.Source(name="x", sha256=bytes(32), encrypted=b""), key="x", public_id="x",
            tally_salt=bytes(16), identifiers=trial.identifier, by=trial.by("preparer"), now=trial.now,
        )  # fmt: skip

    before = counts()
    if what == "with a warning":
        assert take_in().count == 2
        return
    refused(InputError, take_in)
    assert counts() == before


# -- numbers -------------------------------------------------------------------------------------------------------------


def clash(trial: Trial, field: str, code: str = OURS, **changes: str) -> list[dict[str, str]]:
    """Two rows, of which the second takes `field` from a row that is in the register."""
    known = canonical.decode(bytes(Row.objects.order_by("pk")[0].record))
    rows = trial.rows(2, code)
    rows[1] |= {field: known[field]} | changes
    return rows


@pytest.mark.parametrize("field", ["serial_number", "register_number"])
@pytest.mark.parametrize("state", ["draft", "sealed"])
def test_a_number_in_the_register_is_not_given_again(trial: Trial, field: str, state: str) -> None:
    if state == "sealed":
        trial.issue(2)
    else:
        trial.open(2)
    before = counts()
    refusal = refused(AlreadyInRegister, lambda: trial.open(clash(trial, field)))
    assert ":3" in refusal.en
    assert counts() == before


def test_a_number_of_a_revoked_diploma_is_not_given_again(trial: Trial) -> None:
    row, _ = trial.issue(2)
    trial.act("revoke", row)
    trial.advance()
    refused(AlreadyInRegister, lambda: trial.open(clash(trial, "serial_number")))


def test_other_institutions_years_and_kinds_count_for_themselves(trial: Trial) -> None:
    trial.open(2)
    trial.open(clash(trial, "serial_number", THEIRS), THEIRS)
    last_year = replace(DECISION, awarded_on="2025-07-15", decided_on="2025-06-30")
    trial.open(clash(trial, "register_number", awarded_on="2025-07-15"), decision=last_year)
    certificate = clash(trial, "serial_number")[1] | {"kind": "certificate", "register_number": "2026/1"}
    refused(AlreadyInRegister, lambda: trial.open([certificate], kind="certificate"))
    trial.open([certificate], kind="certificate", provenance="B")  # as it was printed in older times
    refused(
        AlreadyInRegister,
        lambda: trial.open([certificate | {"register_number": "2026/2"}], kind="certificate", provenance="B"),
    )


def test_a_number_twice_in_one_file_is_refused_by_the_database(trial: Trial) -> None:
    """The intake names such rows by their cells; what reaches the register all the same is stopped there."""
    rows = trial.rows(2)
    rows[1]["serial_number"] = rows[0]["serial_number"]
    before = counts()
    refused(AlreadyInRegister, lambda: trial.open(rows))
    assert counts() == before


# -- at one moment -------------------------------------------------------------------------------------------------------


def test_two_clerks_with_one_number(committed: Trial) -> None:
    trial = committed
    rows = [trial.rows(3), trial.rows(3)]
    rows[1][2]["serial_number"] = rows[0][2]["serial_number"]
    found = at_once(lambda: trial.open(rows[0]), lambda: trial.open(rows[1]))
    assert [type(one) for one in found if not isinstance(one, Batch)] == [AlreadyInRegister]
    assert counts() == (1, 1, 3)


def test_two_clicks_with_one_key(committed: Trial) -> None:
    rows = committed.rows(3)
    found = at_once(*[lambda: committed.open(rows, key="june", source=b"june.csv")] * 4)
    assert len({one.pk for one in found if isinstance(one, Batch)}) == 1
    assert counts() == (1, 1, 3)


def test_two_approvers_of_one_decision_do_not_exceed_its_total(committed: Trial) -> None:
    trial = committed
    of_nine = replace(DECISION, total=9)
    both = [trial.submit(trial.open(5, decision=of_nine)) for _ in range(2)]
    found = at_once(*[lambda batch=batch: trial.approve(batch) for batch in both])
    assert len([one for one in found if isinstance(one, Batch)]) == 1
    assert Batch.objects.filter(state="approved").count() == 1


def test_two_who_seal_one_batch_seal_it_once(committed: Trial) -> None:
    """Each row gets one secret, and what was signed opens with what is stored."""
    trial = committed
    batch = trial.approved(20)

    def seal() -> object:
        return sealing.seal(Batch.objects.get(pk=batch.pk), trial.sealing())

    found = at_once(seal, seal, seal)
    assert [one for one in found if not isinstance(one, Batch)] == []
    trial.advance()
    assert all(trial.verdict(row) == "valid" for row in queries.rows_of(batch))
    trial.assert_right()


def test_an_act_never_stands_inside_a_batch(committed: Trial) -> None:
    """While a large batch is entered, a clerk acts on an older diploma: the log holds the batch whole."""
    trial = committed
    (row,) = trial.issue(1)
    batch = trial.approved(300)

    def seal() -> object:
        return sealing.seal(Batch.objects.get(pk=batch.pk), trial.sealing())

    found = at_once(seal, *[lambda act=act: trial.act(act, row) for act in ("suspend", "suspend")])
    assert [type(one) for one in found].count(WrongState) == 1
    trial.advance()
    trial.assert_right()
