"""Commands on a qualification after it was issued: revoke, cancel, suspend, reinstate, recall a list, amend, reissue."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sogoc.cli.options import PREPARER_PASSWORD, By, InstitutionCode, Json, PreparedBy, SerialNumber, home
from sogoc.errors import InputError

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from sogoc.register.models import Row
    from sogoc.services.acting import ActDecision, Acting
    from sogoc.wiring import Home

app = typer.Typer()

Serial = Annotated[str | None, typer.Option(help="Serial number (số hiệu).")]
Index = Annotated[int | None, typer.Option(help="Log index, for an entry whose private row was lost.")]
DecisionNumber = Annotated[str, typer.Option("--decision", help="Number of the decision behind this act.")]
On = Annotated[str, typer.Option("--on", help="Date of the decision, 2026-11-20.")]
Ground = Annotated[str, typer.Option(help="Ground in law, by its name in docs/law.md.")]
GroundIfAny = Annotated[str | None, typer.Option(help="Ground in law, by its name in docs/law.md.")]
Judgment = Annotated[bool, typer.Option("--judgment", help="A court decided: the log then says no more of the reason.")]
ActId = Annotated[str | None, typer.Option("--id", help="Idempotency id of this act (default: a new one).")]


def _status_command(act: str, text: str) -> None:
    @app.command(act, help=text)
    def command(
        institution: InstitutionCode,
        decision: DecisionNumber,
        on: On,
        by: By,
        serial: Serial = None,
        index: Index = None,
        ground: GroundIfAny = None,
        judgment: Judgment = False,
        prepared_by: Annotated[
            str | None, typer.Option(help="A second person; needed from the 21st in an hour on.")
        ] = None,
        act_id: ActId = None,
        as_json: Json = False,
    ) -> int:
        return _change_status(
            act, institution=institution, serial=serial, index=index, number=decision, on=on, ground=ground,
            judgment=judgment, prepared_by=prepared_by, by=by, act_id=act_id, as_json=as_json,
        )  # fmt: skip


_status_command("revoke", "Revoke a qualification by decision, on a ground of the law. There is no way back.")
_status_command("cancel", "Cancel a qualification by decision, on a ground of the law. There is no way back.")
_status_command("suspend", "Suspend a qualification until a decision.")
_status_command("reinstate", "End a suspension.")


def _change_status(
    act: str,
    *,
    institution: str,
    serial: str | None,
    index: int | None,
    number: str,
    on: str,
    ground: str | None,
    judgment: bool,
    prepared_by: str | None,
    by: str,
    act_id: str | None,
    as_json: bool,
) -> int:
    from sogoc.cli.opening import advance, done, open_home, person
    from sogoc.core.canonical import b64

    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import acting

    if (serial is None) == (index is None):
        raise InputError("give --serial or --index", "hãy cho --serial hoặc --index")
    second = person(prepared_by, PREPARER_PASSWORD) if prepared_by else None
    who = person(by)
    logged = queries.entry_at(index) if index is not None else queries.row_by_serial(institution, serial or "").logged
    if logged is None:
        raise InputError("this qualification is not logged yet", "văn bằng này chưa vào nhật ký")
    if logged.institution != queries.institution(institution):
        raise InputError("the entry is of another institution", "mục này của cơ sở khác")
    entry = acting.change_status(
        _acting(archive, by=who, prepared_by=second), act=act, logged=logged,
        decision=_decision(number, on, ground, judgment=judgment), act_id=act_id or b64(secrets.token_bytes(16)),
    )  # fmt: skip
    size, _ = advance(archive, quiet=True)
    entry.refresh_from_db()
    return done(
        as_json, {"act": act, "index": entry.index, "size": size},
        f"Đã ghi: {acting.VIETNAMESE[act]}, vị trí {entry.index}", f"{act}: logged at index {entry.index}",
    )  # fmt: skip


def _acting(archive: Home, *, by: User, prepared_by: User | None) -> Acting:
    from sogoc.cli.opening import now
    from sogoc.services.acting import Acting

    return Acting(
        log=archive.log, keyring=archive.keyring, ministry=lambda: archive.ministry, by=by, now=now(),
        prepared_by=prepared_by,
    )  # fmt: skip


def _decision(number: str, on: str, ground: str | None, *, judgment: bool = False) -> ActDecision:
    from sogoc.core.record import is_full_date
    from sogoc.services.acting import ActDecision

    if is_full_date(on) is not None:
        raise InputError(f"{on} is not a date such as 2026-11-20", f"{on} không phải ngày dạng 2026-11-20")
    return ActDecision(number=number, on=on, salt=secrets.token_bytes(16), ground=ground, judgment=judgment)


@app.command()
def recall(
    file: Annotated[Path, typer.Argument(help="A text file: one serial number or identifier on each line.")],
    institution: InstitutionCode,
    decision: DecisionNumber,
    on: On,
    prepared_by: PreparedBy,
    by: By,
    act: Annotated[str, typer.Option(help="revoke, cancel, suspend or reinstate.")] = "revoke",
    ground: GroundIfAny = None,
    judgment: Judgment = False,
    leave_out: Annotated[list[str] | None, typer.Option(help="Leave out this line, which cannot be acted on.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Hold the list against the register, and do nothing.")] = False,
    as_json: Json = False,
) -> int:
    """Act on a list of diplomas by one decision or judgment, checked whole first, by two people. Safe to run again."""
    from sogoc.cli import output
    from sogoc.cli.opening import Progression, advance, done, open_home, person

    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import recalling

    preparer, who = person(prepared_by, PREPARER_PASSWORD), person(by)
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{file} is no text file that can be read", f"không đọc được {file} như tệp văn bản"
        ) from error
    wanted = recalling.Recall(
        institution=queries.institution(institution), act=act,
        decision=_decision(decision, on, ground, judgment=judgment),
        named=tuple(line.strip() for line in lines if line.strip()),
    )  # fmt: skip
    examined = recalling.examine(wanted, by=who)
    exceptions = [{"line": name, "why": why} for name, why in examined.exceptions]
    if not as_json:
        for name, why in examined.exceptions:
            en, vi = recalling.EXCEPTIONS[why]
            output.stderr.print(f"  {name}: {vi} · {en}", markup=False)
    if check:
        done(
            as_json, {"clear": len(examined.clear), "done": len(examined.done), "exceptions": exceptions},
            f"{len(examined.clear)} văn bằng thực hiện được, {len(examined.done)} đã xong, {len(exceptions)} vướng mắc",
            f"{len(examined.clear)} can be acted on, {len(examined.done)} are done, {len(exceptions)} exceptions",
        )  # fmt: skip
        return output.FAILED if exceptions else 0
    with Progression("Thu hồi · Recall", total=len(examined.clear), quiet=as_json) as progress:
        told = recalling.run(
            _acting(archive, by=who, prepared_by=preparer), wanted, acknowledged=leave_out or [],
            randomness=secrets.token_bytes, progress=progress,
        )  # fmt: skip
    size, _ = advance(archive, quiet=True)
    for identifier, why_not in told.failed:
        output.stderr.print(f"  {identifier}: {why_not.vi} · {why_not.en}", markup=False)
    done(
        as_json,
        {
            "recall": told.recall, "logged": told.logged, "before": told.before, "left_out": exceptions,
            "failed": [identifier for identifier, _ in told.failed], "size": size,
        },
        f"Đã ghi {told.logged} văn bằng, trước đó {told.before}; nhật ký có {size} mục",
        f"{told.logged} logged, {told.before} before; the log has {size} entries",
    )  # fmt: skip
    return output.FAILED if told.failed else 0


@app.command()
def amend(
    institution: InstitutionCode,
    serial: SerialNumber,
    decision: DecisionNumber,
    on: On,
    prepared_by: PreparedBy,
    by: By,
    ground: Ground,
    set_: Annotated[list[str], typer.Option("--set", help="FIELD=VALUE; FIELD= removes it.")],
    act_id: ActId = None,
    as_json: Json = False,
) -> int:
    """Log a corrected version of a record by decision and by two people; the diploma itself stays."""
    from sogoc.cli.opening import open_home, pairs, person
    from sogoc.core.canonical import b64

    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import amending

    preparer, who = person(prepared_by, PREPARER_PASSWORD), person(by)
    row = amending.amend(
        _acting(archive, by=who, prepared_by=preparer), row=queries.row_by_serial(institution, serial),
        changes={name: value or None for name, value in pairs(set_).items()},
        decision=_decision(decision, on, ground), act_id=act_id or b64(secrets.token_bytes(16)),
        randomness=secrets.token_bytes,
    )  # fmt: skip
    return _say_version(archive, row, "amend", "chỉnh sửa", as_json=as_json)


@app.command()
def reissue(
    institution: InstitutionCode,
    serial: SerialNumber,
    new_serial: Annotated[str, typer.Option(help="Serial number of the new blank.")],
    decision: DecisionNumber,
    on: On,
    prepared_by: PreparedBy,
    by: By,
    ground: Ground = "issuer-error",
    set_: Annotated[list[str] | None, typer.Option("--set", help="FIELD=VALUE; FIELD= removes it.")] = None,
    act_id: ActId = None,
    as_json: Json = False,
) -> int:
    """Issue a diploma again, for the issuer's own error only; a lost original is refused, and a copy offered."""
    from sogoc.cli.opening import open_home, pairs, person
    from sogoc.core.canonical import b64

    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import reissuing

    preparer, who = person(prepared_by, PREPARER_PASSWORD), person(by)
    row = reissuing.reissue(
        _acting(archive, by=who, prepared_by=preparer), row=queries.row_by_serial(institution, serial),
        serial_number=new_serial,
        changes={name: value or None for name, value in pairs(set_ or []).items()},
        decision=_decision(decision, on, ground), act_id=act_id or b64(secrets.token_bytes(16)),
        randomness=secrets.token_bytes,
    )  # fmt: skip
    return _say_version(archive, row, "reissue", "cấp lại", as_json=as_json)


def _say_version(archive: Home, row: Row, act: str, vi: str, *, as_json: bool) -> int:
    from sogoc.cli.opening import advance, done

    size, _ = advance(archive, quiet=True)
    row.refresh_from_db()
    index = row.logged.index if row.logged else None
    return done(
        as_json, {"act": act, "index": index, "size": size},
        f"Đã ghi {vi}, vị trí {index}", f"logged at index {index}",
    )  # fmt: skip
