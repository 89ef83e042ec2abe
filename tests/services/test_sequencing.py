"""The log as the sequencer writes it: whole after every stop, the same in small steps as in large ones, and one for all."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sogoc.adapters.memory import MemoryFiles, MemoryLock, Moment
from sogoc.core import entry, status
from sogoc.core.checkpoint import Checkpoint as Head
from sogoc.core.note import Note
from sogoc.errors import LogForked, RecoveryNeeded, SogocError, UnavailableError, WrongState
from sogoc.register import queries
from sogoc.register.models import Archive, Checkpoint, Entry, LoggedState, Row, StatusTable
from sogoc.services import issuing, publication, sequencing
from sogoc.services.delivery import Counter
from tests.services.trial import ORIGIN, START, THEIRS, Trial, at_once, fresh, refused


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside did not happen, as far as the database goes."""
    with transaction.atomic():
        try:
            yield
        finally:
            transaction.set_rollback(True)


# -- what a head is --------------------------------------------------------------------------------------------------


def test_every_head_closes_with_a_state_and_no_state_stands_elsewhere(trial: Trial) -> None:
    rows = trial.issue(3)
    trial.act("revoke", rows[0])
    trial.issue(2, THEIRS)
    trial.advance()
    heads = list(Checkpoint.objects.order_by("size").values_list("size", flat=True))
    states = list(Entry.objects.filter(act="state").order_by("index").values_list("index", flat=True))
    assert states == [size - 1 for size in heads]
    times = list(LoggedState.objects.order_by("entry__index").values_list("at", flat=True))
    assert times == sorted(set(times))


def test_time_grows_even_when_the_clock_does_not(trial: Trial) -> None:
    for _ in range(3):
        sequencing.sequence(trial.log, now=trial.now, state_only=True)
    sequencing.sequence(trial.log, now=trial.now - timedelta(minutes=1), state_only=True)
    trial.assert_right()


def test_a_clock_that_stands_far_back_is_told_and_nothing_is_dated_by_it(trial: Trial) -> None:
    """Also the other way: after one state from the future every later one would be dated in the future too."""
    trial.issue(1)
    before = Entry.objects.count(), Checkpoint.objects.count()
    refused(WrongState, lambda: sequencing.sequence(trial.log, now=trial.now - timedelta(days=1), state_only=True))
    assert (Entry.objects.count(), Checkpoint.objects.count()) == before
    trial.advance()
    trial.assert_right()


def test_nothing_to_log_is_no_head(trial: Trial) -> None:
    trial.advance()
    assert sequencing.sequence(trial.log, now=trial.later()) is None
    assert sequencing.sequence(trial.log, now=trial.later(), state_only=True) is not None


