"""What the commands of an archive do: find the archive, ask who is there, call one service, print."""

from __future__ import annotations

import getpass
import os
import secrets
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from sogoc import wiring
from sogoc.cli import output
from sogoc.core import trust
from sogoc.core.canonical import b64
from sogoc.core.entry import write_time
from sogoc.core.trust import Policy
from sogoc.errors import ChainUnavailable, InputError, MalformedError, SogocError
from sogoc.wiring import Home

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from sogoc.core.intake import Intake, Problem
    from sogoc.services.acting import ActDecision

SHOWN_PROBLEMS = 40


def _open(folder: Path) -> Home:
    home = Home(folder)
    home.settings  # noqa: B018 - refuses before Django would make an empty database in a wrong folder
    wiring.setup_django(folder)
    return home


def _now() -> datetime:
    return wiring.utc_now().replace(microsecond=0)


def _person(username: str) -> User:
    from sogoc.services import access

    password = os.environ.get("SOGOC_PASSWORD")
    if password is None:
        password = getpass.getpass(f"Mật khẩu của {username} · Password of {username}: ")
    return access.authenticate(username, password)


def _pairs(given: list[str]) -> dict[str, str]:
    pairs = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not sign:
            raise InputError(f"{one} is not FIELD=VALUE", f"{one} không phải dạng TRƯỜNG=GIÁ TRỊ")
        pairs[name] = value
    return pairs


def _done(as_json: bool, value: dict[str, Any], vi: str, en: str) -> int:
    if as_json:
        output.document(value)
    else:
        output.console.print(Text(f"✓ {vi}", style="green"))
        output.console.print(Text(f"  {en}", style="dim"))
    return 0


