"""Remarks: what a reader should know of a diploma beside the verdict, and what changes no verdict.

They tell where a record comes from and when it came, that a decision corrected it, who keeps the register today, and where it does
not agree with what the law is known to say of its kind, its issuer and its signer on the award date. That last is no verdict,
because the page of the ministry decides who may award what.

Spec: docs/spec/outcomes.md ("Notes")
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime

from sogoc.core import entry, law
from sogoc.core.authority import Page
from sogoc.core.clocks import day
from sogoc.core.report import Finding, Verdict

PROVENANCE: Mapping[str, tuple[str, str]] = {
    "A": ("recorded here when it was awarded", "ghi sổ tại đây khi được cấp"),
    "B": (
        "taken over from the paper register, read and typed by two people",
        "chuyển từ sổ gốc giấy, hai người đối chiếu và nhập",
    ),
    "C": ("taken over from an older list only", "chuyển từ danh sách cũ, chưa đối chiếu sổ giấy"),
    "D": ("what the older register says is disputed", "nội dung sổ cũ đang có tranh chấp"),
}
"""What each grade of provenance means, in English and Vietnamese."""


_REASONS: Mapping[str, tuple[str, str]] = {
    "by-decision": ("by decision", "theo quyết định"),
    "by-judgment": ("by judgment of a court", "theo bản án, quyết định của tòa án"),
    "power-withdrawn": ("the power was withdrawn", "thẩm quyền đã bị rút"),
    "under-inquiry": ("until an inquiry ends", "chờ kết quả xác minh"),
    "inquiry-closed": ("the inquiry has ended", "đã kết thúc xác minh"),
    "key-compromised": ("the key was compromised", "khóa bị lộ"),
    "key-retired": ("the key was retired", "khóa ngừng sử dụng"),
}


def reason(wording: str, on: str) -> tuple[str, str]:
    """Return the public wording of an act of that day in English and Vietnamese: that of the ground in law, or of the act itself."""
    if wording in _REASONS:
        return _REASONS[wording]
    ground = next((one for one in law.grounds("revoke", on) if one.name == wording), None)
    return (ground.en, ground.vi) if ground is not None else (wording, wording)


def _note(code: str, en: str, vi: str) -> Finding:
    return Finding(Verdict.VALID, code, en, vi)


def provenance(grade: str) -> Finding:
    """Say where a record comes from that was not recorded here when it was awarded."""
    return _note("provenance", *PROVENANCE[grade])


def later_version(leaf: entry.Successor) -> Finding:
    """Say that a decision stands behind this version: never what it changed, and no former value."""
    if leaf.act == "reissue":
        return _note(
            "reissued",
            f"issued again for the issuer's own error, by a decision of {leaf.on}",
            f"cấp lại do lỗi của cơ quan cấp, theo quyết định ngày {leaf.on}",
        )
    return _note("amended", f"there is a correction decision of {leaf.on}", f"có quyết định chỉnh sửa ngày {leaf.on}")


def kept_by(en: str, vi: str) -> Finding:
    """Say which other institution keeps the register today."""
    return _note("keeper", f"its register is kept today by {en}", f"sổ gốc hiện do {vi} quản lý")


def key_ended(until: int) -> Finding:
    """Say that the signing key counts no more, from a log index on that is after this entry."""
    return _note(
        "key-ended",
        f"the signing key counts no more from log index {until} on; this was logged before",
        f"khóa ký hết hiệu lực từ vị trí {until} của nhật ký; văn bằng này vào nhật ký trước đó",
    )


def late(awarded_on: str, logged_before: datetime | None) -> Iterator[Finding]:
    """Say that a record came to the log long after its award, with both days, or that nothing shows when it came.

    `logged_before` is the time of a state after its entry, the earliest that is shown.
    """
    if logged_before is None:
        yield _note(
            "log-time",
            "the evidence does not show when it was logged: ask for evidence that does",
            "hồ sơ không cho biết văn bằng vào nhật ký khi nào: hãy yêu cầu hồ sơ đầy đủ",
        )
        return
    logged_on = day(logged_before)
    days = (logged_on - date.fromisoformat(awarded_on)).days
    if days > law.clock("late-recording", logged_on.isoformat()).days:
        yield _note(
            "late",
            f"recorded late: awarded on {awarded_on}, logged by {logged_on}, {days} days later",
            f"ghi sổ muộn: cấp ngày {awarded_on}, có trong nhật ký đến ngày {logged_on}, cách {days} ngày",
        )


ASKED_BY_LAW = ("kind", "level", "awarded_on", "signer_title")
"""The fields of a record that `against_law` looks at."""


def against_law(shown: Mapping[str, str], page: Page) -> Iterator[Finding]:
    """Say where kind, issuer or signer are not what the law is known to say of the award date, each with its legal basis.

    `shown` are disclosed fields, of which those in `ASKED_BY_LAW` count, `page` the issuer's authority page.
    """
    kind, level, on = shown["kind"], shown["level"], shown["awarded_on"]
    qualification = law.qualification(kind, level, on)
    if qualification is None:
        basis = _last_basis(kind, level, on)
        yield _note(
            "law-kind",
            f"as far as the law is known here, no {kind} of level {level} was awarded on {on} ({basis})",
            f"theo dữ liệu pháp luật, ngày {on} không còn hoặc chưa có loại {kind}, trình độ {level} ({basis})",
        )
        return
    issuer = next((one for one in law.issuers(kind, level, on) if one.category == page.category), None)
    if issuer is None:
        yield _note(
            "law-issuer",
            f"as far as the law is known here, an institution of this sort did not award it on {on} "
            f"({qualification.legal_basis})",
            f"theo dữ liệu pháp luật, loại cơ sở này không cấp văn bằng này vào ngày {on} ({qualification.legal_basis})",
        )
    elif "signer_title" in shown and not _may_sign(shown, page):
        yield _note(
            "law-signer",
            f"as far as the law is known here, {shown['signer_title']} was not the office to sign it on {on}, "
            f"or had no written assignment ({issuer.legal_basis})",
            f"theo dữ liệu pháp luật, {shown['signer_title']} không phải chức danh ký văn bằng này vào ngày {on}, "
            f"hoặc chưa có văn bản giao ký ({issuer.legal_basis})",
        )


def _may_sign(shown: Mapping[str, str], page: Page) -> bool:
    title, on = shown["signer_title"], shown["awarded_on"]
    may = law.may_sign(shown["kind"], shown["level"], page.category, title, on)
    if may is not None:
        return may
    return any(one.covers(on) and one.title == title and one.assignment is not None for one in page.signers)


def _last_basis(kind: str, level: str, on: str) -> str:
    """Return what the law said of this kind before that day, or else after it."""
    rows = [
        row
        for row in law.ROWS["qualification"]
        if isinstance(row, law.Qualification) and (row.kind, row.level) == (kind, level)
    ]
    before = [row for row in rows if row.valid_from <= on]
    chosen = (before or rows)[-1:]
    return chosen[0].legal_basis if chosen else "–"
