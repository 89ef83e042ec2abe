"""How what was read of a file is shown: proposals side by side with what stands there, problems by their cells, JSON of all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from sogoc.cli import output
from sogoc.cli.opening import SHOWN_PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sogoc.core.intake import Intake, Problem
    from sogoc.register.models import Batch, HeaderMeaning, Institution, Upload


def outcome(read: Intake, upload: Upload | None, batch: Batch | None, *, as_json: bool, kept: bool = True) -> int:
    is_ready = read.clean and not read.warnings and read.read > 0
    if as_json:
        known = {"upload": upload.public_id} if upload is not None else {}
        output.document(known | intake_json(read) | {"batch": batch.public_id if batch else None})
    else:
        show_intake(read, kept=kept)
        if batch is not None:
            output.console.print(Text(f"✓ Đợt cấp {batch.public_id}: {batch.count} dòng", style="green"))
            output.console.print(Text(f"  sogoc submit {batch.public_id} --by …", style="dim"))
        elif upload is not None:
            then = "batch" if is_ready else "accept"
            output.console.print(
                Text(f"Tệp · Upload {upload.public_id} → sogoc upload {then} {upload.public_id} --by …")
            )
    return 0 if batch is not None or (upload is not None and is_ready) else output.FAILED


def upload_json(one: Upload) -> dict[str, Any]:
    return {
        "upload": one.public_id, "file": one.source.name, "said": one.said, "choices": one.choices,
        "supersedes": one.supersedes.public_id if one.supersedes else None, "opened_by": one.opened_by.get_username(),
        "opened_at": f"{one.opened_at:%Y-%m-%dT%H:%M:%SZ}", "batch": one.batch.public_id if one.batch else None,
    }  # fmt: skip


def intake_json(read: Intake) -> dict[str, Any]:
    """What was read, as one JSON document: problems with keys, changes with keys, how the columns were understood."""

    def problem(one: Problem) -> dict[str, Any]:
        return {
            "key": one.key, "file": one.file, "sheet": one.sheet, "cell": one.cell, "column": one.column, "rule": one.rule,
            "severity": one.severity, "before": one.before, "after": one.after, "confidence": one.confidence,
            "readings": dict(one.readings), "en": one.en, "vi": one.vi, "mend": {"en": one.mend, "vi": one.mend_vi},
        }  # fmt: skip

    return {
        "file": read.file,
        "rows": len(read.rows),
        "read": read.read,
        "faulty": read.faulty,
        "counts": dict(read.counts),
        "problems": [problem(one) for one in read.problems],
        "acknowledged": [problem(one) for one in read.acknowledged],
        "changes": [
            {"key": c.key, "sheet": c.sheet, "cell": c.cell, "column": c.column, "before": c.before, "after": c.after, "rule": c.rule}
            for c in read.changes
        ],
        "columns": [{"sheet": c.sheet, "cell": c.cell, "header": c.label, "meaning": c.meaning} for c in read.columns],
        "ignored": list(read.ignored),
    }  # fmt: skip


def show_intake(read: Intake, *, kept: bool = True) -> None:
    """Print what was read: proposals side by side with what stands there, every other problem by its cell."""
    console = output.console
    proposed = [one for one in read.problems if one.after is not None]
    others = [one for one in read.problems if one.after is None]
    _show_proposals(read, proposed)
    _show_others(read, others)
    missing = sum(read.counts.values()) - min(len(proposed), SHOWN_PROBLEMS) - min(len(others), SHOWN_PROBLEMS)
    if missing > 0:
        console.print(Text(f"… {missing} lỗi nữa · more (--json)", style="dim"))
    if read.changes:
        said = "ô được chuẩn hóa hoặc sửa theo đề xuất đã nhận · cells normalised or mended as accepted"
        console.print(Text(f"{len(read.changes)} {said}", style="dim"))
    if not read.clean:
        ending, colour = "chưa ghi gì vào sổ · nothing was written", "yellow"
    elif read.warnings:
        how = "sogoc upload accept … --rule" if kept else "--acknowledge-warnings"
        ending, colour = (
            f"đọc cảnh báo rồi xác nhận bằng {how} · nothing was written: read the warnings first",
            "yellow",
        )
    else:
        ending, colour = "sẵn sàng · ready", "green"
    clean = f"{read.file}: {read.read - read.faulty} dòng sạch · clean rows, {read.faulty} dòng lỗi · with problems"
    console.print(Text(f"{clean}; {ending}", style=colour))


def _show_proposals(read: Intake, proposed: Sequence[Problem]) -> None:
    if not proposed:
        return
    title = f"{read.file}: đề xuất sửa · proposals"
    table = Table(title=title, show_lines=True, title_justify="left")
    for column in (
        "Ô · Cell",
        "Trong tệp · Before",
        "Đề xuất · After",
        "Tin cậy · Confidence",
        "Quy tắc · Rule",
        "Mã · Key",
    ):
        table.add_column(column, overflow="fold")
    for one in proposed[:SHOWN_PROBLEMS]:
        after = Text(f"⇒ {one.after}", style="green")
        after.append("".join(f"\n? {name}: {reading}" for name, reading in one.readings), style="dim")
        table.add_row(_place(one), one.before, after, one.confidence, f"{one.rule}\n{one.vi}", one.key[:8])
    output.console.print(table)


def _show_others(read: Intake, others: Sequence[Problem]) -> None:
    if not others:
        return
    title = f"{read.file}: lỗi và cảnh báo · problems and warnings"
    table = Table(title=title, show_lines=True, title_justify="left")
    for column in ("Ô · Cell", "Giá trị · Value", "Quy tắc · Rule", "Lỗi và cách sửa · Problem and mend", "Mã · Key"):
        table.add_column(column, overflow="fold")
    for one in others[:SHOWN_PROBLEMS]:
        said = Text(one.vi)
        said.append(f"\n{one.en}", style="dim")
        said.append(f"\n→ {one.mend_vi}", style="cyan")
        said.append("".join(f"\n? {name}: {reading}" for name, reading in one.readings), style="green")
        key = one.key[:8] if one.severity == "warning" else ""
        table.add_row(_place(one), repr(one.before) if one.before else "", one.rule, said, key)
    output.console.print(table)


def _place(one: Problem) -> str:
    cell = f"{one.sheet}!{one.cell}" if one.sheet else one.cell
    return f"{cell}\n{one.column}" if one.column else cell


def show_uploads(institution: Institution, uploads: Sequence[Upload], meanings: Sequence[HeaderMeaning]) -> None:
    """Print what lies on a workbench, and what headers were said to mean."""
    table = Table(title=f"{institution}: bàn làm việc · workbench", title_justify="left")
    for column in ("Tệp · Upload", "Tên · Name", "Quyết định · Decision", "Ngày · Opened", "Đợt cấp · Batch"):
        table.add_column(column, overflow="fold")
    for one in uploads:
        said = one.said["decision"]["number"]
        shown = one.batch.public_id if one.batch else "…"
        table.add_row(one.public_id, one.source.name, said, f"{one.opened_at:%d/%m/%Y %H:%M}", shown)
    output.console.print(table)
    for meaning in meanings:
        output.console.print(Text(f"“{meaning.header}” → {meaning.meaning}", style="dim"))
