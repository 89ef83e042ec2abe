"""Commands on whole books: print them, exchange them with the nation, hold them against what others have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sogoc.cli.desk import copy_app
from sogoc.cli.options import By, InstitutionCode, Json, home
from sogoc.core.record import BY_KIND, LEVELS
from sogoc.errors import InputError

if TYPE_CHECKING:
    from sogoc.core.books import Page
    from sogoc.core.exchange import Fault, National
    from sogoc.core.reconcile import Reading, Reconciliation
    from sogoc.services.books import Which

app = typer.Typer()
book_app = typer.Typer(no_args_is_help=True, help="The legal books: register, appendix, copy book.")
exchange_app = typer.Typer(no_args_is_help=True, help="The national exchange format.")
app.add_typer(book_app, name="book")
app.add_typer(exchange_app, name="exchange")

Year = Annotated[str, typer.Option("--year", help="Calendar year of the book, 2026.")]
Level = Annotated[str, typer.Option("--level", help="Level: bachelor, upper-secondary, certificate …")]
Kind = Annotated[str | None, typer.Option("--kind", help="Kind, where it is not the one that the level is of.")]
Authority = Annotated[str, typer.Option("--authority", help="The body above the institution, for the heading.")]
To = Annotated[Path, typer.Option("--to", help="The file to write.")]
Given = Annotated[
    list[str] | None, typer.Option("--given", help="FIELD=VALUE that no record says, by its national name.")
]


def _which(institution: str, *, kind: str | None, level: str, year: str, authority: str = "") -> Which:
    from sogoc.core.exchange import kind_of
    from sogoc.register import queries
    from sogoc.services.books import Which

    if level not in LEVELS:
        raise InputError(f"{level} is none of {', '.join(LEVELS)}", f"{level} không thuộc {', '.join(LEVELS)}")
    if kind is not None and kind not in BY_KIND:
        raise InputError(f"{kind} is none of {', '.join(BY_KIND)}", f"{kind} không thuộc {', '.join(BY_KIND)}")
    _check_year(year)
    return Which(
        institution=queries.institution(institution),
        kind=kind or kind_of(level),
        level=level,
        year=year,
        authority=authority,
    )


def _check_year(year: str) -> None:
    if len(year) != 4 or not (year.isascii() and year.isdecimal()):
        raise InputError(f"{year} is not a year such as 2026", f"{year} không phải năm dạng 2026")


# -- books ------------------------------------------------------------------------------------------------------------


@book_app.command("register")
def print_register(
    institution: InstitutionCode,
    year: Year,
    level: Level,
    to: To,
    by: By,
    kind: Kind = None,
    authority: Authority = "",
    as_json: Json = False,
) -> int:
    """Write the register of one level and year (sổ gốc), as PDF or XLSX."""
    from sogoc.cli.opening import now, open_home, person

    archive = open_home(home())
    from sogoc.services import books

    which = _which(institution, kind=kind, level=level, year=year, authority=authority)
    at = now()
    return _write(books.register(which, by=person(by), now=at), to=to, archive=archive, at=at, as_json=as_json)


@book_app.command("appendix")
def print_appendix(
    institution: InstitutionCode,
    year: Year,
    level: Level,
    to: To,
    by: By,
    kind: Kind = None,
    authority: Authority = "",
    show_changes: Annotated[
        bool, typer.Option("--show-changes", help="Say what each decision changed, old and new.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Write the appendix of the register (phụ lục sổ gốc): amendments and reissues of the year."""
    from sogoc.cli.opening import now, open_home, person

    archive = open_home(home())
    from sogoc.services import books

    which = _which(institution, kind=kind, level=level, year=year, authority=authority)
    at = now()
    pages = books.appendix(which, by=person(by), now=at, show_changes=show_changes)
    return _write(pages, to=to, archive=archive, at=at, as_json=as_json)


@book_app.command("copies")
def print_copies(
    institution: InstitutionCode, year: Year, to: To, by: By, authority: Authority = "", as_json: Json = False
) -> int:
    """Write the copy book of one year (sổ cấp bản sao)."""
    from sogoc.cli.opening import now, open_home, person

    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import books

    _check_year(year)
    at = now()
    pages = books.copy_book(
        institution=queries.institution(institution), year=year, authority=authority, by=person(by), now=at
    )
    return _write(pages, to=to, archive=archive, at=at, as_json=as_json)


