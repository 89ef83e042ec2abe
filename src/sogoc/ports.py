"""Where the outside begins: keys, public files, the lock and a chain. Each port is a contract for its adapters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol


class IssuerSigner(Protocol):
    """A P-256 key of an institution or of the ministry, wherever it lives.

    If an attacker uses this: false documents under this key, all of which must still pass the public log.
    """

    @property
    def jwk(self) -> dict[str, str]:
        """The public key as a JWK with exactly crv, kty, x, y."""

    def sign(self, payload: bytes) -> bytes:
        """Return the ES256 signature of `payload`: r || s, 64 bytes (RFC 7518 section 3.4).

        Raises: KeyUnavailable.
        """


class LogSigner(Protocol):
    """The log's own keys (Ed25519 and ML-DSA-44).

    MUST sign a note only when the lock store holds exactly its size and root.
    If an attacker uses this: a second tree for one size, which witnesses, anchors and other verifiers expose.
    """

    @property
    def vkeys(self) -> Sequence[str]: ...
    def sign(self, origin: str, size: int, root: bytes, timestamp: int) -> str:
        """Return the signed checkpoint note. Raises: LogForked, KeyUnavailable."""


class LockStore(Protocol):
    """The one place that decides which root a size has. Small, separate, and never restored with the database.

    `swap` MUST be atomic and durable when it returns True. It MUST survive power loss.
    If an attacker changes this: the log may fork; anchors and witnesses show it.
    """

    def head(self, origin: str) -> tuple[int, bytes] | None: ...
    def create(self, origin: str, size: int, root: bytes) -> bool: ...
    def swap(self, origin: str, old: tuple[int, bytes], new: tuple[int, bytes]) -> bool:
        """Replace `old` by `new` if `old` is still the head. False when it is not."""


class FileStore(Protocol):
    """Files by relative path: the public log files, and the staging area.

    A write MUST be durable when the call returns and MUST NOT be visible in part. Writing the same immutable bytes
    twice MUST succeed; writing other bytes to an immutable path MUST raise LogForked.
    If an attacker changes this: readers get a proof that fails. Nothing false becomes true.
    """

    def put(self, path: str, content: bytes, *, mutable: bool = False) -> None: ...
    def put_many(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Write many immutable files, durable together when the call returns."""

    def get(self, path: str) -> bytes | None:
        """The content, or None when there is no such file. Raises: StorageUnavailable when it cannot be known."""

    def delete(self, path: str) -> None: ...
    def list(self, folder: str) -> list[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchoredEvent:
    """One `Anchored` event as read back from a chain. `final` follows the chain's own finality rule."""

    sequence: int
    size: int
    root: bytes
    block_number: int
    block_hash: bytes
    block_time: int
    transaction: bytes
    final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedAnchor:
    """A signed transaction that was not sent yet: persist it first, then broadcast it, then wait."""

    nonce: int
    gas_price: int
    raw: bytes
    transaction: bytes


class Chain(Protocol):
    """One anchor contract on one EVM chain, with chain id, address and code pinned.

    If an attacker answers for it: a false anchor is shown as real, unless several endpoints are asked.
    """

    @property
    def chain_id(self) -> int: ...
    @property
    def contract(self) -> str: ...
    @property
    def endpoints(self) -> Sequence[str]: ...

    def check(self) -> None:
        """Compare chain id and contract code with what is pinned. Raises: ChainUnavailable."""

    def prepare(self, size: int, root: bytes, *, nonce: int | None = None, bump: bool = False) -> PreparedAnchor:
        """Sign a transaction that anchors (size, root). A given nonce replaces an earlier transaction.

        Raises: ChainUnavailable.
        """

    def broadcast(self, raw: bytes) -> None:
        """Hand a signed transaction to the chain; one that is already known is a success. Raises: ChainUnavailable."""

    def events(self, from_sequence: int = 0) -> list[AnchoredEvent]:
        """Every anchor in the contract on the canonical chain, oldest first. Raises: ChainUnavailable."""

    def next_nonce(self) -> int: ...
