"""Commands at the registrar's desk: copies from the register, searches, notices, and what is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sogoc.cli.options import By, InstitutionCode, Json, home
from sogoc.core.vocabulary import FIELDS
from sogoc.errors import InputError

if TYPE_CHECKING:
    from sogoc.register.models import Copy, Row

app = typer.Typer()
copy_app = typer.Typer(no_args_is_help=True, help="Copies from the register (bản sao từ sổ gốc).")
notice_app = typer.Typer(no_args_is_help=True, help="Who has to be told, or to do something, because of an act.")
app.add_typer(copy_app, name="copy")
app.add_typer(notice_app, name="notice")

Request = Annotated[int, typer.Argument(help="Number of the request.")]


@copy_app.command("request")
def copy_request(
    institution: InstitutionCode,
    recipient: Annotated[str, typer.Option(help="Who asks.")],
    by: By,
    serial: Annotated[str | None, typer.Option(help="Serial number (số hiệu).")] = None,
    not_found: Annotated[
        bool, typer.Option("--not-found", help="The register holds no such qualification: to be refused in writing.")
    ] = False,
    relation: Annotated[
        str, typer.Option(help="holder, representative, parent, child, spouse, sibling or heir.")
    ] = "holder",
    copies: Annotated[int, typer.Option(help="How many.")] = 1,
    received: Annotated[
        str | None, typer.Option(help="When it came, 2026-11-20T14:59 in Vietnam (default: now).")
    ] = None,
    difficult: Annotated[bool, typer.Option("--complex", help="Many registers, or a hard search.")] = False,
    profile: Annotated[str | None, typer.Option(help="commune, where that office adds less time.")] = None,
    as_json: Json = False,
) -> int:
    """Take down a request for copies; the answer is the day on which they are due."""
    from sogoc.cli.opening import done, now, open_home, person

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import copying

    if (serial is None) != not_found:
        raise InputError("give --serial, or --not-found", "hãy cho --serial hoặc --not-found")
    made = copying.request(
        institution=queries.institution(institution),
        row=queries.row_by_serial(institution, serial) if serial else None, recipient=recipient, relation=relation,
        copies=copies, received_at=moment(received) if received else now(), difficult=difficult, profile=profile,
        by=person(by), now=now(),
    )  # fmt: skip
    return done(
        as_json, _copy_json(made), f"Yêu cầu {made.pk}, hạn trả {made.due_on}", f"request {made.pk}, due {made.due_on}"
    )


def moment(text: str) -> Any:
    from datetime import datetime

    from sogoc.core.clocks import VIETNAM

    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"{text} is not a time such as 2026-11-20T14:59", f"{text} không phải thời điểm dạng 2026-11-20T14:59"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)


def _copy_json(copy: Copy) -> dict[str, Any]:
    return {
        "request": copy.pk, "due_on": copy.due_on, "copies": copy.copies, "relation": copy.relation,
        "number": f"{copy.number}/{copy.year}" if copy.number else None, "issued_on": copy.issued_on,
        "refused": copy.refused_reason,
    }  # fmt: skip


@copy_app.command("issue")
def copy_issue(request: Request, by: By, as_json: Json = False) -> int:
    """Issue what was asked for, under the next number of the copy book, and show what the copy says."""
    from sogoc.cli import output
    from sogoc.cli.opening import done, now, open_home, person

    open_home(home())
    from sogoc.services import books, copying

    issued = copying.issue(number=request, by=person(by), now=now())
    _, face = books.face_of(issued)
    if not as_json:
        for vi, en, value in face.lines:
            output.console.print(f"  {vi} · {en}: {value}", markup=False)
        for note in face.notes:
            output.console.print(f"  {note}", markup=False)
    return done(
        as_json, _copy_json(issued) | {"notes": list(face.notes)},
        f"Bản sao số {face.number}, {issued.copies} bản", f"copy {face.number}, {issued.copies} printed",
    )  # fmt: skip


@copy_app.command("refuse")
def copy_refuse(
    request: Request,
    reason: Annotated[str, typer.Option(help="The reason, as it is written.")],
    by: By,
    as_json: Json = False,
) -> int:
    """Refuse a request in writing."""
    from sogoc.cli.opening import done, now, open_home, person

    open_home(home())
    from sogoc.services import copying

    refused = copying.refuse(number=request, reason=reason, by=person(by), now=now())
    return done(as_json, _copy_json(refused), f"Đã từ chối yêu cầu {request}", f"request {request} refused in writing")


@copy_app.command("list")
def copy_list(institution: InstitutionCode, by: By, as_json: Json = False) -> int:
    """List the requests that wait, the most urgent first."""
    from sogoc.cli.opening import open_home, person

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import copying

    found = copying.waiting(queries.institution(institution), by=person(by))
    return _table(as_json, "requests", ("request", "due_on", "copies", "relation"), [_copy_json(one) for one in found])


@app.command()
def find(
    institution: InstitutionCode,
    by: By,
    on_behalf_of: Annotated[str, typer.Option("--for", help="For whom: holder, authority, employer or public.")],
    name: Annotated[str | None, typer.Option(help="Name; marks and case do not matter.")] = None,
    born_on: Annotated[str | None, typer.Option(help="2003-02-05, 2003-02 or 2003.")] = None,
    year: Annotated[str | None, typer.Option(help="Year of the award.")] = None,
    school: Annotated[str | None, typer.Option(help="Part of the school's name.")] = None,
    serial: Annotated[str | None, typer.Option(help="Serial number (số hiệu).")] = None,
    number: Annotated[str | None, typer.Option(help="Register number (số vào sổ).")] = None,
    as_json: Json = False,
) -> int:
    """Find a record, also without its number; by a former name for its holder and for authorities only."""
    from sogoc.cli.opening import now, open_home, person

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import finding

    found = finding.find(
        finding.Wanted(
            name=name, born_on=born_on, year=year, school=school, serial_number=serial, register_number=number
        ),
        institution=queries.institution(institution), on_behalf_of=on_behalf_of, by=person(by), now=now(),
    )  # fmt: skip
    rows = [_row_json(row) | {"former": row.pk in found.former} for row in found.rows]
    columns = ("holder_name", "born_on", "serial_number", "register_number", "status", "former")
    return _table(as_json, "records", columns, rows, more=found.more)


def _row_json(row: Row) -> dict[str, Any]:
    from sogoc.register.records import record_of
    from sogoc.services import acting

    record = record_of(row)
    status = acting.status_of(row.logged).name.lower() if row.logged else ""
    return {name: record[name] for name in ("holder_name", "born_on", "serial_number", "register_number")} | {
        "identifier": row.identifier,
        "status": status,
    }


@notice_app.command("list")
def notice_list(institution: InstitutionCode, by: By, as_json: Json = False) -> int:
    """List what nobody was told, or did, yet."""
    from sogoc.cli.opening import open_home, person

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import notices

    found = [
        {
            "number": one.pk, "recipient": one.recipient, "what": one.what, "subject": one.subject, "due_on": one.due_on,
            "about": one.about,
        }
        for one in notices.waiting(queries.institution(institution), by=person(by))
    ]  # fmt: skip
    _name_subjects(found)
    return _table(as_json, "notices", ("number", "recipient", "what", "named", "due_on"), found)


@notice_app.command("sent")
def notice_sent(
    number: Annotated[int, typer.Argument(help="Number of the notice.")], by: By, as_json: Json = False
) -> int:
    """Write down that a notice was delivered, or that what it asks for was done."""
    from sogoc.cli.opening import done, now, open_home, person

    open_home(home())
    from sogoc.services import notices

    notice = notices.mark_sent(number=number, by=person(by), now=now())
    return done(as_json, {"notice": notice.pk}, f"Thông báo {notice.pk} đã xong", f"notice {notice.pk} is done")


@app.command()
def deadlines(
    institution: InstitutionCode,
    by: By,
    done_too: Annotated[bool, typer.Option("--all", help="Also what was done.")] = False,
    as_json: Json = False,
) -> int:
    """List what is due by the clocks of the law: diplomas, copies, returns, publications. Exit code 1 when something is late."""
    from sogoc.cli import output
    from sogoc.cli.opening import now, open_home, person

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import deadlines as due

    today = due.today(now())
    found = due.of(queries.institution(institution), by=person(by), done_too=done_too)
    rows = [
        {
            "due_on": one.due_on, "what": one.what, "subject": one.subject, "detail": one.detail, "since": one.since,
            "open": one.open, "late": one.is_late(today), "legal_basis": one.legal_basis,
        }
        for one in found
    ]  # fmt: skip
    _name_subjects(rows)
    _table(as_json, "deadlines", ("due_on", "what", "named", "detail", "late"), rows)
    return output.FAILED if any(one.is_late(today) for one in found) else 0


def _name_subjects(rows: list[dict[str, Any]]) -> None:
    """Name what a line is about as people do: a diploma by its serial number, anything else by what it is."""
    from sogoc.register import queries

    serials = queries.serial_numbers(row["subject"] for row in rows)
    for row in rows:
        row["named"] = serials.get(row["subject"], row["subject"])


def _table(
    as_json: bool, name: str, columns: tuple[str, ...], rows: list[dict[str, Any]], *, more: bool = False
) -> int:
    from rich.table import Table

    from sogoc.cli import output

    if as_json:
        output.document({name: rows, "more": more})
        return 0
    table = Table(box=None, padding=(0, 1))
    for column in columns:
        table.add_column(_HEADINGS.get(column) or f"{FIELDS[column].vi} · {FIELDS[column].en}", overflow="fold")
    for row in rows:
        table.add_row(*(_shown(row[column]) for column in columns))
    output.console.print(table)
    output.console.print(f"{len(rows)} dòng · lines{', và còn nữa · and more' if more else ''}", markup=False)
    return 0


_HEADINGS = {
    "number": "Số · Number",
    "request": "Yêu cầu · Request",
    "due_on": "Hạn · Due",
    "what": "Việc · What",
    "named": "Về · About",
    "detail": "Chi tiết · Detail",
    "late": "Trễ · Late",
    "recipient": "Báo cho · To tell",
    "copies": "Số bản · Copies",
    "relation": "Người yêu cầu · Who asks",
    "status": "Tình trạng · Status",
    "former": "Tên cũ · Former name",
}
_VIETNAMESE = {
    "digital-diploma": "cấp văn bằng số", "paper-diploma": "cấp văn bằng giấy", "paper-school-diploma": "cấp bằng giấy",
    "copy": "trả bản sao", "return-revoked": "thu lại bản chính", "publication": "công bố",
    "holder": "người được cấp", "institution": "cơ sở", "public": "công chúng", "verifiers": "người đã kiểm tra",
    "ministry": "Bộ", "police": "công an", "gate.refused": "cửa kiểm soát từ chối", "amend": "chỉnh sửa",
    "reissue": "cấp lại", "valid": "có hiệu lực", "revoked": "đã thu hồi", "suspended": "tạm dừng", "superseded": "đã thay thế",
}  # fmt: skip


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "có · yes" if value else ""
    if not isinstance(value, str):
        return "" if value is None else str(value)
    from sogoc.services import acting

    vi = _VIETNAMESE.get(value) or acting.VIETNAMESE.get(value)
    return f"{vi} · {value}" if vi else value