def _write(pages: Iterator[Page], *, to: Path, archive: Any, at: Any, as_json: bool) -> int:
    from sogoc.cli.opening import done

    if to.suffix == ".xlsx":
        from sogoc.adapters import books_xlsx

        books_xlsx.write(to, pages)
        files = [to]
    elif to.suffix == ".pdf":
        files = []
        for number, volume in enumerate(archive.binder.volumes(pages, trial=archive.log.trial, created_at=at), 1):
            files.append(to.with_stem(f"{to.stem}.part{number}"))
            files[-1].write_bytes(volume)
        for number, file in enumerate(files, 1):
            target = to if len(files) == 1 else to.with_stem(f"{to.stem}-{number}")
            files[number - 1] = file.replace(target)
    else:
        raise InputError(f"{to.name} is neither .pdf nor .xlsx", f"{to.name} không phải .pdf hay .xlsx")
    names = ", ".join(map(str, files))
    return done(as_json, {"files": [str(file) for file in files]}, f"Đã ghi {names}", f"wrote {names}")


@copy_app.command("print")
def print_copy(
    institution: InstitutionCode,
    year: Year,
    number: Annotated[int, typer.Option("--number", help="Number of the copy in the copy book.")],
    to: To,
    by: By,
    as_json: Json = False,
) -> int:
    """Print a copy from the register (bản sao từ sổ gốc) that was issued, signed and with its evidence."""
    from sogoc.cli.opening import done, now, open_home, person

    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import books, delivery

    who = person(by)
    pdf = books.printed_copy(
        books.issued_copy(queries.institution(institution), year=year, number=number),
        counter=delivery.Counter(archive.log),
        binder=archive.binder,
        printer=archive.printer,
        keyring=archive.keyring,
        by=who,
        now=now(),
    )
    to.write_bytes(pdf)
    return done(as_json, {"file": str(to), "bytes": len(pdf)}, f"{to}", f"{len(pdf):,} bytes")


# -- exchange ---------------------------------------------------------------------------------------------------------


