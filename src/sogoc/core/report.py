"""The report: which steps ran, what each found and where its facts came from, and the one verdict they add up to.

Spec: docs/spec/outcomes.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple


class Verdict(StrEnum):
    """What a person is told. `SEVERITY` orders them, `EXIT_CODES` gives the exit code of each."""

    VALID = "valid"
    PENDING = "valid_pending_anchor"
    SUPERSEDED = "superseded"
    INCONCLUSIVE = "inconclusive"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    UNKNOWN_ISSUER = "unknown_issuer"
    TAMPERED = "tampered"
    UNREADABLE = "unreadable"
    NOT_FOUND = "not_found"


SEVERITY = (
    Verdict.VALID,
    Verdict.PENDING,
    Verdict.SUPERSEDED,
    Verdict.INCONCLUSIVE,
    Verdict.SUSPENDED,
    Verdict.REVOKED,
    Verdict.UNKNOWN_ISSUER,
    Verdict.TAMPERED,
    Verdict.UNREADABLE,
)
"""From the mildest to the worst; the worst of all findings is the verdict."""

EXIT_CODES: Mapping[Verdict, int] = {
    Verdict.VALID: 0,
    Verdict.PENDING: 0,
    Verdict.UNREADABLE: 2,
    Verdict.SUPERSEDED: 3,
    Verdict.SUSPENDED: 3,
    Verdict.REVOKED: 3,
    Verdict.TAMPERED: 4,
    Verdict.UNKNOWN_ISSUER: 4,
    Verdict.NOT_FOUND: 5,
    Verdict.INCONCLUSIVE: 6,
}

LABELS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.VALID: ("Valid", "Hợp lệ"),
    Verdict.PENDING: ("Valid, waiting for its anchor", "Hợp lệ, đang chờ ghi mốc lên chuỗi khối"),
    Verdict.SUPERSEDED: ("Amended: a newer version exists", "Đã chỉnh sửa: có bản mới hơn"),
    Verdict.INCONCLUSIVE: ("Could not be checked now", "Chưa thể xác nhận"),
    Verdict.SUSPENDED: ("Suspended until a decision", "Tạm dừng hiệu lực, chờ quyết định"),
    Verdict.REVOKED: ("Revoked", "Đã thu hồi"),
    Verdict.UNKNOWN_ISSUER: (
        "Issuer unknown or without this power",
        "Không có cơ sở nào có thẩm quyền cấp văn bằng này",
    ),
    Verdict.TAMPERED: ("Changed or forged", "Đã bị thay đổi hoặc giả mạo"),
    Verdict.UNREADABLE: ("Not a digital diploma", "Không phải văn bằng số"),
    Verdict.NOT_FOUND: ("Not in the register", "Không tồn tại trong sổ gốc"),
}

STEPS: tuple[tuple[str, str], ...] = (
    ("It parses and names one issuer", "Đọc được và nêu đúng một nơi cấp"),
    ("The issuer's key signed it", "Khóa của nơi cấp đã ký"),
    ("The issuer had this power, and its key was in force", "Nơi cấp có thẩm quyền, khóa còn hiệu lực"),
    ("The shown fields are the signed ones", "Nội dung hiển thị đúng với nội dung đã ký"),
    ("The checkpoints are signed and consistent", "Các điểm chốt được ký và nhất quán"),
    ("It stands in the public log", "Có trong nhật ký công khai"),
    ("The log agrees with the chain", "Nhật ký khớp với mốc trên chuỗi khối"),
    ("Its status now", "Tình trạng hiện tại"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a step found. `code` is stable; the texts are for people and hold no personal data."""

    verdict: Verdict
    code: str
    en: str
    vi: str


class Fact(NamedTuple):
    """Something a step relied on, and where it came from: `presented`, `fresh file`, `policy`, or `archive` (added by who examined)."""

    name: str
    value: str
    source: str


@dataclass(slots=True, kw_only=True)
class Check:
    """One of the eight steps. It passed only if it ran and found nothing."""

    step: int
    ran: bool = False
    findings: list[Finding] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        if self.passed:
            return Verdict.VALID
        if not self.ran:
            return worst([Verdict.INCONCLUSIVE, *(finding.verdict for finding in self.findings)])
        return worst([finding.verdict for finding in self.findings])

    @property
    def passed(self) -> bool:
        return self.ran and not self.findings

    @property
    def outcome(self) -> str:
        """`passed`, `not_run`, or the verdict of what it found: also a step that was cut short may have found a forgery."""
        if self.passed:
            return "passed"
        return "not_run" if not self.ran and self.verdict is Verdict.INCONCLUSIVE else str(self.verdict)

    def to_json(self) -> dict[str, Any]:
        en, vi = STEPS[self.step - 1]
        return {
            "step": self.step,
            "name": {"en": en, "vi": vi},
            "outcome": self.outcome,
            "findings": [{"code": f.code, "verdict": str(f.verdict), "en": f.en, "vi": f.vi} for f in self.findings],
            "facts": [{"name": f.name, "value": f.value, "source": f.source} for f in self.facts],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The answer to "is this diploma real?". `claims` is empty unless steps 1 to 4 passed."""

    verdict: Verdict
    checks: tuple[Check, ...]
    claims: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Finding, ...] = ()
    trial: bool = False
    issuer: Mapping[str, str] = field(default_factory=dict)
    times: Mapping[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.verdict]

    def to_json(self) -> dict[str, Any]:
        en, vi = LABELS[self.verdict]
        return {
            "verdict": str(self.verdict),
            "label": {"en": en, "vi": vi},
            "exit_code": self.exit_code,
            "trial": self.trial,
            "issuer": dict(self.issuer),
            "claims": dict(self.claims),
            "times": dict(self.times),
            "notes": [{"code": f.code, "en": f.en, "vi": f.vi} for f in self.notes],
            "checks": [check.to_json() for check in self.checks],
        }


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the worst of `verdicts`, and `valid` if there are none. Spec: docs/spec/outcomes.md."""
    return max(verdicts, key=SEVERITY.index, default=Verdict.VALID)


def unreadable(en: str, vi: str) -> Report:
    """Return the report on something that is no digital diploma."""
    return _only(Finding(Verdict.UNREADABLE, "unreadable", en, vi), ran=True)


def unchecked(en: str, vi: str) -> Report:
    """Return the report on something that could not even be opened now."""
    return _only(Finding(Verdict.INCONCLUSIVE, "not-opened", en, vi), ran=False)


def _only(finding: Finding, *, ran: bool) -> Report:
    first = Check(step=1, ran=ran, findings=[finding])
    return Report(verdict=finding.verdict, checks=(first, *(Check(step=number) for number in range(2, len(STEPS) + 1))))
