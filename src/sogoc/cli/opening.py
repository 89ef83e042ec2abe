"""What the commands share: find the archive, ask who is there, carry on what waits, say that it is done."""

from __future__ import annotations

import getpass
import os
import secrets
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from sogoc import wiring
from sogoc.cli import output
from sogoc.errors import InputError
from sogoc.wiring import Home

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SHOWN_PROBLEMS = 40


def open_home(folder: Path, *, whatever_it_holds: bool = False) -> Home:
    """Return the archive in `folder`, with Django loaded for it.

    Raises: InputError when there is none; RecoveryNeeded when a restore brought back what was erased, unless `whatever_it_holds`.
    """
    home = Home(folder)
    home.settings  # noqa: B018 - refuses before Django would make an empty database in a wrong folder
    wiring.setup_django(folder)
    if not whatever_it_holds:
        from sogoc.services import erasing

        erasing.refuse_if_remembered(home.erasures)
    return home


def now() -> datetime:
    """Return this moment in whole seconds: the log knows no smaller ones."""
    return wiring.utc_now().replace(microsecond=0)


def person(username: str, variable: str = "SOGOC_PASSWORD") -> User:
    """Return the person of this name, once the password was right, typed or from the environment. Raises: NotAllowed."""
    from sogoc.services import access

    password = os.environ.get(variable)
    if password is None:
        password = getpass.getpass(f"Mật khẩu của {username} · Password of {username}: ")
    return access.authenticate(username, password)


def pairs(given: list[str]) -> dict[str, str]:
    """Read FIELD=VALUE words. Raises: InputError."""
    read = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not sign:
            raise InputError(f"{one} is not FIELD=VALUE", f"{one} không phải dạng TRƯỜNG=GIÁ TRỊ")
        read[name] = value
    return read


def done(as_json: bool, value: dict[str, Any], vi: str, en: str) -> int:
    """Say that a command did what it was asked, and return its exit code."""
    if as_json:
        output.document(value)
    else:
        output.console.print(Text(f"✓ {vi}", style="green"))
        output.console.print(Text(f"  {en}", style="dim"))
    return 0


def advance(home: Home, *, quiet: bool = False, state_only: bool = False) -> tuple[int, int]:
    """Seal, log and publish what waits, with a progress bar; return the size of the log, and how many batches could not be sealed.

    Why each could not is told on standard error: another institution's trouble is no reason to fail this one's command.
    """
    from sogoc.register import queries
    from sogoc.services import issuing

    under_way = queries.progress()
    with Progression("Ký · Signing", total=under_way.count - under_way.done, quiet=quiet) as advance_bar:
        _, problems = issuing.advance(
            home.log, keyring=home.keyring, randomness=secrets.token_bytes, now=now(), progress=advance_bar,
            state_only=state_only, ministry=lambda: home.ministry,
        )  # fmt: skip
    for problem in problems:
        output.fail(problem, as_json=False)
    head = queries.newest_head()
    return head.size if head else 0, len(problems)


class Pace:
    """How fast work goes: rows a second over the last half minute, and how long the rest will take at that."""

    WINDOW = 30.0

    def __init__(self) -> None:
        self._seen = deque([(time.monotonic(), 0)])

    def reach(self, done: int) -> None:
        """So much is done now."""
        now = time.monotonic()
        self._seen.append((now, done))
        while len(self._seen) > 2 and self._seen[1][0] <= now - self.WINDOW:
            self._seen.popleft()

    @property
    def rate(self) -> float:
        (began, first), (_, last) = self._seen[0], self._seen[-1]
        return (last - first) / max(time.monotonic() - began, 1e-9)


def how_far(done: int, count: int, rate: float | None) -> str:
    """Rows done of all, a second, and the time that is left: in words that both languages read."""
    of = f" / {count:,}" if count else ""
    speed = f" · {rate:,.0f}/s" if rate else ""
    left = f" · còn · left {timedelta(seconds=round((count - done) / rate))}" if rate and count > done else ""
    return f"{done:,}{of}{speed}{left}"


class Progression:
    """Says on standard error how far work is, when it takes longer than a second: a bar on a terminal, else a line now and then."""

    LINE_EVERY = 10.0

    def __init__(self, label: str, *, total: int, quiet: bool) -> None:
        self._label, self._total, self._quiet = label, total, quiet
        self._began, self._done, self._pace = time.monotonic(), 0, Pace()
        self._said = self._began
        self._bar: Progress | None = None

    def __enter__(self) -> Callable[[int], None]:
        return self._step

    def _step(self, count: int) -> None:
        self._done += count
        self._pace.reach(self._done)
        if self._quiet:
            return
        far = how_far(self._done, self._total, self._pace.rate)
        if not output.stderr.is_terminal:
            if time.monotonic() - self._said >= self.LINE_EVERY:
                self._said = time.monotonic()
                output.stderr.print(Text(f"{self._label}: {far}"))
            return
        if self._bar is None and time.monotonic() - self._began < 1:
            return
        if self._bar is None:
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[far]}"))
            self._bar = Progress(*columns, console=output.stderr, transient=True)
            self._bar.add_task(self._label, total=self._total or None, far="")
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=self._done, far=far)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
