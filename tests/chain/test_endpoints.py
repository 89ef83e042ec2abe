"""Endpoints that lie, fail, lag or hang: never a phantom anchor, and the truth wherever two honest ones are left."""

from __future__ import annotations

import copy
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from sogoc.adapters.chain_evm import EvmChain
from sogoc.adapters.node_anvil import Node
from sogoc.core.anchor import Confirmations, VictionFinality
from sogoc.errors import ChainUnavailable
from tests.chain.conftest import again, anchor, new_chain
from tests.chain.proxy import Answer, Forward, Json, Proxy, Raw, error, passes, result

A, B, C = bytes([0xA1]) * 32, bytes([0xB2]) * 32, bytes([0xC3]) * 32
Start = Callable[..., Proxy]


def instead(method: str, reply: Json | Raw) -> Answer:
    return lambda asked, params, forward: reply if asked == method else forward(asked, params)


def bent(method: str, bend: Callable[[Json], object]) -> Answer:
    def answer(asked: str, params: Json, forward: Forward) -> Json:
        reply = copy.deepcopy(forward(asked, params))
        if asked == method:
            bend(reply)
        return reply

    return answer


def everything(reply: Json | Raw) -> Answer:
    return lambda asked, params, forward: reply


def _log(**changes: object) -> Answer:
    return bent("eth_getLogs", lambda reply: [log.update(changes) for log in reply["result"]])


def _word(number: int) -> str:
    return f"0x{number:064x}"


def _reordered(reply: Json) -> None:
    for log in reply["result"]:
        log["topics"][2] = _word(1 - int(log["topics"][2], 16))


def _invented(reply: Json) -> None:
    """One more anchor, for a tree that the log never showed."""
    if reply["result"]:
        log = copy.deepcopy(reply["result"][-1])
        log["topics"][2] = _word(int(log["topics"][2], 16) + 1)
        log["data"] = _word(21) + "ee" * 32
        reply["result"].append(log)


def _block(**changes: object) -> Answer:
    return bent("eth_getBlockByNumber", lambda reply: reply["result"].update(changes))


DETECTED_ALONE: dict[str, Answer] = {
    "another chain": instead("eth_chainId", result("0x58")),
    "another contract": instead("eth_getCode", result("0x6001")),
    "no contract": instead("eth_getCode", result("0x")),
    "events hidden": instead("eth_getLogs", result([])),
    "one event hidden": bent("eth_getLogs", lambda reply: reply["result"].pop()),
    "the first event hidden": bent("eth_getLogs", lambda reply: reply["result"].pop(0)),
    "event doubled": bent("eth_getLogs", lambda reply: reply["result"].append(reply["result"][-1])),
    "events swapped": bent("eth_getLogs", _reordered),
    "event of another contract": _log(address="0x" + "22" * 20),
    "event of another log": _log(topics=["0x" + "11" * 32] * 3),
    "event with a topic too few": bent("eth_getLogs", lambda reply: reply["result"][0]["topics"].pop()),
    "event with short data": _log(data="0x11"),
    "event with an enormous size": _log(data=_word(2**200) + "aa" * 32),
    "event removed": _log(removed=True),
    "event in a block nobody asked for": _log(blockNumber="0xffffff"),
    "event in another block": _log(blockHash="0x" + "33" * 32),
    "block pruned": instead("eth_getBlockByNumber", result(None)),
    "block with another hash": _block(hash="0x" + "44" * 32),
    "block with a wrong time": _block(timestamp="yesterday"),
    "a number for a list": instead("eth_getLogs", result(7)),
    "a list of numbers": instead("eth_getLogs", result([1, 2])),
    "text for a quantity": instead("eth_blockNumber", result("many")),
    "a number for a quantity": instead("eth_blockNumber", result(12)),
    "a quantity beyond every chain": instead("eth_blockNumber", result("0x" + "f" * 60)),
    "no result at all": instead("eth_blockNumber", {"jsonrpc": "2.0"}),
    "an error without a message": instead("eth_blockNumber", {"jsonrpc": "2.0", "error": 12}),
    "an error": instead("eth_getLogs", error(-32005, "query returned more than 10000 results")),
    "too many requests": everything(Raw(status=429, body=b"slow down")),
    "a broken gateway": everything(Raw(status=502, body=b"<html>bad gateway</html>")),
    "a page of HTML": everything(Raw(body=b"<html>welcome</html>")),
    "an empty body": everything(Raw()),
    "bytes that are no text": everything(Raw(body=b"\xff\xfe\x00")),
    "deep nesting": everything(Raw(body=b'{"result":' + b"[" * 100_000 + b"]" * 100_000 + b"}")),
    "a list instead of an answer": everything(Raw(body=b"[]")),
    "a redirection": everything(Raw(status=307, headers={"Location": "http://127.0.0.1:1/"})),
    "an answer without end": everything(Raw(body=b" " * (9 * 2**20) + b"{}")),
    "half an answer": everything(Raw(body=b'{"jsonrpc"', headers={"Content-Length": "4000"}, hang=False)),
}