@exchange_app.command("export")
def export(
    institution: InstitutionCode,
    year: Year,
    level: Level,
    to: To,
    by: By,
    kind: Kind = None,
    given: Given = None,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Write the file although the format has something against it.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Write a book in the national exchange format: .jsonl, .csv or .xlsx. Breaches of the format are listed by field."""
    from sogoc.cli.opening import now, open_home, pairs, person

    open_home(home())
    from sogoc.adapters import exchange_files
    from sogoc.services import exchanging

    which = _which(institution, kind=kind, level=level, year=year)
    left_out: Counter[str] = Counter()
    faults: list[tuple[str, Fault]] = []

    def outgoing() -> Iterator[National]:
        for one in exchanging.export(which, given=pairs(given or []), by=who, now=now()):
            if one.exported is None:
                left_out[one.left_out] += 1
                continue
            faults.extend((one.register_number, fault) for fault in one.exported.faults)
            yield one.exported.values

    who = person(by)
    part = to.with_stem(f"{to.stem}.part")
    try:
        count = exchange_files.write(part, outgoing())
        written = not faults or incomplete
        if written:
            part.replace(to)
    finally:
        part.unlink(missing_ok=True)
    return _tell_export(to, count=count, written=written, left_out=left_out, faults=faults, as_json=as_json)


def _tell_export(
    to: Path,
    *,
    count: int,
    written: bool,
    left_out: Counter[str],
    faults: list[tuple[str, Fault]],
    as_json: bool,
) -> int:
    from rich.text import Text

    from sogoc.cli import output

    said = {
        "file": str(to) if written else None,
        "diplomas": count,
        "left_out": dict(left_out),
        "faults": [_fault(place, fault) for place, fault in faults],
    }
    if as_json:
        output.document(said)
    else:
        _show_faults(faults)
        for why, number in left_out.items():
            output.console.print(Text(f"{number} không có trong tệp · left out: {why}", style="yellow"))
        outcome = f"Đã ghi {count} văn bằng vào {to} · written" if written else "chưa ghi gì · nothing was written"
        output.console.print(Text(outcome, style="green" if written else "red"))
        if not written:
            output.console.print(Text("→ --given FIELD=VALUE, --incomplete", style="dim"))
    return output.FAILED if faults else 0


def _fault(place: str, fault: Fault) -> dict[str, str]:
    return {"at": place, "field": fault.field, "rule": fault.rule, "en": fault.en, "vi": fault.vi}


_SHOWN_PLACES = 3


def _show_faults(faults: list[tuple[str, Fault]]) -> None:
    """Print the faults by field: one that the whole book has is one thing to mend."""
    from rich.table import Table
    from rich.text import Text

    from sogoc.cli import output
    from sogoc.cli.opening import SHOWN_PROBLEMS

    if not faults:
        return
    at: dict[tuple[str, str, str], list[str]] = {}
    for place, fault in faults:
        at.setdefault((fault.field, fault.vi, fault.en), []).append(place)
    table = Table(title=f"{len(faults)} chỗ không đúng mẫu · breaches of the format", title_justify="left")
    for column in ("Trường · Field", "Lỗi · Fault", "Ở · At"):
        table.add_column(column, overflow="fold")
    for (field, vi, en), places in list(at.items())[:SHOWN_PROBLEMS]:
        more = f" … ({len(places)})" if len(places) > _SHOWN_PLACES else ""
        table.add_row(field, f"{vi}\n{en}", ", ".join(places[:_SHOWN_PLACES]) + more)
    output.console.print(table)
    if len(at) > SHOWN_PROBLEMS:
        output.console.print(Text(f"… {len(at) - SHOWN_PROBLEMS} loại nữa · more (--json)", style="dim"))


@exchange_app.command("read")
def read_exchange(
    file: Annotated[Path, typer.Argument(help="A file in the national format: .jsonl, .csv or .xlsx.")],
    kind: Annotated[str, typer.Option("--kind", help="degree, school-diploma or certificate.")],
    to: To,
    as_json: Json = False,
) -> int:
    """Turn a file in the national format into a list for `sogoc import`. Needs no archive."""
    from rich.text import Text

    from sogoc.adapters import exchange_files
    from sogoc.adapters.sheets_write import write_csv, write_xlsx
    from sogoc.cli import output
    from sogoc.cli.opening import done
    from sogoc.core.exchange import as_list, from_national

    if kind not in BY_KIND:
        raise InputError(f"{kind} is none of {', '.join(BY_KIND)}", f"{kind} không thuộc {', '.join(BY_KIND)}")
    if to.suffix not in {".xlsx", ".csv"}:
        raise InputError(f"{to.name} is neither .xlsx nor .csv", f"{to.name} không phải .xlsx hay .csv")
    read = [(place, from_national(diploma, kind=kind)) for place, diploma in exchange_files.read(file)]
    header, rows = as_list([one for _, one in read], BY_KIND[kind])
    if to.suffix == ".csv":
        write_csv(to, [header, *rows])
    else:
        write_xlsx(to, [header, *rows], name="Danh sách", bold=[0])
    faults = [(place, fault) for place, one in read for fault in one.faults]
    beside = sorted({name for _, one in read for name in one.rest})
    if as_json:
        said = {"file": str(to), "diplomas": len(rows), "not_carried": beside}
        output.document(said | {"faults": [_fault(place, fault) for place, fault in faults]})
        return 0
    _show_faults(faults)
    if beside:
        output.console.print(
            Text(f"sổ gốc không có chỗ cho · the register has no place for: {', '.join(beside)}", style="yellow")
        )
    return done(False, {}, f"Đã ghi {len(rows)} dòng vào {to}", f"{to}: now `sogoc import`")


# -- reconciliation ---------------------------------------------------------------------------------------------------


@app.command("reconcile")
def reconcile(
    institution: InstitutionCode,
    year: Year,
    level: Level,
    by: By,
    kind: Kind = None,
    paper: Annotated[Path | None, typer.Option("--paper", help="The paper list, .xlsx or .csv.")] = None,
    national: Annotated[
        Path | None, typer.Option("--national", help="A national export, .jsonl, .csv or .xlsx.")
    ] = None,
    to: Annotated[Path | None, typer.Option("--to", help="Write the report as .xlsx too.")] = None,
    as_json: Json = False,
) -> int:
    """Hold a book against a paper list, a national export, or both. Exit code 1 when anything differs."""
    from sogoc.cli import output
    from sogoc.cli.opening import now, open_home, person

    open_home(home())
    from sogoc.adapters import exchange_files
    from sogoc.adapters.sheets import read_table
    from sogoc.adapters.sheets_write import write_xlsx
    from sogoc.core.reconcile import as_table, of_national, of_paper
    from sogoc.services import reconciling

    if paper is None and national is None:
        raise InputError("give --paper, --national, or both", "hãy cho --paper, --national, hoặc cả hai")
    if to is not None and to.suffix != ".xlsx":
        raise InputError(f"{to.name} is not .xlsx", f"{to.name} không phải .xlsx")
    which, who, at = _which(institution, kind=kind, level=level, year=year), person(by), now()
    schema = BY_KIND[which.kind]
    listed = of_paper(read_table(paper), schema=schema, today=at.date()) if paper else None
    exported = of_national(exchange_files.read(national), schema=schema) if national else None
    found = reconciling.against(
        which,
        paper=listed.table if listed else None,
        national=exported.table if exported else None,
        by=who,
        now=at,
    )
    if to is not None:
        write_xlsx(to, list(as_table(found)), name="Đối chiếu", bold=[0])
    beside = {name: read for name, read in (("paper", listed), ("national", exported)) if read is not None}
    if as_json:
        output.document(_found_json(found, beside))
    else:
        _show_found(found, beside)
    return 0 if found.clean else output.FAILED


def _found_json(found: Reconciliation, beside: dict[str, Reading]) -> dict[str, Any]:
    return {
        "counted": {name.value: count for name, count in found.counted.items()},
        "agreed": found.agreed,
        "tally": {kind.value: count for kind, count in found.tally.items()},
        "not_compared": {name: list(read.unread) for name, read in beside.items()},
        "skipped": {name: list(read.skipped) for name, read in beside.items()},
        "findings": [
            {
                "kind": one.kind.value,
                "places": {name.value: list(places) for name, places in one.places.items()},
                "absent": [name.value for name in one.absent],
                "keys": list(one.keys),
                "differences": [
                    {
                        "field": each.field,
                        "values": {name.value: value for name, value in each.values.items()},
                        "spelling": each.spelling,
                    }
                    for each in one.differences
                ],
            }
            for one in found.findings
        ],
    }


def _show_found(found: Reconciliation, beside: dict[str, Reading]) -> None:
    from rich.table import Table
    from rich.text import Text

    from sogoc.cli import output
    from sogoc.cli.opening import SHOWN_PROBLEMS
    from sogoc.core.reconcile import KINDS, SOURCES, Source
    from sogoc.core.vocabulary import FIELDS

    console = output.console
    if found.findings:
        table = Table(title=f"{len(found.findings)} chỗ cần xem · findings", show_lines=True, title_justify="left")
        for column in ("Kết quả · Finding", "Ở đâu · Where", "Trường · Field", "Giá trị · Values"):
            table.add_column(column, overflow="fold")
        for one in found.findings[:SHOWN_PROBLEMS]:
            kind = KINDS[one.kind]
            where = [f"{SOURCES[name].vi}: {', '.join(places)}" for name, places in one.places.items()]
            where += [f"{SOURCES[name].vi}: —" for name in one.absent]
            fields = [FIELDS[each.field].vi + (" (cách viết)" if each.spelling else "") for each in one.differences]
            values = [
                " | ".join(f"{each.values[name] or '—'}" for name in Source if name in each.values)
                for each in one.differences
            ]
            table.add_row(f"{kind.vi} · {kind.en}", "\n".join(where), "\n".join(fields), "\n".join(values))
        console.print(table)
        if len(found.findings) > SHOWN_PROBLEMS:
            console.print(Text(f"… {len(found.findings) - SHOWN_PROBLEMS} chỗ nữa · more (--json, --to)", style="dim"))
    for name, read in beside.items():
        for what, names in (("không so · not compared", read.unread), ("bỏ qua · skipped", read.skipped)):
            if names:
                console.print(Text(f"{SOURCES[name].vi}: {what}: {', '.join(names[:SHOWN_PROBLEMS])}", style="dim"))
    counted = ", ".join(f"{SOURCES[name].vi} {count}" for name, count in found.counted.items())
    tally = ", ".join(f"{KINDS[kind].vi.lower()} {count}" for kind, count in found.tally.items() if count)
    colour = "green" if found.clean else "yellow"
    console.print(Text(f"{counted}; khớp · agree {found.agreed}{'; ' + tally if tally else ''}", style=colour))
