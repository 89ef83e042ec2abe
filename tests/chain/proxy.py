"""An endpoint between the adapter and the node that bends what passes: lies, faults, and the ways of a Viction node."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import rlp  # type: ignore[import-untyped]

Json = Any
Forward = Callable[[str, Json], Json]


@dataclass(frozen=True, kw_only=True)
class Raw:
    """An HTTP answer that is no JSON-RPC answer. `drip` sends one byte at a time, each after so many seconds."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drip: float = 0.0
    hang: bool = False


Answer = Callable[[str, Json, Forward], "Json | Raw"]


def result(value: Json) -> Json:
    return {"jsonrpc": "2.0", "id": 1, "result": value}


def error(number: int, message: str, **more: Json) -> Json:
    return {"jsonrpc": "2.0", "id": 1, "error": {"code": number, "message": message, **more}}


def passes(method: str, params: Json, forward: Forward) -> Json:
    return forward(method, params)


class Proxy:
    def __init__(self, upstream: str, answer: Answer) -> None:
        self.asked: list[tuple[str, Json]] = []
        self.answer = answer
        self._closing = threading.Event()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                proxy.asked.append((asked["method"], asked["params"]))
                reply = proxy.answer(asked["method"], asked["params"], proxy._forward)
                raw = reply if isinstance(reply, Raw) else Raw(body=json.dumps({**reply, "id": asked["id"]}).encode())
                if raw.hang:
                    proxy._closing.wait()
                    return
                self.send_response(raw.status)
                for name, value in {"Content-Length": str(len(raw.body)), **raw.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                step = 1 if raw.drip else max(1, len(raw.body))
                for at in range(0, len(raw.body), step):
                    if raw.drip and proxy._closing.wait(raw.drip):
                        return
                    try:
                        self.wfile.write(raw.body[at : at + step])
                    except OSError:
                        return

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass

        self._upstream = upstream
        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def _forward(self, method: str, params: Json) -> Json:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self._upstream, data=body, headers={"Content-Type": "application/json"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as reply:
            return json.load(reply)

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


MIN_GAS_PRICE = 250_000_000
MAX_NONCE_AHEAD = 10
MISSING = {"eth_feeHistory", "eth_maxPriorityFeePerGas", "eth_getProof", "eth_createAccessList"}


class VictionWays:
    """What victionchain 2.5.1 was measured to do otherwise than other clients, imposed on anvil's answers.

    `signed` is the percentage that `eth_getBlockFinalityByHash` tells; None: the node has no such method.
    """

    def __init__(self, signed: int | None = 100) -> None:
        self.signed = signed

    def __call__(self, method: str, params: Json, forward: Forward) -> Json | Raw:
        if method in MISSING:
            return error(-32601, f"The method {method} does not exist/is not available")
        if method == "eth_getBlockFinalityByHash":
            if self.signed is None:
                return error(-32601, f"The method {method} does not exist/is not available")
            return result(self.signed)
        if any(param in ("safe", "finalized") for param in params if isinstance(param, str)):
            return error(-32602, "invalid argument 0: hex string without 0x prefix")
        if method == "eth_estimateGas" and "to" not in params[0] and "gasPrice" not in params[0]:
            return Raw()  # the handler panics and the connection carries an empty body
        if method == "eth_call":
            return self._call(params, forward)
        if method == "eth_sendRawTransaction":
            return self._send(params[0], forward)
        answer = forward(method, params)
        if method == "eth_getTransactionReceipt" and answer["result"]:
            for name in ("type", "effectiveGasPrice"):
                answer["result"].pop(name, None)
        if method in ("eth_getBlockByNumber", "eth_getBlockByHash") and answer["result"]:
            answer["result"].update(
                extraData="0x" + "d9" * 97, validators="0x", validator="0x" + "51" * 65, penalties="0x"
            )
        return answer

    @staticmethod
    def _call(params: Json, forward: Forward) -> Json:
        if "data" not in params[0]:
            return result("0x")  # `input` is not read at all
        answer = forward("eth_call", params)
        problem = answer.get("error")
        return result(problem.get("data") or "0x") if problem and "revert" in problem["message"] else answer

    @staticmethod
    def _send(raw: str, forward: Forward) -> Json:
        content = bytes.fromhex(raw[2:])
        if content[0] < 0xC0:
            return error(-32000, "rlp: expected input list for types.txdata")
        nonce, price, *_ = (int.from_bytes(item) for item in rlp.decode(content)[:2])
        if price < MIN_GAS_PRICE:
            return error(-32000, "under min gas price" if price else "zero gas price")
        sender = _sender(raw)
        pending = int(forward("eth_getTransactionCount", [sender, "pending"])["result"], 16)
        if nonce > pending + MAX_NONCE_AHEAD:
            return error(-32000, "nonce too high")
        answer = forward("eth_sendRawTransaction", [raw])
        if "error" in answer and "already imported" in answer["error"]["message"]:
            from eth_utils.crypto import keccak

            return error(-32000, f"known transaction: {keccak(content).hex()}")
        return answer


def _sender(raw: str) -> str:
    from eth_account import Account

    return str(Account.recover_transaction(raw))
