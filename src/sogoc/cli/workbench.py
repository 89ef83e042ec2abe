"""Commands of the workbench: a registrar's file, its problems side by side with what is proposed, and what she decides.

A problem has a key; `sogoc upload accept UPLOAD KEY` takes what it proposes, and a key may be shortened as far as it is the only one.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from sogoc.cli import output
from sogoc.cli.opening import SHOWN_PROBLEMS, done, now, open_home, pairs, person
from sogoc.cli.options import By, InstitutionCode, Json, home
from sogoc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sogoc.core.intake import Intake, Problem
    from sogoc.register.models import Batch, Upload
    from sogoc.services.workbench import Said

app = typer.Typer(no_args_is_help=True, help="The workbench: a file until it is clean.")

_KEY = 22  # characters of the key of one proposal

File = Annotated[Path, typer.Argument(help="XLSX or CSV as it came.")]
UploadId = Annotated[str, typer.Argument(help="Id of the upload, or its beginning.")]
Kind = Annotated[str, typer.Option(help="degree, school-diploma or certificate.")]
Level = Annotated[str, typer.Option(help="Such as bachelor or upper-secondary.")]
DecisionNumber = Annotated[str, typer.Option(help="Number of the recognition decision.")]
DecidedOn = Annotated[str, typer.Option(help="Its date, 2026-06-30.")]
Total = Annotated[int, typer.Option(help="How many graduates it names.")]
AwardedOn = Annotated[str, typer.Option(help="Award date, 2026-07-15.")]
Provenance = Annotated[str, typer.Option(help="Whence the records come: A, or B to D for old registers.")]
Given = Annotated[list[str] | None, typer.Option("--set", help="FIELD=VALUE for the whole file.")]
Keys = Annotated[list[str] | None, typer.Argument(help="Keys of problems, or their beginnings.")]
Rules = Annotated[list[str] | None, typer.Option("--rule", help="Every proposal, or every warning, of this rule.")]


def _said(
    kind: str, level: str, decision: str, decided_on: str, total: int, awarded_on: str, provenance: str, given: list[str] | None
) -> Said:  # fmt: skip
    from sogoc.services.batches import Decision
    from sogoc.services.workbench import Said

    return Said(
        kind=kind, level=level, given=pairs(given or []), provenance=provenance,
        decision=Decision(number=decision, decided_on=decided_on, total=total, awarded_on=awarded_on),
    )  # fmt: skip


def import_file(
    file: File,
    institution: InstitutionCode,
    kind: Kind,
    level: Level,
    decision: DecisionNumber,
    decided_on: DecidedOn,
    total: Total,
    awarded_on: AwardedOn,
    by: By,
    set_: Given = None,
    provenance: Provenance = "A",
    accept: Annotated[
        list[str] | None, typer.Option(help="Accept every proposal of this rule, or the one of this key.")
    ] = None,
    meaning: Annotated[list[str] | None, typer.Option(help="COLUMN=FIELD: what a column means.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Leave out this column.")] = None,
    acknowledge: Annotated[
        bool, typer.Option("--acknowledge-warnings", help="You have read the warnings, and the file is right.")
    ] = False,
    faulty: Annotated[
        Path | None, typer.Option(help="Write the faulty rows here, .xlsx or .csv, to be mended.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Read a register file, name every problem by its cell, and open a batch if there is none: the workbench in one step."""
    archive = open_home(home())
    from sogoc.core.intake import RULES, Choices
    from sogoc.register import queries
    from sogoc.services import workbench

    keys = frozenset(one for one in accept or () if len(one) == _KEY and one not in RULES)
    choices = Choices(
        rules=frozenset(accept or ()) - keys, proposals=keys, ignored=frozenset(ignore or ()), meanings=pairs(meaning or []),
    )  # fmt: skip
    read, batch = workbench.take_in(
        desk=archive.desk, institution=queries.institution(institution), name=file.name, content=_content(file),
        said=_said(kind, level, decision, decided_on, total, awarded_on, provenance, set_),
        choices=choices.acknowledge_rule() if acknowledge else choices, by=person(by), now=now(),
    )  # fmt: skip
    if faulty is not None:
        _writer(faulty)(read)
    return _outcome(read, None, batch, as_json=as_json, kept=False)