# -- registrar and approver -------------------------------------------------------------------------------------------


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
    key: str | None,
    as_json: bool,
) -> int:
    home = _open(folder)
    from sogoc.adapters.sheets import read_table
    from sogoc.core.record import BY_KIND
    from sogoc.register import queries
    from sogoc.services import importing
    from sogoc.services.batches import Decision

    if kind not in BY_KIND:
        raise InputError(f"{kind} is none of {', '.join(BY_KIND)}", f"{kind} không thuộc {', '.join(BY_KIND)}")
    person = _person(by)
    sheets = read_table(path)
    read, batch = importing.take_in(
        importing.File(name=path.name, content=path.read_bytes(), sheets=tuple(sheets)),
        institution=queries.institution(institution),
        schema=BY_KIND[kind],
        level=level,
        decision=Decision(number=number, decided_on=decided_on, total=total, awarded_on=awarded_on),
        given=_pairs(given),
        encrypt=home.box.encrypt,
        randomness=secrets.token_bytes,
        by=person,
        now=_now(),
        accept=accept,
        ignore=ignore,
        key=key,
    )
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
            "file": one.file, "sheet": one.sheet, "cell": one.cell, "column": one.column, "value": one.value, "rule": one.rule,
            "severity": one.severity, "proposal": one.proposal, "en": one.en, "vi": one.vi,
            "mend": {"en": one.mend, "vi": one.mend_vi},
        }  # fmt: skip

    return {
        "file": read.file,
        "rows": len(read.rows),
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
        table = Table(title=f"{read.file}: {len(read.problems)} lỗi · problems", show_lines=True, title_justify="left")
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
            if one.proposal is not None:
                said.append(f"\n⇒ {one.proposal}", style="green")
            cell = f"{one.sheet}!{one.cell}" if one.sheet else one.cell
            table.add_row(cell, one.column, repr(one.value) if one.value else "", one.rule, said)
        console.print(table)
        if len(read.problems) > SHOWN_PROBLEMS:
            console.print(Text(f"… {len(read.problems) - SHOWN_PROBLEMS} lỗi nữa · more (--json)", style="dim"))
    if read.changes:
        console.print(
            Text(
                f"{len(read.changes)} ô được chuẩn hóa, không mất chữ nào · cells normalised, no letter lost",
                style="dim",
            )
        )
    console.print(
        Text(
            f"{read.file}: {len(read.rows)} dòng sạch · clean rows, {read.faulty} dòng lỗi · with problems; "
            + ("chưa ghi gì vào sổ · nothing was written" if not read.clean else "sẵn sàng · ready"),
            style="yellow" if not read.clean else "green",
        )
    )


def submit(folder: Path, batch: str, *, by: str, as_json: bool) -> int:
    _open(folder)
    from sogoc.register import queries
    from sogoc.services import batches

    done = batches.submit(batch=queries.batch(batch), by=_person(by), now=_now())
    return _done(
        as_json, {"batch": done.public_id, "state": done.state},
        f"Đợt cấp {done.public_id} đang chờ duyệt", "submitted; another person approves it",
    )  # fmt: skip


def approve(folder: Path, batch: str, *, by: str, as_json: bool) -> int:
    home = _open(folder)
    from sogoc.register import queries
    from sogoc.services import batches

    done = batches.approve(batch=queries.batch(batch), by=_person(by), now=_now())
    size = advance(home, total=done.count, quiet=as_json)
    done.refresh_from_db()
    return _done(
        as_json, {"batch": done.public_id, "state": done.state, "size": size},
        f"Đã duyệt, ký và công bố {done.count} văn bằng; nhật ký có {size} mục", f"approved, signed and published; the log has {size} entries",
    )  # fmt: skip


def advance(home: Home, *, total: int = 0, quiet: bool = False, state_only: bool = False) -> int:
    """Seal, log and publish what waits, with a progress bar; return the size of the log."""
    from sogoc.register import queries
    from sogoc.services import issuing

    with _progress("Ký · Signing", total=total, quiet=quiet) as advance_bar:
        _, problems = issuing.advance(
            home.log, keyring=home.keyring, randomness=secrets.token_bytes, now=_now(), progress=advance_bar,
            state_only=state_only,
        )  # fmt: skip
    for problem in problems:
        output.fail(problem, as_json=False)
    if problems:
        raise problems[0]
    head = queries.newest_head()
    return head.size if head else 0


class _progress:
    """A progress bar on standard error that appears only when the work takes longer than a second."""

    def __init__(self, label: str, *, total: int, quiet: bool) -> None:
        self._label, self._total, self._quiet = label, total, quiet or not output.stderr.is_terminal
        self._began, self._done = time.monotonic(), 0
        self._bar: Progress | None = None

    def __enter__(self) -> Callable[[int], None]:
        return self._step

    def _step(self, count: int) -> None:
        self._done += count
        if self._quiet or (self._bar is None and time.monotonic() - self._began < 1):
            return
        if self._bar is None:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, console=output.stderr, transient=True)
            self._bar.add_task(self._label, total=self._total or None)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=self._done)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def publish(folder: Path, *, state_only: bool, as_json: bool) -> int:
    home = _open(folder)
    size = advance(home, quiet=as_json, state_only=state_only)
    return _done(as_json, {"size": size}, f"Nhật ký có {size} mục", f"the log has {size} entries")


def change_status(
    folder: Path,
    act: str,
    *,
    institution: str,
    serial: str | None,
    index: int | None,
    number: str,
    on: str,
    wording: str,
    by: str,
    act_id: str | None,
    as_json: bool,
) -> int:
    home = _open(folder)
    from sogoc.register import queries
    from sogoc.services import acting

    if (serial is None) == (index is None):
        raise InputError("give --serial or --index", "hãy cho --serial hoặc --index")
    person = _person(by)
    logged = queries.entry_at(index) if index is not None else queries.row_by_serial(institution, serial or "").entry
    if logged is None:
        raise InputError("this qualification is not logged yet", "văn bằng này chưa vào nhật ký")
    if logged.institution != queries.institution(institution):
        raise InputError("the entry is of another institution", "mục này của cơ sở khác")
    done = acting.change_status(
        act=act, logged=logged, decision=_decision(number, on), wording=wording, act_id=act_id or b64(secrets.token_bytes(16)),
        keyring=home.keyring, by=person, now=_now(),
    )  # fmt: skip
    size = advance(home, quiet=True)
    done.refresh_from_db()
    return _done(
        as_json, {"act": act, "index": done.index, "size": size}, f"Đã ghi: {act}, vị trí {done.index}", f"logged at index {done.index}"
    )  # fmt: skip


def _decision(number: str, on: str) -> ActDecision:
    from sogoc.core.record import is_full_date
    from sogoc.services.acting import ActDecision

    if is_full_date(on) is not None:
        raise InputError(f"{on} is not a date such as 2026-11-20", f"{on} không phải ngày dạng 2026-11-20")
    return ActDecision(number=number, on=on, salt=secrets.token_bytes(16))


