"""An anchor contract on any EVM chain, over JSON-RPC.

What an endpoint answers is hostile until read: every result is decoded here and strictly, so no library's formatter ever
sees a block (a proof-of-authority header with its long `extraData` is no special case). Several endpoints are asked the
same and two must say the same. Transactions are of the legacy kind of EIP-155 with explicit price and gas, which every
EVM chain takes and Viction takes only.

Spec: docs/spec/anchor.md
"""

from __future__ import annotations

import itertools
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import requests
import urllib3
from eth_abi.abi import encode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3 import HTTPProvider
from web3.exceptions import Web3Exception
from web3.types import RPCEndpoint

from sogoc.adapters import contract as anchor_contract
from sogoc.core.anchor import (
    ANCHORED_TOPIC,
    Confirmations,
    Event,
    FinalityRule,
    FinalizedTag,
    VictionFinality,
    contract_address,
    decode_event,
    follows,
    origin_hash,
)
from sogoc.errors import ChainUnavailable, InputError, KeyUnavailable, MalformedError
from sogoc.ports import AnchoredEvent, AnchorRefused, NonceUsed, PreparedAnchor, Underpriced

# py_ecc, which eth-account brings, raises this to 100,000 for the whole process; a deeply nested JSON then ends the
# process in the parser instead of raising RecursionError.
sys.setrecursionlimit(min(sys.getrecursionlimit(), 1_000))

GWEI = 10**9
_ANSWER_BYTES = 8 * 2**20
_QUANTITY = re.compile(r"0x[0-9a-f]{1,16}")
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_MISSING_METHOD = -32601
_WITHOUT_TRANSACTIONS = False

_ANCHOR = anchor_contract.selector("anchor(uint64,bytes32)")
_COUNT = anchor_contract.selector("count()")
_REASONS = {
    anchor_contract.selector("Shrinks(uint64,uint64)"): "shrinks",
    anchor_contract.selector("Jumps(uint64,uint64)"): "jumps",
    anchor_contract.selector("OtherRoot(uint64,bytes32,bytes32)"): "other-root",
    anchor_contract.selector("AccessControlUnauthorizedAccount(address,bytes32)"): "role",
}

# Every client words these differently, and none gives them a code of their own.
_KNOWN = ("known transaction", "already known", "already imported")
_NONCE_USED = ("nonce too low", "nonce is too low", "nonce has already been used")
_UNDERPRICED = ("underpriced", "under min gas price", "max fee per gas less than block base fee", "gas price too low")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvmSettings:
    """One chain and one contract on it. Prices are in wei, times in seconds.

    `contract` is None only for deploying it. `code_hash` is Keccak-256 of the code that must stand there; None pins the
    code that this package ships, for this origin. `first_block` is where the contract was deployed: no event is older.
    """

    endpoints: tuple[str, ...]
    chain_id: int
    origin: str
    contract: str | None
    finality: FinalityRule
    code_hash: bytes | None = None
    first_block: int = 0
    gas_price_floor: int = GWEI // 4
    gas_price_ceiling: int = 100 * GWEI
    gas_limit: int = 120_000
    log_page: int = 2_000
    timeout: float = 5.0

    def __post_init__(self) -> None:
        if not self.endpoints or len(set(self.endpoints)) != len(self.endpoints):
            raise InputError(
                "a chain needs at least one endpoint, and none twice",
                "mỗi chuỗi khối cần ít nhất một điểm truy cập, không trùng nhau",
            )
        if self.contract is not None:
            contract_address(self.contract)

    @property
    def quorum(self) -> int:
        """How many endpoints must say the same."""
        return min(2, len(self.endpoints))


