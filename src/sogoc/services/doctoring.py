"""Look over an archive before trusting it with a day's work: what is weaker than it must be is refused, by name."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Min

from sogoc.errors import InputError, WrongState
from sogoc.ports import Chain, ErasureJournal, Log
from sogoc.register import queries
from sogoc.register.models import Upload
from sogoc.services import erasing, sequencing

_POSTGRESQL = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_SQLITE = {"journal_mode": "wal", "synchronous": "2"}


def database() -> str:
    """Say which database this is. Raises: WrongState when it would lose an acknowledged commit at a power cut."""
    postgresql = connection.vendor == "postgresql"
    wanted = _POSTGRESQL if postgresql else _SQLITE
    weak = []
    with connection.cursor() as cursor:
        for name, value in wanted.items():
            cursor.execute(f"SHOW {name}" if postgresql else f"PRAGMA {name}")
            (found,) = cursor.fetchone()
            stronger = postgresql and name == "synchronous_commit" and found in ("remote_write", "remote_apply")
            if str(found).lower() != value and not stronger and not (name == "synchronous" and found == 3):
                weak.append(f"{name} = {found}, must be {value}")
    if weak:
        raise WrongState("; ".join(weak), "cấu hình cơ sở dữ liệu không an toàn: " + "; ".join(weak))
    return f"{connection.vendor}, {', '.join(f'{n}={v}' for n, v in wanted.items())}"


def migrations() -> str:
    """Say that the tables are those of this version. Raises: WrongState."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise WrongState(f"{len(missing)} migrations are missing", f"thiếu {len(missing)} bước cập nhật bảng")
    return "up to date"


def log(one: Log) -> str:
    """Say where the log is. Raises: RecoveryNeeded, LogForked."""
    sequencing.refuse_if_behind(one)
    head, locked = queries.newest_head(), one.lock.head(one.origin)
    size, decided = head.size if head else 0, locked[0] if locked else 0
    if size != decided:
        return f"size {size} is public, {decided} is decided: `sogoc publish` finishes it"
    return f"size {size}, lock and files agree"


def waiting() -> str:
    """Say what a stop left behind."""
    entries, batches, heads = queries.waiting_entries(), len(queries.unfinished_batches()), queries.unpublished_heads()
    return f"{entries} entries, {batches} batches to seal, {heads} heads to publish"


def uploads(*, now: datetime) -> str:
    """Say how many registrars' files lie on workbenches and never became a batch, and how old the oldest is: they are personal data
    that no register explains.
    """
    left = Upload.objects.filter(batch=None).aggregate(count=Count("pk"), oldest=Min("opened_at"))
    if not left["count"]:
        return "no file waits on a workbench"
    days = (now - left["oldest"]).days
    return f"{left['count']} files never became a batch, the oldest is {days} d old: `sogoc upload list`, `sogoc upload drop`"


def erasures(journal: ErasureJournal) -> str:
    """Say how many records were erased. Raises: RecoveryNeeded when a restore brought some back, StorageUnavailable."""
    erasing.refuse_if_remembered(journal)
    return f"{sum(1 for _ in journal.read())} records erased, none of them here"


def backups(folder: Path, *, now: datetime) -> str:
    """Say that no backup is older than it may get. Raises: WrongState naming those that are."""
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}", f"không có thư mục {folder}")
    old = erasing.old_backups(folder, now=now)
    if old:
        names = ", ".join(f"{name} ({age} d)" for name, age in old[:10])
        raise WrongState(f"{len(old)} backups are too old: {names}", f"{len(old)} bản sao lưu quá hạn: {names}")
    return "none older than it may get"


def chain(one: Chain) -> str:
    """Say what the chain holds. Raises: ChainUnavailable."""
    one.check()
    events = one.events()
    return f"chain {one.chain_id}, {len(events)} anchors" + (f", newest of size {events[-1].size}" if events else "")
