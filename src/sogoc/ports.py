"""Where the outside begins: keys, public files, the lock and a chain. Each port is a contract for its adapters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sogoc.core.books import CopyFace, Page
from sogoc.errors import ChainUnavailable, WrongState


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


CACHE_FOR_EVER = "public, max-age=31536000, immutable"
CACHE_BRIEFLY = "public, max-age=5"
"""How long readers and caches may keep a file of a log that never changes, and one that does: checkpoint and status lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchoredEvent:
    """One `Anchored` event as read back from a chain. The first sequence is 0; `block_time` is in Unix seconds.

    `final` follows the chain's own finality rule; `pending` says what is still missing, and is empty when it is final.
    """

    sequence: int
    size: int
    root: bytes
    block_number: int
    block_hash: bytes
    block_time: int
    transaction: bytes
    final: bool
    pending: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedAnchor:
    """A signed transaction that was not sent yet: persist it first, then broadcast it, then read it back as an event.

    `gas_price` is in wei, `transaction` the hash of `raw`.
    """

    nonce: int
    gas_price: int
    raw: bytes
    transaction: bytes


class NonceUsed(ChainUnavailable):
    """Another transaction of this account holds the nonce: look for its event before preparing a new one."""

    code = "nonce-used"


class Underpriced(ChainUnavailable):
    """The chain keeps an earlier transaction of this nonce, or asks more for gas: prepare again, replacing it."""

    code = "underpriced"


class AnchorRefused(WrongState):
    """The contract would not take this anchor. `reason` is one of `shrinks`, `jumps`, `other-root`, `role`, `reverted`.

    `other-root` and `shrinks` may mean that the log forked or that this database was restored: compare with `events`.
    It is what one endpoint answered to a question, so it stops this anchor and proves nothing.
    """

    code = "anchor-refused"

    def __init__(self, reason: str, en: str, vi: str | None = None) -> None:
        super().__init__(en, vi)
        self.reason = reason


class Chain(Protocol):
    """One anchor contract on one EVM chain, with chain id, address and code pinned.

    If an attacker answers for it: a false anchor is shown as real, unless several endpoints are asked.
    """

    @property
    def chain_id(self) -> int: ...
    @property
    def contract(self) -> str:
        """0x and 40 lower-case hex digits."""

    @property
    def endpoints(self) -> Sequence[str]: ...

    def check(self) -> None:
        """Compare chain id and contract code with what is pinned. Raises: ChainUnavailable."""

    def next_nonce(self) -> int:
        """The account's next free nonce, transactions that wait included. Raises: ChainUnavailable."""

    def prepare(self, size: int, root: bytes, *, replaces: PreparedAnchor | None = None) -> PreparedAnchor:
        """Sign a transaction that anchors (size, root).

        With `replaces` it takes the nonce of an earlier transaction, waiting or lost, and pays enough more to push it
        out. Raises: ChainUnavailable, KeyUnavailable, AnchorRefused.
        """

    def broadcast(self, prepared: PreparedAnchor) -> None:
        """Hand a signed transaction to the chain; one that it already knows or holds in a block is a success.

        Raises: ChainUnavailable, and of it NonceUsed and Underpriced.
        """

    def events(self, from_sequence: int = 0) -> list[AnchoredEvent]:
        """Every anchor from `from_sequence` on, oldest first, as enough endpoints show it on the canonical chain.

        A negative one counts back from the newest: -1 asks for that alone, which on an old chain is one page instead of
        the whole history.

        Nothing is remembered: after a reorganisation the event is gone, and comes back when it was sent again.
        Raises: ChainUnavailable, also when the endpoints contradict each other.
        """


class Printer(Protocol):
    """Prints the face of a diploma with its evidence inside. It holds no secret and decides nothing."""

    def render(
        self, face: Mapping[str, str], *, verify_url: str, evidence: bytes, trial: bool, created_at: datetime
    ) -> bytes: ...
    def sign(self, pdf: bytes, *, signer: IssuerSigner, certificate: bytes, signed_at: datetime) -> bytes: ...


class Binder(Protocol):
    """Prints the legal books and copies from the register. It holds no secret and decides nothing."""

    def volumes(self, pages: Iterable[Page], *, trial: bool, created_at: datetime) -> Iterator[bytes]: ...
    def copy(self, face: CopyFace, *, verify_url: str, evidence: bytes, trial: bool, created_at: datetime) -> bytes: ...


class Keyring(Protocol):
    """Finds the private half of a key by its URI (`file:`, `pkcs11:`). Raises: KeyUnavailable."""

    def __call__(self, uri: str) -> IssuerSigner: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JournaledErasure:
    """One record that was erased: its random identifier, of which institution, by which decision, when (UTC)."""

    at: str
    decision: str
    identifier: str
    institution: str


class ErasureJournal(Protocol):
    """What was erased, kept outside the database and never restored with it. It only grows.

    If an attacker writes here: records would be erased after the next recovery. If it is lost: a restored backup shows again
    what was erased.
    """

    def append(self, erased: Sequence[JournaledErasure]) -> None:
        """Add lines, all of them durable before the return. Raises: StorageUnavailable."""

    def read(self) -> Iterator[JournaledErasure]:
        """Return all lines, oldest first. Raises: StorageUnavailable, also for a damaged line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One public log and the places it lives in. `staging` and `lock` are apart from the database and never restored with it."""

    origin: str
    trial: bool
    public: FileStore
    staging: FileStore
    lock: LockStore
    signer: LogSigner
