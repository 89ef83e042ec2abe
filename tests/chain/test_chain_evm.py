"""The adapter against a real node, honest and well."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable

import pytest
from eth_account import Account

from sogoc.adapters import contract as anchor_contract
from sogoc.adapters.chain_evm import EvmChain, EvmSettings, deploy
from sogoc.adapters.node_anvil import Node, _ask
from sogoc.core.anchor import MAX_GROWTH, Confirmations, FinalizedTag
from sogoc.errors import ChainUnavailable, InputError, KeyUnavailable
from sogoc.ports import AnchorRefused, NonceUsed, Underpriced
from tests.chain.conftest import again, anchor, new_chain, settle
from tests.chain.proxy import Proxy

A, B = bytes([0xA1]) * 32, bytes([0xB2]) * 32


def test_an_anchor_is_read_back_as_it_was_written(chain: EvmChain) -> None:
    assert chain.events() == []
    prepared = chain.prepare(10, A)
    assert chain.events() == []  # prepared is not sent
    settle(chain, prepared)
    anchor(chain, 25, B)

    first, second = chain.events()
    assert (first.sequence, first.size, first.root, first.transaction) == (0, 10, A, prepared.transaction)
    assert (second.sequence, second.size, second.root) == (1, 25, B)
    assert first.final
    assert first.pending == ""
    assert second.block_number > first.block_number
    assert chain.events(1) == [second]
    assert chain.events(2) == []


def test_asking_again_changes_nothing(chain: EvmChain) -> None:
    prepared = chain.prepare(10, A)
    settle(chain, prepared)
    chain.broadcast(prepared)  # the answer to the first was lost
    anchor(chain, 10, A)  # and even the knowledge that it was sent
    assert [(event.sequence, event.size) for event in chain.events()] == [(0, 10)]
    anchor(chain, 11, B)
    assert [(event.sequence, event.size) for event in chain.events()] == [(0, 10), (1, 11)]


@pytest.mark.parametrize(
    ("size", "root", "reason"),
    [
        (99, A, "shrinks"),
        (0, A, "shrinks"),
        (100, B, "other-root"),
        (100 + MAX_GROWTH + 1, B, "jumps"),
    ],
)
def test_what_the_contract_refuses_is_not_sent(chain: EvmChain, size: int, root: bytes, reason: str) -> None:
    anchor(chain, 100, A)
    with pytest.raises(AnchorRefused) as refused:
        chain.prepare(size, root)
    assert refused.value.reason == reason


def test_the_largest_step_is_taken(chain: EvmChain) -> None:
    anchor(chain, MAX_GROWTH, A)
    anchor(chain, 2 * MAX_GROWTH, B)
    assert [event.size for event in chain.events()] == [MAX_GROWTH, 2 * MAX_GROWTH]


def test_the_empty_tree_is_never_anchored(chain: EvmChain) -> None:
    with pytest.raises(AnchorRefused) as refused:
        chain.prepare(0, A)
    assert refused.value.reason == "shrinks"


def test_a_stranger_may_not_anchor(chain: EvmChain, node: Node) -> None:
    stranger = secrets.token_bytes(32)
    node.fund(Account.from_key(stranger).address, 10**18)
    with pytest.raises(AnchorRefused) as refused:
        EvmChain(chain._settings, stranger).prepare(10, A)
    assert refused.value.reason == "role"


def test_an_observer_needs_no_key(chain: EvmChain) -> None:
    anchor(chain, 10, A)
    observer = EvmChain(chain._settings)
    assert observer.events() == chain.events()
    with pytest.raises(KeyUnavailable):
        observer.prepare(11, B)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"chain_id": 88}, "is chain 89, not 88"),
        ({"contract": "0x" + "11" * 20}, "holds no contract"),
        ({"code_hash": b"\x01" * 32}, "holds another contract"),
        ({"origin": "log.example/other"}, "holds another contract"),
        ({"endpoints": ("http://127.0.0.1:1",)}, "does not answer"),
    ],
)
def test_another_chain_contract_or_code_is_unavailable(chain: EvmChain, changes: dict[str, object], said: str) -> None:
    anchor(chain, 10, A)
    other = again(chain, **changes)
    for question in (other.check, other.events, other.next_nonce, lambda: other.prepare(11, B)):
        with pytest.raises(ChainUnavailable, match=said):
            question()


def test_the_code_hash_is_computed_and_not_asked(chain: EvmChain, node: Node) -> None:
    code = bytes.fromhex(_ask(node._port, "eth_getCode", chain.contract, "latest")[2:])
    assert code == anchor_contract.runtime_code(chain._settings.origin)


def test_pages_of_logs_join(chain: EvmChain, node: Node) -> None:
    for size in range(1, 8):
        anchor(chain, size, bytes([size]) * 32)
        node.mine(2)
    paged = again(chain, log_page=3)
    assert paged.events() == chain.events()
    assert [event.sequence for event in paged.events(4)] == [4, 5, 6]


def test_the_newest_alone_takes_one_page(chain: EvmChain, node: Node, proxy: Callable[..., Proxy]) -> None:
    assert chain.events(-1) == []
    for size in range(1, 5):
        anchor(chain, size, bytes([size]) * 32)
        node.mine(10)
    between = proxy(node.rpc_url)
    paged = again(chain, log_page=15, endpoints=(between.url,))
    assert [event.sequence for event in paged.events(-1)] == [3]
    assert [method for method, _ in between.asked].count("eth_getLogs") == 1
    assert [event.sequence for event in paged.events(-3)] == [1, 2, 3]
    assert paged.events(-9) == paged.events()


def test_confirmations_are_counted(node: Node) -> None:
    chain = new_chain(node, finality=Confirmations(blocks=3))
    anchor(chain, 10, A)
    node.mine(2)
    (event,) = chain.events()
    assert not event.final
    assert event.pending == "2 of 3 blocks"
    node.mine(1)
    (event,) = chain.events()
    assert event.final


def test_the_finalized_tag_decides(chain: EvmChain, node: Node) -> None:
    tagged = again(chain, finality=FinalizedTag())
    anchor(tagged, 10, A)
    (event,) = tagged.events()
    assert not event.final
    assert "finalized" in event.pending
    node.mine(64)  # two epochs of 32 blocks
    (event,) = tagged.events()
    assert event.final


def test_a_waiting_transaction_is_replaced(fresh_node: Node) -> None:
    chain = new_chain(fresh_node)
    _ask(fresh_node._port, "evm_setAutomine", False)
    first = chain.prepare(10, A)
    chain.broadcast(first)
    chain.broadcast(first)  # known
    assert chain.next_nonce() == first.nonce + 1
    assert chain.events() == []

    rival = dataclasses.replace(chain.prepare(10, A), nonce=first.nonce)
    assert rival.gas_price == first.gas_price

    second = chain.prepare(12, B, replaces=first)
    assert second.nonce == first.nonce
    assert second.gas_price * 8 >= first.gas_price * 9
    chain.broadcast(second)
    fresh_node.mine()
    assert [(event.size, event.transaction) for event in chain.events()] == [(12, second.transaction)]
    with pytest.raises(NonceUsed):
        chain.broadcast(first)
    chain.broadcast(second)  # in a block is as good as known


def test_too_small_a_raise_is_told(fresh_node: Node) -> None:
    chain = new_chain(fresh_node)
    _ask(fresh_node._port, "evm_setAutomine", False)
    first = chain.prepare(10, A)
    chain.broadcast(first)
    cheap = chain.prepare(11, B, replaces=dataclasses.replace(first, gas_price=first.gas_price * 8 // 9 - 9))
    with pytest.raises(Underpriced):
        chain.broadcast(cheap)


def test_the_price_has_a_floor_and_a_ceiling(chain: EvmChain) -> None:
    assert again(chain, gas_price_floor=10**9).prepare(10, A).gas_price == 10**9
    with pytest.raises(ChainUnavailable, match="ceiling"):
        again(chain, gas_price_ceiling=1).prepare(10, A)


def test_an_empty_account_is_told_so(chain: EvmChain, node: Node) -> None:
    prepared = chain.prepare(10, A)
    node.fund(chain.account, 0)
    assert chain.balance() == 0
    with pytest.raises(ChainUnavailable, match=r"(?i)insufficient funds"):
        chain.broadcast(prepared)


def test_deploying_to_another_chain_is_refused(node: Node) -> None:
    settings = EvmSettings(
        endpoints=(node.rpc_url,), chain_id=1, origin="log.example/x", contract=None, finality=Confirmations(blocks=0)
    )
    with pytest.raises(ChainUnavailable, match="is chain 89, not 1"):
        deploy(settings, secrets.token_bytes(32))


def test_settings_name_each_endpoint_once(chain: EvmChain) -> None:
    for endpoints in ((), (*chain.endpoints, *chain.endpoints)):
        with pytest.raises(InputError):
            again(chain, endpoints=endpoints)
