"""What many diplomas share, read and checked once for a pile: pages, batches, checkpoints, states and lists.

Each function is given exact bytes, and with them all that its answer depends on, and gives the same answer for ever. So answers that
many ask for are remembered, a bounded number of each; a refusal raises and is not kept.

Spec: docs/spec/outcomes.md
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import chain

from sogoc.core import authority, canonical, entry, merkle, remarks, status
from sogoc.core.authority import KeyWindow, Name, Page, Power
from sogoc.core.checkpoint import Checkpoint, open_note
from sogoc.core.evidence import Logged
from sogoc.core.note import Note, VerifierKey
from sogoc.core.report import Finding
from sogoc.core.status import StatusList
from sogoc.errors import SignatureError

Jwk = tuple[tuple[str, str], ...]


def hashable(jwk: Mapping[str, str]) -> Jwk:
    """A public key as these functions take it."""
    return tuple(sorted(jwk.items()))


@lru_cache(maxsize=1024)
def cells(batch: bytes, programme: str) -> tuple[tuple[tuple[str, str], ...], bool]:
    """Return mode and intake of each public cell that a batch has of a programme, and whether small cells are merged in it."""
    tally = _read_batch(batch).tally
    found = tuple((mode, intake) for cell, mode, intake, _ in tally if cell == programme)
    return found, any(not cell for cell, _, _, _ in tally)


def modes(batch: bytes, programme: str) -> list[str]:
    """Return the modes of those cells, sorted."""
    found, _ = cells(batch, programme)
    return sorted({mode for mode, _ in found})


def _read_batch(content: bytes) -> entry.Batch:
    batch = read_entry(content)
    if not isinstance(batch, entry.Batch):
        raise AssertionError("only a batch is asked what it says as a batch")
    return batch


batch_leaf = lru_cache(maxsize=1024)(merkle.leaf_hash)
"""The leaf hash of a batch, by which each of its diplomas names it."""


def entry_under(logged: Logged, size: int, root: bytes) -> entry.Entry:
    """Read an entry that stands in the log of this size and root. Raises: ProofError, MalformedError."""
    leaf = merkle.leaf_hash(logged.entry)
    merkle.verify_inclusion(leaf=leaf, index=logged.index, size=size, proof=logged.proof, root=root)
    return entry.parse(logged.entry)


shared_entry = lru_cache(maxsize=1024)(entry_under)
"""Batches and states: a pile of diplomas asks for the same again and again."""


def signer(statement: entry.Statement, index: int, keys: Iterable[KeyWindow]) -> KeyWindow | None:
    """Return whose signature to ask for: of these keys one that the statement names, in force at this index before one that was not."""
    kids = {signature.kid for signature in statement.signatures}
    return min((key for key in keys if key.kid in kids), key=lambda key: not key.covers(index), default=None)


@lru_cache(maxsize=64)
def page_under(content: bytes, ordinal: int, path: tuple[bytes, ...], size: int, root: bytes) -> None:
    """Hold a page against the root that a state has over all pages. Raises: ProofError."""
    leaf = merkle.leaf_hash(canonical.digest(content))
    merkle.verify_inclusion(leaf=leaf, index=ordinal, size=size, proof=path, root=root)


@lru_cache(maxsize=1024)
def powers(content: bytes, kind: str, level: str, programme: str, mode: str | None, on: str) -> tuple[Power, ...]:
    """The powers on a page that cover an award; those of a large university are hundreds."""
    award = {"kind": kind, "level": level, "programme": programme, "on": on}
    return tuple(one for one in read_page(content).powers if one.covers(**award, mode=mode))


@lru_cache(maxsize=1024)
def late(awarded_on: str, logged_before: str | None) -> tuple[Finding, ...]:
    """As `remarks.late`, of times as they are written."""
    return tuple(remarks.late(awarded_on, entry.read_time(logged_before) if logged_before is not None else None))


@lru_cache(maxsize=1024)
def against_law(content: bytes, asked: tuple[tuple[str, str], ...]) -> tuple[Finding, ...]:
    """As `remarks.against_law`, of the fields in `remarks.ASKED_BY_LAW` and the bytes of a page."""
    return tuple(remarks.against_law(dict(asked), read_page(content)))


@lru_cache(maxsize=64)
def read_checkpoint(note: str) -> Checkpoint:
    """Read a checkpoint without its signatures. Raises: MalformedError."""
    return Checkpoint.parse(Note.parse(note).text)


@lru_cache(maxsize=64)
def signed_by(
    note: str, log: tuple[tuple[VerifierKey, ...], ...], witnesses: tuple[VerifierKey, ...]
) -> tuple[bool, int]:
    """Say whether all keys of one set of the log signed a checkpoint, and how many witnesses did. Raises as `open_note` does."""
    signers = open_note(note, keys=(*chain(*log), *witnesses)).signers
    return any(set(keys) <= set(signers) for keys in log), sum(key in witnesses for key in signers)


@lru_cache(maxsize=1024)
def read_entry(content: bytes) -> entry.Entry:
    """As `entry.parse`. Raises: MalformedError."""
    return entry.parse(content)


@lru_cache(maxsize=1024)
def check_statement(content: bytes, jwk: Jwk, origin: str) -> None:
    """Check that `jwk` signed an entry. Raises: SignatureError, MalformedError."""
    statement = read_entry(content)
    if isinstance(statement, entry.Statement):
        statement.verify(dict(jwk), origin=origin)
        return
    raise SignatureError("the entry is not a signed one", "mục này không có chữ ký")


@lru_cache(maxsize=64)
def read_page(content: bytes) -> Page:
    """As `authority.parse`. Raises: MalformedError."""
    return authority.parse(content)


@lru_cache(maxsize=1024)
def key_of(content: bytes, kid: str) -> KeyWindow | None:
    """As `Page.key`, of the bytes of a page."""
    return read_page(content).key(kid)


@lru_cache(maxsize=1024)
def batch_signer(content: bytes, index: int, page: bytes) -> KeyWindow | None:
    """As `signer`, of a batch at this index and the keys of a page."""
    return signer(_read_batch(content), index, read_page(page).keys)


@lru_cache(maxsize=1024)
def names(content: bytes, on: str) -> tuple[frozenset[str], Name | None]:
    """The Vietnamese names that an institution bore on a day (several, where a wrong one was put right), and the one that counts."""
    page = read_page(content)
    return frozenset(name.vi for name in page.names if name.covers(on)), page.named_on(on)


@lru_cache(maxsize=64)
def page_signer(content: bytes, ministry: tuple[Jwk, ...], origin: str) -> str | None:
    """As `Page.verify`, of the bytes of a page."""
    return read_page(content).verify([dict(jwk) for jwk in ministry], origin=origin)


@lru_cache(maxsize=16)
def read_list(number: int, packed: bytes) -> tuple[StatusList, bytes]:
    """Return a status list and its leaf hash. Raises: MalformedError."""
    table = status.inflate(number, packed)
    return table, merkle.leaf_hash(table.leaf())


@lru_cache(maxsize=64)
def list_under(leaf: bytes, number: int, path: tuple[bytes, ...], size: int, root: bytes) -> None:
    """Hold the leaf hash of a status list against the root that a state has over all lists. Raises: ProofError."""
    merkle.verify_inclusion(leaf=leaf, index=number, size=size, proof=path, root=root)
