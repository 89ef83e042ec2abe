"""What any number of processes on any number of hosts do for one register: whatever waits, piece by piece.

There is no list of who does what. A piece is held by a lock of the database while somebody works on it, so whoever dies lets go of
it; and what is to be done stands in the tables, so nobody has to be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.db import InterfaceError, OperationalError, connection

from sogoc.core import jws
from sogoc.errors import GateRefused, KeyUnavailable, SogocError, UnavailableError, WrongState
from sogoc.ports import FileStore, IssuerSigner, Keyring, Log
from sogoc.register import queries
from sogoc.register.alone import SomebodyElse
from sogoc.register.models import Batch, Checkpoint, IssuerKey
from sogoc.services import batches, sealing, sequencing

_RETRY = timedelta(minutes=1)
"""What this worker could not do, it leaves to others for so long."""
_BETWEEN_HEADS = timedelta(seconds=5)
"""While there are shards to seal, what waits for the log waits for so long at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What was done in one step: so many rows sealed, or a batch planned or closed, or a head published."""

    rows: int = 0
    head: Checkpoint | None = None


@dataclass(kw_only=True)
class Worker:
    """One worker. `log` is None on a host without the keys of the log, which seals and leaves the log to others.

    `tell` is told why something could not be done here; it is tried again after a while, here or elsewhere.
    """

    keyring: Keyring
    randomness: Callable[[int], bytes]
    ministry: Callable[[], IssuerSigner] | None
    public: FileStore
    log: Log | None
    tell: Callable[[SogocError], None]
    _left_alone: dict[Batch | IssuerKey, datetime] = field(default_factory=dict)
    _looked: bool = False
    _last_head: datetime | None = None

    def step(self, *, now: datetime) -> Piece | None:
        """Do one piece of what waits; None when there is nothing that this host can do and that nobody else does.

        Raises: RecoveryNeeded, LogForked, StorageUnavailable; UnavailableError when the database does not answer.
        """
        with self._answering():
            if not self._looked:
                self._refuse_if_behind()
            return self._log(now, busy=True) or self._seal(now) or self._log(now, busy=False)

    def progress(self) -> queries.Progress:
        """How far all of them are. Raises: UnavailableError."""
        with self._answering():
            return queries.progress()

    def is_done(self) -> bool:
        """Whether nothing waits any more that this host could do, now or when others let go of it. Raises: UnavailableError."""
        with self._answering():
            hopeless = {one for one in self._left_alone if isinstance(one, Batch)}
            barred = {one.pk for one in self._left_alone if isinstance(one, IssuerKey)}
            for batch in queries.unfinished_batches():
                keys = set(batch.shards.filter(done_at__isnull=True).values_list("key", flat=True))
                if batch not in hopeless and not (keys and keys <= barred):
                    return False
            return self.log is None or not self._waits()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Tell of a database that does not answer as of any other outage, and look again at what it is when it does."""
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            self._looked = False
            connection.close()
            raise UnavailableError(
                f"the database does not answer: {error}".strip(), "cơ sở dữ liệu không trả lời"
            ) from error

    # -- sealing -------------------------------------------------------------------------------------------------------

    def _seal(self, now: datetime) -> Piece | None:
        self._left_alone = {one: until for one, until in self._left_alone.items() if until > now}
        by = sealing.Sealing(keyring=self.keyring, randomness=self.randomness, now=now, ministry=self.ministry)
        for key in queries.keys_to_seal_with():
            if key not in self._left_alone:
                self._try(partial(self._open, key), key, now)
        try:
            rows = sealing.work(by, without=[one.pk for one in self._left_alone if isinstance(one, IssuerKey)])
        except KeyUnavailable as error:  # a key store that was there and went
            self._left_alone |= dict.fromkeys(queries.keys_to_seal_with(), now + _RETRY)
            self.tell(error)
            return None
        except (GateRefused, WrongState):
            rows = None  # all is signed, and closing the batch was refused: asked again here below, where its name is known
        if rows is not None:
            return Piece(rows=rows)
        for batch in queries.unsettled_batches():
            if batch not in self._left_alone:
                self._refuse_if_behind()
                if self._try(partial(sealing.settle, batch, by), batch, now):
                    return Piece()
        return None

    def _open(self, key: IssuerKey) -> None:
        """Raises: KeyUnavailable when the key is not on this host, WrongState when it is another one than the page says."""
        if jws.thumbprint(self.keyring(key.uri).jwk) != key.kid:
            raise WrongState(
                f"{key.uri} holds another key than the authority page", f"{key.uri} giữ khóa khác với trang thẩm quyền"
            )

    def _try(self, work: Callable[[], None], what: Batch | IssuerKey, now: datetime) -> bool:
        """Do it, or leave it alone for a while and tell why."""
        try:
            work()
        except SogocError as error:
            self._left_alone[what] = now + _RETRY
            if isinstance(error, GateRefused) and isinstance(what, Batch):
                batches.note_refusal(what, error, at="sealing", by=None, now=now)
            self.tell(error)
            return False
        return True

    # -- the log ---------------------------------------------------------------------------------------------------------

    def _log(self, now: datetime, *, busy: bool) -> Piece | None:
        """Publish a head with what waits. Where there is other work to do, not more often than every few seconds."""
        if self.log is None or not self._waits():
            return None
        if busy and self._last_head is not None and now - self._last_head < _BETWEEN_HEADS:
            return None
        try:
            head = sequencing.sequence(self.log, now=now, wait=False)
        except SomebodyElse:
            return None
        finally:
            self._last_head = now
        return Piece(head=head)

    @staticmethod
    def _waits() -> bool:
        return bool(queries.waiting_entries() or queries.unpublished_heads())

    def _refuse_if_behind(self) -> None:
        """Refuse to seal for a database that was restored from an old backup: its batches may be in the log already."""
        if self.log is not None:
            sequencing.refuse_if_behind(self.log)
        else:
            sequencing.refuse_if_behind_shown(self.public)
        self._looked = True
