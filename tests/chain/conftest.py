"""A real node for every test: the session's own, with a contract of its own for each test that asks for one."""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from sogoc.adapters import node_anvil
from sogoc.adapters.chain_evm import EvmChain, EvmSettings, deploy
from sogoc.adapters.node_anvil import Node
from sogoc.core.anchor import Confirmations, FinalityRule
from sogoc.ports import PreparedAnchor
from tests.chain.proxy import Answer, Proxy, passes

ETHER = 10**18


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("node")
    yield node_anvil.start(folder)
    node_anvil.stop(folder)


@pytest.fixture
def fresh_node(tmp_path: Path) -> Iterator[Node]:
    """A node that the test may kill, stop or send back in time."""
    yield node_anvil.start(tmp_path / "node")
    node_anvil.stop(tmp_path / "node")


def new_chain(node: Node, *, finality: FinalityRule | None = None) -> EvmChain:
    """A funded key and a freshly deployed contract of a log of its own."""
    key = secrets.token_bytes(32)
    node.fund(Account.from_key(key).address, ETHER)
    settings = EvmSettings(
        endpoints=(node.rpc_url,),
        chain_id=node.chain_id,
        origin=f"log.example/{secrets.token_hex(4)}",
        contract=None,
        finality=finality or Confirmations(blocks=0),
        timeout=2.0,
    )
    return EvmChain(dataclasses.replace(settings, contract=deploy(settings, key)), key)


def again(chain: EvmChain, **changes: object) -> EvmChain:
    """The same contract with the same key, seen through other settings."""
    return EvmChain(dataclasses.replace(chain._settings, **changes), chain._account)  # type: ignore[arg-type]


def settle(chain: EvmChain, prepared: PreparedAnchor) -> dict[str, Any]:
    """Broadcast, and wait for the block: the node mines for each transaction, but not before it answers. The receipt."""
    chain.broadcast(prepared)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        receipt = chain._endpoints[0].ask("eth_getTransactionReceipt", "0x" + prepared.transaction.hex())
        if receipt is not None:
            assert receipt["status"] == "0x1"
            return dict(receipt)
        time.sleep(0.002)
    raise AssertionError("the node did not mine the transaction")


def anchor(chain: EvmChain, size: int, root: bytes) -> None:
    settle(chain, chain.prepare(size, root))


@pytest.fixture
def chain(node: Node) -> EvmChain:
    return new_chain(node)


@pytest.fixture
def proxy() -> Iterator[Callable[..., Proxy]]:
    """Start a proxy that answers as told; without being told it is one more honest endpoint."""
    started: list[Proxy] = []

    def start(upstream: str, answer: Answer = passes) -> Proxy:
        started.append(Proxy(upstream, answer))
        return started[-1]

    yield start
    for one in started:
        one.close()
