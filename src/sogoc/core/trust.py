"""A trust policy: what one verifier trusts, and what it has seen itself. Nothing in evidence can change it.

Spec: docs/spec/policy.md
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sogoc.core import canonical, jws
from sogoc.core.anchor import Observation, contract_address, finality_from_json
from sogoc.core.canonical import Json, b64, unb64
from sogoc.core.entry import read_time, write_time
from sogoc.core.note import VerifierKey
from sogoc.errors import MalformedError

TYPE = "sogoc/policy/v1"
MAX_BYTES = 64 * 2**20
CLOCK_DIFFERENCE = timedelta(seconds=300)
_CODE_HASH = re.compile(r"0x[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenState:
    """The highest state this verifier has seen: a lower one is a step back and is refused."""

    index: int
    at: datetime
    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What one verifier trusts. `log` holds sets of keys; a checkpoint needs all keys of one set."""

    origin: str
    trial: bool
    ministry: tuple[Mapping[str, str], ...]
    log: tuple[tuple[VerifierKey, ...], ...]
    witnesses: tuple[VerifierKey, ...] = ()
    quorum: int = 0
    chains: tuple[Mapping[str, Json], ...] = ()
    max_status_age: timedelta = timedelta(hours=24)
    max_anchor_age: timedelta = timedelta(hours=24)
    anchors: tuple[Observation, ...] = ()
    seen: SeenState | None = None
    name: str = field(default="Bộ Giáo dục và Đào tạo")

    @property
    def log_keys(self) -> tuple[VerifierKey, ...]:
        return tuple(key for keys in self.log for key in keys) + self.witnesses

    def encode(self) -> bytes:
        observed: dict[str, Json] = {"anchors": [anchor.to_json() for anchor in self.anchors]}
        if self.seen is not None:
            observed["state"] = {
                "index": self.seen.index,
                "time": write_time(self.seen.at),
                "size": self.seen.size,
                "root": b64(self.seen.root),
            }
        value = {
            "type": TYPE,
            "origin": self.origin,
            "trial": self.trial,
            "ministry": [{"kid": jws.thumbprint(jwk), "jwk": dict(jwk), "name": self.name} for jwk in self.ministry],
            "log": [[key.vkey for key in keys] for keys in self.log],
            "witnesses": {"keys": [key.vkey for key in self.witnesses], "quorum": self.quorum},
            "chains": [dict(chain) for chain in self.chains],
            "max_status_age": int(self.max_status_age.total_seconds()),
            "max_anchor_age": int(self.max_anchor_age.total_seconds()),
            "observed": observed,
        }
        return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


def parse(content: bytes) -> Policy:
    """Read a trust policy.

    Raises: MalformedError, also for a policy that trusts no ministry, no log, or asks for more witnesses than it names.
    """
    v = canonical.members(canonical.read(content, limit=MAX_BYTES), _POLICY)
    if v["type"] != TYPE:
        raise MalformedError("is not a trust policy", "không phải chính sách tin cậy")
    ministry = tuple(_ministry(item) for item in canonical.items(v["ministry"], 16))
    log = tuple(
        tuple(VerifierKey.parse(canonical.text(key, 8192)) for key in canonical.items(keys, 4))
        for keys in canonical.items(v["log"], 4)
    )
    witnesses = canonical.members(v["witnesses"], frozenset({"keys", "quorum"}))
    witness_keys = tuple(VerifierKey.parse(canonical.text(key, 8192)) for key in canonical.items(witnesses["keys"], 64))
    chains = tuple(_chain(chain) for chain in canonical.items(v["chains"], 16))
    observed = canonical.members(v["observed"], frozenset({"anchors"}), frozenset({"state"}))
    anchors = tuple(Observation.from_json(item) for item in canonical.items(observed["anchors"], 1_000_000))
    pinned = {(chain["chain_id"], chain["contract"]) for chain in chains}
    if len({name for _, name in ministry}) > 1:
        raise MalformedError("a policy gives its ministry two names", "chính sách nêu hai tên cho một bộ")
    if not ministry or not log or not all(log):
        raise MalformedError("a policy trusts no ministry or no log", "chính sách không tin bộ nào hoặc nhật ký nào")
    if any((anchor.chain_id, anchor.contract) not in pinned for anchor in anchors):
        raise MalformedError("an observed anchor is of a chain or contract that the policy does not name")
    return Policy(
        origin=canonical.text(v["origin"], 250),
        trial=_true_or_false(v["trial"]),
        ministry=tuple(jwk for jwk, _ in ministry),
        log=log,
        witnesses=witness_keys,
        quorum=canonical.integer(witnesses["quorum"], 0, len(witness_keys)),
        chains=chains,
        max_status_age=timedelta(seconds=canonical.integer(v["max_status_age"], 1, 10**8)),
        max_anchor_age=timedelta(seconds=canonical.integer(v["max_anchor_age"], 1, 10**8)),
        anchors=tuple(sorted(anchors, key=lambda anchor: anchor.size)),
        seen=_seen(observed["state"]) if "state" in observed else None,
        name=ministry[0][1],
    )


def _ministry(value: Json) -> tuple[dict[str, str], str]:
    v = canonical.members(value, frozenset({"kid", "jwk", "name"}))
    jwk = jws.read_jwk(v["jwk"])
    if v["kid"] != jws.thumbprint(jwk):
        raise MalformedError("a kid is not the thumbprint of its key")
    return jwk, canonical.text(v["name"], 250)


def _chain(value: Json) -> Mapping[str, Json]:
    v = canonical.members(value, frozenset({"chain_id", "contract", "code_hash", "endpoints", "finality"}))
    canonical.integer(v["chain_id"], 1)
    contract_address(v["contract"])
    if not _CODE_HASH.fullmatch(canonical.text(v["code_hash"])):
        raise MalformedError("a code hash is not 0x and 64 lower-case hex digits")
    endpoints = canonical.items(v["endpoints"], 16)
    if not endpoints or not all(canonical.text(endpoint, 512) for endpoint in endpoints):
        raise MalformedError("a chain has no endpoint, or an empty one")
    finality_from_json(v["finality"])
    return v


def _seen(value: Json) -> SeenState:
    v = canonical.members(value, frozenset({"index", "time", "size", "root"}))
    return SeenState(
        index=canonical.integer(v["index"]),
        at=read_time(v["time"]),
        size=canonical.integer(v["size"], 1),
        root=unb64(v["root"], 32),
    )


def _true_or_false(value: Json) -> bool:
    if not isinstance(value, bool):
        raise MalformedError("is neither true nor false")
    return value


_POLICY = frozenset(
    {
        "type", "origin", "trial", "ministry", "log", "witnesses", "chains", "max_status_age", "max_anchor_age",
        "observed",
    }
)  # fmt: skip
