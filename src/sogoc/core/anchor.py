"""An anchor: the size and root of the log as a public chain recorded them, and when such a record is final.

What a chain's endpoint says is presented, not known: it is decoded strictly here. What a verifier saw with its own
endpoints is kept as an `Observation`, which needs no endpoint any more.

Spec: docs/spec/anchor.md
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sogoc.errors import MalformedError

MAX_GROWTH = 2**24
"""The contract refuses a tree that grew by more than this since its last anchor."""

ANCHORED_TOPIC = bytes.fromhex("7cd1aecde99af6811cf75335397526e9c32ca8eed27035d2eee23d41062d837d")
"""keccak256("Anchored(bytes32,uint64,uint64,bytes32)"): the first topic of every anchor event."""

_HASH_BYTES = 32
_MAX_INTEGER = 2**53 - 1  # what every reader of JSON reads alike
_MAX_ENDPOINTS = 16
_CONTRACT = re.compile(r"0x[0-9a-f]{40}")
_HASH = re.compile(r"0x[0-9a-f]{64}")
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_ENDPOINT = re.compile(r"[!-~]{1,512}")


def origin_hash(origin: str) -> bytes:
    """The log's name on a chain: SHA-256 of its origin line in UTF-8, without a newline.

    SHA-256 and not the chain's Keccak-256, so that whoever can verify a diploma can compute this too.
    """
    return hashlib.sha256(origin.encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What one `Anchored` event says: the tree of `size` leaves had `root`. The first sequence is 0."""

    sequence: int
    size: int
    root: bytes


def decode_event(topics: Sequence[bytes], data: bytes, *, origin: str) -> Event:
    """Read an `Anchored` event of the log `origin` from the topics and data of a chain's log record.

    Raises: MalformedError when it is another event, another log's, or not exactly as the contract encodes it.
    """
    if [len(topic) for topic in topics] != [_HASH_BYTES] * 3 or len(data) != 2 * _HASH_BYTES:
        raise _malformed("is not shaped like an anchor")
    if topics[0] != ANCHORED_TOPIC:
        raise _malformed("is another event than an anchor")
    if topics[1] != origin_hash(origin):
        raise _malformed("anchors another log")
    size = _uint64(data[:_HASH_BYTES])
    if size == 0:
        raise _malformed("anchors the empty tree")
    return Event(sequence=_uint64(topics[2]), size=size, root=data[_HASH_BYTES:])


def follows(earlier: Event, later: Event) -> bool:
    """Whether the contract can have recorded `later` right after `earlier`."""
    return later.sequence == earlier.sequence + 1 and 0 < later.size - earlier.size <= MAX_GROWTH


def _uint64(word: bytes) -> int:
    number = int.from_bytes(word)
    if number >= 2**64:
        raise _malformed("holds a number of more than 64 bits")
    return number


