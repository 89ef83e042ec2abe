"""The embedded node's life, and a chain that changes its mind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sogoc.adapters import node_anvil
from sogoc.adapters.chain_evm import EvmChain
from sogoc.adapters.node_anvil import Node, _ask
from sogoc.core.anchor import Confirmations
from sogoc.errors import ChainUnavailable, WrongState
from tests.chain.conftest import again, anchor, new_chain, settle

A, B = bytes([0xA1]) * 32, bytes([0xB2]) * 32


def ends(pid: int) -> None:
    deadline = time.monotonic() + 10
    while node_anvil._command(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not node_anvil._command(pid)


def test_a_stopped_node_keeps_its_chain(fresh_node: Node) -> None:
    chain = new_chain(fresh_node)
    anchor(chain, 10, A)
    told = chain.events()
    assert node_anvil.stop(fresh_node.folder)
    assert node_anvil.attach(fresh_node.folder) is None
    assert not node_anvil.stop(fresh_node.folder)
    with pytest.raises(ChainUnavailable):
        chain.events()

    back = node_anvil.start(fresh_node.folder)
    chain = again(chain, endpoints=(back.rpc_url,))
    assert chain.events() == told
    anchor(chain, 20, B)
    assert [event.size for event in chain.events()] == [10, 20]


def test_a_killed_node_may_forget_and_never_invents(fresh_node: Node) -> None:
    chain = new_chain(fresh_node)
    fresh_node.wait_until_saved(chain.contract)
    prepared = chain.prepare(10, A)
    settle(chain, prepared)
    assert len(chain.events()) == 1
    os.kill(fresh_node.pid, signal.SIGKILL)
    ends(fresh_node.pid)
    assert node_anvil.attach(fresh_node.folder) is None

    back = node_anvil.start(fresh_node.folder)
    chain = again(chain, endpoints=(back.rpc_url,))
    remembered = chain.events()
    assert [(event.size, event.root) for event in remembered] in ([], [(10, A)])
    settle(chain, prepared)  # the very same transaction is sent again, or is known
    assert [(event.size, event.root) for event in chain.events()] == [(10, A)]


def test_starting_twice_is_one_node(fresh_node: Node) -> None:
    assert node_anvil.start(fresh_node.folder) == fresh_node
    assert node_anvil.attach(fresh_node.folder) == fresh_node


def test_commands_at_once_start_one_node(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from sogoc.adapters import node_anvil as n; print(n.start(pathlib.Path(sys.argv[1])).pid)"
    )
    racing = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE) for _ in range(3)
    ]
    try:
        assert len({one.communicate()[0] for one in racing}) == 1
    finally:
        assert node_anvil.stop(tmp_path)


def test_a_node_outlives_the_command_that_started_it(tmp_path: Path) -> None:
    program = "import sys, pathlib; from sogoc.adapters import node_anvil as n; n.start(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)
    node = node_anvil.attach(tmp_path)
    assert node is not None
    assert node_anvil.stop(tmp_path)
    ends(node.pid)


def test_only_our_own_node_is_ever_signalled(tmp_path: Path) -> None:
    """A stale file names a process id that meanwhile is somebody else's."""
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        node_anvil._write(tmp_path, {"pid": stranger.pid, "port": 1, "chain_id": 89})
        assert not node_anvil.stop(tmp_path)
        assert node_anvil.attach(tmp_path) is None
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_the_port_is_kept_where_it_is_free(tmp_path: Path) -> None:
    port = 20_000 + os.getpid() % 10_000  # below those that the system itself gives to connections
    node_anvil._write(tmp_path, {"pid": 1, "port": port, "chain_id": 89})
    node = node_anvil.start(tmp_path)
    assert node._port == port
    node_anvil.stop(tmp_path)


def test_another_port_when_the_old_one_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        node_anvil._write(tmp_path, {"pid": 1, "port": port, "chain_id": 89})
        node = node_anvil.start(tmp_path)
        assert node._port != port
    assert node_anvil.attach(tmp_path) == node
    node_anvil.stop(tmp_path)


def test_a_folder_keeps_its_chain_id(fresh_node: Node) -> None:
    with pytest.raises(WrongState):
        node_anvil.start(fresh_node.folder, chain_id=88)


def test_nothing_of_the_node_is_open_to_others(fresh_node: Node) -> None:
    assert fresh_node.folder.stat().st_mode & 0o077 == 0
    assert _ask(fresh_node._port, "eth_accounts") == []  # nobody's well-known key is rich here


def test_a_missing_program_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOGOC_ANVIL", str(tmp_path / "nowhere"))
    with pytest.raises(ChainUnavailable, match="SOGOC_ANVIL") as missing:
        node_anvil.start(tmp_path)
    assert missing.value.mend is not None
    assert "install-node-tools" in missing.value.mend


def test_a_damaged_state_is_told_and_not_replaced(tmp_path: Path) -> None:
    node_anvil.start(tmp_path)
    node_anvil.stop(tmp_path)
    damaged = (tmp_path / "state.json").read_bytes()[:-20]
    (tmp_path / "state.json").write_bytes(damaged)
    with pytest.raises(ChainUnavailable, match="did not start"):
        node_anvil.start(tmp_path)
    assert (tmp_path / "state.json").read_bytes() == damaged


def test_a_program_that_is_no_node_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = tmp_path / "anvil"
    wrong.write_text("#!/bin/sh\necho no\n")
    wrong.chmod(0o755)
    monkeypatch.setenv("SOGOC_ANVIL", str(wrong))
    with pytest.raises(ChainUnavailable, match="did not start"):
        node_anvil.start(tmp_path / "node")


@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("blocks", [0, 6])
def test_a_reorganisation_unmakes_an_anchor_and_sending_it_again_remakes_it(
    fresh_node: Node, depth: int, blocks: int
) -> None:
    chain = new_chain(fresh_node, finality=Confirmations(blocks=blocks))
    anchor(chain, 10, A)
    fresh_node.mine(6)
    prepared = chain.prepare(20, B)
    settle(chain, prepared)
    fresh_node.mine(depth - 1)
    kept, lost = chain.events()
    assert kept.final
    assert lost.final == (blocks == 0)  # a rule of no confirmations believes too early, and unbelieves as well

    _ask(fresh_node._port, "anvil_reorg", depth, [])
    assert [event.size for event in chain.events()] == [10]

    settle(chain, prepared)
    first, second = chain.events()
    assert first == kept or (first.block_hash, first.final) == (kept.block_hash, True)
    assert (second.sequence, second.size, second.root) == (1, 20, B)
    assert second.block_hash != lost.block_hash


def test_after_a_reorganisation_another_transaction_may_hold_the_nonce(fresh_node: Node) -> None:
    chain = new_chain(fresh_node)
    lost = chain.prepare(10, A)
    settle(chain, lost)
    _ask(fresh_node._port, "anvil_reorg", 1, [])
    anchor(chain, 12, B)
    with pytest.raises(ChainUnavailable, match=r"(?i)nonce") as used:
        chain.broadcast(lost)
    assert used.value.code == "nonce-used"
    assert [(event.sequence, event.size) for event in chain.events()] == [(0, 12)]


def test_reading_needs_nothing_remembered(fresh_node: Node) -> None:
    chain = new_chain(fresh_node)
    anchor(chain, 10, A)
    assert EvmChain(chain._settings).events() == chain.events()