# What one endpoint alone can make a reader believe; that is why a verifier asks two.
NOT_DETECTED_ALONE: dict[str, Answer] = {
    "another root": bent(
        "eth_getLogs", lambda reply: [log.update(data=log["data"][:66] + "ee" * 32) for log in reply["result"]]
    ),
    "another size": bent("eth_getLogs", lambda reply: reply["result"][-1].update(data=_word(19) + "b2" * 32)),
    "an invented anchor": bent("eth_getLogs", _invented),
    "another time": _block(timestamp="0x1"),
}


@pytest.fixture
def told(node: Node) -> EvmChain:
    chain = new_chain(node)
    anchor(chain, 10, A)
    anchor(chain, 20, B)
    return chain


@pytest.mark.parametrize("lie", DETECTED_ALONE)
def test_nonsense_is_no_answer(told: EvmChain, proxy: Start, node: Node, lie: str) -> None:
    liar = proxy(node.rpc_url, DETECTED_ALONE[lie])
    with pytest.raises(ChainUnavailable):
        again(told, endpoints=(liar.url,)).events()


@pytest.mark.parametrize("lie", [*DETECTED_ALONE, *NOT_DETECTED_ALONE])
def test_one_liar_among_two_never_makes_an_anchor(told: EvmChain, proxy: Start, node: Node, lie: str) -> None:
    liar = proxy(node.rpc_url, {**DETECTED_ALONE, **NOT_DETECTED_ALONE}[lie])
    for endpoints in itertools.permutations((node.rpc_url, liar.url)):
        with pytest.raises(ChainUnavailable):
            again(told, endpoints=endpoints).events()


@pytest.mark.parametrize("lie", [*DETECTED_ALONE, *NOT_DETECTED_ALONE])
def test_one_liar_among_three_is_outvoted(told: EvmChain, proxy: Start, node: Node, lie: str) -> None:
    liar = proxy(node.rpc_url, {**DETECTED_ALONE, **NOT_DETECTED_ALONE}[lie])
    three = again(told, endpoints=(liar.url, node.rpc_url, proxy(node.rpc_url).url))
    if lie == "an invented anchor":
        # Final at the one that shows it, and unknown to the others: somebody must look, so nothing is told.
        with pytest.raises(ChainUnavailable, match="do not agree on anchor 2"):
            three.events()
    else:
        assert three.events() == told.events()


def test_an_endpoint_that_lags_delays_and_does_not_alarm(node: Node, proxy: Start) -> None:
    chain = new_chain(node, finality=Confirmations(blocks=2))
    anchor(chain, 10, A)
    node.mine(2)
    before = node_height(node)
    anchor(chain, 20, B)

    def lags(method: str, params: Json, forward: Forward) -> Json:
        if method == "eth_blockNumber":
            return result(hex(before))
        if method == "eth_call":
            return forward(method, [params[0], hex(before)])
        return forward(method, params)

    both = again(chain, endpoints=(node.rpc_url, proxy(node.rpc_url, lags).url))
    assert [(event.size, event.final) for event in both.events()] == [(10, True)]
    assert [(event.size, event.final) for event in chain.events()] == [(10, True), (20, False)]


