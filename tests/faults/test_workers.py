"""Workers that are killed or asked to end in the middle of a batch: others go on, and nothing is done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.faults.worlds import REPOSITORY, World

POINTS = (
    "seal.planned",
    "seal.written",
    "seal.written:2",
    "seal.signed",
    "seal.closed",
    "sequence.staged",
    "sequence.decided",
)

DONE = "SELECT count(*) FROM register_shard WHERE done_at IS NOT NULL"


def approved(world: World) -> list[str]:
    """Approve two batches, and leave their sealing to workers."""
    ids = world.batches[1:3]
    for one in ids:
        world.run(one, verb="approve-alone")
    return ids


@pytest.mark.parametrize("point", POINTS)
def test_what_a_killed_worker_held_another_does(world: World, point: str) -> None:
    ids = approved(world)
    world.dies(point, "worker", "--until-idle")
    world.assert_sane()
    said = world.run("worker", "--until-idle", "--json").said
    assert said["stopped"] is False
    world.assert_whole([world.batches[0], *ids])


def test_a_worker_asked_to_end_ends_and_the_next_goes_on(world: World) -> None:
    ids = approved(world)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SOGOC_")}
    environment |= {"SOGOC_HOME": str(world.folder)} | world.database.environment
    before = world.database.ask(DONE)
    one = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.child", "cli", "worker", "--json", "--pause", "30"],
        cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    end = time.monotonic() + 60
    while world.database.ask(DONE) == before:
        assert time.monotonic() < end
        assert one.poll() is None
        time.sleep(0.02)
    one.send_signal(signal.SIGTERM)
    out, _ = one.communicate(timeout=20)  # it may sleep, and wakes
    assert one.returncode == 0
    assert json.loads(out)["stopped"] is True
    world.gather("worker that was asked to end")
    world.run("worker", "--until-idle")
    world.assert_whole([world.batches[0], *ids])


def test_piece_by_piece_by_hand(world: World) -> None:
    ids = approved(world)
    before = world.run("progress", "--json").said
    assert (before["sealed"], before["count"]) == (0, 24)
    for _ in range(2):  # the plan, and the first shard
        world.run("worker", "--once", "--seal-only")
    far = world.run("progress", "--json").said
    assert [one["sealed"] for one in far["batches"]] == [5, 0]
    world.run("worker", "--until-idle")
    assert world.run("progress", "--json").said["waiting"] == 0
    assert "0" in world.run("progress", "--follow").out
    world.assert_whole([world.batches[0], *ids])