class EvmChain:
    """The `Chain` port on an EVM chain. Without a key it can only read."""

    def __init__(self, settings: EvmSettings, key: bytes | LocalAccount | None = None) -> None:
        if settings.contract is None:
            raise InputError("the address of the anchor contract is not set", "chưa đặt địa chỉ hợp đồng ghi mốc")
        self._settings = settings
        self._contract = settings.contract
        self._code_hash = settings.code_hash or anchor_contract.code_hash(settings.origin)
        self._account = Account.from_key(key) if isinstance(key, bytes) else key
        self._endpoints = [_Endpoint(url, settings.timeout) for url in settings.endpoints]

    @property
    def chain_id(self) -> int:
        return self._settings.chain_id

    @property
    def contract(self) -> str:
        return self._contract

    @property
    def endpoints(self) -> Sequence[str]:
        return self._settings.endpoints

    @property
    def account(self) -> str:
        """The address that pays for the anchors and holds the anchoring role, in lower case."""
        return str(self._signer().address).lower()

    def check(self) -> None:
        self._ask(lambda _: True)

    def next_nonce(self) -> int:
        account = self.account
        return self._agree(lambda node: node.quantity("eth_getTransactionCount", account, "pending"))

    def balance(self) -> int:
        """What the account can still pay, in wei. Raises: ChainUnavailable."""
        account = self.account
        return min(self._ask(lambda node: node.quantity("eth_getBalance", account, "latest")).values())

    def prepare(self, size: int, root: bytes, *, replaces: PreparedAnchor | None = None) -> PreparedAnchor:
        signer = self._signer()
        data = _ANCHOR + encode(["uint64", "bytes32"], [size, root])
        refusals = self._ask(lambda node: self._refusal(node, data))
        if len(refusals) - sum(map(bool, refusals.values())) < self._settings.quorum:
            raise _refused(next(filter(None, refusals.values())))
        price = self._gas_price(replaces)
        nonce = replaces.nonce if replaces else self.next_nonce()
        raw = _signed(signer, self._settings, nonce=nonce, price=price, to=self._contract, data=data)
        return PreparedAnchor(nonce=nonce, gas_price=price, raw=raw, transaction=keccak(raw))

    def broadcast(self, prepared: PreparedAnchor) -> None:
        _broadcast(self._ready(), prepared.raw)

    def events(self, from_sequence: int = 0) -> list[AnchoredEvent]:
        if from_sequence < 0:
            # The lowest count: what the newest is for every endpoint that answers.
            from_sequence = max(0, min(self._ask(self._count).values()) + from_sequence)
        answers = self._ask(lambda node: self._events(node, from_sequence))
        quorum = self._settings.quorum
        found: list[AnchoredEvent] = []
        for sequence in sorted({event.sequence for shown in answers.values() for event in shown}):
            shown = [event for events in answers.values() for event in events if event.sequence == sequence]
            agreed = max(([e for e in shown if _same(e, one)] for one in shown), key=len)
            if len(agreed) >= quorum:
                doubts = [event for event in agreed if not event.final]
                found.append(doubts[0] if len(agreed) - len(doubts) < quorum else next(e for e in agreed if e.final))
            elif any(event.final for event in shown):
                raise _unavailable(f"its endpoints do not agree on anchor {sequence}")
            else:
                break  # Still spreading between the nodes: for now nobody knows it.
        return found

    # What one endpoint is asked.

    def _check_pins(self, node: _Endpoint) -> None:
        _check_chain_id(node, self._settings)
        code = node.data("eth_getCode", self._contract, "latest")
        if not code:
            raise _Unusable(f"holds no contract at {self._contract}")
        if keccak(code) != self._code_hash:
            raise _Unusable(f"holds another contract at {self._contract}")

    def _refusal(self, node: _Endpoint, data: bytes) -> str | None:
        """Why the contract would refuse this call now, or None.

        Some nodes answer a reverting call with an error, some with the revert data as if it were the result.
        """
        call = {"from": self.account, "to": self._contract, "data": _hex(data)}
        try:
            answer = node.data("eth_call", call, "latest")
        except _RpcError as error:
            if not error.is_revert:
                raise
            answer = error.revert_data
        if len(answer) == 32:
            return None
        return _REASONS.get(answer[:4], "reverted")

    def _count(self, node: _Endpoint) -> int:
        return _word(node.data("eth_call", {"to": self._contract, "data": _hex(_COUNT)}, "latest"))

    def _events(self, node: _Endpoint, from_sequence: int) -> list[AnchoredEvent]:
        count = self._count(node)
        if count <= from_sequence:
            return []
        head = node.quantity("eth_blockNumber")
        logs = self._logs(node, head, from_sequence)
        events = [event for event, _ in logs]
        if [event.sequence for event in events] != list(range(from_sequence, from_sequence + len(events))):
            raise _Unusable("shows anchors with gaps between them")
        if len(events) < count - from_sequence:
            raise _Unusable(f"counts {count} anchors and does not show them all")
        if not all(follows(earlier, later) for earlier, later in itertools.pairwise(events)):
            raise _Unusable("shows anchors that the contract cannot have recorded")
        pending = _finality(node, self._settings.finality, head)
        return [_anchored(node, event, place, pending) for event, place in logs]

    def _logs(self, node: _Endpoint, head: int, from_sequence: int) -> list[tuple[Event, _Place]]:
        """Page from the newest block back until `from_sequence`: whoever follows the log reads one page."""
        found: list[tuple[Event, _Place]] = []
        last = head
        while last >= self._settings.first_block and not any(event.sequence <= from_sequence for event, _ in found):
            first = max(self._settings.first_block, last - self._settings.log_page + 1)
            topics = [_hex(ANCHORED_TOPIC), _hex(origin_hash(self._settings.origin))]
            span = {"fromBlock": hex(first), "toBlock": hex(last), "address": self._contract, "topics": topics}
            page = node.ask("eth_getLogs", span)
            if not isinstance(page, list):
                raise _Unusable("answers eth_getLogs with something else than a list")
            found += [self._log(record, first, last) for record in page]
            last = first - 1
        return sorted((pair for pair in found if pair[0].sequence >= from_sequence), key=lambda pair: pair[0].sequence)

    def _log(self, record: Any, first: int, last: int) -> tuple[Event, _Place]:
        if not isinstance(record, Mapping) or str(record.get("address")).lower() != self._contract:
            raise _Unusable("shows a log record of another contract")
        topics = record.get("topics")
        if record.get("removed", False) is not False or not isinstance(topics, list):
            raise _Unusable("shows a log record that was removed")
        try:
            presented = [_bytes(topic, 32) for topic in topics]
            event = decode_event(presented, _bytes(record.get("data")), origin=self._settings.origin)
        except MalformedError as error:
            raise _Unusable(f"shows a wrong log record: {error.en}") from error
        place = _Place(
            block_number=_integer(record.get("blockNumber")),
            block_hash=_bytes(record.get("blockHash"), 32),
            transaction=_bytes(record.get("transactionHash"), 32),
        )
        if not first <= place.block_number <= last:
            raise _Unusable("shows a log record of a block that was not asked for")
        return event, place

    # How several endpoints become one answer.

    def _ask(self, question: Callable[[_Endpoint], T]) -> dict[str, T]:
        """What every usable endpoint answers. Raises: ChainUnavailable when fewer than the quorum are usable."""
        answers: dict[str, T] = {}
        problems: list[str] = []
        for node in self._endpoints:
            try:
                self._check_pins(node)
                answers[node.url] = question(node)
            except _Unusable as problem:
                problems.append(f"{node.url} {problem}")
        if len(answers) < self._settings.quorum:
            raise _unavailable("; ".join(problems))
        return answers

    def _agree(self, question: Callable[[_Endpoint], T]) -> T:
        answers = list(self._ask(question).values())
        best = max(answers, key=answers.count)
        if answers.count(best) < self._settings.quorum:
            raise _unavailable("its endpoints do not agree")
        return best

    def _ready(self) -> list[_Endpoint]:
        usable = self._ask(lambda _: True)
        return [node for node in self._endpoints if node.url in usable]

    def _gas_price(self, replaces: PreparedAnchor | None) -> int:
        # The lowest answer: a lying endpoint can then only delay an anchor, and the next replacement mends that.
        asked = min(self._ask(lambda node: node.quantity("eth_gasPrice")).values())
        price = max(asked, self._settings.gas_price_floor)
        if replaces is not None:
            # Nodes ask for 10 or 12.5 percent more before they give up a transaction they hold.
            price = max(price, -(-replaces.gas_price * 9 // 8))
        return _affordable(price, self._settings)

    def _signer(self) -> LocalAccount:
        if self._account is None:
            raise KeyUnavailable("there is no key for anchoring here", "ở đây không có khóa để ghi mốc")
        return self._account


def account_of(key: bytes) -> str:
    """Return the address of an account by its private key of 32 bytes, in lower case."""
    return str(Account.from_key(key).address).lower()


def deploy(
    settings: EvmSettings, key: bytes | LocalAccount, *, admin: str | None = None, admin_delay: int = 86_400
) -> str:
    """Deploy the contract of `settings.origin` and return its address in lower case, once its code stands there.

    The key gets the anchoring role. `admin` may give and take that role (None: the same key, which is for trials only),
    and is itself replaced in two steps with `admin_delay` seconds between them.
    Raises: ChainUnavailable.
    """
    account = Account.from_key(key) if isinstance(key, bytes) else key
    node = _Endpoint(settings.endpoints[0], settings.timeout)
    creation = anchor_contract.creation_code(
        settings.origin, admin=admin or account.address, admin_delay=admin_delay, anchorer=account.address
    )
    try:
        return _deploy(node, settings, account, creation)
    except _Unusable as problem:
        raise _unavailable(f"{node.url} {problem}") from problem


def _deploy(node: _Endpoint, settings: EvmSettings, account: LocalAccount, creation: bytes) -> str:
    _check_chain_id(node, settings)
    price = _affordable(max(node.quantity("eth_gasPrice"), settings.gas_price_floor), settings)
    nonce = node.quantity("eth_getTransactionCount", account.address, "pending")
    raw = _signed(account, settings, nonce=nonce, price=price, to=None, data=creation, gas=_DEPLOY_GAS)
    _broadcast([node], raw)
    address = _deployed_at(node, keccak(raw))
    if node.data("eth_getCode", address, "latest") != anchor_contract.runtime_code(settings.origin):
        raise _Unusable(f"holds another contract at {address}")
    return address


def _check_chain_id(node: _Endpoint, settings: EvmSettings) -> None:
    chain_id = node.quantity("eth_chainId")
    if chain_id != settings.chain_id:
        raise _Unusable(f"is chain {chain_id}, not {settings.chain_id}")


def _affordable(price: int, settings: EvmSettings) -> int:
    if price > settings.gas_price_ceiling:
        raise _unavailable(f"it asks {price} wei for gas, more than the ceiling of {settings.gas_price_ceiling}")
    return price


_DEPLOY_GAS = 2_000_000
_DEPLOY_SECONDS = 120


def _deployed_at(node: _Endpoint, transaction: bytes) -> str:
    deadline = time.monotonic() + _DEPLOY_SECONDS
    while (receipt := node.ask("eth_getTransactionReceipt", _hex(transaction))) is None:
        if time.monotonic() > deadline:
            raise _Unusable(f"did not take the contract into a block within {_DEPLOY_SECONDS} s")
        time.sleep(0.05)
    if not isinstance(receipt, Mapping) or _integer(receipt.get("status")) != 1:
        raise _Unusable("could not deploy the contract")
    return _hex(_bytes(receipt.get("contractAddress"), 20))


def _signed(
    account: LocalAccount,
    settings: EvmSettings,
    *,
    nonce: int,
    price: int,
    to: str | None,
    data: bytes,
    gas: int | None = None,
) -> bytes:
    fields: dict[str, Any] = {
        "nonce": nonce,
        "gasPrice": price,
        "gas": gas or settings.gas_limit,
        "to": b"" if to is None else bytes.fromhex(to[2:]),
        "value": 0,
        "data": data,
        "chainId": settings.chain_id,
    }
    return bytes(account.sign_transaction(fields).raw_transaction)


def _broadcast(nodes: Sequence[_Endpoint], raw: bytes) -> None:
    """Send to every node; one that takes it, has it or has it in a block is enough."""
    transaction = keccak(raw)
    problems: list[str] = []
    kind: type[ChainUnavailable] = ChainUnavailable
    accepted = False
    for node in nodes:
        try:
            said = node.data("eth_sendRawTransaction", _hex(raw))
            accepted = accepted or said == transaction
        except _RpcError as error:
            message = error.message.lower()
            if any(words in message for words in _KNOWN) or _has(node, transaction):
                accepted = True
            elif any(words in message for words in _NONCE_USED):
                kind = NonceUsed
            elif any(words in message for words in _UNDERPRICED) and kind is ChainUnavailable:
                kind = Underpriced
            problems.append(f"{node.url} {error}")
        except _Unusable as problem:
            problems.append(f"{node.url} {problem}")
    if not accepted:
        raise _unavailable("; ".join(problems) or "no endpoint took the transaction", kind)


def _has(node: _Endpoint, transaction: bytes) -> bool:
    try:
        return node.ask("eth_getTransactionReceipt", _hex(transaction)) is not None
    except _Unusable:
        return False


# Finality.


def _finality(node: _Endpoint, rule: FinalityRule, head: int) -> Callable[[_Place], str]:
    """What an event still lacks to be final at this node, as a function of its place; an empty answer means final."""
    match rule:
        case Confirmations():
            return lambda place: _depth(place, head, rule.blocks)
        case VictionFinality():
            return lambda place: _depth(place, head, rule.blocks) or _signed_by(node, place, rule.percent)
        case FinalizedTag():
            return _finalized(node)


def _depth(place: _Place, head: int, blocks: int) -> str:
    depth = head - place.block_number
    return "" if depth >= blocks else f"{depth} of {blocks} blocks"


def _signed_by(node: _Endpoint, place: _Place, percent: int) -> str:
    try:
        signed = node.ask("eth_getBlockFinalityByHash", _hex(place.block_hash))
    except _RpcError as error:
        return _no_answer(node, "eth_getBlockFinalityByHash", error)
    if type(signed) is not int or not 0 <= signed <= 100:
        return f"{node.url} answers eth_getBlockFinalityByHash with something else than a percentage"
    return "" if signed >= percent else f"signed by {signed} of {percent} percent"


def _finalized(node: _Endpoint) -> Callable[[_Place], str]:
    try:
        block = node.ask("eth_getBlockByNumber", "finalized", _WITHOUT_TRANSACTIONS)
    except _RpcError as error:
        reason = _no_answer(node, "the finalized block", error)
        return lambda _: reason
    number = _integer(block.get("number")) if isinstance(block, Mapping) else -1
    return lambda place: "" if place.block_number <= number else f"block {number} is the last finalized one"


def _no_answer(node: _Endpoint, what: str, error: _RpcError) -> str:
    missing = error.number == _MISSING_METHOD
    return f"{node.url} {'does not offer' if missing else 'could not tell'} {what}: ask another endpoint"


# One endpoint.


class _Unusable(Exception):
    """This endpoint cannot be used for this question. The text follows its address in a message."""


class _RpcError(_Unusable):
    """The endpoint answered with a JSON-RPC error."""

    def __init__(self, number: object, message: str, data: object) -> None:
        super().__init__(f"answers: {message[:200]}")
        self.number = number
        self.message = message
        self._data = data

    @property
    def is_revert(self) -> bool:
        return self.number == 3 or "revert" in self.message.lower() or "always failing" in self.message.lower()

    @property
    def revert_data(self) -> bytes:
        return _bytes(self._data) if isinstance(self._data, str) and _DATA.fullmatch(self._data) else b""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    block_number: int
    block_hash: bytes
    transaction: bytes


class _BoundedSession(requests.Session):
    """HTTP with an end: a whole answer within the timeout and of a bounded size, and from the address that was asked."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        deadline = time.monotonic() + self._seconds
        response = super().send(request, **{**options, "stream": True})
        body = bytearray()
        try:
            while chunk := response.raw.read1(65_536, decode_content=True):
                body += chunk
                if len(body) > _ANSWER_BYTES or time.monotonic() > deadline:
                    raise requests.Timeout("the answer is too long or too slow")
        except urllib3.exceptions.HTTPError as error:
            raise requests.ConnectionError(str(error)) from error
        finally:
            response.close()
        response._content = bytes(body)  # noqa: SLF001 - where requests itself keeps a body that was read
        return response


@dataclass(slots=True)
class _Endpoint:
    url: str
    timeout: float
    _provider: HTTPProvider = field(init=False)

    def __post_init__(self) -> None:
        self._provider = HTTPProvider(
            self.url,
            request_kwargs={"timeout": self.timeout, "allow_redirects": False},
            session=_BoundedSession(self.timeout),
            exception_retry_configuration=None,
        )

    def ask(self, method: str, *params: Any) -> Any:
        """The `result` of one call. Raises: _RpcError, _Unusable."""
        try:
            answer: Any = self._provider.make_request(RPCEndpoint(method), params)
        except (requests.RequestException, Web3Exception, ValueError, RecursionError) as error:
            raise _Unusable(f"does not answer ({type(error).__name__})") from error
        if not isinstance(answer, Mapping):
            raise _Unusable("answers with something else than JSON-RPC")
        problem = answer.get("error")
        if problem is not None:
            detail = problem if isinstance(problem, Mapping) else {}
            raise _RpcError(detail.get("code"), str(detail.get("message", problem)), detail.get("data"))
        if "result" not in answer:
            raise _Unusable("answers with something else than JSON-RPC")
        return answer["result"]

    def quantity(self, method: str, *params: Any) -> int:
        return _integer(self.ask(method, *params))

    def data(self, method: str, *params: Any) -> bytes:
        return _bytes(self.ask(method, *params))


def _anchored(node: _Endpoint, event: Event, place: _Place, pending: Callable[[_Place], str]) -> AnchoredEvent:
    block = node.ask("eth_getBlockByNumber", hex(place.block_number), _WITHOUT_TRANSACTIONS)
    if not isinstance(block, Mapping) or _bytes(block.get("hash"), 32) != place.block_hash:
        raise _Unusable("is changing its mind about a block")
    missing = pending(place)
    return AnchoredEvent(
        sequence=event.sequence,
        size=event.size,
        root=event.root,
        block_number=place.block_number,
        block_hash=place.block_hash,
        block_time=_integer(block.get("timestamp")),
        transaction=place.transaction,
        final=not missing,
        pending=missing,
    )


def _same(one: AnchoredEvent, other: AnchoredEvent) -> bool:
    """The same event in the same block; how final each endpoint holds it is counted apart."""
    return _content(one) == _content(other)


def _content(event: AnchoredEvent) -> tuple[object, ...]:
    place = (event.block_number, event.block_hash, event.block_time, event.transaction)
    return (event.sequence, event.size, event.root, *place)


def _integer(presented: object) -> int:
    if not isinstance(presented, str) or not _QUANTITY.fullmatch(presented):
        raise _Unusable("answers with something else than a quantity")
    return int(presented, 16)


def _bytes(presented: object, length: int | None = None) -> bytes:
    if not isinstance(presented, str) or not _DATA.fullmatch(presented):
        raise _Unusable("answers with something else than data")
    content = bytes.fromhex(presented[2:])
    if length is not None and len(content) != length:
        raise _Unusable(f"answers with {len(content)} bytes where {length} belong")
    return content


def _word(content: bytes) -> int:
    if len(content) != 32:
        raise _Unusable("answers a call with something else than one word")
    return int.from_bytes(content)


def _hex(content: bytes) -> str:
    return "0x" + content.hex()


def _unavailable(reason: str, kind: type[ChainUnavailable] = ChainUnavailable) -> ChainUnavailable:
    return kind(
        f"the chain could not be used: {reason}",
        f"không dùng được chuỗi khối: {reason}",
        mend="Diplomas go on being issued; anchoring waits. Check the endpoints and the chain's settings.",
        mend_vi="Việc cấp văn bằng vẫn tiếp tục, việc ghi mốc tạm chờ. Kiểm tra điểm truy cập và thiết lập chuỗi khối.",
    )


_REFUSALS = {
    "shrinks": ("the chain already holds a larger tree", "chuỗi khối đã có mốc của cây lớn hơn"),
    "jumps": ("the tree grew too much since its last anchor", "cây tăng quá nhiều kể từ mốc trước"),
    "other-root": ("the chain holds another root for this size", "chuỗi khối có gốc khác cho cùng kích thước"),
    "role": ("this key may not anchor", "khóa này không có quyền ghi mốc"),
    "reverted": ("the contract would refuse the anchor", "hợp đồng sẽ từ chối mốc này"),
}


def _refused(reason: str) -> AnchorRefused:
    return AnchorRefused(reason, *_REFUSALS[reason])
