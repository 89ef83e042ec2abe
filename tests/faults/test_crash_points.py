"""Power cuts between approval and anchor, with real processes that are really killed.

After each of them what is public is right at once, the ordinary command carries on, and in the end every approved diploma is in
the log exactly once, under one root for each size. The last test is the control: a sequencer that signs before it swaps is caught.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sogoc.failpoint import FAILPOINTS
from tests.faults.worlds import Database, World

Backup = Callable[[World], Database]

AT_SEALING = ("seal.planned", "seal.written", "seal.written:3", "seal.signed", "seal.signed:2", "seal.closed")
AT_LOGGING = tuple(point for point in FAILPOINTS if point.startswith(("sequence.", "publish.")))
AT_RECALLING = ("recall.chunk", "recall.chunk:2")
AT_ANCHORING = tuple(point for point in FAILPOINTS if point.startswith("anchor."))


def test_every_crash_point_is_crashed_at() -> None:
    points = (*AT_SEALING, *AT_LOGGING, *AT_RECALLING, *AT_ANCHORING)
    assert {point.partition(":")[0] for point in points} == set(FAILPOINTS)


@pytest.mark.parametrize("failpoint", [*AT_SEALING, *AT_LOGGING])
def test_issuing_survives_a_crash(world: World, failpoint: str) -> None:
    first, second, *_ = world.batches
    old, seen = world.kept_evidence(), world.observed()
    world.dies(failpoint, "approve", second, "--by", "duyet")
    world.assert_sane()
    world.observed(seen)
    world.run("publish")
    world.assert_whole([first, second])
    size = world.shown()[0]
    world.run("publish")
    assert world.shown()[0] == size, "nothing waited"
    world.assert_verifies([first, second], seen, old)
    world.assert_whole([first, second])


@pytest.mark.parametrize("failpoint", AT_LOGGING)
def test_the_head_after_a_stuck_one_survives_a_crash_too(world: World, failpoint: str) -> None:
    """The first crash leaves a head in the database; the next run has two to carry on, and dies with the second."""
    first, second, third, *_ = world.batches
    world.dies("sequence.head", "approve", second, "--by", "duyet")
    world.run(third, verb="approve-alone")
    again = failpoint if failpoint == "sequence.head" else f"{failpoint}:2"
    world.dies(again, "publish")
    world.assert_sane()
    world.run("publish")
    world.assert_whole([first, second, third])


@pytest.mark.parametrize("failpoint", AT_LOGGING)
def test_a_change_of_status_survives_a_crash(world: World, failpoint: str) -> None:
    """Between the checkpoint and the status lists a reader may see the old list beside the new checkpoint, and asks again."""
    first = world.batches[0]
    act = [
        "revoke",
        "--institution",
        "DHSG01",
        "--serial",
        "SG000111",
        "--decision",
        "5/QĐ",
        "--on",
        "2026-07-21",
        "--ground",
        "fraud",
        "--by",
        "duyet",
    ]
    world.dies(failpoint, *act)
    world.assert_sane(*(["status-wrong"] if failpoint == "publish.checkpoint" else []))
    world.run("publish")
    world.assert_whole([first])
    assert dict(world.fsck().acts)["revoke"] == 1
    (presented,) = (one for name, one in world.evidence().items() if name == first)
    assert str(world.verify(presented, world.observed()).verdict) == "revoked"


@pytest.mark.parametrize("failpoint", [*AT_RECALLING, "sequence.decided"])
def test_a_recall_survives_a_crash(world: World, failpoint: str) -> None:
    """Twelve diplomas in chunks of five: whatever was done before the crash, the same command does the rest, each once."""
    first = world.batches[0]
    serials = [
        serial
        for (serial,) in world.database.ask(
            "SELECT serial_number FROM register_row JOIN register_entry ON row_id = register_row.id"
        )
    ]
    (world.home.folder / "list.txt").write_text("\n".join(serials))
    words = [
        "recall", str(world.home.folder / "list.txt"), "--institution", "DHSG01", "--decision", "193/HS-ST", "--on", "2026-07-21",
        "--ground", "without-authority", "--judgment", "--prepared-by", "lap", "--by", "duyet",
    ]  # fmt: skip
    world.dies(failpoint, *words)
    world.assert_sane()
    world.run(*words)
    world.assert_whole([first])
    assert dict(world.fsck().acts)["revoke"] == len(serials) == 12
    (presented,) = (one for name, one in world.evidence().items() if name == first)
    assert str(world.verify(presented, world.observed()).verdict) == "revoked"


@pytest.mark.parametrize("failpoint", AT_ANCHORING)
def test_anchoring_survives_a_crash(world: World, failpoint: str) -> None:
    first, second, *_ = world.batches
    old, seen = world.kept_evidence(), world.observed()
    world.approve(second)
    if failpoint == "anchor.confirmed":
        world.run("anchor", "--wait", "0")
        world.mine()
        world.dies(failpoint, "anchor", "--wait", "10")
    else:
        world.dies(failpoint, "anchor", "--wait", "0")
    world.assert_sane()
    world.anchor()
    assert [event.size for event in world.events()][-1] == world.shown()[0]
    ((attempts,),) = world.database.ask(
        f"SELECT count(*) FROM register_anchor WHERE size = {world.shown()[0]} AND final"
    )
    assert attempts == 1, "one head, one transaction"
    world.assert_verifies([first, second], seen, old)
    world.assert_whole([first, second])


# -- a crash, and then an old backup ------------------------------------------------------------------------------------

UNDECIDED = ("seal.signed", "seal.closed", "sequence.head", "sequence.staged")
DECIDED = ("sequence.decided", "sequence.signed", "publish.tiles", "publish.checkpoint", "publish.recorded")


@pytest.mark.parametrize("failpoint", UNDECIDED)
def test_a_backup_from_before_an_undecided_crash_just_runs_on(world: World, backup: Backup, failpoint: str) -> None:
    """Nothing of the lost batch was decided, so nothing is owed to anybody: another batch may take its place in the log."""
    first, second, third, *_ = world.batches
    kept = backup(world)
    world.dies(failpoint, "approve", second, "--by", "duyet")
    world.database.restore(kept)
    world.approve(third)
    world.assert_whole([first, third])
    world.approve(second)
    world.assert_whole([first, third, second])


@pytest.mark.parametrize("failpoint", DECIDED)
def test_a_backup_from_before_a_decided_crash_is_told_to_recover(world: World, backup: Backup, failpoint: str) -> None:
    first, second, third, *_ = world.batches
    old, seen = world.kept_evidence(), world.observed()
    kept = backup(world)
    world.dies(failpoint, "approve", second, "--by", "duyet")
    decided = world.home.log.lock.head(world.policy.origin)
    world.database.restore(kept)
    assert world.refused("approve", third, "--by", "duyet")["error"] == "recovery-needed"
    assert world.home.log.lock.head(world.policy.origin) == decided
    done = world.run("recover", "--json").said
    assert done["lost_batches"] == [second]
    assert len(done["to_cancel"]) == 12
    world.run("publish")
    world.assert_verifies([first, third], seen, old)
    world.assert_whole([first, third], lost=[second])


@pytest.mark.parametrize("moment", ["approved", "secrets drawn", "sealed"])
def test_a_backup_from_the_midst_of_issuing_is_recovered_and_run_on(world: World, backup: Backup, moment: str) -> None:
    """What the backup holds signed is whole again; what it does not is in the log, listed to be cancelled, and never sealed again."""
    first, second, third, fourth, *_ = world.batches
    old, seen = world.kept_evidence(), world.observed()
    match moment:
        case "approved":
            world.run(second, verb="approve-alone")
        case "secrets drawn":
            world.dies("seal.planned", "approve", second, "--by", "duyet")
        case "sealed":
            world.dies("seal.closed", "approve", second, "--by", "duyet")
    kept = backup(world)
    world.run("publish")
    world.anchor()
    world.approve(third)
    world.anchor()
    seen = world.observed(seen)
    world.database.restore(kept)
    for command in (["publish"], ["anchor"], ["approve", fourth, "--by", "duyet"]):
        assert world.refused(*command)["error"] == "recovery-needed"
    world.run("recover")
    whole, lost = ([first, second], [third]) if moment == "sealed" else ([first], [second, third])
    world.run("publish")
    world.assert_whole([*whole, fourth], lost=lost)
    world.assert_verifies([*whole, fourth], seen, old)
    assert world.run("recover", "--json").said["inserted"] == 0, "once is enough"
    world.assert_whole([*whole, fourth], lost=lost)


# -- the control --------------------------------------------------------------------------------------------------------


def test_a_sequencer_that_signs_before_the_swap_is_caught(world: World, backup: Backup) -> None:
    """The same crash, restore and next batch as above, with the order of one step exchanged: two roots for one size."""
    _, second, third, *_ = world.batches
    assert world.signatures is not None
    kept = backup(world)
    world.dies("sequence.signed", "approve", second, "--by", "duyet", verb="careless")
    assert world.signatures.faults(world.entries()) != [], "signed, and not in the log"
    assert world.signatures.forks() == []
    world.database.restore(kept)
    world.approve(third)
    forks = world.signatures.forks()
    assert len(forks) == 1
    assert forks[0].startswith(f"two roots for {world.shown()[0]}:")


def test_the_right_sequencer_passes_the_same_test(world: World, backup: Backup) -> None:
    first, second, third, *_ = world.batches
    kept = backup(world)
    world.dies("sequence.staged", "approve", second, "--by", "duyet")
    world.database.restore(kept)
    world.approve(third)
    world.assert_whole([first, third])
