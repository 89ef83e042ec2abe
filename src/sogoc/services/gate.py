"""The gate: what a batch must satisfy before a key signs it. Integrity is not enough; a genuine university can award what it may not.

Each refusal names its rule, the facts and the legal basis. The rules are few in this first cut; their data is the authority page.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sogoc.core import record
from sogoc.core import tally as tallies
from sogoc.core.authority import Page
from sogoc.errors import GateRefused
from sogoc.register.models import Batch
from sogoc.register.records import newest_page, record_of, schema_of

POWER_BASIS = "Luật Giáo dục 2019, Điều 12 (authority to award qualifications)"
DECISION_BASIS = "Thông tư 21/2019/TT-BGDĐT, Điều 2; Thông tư 10/2026/TT-BGDĐT (recognition decision)"

MAX_TALLY = 256
"""So many cells fit into one public entry with its signatures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A batch that passed, with its exact tally per programme, mode and intake."""

    page: Page
    tally: dict[tallies.Cell, int]


def check(batch: Batch) -> Passed:
    """Hold a batch against the newest authority page of its institution and against its decision.

    Raises: GateRefused naming the rule, the facts and the legal basis.
    """
    _, page = newest_page(batch.institution)
    if not batch.decision.number.strip():
        raise _refused("decision", "there is no recognition decision", "thiếu quyết định công nhận", DECISION_BASIS)
    if batch.decision.decided_on > batch.awarded_on:
        raise _refused(
            "award-after-decision",
            f"the award date {batch.awarded_on} is before the decision of {batch.decision.decided_on}",
            f"ngày cấp {batch.awarded_on} trước ngày quyết định {batch.decision.decided_on}",
            DECISION_BASIS,
        )
    if batch.provenance == "A" and page.custodian != page.ordinal:
        raise _refused(
            "provenance",
            "somebody else keeps this register: only what was awarded before is still entered, of grade B, C or D",
            "sổ gốc này do cơ sở khác giữ: chỉ nhập văn bằng đã cấp trước đây, mức nguồn gốc B, C hoặc D",
            DECISION_BASIS,
        )
    name = page.named_on(batch.awarded_on)
    whole = _said_once(batch)
    tally: Counter[tallies.Cell] = Counter()
    names: dict[str, set[str]] = {}
    count = 0
    for row in batch.rows.select_related("batch").order_by("position").iterator(chunk_size=2000):
        fields = record_of(row)
        record.check(schema_of(row), fields)
        if name is None or fields["institution_name"] != name.vi:
            raise _refused(
                "institution-name",
                f"row {row.cell}: the institution did not bear this name on {batch.awarded_on}",
                f"dòng {row.cell}: cơ sở không mang tên này vào ngày {batch.awarded_on}",
                POWER_BASIS,
            )
        for field, value in whole.items():
            if fields[field] != value:
                raise _refused(
                    "batch-fields",
                    f"row {row.cell}: {field} is not that of the batch",
                    f"dòng {row.cell}: {field} khác với đợt cấp",
                    DECISION_BASIS,
                )
        count += 1
        tally[fields["programme"], fields["mode"], fields.get("admitted_on", "")[:4]] += 1
        if "programme_name" in fields:
            names.setdefault(fields["programme"], set()).add(fields["programme_name"])
    if count != batch.count:
        raise _refused("count", "rows are missing from the batch", "đợt cấp thiếu dòng", DECISION_BASIS)
    others = _others_under(batch)
    total = count + sum(other.count for other in others)
    decision = batch.decision
    if total > decision.total:
        raise _refused(
            "decision-total",
            f"decision {decision.number} names {decision.total} graduates, this would make {total}",
            f"quyết định {decision.number} công nhận {decision.total} người, đợt này sẽ thành {total}",
            DECISION_BASIS,
        )
    if len(tally) > MAX_TALLY:
        raise _refused(
            "tally",
            f"{len(tally)} programmes and modes in one batch, at most {MAX_TALLY}: split the file",
            f"một đợt có {len(tally)} ngành và hình thức, tối đa {MAX_TALLY}: hãy chia tệp",
            DECISION_BASIS,
        )
    for programme, mode in sorted({cell[:2] for cell in tally}):
        _check_power(page, batch, programme, mode, names.get(programme, set()))
    return Passed(page=page, tally=dict(tally))


def _check_power(page: Page, batch: Batch, programme: str, mode: str, names: set[str]) -> None:
    kind = record.SCHEMAS[batch.schema].kind
    powers = [
        power
        for power in page.powers
        if power.covers(kind=kind, level=batch.level, programme=programme, mode=mode, on=batch.awarded_on)
    ]
    if not powers:
        raise _refused(
            "power",
            f"{page.code} has no power to award {kind}, level {batch.level}, programme {programme}, "
            f"mode {mode}, on {batch.awarded_on}",
            f"{page.code} không có thẩm quyền cấp {kind}, trình độ {batch.level}, ngành {programme}, "
            f"hình thức {mode}, vào ngày {batch.awarded_on}",
            POWER_BASIS,
        )
    titles = {power.name for power in powers if power.name is not None}
    if titles and not names <= titles:
        raise _refused(
            "programme-name",
            f"programme {programme} is named otherwise on the authority page",
            f"tên ngành {programme} không đúng với trang thẩm quyền",
            POWER_BASIS,
        )


def check_powers(batch: Batch, fields: record.Record) -> None:
    """Hold one record of a batch against the newest authority page: what it says of programme and mode, and no more.

    Raises: GateRefused.
    """
    _, page = newest_page(batch.institution)
    names = {fields["programme_name"]} if "programme_name" in fields else set()
    _check_power(page, batch, fields["programme"], fields["mode"], names)


def _said_once(batch: Batch) -> dict[str, str]:
    """Return the fields that the batch says once for all its rows."""
    return {
        "institution": batch.institution.code,
        "level": batch.level,
        "decision_number": batch.decision.number,
        "decided_on": batch.decision.decided_on,
        "awarded_on": batch.awarded_on,
    }


def _others_under(batch: Batch) -> list[Batch]:
    """Return the other batches that rest on the same decision and were approved."""
    others = Batch.objects.filter(
        decision=batch.decision,
        state__in=[Batch.State.APPROVED, Batch.State.SEALED, Batch.State.LOST],
    ).exclude(pk=batch.pk)
    return list(others)


def _refused(rule: str, en: str, vi: str, legal_basis: str) -> GateRefused:
    return GateRefused(
        en,
        vi,
        rule=rule,
        legal_basis=legal_basis,
        mend="Correct the batch, or ask the ministry for the power first.",
        mend_vi="Sửa đợt cấp, hoặc xin Bộ bổ sung thẩm quyền trước.",
    )
