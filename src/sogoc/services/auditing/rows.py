"""Rows of the register and entries of the log, side by side: each qualification has its row, and the row still says what was
committed to.

The walk reads both in the order of the log. Holding a line against its entry is arithmetic, most of it in the signature, and is
given to other processes in portions where there are many.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from typing import NamedTuple

from sogoc.core import entry
from sogoc.core.completeness import Notebook, Where
from sogoc.core.counting import Counted, Counting, LoggedBatch
from sogoc.core.line import Held, Line, Logged, hold_all
from sogoc.core.merkle import Hash, leaf_hash
from sogoc.ports import ErasureJournal
from sogoc.register.models import Erasure, Institution, Row
from sogoc.services.auditing.batches import BatchTable, Exact

PORTION = 1000
"""So many lines are held at once."""
_WORKERS = os.cpu_count() or 1
_CHUNK = 2000
_SEAL = {"secret", "signature", "commitment", "status_list", "status_index"}
_LINE = ["seal__key__kid" if name == "kid" else f"seal__{name}" if name in _SEAL else name for name in Line._fields]
"""Where each part of a line stands."""


class Kept(NamedTuple):
    """A row with the entry that it is tied to."""

    log_index: int
    content: bytes
    batch_id: int
    cell: str
    erased: bool
    line: Line


class Said(NamedTuple):
    """A statement of the log, with its index and leaf hash."""

    log_index: int
    one: entry.Batch | entry.Successor | entry.StatusAct | entry.Custody
    leaf: Hash


class _Waiting(NamedTuple):
    """A line that is to be held against its entry. `first`: as it was issued, not amended or reissued."""

    kept: Kept
    to: Logged
    batch: LoggedBatch
    first: bool


class SideBySide:
    """The walk through register and log, in the order of the log."""

    def __init__(
        self, institution: Institution, *, origin: str, counter: Counting, table: BatchTable, found: Notebook,
        erasures: ErasureJournal | None,
    ) -> None:  # fmt: skip
        self.statements: list[Said] = []
        """What the log says of this institution beside its qualifications, in order."""
        self.exact: dict[int, Exact] = {}
        """By the index of a batch."""
        self._institution = institution
        self._counter = counter
        self._table = table
        self._found = found
        self._index = -1
        self._batch: LoggedBatch | None = None
        self._portions = _Portions(origin, institution.code)
        self._erasures = set(Erasure.objects.filter(institution=institution).values_list("identifier", flat=True))
        self._journaled = _journaled(erasures, institution)
        self._rows = self._read()
        self._row = next(self._rows, None)

    def _read(self) -> Iterator[Kept]:
        rows = Row.objects.filter(institution=self._institution, entry__index__isnull=False).order_by("entry__index")
        columns = rows.values_list("entry__index", "entry__content", "batch_id", "cell", "erased_at", *_LINE)
        for index, content, batch_id, cell, erased_at, *line in columns.iterator(chunk_size=_CHUNK):
            plain = (bytes(one) if isinstance(one, memoryview) else one for one in line)
            yield Kept(index, bytes(content), batch_id, cell, erased_at is not None, Line._make(plain))

    def feed(self, presented: bytes, one: entry.Entry | None) -> None:
        """Take the next entry of the log, as it stands there and as it was read."""
        self._index += 1
        self._counter.take(one)
        match one:
            case entry.Issue():
                if one.institution == self._institution.ordinal:
                    self._take(one, presented)
            case entry.Successor():
                if self._counter.batch_of(self._index) is not None:
                    self._keep(one, presented)
                    self._take(one, presented)
            case entry.Batch():
                if one.institution == self._institution.ordinal:
                    self._keep(one, presented)
                    self._batch = self._counter.batch_at(self._index)
                    self.exact[self._index] = Exact()
            case entry.Authority():
                if one.institution == self._institution.ordinal and (page := self._counter.page(one.institution)):
                    self._settle(self._portions.close())
                    self._portions.keys = {key.kid: key.jwk for key in page.keys}
            case entry.StatusAct() | entry.Custody():
                if one.institution == self._institution.ordinal:
                    self._keep(one, presented)
            case _:
                pass

    def close(self) -> None:
        """Finish what is under way, and name the rows that are tied to no qualification of the log."""
        self._settle(self._portions.close())
        while self._row is not None:
            self._stray(self._row)
            self._row = next(self._rows, None)

    def stop(self) -> None:
        """Let the other processes go."""
        self._portions.stop()

    def exactly(self, counted: Counted) -> Counted:
        """Return the counts with the exact tallies of all batches whose rows could all be read, instead of the public ones."""
        return replace(
            counted,
            batches=tuple(
                replace(one, said=replace(one.said, tally=tuple((*cell, n) for cell, n in sorted(exact.cells.items()))))
                if (exact := self.exact.get(one.index)) is not None and exact.whole and not exact.erased
                else one
                for one in counted.batches
            ),
        )

    def _keep(self, one: entry.Batch | entry.Successor | entry.StatusAct | entry.Custody, presented: bytes) -> None:
        self.statements.append(Said(self._index, replace(one, signatures=()), leaf_hash(presented)))

    # -- one qualification --------------------------------------------------------------------------------------------------

    def _take(self, one: entry.Qualification, presented: bytes) -> None:
        batch = self._batch if isinstance(one, entry.Issue) else self._counter.batch_of(self._index)
        if batch is None:
            return  # outside any batch: the log itself is at fault
        self._found.compared("entries")
        while self._row is not None and self._row.log_index < self._index:
            self._stray(self._row)
            self._row = next(self._rows, None)
        if self._row is None or self._row.log_index != self._index:
            self._miss(batch)
            return
        kept, self._row = self._row, next(self._rows, None)
        if kept.content != presented:
            self._found.find("entry-altered", self._where(kept, batch))
        first = isinstance(one, entry.Issue)
        self._found.compared("records")
        if kept.erased and not kept.line.record:
            self.exact[batch.index].erased += first
            self._hold_erased(kept, one, batch)
            return
        if kept.line.identifier in self._erasures or kept.line.identifier in (self._journaled or ()):
            self._found.find("erasure-undone", self._where(kept, batch))
        to = Logged(batch.said.schema, batch.said.provenance, one.commitment, one.status)
        self._settle(self._portions.add(_Waiting(kept, to, batch, first)))

    def _where(self, kept: Kept, batch: LoggedBatch | None) -> Where:
        return {
            "institution": self._institution.code,
            "batch": self._table.public_id(kept.batch_id) or (batch.said.id if batch else None),
            "index": kept.log_index, "cell": kept.cell, "register_number": kept.line.register_number,
        }  # fmt: skip

    def _stray(self, kept: Kept) -> None:
        self._found.compared("entries")
        self._found.find("row-elsewhere", self._where(kept, None))

    def _miss(self, batch: LoggedBatch) -> None:
        exact = self.exact[batch.index]
        exact.whole = exact.clean = False
        exact.missing += 1
        if not self._table.explains_loss(batch.index):  # else it is told once for the whole batch
            self._found.find(
                "row-missing", {"institution": self._institution.code, "batch": batch.said.id, "index": self._index}
            )

    def _hold_erased(self, kept: Kept, one: entry.Qualification, batch: LoggedBatch) -> None:
        code = "erased" if kept.line.identifier in self._erasures else "erasure-untraced"
        if code == "erased" and self._journaled is not None and kept.line.identifier not in self._journaled:
            code = "erasure-unjournaled"
        self._found.find(code, self._where(kept, batch))
        if kept.line.commitment != one.commitment:
            self._found.find("row-elsewhere", self._where(kept, batch))

    def _settle(self, held: Iterator[tuple[_Waiting, Held]]) -> None:
        """Write down what came of the lines that are done."""
        for (kept, _, batch, first), one in held:
            exact = self.exact[batch.index]
            if one.wrong is not None or one.cell is None:
                exact.whole = exact.clean = False
                self._found.find(one.wrong or "record-altered", self._where(kept, batch))
                continue
            if first:
                exact.cells[one.cell] += 1
            columns = list(one.columns)
            if self._table.index_of(kept.batch_id) != batch.index:
                columns.append("batch")
            for code, wrong in (("number-swapped", one.numbers), ("column-altered", columns)):
                if wrong:
                    exact.clean = False
                    self._found.find(code, {**self._where(kept, batch), "fields": ", ".join(wrong)})


def _journaled(erasures: ErasureJournal | None, institution: Institution) -> frozenset[str] | None:
    """What the journal says was erased of this institution; None without a journal. Raises: StorageUnavailable."""
    if erasures is None:
        return None
    return frozenset(one.identifier for one in erasures.read() if one.institution == institution.code)


class _Portions:
    """Lines on their way to be held, in portions: here while there are few, in other processes as soon as there are many."""

    def __init__(self, origin: str, institution: str) -> None:
        self.keys: Mapping[str, Mapping[str, str]] = {}
        self._origin, self._institution = origin, institution
        self._next: list[_Waiting] = []
        self._away: deque[tuple[list[_Waiting], Future[list[Held]]]] = deque()
        self._pool: ProcessPoolExecutor | None = None

    def add(self, one: _Waiting) -> Iterator[tuple[_Waiting, Held]]:
        """Take one more line; return the lines that are done, in order."""
        self._next.append(one)
        if len(self._next) < PORTION:
            return
        portion, self._next = self._next, []
        if self._pool is None:
            # A fresh process knows nothing of this one's connections and locks.
            self._pool = ProcessPoolExecutor(_WORKERS, mp_context=multiprocessing.get_context("spawn"))
        self._away.append((portion, self._pool.submit(hold_all, *self._work(portion))))
        if len(self._away) > 2 * _WORKERS:
            yield from self._arrived()

    def close(self) -> Iterator[tuple[_Waiting, Held]]:
        """Return all that is under way, and what never filled a portion."""
        while self._away:
            yield from self._arrived()
        portion, self._next = self._next, []
        yield from zip(portion, hold_all(*self._work(portion)), strict=True)

    def stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _work(
        self, portion: list[_Waiting]
    ) -> tuple[list[tuple[Line, Logged]], str, str, Mapping[str, Mapping[str, str]]]:
        return [(one.kept.line, one.to) for one in portion], self._origin, self._institution, self.keys

    def _arrived(self) -> Iterator[tuple[_Waiting, Held]]:
        portion, held = self._away.popleft()
        yield from zip(portion, held.result(), strict=True)
