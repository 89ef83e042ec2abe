"""What the commands of registrar and approver do: ask who is there, call one service, print."""

from __future__ import annotations

from pathlib import Path

from sogoc.cli import output
from sogoc.cli.opening import advance, done, now, open_home, person
from sogoc.errors import WrongState


def submit(folder: Path, batch: str, *, by: str, as_json: bool) -> int:
    open_home(folder)
    from sogoc.register import queries
    from sogoc.services import batches

    handed = batches.submit(batch=queries.batch(batch), by=person(by), now=now())
    return done(
        as_json, {"batch": handed.public_id, "state": handed.state},
        f"Đợt cấp {handed.public_id} đang chờ duyệt", "submitted; another person approves it",
    )  # fmt: skip


def discard(folder: Path, batch: str, *, by: str, reason: str | None, as_json: bool) -> int:
    open_home(folder)
    from sogoc.register import queries
    from sogoc.services import batches

    found = queries.batch(batch)
    batches.discard(batch=found, by=person(by), now=now(), reason=reason)
    return done(
        as_json, {"batch": found.public_id, "state": "discarded"},
        f"Đã bỏ đợt cấp {found.public_id}", "taken out again, with its rows; its file is on the workbench",
    )  # fmt: skip


def approve(folder: Path, batch: str, *, by: str, as_json: bool) -> int:
    home = open_home(folder)
    from sogoc.register import queries
    from sogoc.services import batches

    handed = batches.approve(batch=queries.batch(batch), by=person(by), now=now())
    size, _ = advance(home, quiet=as_json)
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
