"""What the commands of log, chain, trust and operation do: call one service, print."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rich.table import Table
from rich.text import Text

from sogoc import wiring
from sogoc.cli import output
from sogoc.cli.opening import SHOWN_PROBLEMS, Progression, done, now, open_home
from sogoc.cli.verify import read_file
from sogoc.core import trust
from sogoc.core.entry import write_time
from sogoc.core.trust import Policy
from sogoc.errors import ChainUnavailable, InputError, MalformedError, SogocError
from sogoc.ports import AnchoredEvent, FileStore
from sogoc.wiring import Home

ReadSoFar = Callable[[int, int], None]

# -- log, chain, trust ------------------------------------------------------------------------------------------------


def log_show(folder: Path, index: int | None, *, as_json: bool) -> int:
    home = open_home(folder)
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
    home = open_home(folder)
    from sogoc.register import queries
    from sogoc.services import delivery

    text = delivery.Counter(home.log).receipt(queries.entry_at(index)).encode()
    if to is None:
        sys.stdout.write(text)
    else:
        to.write_text(text)
    return 0


def public_files(folder: Path, files: Path | None, policy: Path | None) -> tuple[FileStore, Policy, Home | None]:
    """Return the public files and the policy to hold them against: what was given, else those of this archive."""
    home = None if files is not None and policy is not None else open_home(folder)
    if files is not None and not files.is_dir():
        raise InputError(f"there is no folder {files}", f"không có thư mục {files}")
    store = wiring.files(str(files)) if files is not None else home.log.public if home else None
    pinned = (
        trust.parse(read_file(policy, trust.MAX_BYTES)) if policy is not None else home.keys_only() if home else None
    )
    if store is None or pinned is None:
        raise InputError("give the public files and a trust policy", "hãy cho tệp công khai và chính sách tin cậy")
    return store, pinned, home


def log_fsck(folder: Path, files: Path | None, policy: Path | None, *, as_json: bool) -> int:
    store, pinned, home = public_files(folder, files, policy)
    from sogoc.services import checking

    events, chain_said = _anchors_to_compare(pinned, home)
    with entries_read("fsck", quiet=as_json) as told:
        audit = checking.fsck(
            store, vkeys=pinned.log, origin=pinned.origin, ministry=pinned.ministry, anchors=events, progress=told
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
        "chain": chain_said,
        "seconds": round(audit.seconds, 3),
    }
    if as_json:
        output.document(value)
    else:
        for fault in audit.faults[:SHOWN_PROBLEMS]:
            output.console.print(Text(f"✗ [{fault.index}] {fault.code}: {fault.vi} · {fault.en}", style="red"))
        for note in audit.notes:
            output.console.print(Text(f"· [{note.index}] {note.code}: {note.vi} · {note.en}", style="yellow"))
        whole = clean and chain_said != "unavailable"
        mark = "✓ " if whole else "! " if clean else f"✗ {len(audit.faults)} lỗi · faults: "
        colour = "green" if whole else "yellow" if clean else "red"
        said = f"{audit.size} mục · entries {dict(audit.acts)}; {len(events)} mốc · anchors ({value['chain']}); {audit.seconds:.2f} s"
        output.console.print(Text(mark + said, style=colour))
    if not clean:
        return output.FAILED
    return output.INCONCLUSIVE if chain_said == "unavailable" else 0


def _anchors_to_compare(pinned: Policy, home: Home | None) -> tuple[list[AnchoredEvent], str]:
    """Return what the chain of this archive holds now, or what the policy observed, and in a word which of them."""
    if home is not None and home.settings.contract is not None:
        try:
            return home.chain().events(), "compared"
        except ChainUnavailable:
            return [], "unavailable"
    seen = observed_anchors(pinned)
    return seen, "observed before" if seen else "not asked"


@contextmanager
def entries_read(label: str, *, quiet: bool) -> Iterator[ReadSoFar]:
    """A progress bar for whoever reads a whole log: it is told how many entries were read so far."""
    with Progression(label, total=0, quiet=quiet) as step:
        seen = [0]

        def told(read: int, _of: int) -> None:
            step(read - seen[0])
            seen[0] = read

        yield told


def observed_anchors(pinned: Policy) -> list[AnchoredEvent]:
    """Return the anchors that the holder of a policy saw."""
    return [
        AnchoredEvent(
            sequence=one.sequence, size=one.size, root=one.root, block_number=one.block_number, block_hash=one.block_hash,
            block_time=one.time, transaction=b"", final=True, pending="",
        )
        for one in pinned.anchors
    ]  # fmt: skip


def log_mirror(folder: Path, target: Path, source: Path | None, policy: Path | None, *, as_json: bool) -> int:
    store, pinned, _ = public_files(folder, source, policy)
    from sogoc.services import checking

    copied = checking.mirror(store, wiring.files(str(target), new=True), vkeys=pinned.log, origin=pinned.origin)
    return done(as_json, {"files": copied}, f"Đã chép {copied} tệp vào {target}", f"{copied} files copied")


def log_fresh(folder: Path, to: Path, *, as_json: bool) -> int:
    home = open_home(folder)
    from sogoc.services import delivery

    content = delivery.Counter(home.log).pack().encode()
    to.write_bytes(content)
    return done(as_json, {"file": str(to), "bytes": len(content)}, f"{to}", f"{len(content):,} bytes")


def anchor(folder: Path, *, wait: float, as_json: bool) -> int:
    home = open_home(folder)
    from sogoc.services import anchoring

    chain = home.chain()
    one = anchoring.anchor(chain, now=now())
    if one is None:
        return done(as_json, {"anchored": None}, "Chưa có gì để ghi mốc", "nothing to anchor yet")
    if wait > 0:
        one = anchoring.wait(chain, one, pause=_pauses(wait), now=now())
    return done(
        as_json,
        {
            "size": one.size,
            "sequence": one.sequence,
            "block": one.block_number,
            "final": one.final,
            "transaction": "0x" + bytes(one.transaction).hex(),
        },
        f"Điểm chốt cỡ {one.size}: mốc số {one.sequence}, khối {one.block_number}",
        "final on the chain" if one.final else "sent; not final yet",
    )  # fmt: skip


def _pauses(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds

    def pause() -> bool:
        time.sleep(0.2)
        return time.monotonic() < end

    return pause


def trust_export(folder: Path, to: Path, *, as_json: bool) -> int:
    home = open_home(folder)
    to.write_bytes(home.policy().encode())
    return done(as_json, {"file": str(to)}, f"{to}", "run `sogoc trust observe` before verifying")


def trust_observe(policy: Path, log: Path | None, *, as_json: bool) -> int:
    pinned = observe(trust.parse(read_file(policy, trust.MAX_BYTES)), now())
    if log is not None:
        from sogoc.services import observing

        pinned = observing.remember_state(pinned, wiring.files(str(log)))
    _replace(policy, pinned.encode())
    return done(
        as_json, {"anchors": len(pinned.anchors), "state": write_time(pinned.seen.at) if pinned.seen else None},
        f"Đã quan sát {len(pinned.anchors)} mốc", f"{len(pinned.anchors)} anchors observed",
    )  # fmt: skip


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: a policy holds what its owner observed."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)


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


def node(folder: Path, verb: str, *, as_json: bool) -> int:
    from sogoc.adapters import node_anvil

    home = Home(folder)
    home.settings  # noqa: B018
    if verb == "start":
        one = node_anvil.start(folder / "chain", chain_id=home.settings.chain_id)
        return done(
            as_json,
            {"endpoint": one.rpc_url, "chain_id": one.chain_id, "pid": one.pid},
            f"Chuỗi khối nhúng chạy tại {one.rpc_url}",
            f"chain {one.chain_id}, pid {one.pid}",
        )
    stopped = node_anvil.stop(folder / "chain")
    return done(
        as_json,
        {"stopped": stopped},
        "Đã dừng chuỗi khối nhúng" if stopped else "Chuỗi khối nhúng không chạy",
        "stopped" if stopped else "was not running",
    )


def recover(folder: Path, *, as_json: bool) -> int:
    home = open_home(folder, whatever_it_holds=True)
    from sogoc.register import queries
    from sogoc.services import erasing, recovery

    result = recovery.recover(home.log, now=now())
    erased = erasing.reapply(home.erasures, now=now())
    if erased.qualifications:
        erasing.scrub()
    lost = [entry.index for entry in queries.lost_entries()]
    value = {
        "size_before": result.size_before, "size_after": result.size_after, "relinked": result.relinked, "inserted": result.inserted,
        "lost_batches": result.lost_batches, "to_cancel": lost,
        "erased_again": erased.qualifications,
    }  # fmt: skip
    if as_json:
        output.document(value)
        return 0
    output.console.print(
        Text(
            f"✓ {result.size_before} → {result.size_after}; {result.inserted} mục khôi phục · entries replayed,"
            f" {result.relinked} nối lại · relinked",
            style="green",
        )
    )
    if erased.qualifications:
        output.console.print(Text(f"✓ {erased.qualifications} hồ sơ đã xóa lại · records erased again", style="green"))
    if lost:
        output.console.print(
            Text(
                f"! {len(lost)} văn bằng trong nhật ký không còn dữ liệu riêng, cần quyết định hủy bỏ"
                " · logged without private rows, to be cancelled by decision:\n"
                f"  {', '.join(map(str, lost[:50]))}{' …' if len(lost) > 50 else ''}\n  sogoc cancel --index N …",
                style="yellow",
            )
        )
    return 0


def serve(folder: Path, *, port: int, workers: int) -> int:
    home = open_home(folder)
    from django.conf import settings
    from granian import Granian
    from granian.constants import Interfaces

    output.console.print(Text(f"{home.settings.origin}: http://127.0.0.1:{port}/", style="bold"))
    Granian(
        "sogoc.server.wsgi:application", address="127.0.0.1", port=port, interface=Interfaces.WSGI, workers=workers,
        blocking_threads=settings.WEB_THREADS, log_enabled=False,
    ).serve()  # fmt: skip
    return 0


def doctor(folder: Path, *, backups: Path | None, as_json: bool) -> int:
    home = open_home(folder, whatever_it_holds=True)
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
    look("uploads", lambda: doctoring.uploads(now=now()))
    look("erasures", lambda: doctoring.erasures(home.erasures))
    if backups is not None:
        look("backups", lambda: doctoring.backups(backups, now=now()))
    look("chain", lambda: doctoring.chain(home.chain()))
    if as_json:
        output.document({name: {"state": state, "said": said} for name, state, said in checks})
    else:
        table = Table.grid(padding=(0, 2))
        for name, state, said in checks:
            table.add_row(Text("✓", "green") if state == "ok" else Text("✗", "red"), name, Text(said))
        output.console.print(table)
    return 0 if all(state == "ok" for _, state, _ in checks) else output.FAILED
