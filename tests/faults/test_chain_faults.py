"""A chain that forgets, lies about who it is, or is not there: issuing goes on, and nothing is called anchored that is not."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from sogoc.adapters import node_anvil
from sogoc.adapters.chain_evm import EvmSettings, deploy
from sogoc.adapters.node_anvil import _ask
from sogoc.core.anchor import Confirmations
from sogoc.errors import ChainUnavailable
from tests.faults.worlds import Database, World

Backup = Callable[[World], Database]


def seen_anchored(world: World) -> list[int]:
    """The sizes that the database would call anchored."""
    found = world.database.ask("SELECT size FROM register_anchor WHERE block_number IS NOT NULL ORDER BY size")
    return [size for (size,) in found]


def prepared(world: World) -> int:
    ((count,),) = world.database.ask("SELECT count(*) FROM register_anchor")
    return int(count)


def waiting(world: World) -> int:
    ((count,),) = world.database.ask("SELECT count(*) FROM register_anchor WHERE block_number IS NULL")
    return int(count)


def verdict(world: World, presented: bytes, **seen: Any) -> str:
    return str(world.verify(presented, **seen).verdict)


def saved(world: World) -> None:
    """Remember what the node has on its disk now; a node that is killed has lost what came after."""
    assert node_anvil.stop(world.folder / "chain")
    shutil.copyfile(world.folder / "chain" / "state.json", world.folder / "chain.saved")
    world.start_node()


def kill_node(world: World) -> None:
    """Kill the node and let it come back as it was `saved`: exactly what a kill within its last second leaves."""
    node = node_anvil.attach(world.folder / "chain")
    assert node is not None
    os.kill(node.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while node_anvil.attach(world.folder / "chain") is not None:
        assert time.monotonic() < deadline
    shutil.copyfile(world.folder / "chain.saved", world.folder / "chain" / "state.json")
    world.start_node()


def reorganise(world: World) -> None:
    """Replace the last blocks of the chain, down to before the newest anchor, by empty ones."""
    node = node_anvil.attach(world.folder / "chain")
    assert node is not None
    height = int(_ask(node._port, "eth_blockNumber"), 16)
    _ask(node._port, "anvil_reorg", height - world.events()[-1].block_number + 1, [])


LOSSES = [pytest.param(kill_node, id="killed"), pytest.param(reorganise, id="reorganised")]


@pytest.mark.parametrize("lose", LOSSES)
def test_a_lost_anchor_is_noticed_and_made_again(world: World, lose: Callable[[World], None]) -> None:
    first, second, *_ = world.batches
    old, seen = world.kept_evidence(), world.observed()
    before = seen_anchored(world)
    saved(world)
    world.approve(second)
    handed_out = world.evidence(anchored=True)
    size = world.shown()[0]
    assert seen_anchored(world) == [*before, size]
    believed = world.observed(seen)
    assert verdict(world, handed_out[second], policy=believed) == "valid"

    lose(world)
    assert [event.size for event in world.events()] == before
    with pytest.raises(ChainUnavailable, match="no longer holds"):
        world.observed(believed)
    # Whoever looks only now never saw that anchor: what was handed out while it stood is not valid by it.
    assert verdict(world, handed_out[second], policy=world.observed(seen)) == "valid_pending_anchor"

    world.run("anchor", "--wait", "0")
    again = world.evidence()
    assert verdict(world, again[second], policy=world.observed(seen)) == "valid_pending_anchor"
    world.mine()
    world.run("anchor", "--wait", "10")
    assert seen_anchored(world) == [*before, size] == [event.size for event in world.events()]
    world.assert_verifies([first, second], believed, old | handed_out)
    world.assert_whole([first, second])


def test_the_database_forgets_an_anchor_that_the_chain_lost(world: World) -> None:
    """Also when nothing can be sent: the note is gone before a transaction is tried."""
    before = seen_anchored(world)
    saved(world)
    world.approve(world.batches[1])
    world.anchor()
    kill_node(world)
    node = node_anvil.attach(world.folder / "chain")
    assert node is not None
    from eth_account import Account

    node.fund(Account.from_key(world.home.anchor_key()).address, 0)
    assert world.refused("anchor", "--wait", "0")["error"] == "chain-unavailable"
    assert seen_anchored(world) == before
    node.fund(Account.from_key(world.home.anchor_key()).address, 10**18)
    world.anchor()
    assert seen_anchored(world) == [*before, world.shown()[0]]


@pytest.mark.parametrize("later", [False, True], ids=["at once", "minutes later"])
def test_two_lost_anchors_do_not_wait_for_one_another(world: World, *, later: bool) -> None:
    """Their transactions hold two nonces, of which the chain takes the second only after the first."""
    first, second, third, fourth, *_ = world.batches
    saved(world)
    for batch in (second, third):
        world.approve(batch)
        world.anchor()
    kill_node(world)
    if later:  # and a newer head than both is sent instead of the first: the second can never follow
        world.approve(fourth)
        world.run(verb="anchor-later")
        world.mine()
    for _ in range(3):
        world.run("anchor", "--wait", "0")
        world.mine()
    assert seen_anchored(world)[-1] == world.shown()[0]
    assert [event.size for event in world.events()][-1] == world.shown()[0]
    sent = prepared(world)
    world.run("anchor", "--wait", "10")
    assert prepared(world) == sent
    assert waiting(world) == 0
    world.assert_whole([first, second, third, *([fourth] if later else [])])


def test_an_anchor_that_a_later_one_overtook_is_not_sent_for_ever(world: World) -> None:
    """A prepared transaction whose size the chain has passed can only fail: it is given up, and the next head is anchored."""
    _, second, third, *_ = world.batches
    world.approve(second)
    world.dies("anchor.prepared", "anchor", "--wait", "0")
    world.approve(third)
    world.run(verb="anchor-later")
    world.mine()
    world.anchor()
    assert seen_anchored(world)[-1] == world.shown()[0]
    assert waiting(world) == 0


def test_issuing_goes_on_without_the_chain(world: World) -> None:
    first, second, third, *_ = world.batches
    old, seen = world.kept_evidence(), world.observed()
    before, sent = seen_anchored(world), prepared(world)
    assert node_anvil.stop(world.folder / "chain")
    world.approve(second)
    world.run("publish", "--state")
    assert world.refused("anchor")["error"] == "chain-unavailable"
    assert (seen_anchored(world), prepared(world)) == (before, sent)
    assert world.fsck(chain=False).faults == ()
    handed_out = world.evidence()
    assert verdict(world, handed_out[second], policy=seen) == "valid_pending_anchor"
    assert verdict(world, handed_out[first], policy=seen) == "valid_pending_anchor", (
        "its state is newer than the anchor"
    )
    long_ago = dataclasses.replace(seen, max_anchor_age=seen.max_anchor_age * 0)
    assert verdict(world, handed_out[second], policy=long_ago) == "inconclusive"

    world.start_node()
    world.approve(third)
    world.assert_verifies([first, second, third], seen, old | handed_out)
    world.assert_whole([first, second, third])


def pin(world: World, **settings: object) -> None:
    path = world.folder / "archive.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def another_contract(world: World) -> str:
    """The contract of another log on the same chain."""
    key = b"\7" * 32
    from eth_account import Account

    node = node_anvil.attach(world.folder / "chain")
    assert node is not None
    node.fund(Account.from_key(key).address, 10**18)
    settings = EvmSettings(
        endpoints=(node.rpc_url,), chain_id=node.chain_id, origin="another.example/log", contract=None,
        finality=Confirmations(blocks=2),
    )  # fmt: skip
    return deploy(settings, key)


@pytest.mark.parametrize("wrong", ["chain id", "no contract", "another contract"])
def test_a_wrong_chain_is_never_written_to(world: World, wrong: str) -> None:
    first, second, *_ = world.batches
    before, sent, right = seen_anchored(world), prepared(world), (world.folder / "archive.json").read_text()
    match wrong:
        case "chain id":
            pin(world, chain_id=88)
        case "no contract":
            pin(world, contract="0x" + "ab" * 20)
        case "another contract":
            pin(world, contract=another_contract(world))
    world.approve(second)
    assert world.refused("anchor")["error"] == "chain-unavailable"
    assert (seen_anchored(world), prepared(world)) == (before, sent)

    (world.folder / "archive.json").write_text(right)
    world.anchor()
    assert seen_anchored(world) == [*before, world.shown()[0]]
    world.assert_whole([first, second])


def test_a_restored_database_does_not_anchor_until_it_recovered(world: World, backup: Backup) -> None:
    first, second, third, fourth, *_ = world.batches
    old, seen = world.kept_evidence(), world.observed()
    kept = backup(world)
    for batch in (second, third):
        world.approve(batch)
        world.anchor()
    believed = world.observed(seen)
    world.database.restore(kept)
    sent = prepared(world)
    assert world.refused("anchor", "--wait", "0")["error"] == "recovery-needed"
    assert prepared(world) == sent
    assert world.refused("publish")["error"] == "recovery-needed"
    assert sorted(world.run("recover", "--json").said["lost_batches"]) == sorted([second, third])
    world.anchor()
    world.assert_whole([first], lost=[second, third])
    world.approve(fourth)
    world.assert_verifies([first, fourth], believed, old)
    world.assert_whole([first, fourth], lost=[second, third])


def test_everything_stops_and_starts_again(world: World) -> None:
    first, second, *_ = world.batches
    old, seen = world.kept_evidence(), world.observed()
    held = world.events()
    world.run("node", "stop")
    world.run("node", "start")
    assert world.events() == held
    world.approve(second)
    world.assert_verifies([first, second], seen, old)
    audit = world.run("log", "fsck", "--json").said
    assert (audit["clean"], audit["chain"], audit["anchors_compared"]) == (True, "compared", len(held) + 1)
    world.assert_whole([first, second])
