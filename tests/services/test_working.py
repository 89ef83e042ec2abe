"""Workers: whatever waits is done once, by whoever is there; what cannot be done here is left to others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import cast

import pytest
from django.db import OperationalError, connections

from sogoc.errors import (
    GateRefused,
    KeyUnavailable,
    LogForked,
    RecoveryNeeded,
    Refusal,
    SogocError,
    StorageUnavailable,
    UnavailableError,
)
from sogoc.ports import IssuerSigner
from sogoc.register import queries
from sogoc.register.alone import alone
from sogoc.register.models import Batch, Checkpoint, Notice, Seal, Shard
from sogoc.services import gate, overriding, sealing
from sogoc.services.working import Piece, Worker
from tests.services.trial import OURS, THEIRS, Trial, at_once, refused
from tests.services.unguarded import unguarded

SHARD = 5


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "_SHARD", SHARD)


@pytest.fixture
def trial(trial: Trial) -> Trial:
    """An archive whose first head is public, as it is long before anything is approved."""
    trial.advance()
    return trial


@pytest.fixture
def committed(committed: Trial) -> Trial:
    committed.advance()
    return committed


class Hand:
    """A worker of this archive, and what it told. `without` are institutions whose keys are not on its host."""

    def __init__(self, trial: Trial, *, log: bool = True, ministry: bool = True, without: str | None = None) -> None:
        self.trial, self.without = trial, without
        self.told: list[SogocError] = []
        self.worker = Worker(
            keyring=self.keyring, randomness=trial.random, ministry=(lambda: trial.ministry) if ministry else None,
            public=trial.public, log=trial.log if log else None, tell=self.told.append,
        )  # fmt: skip

    def keyring(self, uri: str) -> IssuerSigner:
        if self.without is not None and uri.endswith(self.without):
            raise KeyUnavailable("not on this host")
        return self.trial.keyring(uri)

    def step(self) -> Piece | None:
        return self.worker.step(now=self.trial.now)

    def all_steps(self) -> list[Piece]:
        return list(iter(self.step, None))


def sealed() -> dict[int, bytes]:
    return {row: bytes(secret or b"") for row, secret in Seal.objects.values_list("row_id", "secret")}


def test_one_worker_does_everything_that_waits(trial: Trial) -> None:
    trial.approved(12)
    trial.approved(7, THEIRS)
    one = Hand(trial)
    done = one.all_steps()
    assert sorted(piece.rows for piece in done if piece.rows) == [2, 2, 5, 5, 5]
    assert one.told == []
    assert one.worker.is_done()
    assert queries.issued() == 19
    far = queries.progress()
    assert (far.batches, far.waiting) == ((), 0)
    trial.assert_right()


def test_with_nothing_to_do_nothing_is_done(trial: Trial) -> None:
    trial.advance()
    one, before = Hand(trial), Checkpoint.objects.count()
    assert one.step() is None
    assert one.worker.is_done()
    assert Checkpoint.objects.count() == before


def test_a_worker_without_the_log_seals_and_leaves_the_rest(trial: Trial) -> None:
    trial.approved(7)
    trial.advance()
    batch = trial.approved(7)
    size = Checkpoint.objects.count()
    one = Hand(trial, log=False)
    assert sum(piece.rows for piece in one.all_steps()) == 7
    assert one.worker.is_done()
    batch.refresh_from_db()
    assert batch.state == Batch.State.SEALED
    assert Checkpoint.objects.count() == size
    assert queries.progress().waiting == 1 + 7
    Hand(trial).all_steps()
    trial.assert_right()


def test_workers_at_one_moment_seal_each_row_once(committed: Trial) -> None:
    trial = committed
    batches = [trial.approved(23), trial.approved(18, THEIRS)]
    hands = [Hand(trial, log=number == 0) for number in range(4)]
    found = at_once(*[hand.all_steps for hand in hands])
    assert [one for one in found if not isinstance(one, list)] == []
    Hand(trial).all_steps()
    assert sum(piece.rows for one in found if isinstance(one, list) for piece in one) == 41
    assert [one.told for one in hands] == [[]] * 4
    assert Seal.objects.count() == queries.issued() == 41
    assert all(trial.verdict(row) == "valid" for batch in batches for row in queries.rows_of(batch))
    trial.assert_right()


def test_a_stopped_run_goes_on_where_it_was(trial: Trial) -> None:
    trial.approved(17)
    one = Hand(trial, log=False)
    for _ in range(3):  # the plan, and two shards of four
        one.step()
    before = sealed()
    assert len(before) == 2 * SHARD
    far = queries.progress()
    assert ((far.done, far.count), [done for _, done in far.batches]) == ((10, 17), [10])
    Hand(trial).all_steps()
    after = sealed()
    assert len(after) == 17
    assert before.items() <= after.items()
    trial.assert_right()


def test_who_died_before_the_last_word_leaves_it_to_the_next(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    trial.approved(4)
    with monkeypatch.context() as patch:
        patch.setattr(sealing, "_close", lambda *_: None)
        one = Hand(trial, log=False)
        one.step()
        one.step()
    assert [batch.state for batch in queries.unsettled_batches()] == [Batch.State.APPROVED]
    assert Hand(trial).all_steps()
    assert queries.issued() == 4
    trial.assert_right()


def test_shards_under_a_key_that_is_elsewhere_are_left_to_others(trial: Trial) -> None:
    trial.approved(7)
    trial.approved(7, THEIRS)
    here, there = Hand(trial, log=False, without=OURS), Hand(trial, without=THEIRS)
    here.all_steps()
    assert {one.code for one in here.told} == {"key-unavailable"}
    assert len(here.told) == 1  # not once for every shard
    assert here.worker.is_done()
    assert not there.worker.is_done()
    there.all_steps()
    assert queries.issued() == 14
    trial.assert_right()


def test_a_key_that_comes_back_is_tried_again(trial: Trial) -> None:
    trial.approved(7)
    one = Hand(trial, without=OURS)
    one.all_steps()
    one.without = None
    assert one.all_steps() == []
    trial.later(minutes=2)
    one.all_steps()
    assert queries.issued() == 7


def test_what_the_gate_refuses_now_is_noted_once_and_holds_up_nobody(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, other = trial.approved(7), trial.approved(7, THEIRS)
    refuse_one(monkeypatch, first)
    one = Hand(trial)
    for _ in range(3):
        one.all_steps()
        trial.later(minutes=2)
    other.refresh_from_db()
    assert other.state == Batch.State.SEALED
    assert {error.code for error in one.told} == {"gate"}
    assert Notice.objects.filter(what="gate.refused", subject=first.public_id).count() == 1


def refuse_one(patch: pytest.MonkeyPatch, batch: Batch) -> None:
    check = gate.check

    def refusing(one: Batch, **options: object) -> object:
        if one.pk == batch.pk:
            no = Refusal(rule="power", en="no", vi="không", legal_basis="x", overridable=True, mend="", mend_vi="")
            raise GateRefused([no])
        return check(one, **options)  # type: ignore[arg-type]

    patch.setattr(gate, "check", refusing)


def test_what_passes_by_an_override_is_closed_where_the_ministrys_key_is(trial: Trial) -> None:
    batch = trial.open(7, programme="7220201", programme_name="Ngôn ngữ Anh")
    refused(GateRefused, lambda: trial.submit(batch))
    overriding.request(
        batch=batch, rules=["power"], reason="đang cập nhật", by=trial.people["officer"], now=trial.now
    )  # fmt: skip
    overriding.grant(batch=batch, by=trial.people["second officer"], now=trial.now)
    trial.approve(trial.submit(batch))
    one = Hand(trial, log=False, ministry=False)
    one.all_steps()
    assert {error.code for error in one.told} == {"wrong-state"}
    assert one.worker.is_done()
    assert Shard.objects.filter(done_at__isnull=True).count() == 0
    Hand(trial).all_steps()
    assert queries.issued() == 7
    trial.assert_right()


# -- a database that is not the one it was -----------------------------------------------------------------------------------


def shown(trial: Trial, *, size: int = 0, root: str | None = None) -> None:
    """Let the public checkpoint show so many entries more, or another root."""
    content = trial.public.get("checkpoint")
    assert content is not None
    origin, before, own, rest = content.decode().split("\n", 3)
    text = "\n".join((origin, str(int(before) + size), root or own, rest))
    trial.public.put("checkpoint", text.encode(), mutable=True)


def test_without_the_lock_an_old_backup_is_known_by_the_public_files(trial: Trial) -> None:
    """A batch that was sealed before the restore would be sealed again, with other secrets."""
    trial.issue(3)
    trial.approved(7)
    shown(trial, size=1)
    with pytest.raises(RecoveryNeeded):
        Hand(trial, log=False).step()
    assert len(sealed()) == 3


@pytest.mark.parametrize("how", ["gone", "older"])
def test_public_files_that_show_less_than_was_published_are_not_believed(trial: Trial, how: str) -> None:
    before = trial.public.get("checkpoint")
    trial.issue(3)
    trial.approved(3)
    if how == "gone":
        trial.public.delete("checkpoint")
    else:
        assert before is not None
        trial.public.put("checkpoint", before, mutable=True)
    with pytest.raises(StorageUnavailable):
        Hand(trial, log=False).step()


def test_another_tree_stops_a_worker(trial: Trial) -> None:
    trial.issue(3)
    shown(trial, root="A" * 43 + "=")
    with pytest.raises(LogForked):
        Hand(trial, log=False).step()


def test_a_database_that_does_not_answer_is_asked_again_and_looked_at_anew(
    committed: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = committed
    trial.approved(7)
    one = Hand(trial, log=False)
    one.step()
    with monkeypatch.context() as patch:

        def gone(*_: object, **__: object) -> None:
            raise OperationalError("server closed the connection unexpectedly")

        patch.setattr(sealing, "work", gone)
        refused(UnavailableError, one.step)
    shown(trial, size=1)  # what answers now is an old backup
    with pytest.raises(RecoveryNeeded):
        one.step()
    assert Seal.objects.count() == 0


# -- heads ---------------------------------------------------------------------------------------------------------------------


def test_while_shards_wait_heads_come_every_few_seconds_and_not_after_every_batch(trial: Trial) -> None:
    for _ in range(4):
        trial.approved(7)
    one, size = Hand(trial), Checkpoint.objects.count()
    while queries.unfinished_batches():
        one.step()
    assert Checkpoint.objects.count() <= size + 2
    trial.now += timedelta(seconds=6)
    one.all_steps()
    assert queries.issued() == 28
    trial.assert_right()


def test_nobody_waits_for_the_one_who_publishes(committed: Trial) -> None:
    trial = committed
    trial.approved(3)
    Hand(trial, log=False).all_steps()

    with elsewhere():
        one = Hand(trial)
        assert one.all_steps() == []
        assert not one.worker.is_done()
    assert one.all_steps() != []
    trial.assert_right()


@contextmanager
def elsewhere() -> Iterator[None]:
    """Somebody publishes meanwhile."""
    inside, end = threading.Event(), threading.Event()

    def publish() -> None:
        try:
            with alone():
                inside.set()
                end.wait()
        finally:
            connections.close_all()

    one = threading.Thread(target=publish)
    one.start()
    inside.wait()
    try:
        yield
    finally:
        end.set()
        one.join()


# -- how far it is -----------------------------------------------------------------------------------------------------------------


def test_the_rate_is_that_of_the_shards_that_are_done(trial: Trial) -> None:
    trial.approved(20)
    one = Hand(trial, log=False)
    assert queries.progress().rate is None
    one.step()
    one.step()
    assert (queries.progress().rate, queries.progress().seconds_left) == (None, None)  # when it was begun, nobody knows
    with unguarded():
        done = Shard.objects.get(done_at__isnull=False)
        Shard.objects.filter(pk=done.pk).update(done_at=cast(datetime, done.done_at) - timedelta(seconds=10))
    for _ in range(2):
        one.step()
    far = queries.progress()
    assert (far.done, far.count) == (15, 20)
    assert far.rate == pytest.approx(1.0, rel=0.2)  # ten rows since the first, ten seconds ago
    assert far.seconds_left == pytest.approx(5, rel=0.2)
