"""The archive behind the pages: found once, from the settings. Pages only read it."""

from __future__ import annotations

import time
from functools import cache, lru_cache
from pathlib import Path

from django.conf import settings

from sogoc.core import trust
from sogoc.core.trust import Policy
from sogoc.errors import MalformedError
from sogoc.ports import FileStore
from sogoc.register import queries
from sogoc.wiring import Home, files


@cache
def home() -> Home:
    return Home(settings.HOME)


@cache
def public_files() -> FileStore:
    """The public files of the log. Nothing here needs a key."""
    return files(home().settings.public)


def newest_root() -> bytes | None:
    """The root of the newest published head as it was less than a tenth of a second ago; everybody who asks meanwhile is told the same.

    Raises: django.db.DatabaseError.
    """
    return _newest_root(int(time.monotonic() * 10))


@lru_cache(maxsize=1)
def _newest_root(_tenth_of_a_second: int) -> bytes | None:
    return queries.newest_root()


def policy() -> Policy:
    """What this server trusts: `trust.json` of the archive, with the anchors it observed, else what the archive pins itself.

    Raises: MalformedError for a policy that is none or of another log; ChainUnavailable, KeyUnavailable.
    """
    file = home().folder / "trust.json"
    try:
        written = file.stat()
    except FileNotFoundError:
        return home().policy()
    pinned = _parse(file, written.st_ino, written.st_mtime_ns, written.st_size)
    if pinned.origin != home().settings.origin:
        raise MalformedError(
            f"trust.json is of the log {pinned.origin}, not of this archive",
            f"trust.json thuộc nhật ký {pinned.origin}, không phải của kho này",
        )
    return pinned


@lru_cache(maxsize=1)
def _parse(file: Path, *_written: int) -> Policy:
    """The policy as it was written then: inode, time and size tell one writing from the next. Raises: MalformedError."""
    return trust.parse(file.read_bytes())
