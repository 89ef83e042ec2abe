"""What the commands of registrar and approver do: ask who is there, call one service, print."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from sogoc.cli import output
from sogoc.cli.opening import SHOWN_PROBLEMS, advance, done, now, open_home, pairs, person
from sogoc.errors import InputError, WrongState

if TYPE_CHECKING:
    from sogoc.core.intake import Intake, Problem


_KEY = 22  # characters of the key of one proposal


def import_file(
    folder: Path,
    path: Path,
    *,
    institution: str,
    kind: str,
    level: str,
    number: str,
    decided_on: str,
    total: int,
    awarded_on: str,
    by: str,
    given: list[str],
    accept: list[str],
    ignore: list[str],
    meanings: list[str],
    acknowledge: bool,
    faulty: Path | None,
    key: str | None,
    as_json: bool,
) -> int:
    home = open_home(folder)
    from sogoc.adapters.sheets import read_table
    from sogoc.core.intake import RULES, Choices
    from sogoc.core.record import BY_KIND
    from sogoc.register import queries
    from sogoc.services import importing
    from sogoc.services.batches import Decision

    if kind not in BY_KIND:
        raise InputError(f"{kind} is none of {', '.join(BY_KIND)}", f"{kind} không thuộc {', '.join(BY_KIND)}")
    who = person(by)
    keys = frozenset(one for one in accept if len(one) == _KEY and one not in RULES)
    choices = Choices(
        rules=frozenset(accept) - keys, proposals=keys, ignored=frozenset(ignore), meanings=pairs(meanings)
    )
    sheets = read_table(path)
    read, batch = importing.take_in(
        importing.File(name=path.name, content=path.read_bytes(), sheets=tuple(sheets)),
        institution=queries.institution(institution),
        schema=BY_KIND[kind],
        level=level,
        decision=Decision(number=number, decided_on=decided_on, total=total, awarded_on=awarded_on),
        given=pairs(given),
        encrypt=home.box.encrypt,
        randomness=secrets.token_bytes,
        by=who,
        now=now(),
        choices=choices.acknowledge_rule() if acknowledge else choices,
        key=key,
    )
    if faulty is not None:
        from sogoc.adapters.sheets_faulty import write_faulty

        write_faulty(faulty, read)
    if as_json:
        output.document(_intake_json(read) | {"batch": batch.public_id if batch else None})
    else:
        show_intake(read)
        if batch is not None:
            output.console.print(Text(f"✓ Đợt cấp {batch.public_id}: {batch.count} dòng", style="green"))
            output.console.print(Text(f"  sogoc submit {batch.public_id} --by …", style="dim"))
    return 0 if batch is not None else output.FAILED


def _intake_json(read: Intake) -> dict[str, Any]:
    def problem(one: Problem) -> dict[str, Any]:
        return {
            "key": one.key, "file": one.file, "sheet": one.sheet, "cell": one.cell, "column": one.column, "rule": one.rule,
            "severity": one.severity, "before": one.before, "after": one.after, "confidence": one.confidence,
            "readings": dict(one.readings), "en": one.en, "vi": one.vi, "mend": {"en": one.mend, "vi": one.mend_vi},
        }  # fmt: skip

    return {
        "file": read.file,
        "rows": len(read.rows),
        "counts": dict(read.counts),
        "problems": [problem(one) for one in read.problems],
        "changes": [
            {"sheet": c.sheet, "cell": c.cell, "column": c.column, "before": c.before, "after": c.after, "rule": c.rule}
            for c in read.changes
        ],
        "ignored": list(read.ignored),
    }


def show_intake(read: Intake) -> None:
    """Print what was read and every problem by its cell."""
    console = output.console
    if read.problems:
        count = sum(read.counts.values())
        table = Table(title=f"{read.file}: {count} lỗi · problems", show_lines=True, title_justify="left")
        for column in (
            "Ô · Cell",
            "Cột · Column",
            "Giá trị · Value",
            "Quy tắc · Rule",
            "Lỗi và cách sửa · Problem and mend",
        ):
            table.add_column(column, overflow="fold")
        for one in read.problems[:SHOWN_PROBLEMS]:
            said = Text(one.vi)
            said.append(f"\n{one.en}", style="dim")
            said.append(f"\n→ {one.mend_vi}", style="cyan")
            if one.after is not None:
                said.append(f"\n⇒ {one.after} ({one.confidence})", style="green")
            elif one.readings:
                said.append("".join(f"\n? {name}: {reading}" for name, reading in one.readings), style="green")
            cell = f"{one.sheet}!{one.cell}" if one.sheet else one.cell
            table.add_row(cell, one.column, repr(one.before) if one.before else "", one.rule, said)
        console.print(table)
        if count > SHOWN_PROBLEMS:
            console.print(Text(f"… {count - SHOWN_PROBLEMS} lỗi nữa · more (--json)", style="dim"))
    if read.changes:
        console.print(
            Text(
                f"{len(read.changes)} ô được chuẩn hóa hoặc sửa theo đề xuất đã nhận · cells normalised or mended as accepted",
                style="dim",
            )
        )
    if not read.clean:
        outcome, colour = "chưa ghi gì vào sổ · nothing was written", "yellow"
    elif read.warnings:
        outcome, colour = (
            "đọc cảnh báo rồi thêm --acknowledge-warnings · nothing was written: read the warnings first",
            "yellow",
        )
    else:
        outcome, colour = "sẵn sàng · ready", "green"
    clean = f"{read.file}: {len(read.rows)} dòng sạch · clean rows, {read.faulty} dòng lỗi · with problems"
    console.print(Text(f"{clean}; {outcome}", style=colour))


def submit(folder: Path, batch: str, *, by: str, as_json: bool) -> int:
    open_home(folder)
    from sogoc.register import queries
    from sogoc.services import batches

    handed = batches.submit(batch=queries.batch(batch), by=person(by), now=now())
    return done(
        as_json, {"batch": handed.public_id, "state": handed.state},
        f"Đợt cấp {handed.public_id} đang chờ duyệt", "submitted; another person approves it",
    )  # fmt: skip


def discard(folder: Path, batch: str, *, by: str, as_json: bool) -> int:
    open_home(folder)
    from sogoc.register import queries
    from sogoc.services import batches

    found = queries.batch(batch)
    batches.discard(batch=found, by=person(by), now=now())
    return done(
        as_json, {"batch": found.public_id, "state": "discarded"},
        f"Đã bỏ đợt cấp {found.public_id}", "taken out again, with its rows and its file",
    )  # fmt: skip


def approve(folder: Path, batch: str, *, by: str, as_json: bool) -> int:
    home = open_home(folder)
    from sogoc.register import queries
    from sogoc.services import batches

    handed = batches.approve(batch=queries.batch(batch), by=person(by), now=now())
    size, _ = advance(home, total=handed.count, quiet=as_json)
    handed.refresh_from_db()
    if handed.state != "sealed":
        raise WrongState(
            "approved, and not signed yet; the reason is above", "đã duyệt nhưng chưa ký được; lý do ở trên",
            mend="Mend it, then run `sogoc publish`.", mend_vi="Khắc phục rồi chạy `sogoc publish`.",
        )  # fmt: skip
    return done(
        as_json, {"batch": handed.public_id, "state": handed.state, "size": size},
        f"Đã duyệt, ký và công bố {handed.count} văn bằng; nhật ký có {size} mục",
        f"approved, signed and published; the log has {size} entries",
    )  # fmt: skip


def publish(folder: Path, *, state_only: bool, as_json: bool) -> int:
    home = open_home(folder)
    size, unsealed = advance(home, quiet=as_json, state_only=state_only)
    done(as_json, {"size": size, "unsealed": unsealed}, f"Nhật ký có {size} mục", f"the log has {size} entries")
    return output.FAILED if unsealed else 0


def diploma(
    folder: Path, *, institution: str, serial: str, by: str, to: Path, show: list[str] | None, as_json: bool
) -> int:
    home = open_home(folder)
    from sogoc.register import queries
    from sogoc.services import access, delivery

    access.require(person(by), "diploma.read", queries.institution(institution))
    row = queries.row_by_serial(institution, serial)
    counter = delivery.Counter(home.log)
    if to.suffix == ".pdf":
        content = delivery.diploma(row=row, counter=counter, printer=home.printer, keyring=home.keyring, now=now()).pdf
    else:
        content = counter.evidence(row, names=show).encode()
    to.write_bytes(content)
    return done(as_json, {"file": str(to), "bytes": len(content)}, f"{to}", f"{len(content):,} bytes")