def amend(
    folder: Path, *, institution: str, serial: str, number: str, on: str, changes: list[str], by: str, act_id: str | None, as_json: bool
) -> int:  # fmt: skip
    home = _open(folder)
    from sogoc.register import queries
    from sogoc.services import acting

    person = _person(by)
    row = acting.amend(
        row=queries.row_by_serial(institution, serial), changes={n: v or None for n, v in _pairs(changes).items()},
        decision=_decision(number, on), act_id=act_id or b64(secrets.token_bytes(16)), keyring=home.keyring,
        randomness=secrets.token_bytes, by=person, now=_now(),
    )  # fmt: skip
    size = advance(home, quiet=True)
    row.refresh_from_db()
    index = row.entry.index if row.entry else None
    return _done(
        as_json,
        {"act": "amend", "index": index, "size": size},
        f"Đã ghi chỉnh sửa, vị trí {index}",
        f"logged at index {index}",
    )


def diploma(folder: Path, *, institution: str, serial: str, by: str, to: Path, show: list[str] | None) -> int:
    home = _open(folder)
    from sogoc.register import queries
    from sogoc.services import access, delivery

    access.require(_person(by), "diploma.read", queries.institution(institution))
    row = queries.row_by_serial(institution, serial)
    counter = delivery.Counter(home.log)
    if to.suffix == ".pdf":
        content = delivery.diploma(row=row, counter=counter, printer=home.printer, keyring=home.keyring, now=_now()).pdf
    else:
        content = counter.evidence(row, names=show).encode()
    to.write_bytes(content)
    return _done(False, {}, f"{to}", f"{len(content):,} bytes")


# -- log, chain, trust ------------------------------------------------------------------------------------------------


def log_show(folder: Path, index: int | None, *, as_json: bool) -> int:
    home = _open(folder)
    from sogoc.register import queries

    if index is not None:
        entry = queries.entry_at(index)
        sys.stdout.write(bytes(entry.content).decode() + "\n")
        return 0
    head, state = queries.newest_head(), queries.newest_state()
    anchors = [
        {"size": a.size, "sequence": a.sequence, "block": a.block_number, "final": a.final} for a in queries.anchors()
    ]
    value = {
        "origin": home.settings.origin,
        "trial": home.settings.trial,
        "size": head.size if head else 0,
        "root": bytes(head.root).hex() if head else None,
        "state_at": write_time(state.at) if state else None,
        "qualifications": queries.issued(),
        "waiting": queries.waiting_entries(),
        "anchors_as_last_seen": anchors,
    }
    if as_json:
        output.document(value)
        return 0
    table = Table.grid(padding=(0, 2))
    for name, said in value.items():
        if name != "anchors_as_last_seen":
            table.add_row(Text(name, style="dim"), str(said))
    output.console.print(table)
    for anchor in anchors:
        output.console.print(
            Text(
                f"anchor {anchor['sequence']}: size {anchor['size']}, block {anchor['block']}, final {anchor['final']}"
            )
        )
    return 0


def log_prove(folder: Path, index: int, to: Path | None) -> int:
    home = _open(folder)
    from sogoc.register import queries
    from sogoc.services import delivery

    text = delivery.Counter(home.log).receipt(queries.entry_at(index)).encode()
    if to is None:
        sys.stdout.write(text)
    else:
        to.write_text(text)
    return 0


def _public(folder: Path, files: Path | None, policy: Path | None) -> tuple[Any, Policy, Home | None]:
    """Return the public files and the policy to hold them against: what was given, else those of this archive."""
    home = None if files is not None and policy is not None else _open(folder)
    pinned = trust.parse(policy.read_bytes()) if policy is not None else home.policy() if home else None
    store = wiring.files(str(files)) if files is not None else home.log.public if home else None
    if pinned is None:
        raise InputError("no trust policy", "thiếu chính sách tin cậy")
    return store, pinned, home


