"""Entries: the leaves of the public log. One class per shape of act, each read from and written to exact bytes.

An entry holds no personal data. What an act may follow is decided in `replay`, not here.

Spec: docs/spec/entry.md
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from sogoc.core import canonical, jws
from sogoc.core.canonical import Json, b64, unb64
from sogoc.core.record import LEVELS, MODES, SCHEMAS, is_full_date
from sogoc.errors import MalformedError, SignatureError

TYP = "sogoc-entry+jws"
MAX_BYTES = 16_384
MINISTRY = 0
"""The ordinal under which the ministry itself acts."""

STATUS_ACTS = ("revoke", "cancel", "suspend", "reinstate")
WORDINGS = ("by-decision", "by-judgment", "issuer-error", "power-withdrawn", "under-inquiry", "inquiry-closed")
"""Public wordings of an act. A closed list, because free text could name a person."""

Place = tuple[int, int]
"""A place in the status lists: list number and index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Version `version` of the authority page of `institution` is in force from here. `page` is its SHA-256."""

    institution: int
    version: int
    page: bytes

    def encode(self) -> bytes:
        return canonical.encode(
            {"act": "authority", "institution": self.institution, "page": b64(self.page), "version": self.version}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One qualification. `batch` is the leaf hash of its batch entry."""

    batch: bytes
    commitment: bytes
    institution: int
    status: Place

    def encode(self) -> bytes:
        return canonical.encode(
            {
                "act": "issue",
                "batch": b64(self.batch),
                "commitment": b64(self.commitment),
                "institution": self.institution,
                "status": list(self.status),
            }
        )


