"""The archive behind the pages: found once, from the settings. Pages only read it."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

from django.conf import settings

from sogoc.core import trust
from sogoc.core.trust import Policy
from sogoc.errors import MalformedError
from sogoc.ports import FileStore
from sogoc.wiring import Home, files


@cache
def home() -> Home:
    return Home(settings.HOME)


@cache
def public_files() -> FileStore:
    """The public files of the log. Nothing here needs a key."""
    return files(home().settings.public)


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