def test_both_must_hold_an_anchor_for_final(node: Node, proxy: Start) -> None:
    chain = new_chain(node, finality=VictionFinality(blocks=0, percent=75))
    anchor(chain, 10, A)
    urls = [proxy(node.rpc_url, instead("eth_getBlockFinalityByHash", result(percent))).url for percent in (90, 33, 80)]
    (one,) = again(chain, endpoints=urls[:2]).events()
    assert not one.final
    assert one.pending == "signed by 33 of 75 percent"
    (two,) = again(chain, endpoints=tuple(urls)).events()
    assert two.final


def node_height(node: Node) -> int:
    from sogoc.adapters.node_anvil import _ask

    return int(_ask(node._port, "eth_blockNumber"), 16)


def test_a_lying_nonce_needs_two(told: EvmChain, proxy: Start, node: Node) -> None:
    liar = proxy(node.rpc_url, instead("eth_getTransactionCount", result("0xff")))
    with pytest.raises(ChainUnavailable, match="do not agree"):
        again(told, endpoints=(node.rpc_url, liar.url)).next_nonce()


def test_a_lying_price_costs_nothing(told: EvmChain, proxy: Start, node: Node) -> None:
    dear = proxy(node.rpc_url, instead("eth_gasPrice", result(hex(10**15))))
    with pytest.raises(ChainUnavailable, match="ceiling"):
        again(told, endpoints=(dear.url,)).prepare(30, C)
    assert again(told, endpoints=(dear.url, node.rpc_url)).prepare(30, C).gas_price == told.prepare(30, C).gas_price


def test_one_endpoint_down_does_not_stop_sending(told: EvmChain, proxy: Start, node: Node) -> None:
    broken = proxy(node.rpc_url, instead("eth_sendRawTransaction", error(-32000, "internal error")))
    two = again(told, endpoints=(broken.url, node.rpc_url))
    anchor(two, 30, C)
    assert [event.size for event in told.events()] == [10, 20, 30]


def test_a_transaction_that_nobody_took_is_told(told: EvmChain, proxy: Start, node: Node) -> None:
    broken = proxy(node.rpc_url, instead("eth_sendRawTransaction", result("0x" + "55" * 32)))
    one = again(told, endpoints=(broken.url,))
    with pytest.raises(ChainUnavailable, match="no endpoint took"):
        one.broadcast(one.prepare(30, C))


@pytest.mark.parametrize(
    "slow", [Raw(hang=True), Raw(body=json.dumps(result("0x59")).encode() + b" " * 4096, drip=0.05)]
)
def test_waiting_has_an_end(told: EvmChain, proxy: Start, node: Node, slow: Raw) -> None:
    sleepy = again(told, endpoints=(proxy(node.rpc_url, everything(slow)).url,), timeout=0.4)
    began = time.monotonic()
    with pytest.raises(ChainUnavailable):
        sleepy.check()
    assert time.monotonic() - began < 2


def test_the_libraries_leave_the_process_its_recursion_limit() -> None:
    program = """
import json, sys
import sogoc.adapters.chain_evm
try:
    json.loads("[" * 100_000 + "]" * 100_000)
except RecursionError:
    print("refused")
"""
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout == b"refused\n"


def test_the_honest_proxy_is_honest(told: EvmChain, proxy: Start, node: Node) -> None:
    """The control: the same proxy without a lie gives the same answers, so the lies above are what fails."""
    assert again(told, endpoints=(proxy(node.rpc_url, passes).url, node.rpc_url)).events() == told.events()
