"""Commands on blanks and register numbers: what came, what ended without a diploma, what is left, and which numbers are void."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sogoc.cli.options import PREPARER_PASSWORD, By, InstitutionCode, Json, home

if TYPE_CHECKING:
    from datetime import datetime

    from sogoc.core.blanks import Account
    from sogoc.register.models import BlankEvent
    from sogoc.services.numbering import Book

app = typer.Typer()
blank_app = typer.Typer(
    no_args_is_help=True, help="Blanks (phôi): received, spoiled, lost, destroyed, counted, in stock."
)
number_app = typer.Typer(
    no_args_is_help=True, help="Register numbers (số vào sổ gốc): the book of a year, void numbers."
)
app.add_typer(blank_app, name="blank")
app.add_typer(number_app, name="number")

Kind = Annotated[str, typer.Option(help="degree, school-diploma or certificate.")]
First = Annotated[str, typer.Argument(help="First serial number of the run, such as B0012001.")]
Last = Annotated[str | None, typer.Argument(help="Last serial number; left out, the run is one blank.")]
On = Annotated[str, typer.Option("--on", help="The day, 2026-07-15.")]
MinutesNumber = Annotated[str, typer.Option("--minutes", help="Number of the council's minutes, such as 03/BB-HĐXL.")]
Reason = Annotated[str, typer.Option(help="The reason, as it stands in the minutes.")]
ConfirmedBy = Annotated[
    str,
    typer.Option(
        "--confirmed-by",
        help="An approver, another person; the password of --by is then read from SOGOC_PREPARER_PASSWORD.",
    ),
]


@blank_app.command()
def receive(
    first: First, institution: InstitutionCode, kind: Kind, on: On, by: By, last: Last = None, as_json: Json = False
) -> int:
    """Enter a run of blanks that came from the printer."""
    from sogoc.cli.opening import now, open_home, person

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import blanks

    event = blanks.receive(
        institution=queries.institution(institution), kind=kind, run=blanks.SerialRun.read(first, last), on=on,
        by=person(by), now=now(),
    )  # fmt: skip
    return _entered(event, as_json)


def _end(
    what: str, first: str, last: str | None, institution: str, kind: str, minutes: tuple[str, str, str], by: str,
    confirmed_by: str, as_json: bool, police_notice: str | None = None,
) -> int:  # fmt: skip
    from sogoc.cli.opening import now, open_home, person

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import blanks

    number, on, reason = minutes
    how: dict[str, Any] = {"police_notice_at": _moment(police_notice)} if what == "lose" else {}
    event = getattr(blanks, what)(
        institution=queries.institution(institution), kind=kind, run=blanks.SerialRun.read(first, last),
        minutes=blanks.Minutes(number=number, on=on, reason=reason), by=person(by, PREPARER_PASSWORD),
        confirmed_by=person(confirmed_by), now=now(), **how,
    )  # fmt: skip
    return _entered(event, as_json)


def _moment(text: str | None) -> datetime | None:
    from sogoc.cli.desk import moment

    made: datetime | None = moment(text) if text else None
    return made


@blank_app.command()
def spoil(
    first: First, institution: InstitutionCode, kind: Kind, minutes: MinutesNumber, on: On, reason: Reason, by: By,
    confirmed_by: ConfirmedBy, last: Last = None, as_json: Json = False,
) -> int:  # fmt: skip
    """Enter blanks that were misprinted or damaged, by minutes of the council."""
    return _end("spoil", first, last, institution, kind, (minutes, on, reason), by, confirmed_by, as_json)


@blank_app.command()
def lose(
    first: First, institution: InstitutionCode, kind: Kind, minutes: MinutesNumber, on: On, reason: Reason, by: By,
    confirmed_by: ConfirmedBy, last: Last = None,
    police_notice: Annotated[
        str | None, typer.Option(help="When the police were told, 2026-07-16T09:30 in Vietnam.")
    ] = None,
    as_json: Json = False,
) -> int:  # fmt: skip
    """Enter blanks that are lost: minutes of the council, and the time at which the police were told."""
    return _end("lose", first, last, institution, kind, (minutes, on, reason), by, confirmed_by, as_json, police_notice)


@blank_app.command()
def destroy(
    first: First, institution: InstitutionCode, kind: Kind, minutes: MinutesNumber, on: On, reason: Reason, by: By,
    confirmed_by: ConfirmedBy, last: Last = None, as_json: Json = False,
) -> int:  # fmt: skip
    """Enter blanks that were destroyed unused, by minutes of the council."""
    return _end("destroy", first, last, institution, kind, (minutes, on, reason), by, confirmed_by, as_json)


@blank_app.command()
def count(
    first: First,
    last: Annotated[str, typer.Argument(help="Last serial number of the run.")],
    counted: Annotated[int, typer.Option(help="How many blanks were found.")],
    institution: InstitutionCode,
    kind: Kind,
    on: On,
    by: By,
    as_json: Json = False,
) -> int:
    """Enter a stock-taking. Exit code 1 when the books expect another number."""
    from sogoc.cli.opening import done, now, open_home, person

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import blanks

    _, expected = blanks.count(
        institution=queries.institution(institution), kind=kind, run=blanks.SerialRun.read(first, last), counted=counted,
        on=on, by=person(by), now=now(),
    )  # fmt: skip
    done(
        as_json, {"counted": counted, "expected": expected},
        f"Kiểm kê {counted} phôi, theo sổ {expected}", f"counted {counted}, the books expect {expected}",
    )  # fmt: skip
    return 0 if counted == expected else 1


@blank_app.command()
def exchange(
    institution: InstitutionCode,
    serial: Annotated[str, typer.Option(help="Serial number that the draft bears.")],
    to: Annotated[str, typer.Option(help="Serial number of the blank it is printed on now.")],
    by: By,
    as_json: Json = False,
) -> int:
    """Print a draft on another blank, because its own was spoiled or lost."""
    from sogoc.cli.opening import done, now, open_home, person

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import blanks

    row = blanks.exchange(row=queries.row_by_serial(institution, serial), serial=to, by=person(by), now=now())
    return done(
        as_json,
        {"serial": row.serial_number},
        f"Văn bằng in trên phôi {serial} nay in trên phôi {to}",
        f"what was on {serial} is printed on {to}",
    )


@blank_app.command()
def stock(institution: InstitutionCode, kind: Kind, as_json: Json = False) -> int:
    """Show the account of every series. Exit code 1 where one does not balance."""
    from sogoc.cli import output
    from sogoc.cli.opening import open_home

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import blanks

    accounts = blanks.stock(queries.institution(institution), kind)
    whole = {series: _account_json(series, account) for series, account in accounts.items()}
    if as_json:
        output.document({"series": whole})
    else:
        for series, one in whole.items():
            output.console.print(
                f"{blanks.SerialRun(series=series, first=0, last=0)}: nhận · received {one['received']}"
                f" = cấp · issued {one['issued']} + hỏng · spoiled {one['spoiled']}"
                f" + mất · lost {one['lost']} + hủy · destroyed {one['destroyed']} + còn · stock {one['stock']}",
                markup=False,
            )
            for wrong in one["contradictions"]:
                output.console.print(f"  ✗ {wrong['vi']} · {wrong['en']}: {', '.join(wrong['runs'])}", markup=False)
    return 0 if all(account.balances for account in accounts.values()) else 1


def _account_json(series: str, account: Account) -> dict[str, Any]:
    from sogoc.core.blanks import CONTRADICTIONS
    from sogoc.services.blanks import SerialRun

    counts = {
        name: len(getattr(account, name)) for name in ("received", "issued", "spoiled", "lost", "destroyed", "stock")
    }
    wrong = [
        {
            "what": one.what, "en": CONTRADICTIONS[one.what][0], "vi": CONTRADICTIONS[one.what][1],
            "runs": [str(SerialRun(series=series, first=first, last=last)) for first, last in one.runs],
            "counted": one.counted, "expected": one.expected,
        }
        for one in account.contradictions
    ]  # fmt: skip
    return counts | {"balances": account.balances, "contradictions": wrong}


def _entered(event: BlankEvent, as_json: bool) -> int:
    from sogoc.cli.opening import done
    from sogoc.services.blanks import SerialRun

    run = SerialRun(series=event.series, first=event.first, last=event.last)
    return done(
        as_json, {"what": event.what, "run": str(run), "count": len(run.runs)},
        f"Đã ghi: {event.get_what_display()} {len(run.runs)} phôi, {run}", f"{event.what}: {len(run.runs)} blanks, {run}",
    )  # fmt: skip


# -- register numbers ----------------------------------------------------------------------------------------------------

Level = Annotated[str, typer.Option(help="Such as bachelor or upper-secondary.")]
Year = Annotated[int, typer.Option(help="Calendar year of the book.")]


def _book(institution: str, kind: str, level: str, year: int) -> Book:
    from sogoc.register import queries
    from sogoc.services.numbering import Book

    return Book(institution=queries.institution(institution), kind=kind, level=level, year=str(year))


@number_app.command()
def book(institution: InstitutionCode, kind: Kind, level: Level, year: Year, as_json: Json = False) -> int:
    """Show how far the book of a year goes, which numbers are void and which are left out. Exit code 1 where one is."""
    from sogoc.cli import output
    from sogoc.cli.opening import open_home

    open_home(home())
    from sogoc.core.blanks import Runs

    one = _book(institution, kind, level, year)
    gaps = one.gaps()
    (following,) = one.next(1)
    voids = {void.number: void.get_why_display() for void in one.voids().order_by("number")}
    if as_json:
        output.document(
            {"next": following, "rows": one.rows().count(), "void": voids, "gaps": [list(run) for run in gaps]}
        )
    else:
        output.console.print(f"{one.rows().count()} dòng · rows; số tiếp theo · next {following}", markup=False)
        for reason in dict.fromkeys(voids.values()):
            for first, last in Runs.of(number for number, why in voids.items() if why == reason):
                run = str(first) if first == last else f"{first}–{last}"
                output.console.print(f"  {run}: hủy · void: {reason}", markup=False)
        for first, last in gaps:
            output.console.print(f"  ✗ {first}–{last}: bỏ trống · left out", markup=False)
    return 1 if gaps else 0


@number_app.command()
def void(
    numbers: Annotated[list[int], typer.Argument(help="Numbers that no diploma will bear.")],
    institution: InstitutionCode,
    kind: Kind,
    level: Level,
    year: Year,
    why: Annotated[str, typer.Option(help="misprint, page, skipped, withdrawn or other; books print it.")],
    reason: Annotated[str, typer.Option(help="In your words. It stays in the register; name nobody.")],
    by: By,
    as_json: Json = False,
) -> int:
    """Say of register numbers that no diploma will ever bear them, and why."""
    from sogoc.cli.opening import done, now, open_home, person

    open_home(home())
    from sogoc.services import numbering

    made = numbering.void(
        book=_book(institution, kind, level, year), numbers=numbers, why=why, reason=reason, on=f"{year}-12-31", by=person(by),
        now=now(),
    )  # fmt: skip
    texts = [one.register_number for one in made]
    return done(as_json, {"void": texts}, f"Đã hủy số {', '.join(texts)}", f"void: {', '.join(texts)}")


@number_app.command()
def template(
    form: Annotated[str, typer.Argument(help="Such as {number:04}/{mark}/{year}.")],
    institution: InstitutionCode,
    kind: Kind,
    by: By,
    as_json: Json = False,
) -> int:
    """Let an institution write the numbers that are allotted in its own form."""
    from sogoc.cli.opening import done, now, open_home, person

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import numbering

    numbering.set_template(
        institution=queries.institution(institution), kind=kind, template=form, by=person(by), now=now()
    )
    return done(as_json, {"template": form}, f"Mẫu số: {form}", f"numbers are written as {form}")
