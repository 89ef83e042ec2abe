"""Workers that are killed or asked to end in the middle of a batch: others go on, and nothing is done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.faults.worlds import REPOSITORY, PostgresDatabase, World

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
SEALED = "SELECT count(*) FROM register_batch WHERE state = 'sealed'"
CONNECTED = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND state = 'idle' AND query LIKE '%register_batch%'"
)


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


@contextmanager
def working(world: World, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A worker of its own, while this test goes on."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SOGOC_")}
    environment |= {"SOGOC_HOME": str(world.folder)} | world.database.environment
    one = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.child", "cli", "worker", "--json", *words],
        cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield one
    finally:
        one.kill()
        one.communicate()


def ended(one: subprocess.Popen[str]) -> str:
    """Ask it to end, and return what it told on standard error."""
    one.send_signal(signal.SIGTERM)
    out, error = one.communicate(timeout=20)  # it may sleep, and wakes
    assert one.returncode == 0, error
    assert json.loads(out)["stopped"] is True
    return error


def until(one: subprocess.Popen[str], true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        assert one.poll() is None
        time.sleep(0.02)


def test_a_worker_asked_to_end_ends_and_the_next_goes_on(world: World) -> None:
    ids = approved(world)
    before = world.database.ask(DONE)
    with working(world, "--pause", "30") as one:
        until(one, lambda: world.database.ask(DONE) != before)
        ended(one)
    world.gather("worker that was asked to end")
    world.run("worker", "--until-idle")
    world.assert_whole([world.batches[0], *ids])


def test_a_worker_that_waits_outlives_a_crash_of_its_database(world: World) -> None:
    with working(world, "--pause", "0.1") as one:
        if isinstance(world.database, PostgresDatabase):
            until(one, lambda: world.database.ask(CONNECTED) == [(1,)])
            world.database.cluster.stop("immediate")
            world.database.cluster.start()
        ids = approved(world)
        until(one, lambda: world.database.ask(SEALED) == [(3,)])
        error = ended(one)
    assert ("the database does not answer" in error) == isinstance(world.database, PostgresDatabase)
    world.gather("worker after the crash")
    world.run("publish")
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
