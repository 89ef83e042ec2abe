"""Commands of the workbench: a registrar's file, its problems side by side with what is proposed, and what she decides.

A problem has a key; `sogoc upload accept UPLOAD KEY` takes what it proposes, and a key may be shortened as far as it is the only one.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sogoc.cli.options import By, InstitutionCode, Json, home
from sogoc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sogoc.core.intake import Intake
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
Allot = Annotated[
    list[str] | None,
    typer.Option(help="register_number or serial_number: the file leaves it out, and the archive gives the next ones."),
]
Given = Annotated[list[str] | None, typer.Option("--set", help="FIELD=VALUE for the whole file.")]
Keys = Annotated[list[str] | None, typer.Argument(help="Keys of problems, or their beginnings.")]
Rules = Annotated[list[str] | None, typer.Option("--rule", help="Every proposal, or every warning, of this rule.")]


def _said(
    kind: str, level: str, decision: str, decided_on: str, total: int, awarded_on: str, provenance: str, given: list[str] | None,
    allot: list[str] | None,
) -> Said:  # fmt: skip
    from sogoc.cli.opening import pairs
    from sogoc.services.batches import Decision
    from sogoc.services.workbench import Said

    return Said(
        kind=kind, level=level, given=pairs(given or []), provenance=provenance, allot=tuple(allot or ()),
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
    allot: Allot = None,
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
    from sogoc.cli.intake import outcome
    from sogoc.cli.opening import now, open_home, pairs, person

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
        said=_said(kind, level, decision, decided_on, total, awarded_on, provenance, set_, allot),
        choices=choices.acknowledge_rule() if acknowledge else choices, by=person(by), now=now(),
    )  # fmt: skip
    if faulty is not None:
        _writer(faulty)(read)
    return outcome(read, None, batch, as_json=as_json, kept=False)


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
    allot: Allot = None,
    supersedes: Annotated[
        str | None, typer.Option(help="The upload whose faulty rows, mended, this file holds.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Put a file on the workbench and check it. The same file again is the same upload, and may say other values for the whole."""
    from sogoc.cli.intake import outcome
    from sogoc.cli.opening import now, open_home, person

    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import workbench

    who = person(by)
    upload = workbench.open_upload(
        desk=archive.desk, institution=queries.institution(institution), name=file.name, content=_content(file),
        said=_said(kind, level, decision, decided_on, total, awarded_on, provenance, set_, allot), by=who, now=now(),
        supersedes=queries.upload(supersedes) if supersedes else None,
    )  # fmt: skip
    read = workbench.check(desk=archive.desk, upload=upload, by=who, now=now())
    return outcome(read, upload, upload.batch, as_json=as_json)


@app.command()
def check(upload: UploadId, by: By, as_json: Json = False) -> int:
    """Check a file again, by what was decided so far. Exit code 1 while a problem is open."""
    from sogoc.cli.intake import outcome
    from sogoc.cli.opening import now, open_home, person

    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import workbench

    found = queries.upload(upload)
    read = workbench.check(desk=archive.desk, upload=found, by=person(by), now=now())
    return outcome(read, found, found.batch, as_json=as_json)


@app.command()
def accept(
    upload: UploadId,
    by: By,
    keys: Keys = None,
    rule: Rules = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Carry the column of this header nowhere.")] = None,
    mean: Annotated[list[str] | None, typer.Option(help="HEADER=FIELD: what a column means.")] = None,
    confirm: Annotated[
        list[str] | None, typer.Option(help="Key of a warning: the cell is right as it stands, whatever is proposed.")
    ] = None,
    order: Annotated[list[str] | None, typer.Option(help="HEADER=day-first or HEADER=month-first.")] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Encoding of a file that does not say it, such as tcvn3.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Accept proposals and confirm warnings by key or all of a rule; say what a column means. Each is one step, and undone as one."""
    from sogoc.cli.intake import outcome
    from sogoc.cli.opening import now, open_home, pairs, person

    archive = open_home(home())
    from sogoc.core.intake import RULES
    from sogoc.register import queries
    from sogoc.services import choosing, workbench

    who, found, at = person(by), queries.upload(upload), now()
    if keys or confirm:
        read = workbench.check(desk=archive.desk, upload=found, by=who, now=at)
        chosen = [workbench.problem_of(read, key) for key in keys or ()]
        proposals = [one for one in chosen if one.after is not None or one.severity == "error"]
        warnings = [one for one in chosen if one not in proposals]
        warnings += [workbench.problem_of(read, key) for key in confirm or ()]
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
    return outcome(workbench.check(desk=archive.desk, upload=found, by=who, now=at), found, None, as_json=as_json)


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
    from sogoc.cli.intake import outcome
    from sogoc.cli.opening import now, open_home, person

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
    return outcome(workbench.check(desk=archive.desk, upload=found, by=who, now=at), found, None, as_json=as_json)


@app.command()
def faulty(
    upload: UploadId,
    to: Annotated[Path, typer.Option(help="An .xlsx or .csv file to write.")],
    by: By,
    as_json: Json = False,
) -> int:
    """Write the rows in error in the layout of the file, with a column that says what to mend."""
    from sogoc.cli.opening import done, now, open_home, person

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
    from sogoc.cli.intake import outcome
    from sogoc.cli.opening import now, open_home, person

    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import workbench

    found = queries.upload(upload)
    read, opened = workbench.open_batch(desk=archive.desk, upload=found, by=person(by), now=now())
    return outcome(read, found, opened, as_json=as_json)


@app.command("list")
def list_(institution: InstitutionCode, by: By, as_json: Json = False) -> int:
    """List the files of an institution, what they are, and what its columns were said to mean."""
    from sogoc.cli import output
    from sogoc.cli.intake import show_uploads, upload_json
    from sogoc.cli.opening import open_home, person

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import access

    register = queries.institution(institution)
    access.require(person(by), "batch.prepare", register)
    uploads, meanings = queries.uploads(register), queries.header_meanings(register)
    if as_json:
        output.document({
            "uploads": [upload_json(one) for one in uploads],
            "meanings": {one.header: one.meaning for one in meanings},
        })  # fmt: skip
        return 0
    show_uploads(register, uploads, meanings)
    return 0


@app.command()
def drop(upload: UploadId, by: By, as_json: Json = False) -> int:
    """Take a file off the workbench, with what was decided and the kept file itself."""
    from sogoc.cli.opening import done, now, open_home, person

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
    from sogoc.cli.opening import done, now, open_home, person

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import workbench

    workbench.forget(institution=queries.institution(institution), header=header, by=person(by), now=now())
    return done(as_json, {"forgotten": header}, f"Đã quên ý nghĩa của cột {header}", "the next file asks again")


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