def log_fsck(folder: Path, files: Path | None, policy: Path | None, *, as_json: bool) -> int:
    store, pinned, home = _public(folder, files, policy)
    from sogoc.services import checking

    events: list[Any] = []
    chain_problem: SogocError | None = None
    for chain in pinned.chains if home is not None else ():
        try:
            events += wiring.observing_chain(chain, pinned.origin).events()
        except ChainUnavailable as error:
            chain_problem = error
    with _progress("fsck", total=0, quiet=as_json) as step:
        seen = [0]

        def progress(done: int, of: int) -> None:
            step(done - seen[0])
            seen[0] = done

        audit = checking.fsck(
            store, vkeys=pinned.log, origin=pinned.origin, ministry=pinned.ministry, anchors=events, progress=progress
        )
    clean = not audit.faults
    value = {
        "clean": clean,
        "size": audit.size,
        "root": audit.root.hex(),
        "acts": dict(audit.acts),
        "institutions": {str(o): dict(counts) for o, counts in audit.institutions.items()},
        "state_at": write_time(audit.state_at) if audit.state_at else None,
        "faults": [{"index": f.index, "code": f.code, "en": f.en, "vi": f.vi} for f in audit.faults],
        "notes": [{"index": f.index, "code": f.code, "en": f.en, "vi": f.vi} for f in audit.notes],
        "anchors_compared": len(events),
        "chain": "not asked" if not pinned.chains or home is None else "unavailable" if chain_problem else "compared",
        "seconds": round(audit.seconds, 3),
    }
    if as_json:
        output.document(value)
    else:
        for fault in audit.faults[:SHOWN_PROBLEMS]:
            output.console.print(Text(f"✗ [{fault.index}] {fault.code}: {fault.vi} · {fault.en}", style="red"))
        for note in audit.notes:
            output.console.print(Text(f"· [{note.index}] {note.code}: {note.vi} · {note.en}", style="yellow"))
        said = f"{audit.size} mục · entries {dict(audit.acts)}; {len(events)} mốc · anchors ({value['chain']}); {audit.seconds:.2f} s"
        output.console.print(
            Text(("✓ " if clean else f"✗ {len(audit.faults)} lỗi · faults: ") + said, style="green" if clean else "red")
        )
    return 0 if clean else output.FAILED


def log_mirror(folder: Path, target: Path, source: Path | None, policy: Path | None) -> int:
    store, pinned, _ = _public(folder, source, policy)
    from sogoc.services import checking

    copied = checking.mirror(store, wiring.files(str(target)), vkeys=pinned.log, origin=pinned.origin)
    return _done(False, {}, f"Đã chép {copied} tệp vào {target}", f"{copied} files copied")


def log_fresh(folder: Path, to: Path) -> int:
    home = _open(folder)
    from sogoc.services import delivery

    content = delivery.Counter(home.log).pack().encode()
    to.write_bytes(content)
    return _done(False, {}, f"{to}", f"{len(content):,} bytes")


def anchor(folder: Path, *, wait: float, as_json: bool) -> int:
    home = _open(folder)
    from sogoc.services import anchoring

    chain = home.chain()
    one = anchoring.anchor(chain, now=_now())
    if one is None:
        return _done(as_json, {"anchored": None}, "Chưa có gì để ghi mốc", "nothing to anchor yet")
    if wait > 0:
        one = anchoring.wait(chain, one, pause=_pauses(wait))
    return _done(
        as_json,
        {"size": one.size, "sequence": one.sequence, "block": one.block_number, "final": one.final, "transaction": "0x" + bytes(one.transaction).hex()},
        f"Điểm chốt cỡ {one.size}: mốc số {one.sequence}, khối {one.block_number}",
        "final on the chain" if one.final else "sent; not final yet",
    )  # fmt: skip


