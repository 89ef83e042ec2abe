"""The ways of a Viction node, imposed on a real one, and real headers and receipts of a Viction network."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import rlp  # type: ignore[import-untyped]
from eth_account import Account
from eth_utils.crypto import keccak

from sogoc.adapters.chain_evm import EvmChain, _bytes, _integer, _signed
from sogoc.adapters.node_anvil import Node
from sogoc.core.anchor import FinalizedTag, VictionFinality
from sogoc.errors import ChainUnavailable
from sogoc.ports import AnchorRefused, NonceUsed, PreparedAnchor, Underpriced
from tests.chain.conftest import ETHER, again, anchor, new_chain, settle
from tests.chain.proxy import MAX_NONCE_AHEAD, MIN_GAS_PRICE, Json, Proxy, VictionWays

A, B = bytes([0xA1]) * 32, bytes([0xB2]) * 32
Start = Callable[..., Proxy]

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "viction-vectors.json").read_text(encoding="utf-8")
)
HEADERS = {"genesis": VECTORS["genesis"], **VECTORS["headers"]}
HEADER_FIELDS = (
    *("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "difficulty"),
    *(
        "number",
        "gasLimit",
        "gasUsed",
        "timestamp",
        "extraData",
        "mixHash",
        "nonce",
        "validators",
        "validator",
        "penalties",
    ),
)
NUMBERS = {"difficulty", "number", "gasLimit", "gasUsed", "timestamp"}


@pytest.fixture
def ways() -> VictionWays:
    return VictionWays()


@pytest.fixture
def viction(node: Node, proxy: Start, ways: VictionWays) -> EvmChain:
    chain = new_chain(node, finality=VictionFinality(blocks=2, percent=75))
    return again(chain, endpoints=(proxy(node.rpc_url, ways).url,))


def rpc(chain: EvmChain, method: str, *params: Json) -> Json:
    """Ask as any client would, past the adapter: what the proxy imposes must itself be seen to hold."""
    body: Json = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return requests.post(chain.endpoints[0], json=body, timeout=5)


def test_an_anchor_goes_through_and_becomes_final(viction: EvmChain, node: Node) -> None:
    anchor(viction, 10, A)
    (event,) = viction.events()
    assert (event.size, event.root, event.final, event.pending) == (10, A, False, "0 of 2 blocks")
    node.mine(2)
    (event,) = viction.events()
    assert event.final


@pytest.mark.parametrize(("signed", "final"), [(0, False), (33, False), (74, False), (75, True), (100, True)])
def test_three_quarters_of_the_masternodes_decide(
    viction: EvmChain, ways: VictionWays, node: Node, signed: int, final: bool
) -> None:
    anchor(viction, 10, A)
    node.mine(2)
    ways.signed = signed
    (event,) = viction.events()
    assert event.final is final
    assert final or event.pending == f"signed by {signed} of 75 percent"


def test_a_node_without_the_finality_method_never_finishes(viction: EvmChain, ways: VictionWays, node: Node) -> None:
    anchor(viction, 10, A)
    node.mine(100)
    ways.signed = None
    (event,) = viction.events()
    assert not event.final
    assert "does not offer eth_getBlockFinalityByHash" in event.pending


@pytest.mark.parametrize("nonsense", ["0x64", "100", 101, -1, True, 80.0, [80]])
def test_a_percentage_that_is_none_never_finishes(
    viction: EvmChain, ways: VictionWays, node: Node, nonsense: Any
) -> None:
    anchor(viction, 10, A)
    node.mine(2)
    ways.signed = nonsense
    (event,) = viction.events()
    assert not event.final
    assert "something else than a percentage" in event.pending


def test_the_finalized_tag_is_no_way_out(viction: EvmChain, node: Node) -> None:
    anchor(viction, 10, A)
    node.mine(100)
    (event,) = again(viction, finality=FinalizedTag()).events()
    assert not event.final
    assert "could not tell the finalized block" in event.pending


def test_a_revert_that_comes_as_a_result_is_recognised(viction: EvmChain, node: Node) -> None:
    anchor(viction, 10, A)
    for size, root, reason in ((9, A, "shrinks"), (10, B, "other-root"), (10 + 2**24 + 1, B, "jumps")):
        with pytest.raises(AnchorRefused) as refused:
            viction.prepare(size, root)
        assert refused.value.reason == reason
    stranger = secrets.token_bytes(32)
    node.fund(Account.from_key(stranger).address, ETHER)
    with pytest.raises(AnchorRefused) as refused:
        EvmChain(viction._settings, stranger).prepare(11, B)
    assert refused.value.reason == "role"


def test_known_is_success_and_used_is_told(viction: EvmChain, node: Node) -> None:
    first = viction.prepare(10, A)
    settle(viction, first)
    viction.broadcast(first)
    rival = again(viction).prepare(12, B, replaces=first)
    with pytest.raises(NonceUsed):
        viction.broadcast(rival)


def test_a_price_below_the_minimum_is_told(viction: EvmChain) -> None:
    raw = _signed(viction._signer(), viction._settings, nonce=0, price=MIN_GAS_PRICE - 1, to=viction.contract, data=b"")
    with pytest.raises(Underpriced, match="under min gas price"):
        viction.broadcast(_as_prepared(viction, raw))
    assert viction.prepare(10, A).gas_price >= MIN_GAS_PRICE


def test_a_nonce_too_far_ahead_waits(viction: EvmChain) -> None:
    nonce = viction.next_nonce() + MAX_NONCE_AHEAD + 1
    raw = _signed(viction._signer(), viction._settings, nonce=nonce, price=MIN_GAS_PRICE, to=viction.contract, data=b"")
    with pytest.raises(ChainUnavailable, match="nonce too high"):
        viction.broadcast(_as_prepared(viction, raw))


def test_every_transaction_is_of_the_legacy_kind_and_bound_to_the_chain(viction: EvmChain) -> None:
    prepared = viction.prepare(10, A)
    *_, v, r, s = rlp.decode(prepared.raw)
    assert int.from_bytes(v) in (2 * 89 + 35, 2 * 89 + 36)
    assert r
    assert s
    assert keccak(prepared.raw) == prepared.transaction


def test_nothing_is_asked_that_the_chain_does_not_offer(node: Node, proxy: Start, ways: VictionWays) -> None:
    chain = new_chain(node)
    between = proxy(node.rpc_url, ways)
    through = again(chain, endpoints=(between.url,), finality=VictionFinality(blocks=0))
    anchor(through, 10, A)
    settle(through, through.prepare(12, B, replaces=through.prepare(12, B)))
    through.events()
    through.balance()
    assert {method for method, _ in between.asked} == {
        *("eth_blockNumber", "eth_call", "eth_chainId", "eth_gasPrice", "eth_getBalance", "eth_getBlockByNumber"),
        *("eth_getBlockFinalityByHash", "eth_getCode", "eth_getLogs", "eth_getTransactionCount"),
        *("eth_getTransactionReceipt", "eth_sendRawTransaction"),
    }
    calls = [params[0] for method, params in between.asked if method == "eth_call"]
    assert all("data" in call and "input" not in call for call in calls)


def test_the_proxy_imposes_what_it_should(viction: EvmChain) -> None:
    """The control: without it the tests above could pass against a node that has none of these ways."""
    assert rpc(viction, "eth_getProof").json()["error"]["code"] == -32601
    assert rpc(viction, "eth_getBlockByNumber", "finalized", False).json()["error"]["code"] == -32602
    assert rpc(viction, "eth_estimateGas", {"data": "0x00"}).content == b""
    assert rpc(viction, "eth_call", {"to": viction.contract, "input": "0x06661abd"}, "latest").json()["result"] == "0x"
    block = rpc(viction, "eth_getBlockByNumber", "latest", False).json()["result"]
    assert len(_bytes(block["extraData"])) == 97
    assert rpc(viction, "eth_sendRawTransaction", "0x02c0").json()["error"]["message"].startswith("rlp:")
    # at(7), an anchor that does not exist: the revert data of NotAnchored(7) as if it were an answer
    asked = {"to": viction.contract, "data": "0x" + keccak(text="at(uint64)")[:4].hex() + f"{7:064x}"}
    answer = rpc(viction, "eth_call", asked, "latest").json()
    assert answer["result"] == "0x" + keccak(text="NotAnchored(uint64)")[:4].hex() + f"{7:064x}"


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_has_eighteen_fields(name: str) -> None:
    header = HEADERS[name]
    fields = [_field(name, header[name]) for name in HEADER_FIELDS]
    assert keccak(rlp.encode(fields)) == _bytes(header["hash"], 32)
    assert keccak(rlp.encode(fields[:15])) != _bytes(header["hash"], 32)


def test_real_receipts_are_read() -> None:
    logs = [log for receipts in VECTORS["receipts"].values() for receipt in receipts for log in receipt["logs"]]
    assert len(logs) >= 10
    for log in logs:
        assert len(_bytes(log["address"], 20)) == 20
        assert all(len(_bytes(topic, 32)) == 32 for topic in log["topics"])
        assert _integer(log["blockNumber"]) == int(log["blockNumber"], 16)
        assert log["removed"] is False
        _bytes(log["data"])


def _field(name: str, value: str) -> bytes:
    if name in NUMBERS:
        number = int(value, 16)
        return number.to_bytes((number.bit_length() + 7) // 8)
    return bytes.fromhex(value[2:])


def _as_prepared(chain: EvmChain, raw: bytes) -> PreparedAnchor:
    return PreparedAnchor(nonce=0, gas_price=0, raw=raw, transaction=keccak(raw))