@app.command()
def add(
    file: File,
    institution: InstitutionCode,
    kind: Kind,
    level: Level,
    decision: DecisionNumber,
    decided_on: DecidedOn,
    total: Total,
    awarded_on: AwardedOn,
    by: By,
    set_: Given = None,
    provenance: Provenance = "A",
    supersedes: Annotated[
        str | None, typer.Option(help="The upload whose faulty rows, mended, this file holds.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Put a file on the workbench and check it. The same file again is the same upload, and may say other values for the whole."""
    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import workbench

    who = person(by)
    upload = workbench.open_upload(
        desk=archive.desk, institution=queries.institution(institution), name=file.name, content=_content(file),
        said=_said(kind, level, decision, decided_on, total, awarded_on, provenance, set_), by=who, now=now(),
        supersedes=queries.upload(supersedes) if supersedes else None,
    )  # fmt: skip
    read = workbench.check(desk=archive.desk, upload=upload, by=who, now=now())
    return _outcome(read, upload, upload.batch, as_json=as_json)


@app.command()
def check(upload: UploadId, by: By, as_json: Json = False) -> int:
    """Check a file again, by what was decided so far. Exit code 1 while a problem is open."""
    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import workbench

    found = queries.upload(upload)
    read = workbench.check(desk=archive.desk, upload=found, by=person(by), now=now())
    return _outcome(read, found, found.batch, as_json=as_json)


@app.command()
def accept(
    upload: UploadId,
    by: By,
    keys: Keys = None,
    rule: Rules = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Carry the column of this header nowhere.")] = None,
    mean: Annotated[list[str] | None, typer.Option(help="HEADER=FIELD: what a column means.")] = None,
    order: Annotated[list[str] | None, typer.Option(help="HEADER=day-first or HEADER=month-first.")] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Encoding of a file that does not say it, such as tcvn3.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Accept proposals and confirm warnings by key or all of a rule; say what a column means. Each is one step, and undone as one."""
    archive = open_home(home())
    from sogoc.core.intake import RULES
    from sogoc.register import queries
    from sogoc.services import choosing, workbench

    who, found, at = person(by), queries.upload(upload), now()
    if keys:
        read = workbench.check(desk=archive.desk, upload=found, by=who, now=at)
        chosen = [workbench.problem_of(read, key) for key in keys]
        proposals = [one for one in chosen if one.after is not None or one.severity == "error"]
        warnings = [one for one in chosen if one not in proposals]
        if proposals:
            choosing.accept(upload=found, problems=proposals, by=who, now=at)
        if warnings:
            choosing.acknowledge(upload=found, problems=warnings, by=who, now=at)
    for name in rule or ():
        warns = name in RULES and RULES[name].severity == "warning"
        (choosing.acknowledge_rule if warns else choosing.accept_rule)(upload=found, rule=name, by=who, now=at)
    for header in ignore or ():
        choosing.ignore(upload=found, header=header, by=who, now=at)
    for header, field in pairs(mean or []).items():
        choosing.mean(upload=found, header=header, meaning=field, by=who, now=at)
    for header, which in pairs(order or []).items():
        choosing.order(upload=found, header=header, order=which, by=who, now=at)
    if encoding is not None:
        choosing.encode(upload=found, encoding=encoding, by=who, now=at)
    found = queries.upload(found.public_id)
    return _outcome(workbench.check(desk=archive.desk, upload=found, by=who, now=at), found, None, as_json=as_json)


@app.command()
def undo(
    upload: UploadId,
    by: By,
    keys: Annotated[list[str] | None, typer.Argument(help="Keys that were accepted or confirmed, in full.")] = None,
    rule: Rules = None,
    column: Annotated[list[str] | None, typer.Option(help="Everything said of the column of this header.")] = None,
    encoding: Annotated[bool, typer.Option("--encoding", help="The encoding that was said.")] = False,
    as_json: Json = False,
) -> int:
    """Take decisions back: the problem is there again, and nothing else is different."""
    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import choosing, workbench

    who, found, at = person(by), queries.upload(upload), now()
    if keys:
        choosing.undo(upload=found, keys=keys, by=who, now=at)
    for name in rule or ():
        choosing.undo_rule(upload=found, rule=name, by=who, now=at)
    for header in column or ():
        choosing.undo_column(upload=found, header=header, by=who, now=at)
    if encoding:
        choosing.encode(upload=found, encoding="", by=who, now=at)
    found = queries.upload(found.public_id)
    return _outcome(workbench.check(desk=archive.desk, upload=found, by=who, now=at), found, None, as_json=as_json)


@app.command()
def faulty(
    upload: UploadId,
    to: Annotated[Path, typer.Option(help="An .xlsx or .csv file to write.")],
    by: By,
    as_json: Json = False,
) -> int:
    """Write the rows in error in the layout of the file, with a column that says what to mend."""
    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import workbench

    count = workbench.export_faulty(
        desk=archive.desk, upload=queries.upload(upload), write=_writer(to), by=person(by), now=now()
    )  # fmt: skip
    return done(
        as_json, {"file": str(to), "rows": count}, f"{to}: {count} dòng lỗi",
        f"mend them there, then: sogoc upload add {to} --supersedes {upload} …",
    )  # fmt: skip


@app.command()
def batch(upload: UploadId, by: By, as_json: Json = False) -> int:
    """Take a clean file into the register as a draft."""
    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import workbench

    found = queries.upload(upload)
    read, opened = workbench.open_batch(desk=archive.desk, upload=found, by=person(by), now=now())
    return _outcome(read, found, opened, as_json=as_json)


@app.command("list")
def list_(institution: InstitutionCode, by: By, as_json: Json = False) -> int:
    """List the files of an institution, what they are, and what its columns were said to mean."""
    open_home(home())
    from sogoc.register import queries
    from sogoc.services import access

    register = queries.institution(institution)
    access.require(person(by), "batch.prepare", register)
    uploads, meanings = queries.uploads(register), queries.header_meanings(register)
    if as_json:
        output.document({
            "uploads": [_upload_json(one) for one in uploads],
            "meanings": {one.header: one.meaning for one in meanings},
        })  # fmt: skip
        return 0
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
    return 0


@app.command()
def drop(upload: UploadId, by: By, as_json: Json = False) -> int:
    """Take a file off the workbench, with what was decided and the kept file itself."""
    open_home(home())
    from sogoc.register import queries
    from sogoc.services import workbench

    found = queries.upload(upload)
    shown = found.public_id
    workbench.throw_away(upload=found, by=person(by), now=now())
    return done(as_json, {"upload": shown, "state": "dropped"}, f"Đã xóa tệp {shown}", "nothing of it is kept")


@app.command()
def forget(
    header: Annotated[str, typer.Argument(help="The header, as the file has it.")],
    institution: InstitutionCode,
    by: By,
    as_json: Json = False,
) -> int:
    """No longer read a column as an earlier file did."""
    open_home(home())
    from sogoc.register import queries
    from sogoc.services import workbench

    workbench.forget(institution=queries.institution(institution), header=header, by=person(by), now=now())
    return done(as_json, {"forgotten": header}, f"Đã quên ý nghĩa của cột {header}", "the next file asks again")


# -- what is shown ----------------------------------------------------------------------------------------------------


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(
            f"{file} cannot be read: {error.strerror}", f"không đọc được {file}: {error.strerror}"
        ) from error


def _writer(to: Path) -> Callable[[Intake], int]:
    from sogoc.adapters.sheets_faulty import write_faulty

    if to.suffix.lower() not in {".xlsx", ".csv"}:
        raise InputError(f"{to.name} is neither .xlsx nor .csv", f"{to.name} không phải .xlsx hay .csv")
    return partial(write_faulty, to)


def _outcome(read: Intake, upload: Upload | None, batch: Batch | None, *, as_json: bool, kept: bool = True) -> int:
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


def _upload_json(one: Upload) -> dict[str, Any]:
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
        outcome, colour = "chưa ghi gì vào sổ · nothing was written", "yellow"
    elif read.warnings:
        how = "sogoc upload accept … --rule" if kept else "--acknowledge-warnings"
        outcome, colour = (
            f"đọc cảnh báo rồi xác nhận bằng {how} · nothing was written: read the warnings first",
            "yellow",
        )
    else:
        outcome, colour = "sẵn sàng · ready", "green"
    clean = f"{read.file}: {read.read - read.faulty} dòng sạch · clean rows, {read.faulty} dòng lỗi · with problems"
    console.print(Text(f"{clean}; {outcome}", style=colour))


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
