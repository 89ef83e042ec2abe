"""What the gate found wrong with one batch: every rule it breaks, each said once with the first few rows that break it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sogoc.core import law
from sogoc.core.law import GateRule
from sogoc.errors import Refusal

SHOWN_CELLS = 5

_MENDS = {
    "power": (
        "Correct the programme or mode, or ask the ministry for the power first.",
        "Sửa ngành hoặc hình thức, hoặc xin Bộ bổ sung thẩm quyền trước.",
    ),
    "quota": (
        "Compare the list with the admissions of that year; the ministry may change a quota, or let it pass in public.",
        "Đối chiếu danh sách với số trúng tuyển của khóa; Bộ có thể điều chỉnh chỉ tiêu hoặc cho qua công khai.",
    ),
    "number-gap": (
        "Approve the earlier batch first, or void the numbers that were left out, with the reason: `sogoc number void`.",
        "Duyệt đợt cấp trước đó, hoặc hủy các số bị bỏ trống kèm lý do: `sogoc number void`.",
    ),
    "blank": (
        "Enter the blanks that were received (`sogoc blank receive`), or exchange the serial (`sogoc blank exchange`).",
        "Nhập phôi đã nhận (`sogoc blank receive`), hoặc đổi số hiệu (`sogoc blank exchange`).",
    ),
    "signer": (
        "Ask the ministry to enter the signer's term, with the number of the assignment for a deputy.",
        "Đề nghị Bộ ghi nhiệm kỳ người ký; cấp phó cần số quyết định giao ký.",
    ),
    "provenance": (
        "Say where an older register comes from: `--provenance B`, `C` or `D`.",
        "Ghi mức nguồn gốc của sổ cũ: `--provenance B`, `C` hoặc `D`.",
    ),
    "decision-list": (
        "Compare with the list attached to the decision; who is not on it needs a decision of their own.",
        "Đối chiếu với danh sách kèm quyết định; người không có tên cần quyết định riêng.",
    ),
    "tally": ("Split the file.", "Hãy chia tệp."),
}
_MEND = ("Correct the batch: discard it, mend its file, import it again.", "Sửa đợt cấp: bỏ, sửa tệp rồi nhập lại.")


@dataclass(slots=True)
class Findings:
    """Refusals of a batch of one provenance that is awarded `on` that day, in the order in which they were found."""

    on: str
    provenance: str
    _found: dict[tuple[str, str], Refusal] = field(default_factory=dict)
    _cells: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _held: dict[str, bool] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._found)

    def rule(self, name: str) -> GateRule:
        return law.gate(name, self.on)

    def holds(self, name: str) -> bool:
        """Whether this rule holds for such a batch."""
        held = self._held.get(name)
        if held is None:
            held = self._held[name] = self.provenance in self.rule(name).provenances
        return held

    def refuse(self, rule: str, en: str, vi: str, *, cell: str | None = None, **facts: str | int) -> None:
        """Note that the batch breaks a rule, in one row if `cell` is given; the same said of many rows is one refusal."""
        if not self.holds(rule):
            return
        key = rule, en
        if key not in self._found:
            self._found[key] = self._refusal(rule, en, vi, facts)
            self._cells[key] = []
        if cell is not None:
            found = self._found[key]
            self._found[key] = replace(found, count=found.count + 1)
            if len(self._cells[key]) < SHOWN_CELLS:
                self._cells[key].append(cell)

    def _refusal(self, rule: str, en: str, vi: str, facts: dict[str, str | int]) -> Refusal:
        of_law = self.rule(rule)
        mend, mend_vi = _MENDS.get(rule, _MEND)
        return Refusal(
            rule=rule,
            en=en,
            vi=vi,
            facts=facts,
            legal_basis=of_law.legal_basis,
            overridable=of_law.overridable,
            mend=mend,
            mend_vi=mend_vi,
        )

    @property
    def rules(self) -> set[str]:
        return {rule for rule, _ in self._found}

    def refusals(self) -> tuple[Refusal, ...]:
        """Every refusal with its rows, in the order of the rules in the law."""
        order = {row.rule: place for place, row in enumerate(law.ROWS["gate"]) if isinstance(row, GateRule)}
        whole = [_with_cells(one, self._cells[key]) for key, one in self._found.items()]
        return tuple(sorted(whole, key=lambda one: order[one.rule]))


def _with_cells(one: Refusal, cells: list[str]) -> Refusal:
    if not cells:
        return one
    named, more = ", ".join(cells), one.count - len(cells)
    en = f"{one.en}: row {named}" if one.count == 1 else f"{one.en}: rows {named}"
    vi = f"{one.vi}: dòng {named}"
    if more:
        en, vi = f"{en} and {more} more", f"{vi} và {more} dòng nữa"
    return replace(one, en=en, vi=vi, cells=tuple(cells))