def test_the_status_files_are_those_that_the_log_gives(trial: Trial) -> None:
    rows = trial.issue(6)
    for act, row in zip(("revoke", "cancel", "suspend"), rows, strict=False):
        trial.act(act, row)
    trial.amend(rows[3], holder_name="Y Khác")
    trial.advance()
    table = StatusTable.objects.get()
    assert trial.public.get("status/0") == bytes(table.content)
    places = [row.seal.status_index for row in rows]
    bits = [bytes(table.content)[place // 4] >> place % 4 * 2 & 3 for place in places]
    assert bits == [1, 1, 2, 3, 0, 0]
    trial.assert_right()


@pytest.mark.parametrize("seed", range(3))
def test_lists_brought_up_to_date_head_by_head_are_those_made_from_the_whole_log(trial: Trial, seed: int) -> None:
    """A head touches the lists that its acts concern and no other; what it leaves is what all acts at once would have made."""
    draw = random.Random(seed)
    rows = trial.issue(4)
    Archive.objects.update(places_given=status.PLACES - 2)
    rows += trial.issue(4)
    assert {fresh(row).seal.status_list for row in rows} == {0, 1}
    newest: dict[int, Row] = {row.pk: row for row in rows}
    for _ in range(5):
        before = {table.number: (table.since, bytes(table.content)) for table in StatusTable.objects.all()}
        for row in draw.sample(rows, draw.randint(0, 3)):
            one = newest[row.pk]
            with suppress(WrongState):  # such as a second revocation
                if draw.random() < 0.3:
                    newest[row.pk] = trial.amend(one, holder_name=f"Người {draw.random()}")
                else:
                    trial.act(draw.choice(["revoke", "suspend", "reinstate"]), one)
        trial.advance()
        head = Checkpoint.objects.latest("size")
        for table in StatusTable.objects.all():
            since, content = before[table.number]
            assert table.since == (since if content == bytes(table.content) else head.size - 1)
            assert trial.public.get(f"status/{table.number}") == bytes(table.content)
    kept = list(StatusTable.objects.order_by("number").values_list("number", "content", "leaf_hash"))
    with undone():
        StatusTable.objects.all().delete()
        sequencing.apply_acts(0, state=0)
        assert list(StatusTable.objects.order_by("number").values_list("number", "content", "leaf_hash")) == kept
    trial.assert_right()


def test_a_status_list_that_was_altered_is_never_built_upon(trial: Trial) -> None:
    rows = trial.issue(2)
    table = StatusTable.objects.get()
    StatusTable.objects.update(content=b"\x01" + bytes(table.content)[1:])
    with pytest.raises(LogForked, match="status list 0"):
        Counter(trial.log).evidence(fresh(rows[0]))
    trial.act("revoke", rows[0])
    with pytest.raises(LogForked, match="status list 0"):
        trial.advance()


def test_places_in_the_lists_are_given_once_and_nobody_foresees_them(trial: Trial) -> None:
    rows = trial.issue(40)
    places = [(row.seal.status_list, row.seal.status_index) for row in rows]
    assert len(set(places)) == 40
    assert places != sorted(places)
    assert Archive.objects.get().places_given == 40


def test_a_batch_stands_whole_and_in_no_order_of_people(trial: Trial) -> None:
    rows = trial.issue(30)
    indexes = [fresh(row).entry.index for row in rows]
    assert sorted(indexes) == list(range(min(indexes), min(indexes) + 30))  # type: ignore[type-var, arg-type, operator]
    assert indexes != sorted(indexes)  # type: ignore[type-var]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.booleans(), min_size=5, max_size=5))
def test_small_steps_give_the_same_log_as_one(db: None, fast_passwords: None, cuts: list[bool]) -> None:
    """Up to the state entries, which tell the time, what is in the log does not depend on when it was published."""

    def logged(steps: list[bool]) -> tuple[list[bytes], list[bytes]]:
        with undone():
            trial = Trial()
            trial.found()
            batches = [trial.approved(3, code) for code in (*["DHSG01", THEIRS] * 2, "DHSG01")]
            for batch, cut in zip(batches, steps, strict=True):
                trial.seal(batch)
                if cut:
                    sequencing.sequence(trial.log, now=trial.later())
            sequencing.sequence(trial.log, now=trial.later(), state_only=True)
            trial.assert_right()
            entries = Entry.objects.exclude(act="state").order_by("index")
            tables = StatusTable.objects.order_by("number")
            return [bytes(one.content) for one in entries], [bytes(one.content) for one in tables]

    assert logged(cuts) == logged([False] * 5)


# -- every write fails, before and after ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Broken:
    """One call that fails. Without a path, the first of its name."""

    store: str
    operation: str
    path: str
    moment: Moment


class Tapped(MemoryFiles):
    """Files that remember which calls were made."""

    def __init__(self, files: MemoryFiles, name: str, calls: list[tuple[str, str, str]]) -> None:
        super().__init__()
        self._files = dict(files._files)
        self._name, self._calls = name, calls

    @contextmanager
    def _at(self, operation: str, path: str = "") -> Iterator[None]:
        self._calls.append((self._name, operation, path))
        with super()._at(operation, path):
            yield


def outside(
    trial: Trial, public: MemoryFiles, staging: MemoryFiles, head: tuple[int, bytes]
) -> list[tuple[str, str, str]]:
    """Give the archive fresh copies of everything outside its database; return the list of calls to come."""
    calls: list[tuple[str, str, str]] = []
    trial.public, trial.staging = Tapped(public, "public", calls), Tapped(staging, "staging", calls)
    trial.lock = MemoryLock()
    trial.lock._heads[ORIGIN] = head
    trial.signer._lock = trial.lock
    trial.signer.notes.clear()
    trial.now = START + timedelta(hours=1)
    return calls


def break_one(trial: Trial, broken: Broken) -> None:
    store = {"public": trial.public, "staging": trial.staging, "lock": trial.lock, "signer": trial.signer}[broken.store]
    path = {"path": broken.path} if broken.path else {}
    store.fail_next(broken.operation, moment=broken.moment, **path)


def try_to_advance(trial: Trial) -> bool:
    try:
        issuing.advance(trial.log, keyring=trial.keyring, randomness=trial.random, now=trial.later())
    except UnavailableError:
        return False
    return True


@pytest.fixture
def half_way(trial: Trial) -> Trial:
    """One batch is public; another one, a revocation, an amendment and a new page are about to be."""
    rows = trial.issue(3)
    trial.act("revoke", rows[0])
    trial.amend(rows[1], holder_name="Y Khác")
    trial.accredit("THPT03", name="Trường Ba")
    trial.seal(trial.approved(300))
    return trial


def every_break(trial: Trial) -> list[Broken]:
    """Run it once for good to see which calls there are, and undo that."""
    public, staging, head = trial.public, trial.staging, trial.lock.head(ORIGIN)
    assert head is not None
    with undone():
        calls = outside(trial, public, staging, head)
        assert try_to_advance(trial)
    outside(trial, public, staging, head)
    found = [Broken(*call, moment) for call in dict.fromkeys(calls) for moment in ("before", "after")]
    return [
        *found,
        *(Broken("lock", "swap", "", moment) for moment in ("before", "after")),
        *(Broken("lock", "head", "", moment) for moment in ("before", "after")),
        *(Broken("signer", "sign", "", moment) for moment in ("before", "after")),
    ]


def assert_once(trial: Trial) -> None:
    trial.assert_right()
    assert queries.issued() == 303
    assert trial.audit().acts == {"authority": 3, "batch": 2, "issue": 303, "revoke": 1, "amend": 1} | {
        "state": Checkpoint.objects.count()
    }
    assert trial.staging.list("") == []
    assert Checkpoint.objects.filter(published=False).count() == 0


def test_whichever_call_fails_the_next_run_makes_it_right(half_way: Trial) -> None:
    """As a matrix: each call to files, staging, lock and keys, failing before and after it took effect."""
    trial = half_way
    public, staging, head = trial.public, trial.staging, trial.lock.head(ORIGIN)
    assert head is not None
    matrix = every_break(trial)
    assert {one.operation for one in matrix} >= {"put", "put_many", "get", "delete", "list", "swap", "head", "sign"}
    stopped = 0
    for broken in matrix:
        with undone():
            outside(trial, public, staging, head)
            break_one(trial, broken)
            stopped += not try_to_advance(trial)
            assert try_to_advance(trial), broken
            assert_once(trial)
    assert stopped == len(matrix) > 70


def test_two_failures_in_a_row_do_not_make_it_worse(half_way: Trial) -> None:
    trial = half_way
    public, staging, head = trial.public, trial.staging, trial.lock.head(ORIGIN)
    assert head is not None
    matrix = every_break(trial)
    dice = random.Random(1)
    for _ in range(25):
        with undone():
            outside(trial, public, staging, head)
            pair = dice.choices(matrix, k=2)
            for broken in pair:
                break_one(trial, broken)
                try_to_advance(trial)
            assert [try_to_advance(trial) for _ in range(3)][-1], pair
            assert_once(trial)


def test_staging_that_was_lost_before_publication_is_laid_again(half_way: Trial) -> None:
    """A checkpoint never appears without its tiles, whatever became of the staging area."""
    trial = half_way
    trial.public.fail_next("put_many")
    assert not try_to_advance(trial)
    trial.staging = MemoryFiles()
    assert try_to_advance(trial)
    assert_once(trial)


def test_no_reader_sees_a_checkpoint_before_its_tiles(half_way: Trial) -> None:
    class Watched(MemoryFiles):
        def put(self, path: str, content: bytes, *, mutable: bool = False) -> None:
            if path == "checkpoint":
                shown = Head.parse(Note.parse(content.decode()).text)
                assert {tile for tile in trial.staging._files if tile.startswith(f"{shown.size}-")} <= {
                    *(f"{sequencing.staging_folder(shown.size, shown.root)}/{known}" for known in self._files),
                    f"{sequencing.staging_folder(shown.size, shown.root)}/{publication.COMPLETE}",
                }
                seen.append(shown.size)
            super().put(path, content, mutable=mutable)

    trial, seen = half_way, list[int]()
    watched = Watched()
    watched._files = dict(trial.public._files)
    trial.public = watched
    assert try_to_advance(trial)
    assert seen
    assert_once(trial)


def test_an_older_head_never_replaces_a_newer_one(trial: Trial) -> None:
    trial.issue(2)
    old = Checkpoint.objects.latest("size")
    trial.issue(2)
    before = trial.public.get("checkpoint")
    publication.publish(trial.log, old, sequencing.staging_folder(old.size, bytes(old.root)))
    assert trial.public.get("checkpoint") == before
    trial.assert_right()


# -- when it refuses -----------------------------------------------------------------------------------------------------


def test_a_lock_that_was_lost_stops_everything(trial: Trial) -> None:
    trial.issue(1)
    trial.lock._heads.clear()
    refused(RecoveryNeeded, lambda: sequencing.sequence(trial.log, now=trial.later(), state_only=True))


@pytest.mark.parametrize("where", ["lock", "public"])
@pytest.mark.parametrize("ahead", [True, False])
def test_another_tree_outside_stops_everything(trial: Trial, where: str, ahead: bool) -> None:
    trial.issue(1)
    size, _ = trial.lock.head(ORIGIN) or (0, b"")
    other = (size + ahead, b"x" * 32)
    if where == "lock":
        trial.lock._heads[ORIGIN] = other
    else:
        held = trial.lock._heads[ORIGIN]
        trial.lock._heads[ORIGIN] = other
        trial.public.put("checkpoint", trial.signer.sign(ORIGIN, *other, 1_784_000_000).encode(), mutable=True)
        trial.lock._heads[ORIGIN] = held
    before = Entry.objects.count(), dict(trial.public._files)
    with pytest.raises(RecoveryNeeded if ahead else LogForked):
        sequencing.sequence(trial.log, now=trial.later(), state_only=True)
    assert (Entry.objects.count(), dict(trial.public._files)) == before


def test_a_database_of_another_log_is_not_taken_for_this_one(trial: Trial) -> None:
    trial.lock.create("other.sogoc.example/2026", 0, trial.lock._heads[ORIGIN][1])
    other = replace(trial.log, origin="other.sogoc.example/2026")
    with pytest.raises(LogForked):
        sequencing.sequence(other, now=trial.later())
    assert Checkpoint.objects.count() == 0


def test_a_page_that_was_exchanged_in_the_database_is_not_stated(trial: Trial) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE register_authoritypage DISABLE TRIGGER USER")
        else:
            cursor.execute("DROP TRIGGER register_authoritypage_update")
        cursor.execute("UPDATE register_authoritypage SET content = (SELECT content FROM register_authoritypage WHERE id ="
                       " (SELECT max(id) FROM register_authoritypage))")  # fmt: skip
    with pytest.raises(LogForked, match="not the one that was logged"):
        sequencing.sequence(trial.log, now=trial.later())


# -- two at once -----------------------------------------------------------------------------------------------------------


def test_sequencers_at_one_moment_write_one_log(committed: Trial) -> None:
    trial = committed
    for code in ("DHSG01", THEIRS, "DHSG01"):
        trial.approved(20, code)

    def advance() -> object:
        return issuing.advance(
            trial.log, keyring=trial.keyring, randomness=trial.random, now=trial.later(), state_only=True
        )

    found = at_once(*[advance] * 4)
    assert [one for one in found if isinstance(one, SogocError)] == []
    trial.assert_right()
    assert queries.issued() == 60
    assert Checkpoint.objects.count() == 4
    sizes = [size for size, _, _ in trial.signer.notes]
    assert sizes == sorted(set(sizes))


def test_while_one_publishes_another_waits(committed: Trial) -> None:
    """Two who publish at once could show an older checkpoint after a newer one."""
    meeting = threading.Barrier(2)
    met: list[bool] = []

    class Slow(MemoryFiles):
        def put_many(self, files: Iterable[tuple[str, bytes]]) -> None:
            try:
                meeting.wait(timeout=1.5)  # long enough for the other to come in, if it may
                met.append(True)
            except threading.BrokenBarrierError:
                pass
            super().put_many(files)

    trial = committed
    trial.public = Slow()
    trial.approved(2)
    found = at_once(*[lambda: sequencing.sequence(trial.log, now=trial.now, state_only=True)] * 2)
    assert [one for one in found if not isinstance(one, Checkpoint)] == []
    assert met == []
    trial.assert_right()


def test_a_receipt_of_every_entry_holds_at_every_head_after_it(trial: Trial) -> None:
    trial.issue(3)
    first = Counter(trial.log)
    texts = {one.pk: first.receipt(one) for one in Entry.objects.all()}
    trial.issue(260)
    second = Counter(trial.log)
    for one in Entry.objects.filter(index__lt=270):
        if one.pk in texts:
            texts[one.pk].verify(bytes(one.content), trial.vkeys)
        assert second.receipt(one).verify(bytes(one.content), trial.vkeys).size == second.head.size
        entry.parse(bytes(one.content))
