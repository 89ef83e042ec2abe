"""What a line of a book says, column by column, and what its note says of everything decided since."""

from __future__ import annotations

from dataclasses import dataclass

from sogoc.core.record import Record
from sogoc.core.vocabulary import FIELDS, display

MISSING = "—"
"""What stands in a column of which the register knows nothing, so that nothing can be written there later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """An act on a qualification, as a note refers to it. `decision_number` is None where a restore lost it."""

    what: str
    on: str
    decision_number: str | None

    @property
    def decision(self) -> str:
        """The decision in the words of a note."""
        return f"QĐ số {self.decision_number or '(không còn lưu)'} ngày {day(self.on)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A qualification in the register, as it was first recorded.

    `late_on` is the day of recording where it came late, `acts` everything decided since, `provenance` a grade below A,
    `replaces` the serial number of the diploma that it was reissued for.
    """

    record: Record
    late_on: str | None = None
    acts: tuple[Act, ...] = ()
    provenance: str | None = None
    replaces: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Void:
    """A register number that no qualification bears, and why."""

    register_number: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One line of the appendix: an amendment or a reissue. `before` and `after` are the two versions."""

    before: Record
    after: Record
    act: Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """One line of the copy book: `number` runs by calendar year, `recipient` and `relation` say who received the copies."""

    record: Record
    number: int
    issued_on: str
    copies: int
    recipient: str
    relation: str


Line = Entered | Void | Changed | Copied
Cells = dict[str, str]

_IN_APPENDIX = ("amend", "reissue")
_ACTS = {
    "amend": "Có {}",
    "reissue": "Đã cấp lại, {}",
    "revoke": "Thu hồi, {}",
    "cancel": "Hủy bỏ, {}",
    "suspend": "Tạm dừng hiệu lực, {}",
    "reinstate": "Khôi phục hiệu lực, {}",
}


def day(iso: str) -> str:
    """A date as a register writes it: 05/02/2003, 02/2003 or 2003."""
    return "/".join(reversed(iso.split("-")))


def acts_said(act: Act) -> str:
    """What a note says of an act: what was decided, by which decision, and never what it changed."""
    decision = act.decision.replace("QĐ", "QĐ chỉnh sửa", 1) if act.what == "amend" else act.decision
    return _ACTS[act.what].format(decision)


def note_of(line: Entered) -> str:
    """What the note column says of a line: where it comes from, that it came late, what was decided since."""
    notes = [f"Nguồn hạng {line.provenance}"] if line.provenance is not None else []
    notes += [f"Cấp lại, thay số hiệu {line.replaces}, xem phụ lục"] if line.replaces is not None else []
    notes += [f"Ghi muộn ngày {day(line.late_on)}"] if line.late_on is not None else []
    notes += [f"{acts_said(act)}{', xem phụ lục' if act.what in _IN_APPENDIX else ''}" for act in line.acts]
    return "; ".join(notes)


def cells(line: Line, *, show_changes: bool = False) -> Cells:
    """The columns of one line. What the register does not know is a dash; `show_changes` lets the appendix say what changed."""
    match line:
        case Void():
            return {"register_number": line.register_number, "note": f"Bỏ số: {line.reason}"}
        case Entered():
            return _person(line.record) | {"note": note_of(line)}
        case Changed():
            reissued = line.act.what == "reissue"
            return _person(line.after) | {
                "serial_number": line.before["serial_number"],
                "new_serial_number": line.after["serial_number"] if reissued else MISSING,
                "new_register_number": line.after["register_number"] if reissued else MISSING,
                "content": _content(line, show_changes=show_changes),
                "note": f"Số vào sổ gốc {line.before['register_number']}",
            }
        case Copied():
            return _person(line.record) | {
                "copy_number": f"{line.number:02}/{line.issued_on[:4]}",
                "issued_on": day(line.issued_on),
                "copies": str(line.copies),
                "recipient": f"{line.recipient} ({line.relation})",
                "note": "",
            }


def _person(record: Record) -> dict[str, str]:
    said = {name: display(name, record[name]) for name in FIELDS if name in record}
    dates = {name: day(record[name]) for name in ("born_on", "awarded_on", "decided_on") if name in record}
    return said | dates


def _content(line: Changed, *, show_changes: bool) -> str:
    said = f"{'Cấp lại' if line.act.what == 'reissue' else 'Chỉnh sửa'} theo {line.act.decision}"
    if not show_changes:
        return said
    before, after = _person(line.before), _person(line.after)
    changes = [
        f"{FIELDS[name].vi}: từ “{before.get(name, MISSING)}” thành “{after.get(name, MISSING)}”"
        for name in FIELDS
        if before.get(name) != after.get(name) and name not in {"serial_number", "register_number", "identifier"}
    ]
    return "; ".join([said, *changes])
