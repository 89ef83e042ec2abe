"""Examine one batch by every rule of the gate, and let it pass or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sogoc.core import clocks, entry, quota, record
from sogoc.core import decision as numbers
from sogoc.core import override as overrides
from sogoc.core import tally as tallies
from sogoc.core.authority import Page
from sogoc.errors import GateRefused, Refusal
from sogoc.register.models import Batch, Institution, LoggedState, Override
from sogoc.register.records import newest_page, record_of
from sogoc.services import decisions
from sogoc.services.gate import books, holding, powers
from sogoc.services.gate.findings import Findings
from sogoc.services.gate.rows import RowRules

MAX_TALLY = 256
"""So many cells fit into one public entry with its signatures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What the gate found: all refusals, and as remarks the intakes above their quota and within the tolerance."""

    page: Page
    tally: Mapping[tallies.Cell, int]
    refusals: tuple[Refusal, ...]
    remarks: tuple[quota.Usage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A batch that passed, with its exact tally per programme, mode and intake, and the rules that two officers set aside."""

    page: Page
    tally: dict[tallies.Cell, int]
    override: tuple[str, ...]
    remarks: tuple[quota.Usage, ...]


def check(batch: Batch, *, now: datetime) -> Passed:
    """Hold a batch to every rule, on the newest authority page of its institution.

    What was found in its rows is remembered while nothing changes that it rests on. Inside a transaction that holds the batch.

    Raises: GateRefused with every refusal that no granted override covers.
    """
    examination = _examined(batch, newest_page(batch.institution)[1], now, remembering=True)
    override = overridden(batch)
    left = [one for one in examination.refusals if not lets_pass(override, one)]
    if left:
        raise GateRefused(left)
    return Passed(page=examination.page, tally=dict(examination.tally), override=override, remarks=examination.remarks)


def overridden(batch: Batch) -> tuple[str, ...]:
    """What two officers of the ministry set aside for this batch, sorted; nothing while only one asked."""
    granted = Override.objects.filter(batch=batch, granted_by__isnull=False).first()
    return tuple(sorted(granted.rules)) if granted else ()


def set_aside(refusal: Refusal) -> str:
    """How an override names what is refused."""
    return overrides.set_aside(refusal.rule, str(refusal.facts.get("programme", "")))


def lets_pass(override: Collection[str], refusal: Refusal) -> bool:
    return refusal.overridable and set_aside(refusal) in override


def examine(batch: Batch, *, page: Page | None = None, now: datetime | None = None) -> Examination:
    """Find every rule that a batch in any state breaks: on `page`, the newest of its institution when None.

    Of an approved batch the day of its approval counts, and beside it only what was approved before; so a sealed batch is
    found as it was found then, but for blanks and voids that were entered since. `now` is needed while it is not approved.

    Raises: RecordError when the award date is no date; WrongState when the institution was never accredited.
    """
    return _examined(batch, page or newest_page(batch.institution)[1], now, remembering=False)


def _examined(batch: Batch, page: Page, now: datetime | None, *, remembering: bool) -> Examination:
    kind = record.SCHEMAS[batch.schema].kind
    findings = Findings(batch.awarded_on, batch.provenance)
    _examine_dates(findings, batch, batch.approved_at or now)
    if batch.provenance == "A" and page.custodian != page.ordinal:
        findings.refuse(
            "provenance",
            "somebody else keeps this register: only what was awarded before is still entered, of grade B, C or D",
            "sổ gốc này do cơ sở khác giữ: chỉ nhập văn bằng đã cấp trước đây, mức nguồn gốc B, C hoặc D",
            custodian=page.custodian,
        )
    powers.examine_institution(findings, page, kind=kind, level=batch.level)
    rows = holding.hold(batch, page, findings, remembering=remembering)
    tally = rows.tally if not rows.erased else tally_of(batch)
    _examine_sums(findings, batch, count=rows.count, cells=len(tally))
    gapless = books.examine_numbers(batch, findings, rows.numbers, gapless=rows.gapless)
    if remembering:
        holding.remember(batch, rows, gapless=gapless)
    remarks = _examine_powers(findings, page, batch, kind, tally, rows.names)
    return Examination(page=page, tally=tally, refusals=findings.refusals(), remarks=remarks)


def check_record(batch: Batch, fields: record.Record, *, before: record.Record) -> None:
    """Hold a later version of a record to the powers of the newest page, and what it changes to the law on fields, grades and
    signers: what the version `before` broke already, an old register's for example, is no fault of the change.

    Raises: GateRefused.
    """
    _, page = newest_page(batch.institution)
    findings = Findings(batch.awarded_on, batch.provenance)
    powers.examine_power(
        findings,
        page,
        kind=record.SCHEMAS[batch.schema].kind,
        level=batch.level,
        programme=fields["programme"],
        mode=fields["mode"],
        names={fields["programme_name"]} if "programme_name" in fields else set(),
    )
    old = _by_law(batch, page, before)
    broken = [*findings.refusals(), *(one for key, one in _by_law(batch, page, fields).items() if key not in old)]
    override = overridden(batch)
    left = [one for one in broken if not lets_pass(override, one)]
    if left:
        raise GateRefused(left)


def _by_law(batch: Batch, page: Page, fields: record.Record) -> dict[tuple[str, str], Refusal]:
    findings = Findings(batch.awarded_on, batch.provenance)
    RowRules(batch=batch, page=page, findings=findings, blanks={}, listed=None).hold_to_law(fields)
    return {(one.rule, one.en): one for one in findings.refusals()}


