"""Evidence: what travels with a diploma, as presented. It parses here; nothing in it is believed here.

Spec: docs/spec/evidence.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from sogoc.core import canonical
from sogoc.core.canonical import Json, b64, unb64
from sogoc.errors import MalformedError

TYPE = "sogoc/evidence/v1"
FRESH_TYPE = "sogoc/fresh/v1"
MAX_BYTES = 4 * 2**20
MAX_FRESH_BYTES = 64 * 2**20
MAX_PROOF = 64

_FRESH = b',\n  "fresh": '
"""Between the halves of evidence as `Evidence.encode` writes it. No text of JSON holds the end of a line."""
_REMEMBERED = 64 * 2**10
"""A fresh half of at most so many bytes is remembered; that of one institution has a tenth to a third of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """An entry with its place in the log and the proof that it stands there."""

    entry: bytes
    index: int
    proof: tuple[bytes, ...]

    def to_json(self) -> dict[str, Json]:
        return {"entry": self.entry.decode(), "index": self.index, "proof": [b64(h) for h in self.proof]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A logged act on this qualification; number and salt open its blinded decision, when the archive shows it."""

    logged: Logged
    decision_number: str | None = None
    salt: bytes | None = None

    def to_json(self) -> dict[str, Json]:
        value = self.logged.to_json()
        if self.decision_number is not None and self.salt is not None:
            value |= {"decision_number": self.decision_number, "salt": b64(self.salt)}
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """The half that never needs renewal. `path` places the leaf under its batch root."""

    credential: str
    checkpoint: str | None = None
    leaf: Logged | None = None
    batch: Logged | None = None
    path: tuple[bytes, ...] | None = None
    after: Logged | None = None
    before: Logged | None = None
    anchor: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A consistency proof from the tree of size `start` to that of size `end`."""

    start: int
    end: int
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """The half that says how things stand now. `authorities` are (page, path), `statuses` (number, compressed, path)."""

    checkpoint: str
    links: tuple[Link, ...]
    state: Logged | None
    authorities: tuple[tuple[bytes, tuple[bytes, ...]], ...] = ()
    statuses: tuple[tuple[int, bytes, tuple[bytes, ...]], ...] = ()
    acts: tuple[Act, ...] = ()

    def to_json(self) -> dict[str, Json]:
        value: dict[str, Json] = {
            "type": FRESH_TYPE,
            "checkpoint": self.checkpoint,
            "links": [{"from": k.start, "to": k.end, "proof": [b64(h) for h in k.proof]} for k in self.links],
            "authorities": [{"page": page.decode(), "path": [b64(h) for h in path]} for page, path in self.authorities],
            "statuses": [
                {"list": number, "zlib": b64(packed), "path": [b64(h) for h in path]}
                for number, packed, path in self.statuses
            ],
            "acts": [act.to_json() for act in self.acts],
        }
        return value if self.state is None else value | {"state": self.state.to_json()}

    def encode(self) -> bytes:
        return canonical.pretty(self.to_json())


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A diploma with all that is needed to check it offline, or less."""

    lasting: Lasting
    fresh: Fresh | None = None

    def encode(self) -> bytes:
        half = self.lasting
        lasting: dict[str, Json] = {"credential": half.credential}
        if half.checkpoint is not None:
            lasting["checkpoint"] = half.checkpoint
        if half.leaf is not None:
            lasting["leaf"] = half.leaf.to_json()
        if half.batch is not None:
            lasting["batch"] = half.batch.to_json()
            if half.path is not None:
                lasting["batch"]["path"] = [b64(h) for h in half.path]
        bracket = {
            name: logged.to_json() for name, logged in (("after", half.after), ("before", half.before)) if logged
        }
        if bracket:
            lasting["logged"] = bracket
        if half.anchor is not None:
            lasting["anchor"] = dict(half.anchor)
        value: dict[str, Json] = {"type": TYPE, "lasting": lasting}
        if self.fresh is not None:
            value["fresh"] = self.fresh.to_json()
        return canonical.pretty(value)


def parse(presented: bytes) -> Evidence:
    """Read evidence, or a bare SD-JWT, which is evidence without anything else.

    Raises: MalformedError.
    """
    if presented.startswith(b"eyJ"):
        return Evidence(lasting=Lasting(credential=_ascii(presented.strip())))
    halves = _halves(presented)
    if halves is not None:
        return halves
    v = canonical.members(
        canonical.read(presented, limit=MAX_BYTES), frozenset({"type", "lasting"}), frozenset({"fresh"})
    )
    return Evidence(lasting=_of_type(v), fresh=_fresh(v["fresh"]) if "fresh" in v else None)


def _halves(presented: bytes) -> Evidence | None:
    """Read evidence that stands as it was written; None for other evidence, and for what is none.

    Its end is the same in a whole pile of diplomas and is read once. Cut where the fresh half begins, both parts are whole objects
    when a brace is put back, and they have no member in common: so the file is one object with the members of both.
    """
    start, cut, end = presented.partition(_FRESH)
    if not cut or len(end) > _REMEMBERED or len(presented) > MAX_BYTES:
        return None
    try:
        v = canonical.members(canonical.read(start + b"\n}\n", limit=MAX_BYTES), frozenset({"type", "lasting"}))
        return Evidence(lasting=_of_type(v), fresh=_fresh_at_end(end))
    except MalformedError:
        return None


@lru_cache(maxsize=16)
def _fresh_at_end(end: bytes) -> Fresh:
    v = canonical.members(canonical.read(b"{" + _FRESH[1:] + end, limit=MAX_BYTES), frozenset({"fresh"}))
    return _fresh(v["fresh"])


def _of_type(value: Mapping[str, Json]) -> Lasting:
    if value["type"] != TYPE:
        raise MalformedError("is not evidence of a qualification", "không phải hồ sơ chứng cứ của văn bằng")
    return _lasting(value["lasting"])


def parse_fresh(presented: bytes) -> Fresh:
    """Read a fresh half that was brought as a file of its own. Raises: MalformedError."""
    return _fresh(canonical.read(presented, limit=MAX_FRESH_BYTES))


def _ascii(presented: bytes) -> str:
    try:
        return presented.decode("ascii")
    except UnicodeDecodeError as error:
        raise MalformedError("is not an SD-JWT") from error


def _lasting(value: Json) -> Lasting:
    v = canonical.members(
        value, frozenset({"credential"}), frozenset({"checkpoint", "leaf", "batch", "logged", "anchor"})
    )
    batch = v.get("batch")
    path = None
    if batch is not None:
        batch = dict(canonical.members(batch, _LOGGED, frozenset({"path"})))
        path = batch.pop("path", None)
    bracket = canonical.members(v.get("logged", {}), frozenset(), frozenset({"after", "before"}))
    anchor = v.get("anchor")
    if anchor is not None and not isinstance(anchor, dict):
        raise MalformedError("an anchor hint is not an object")
    return Lasting(
        credential=canonical.text(v["credential"], 65_535),
        checkpoint=canonical.text(v["checkpoint"], 65_535) if "checkpoint" in v else None,
        leaf=_logged(v["leaf"]) if "leaf" in v else None,
        batch=_logged(batch) if batch is not None else None,
        path=tuple(canonical.hashes(path, MAX_PROOF)) if path is not None else None,
        after=_logged(bracket["after"]) if "after" in bracket else None,
        before=_logged(bracket["before"]) if "before" in bracket else None,
        anchor=anchor,
    )


_LOGGED = frozenset({"entry", "index", "proof"})


def _logged(value: Json, optional: frozenset[str] = frozenset()) -> Logged:
    v = canonical.members(value, _LOGGED, optional)
    return Logged(
        entry=canonical.text(v["entry"], 16_384).encode(),
        index=canonical.integer(v["index"]),
        proof=tuple(canonical.hashes(v["proof"], MAX_PROOF)),
    )


def _fresh(value: Json) -> Fresh:
    v = canonical.members(
        value,
        frozenset({"type", "checkpoint"}),
        frozenset({"links", "state", "authorities", "statuses", "acts"}),
    )
    if v["type"] != FRESH_TYPE:
        raise MalformedError("is not a fresh half", "không phải phần cập nhật")
    return Fresh(
        checkpoint=canonical.text(v["checkpoint"], 65_535),
        links=tuple(_link(link) for link in canonical.items(v.get("links", []), 100_000)),
        state=_logged(v["state"]) if "state" in v else None,
        authorities=tuple(_authority(page) for page in canonical.items(v.get("authorities", []), 100_000)),
        statuses=tuple(_status(one) for one in canonical.items(v.get("statuses", []), 10_000)),
        acts=tuple(_act(act) for act in canonical.items(v.get("acts", []), 100_000)),
    )


def _link(value: Json) -> Link:
    v = canonical.members(value, frozenset({"from", "to", "proof"}))
    return Link(
        start=canonical.integer(v["from"]),
        end=canonical.integer(v["to"]),
        proof=tuple(canonical.hashes(v["proof"], 2 * MAX_PROOF)),
    )


def _authority(value: Json) -> tuple[bytes, tuple[bytes, ...]]:
    v = canonical.members(value, frozenset({"page", "path"}))
    return canonical.text(v["page"], 262_144).encode(), tuple(canonical.hashes(v["path"], MAX_PROOF))


def _status(value: Json) -> tuple[int, bytes, tuple[bytes, ...]]:
    v = canonical.members(value, frozenset({"list", "zlib", "path"}))
    return (
        canonical.integer(v["list"], 0, 2**32 - 1),
        unb64(v["zlib"]),
        tuple(canonical.hashes(v["path"], MAX_PROOF)),
    )


def _act(value: Json) -> Act:
    extra = frozenset({"decision_number", "salt"})
    v = canonical.members(value, _LOGGED, extra)
    plain = {name: v[name] for name in _LOGGED}
    if extra & v.keys() and not extra <= v.keys():
        raise MalformedError("an act opens its decision by half")
    return Act(
        logged=_logged(plain),
        decision_number=canonical.text(v["decision_number"], 100) if "salt" in v else None,
        salt=unb64(v["salt"], 16) if "salt" in v else None,
    )
