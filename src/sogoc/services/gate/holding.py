"""Hold the rows of a batch to the rules once, and remember that none broke one while nothing changes that this rests on.

A batch passes the gate at its submission, its approval and twice at its sealing, and most of what is asked there is asked of rows that
nobody may change any more. What counts beside the rows, books, quotas, totals and powers, is asked each time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sogoc import __version__
from sogoc.core import law
from sogoc.core import tally as tallies
from sogoc.core.authority import Page
from sogoc.core.blanks import Runs
from sogoc.register.models import Batch, Row
from sogoc.services.gate import books
from sogoc.services.gate.findings import Findings
from sogoc.services.gate.rows import Line, Listed, RowRules


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRows:
    """What was counted while the rows of a batch passed by: rows, erased ones, cells of the tally, the names of each programme."""

    count: int
    erased: int
    tally: Mapping[tallies.Cell, int]
    names: Mapping[str, set[str]]


def hold(batch: Batch, page: Page, findings: Findings, *, remembering: bool) -> HeldRows:
    """Hold every row of a batch to `page`, and tell `findings` what is wrong.

    When `remembering`, rows in which nothing was wrong are not held again until a row, the page, the law, the blanks, the decision
    or the program changes; a database trigger forgets what it knew of a batch when a row of it is changed.
    """
    blanks = books.good_blanks(batch) if findings.holds("blank") else {}
    listed = books.listed(batch) if findings.holds("decision-list") else None
    rests_on = _rests_on(batch, page, findings, blanks, listed) if remembering else ""
    if remembering and (known := _known(batch, rests_on)) is not None:
        return known
    rules = RowRules(batch=batch, page=page, findings=findings, blanks=blanks, listed=listed)
    before = len(findings)
    lines = _issued(batch).order_by("position").values_list(*Line._fields)
    for line in lines.iterator(chunk_size=2000):
        rules.hold(Line(*line))
    held = HeldRows(count=rules.count, erased=rules.erased, tally=rules.tally, names=rules.names)
    if remembering and len(findings) == before:
        _remember(batch, rests_on, held)
    return held


def _issued(batch: Batch) -> Any:
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
    return HeldRows(
        count=held["count"],
        erased=held["erased"],
        tally={(programme, mode, intake): count for programme, mode, intake, count in held["tally"]},
        names={programme: set(names) for programme, names in held["names"].items()},
    )


def _remember(batch: Batch, rests_on: str, held: HeldRows) -> None:
    batch.held = {
        "rests_on": rests_on,
        "count": held.count,
        "erased": held.erased,
        "tally": [[*cell, count] for cell, count in sorted(Counter(held.tally).items())],
        "names": {programme: sorted(names) for programme, names in sorted(held.names.items())},
    }
    batch.save(update_fields=["held"])
