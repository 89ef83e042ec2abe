"""A backup of before an erasure comes back: what was erased is erased again before anybody is served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sogoc.adapters.erasures_posix import PosixErasures
from sogoc.core.report import Verdict
from sogoc.errors import RecoveryNeeded, WrongState
from sogoc.register import queries
from sogoc.register.models import Batch, Erasure, SourceFile
from sogoc.services import erasing, recovery
from sogoc.services.delivery import Counter
from tests.faults.restores.backup import Backups
from tests.services.trial import OURS, Trial, fresh, refused


@pytest.fixture
def backups(committed: Trial, tmp_path: Path) -> Iterator[Backups]:
    made = Backups(tmp_path)
    yield made
    made.forget()


@pytest.mark.parametrize("moment", ["logged", "cancelled", "draft"])
def test_a_restored_backup_forgets_again(committed: Trial, backups: Backups, tmp_path: Path, moment: str) -> None:
    trial, journal = committed, PosixErasures.make(tmp_path / "lock" / "erasures.jsonl")
    batch = trial.open(3)
    taken = backups.take() if moment == "draft" else ""
    trial.approve(trial.submit(batch))
    trial.advance()
    taken = taken or (backups.take() if moment == "logged" else "")
    gone, *kept = queries.rows_of(batch)
    trial.act("cancel", gone)
    trial.advance()
    taken = taken or backups.take()
    erasing.erase(
        journal=journal, institution=queries.institution(OURS), identifiers=[gone.identifier], decision_number="90/QĐ-XDL",
        prepared_by=trial.by("preparer"), by=trial.by("approver"), now=trial.now,
    )  # fmt: skip
    backups.restore(taken)
    assert bytes(fresh(gone).record)
    refused(RecoveryNeeded, lambda: erasing.refuse_if_remembered(journal))
    recovery.recover(trial.log, now=trial.later())
    assert erasing.reapply(journal, now=trial.now).qualifications == 1
    erasing.scrub()
    erasing.refuse_if_remembered(journal)
    again = fresh(gone)
    assert (bytes(again.record), again.seal.secret if again.sealed else None, again.name_key, again.born_on) == (
        b"",
        None,
        "",
        "",
    )
    assert SourceFile.objects.get(pk=batch.source_id).content is None
    (known,) = Erasure.objects.all()
    assert (known.by, known.decision_number) == (None, "90/QĐ-XDL")
    assert erasing.reapply(journal, now=trial.now).qualifications == 0
    refused(WrongState, lambda: Counter(trial.log).evidence(again))
    if Batch.objects.get(pk=batch.pk).state == Batch.State.SEALED:
        assert {trial.verdict(row) for row in kept} == {Verdict.VALID}
    trial.assert_right()
