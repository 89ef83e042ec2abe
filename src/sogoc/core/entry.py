"""Entries: the leaves of the public log. One class per shape of act, each read from and written to exact bytes.

An entry holds no personal data. What an act may follow is decided in `replay`, not here.

Spec: docs/spec/entry.md
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

from sogoc.core import canonical, decision, jws
from sogoc.core import override as overrides
from sogoc.core import tally as tallies
from sogoc.core.canonical import Json, b64, unb64
from sogoc.core.record import LEVELS, PROVENANCES, SCHEMAS, is_full_date
from sogoc.errors import MalformedError, SignatureError

TYP = "sogoc-entry+jws"
MAX_BYTES = 16_384
MINISTRY = 0
"""The ordinal under which the ministry itself acts."""

STATUS_ACTS = ("revoke", "cancel", "suspend", "reinstate")
WORDINGS = (
    "by-decision",
    "by-judgment",
    "fraud",
    "ineligible",
    "without-authority",
    "altered",
    "lent",
    "issuer-error",
    "power-withdrawn",
    "under-inquiry",
    "inquiry-closed",
    "key-compromised",
    "key-retired",
)
"""Public wordings of an act. A closed list, because free text could name a person."""

_YEAR = re.compile(r"[12][0-9]{3}", re.ASCII)

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
    """An institution's statement that it awards exactly these `count` qualifications by one decision, of `decision_total` in all.

    `tally` is public, (programme, mode, intake, count) with small cells merged; `root` is over the pairs of the batch.
    `override` names what the ministry let the batch pass in spite of, as `override.set_aside` does; it then signs beside the institution.
    `provenance` is one of `record.PROVENANCES`.
    """

    id: str
    institution: int
    schema: str
    level: str
    decision_number: str
    decided_on: str
    decision_total: int
    awarded_on: str
    provenance: str
    override: tuple[str, ...]
    count: int
    tally: tuple[tallies.PublicCell, ...]
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
            "decision_total": self.decision_total,
            "id": self.id,
            "institution": self.institution,
            "level": self.level,
            "override": list(self.override),
            "provenance": self.provenance,
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
class Custody(Statement):
    """The register of `institution` is kept by `custodian` (both ordinals) from here on.

    `books` are what was handed over: (kind, year, how many lines, a root over them), sorted. `version` is that of the institution's
    page which it follows, so a hand-over signed earlier and kept back cannot be logged after another one.
    """

    id: str
    books: tuple[tuple[str, str, int, bytes], ...]
    custodian: int
    decision: bytes
    institution: int
    on: str
    version: int
    signatures: tuple[jws.Signature, ...] = ()

    def body(self) -> dict[str, Json]:
        return {
            "act": "custody",
            "books": [[kind, year, count, b64(root)] for kind, year, count, root in self.books],
            "custodian": self.custodian,
            "decision": b64(self.decision),
            "id": self.id,
            "institution": self.institution,
            "on": self.on,
            "version": self.version,
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


Entry = Authority | Batch | Issue | Successor | StatusAct | Custody | KeyCut | State
_Unsigned = Authority | Issue | State
Qualification = Issue | Successor
"""An entry that carries a commitment and a place in the status lists."""


@lru_cache(maxsize=1024)  # a pile of diplomas names few states
def write_time(at: datetime) -> str:
    """Return `2026-11-23T18:00:00Z`; `at` is an aware UTC datetime in whole seconds."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


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
    canonical.members(value, _MEMBERS[shape])
    if "id" in _MEMBERS[shape]:
        unb64(value["id"], 16)
    entry = shape(value)
    if isinstance(entry, _Unsigned):
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


def _batch(v: Mapping[str, Json]) -> Batch:
    count = canonical.integer(v["count"], 1, 2**24 - 2)
    return Batch(
        id=v["id"],
        institution=_ordinal(v["institution"], 1),
        schema=_one_of(v["schema"], tuple(SCHEMAS)),
        level=_one_of(v["level"], LEVELS),
        decision_number=decision.read(v["decision_number"]),
        decided_on=_day(v["decided_on"]),
        decision_total=canonical.integer(v["decision_total"], count),
        awarded_on=_day(v["awarded_on"]),
        provenance=_one_of(v["provenance"], PROVENANCES),
        override=overrides.read(v["override"]),
        count=count,
        tally=tallies.read(v["tally"], count),
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


def _custody(v: Mapping[str, Json]) -> Custody:
    books = tuple(_book(one) for one in canonical.items(v["books"], 128))
    if list(books) != sorted(books) or len({book[:2] for book in books}) != len(books):
        raise MalformedError("the books are unsorted, or one stands twice")
    institution, custodian = _ordinal(v["institution"], 1), _ordinal(v["custodian"], 1)
    if institution == custodian:
        raise MalformedError("a register is handed over to somebody else")
    return Custody(
        id=v["id"],
        books=books,
        custodian=custodian,
        decision=unb64(v["decision"], 32),
        institution=institution,
        on=_day(v["on"]),
        version=canonical.integer(v["version"], 1),
    )


def _book(value: Json) -> tuple[str, str, int, bytes]:
    parts = canonical.items(value, 4)
    if len(parts) != 4 or _YEAR.fullmatch(canonical.text(parts[1], 4)) is None:
        raise MalformedError("a book is not its kind, year, number of lines and root")
    kind = _one_of(parts[0], tuple(schema.kind for schema in SCHEMAS.values()))
    return kind, str(parts[1]), canonical.integer(parts[2]), unb64(parts[3], 32)


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
    "custody": _custody,
    "key-cut": _key_cut,
    "state": _state,
    "revoke": _status_act,
    "cancel": _status_act,
    "suspend": _status_act,
    "reinstate": _status_act,
}
_OWN_MEMBERS: dict[Callable[[Mapping[str, Json]], Entry], set[str]] = {
    _authority: {"institution", "page", "version"},
    _issue: {"batch", "commitment", "institution", "status"},
    _batch: {
        "awarded_on", "count", "decided_on", "decision_number", "decision_total", "institution", "level", "override",
        "provenance", "root", "schema", "tally", "tally_digest",
    },
    _successor: {"batch", "commitment", "decision", "follows", "institution", "on", "previous", "status"},
    _status_act: {"decision", "institution", "on", "previous", "target", "wording"},
    _custody: {"books", "custodian", "decision", "institution", "on", "version"},
    _key_cut: {"from", "institution", "key", "on", "wording"},
    _state: {"authority", "status", "time"},
}  # fmt: skip
_UNSIGNED = (_authority, _issue, _state)
_MEMBERS = {
    shape: frozenset(names | ({"act"} if shape in _UNSIGNED else {"act", "signatures", "id"}))
    for shape, names in _OWN_MEMBERS.items()
}
