"""What the gate asks of the institution: that it may award this at all, this programme, and so many of the intake."""

from __future__ import annotations

from collections.abc import Mapping

from sogoc.core import law, quota
from sogoc.core import tally as tallies
from sogoc.core.authority import Page, Power
from sogoc.services.gate.findings import Findings


def examine_institution(findings: Findings, page: Page, *, kind: str, level: str) -> None:
    """There is such a qualification on that day, and an institution of this category may award it."""
    on = findings.on
    if law.qualification(kind, level, on) is None:
        findings.refuse(
            "qualification",
            f"nothing of kind {kind} and level {level} is awarded on {on}",
            f"không có văn bằng loại {kind}, trình độ {level} vào ngày {on}",
            kind=kind,
            level=level,
            on=on,
        )
    elif all(issuer.category != page.category for issuer in law.issuers(kind, level, on)):
        findings.refuse(
            "issuer",
            f"an institution of category {page.category} does not award {kind}, level {level}, on {on}",
            f"cơ sở loại {page.category} không cấp {kind}, trình độ {level}, vào ngày {on}",
            category=page.category,
            kind=kind,
            level=level,
            on=on,
        )


def examine_power(
    findings: Findings, page: Page, *, kind: str, level: str, programme: str, mode: str, names: set[str]
) -> tuple[Power, ...]:
    """The powers that cover this programme and mode on that day; refused where there is none, or it bears another name."""
    on = findings.on
    powers = tuple(
        power for power in page.powers if power.covers(kind=kind, level=level, programme=programme, mode=mode, on=on)
    )
    if not powers:
        findings.refuse(
            "power",
            f"{page.code} has no power to award {kind}, level {level}, programme {programme}, mode {mode}, on {on}",
            f"{page.code} không có thẩm quyền cấp {kind}, trình độ {level}, ngành {programme}, hình thức {mode}, "
            f"vào ngày {on}",
            kind=kind,
            level=level,
            programme=programme,
            mode=mode,
            on=on,
        )
    titles = {power.name for power in powers if power.name is not None}
    if titles and not names <= titles:
        findings.refuse(
            "programme-name",
            f"programme {programme} is named otherwise on the authority page",
            f"tên ngành {programme} không đúng với trang thẩm quyền",
            programme=programme,
        )
    return powers


def examine_quota(
    findings: Findings, powers: tuple[Power, ...], cell: tallies.Cell, awarded: Mapping[tallies.Cell, int]
) -> quota.Usage | None:
    """Hold one programme, mode and intake to its quota, `awarded` being all of the institution; return it where it is exceeded."""
    if not powers or not findings.holds("quota") or any(power.quotas is None for power in powers):
        return None
    programme, mode, intake = cell
    if not intake:
        findings.refuse(
            "quota",
            f"programme {programme}, mode {mode} has a quota, and the rows do not say when they were admitted",
            f"ngành {programme}, hình thức {mode} có chỉ tiêu, nhưng các dòng không ghi ngày nhập học",
            programme=programme,
            mode=mode,
        )
        return None
    one = min((quota.usage(power, intake, awarded) for power in powers), key=lambda one: one.awarded - one.quota)
    tolerance = findings.rule("quota").tolerance_percent
    if one.over_by(tolerance):
        findings.refuse(
            "quota",
            f"programme {programme}, mode {mode}, intake {intake}: {one} awarded, more than the quota and {tolerance} %",
            f"ngành {programme}, hình thức {mode}, khóa {intake}: cấp {one}, vượt chỉ tiêu quá {tolerance} %",
            programme=programme,
            mode=mode,
            intake=intake,
            quota=one.quota,
            awarded=one.awarded,
        )
    return one if one.over else None
