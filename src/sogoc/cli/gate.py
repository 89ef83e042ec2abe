"""Commands around the gate: decisions and the lists attached to them, and overrides by two officers of the ministry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sogoc.cli.options import By, InstitutionCode, Json, home
from sogoc.errors import InputError

if TYPE_CHECKING:
    from sogoc.register.models import Decision

app = typer.Typer()
decision_app = typer.Typer(no_args_is_help=True, help="Recognition decisions, and the lists attached to them.")
override_app = typer.Typer(
    no_args_is_help=True, help="Let a batch pass in spite of rules of the gate: two officers, in public."
)
app.add_typer(decision_app, name="decision")
app.add_typer(override_app, name="override")

Number = Annotated[str, typer.Argument(help="Number of the decision.")]
DecidedOn = Annotated[str, typer.Option(help="Its date, 2026-06-30.")]
BatchId = Annotated[str, typer.Argument(help="Id of the batch, or its beginning.")]
_COLUMNS = 2


@decision_app.command()
def record(
    number: Number,
    institution: InstitutionCode,
    decided_on: DecidedOn,
    total: Annotated[int, typer.Option(help="How many graduates it names.")],
    by: By,
    people: Annotated[
        Path | None,
        typer.Option("--list", help="The attached list, .xlsx or .csv: a heading, then name and date of birth."),
    ] = None,
    as_json: Json = False,
) -> int:
    """Record a decision before its batches; with --list nobody passes the gate who is not on it."""
    from sogoc.cli.opening import done, now, open_home, person

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import decisions

    made = decisions.record(
        institution=queries.institution(institution), number=number, decided_on=decided_on, total=total, by=person(by),
        now=now(), people=_people(people) if people else None,
    )  # fmt: skip
    return done(
        as_json, _json(made), f"Quyết định {made.number}: {made.total} người", f"recorded, {made.total} graduates"
    )


def _people(path: Path) -> list[tuple[str, str]]:
    from sogoc.adapters.sheets import read_table

    found = []
    for sheet in read_table(path):
        for place, row in enumerate(list(sheet.rows)[1:], 2):
            cells = [(cell if isinstance(cell, str) else cell.text).strip() for cell in row[:_COLUMNS]]
            if any(cells):
                found.append((cells[0], _day(cells[-1], place)))
    return found


def _day(text: str, place: int) -> str:
    """A birth as registers hold it: 05/02/2003, 2003-02-05, or a year."""
    day, month, year = text.split("/") if text.count("/") == _COLUMNS else ("", "", "")
    iso = f"{year}-{month.zfill(2)}-{day.zfill(2)}" if year else text[:10]
    from sogoc.core.record import is_date

    if is_date(iso) is not None:
        raise InputError(f"row {place}: the second column is no date", f"dòng {place}: cột thứ hai không phải ngày")
    return iso


@decision_app.command("list")
def list_(institution: InstitutionCode, as_json: Json = False) -> int:
    """List the decisions of an institution."""
    from sogoc.cli import output
    from sogoc.cli.opening import open_home

    open_home(home())
    from sogoc.register import queries

    found = [_json(one) for one in queries.institution(institution).decisions.order_by("decided_on", "number")]
    if as_json:
        output.document({"decisions": found})
    for one in [] if as_json else found:
        output.console.print(
            f"{one['number']} · {one['decided_on']}: {one['awarded']}/{one['total']}"
            + (" · có danh sách · listed" if one["listed"] else ""),
            markup=False,
        )
    return 0


@decision_app.command()
def show(number: Number, institution: InstitutionCode, decided_on: DecidedOn, as_json: Json = False) -> int:
    """Show one decision, and how many of its graduates were awarded."""
    from sogoc.cli.opening import done, open_home

    open_home(home())
    one = _json(_decision(institution, number, decided_on))
    return done(
        as_json,
        one,
        f"{number}: đã cấp {one['awarded']} trên {one['total']}",
        f"{one['awarded']} of {one['total']} awarded",
    )


@decision_app.command()
def withdraw(number: Number, institution: InstitutionCode, decided_on: DecidedOn, by: By, as_json: Json = False) -> int:
    """Take out a decision that was typed wrongly and that no batch rests on."""
    from sogoc.cli.opening import done, now, open_home, person

    open_home(home())
    from sogoc.services import decisions

    decisions.withdraw(decision=_decision(institution, number, decided_on), by=person(by), now=now())
    return done(as_json, {"withdrawn": number}, f"Đã bỏ quyết định {number}", f"withdrawn: {number}")


def _decision(institution: str, number: str, decided_on: str) -> Decision:
    from sogoc.register import queries

    found = queries.institution(institution).decisions.filter(number=number, decided_on=decided_on).first()
    if found is None:
        raise InputError(
            f"there is no decision {number} of {decided_on}", f"không có quyết định {number} ngày {decided_on}"
        )
    return found


def _json(one: Decision) -> dict[str, str | int | bool]:
    awarded = one.batches.filter(state__in=one.batches.model.COUNTED).values_list("count", flat=True)
    return {
        "number": one.number, "decided_on": one.decided_on, "total": one.total, "listed": one.listed, "awarded": sum(awarded),
    }  # fmt: skip


@override_app.command()
def request(
    batch: BatchId,
    rule: Annotated[list[str], typer.Option(help="A rule of the gate that the batch may break.")],
    reason: Annotated[str, typer.Option(help="Why. It stays in the register, the rules are public; name nobody.")],
    by: By,
    as_json: Json = False,
) -> int:
    """An officer of the ministry asks that a batch may pass in spite of rules."""
    from sogoc.cli.opening import done, now, open_home, person

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import overriding

    made = overriding.request(batch=queries.batch(batch), rules=rule, reason=reason, by=person(by), now=now())
    return done(
        as_json, {"batch": made.batch.public_id, "rules": made.rules, "granted": False},
        "Đã đề nghị; cần một cán bộ khác của Bộ duyệt", "asked; another officer grants it",
    )  # fmt: skip


@override_app.command()
def grant(batch: BatchId, by: By, as_json: Json = False) -> int:
    """Another officer grants it; the log will name the rules, signed by the ministry."""
    from sogoc.cli.opening import done, now, open_home, person

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import overriding

    made = overriding.grant(batch=queries.batch(batch), by=person(by), now=now())
    return done(
        as_json, {"batch": made.batch.public_id, "rules": made.rules, "granted": True},
        f"Đã cho qua: {', '.join(made.rules)}", f"granted in public: {', '.join(made.rules)}",
    )  # fmt: skip