def _pauses(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds

    def pause() -> bool:
        time.sleep(0.2)
        return time.monotonic() < end

    return pause


def trust_export(folder: Path, to: Path) -> int:
    home = _open(folder)
    to.write_bytes(home.policy().encode())
    return _done(False, {}, f"{to}", "run `sogoc trust observe` before verifying")


def trust_observe(policy: Path, log: Path | None, *, as_json: bool) -> int:
    pinned = observe(trust.parse(policy.read_bytes()), _now())
    if log is not None:
        from sogoc.services import observing

        pinned = observing.remember_state(pinned, wiring.files(str(log)))
    policy.write_bytes(pinned.encode())
    return _done(
        as_json, {"anchors": len(pinned.anchors), "state": write_time(pinned.seen.at) if pinned.seen else None},
        f"Đã quan sát {len(pinned.anchors)} mốc", f"{len(pinned.anchors)} anchors observed",
    )  # fmt: skip


def observe(policy: Policy, now: datetime) -> Policy:
    """Ask the chains of a policy and return it with what they hold. Raises: ChainUnavailable, InputError."""
    from sogoc.services.observing import observe as see

    try:
        chains = [wiring.observing_chain(pinned, policy.origin) for pinned in policy.chains]
    except ImportError as error:
        raise InputError(
            "asking a chain needs more than verification does", "hỏi chuỗi khối cần cài thêm",
            mend="pip install 'sogoc[server]'", mend_vi="pip install 'sogoc[server]'",
        ) from error  # fmt: skip
    return see(policy, chains, now=now)


# -- running the archive ----------------------------------------------------------------------------------------------


def node(folder: Path, verb: str) -> int:
    from sogoc.adapters import node_anvil

    home = Home(folder)
    home.settings  # noqa: B018
    if verb == "start":
        one = node_anvil.start(folder / "chain", chain_id=home.settings.chain_id)
        return _done(False, {}, f"Chuỗi khối nhúng chạy tại {one.rpc_url}", f"chain {one.chain_id}, pid {one.pid}")
    stopped = node_anvil.stop(folder / "chain")
    return _done(
        False,
        {},
        "Đã dừng chuỗi khối nhúng" if stopped else "Chuỗi khối nhúng không chạy",
        "stopped" if stopped else "was not running",
    )


def recover(folder: Path, *, as_json: bool) -> int:
    home = _open(folder)
    from sogoc.register import queries
    from sogoc.services import recovery

    done = recovery.recover(home.log, now=_now())
    lost = [entry.index for entry in queries.lost_entries()]
    value = {
        "size_before": done.size_before, "size_after": done.size_after, "relinked": done.relinked, "inserted": done.inserted,
        "lost_batches": done.lost_batches, "to_cancel": lost,
    }  # fmt: skip
    if as_json:
        output.document(value)
        return 0
    output.console.print(
        Text(
            f"✓ {done.size_before} → {done.size_after}; {done.inserted} mục khôi phục · entries replayed, {done.relinked} nối lại · relinked",
            style="green",
        )
    )
    if lost:
        output.console.print(
            Text(
                f"! {len(lost)} văn bằng trong nhật ký không còn dữ liệu riêng, cần quyết định hủy bỏ · logged without private rows, to be cancelled by decision:\n"
                f"  {', '.join(map(str, lost[:50]))}{' …' if len(lost) > 50 else ''}\n  sogoc cancel --index N …",
                style="yellow",
            )
        )
    return 0


def serve(folder: Path, *, port: int, workers: int) -> int:
    home = _open(folder)
    from granian import Granian
    from granian.constants import Interfaces

    output.console.print(Text(f"{home.settings.origin}: http://127.0.0.1:{port}/", style="bold"))
    Granian(
        "sogoc.server.wsgi:application", address="127.0.0.1", port=port, interface=Interfaces.WSGI, workers=workers, log_enabled=False
    ).serve()  # fmt: skip
    return 0


def doctor(folder: Path, *, as_json: bool) -> int:
    home = _open(folder)
    from sogoc.services import doctoring

    checks: list[tuple[str, str, str]] = []

    def look(name: str, question: Callable[[], str]) -> None:
        try:
            checks.append((name, "ok", question()))
        except (SogocError, OSError, MalformedError) as error:
            checks.append((name, "bad", str(error)))

    look("settings", lambda: f"{home.settings.origin}{' (trial)' if home.settings.trial else ''}")
    look("database", doctoring.database)
    look("migrations", doctoring.migrations)
    look("keys", lambda: f"log {home.log.signer.vkeys[0].split('+')[1]}, ministry {home.ministry.jwk['x'][:8]}…")
    look("log", lambda: doctoring.log(home.log))
    look("waiting", doctoring.waiting)
    look("chain", lambda: doctoring.chain(home.chain()))
    if as_json:
        output.document({name: {"state": state, "said": said} for name, state, said in checks})
    else:
        table = Table.grid(padding=(0, 2))
        for name, state, said in checks:
            table.add_row(Text("✓", "green") if state == "ok" else Text("✗", "red"), name, Text(said))
        output.console.print(table)
    return 0 if all(state == "ok" for _, state, _ in checks) else output.FAILED