def tally_of(batch: Batch) -> dict[tallies.Cell, int]:
    """The exact tally of a batch: as it was approved, else from its rows; of a batch whose rows were lost, the public one."""
    if batch.tally:
        return {(programme, mode, intake): count for programme, mode, intake, count in batch.tally}
    if batch.state == Batch.State.LOST and batch.entry is not None:
        logged = entry.parse(bytes(batch.entry.content))
        if isinstance(logged, entry.Batch):
            return {cell[:3]: cell[3] for cell in logged.tally}
    counted: Counter[tallies.Cell] = Counter()
    for row in batch.rows.filter(follows__isnull=True, erased_at__isnull=True).iterator(chunk_size=2000):
        fields = record_of(row)
        counted[fields["programme"], fields["mode"], fields.get("admitted_on", "")[:4]] += 1
    return dict(counted)


def _examine_dates(findings: Findings, batch: Batch, held_at: datetime | None) -> None:
    decision = batch.decision
    if not decision.number.strip():
        findings.refuse("decision", "there is no recognition decision", "thiếu quyết định công nhận")
    elif numbers.is_number(decision.number) is not None:
        findings.refuse(
            "decision",
            f"{decision.number} is no number of a decision such as 1256/QĐ-ĐHCN, or has a space too many",
            f"{decision.number} không phải số quyết định như 1256/QĐ-ĐHCN, hoặc thừa dấu cách",
        )
    for other in decisions.spelt_otherwise(batch.institution, decision.number, decision.decided_on):
        findings.refuse(
            "decision",
            f"decision {decision.number} is recorded as {other.number} too",
            f"quyết định {decision.number} còn được ghi là {other.number}",
        )
    if decision.decided_on > batch.awarded_on:
        findings.refuse(
            "award-after-decision",
            f"the award date {batch.awarded_on} is before the decision of {decision.decided_on}",
            f"ngày cấp {batch.awarded_on} trước ngày quyết định {decision.decided_on}",
            awarded_on=batch.awarded_on,
            decided_on=decision.decided_on,
        )
    if held_at is None:
        raise ValueError("a batch that is not approved is examined at a time")
    age = clocks.day(held_at) - date.fromisoformat(batch.awarded_on)
    if batch.provenance == "A" and age.days > findings.rule("provenance").days:
        findings.refuse(
            "provenance",
            f"the award date is {age.days} days past, and the batch says that it was born here (A)",
            f"ngày cấp đã qua {age.days} ngày mà đợt cấp ghi nguồn gốc A",
            days=age.days,
        )
    joined = _joined_on(batch.institution)
    if (
        batch.provenance != "A"
        and joined is not None
        and batch.awarded_on > joined
        and age.days <= findings.rule("provenance").days
    ):
        findings.refuse(
            "provenance",
            f"what was awarded since the institution joined on {joined} is of grade A, under every rule",
            f"văn bằng cấp sau ngày cơ sở tham gia ({joined}) phải ghi mức A, theo mọi quy tắc",
            joined=joined,
        )


def _joined_on(institution: Institution) -> str | None:
    """The day of the first state that showed the institution's page; None while there is none."""
    first = institution.pages.order_by("version").values_list("entry__index", flat=True).first()
    if first is None:
        return None
    state = LoggedState.objects.filter(entry__index__gt=first).order_by("entry__index").first()
    return clocks.day(state.at).isoformat() if state is not None else None


def _examine_sums(findings: Findings, batch: Batch, *, count: int, cells: int) -> None:
    if count != batch.count:
        findings.refuse(
            "count",
            f"the batch has {count} rows of {batch.count}",
            f"đợt cấp có {count} trên {batch.count} dòng",
            rows=count,
            count=batch.count,
        )
    decision = batch.decision
    others = books.others(batch).filter(decision=decision)
    total = count + sum(others.values_list("count", flat=True))
    if total > decision.total:
        findings.refuse(
            "decision-total",
            f"decision {decision.number} names {decision.total} graduates, this would make {total}",
            f"quyết định {decision.number} công nhận {decision.total} người, đợt này sẽ thành {total}",
            decision=decision.number,
            named=decision.total,
            awarded=total,
        )
    if cells > MAX_TALLY:
        findings.refuse(
            "tally",
            f"{cells} programmes, modes and intakes in one batch, at most {MAX_TALLY}",
            f"một đợt có {cells} ngành, hình thức và khóa, tối đa {MAX_TALLY}",
            cells=cells,
        )


def _examine_powers(
    findings: Findings,
    page: Page,
    batch: Batch,
    kind: str,
    tally: Mapping[tallies.Cell, int],
    names: Mapping[str, set[str]],
) -> tuple[quota.Usage, ...]:
    covering = {
        (programme, mode): powers.examine_power(
            findings,
            page,
            kind=kind,
            level=batch.level,
            programme=programme,
            mode=mode,
            names=names.get(programme, set()),
        )
        for programme, mode in sorted({cell[:2] for cell in tally})
    }
    awarded: Counter[tallies.Cell] = Counter(tally)
    if any(power.quotas for some in covering.values() for power in some):
        of_kind = books.others(batch).filter(schema=batch.schema, level=batch.level).select_related("entry")
        for other in of_kind:
            awarded.update(tally_of(other))
    remarks = [powers.examine_quota(findings, covering[cell[:2]], cell, awarded) for cell in sorted(tally)]
    return tuple(one for one in remarks if one is not None)