class Statement:
    """An entry that carries signatures over its own body."""

    __slots__ = ()
    signatures: tuple[jws.Signature, ...]

    def body(self) -> dict[str, Json]:
        raise NotImplementedError

    def encode(self) -> bytes:
        return canonical.encode(self.body() | {"signatures": [one.to_json() for one in self.signatures]})

    def verify(self, jwk: Mapping[str, str], *, origin: str) -> None:
        """Check that `jwk` signed this entry for the log `origin`. Raises: SignatureError."""
        kid = jws.thumbprint(jwk)
        for signature in self.signatures:
            if signature.kid == kid:
                jws.verify_statement(self.body(), signature, jwk, origin=origin, typ=TYP)
                return
        raise SignatureError("this key did not sign the entry", "khóa này không ký mục này")

    def prepare(self, jwk: Mapping[str, str], *, origin: str) -> jws.Unsigned:
        """Return what `jwk` has to sign."""
        return jws.prepare(self.body(), jwk, origin=origin, typ=TYP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(Statement):
    """An institution's statement that it awards exactly these `count` qualifications by one decision.

    `tally` is public, (programme, mode, count) with small cells merged; `root` is over the pairs of the batch. An
    `override` goes past the powers of the institution's page and needs the ministry's signature beside the institution's.
    """

    id: str
    institution: int
    schema: str
    level: str
    decision_number: str
    decided_on: str
    awarded_on: str
    override: bool
    count: int
    tally: tuple[tuple[str, str, int], ...]
    tally_digest: bytes
    root: bytes
    signatures: tuple[jws.Signature, ...] = ()

    def body(self) -> dict[str, Json]:
        return {
            "act": "batch",
            "awarded_on": self.awarded_on,
            "count": self.count,
            "decided_on": self.decided_on,
            "decision_number": self.decision_number,
            "id": self.id,
            "institution": self.institution,
            "level": self.level,
            "override": self.override,
            "root": b64(self.root),
            "schema": self.schema,
            "tally": [list(cell) for cell in self.tally],
            "tally_digest": b64(self.tally_digest),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Successor(Statement):
    """An amended or reissued version of the record logged at index `follows`, with a commitment and status of its own.

    `previous` is the index of the last entry of the chain of this qualification, so an act signed earlier cannot be replayed later.
    """

    act: str
    id: str
    batch: bytes
    commitment: bytes
    decision: bytes
    follows: int
    institution: int
    on: str
    previous: int
    status: Place
    signatures: tuple[jws.Signature, ...] = ()

    def body(self) -> dict[str, Json]:
        return {
            "act": self.act,
            "batch": b64(self.batch),
            "commitment": b64(self.commitment),
            "decision": b64(self.decision),
            "follows": self.follows,
            "id": self.id,
            "institution": self.institution,
            "on": self.on,
            "previous": self.previous,
            "status": list(self.status),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusAct(Statement):
    """Revoke, cancel, suspend or reinstate the newest version of a qualification, logged at index `target`.

    `previous` is the index of the last entry of its chain, as in `Successor`.
    """

    act: str
    id: str
    decision: bytes
    institution: int
    on: str
    previous: int
    target: int
    wording: str
    signatures: tuple[jws.Signature, ...] = ()

    def body(self) -> dict[str, Json]:
        return {
            "act": self.act,
            "decision": b64(self.decision),
            "id": self.id,
            "institution": self.institution,
            "on": self.on,
            "previous": self.previous,
            "target": self.target,
            "wording": self.wording,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCut(Statement):
    """From log index `start` on, the key `key` counts no more."""

    id: str
    key: str
    start: int
    on: str
    wording: str
    signatures: tuple[jws.Signature, ...] = ()

    def body(self) -> dict[str, Json]:
        return {
            "act": "key-cut",
            "from": self.start,
            "id": self.id,
            "institution": MINISTRY,
            "key": self.key,
            "on": self.on,
            "wording": self.wording,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The log's statement of all authority pages and all status lists at one time, as two Merkle roots with sizes."""

    at: datetime
    authority_size: int
    authority_root: bytes
    status_size: int
    status_root: bytes

    def encode(self) -> bytes:
        return canonical.encode(
            {
                "act": "state",
                "authority": {"root": b64(self.authority_root), "size": self.authority_size},
                "status": {"root": b64(self.status_root), "size": self.status_size},
                "time": write_time(self.at),
            }
        )


Entry = Authority | Batch | Issue | Successor | StatusAct | KeyCut | State
Qualification = Issue | Successor
"""An entry that carries a commitment and a place in the status lists."""


def write_time(at: datetime) -> str:
    """Return `2026-11-23T18:00:00Z`; `at` is an aware UTC datetime in whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_time(value: Json) -> datetime:
    """Read `2026-11-23T18:00:00Z` and nothing else. Raises: MalformedError."""
    try:
        # With the Z it is in UTC, or it is no time; any other form that ISO 8601 has is refused by writing it again.
        at = datetime.fromisoformat(canonical.text(value, 20)) if str(value).endswith("Z") else None
    except ValueError as error:
        raise MalformedError("is not a time such as 2026-11-23T18:00:00Z") from error
    if at is None or write_time(at) != value:
        raise MalformedError("is not a time such as 2026-11-23T18:00:00Z")
    return at


def pair(commitment: bytes, status: Place) -> bytes:
    """Return the leaf of the batch tree for one qualification. Spec: docs/spec/entry.md, "Batch"."""
    return commitment + status[0].to_bytes(4, "big") + status[1].to_bytes(4, "big")


SMALLEST_PUBLIC_CELL = 5


def public_tally(exact: Mapping[tuple[str, str], int]) -> tuple[tuple[str, str, int], ...]:
    """Return the tally that may be published: cells under five merged into one without a name, and more cells with them,
    smallest first, until the merged one has five too or is alone.

    Spec: docs/spec/entry.md, "Batch".
    """
    cells = sorted(((n, programme, mode) for (programme, mode), n in exact.items()), reverse=True)
    merged = 0
    while cells and (cells[-1][0] < SMALLEST_PUBLIC_CELL or 0 < merged < SMALLEST_PUBLIC_CELL):
        merged += cells.pop()[0]
    named = [(programme, mode, n) for n, programme, mode in cells]
    return tuple(sorted(named + ([("", "", merged)] if merged else [])))


def tally_digest(exact: Mapping[tuple[str, str], int], salt: bytes) -> bytes:
    """Return the commitment to the exact tally. `salt` is 16 random bytes. Spec: docs/spec/entry.md, "Batch"."""
    cells = [[programme, mode, n] for (programme, mode), n in sorted(exact.items())]
    return sha256(b"sogoc/tally/v1\x00" + salt + canonical.encode(cells)).digest()


def parse(presented: bytes) -> Entry:
    """Read one entry from exactly the bytes that were logged.

    Raises: MalformedError. Spec: docs/spec/entry.md.
    """
    value = canonical.decode(presented, limit=MAX_BYTES)
    if not isinstance(value, dict):
        raise MalformedError("an entry is not an object")
    act = value.get("act")
    shape = _SHAPES.get(act) if isinstance(act, str) else None
    if shape is None:
        raise MalformedError("an entry has no act that this version knows")
    signed = shape not in _UNSIGNED
    names = _MEMBERS[shape] | ({"act", "signatures", "id"} if signed else {"act"})
    canonical.members(value, frozenset(names))
    if signed:
        unb64(value["id"], 16)
    entry = shape(value)
    if isinstance(entry, Authority | Issue | State):
        return entry
    return replace(entry, signatures=jws.read_signatures(value["signatures"]))


def _place(value: Json) -> Place:
    numbers = canonical.items(value, 2)
    if len(numbers) != 2:
        raise MalformedError("a status place is not two numbers")
    return canonical.integer(numbers[0], 0, 2**32 - 1), canonical.integer(numbers[1], 0, 2**17 - 1)


def _day(value: Json) -> str:
    if is_full_date(canonical.text(value, 10)) is not None:
        raise MalformedError("is not a date such as 2026-06-30")
    return str(value)


def _one_of(value: Json, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise MalformedError("is not in the list of the format")
    return str(value)


def _true_or_false(value: Json) -> bool:
    if not isinstance(value, bool):
        raise MalformedError("is neither true nor false")
    return value


_ordinal = canonical.integer


def _authority(v: Mapping[str, Json]) -> Authority:
    return Authority(
        institution=_ordinal(v["institution"], 1), version=canonical.integer(v["version"], 1), page=unb64(v["page"], 32)
    )


def _issue(v: Mapping[str, Json]) -> Issue:
    return Issue(
        batch=unb64(v["batch"], 32),
        commitment=unb64(v["commitment"], 32),
        institution=_ordinal(v["institution"], 1),
        status=_place(v["status"]),
    )


def _tally(value: Json, count: int) -> tuple[tuple[str, str, int], ...]:
    tally = []
    for cell in canonical.items(value, 512):
        parts = canonical.items(cell, 3)
        if len(parts) != 3:
            raise MalformedError("a tally cell is not programme, mode and count")
        programme, mode, n = canonical.text(parts[0], 12), canonical.text(parts[1], 20), canonical.integer(parts[2], 1)
        merged = not programme and not mode
        if not merged and (mode not in MODES or not programme or n < SMALLEST_PUBLIC_CELL):
            raise MalformedError("a tally cell is too small, or of no programme or mode")
        tally.append((programme, mode, n))
    if tally != sorted(tally) or len({cell[:2] for cell in tally}) != len(tally) or sum(c[2] for c in tally) != count:
        raise MalformedError("a tally is unsorted, repeats a cell, or does not add up to its count")
    return tuple(tally)


def _batch(v: Mapping[str, Json]) -> Batch:
    count = canonical.integer(v["count"], 1, 2**24 - 2)
    return Batch(
        id=v["id"],
        institution=_ordinal(v["institution"], 1),
        schema=_one_of(v["schema"], tuple(SCHEMAS)),
        level=_one_of(v["level"], LEVELS),
        decision_number=canonical.text(v["decision_number"], 100),
        decided_on=_day(v["decided_on"]),
        awarded_on=_day(v["awarded_on"]),
        override=_true_or_false(v["override"]),
        count=count,
        tally=_tally(v["tally"], count),
        tally_digest=unb64(v["tally_digest"], 32),
        root=unb64(v["root"], 32),
    )


def _successor(v: Mapping[str, Json]) -> Successor:
    return Successor(
        act=v["act"],
        id=v["id"],
        batch=unb64(v["batch"], 32),
        commitment=unb64(v["commitment"], 32),
        decision=unb64(v["decision"], 32),
        follows=canonical.integer(v["follows"]),
        institution=_ordinal(v["institution"]),
        on=_day(v["on"]),
        previous=canonical.integer(v["previous"]),
        status=_place(v["status"]),
    )


def _status_act(v: Mapping[str, Json]) -> StatusAct:
    return StatusAct(
        act=v["act"],
        id=v["id"],
        decision=unb64(v["decision"], 32),
        institution=_ordinal(v["institution"]),
        on=_day(v["on"]),
        previous=canonical.integer(v["previous"]),
        target=canonical.integer(v["target"]),
        wording=_one_of(v["wording"], WORDINGS),
    )


def _key_cut(v: Mapping[str, Json]) -> KeyCut:
    canonical.integer(v["institution"], MINISTRY, MINISTRY)
    unb64(v["key"], 32)
    return KeyCut(
        id=v["id"],
        key=v["key"],
        start=canonical.integer(v["from"]),
        on=_day(v["on"]),
        wording=_one_of(v["wording"], WORDINGS),
    )


def _state(v: Mapping[str, Json]) -> State:
    authority = canonical.members(v["authority"], frozenset({"root", "size"}))
    status = canonical.members(v["status"], frozenset({"root", "size"}))
    return State(
        at=read_time(v["time"]),
        authority_size=canonical.integer(authority["size"]),
        authority_root=unb64(authority["root"], 32),
        status_size=canonical.integer(status["size"]),
        status_root=unb64(status["root"], 32),
    )


_SHAPES: dict[str, Callable[[Mapping[str, Json]], Entry]] = {
    "authority": _authority,
    "issue": _issue,
    "batch": _batch,
    "amend": _successor,
    "reissue": _successor,
    "key-cut": _key_cut,
    "state": _state,
    "revoke": _status_act,
    "cancel": _status_act,
    "suspend": _status_act,
    "reinstate": _status_act,
}
_UNSIGNED: set[Callable[[Mapping[str, Json]], Entry]] = {_authority, _issue, _state}
_MEMBERS: dict[Callable[[Mapping[str, Json]], Entry], set[str]] = {
    _authority: {"institution", "page", "version"},
    _issue: {"batch", "commitment", "institution", "status"},
    _batch: {
        "awarded_on", "count", "decided_on", "decision_number", "institution", "level", "override", "root", "schema",
        "tally", "tally_digest",
    },
    _successor: {"batch", "commitment", "decision", "follows", "institution", "on", "previous", "status"},
    _status_act: {"decision", "institution", "on", "previous", "target", "wording"},
    _key_cut: {"from", "institution", "key", "on", "wording"},
    _state: {"authority", "status", "time"},
}  # fmt: skip
