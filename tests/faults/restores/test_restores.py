"""The database comes back from an old backup while lock, staging area and public files stay: nothing forks, nothing is invented.

What is proved after each: the sequencer refuses before it wrote anything; the recovery gives back every entry that was decided,
once; what the restore lost is named and can be cancelled, never issued again; and no size was ever signed with two roots.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from sogoc.core import checkpoint
from sogoc.core.checkpoint import Checkpoint as Head
from sogoc.errors import LogForked, RecoveryNeeded, SogocError, StorageUnavailable, UnavailableError, WrongState
from sogoc.ports import Log
from sogoc.register import queries
from sogoc.register.models import Anchor, AuthorityPage, Batch, Checkpoint, Entry, Notice, Row, Seal
from sogoc.services import issuing, publication, recovery, sealing, sequencing
from sogoc.services.delivery import Counter
from tests.faults.restores.backup import Backups
from tests.services.trial import CONTRACT, ORIGIN, THEIRS, RecordingKeys, Trial, fresh, refused, roots_by_size


@pytest.fixture
def backups(committed: Trial, tmp_path: Path) -> Iterator[Backups]:
    made = Backups(tmp_path)
    yield made
    made.forget()


class Stopped(Exception):
    """The process dies here."""


# -- the moments at which the backup is taken ----------------------------------------------------------------------------


def secrets_drawn(trial: Trial, batch: Batch) -> None:
    trial.keys["memory:DHSG01"].fail_next("sign")
    refused(UnavailableError, lambda: trial.seal(batch))


def rows_signed(trial: Trial, batch: Batch) -> None:
    def stop(_: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        sealing.seal(batch, trial.sealing(), progress=stop)


def stopped_at(store: str, operation: str) -> Callable[[Trial, Batch], None]:
    def stop(trial: Trial, _: Batch) -> None:
        getattr(trial, store).fail_next(operation)
        with pytest.raises(UnavailableError):
            trial.advance()

    return stop


def nothing(trial: Trial, batch: Batch) -> None:
    pass


def step(name: str) -> Callable[[Trial, Batch], None]:
    def run(trial: Trial, batch: Batch) -> None:
        getattr(trial, name)(batch)

    return run


MOMENTS: dict[str, tuple[Callable[[Trial, Batch], None], ...]] = {
    "draft": (nothing,),
    "submitted": (step("submit"),),
    "approved": (step("submit"), step("approve")),
    "secrets drawn": (step("submit"), step("approve"), secrets_drawn),
    "rows signed": (step("submit"), step("approve"), rows_signed),
    "sealed": (step("submit"), step("approve"), step("seal")),
    "head made": (step("submit"), step("approve"), stopped_at("staging", "put_many")),
    "staged": (step("submit"), step("approve"), stopped_at("lock", "swap")),
    "decided": (step("submit"), step("approve"), stopped_at("signer", "sign")),
    "signed": (step("submit"), step("approve"), stopped_at("public", "put_many")),
}
LOST = {"draft", "submitted", "approved", "secrets drawn"}
"""Before these the secrets that open the commitments are not all in the backup."""


def acknowledged() -> dict[int, bytes]:
    """What the register said is in the log."""
    head = Checkpoint.objects.order_by("-size").first()
    entries = Entry.objects.filter(index__lt=head.size if head else 0)
    return {index: bytes(content) for index, content in entries.values_list("index", "content") if index is not None}


def indexes(rows: Iterable[Row]) -> set[int]:
    """Return where these rows stand in the log, all of which they must."""
    found = {index_of(row) for row in rows}
    assert found
    return found


def index_of(row: Row) -> int:
    logged = fresh(row).entry
    assert logged is not None
    assert logged.index is not None
    return logged.index


def go_on(trial: Trial, batch: Batch) -> list[Row]:
    """After the backup: the batch is carried to the log; another one, an act and a new page come after it."""
    if batch.state == Batch.State.DRAFT:
        trial.submit(batch)
    batch.refresh_from_db()
    if batch.state == Batch.State.SUBMITTED:
        trial.approve(batch)
    trial.advance()
    later = trial.issue(4)
    trial.act("revoke", later[0])
    trial.accredit("THPT03", name="Trường Ba")
    trial.advance()
    return later


def carry_to(moment: str, trial: Trial) -> Batch:
    batch = trial.open(6)
    for one in MOMENTS[moment]:
        one(trial, batch)
        batch.refresh_from_db()
    return batch


def assert_refuses(trial: Trial) -> None:
    """Neither publishing nor sealing nor a new state gets anywhere, and nothing is written anywhere."""
    before = (
        Entry.objects.count(), Checkpoint.objects.count(), Seal.objects.count(),
        dict(trial.public._files), dict(trial.staging._files), trial.lock.head(ORIGIN), len(trial.signer.notes),
    )  # fmt: skip
    refusal = refused(RecoveryNeeded, lambda: sequencing.sequence(trial.log, now=trial.later(), state_only=True))
    assert refusal.mend
    refused(
        RecoveryNeeded,
        lambda: issuing.advance(trial.log, keyring=trial.keyring, randomness=trial.random, now=trial.later()),
    )
    assert before == (
        Entry.objects.count(), Checkpoint.objects.count(), Seal.objects.count(),
        dict(trial.public._files), dict(trial.staging._files), trial.lock.head(ORIGIN), len(trial.signer.notes),
    )  # fmt: skip


@pytest.mark.parametrize("crashed", [False, True], ids=["published", "decided only"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_restore_is_noticed_recovered_and_never_forks(
    committed: Trial, backups: Backups, moment: str, crashed: bool
) -> None:
    trial = committed
    older = trial.issue(2)
    batch = carry_to(moment, trial)
    backup = backups.take()
    later = go_on(trial, batch)
    if crashed:  # the last head is decided and nowhere but in the staging area
        trial.act("suspend", older[1])
        trial.accredit("THPT04", name="Trường Bốn")
        trial.public.fail_next("put_many")
        with pytest.raises(StorageUnavailable):
            trial.advance()
    before = acknowledged()
    gone, of_batch = indexes(later), indexes(queries.rows_of(batch))

    backups.restore(backup)
    assert_refuses(trial)
    found = recovery.recover(trial.log, now=trial.later())
    trial.assert_right()

    assert acknowledged() == before
    assert set(found.orphans) == gone | (of_batch if moment in LOST else set())
    assert found.lost_batches == ([batch.public_id] if moment in LOST else [])
    batch.refresh_from_db()
    assert batch.state == ("lost" if moment in LOST else "sealed")
    assert trial.verdict(older[0]) == "valid"
    assert trial.verdict(older[1]) == ("suspended" if crashed else "valid")
    if moment not in LOST:
        assert {trial.verdict(row) for row in queries.rows_of(batch)} == {"valid"}
    assert AuthorityPage.objects.count() == 3 + crashed

    again = recovery.recover(trial.log, now=trial.later())
    assert (again.size_before, again.inserted, again.relinked) == (found.size_after, 0, 0)

    for one in (trial.submit, trial.approve, trial.seal):
        if moment in LOST:
            refused(WrongState, lambda one=one: one(batch))  # type: ignore[misc]
    for lost in queries.lost_entries():
        trial.act("cancel", lost)
    trial.advance()
    assert queries.lost_entries() == []
    with pytest.raises(WrongState):
        trial.act("cancel", queries.entry_at(max(gone)))
    (newer,) = trial.issue(1, THEIRS)
    assert trial.verdict(newer) == "valid"
    trial.assert_right()


def test_on_a_stale_database_nobody_acts(committed: Trial, backups: Backups) -> None:
    """What a clerk did there would contradict what the log holds, and could never be taken back."""
    trial = committed
    row, other = trial.issue(2)
    backup = backups.take()
    trial.act("revoke", row)
    trial.accredit("THPT03", name="Trường Ba")
    trial.advance()
    backups.restore(backup)
    before = Entry.objects.count()
    for act in (
        lambda: trial.act("suspend", other),
        lambda: trial.amend(other, holder_name="Y Khác"),
        lambda: trial.accredit("THPT04", name="Trường Bốn"),
    ):
        refused(RecoveryNeeded, act)
    assert Entry.objects.count() == before
    assert not Notice.objects.filter(what="revoke").exists()
    recovery.recover(trial.log, now=trial.later())
    told = Notice.objects.filter(what="revoke", subject=row.identifier)  # nobody knows any more who was told
    assert {one.recipient for one in told} == {"holder", "institution", "verifiers", "public"}
    assert {one.due_on for one in told if one.recipient == "holder"} == {"2026-08-15"}
    trial.act("suspend", other)
    trial.accredit("THPT04", name="Trường Bốn")
    trial.advance()
    assert [trial.verdict(row), trial.verdict(other)] == ["revoked", "suspended"]
    trial.assert_right()


def test_of_a_batch_that_was_half_signed_the_signed_half_lives(
    committed: Trial, backups: Backups, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = committed
    monkeypatch.setattr(sealing, "_SHARD", 4)
    batch = carry_to("rows signed", trial)
    backup = backups.take()
    trial.advance()
    backups.restore(backup)
    found = recovery.recover(trial.log, now=trial.later())
    assert found.lost_batches == [batch.public_id]
    assert len(found.orphans) == 2
    kept = [row for row in queries.rows_of(batch) if row.logged is not None]
    assert [trial.verdict(row) for row in kept] == ["valid"] * 4
    (row, *_) = kept
    trial.act("revoke", row)
    for lost in queries.lost_entries():
        trial.act("cancel", lost)
    trial.advance()
    assert [trial.verdict(row) for row in kept] == ["revoked", *["valid"] * 3]
    trial.assert_right()


def test_a_backup_without_any_head_is_replayed_from_the_beginning(committed: Trial, backups: Backups) -> None:
    trial = committed
    backup = backups.take()
    trial.issue(300)
    trial.issue(3, THEIRS)
    before = acknowledged()
    backups.restore(backup)
    assert_refuses(trial)
    found = recovery.recover(trial.log, now=trial.later())
    assert len(found.orphans) == 303
    assert acknowledged() == before
    trial.issue(2)
    trial.assert_right()


def test_heads_that_a_chain_holds_are_known_again(committed: Trial, backups: Backups) -> None:
    """Two heads were made after the backup. An anchor of the first must not look like a fork."""
    trial = committed
    trial.issue(1)
    backup = backups.take()
    trial.issue(1)
    between = bytes(Checkpoint.objects.latest("size").root), Checkpoint.objects.latest("size").size
    trial.issue(1)
    backups.restore(backup)
    recovery.recover(trial.log, now=trial.later())
    known = Checkpoint.objects.get(size=between[1])
    assert bytes(known.root) == between[0]
    assert known.published
    Anchor.objects.create(
        size=known.size, root=known.root, chain_id=89, contract=CONTRACT, nonce=0, gas_price=1, raw=b"",
        transaction=bytes(32), prepared_at=trial.now, sequence=0, block_number=1, block_hash=bytes(32), block_time=0,
        final=True,
    )  # fmt: skip
    (row,) = trial.issue(1)
    assert trial.verify(row, known, Counter(trial.log).head).verdict == "valid"


def test_what_was_amended_after_the_backup_is_an_orphan_and_can_be_cancelled(
    committed: Trial, backups: Backups
) -> None:
    trial = committed
    row, other = trial.issue(2)
    backup = backups.take()
    successor = trial.amend(row, holder_name="Y Khác")
    trial.advance()
    index = index_of(successor)
    backups.restore(backup)
    found = recovery.recover(trial.log, now=trial.later())
    assert found.orphans == [index]
    assert trial.verdict(row) == "superseded"
    refused(WrongState, lambda: trial.amend(fresh(row), holder_name="Y Nữa"))
    trial.act("cancel", queries.entry_at(index))
    trial.advance()
    assert trial.verdict(other) == "valid"
    trial.assert_right()


def test_files_that_are_gone_as_well_are_asked_for_and_not_made_up(committed: Trial, backups: Backups) -> None:
    trial = committed
    trial.issue(1)
    backup = backups.take()
    trial.issue(2)
    backups.restore(backup)
    kept = dict(trial.public._files)
    bundle = next(path for path in sorted(kept, reverse=True) if path.startswith("tile/entries"))
    trial.public._files = {path: content for path, content in kept.items() if "entries" not in path}
    before = Entry.objects.count()
    refusal = refused(RecoveryNeeded, lambda: recovery.recover(trial.log, now=trial.later()))
    assert refusal.mend
    assert Entry.objects.count() == before
    trial.public._files = kept | {bundle: bytes([*kept[bundle][:-1], kept[bundle][-1] ^ 1])}
    with pytest.raises(LogForked):
        recovery.recover(trial.log, now=trial.later())
    assert Entry.objects.count() == before
    trial.public._files = kept
    recovery.recover(trial.log, now=trial.later())
    trial.assert_right()


def test_a_lock_restored_with_the_database_is_betrayed_by_the_public_files(committed: Trial, backups: Backups) -> None:
    """The one mistake that the lock cannot survive: the published checkpoint still stops the second tree."""
    trial = committed
    trial.issue(1)
    backup, held = backups.take(), trial.lock._heads[ORIGIN]
    trial.issue(1)
    backups.restore(backup)
    trial.lock._heads[ORIGIN] = held
    refused(RecoveryNeeded, lambda: sequencing.sequence(trial.log, now=trial.later(), state_only=True))
    refused(RecoveryNeeded, lambda: recovery.recover(trial.log, now=trial.later()))
    assert max(map(len, roots_by_size(trial.signer.notes).values())) == 1


@pytest.mark.parametrize("seed", range(3))
def test_any_number_of_restores_from_any_backup(committed: Trial, backups: Backups, seed: int) -> None:
    """Backups, issuing, acts, crashes and restores in any order; only the log remembers everything."""
    trial, dice = committed, random.Random(seed)
    known: dict[int, bytes] = {}
    taken = [backups.take()]
    for _ in range(8):
        match dice.choice(["issue", "issue", "act", "crash", "backup", "restore", "restore"]):
            case "issue":
                trial.approved(dice.randint(1, 4), dice.choice(["DHSG01", THEIRS]))
                trial.advance()
            case "act":
                trial.advance()
                row = Row.objects.filter(entry__index__isnull=False, follows__isnull=True).order_by("?").first()
                try:
                    if row is not None:
                        trial.act(dice.choice(["suspend", "reinstate", "revoke"]), fresh(row))
                except SogocError:
                    continue
            case "crash":
                trial.approved(2)
                store, operation = dice.choice(
                    [("staging", "put_many"), ("lock", "swap"), ("signer", "sign"), ("public", "put_many")]
                )
                getattr(trial, store).fail_next(operation, moment=dice.choice(["before", "after"]))
                with pytest.raises(UnavailableError):
                    trial.advance()
            case "backup":
                taken.append(backups.take())
            case "restore":
                decided = trial.lock.head(ORIGIN) or (0, b"")
                known |= {index: content for index, content in acknowledged().items() if index < decided[0]}
                backups.restore(dice.choice(taken))
                recovery.recover(trial.log, now=trial.later())
                assert acknowledged().items() >= known.items()
    trial.advance()
    trial.assert_right()


# -- the control -----------------------------------------------------------------------------------------------------------


class HastyKeys(RecordingKeys):
    """A signer that does not ask the lock."""

    def sign(self, origin: str, size: int, root: bytes, timestamp: int) -> str:
        note = checkpoint.sign(
            Head(origin=origin, size=size, root=root), ed25519=self._ed25519, ml_dsa=self._ml_dsa, timestamp=timestamp
        )
        self.notes.append((size, root, note))
        return note


def hasty_finish(log: Log, *, now: object) -> None:
    """`finish` in the wrong order: signed and shown before it is decided."""
    sequencing.refuse_if_behind(log)
    for head in Checkpoint.objects.filter(published=False).order_by("size"):
        size, root, frontier = sequencing._before(head.size)
        sequencing._stage(log, frontier, head)
        head.note = log.signer.sign(log.origin, head.size, bytes(head.root), 1_784_000_000)
        head.save(update_fields=["note"])
        sequencing._decide(log, (size, root), head)
        publication.publish(log, head, sequencing.staging_folder(head.size, bytes(head.root)))


@pytest.mark.parametrize("hasty", [False, True], ids=["ours", "sign first"])
def test_the_order_of_the_steps_is_what_keeps_one_root_for_each_size(
    committed: Trial, backups: Backups, monkeypatch: pytest.MonkeyPatch, hasty: bool
) -> None:
    """The same power cut and the same restore, with our sequencer and with one that signs first: the assertion tells them apart."""
    trial = committed
    if hasty:
        trial.signer = HastyKeys(lock=trial.lock)
        monkeypatch.setattr(sequencing, "_finish", hasty_finish)
    trial.issue(2)
    backup = backups.take()
    trial.lock.fail_next("swap")
    with pytest.raises(UnavailableError):
        sequencing.sequence(trial.log, now=trial.later(), state_only=True)
    backups.restore(backup)
    sequencing.sequence(trial.log, now=trial.later(), state_only=True)
    assert max(map(len, roots_by_size(trial.signer.notes).values())) == (2 if hasty else 1)
    if not hasty:
        trial.assert_right()


def test_our_signer_alone_would_stop_the_wrong_order(committed: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencing, "_finish", hasty_finish)
    with pytest.raises(LogForked, match="the lock holds"):
        sequencing.sequence(committed.log, now=committed.later(), state_only=True)
    assert committed.signer.notes == []
