"""Commands of steady work: take whatever waits, on as many hosts as one likes, and say how far it is."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from sogoc.cli.options import Json, home
from sogoc.errors import SogocError, UnavailableError

if TYPE_CHECKING:
    from sogoc.register.queries import Progress
    from sogoc.services.working import Worker

app = typer.Typer()

_LINE_EVERY = 10.0
"""Seconds between two lines of a busy worker."""
_OUTAGE = 5.0
"""Seconds to wait for a database or a store that does not answer."""


@app.command()
def worker(
    once: Annotated[bool, typer.Option("--once", help="Do one piece of work, if there is one, and end.")] = False,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="End when nothing waits any more.")] = False,
    seal_only: Annotated[
        bool, typer.Option("--seal-only", help="Leave the log to others, also where its keys are.")
    ] = False,
    pause: Annotated[float, typer.Option(min=0.05, help="Seconds to sleep when there is nothing to do.")] = 1.0,
    as_json: Json = False,
) -> int:
    """Seal what was approved, beside any number of other workers; where the log's keys are, also log and publish.

    SIGTERM and SIGINT end it after the piece in hand, a second one at once; nothing is lost either way.
    """
    from sogoc.cli.opening import done

    one = _open(home(), seal_only=seal_only)
    began, rows, heads = time.monotonic(), 0, 0
    said = began
    with _Stop() as stop:
        while not stop.asked:
            try:
                piece = one.step(now=_now())
                if piece is not None:
                    rows, heads = rows + piece.rows, heads + (piece.head is not None)
                if once or (piece is None and until_idle and one.is_done()):
                    break
                if piece is None:
                    stop.sleep(pause)
                elif time.monotonic() - said >= _LINE_EVERY and not as_json:
                    said = time.monotonic()
                    _say(f"ở đây · here {rows:,} · ", one.progress())
            except UnavailableError as error:
                if once:
                    raise
                _tell(error)
                stop.sleep(max(pause, _OUTAGE))
    return done(
        as_json, {"rows": rows, "heads": heads, "seconds": round(time.monotonic() - began, 3), "stopped": stop.asked},
        f"Đã ký {rows:,} văn bằng, công bố {heads} điểm chốt", f"{rows:,} sealed and {heads} heads published here",
    )  # fmt: skip


@app.command()
def progress(
    follow: Annotated[bool, typer.Option("--follow", help="Say it again until nothing waits any more.")] = False,
    pause: Annotated[float, typer.Option(min=0.05, help="Seconds between two looks.")] = 2.0,
    as_json: Json = False,
) -> int:
    """Say how far sealing and logging are, whoever works on them and wherever, and how long the rest will take."""
    from sogoc.cli import output
    from sogoc.cli.opening import open_home
    from sogoc.wiring import Home

    open_home(home(), whatever_it_holds=not Home(home()).keeps_log)
    found = _progress()
    if as_json:
        output.document(_json(found))
        return 0
    for batch, sealed in found.batches:
        output.console.print(
            f"{batch.public_id} · {batch.institution} · {batch.decision.number}: {sealed:,} / {batch.count:,}",
            markup=False,
        )
    _say("", found)
    while follow and (found.batches or found.waiting):
        time.sleep(pause)
        found = _progress()
        _say("", found)
    return 0


def _open(folder: Path, *, seal_only: bool) -> Worker:
    import secrets

    from sogoc.cli.opening import open_home
    from sogoc.wiring import Home

    # Where the log is not, there is no journal of erasures either. Such a worker seals only what was never sealed, and holds the
    # database against the public files instead.
    keeps_log = Home(folder).keeps_log
    archive = open_home(folder, whatever_it_holds=not keeps_log)
    from sogoc.services.working import Worker

    return Worker(
        keyring=archive.keyring, randomness=secrets.token_bytes, ministry=lambda: archive.ministry, public=archive.public,
        log=archive.log if keeps_log and not seal_only else None, tell=_tell,
    )  # fmt: skip


def _now() -> Any:
    from sogoc.cli.opening import now

    return now()


def _tell(error: SogocError) -> None:
    from sogoc.cli import output

    output.fail(error, as_json=False)


def _progress() -> Progress:
    from sogoc.register import queries

    return queries.progress()


def _say(before: str, found: Progress) -> None:
    from sogoc.cli import output
    from sogoc.cli.opening import how_far

    output.console.print(
        f"{before}ký · sealed {how_far(found.done, found.count, found.rate)} · chờ vào nhật ký · wait for the log {found.waiting:,}",
        markup=False,
    )  # fmt: skip


def _json(found: Progress) -> dict[str, Any]:
    return {
        "batches": [
            {
                "batch": batch.public_id, "institution": batch.institution.code, "decision": batch.decision.number,
                "sealed": sealed, "count": batch.count,
            }
            for batch, sealed in found.batches
        ],
        "sealed": found.done, "count": found.count, "waiting": found.waiting,
        "rows_per_second": found.rate and round(found.rate, 1),
        "seconds_left": None if found.seconds_left is None else round(found.seconds_left),
    }  # fmt: skip


class _Stop:
    """Whether somebody asked this process to end. The second time is not asked but done, as if there were no such wish."""

    def __enter__(self) -> Self:
        self.asked = False
        self._before = {one: signal.signal(one, self._ask) for one in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(self, *_: object) -> None:
        for one, before in self._before.items():
            signal.signal(one, before)

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(number, signal.SIG_DFL)

    def sleep(self, seconds: float) -> None:
        """Sleep, but not on when asked to end."""
        end = time.monotonic() + seconds
        while not self.asked and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))