def _malformed(what: str) -> MalformedError:
    return MalformedError(f"an event read from the chain {what}", f"sự kiện đọc từ chuỗi khối không hợp lệ: {what}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmations:
    """Final when `blocks` more blocks stand on the event's own; 0 is final at once, for a chain with one miner."""

    blocks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalizedTag:
    """Final when the chain's own `finalized` block is not below the event's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VictionFinality:
    """Final when `blocks` more blocks stand on it and `percent` of the masternodes signed it (docs.viction.xyz).

    A node that cannot say how many signed leaves the event pending: a missing answer never weakens the rule.
    """

    blocks: int = 60
    percent: int = 75


FinalityRule = Confirmations | FinalizedTag | VictionFinality


def finality_to_json(rule: FinalityRule) -> dict[str, object]:
    match rule:
        case Confirmations():
            return {"rule": "confirmations", "blocks": rule.blocks}
        case VictionFinality():
            return {"rule": "viction", "blocks": rule.blocks, "percent": rule.percent}
        case FinalizedTag():
            return {"rule": "finalized"}


def finality_from_json(presented: object) -> FinalityRule:
    """Read a finality rule of a policy or a setting. Raises: MalformedError for an unknown rule or a wrong parameter."""
    rule = presented.get("rule") if isinstance(presented, Mapping) else None
    if rule == "confirmations":
        value = _fields(presented, "a finality rule", "rule", "blocks")
        return Confirmations(blocks=_integer(value["blocks"], "blocks"))
    if rule == "viction":
        value = _fields(presented, "a finality rule", "rule", "blocks", "percent")
        percent = _integer(value["percent"], "percent")
        if not 0 < percent <= 100:
            raise MalformedError("percent is not between 1 and 100")
        return VictionFinality(blocks=_integer(value["blocks"], "blocks"), percent=percent)
    if rule == "finalized":
        _fields(presented, "a finality rule", "rule")
        return FinalizedTag()
    raise MalformedError("a finality rule is none of confirmations, finalized, viction")


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """An anchor that this verifier saw itself, final by the chain's rule, at endpoints of its own choice.

    `contract` is 0x and 40 lower-case hex digits, `time` the block's time in Unix seconds, `observed_at` when it was seen.
    """

    chain_id: int
    contract: str
    block_number: int
    block_hash: bytes
    sequence: int
    size: int
    root: bytes
    time: int
    endpoints: tuple[str, ...]
    observed_at: datetime

    def to_json(self) -> dict[str, object]:
        return {
            "chain_id": self.chain_id,
            "contract": self.contract,
            "block_number": self.block_number,
            "block_hash": _hex(self.block_hash),
            "sequence": self.sequence,
            "size": self.size,
            "root": _hex(self.root),
            "time": self.time,
            "endpoints": list(self.endpoints),
            "observed_at": self.observed_at.astimezone(UTC).strftime(_TIME),
        }

    @classmethod
    def from_json(cls, presented: object) -> Observation:
        """Read what `to_json` wrote, and nothing else. Raises: MalformedError naming the field."""
        value = _fields(presented, "an observed anchor", *cls.__slots__)
        endpoints = value["endpoints"]
        if not isinstance(endpoints, list) or not 1 <= len(endpoints) <= _MAX_ENDPOINTS:
            raise MalformedError(f"endpoints is not a list of 1 to {_MAX_ENDPOINTS} addresses")
        return cls(
            chain_id=_integer(value["chain_id"], "chain_id", at_least=1),
            contract=contract_address(value["contract"]),
            block_number=_integer(value["block_number"], "block_number"),
            block_hash=_hash(value["block_hash"], "block_hash"),
            sequence=_integer(value["sequence"], "sequence"),
            size=_integer(value["size"], "size", at_least=1),
            root=_hash(value["root"], "root"),
            time=_integer(value["time"], "time"),
            endpoints=tuple(_text(endpoint, "endpoints", _ENDPOINT) for endpoint in endpoints),
            observed_at=_time(value["observed_at"], "observed_at"),
        )


def contract_address(presented: object) -> str:
    """The address of a contract in the one form that is compared: 0x and 40 lower-case hex digits.

    Raises: MalformedError, also for the mixed-case form, whose check digits the core cannot check.
    """
    return _text(presented, "contract", _CONTRACT)


def _fields(presented: object, what: str, *names: str) -> Mapping[str, object]:
    if not isinstance(presented, Mapping) or set(presented) != set(names):
        raise MalformedError(f"{what} does not have exactly the fields {', '.join(names)}")
    return presented


def _integer(presented: object, name: str, *, at_least: int = 0) -> int:
    if type(presented) is not int or not at_least <= presented <= _MAX_INTEGER:
        raise MalformedError(f"{name} is not an integer from {at_least} to 2^53 - 1")
    return presented


def _text(presented: object, name: str, form: re.Pattern[str]) -> str:
    if not isinstance(presented, str) or not form.fullmatch(presented):
        raise MalformedError(f"{name} is not of the form {form.pattern}")
    return presented


def _hash(presented: object, name: str) -> bytes:
    return bytes.fromhex(_text(presented, name, _HASH)[2:])


def _hex(content: bytes) -> str:
    return "0x" + content.hex()


def _time(presented: object, name: str) -> datetime:
    try:
        time = datetime.strptime(presented, _TIME).replace(tzinfo=UTC) if isinstance(presented, str) else None
    except ValueError:
        time = None
    if time is None or time.strftime(_TIME) != presented:
        raise MalformedError(f"{name} is not a time such as 2026-11-23T18:00:00Z")
    return time
