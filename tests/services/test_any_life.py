"""Any life of three registers: what the services let through, the independent reader of the public log finds right."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from random import Random

import pytest

from sogoc.core.report import Verdict
from sogoc.core.status import Status
from sogoc.errors import SogocError
from sogoc.register import queries
from sogoc.register.models import Row
from sogoc.register.records import newest_page
from sogoc.services import access, acting, batches, issuing
from tests.services.keeping import cut, hand_over, rotate
from tests.services.trial import DECISION, NAMES, OURS, THEIRS, Trial, fresh

THIRD = "SGD03"
CODES = (OURS, THEIRS, THIRD)
VERDICTS = {
    Status.VALID: Verdict.VALID, Status.REVOKED: Verdict.REVOKED, Status.SUSPENDED: Verdict.SUSPENDED,
    Status.SUPERSEDED: Verdict.SUPERSEDED,
}  # fmt: skip


def keeper(trial: Trial, code: str) -> str:
    return access.keeper_of(queries.institution(code)).code


class Lives:
    """What one drawn step does; the second number chooses who or what."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.decision = f"{trial.random(4).hex()}/QĐ"

    def issue(self, code: str, which: int) -> None:
        small = replace(DECISION, number=self.decision, total=4)
        trial, people = self.trial, keeper(self.trial, code)
        batch = trial.open(
            trial.rows(1 + which % 2, code, decision_number=small.number, institution_name=NAMES.get(code, "Sở Mẫu")), code, decision=small,
            provenance="AB"[which % 3 == 0], by=trial.by("preparer", people),
        )  # fmt: skip
        batches.submit(batch=batch, by=trial.by("preparer", people), now=trial.now)
        batches.approve(batch=batch, by=trial.by("approver", people), now=trial.now)

    def do(self, act: str, code: str, which: int) -> None:
        rows = list(
            Row.objects.filter(institution__code=code, entry__isnull=False, successor__isnull=True).order_by("pk")
        )
        if rows:
            officer = which % 3 == 0
            by = self.trial.people["officer"] if officer else self.trial.by("approver", keeper(self.trial, code))
            self.trial.act(act, rows[which % len(rows)], by=by)

    def amend(self, code: str, which: int) -> None:
        rows = list(
            Row.objects.filter(institution__code=code, entry__isnull=False, successor__isnull=True).order_by("pk")
        )
        if rows:
            people = keeper(self.trial, code)
            self.trial.amend(
                rows[which % len(rows)], holder_name="Y Khác", prepared_by=self.trial.by("preparer", people),
                by=self.trial.by("approver", people),
            )  # fmt: skip

    def rotate(self, code: str, _: int) -> None:
        people = keeper(self.trial, code)
        rotate(self.trial, f"key {self.trial.random(8).hex()}", code, requested_by=self.trial.by("approver", people))

    def cut(self, code: str, _: int) -> None:
        cut(self.trial, None, code)

    def hand_over(self, code: str, which: int) -> None:
        giver = keeper(self.trial, code)
        has_key = any(key.until is None for key in newest_page(queries.institution(giver))[1].keys)
        hand_over(
            self.trial, code, CODES[which % 3],
            handed_by=self.trial.by("approver", keeper(self.trial, giver)) if has_key else None,
        )  # fmt: skip

    def publish(self, _: str, __: int) -> None:
        trial = self.trial
        issuing.advance(  # a batch whose keys all ended since waits, and is named
            trial.log, keyring=trial.keyring, randomness=trial.random, now=trial.later(), state_only=True,
            ministry=lambda: trial.ministry,
        )  # fmt: skip

    def step(self, what: str) -> Callable[[str, int], None]:
        if what in acting.RESULT:
            return lambda code, which: self.do(what, code, which)
        found: Callable[[str, int], None] = getattr(self, what)
        return found


STEPS = ("issue", "issue", "amend", "rotate", "cut", "hand_over", "publish", "publish", *acting.RESULT)


@pytest.mark.parametrize("seed", range(6))
def test_what_the_services_let_through_the_reader_of_the_log_finds_right(trial: Trial, seed: int) -> None:
    lot = Random(seed)
    trial.accredit(THIRD, name="Sở Mẫu")
    for role in ("preparer", "approver"):
        trial.enrol(f"{role} {THIRD}", THIRD, role)
    lives = Lives(trial)
    let_through = 0
    for _ in range(40):
        trial.later(minutes=5)
        with suppress(SogocError):
            lives.step(lot.choice(STEPS))(lot.choice(CODES), lot.randrange(12))
            let_through += 1
    lives.publish("", 0)
    lives.publish("", 0)
    assert let_through > 10
    trial.assert_right()
    for row in Row.objects.filter(entry__isnull=False).select_related("entry"):
        newest = queries.newest_version(row)
        assert row.entry is not None
        assert newest.entry is not None
        gone = acting.status_of(newest.entry) is Status.REVOKED  # and with it every version before it
        assert trial.verdict(fresh(row)) is VERDICTS[Status.REVOKED if gone else acting.status_of(row.entry)]
