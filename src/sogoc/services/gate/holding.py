"""Hold the rows of a batch to the rules once, and remember that none broke one while nothing changes that this rests on.

A batch passes the gate at its submission, its approval and twice at its sealing, and most of what is asked there is asked of rows that
nobody may change any more. What counts beside the rows, numbers of others, voids, quotas, totals and powers, is asked each time; but
a batch that left no register number out leaves none out later, for what is spoken for stays so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from django.db.models import QuerySet

from sogoc import __version__
from sogoc.core import law
from sogoc.core import tally as tallies
from sogoc.core.authority import Page
from sogoc.core.blanks import Runs
from sogoc.core.record import SCHEMAS
from sogoc.register.bulk import read_out
from sogoc.register.models import Batch, Row
from sogoc.register.records import newest_page
from sogoc.services.gate import books, powers
from sogoc.services.gate.findings import Findings
from sogoc.services.gate.rows import Line, Listed, RowRules


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRows:
    """What was counted while the rows of a batch passed by: rows, erased ones, cells of the tally, the names of each programme, and
    what numbers they bear.

    `gapless` is whether no register number was found left out. `rests_on` is empty where nothing of this may be remembered.
    """

    count: int
    erased: int
    tally: Mapping[tallies.Cell, int]
    names: Mapping[str, set[str]]
    numbers: books.Numbers
    gapless: bool
    rests_on: str


def hold(batch: Batch, page: Page, findings: Findings, *, remembering: bool) -> HeldRows:
    """Hold every row of a batch to `page`, and tell `findings` what is wrong.

    When `remembering`, rows in which nothing was wrong and which were remembered are not held again until a row, the page, the law,
    the blanks, the decision or the program changes; a database trigger forgets what it knew of a batch when a row of it changes,
    comes or goes.
    """
    holding = _Holding(batch, page, findings)
    if remembering and (known := _known(batch, holding.rests_on)) is not None:
        return known
    for line in read_out(_issued(batch).order_by("position").values_list(*Line._fields)):
        holding.hold(Line(*line))
    held = holding.held()
    return held if remembering else replace(held, rests_on="")


class _Holding:
    """Rows of a batch on their way past the rules, and a digest of all that this rests on."""

    def __init__(self, batch: Batch, page: Page, findings: Findings) -> None:
        blanks = books.good_blanks(batch) if findings.holds("blank") else {}
        listed = books.listed(batch) if findings.holds("decision-list") else None
        self.rests_on = _rests_on(batch, page, findings, blanks, listed)
        self._rules = RowRules(batch=batch, page=page, findings=findings, blanks=blanks, listed=listed)
        self._before = len(findings)
        self.hold = self._rules.hold

    def held(self) -> HeldRows:
        """What was counted; to be remembered only where nothing was wrong."""
        rules = self._rules
        return HeldRows(
            count=rules.count,
            erased=rules.erased,
            tally=rules.tally,
            names=rules.names,
            numbers=books.numbers_of(rules.batch),
            gapless=False,
            rests_on=self.rests_on if len(rules.findings) == self._before else "",
        )


class Incoming:
    """The rows of a new batch, held to the rules while they are written and their fields are at hand.

    Where nothing is wrong this is remembered, and no row is read for it again; what is wrong is found again at the submission, and
    said there.
    """

    def __init__(self, batch: Batch) -> None:
        """Raises: WrongState when the institution was never accredited."""
        page = newest_page(batch.institution)[1]
        findings = Findings(batch.awarded_on, batch.provenance)
        powers.examine_institution(findings, page, kind=SCHEMAS[batch.schema].kind, level=batch.level)
        self._batch = batch
        self._holding = _Holding(batch, page, findings)
        self.hold = self._holding.hold

    def remember(self) -> None:
        """Once all rows are in their table."""
        remember(self._batch, self._holding.held(), gapless=False)


def _issued(batch: Batch) -> QuerySet[Row]:
    return batch.rows.filter(origin=Row.Origin.ISSUE)


def _rests_on(batch: Batch, page: Page, findings: Findings, blanks: Mapping[str, Runs], listed: Listed | None) -> str:
    """A digest of everything beside the rows themselves that decides what is found in them."""
    parts = (
        __version__,
        law.digest(),
        page.encode(),
        (batch.schema, batch.level, batch.awarded_on, batch.provenance, batch.institution.code),
        (batch.decision.number, batch.decision.decided_on),
        sorted(findings.rules & {"qualification", "issuer"}),
        sorted((series, list(runs)) for series, runs in blanks.items()),
        None if listed is None else (listed.secret, sorted(listed.left.items())),
    )
    return sha256(repr(parts).encode()).hexdigest()


def _known(batch: Batch, rests_on: str) -> HeldRows | None:
    held = batch.held
    if held is None or held["rests_on"] != rests_on or held["count"] != _issued(batch).count():
        return None
    registers, serials = held["numbers"]
    return HeldRows(
        count=held["count"],
        erased=held["erased"],
        tally={(programme, mode, intake): count for programme, mode, intake, count in held["tally"]},
        names={programme: set(names) for programme, names in held["names"].items()},
        numbers=books.Numbers(books.Borne(*registers), {series: books.Borne(*borne) for series, borne in serials}),
        gapless=held["gapless"],
        rests_on=rests_on,
    )


def remember(batch: Batch, held: HeldRows, *, gapless: bool) -> None:
    """Write down what was found in the rows of a batch, until a row of it changes, comes or goes."""
    if not held.rests_on:
        return
    found = {
        "rests_on": held.rests_on,
        "count": held.count,
        "erased": held.erased,
        "tally": [[*cell, count] for cell, count in sorted(Counter(held.tally).items())],
        "names": {programme: sorted(names) for programme, names in sorted(held.names.items())},
        "numbers": [
            list(held.numbers.registers),
            [[series, list(borne)] for series, borne in held.numbers.serials.items()],
        ],
        "gapless": gapless,
    }
    if batch.held != found:
        batch.held = found
        batch.save(update_fields=["held"])
