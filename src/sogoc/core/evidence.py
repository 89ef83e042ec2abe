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

_CHECKPOINT = b',\n    "checkpoint": '
_LEAF = b',\n    "leaf": '
_BATCH = b',\n    "batch": {'
_PATH = b',\n      "path": '
_END_OF_BATCH = b"\n    }"
_FRESH = b',\n  "fresh": '
"""Where evidence as `Evidence.encode` writes it is cut. No text of JSON holds the end of a line, so these are never within one."""
_HALF = frozenset({"type", "lasting"})
_OWN = frozenset({"credential", "leaf", "batch"})
_OWN_OF_BATCH = frozenset({"path"})
_LOGGED = frozenset({"entry", "index", "proof"})
_REMEMBERED = 64 * 2**10
"""What diplomas share is remembered up to so many bytes; a fresh half of one institution has a tenth to a third of them."""


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
    together = _in_parts(presented)
    if together is not None:
        return together
    v = canonical.members(canonical.read(presented, limit=MAX_BYTES), _HALF, frozenset({"fresh"}))
    _check_type(v["type"])
    return Evidence(lasting=_lasting(v["lasting"]), fresh=_fresh(v["fresh"]) if "fresh" in v else None)


def _in_parts(presented: bytes) -> Evidence | None:
    """Read evidence of an award that stands as it was written; None for other evidence, and for what is none.

    A pile of diplomas has few batches and fewer fresh halves, which are read once. What is a diploma's own (credential, leaf and path)
    is taken out, and it and what remains are read as two objects, with the braces that they lack put back. Each of them has exactly
    the members named here and not one that the other has: so the file is one object with the members of all.
    """
    credential, checkpoint_at, rest = presented.partition(_CHECKPOINT)
    checkpoint, leaf_at, rest = rest.partition(_LEAF)
    leaf, batch_at, rest = rest.partition(_BATCH)
    batch, path_at, rest = rest.partition(_PATH)
    path, end_at, rest = rest.partition(_END_OF_BATCH)
    logged, fresh_at, fresh = rest.partition(_FRESH)
    if not (checkpoint_at and leaf_at and batch_at and path_at and end_at and fresh_at):
        return None
    if len(presented) > MAX_BYTES or len(presented) - len(fresh) > _REMEMBERED or len(fresh) > _REMEMBERED:
        return None
    own = b"".join((credential, _LEAF, leaf, _BATCH, _PATH[1:], path, b"\n    }\n  }\n}\n"))
    shared = b"".join(
        (b'{\n  "lasting": {', _CHECKPOINT[1:], checkpoint, _BATCH, batch, _END_OF_BATCH, logged, b"\n}\n")
    )
    try:
        v = canonical.members(canonical.read_written(own), _HALF)
        _check_type(v["type"])
        half = canonical.members(v["lasting"], _OWN)
        of_batch = _shared_lasting(shared)
        return Evidence(
            lasting=Lasting(
                credential=canonical.text(half["credential"], 65_535),
                checkpoint=of_batch.checkpoint,
                leaf=_logged(half["leaf"]),
                batch=of_batch.batch,
                path=tuple(canonical.hashes(canonical.members(half["batch"], _OWN_OF_BATCH)["path"], MAX_PROOF)),
                after=of_batch.after,
                before=of_batch.before,
                anchor=of_batch.anchor,
            ),
            fresh=_fresh_at_end(fresh),
        )
    except MalformedError:
        return None


@lru_cache(maxsize=64)
def _shared_lasting(shared: bytes) -> Lasting:
    """What the lasting halves of a batch have in common. The credential is empty, because it is each diploma's own."""
    v = canonical.members(canonical.read_written(shared), frozenset({"lasting"}))
    half = canonical.members(v["lasting"], frozenset({"checkpoint", "batch"}), frozenset({"logged", "anchor"}))
    canonical.members(half["batch"], _LOGGED)
    return _lasting({**half, "credential": ""})


@lru_cache(maxsize=16)
def _fresh_at_end(end: bytes) -> Fresh:
    v = canonical.members(canonical.read_written(b"{" + _FRESH[1:] + end), frozenset({"fresh"}))
    return _fresh(v["fresh"])


def _check_type(value: Json) -> None:
    if value != TYPE:
        raise MalformedError("is not evidence of a qualification", "không phải hồ sơ chứng cứ của văn bằng")


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
