"""The look-up by number over HTTP: a form in, an answer out, by two worker processes, the load made on the same machine.

It makes an archive on a PostgreSQL of its own, unless `delivery.py` has made one or SOGOC_DATABASE and `--home` name one, and starts
`sogoc serve` on it as an operator does. Each form is of another diploma, drawn by lot, with the name of its holder. The bound is a WSGI
application under the same server that reads the same form, and of the register one row by its index.
"""

# ruff: noqa: PLC0415 - the tables are there once Django is set up
from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import load, sample, year
from benchmarks.figures import Figure, arguments, say
from sogoc import wiring
from sogoc.wiring import Home

DIPLOMAS = 5_000
SEED = 13
PATH, KIND = "/tra-cuu", "application/x-www-form-urlencoded"


def measured(home: Home) -> Iterator[Figure]:
    """The figures of an archive on the database that SOGOC_DATABASE names."""
    from sogoc.register.models import Row

    total = Row.objects.count()
    by_serial, by_register_number = _forms(min(DIPLOMAS, total))
    real: list[load.Load] = []
    least: list[load.Load] = []
    numbers: list[load.Load] = []
    with load.both(home) as (port, other):
        for where, forms in ((port, by_serial), (port, by_register_number), (other, by_serial)):
            _try(where, forms)
        for _ in range(load.RUNS):
            for into, where, forms in (
                (real, port, by_serial), (least, other, by_serial), (numbers, port, by_register_number)
            ):  # fmt: skip
                into.append(load.press(where, PATH, forms, KIND))
    yield from load.figures(
        "http: look-up", real, bound=least, bound_name="the same server with one read of a row", n=total,
        note=f"{len(by_serial):,} diplomas by serial number",
    )  # fmt: skip
    yield Figure(
        name="http: look-up by register number", value=statistics.median(one.rate for one in numbers), unit="/s", n=total,
        runs=tuple(one.rate for one in numbers),
    )  # fmt: skip


def _forms(count: int) -> tuple[list[bytes], list[bytes]]:
    """What is asked: of each diploma its serial number, and its register number."""
    from sogoc.register.records import record_of

    by_serial: list[bytes] = []
    by_register_number: list[bytes] = []
    for row in sample.drawn(count, SEED):
        name, institution = record_of(row)["holder_name"], row.institution.code
        for forms, number in ((by_serial, row.serial_number), (by_register_number, row.register_number)):
            forms.append(urlencode({"institution": institution, "number": number, "name": name}).encode())
    return by_serial, by_register_number


def _try(port: int, forms: list[bytes]) -> None:
    codes = {load.ask(port, PATH, one, KIND)["code"] for one in forms[:: len(forms) // 20 or 1]}
    if codes != {"stands"}:
        raise SystemExit(f"of these diplomas some are {', '.join(map(str, codes))}")


def main() -> None:
    parser = arguments(__doc__, size=6_000)
    parser.add_argument(
        "--home", type=Path, metavar="FOLDER", help="measure this archive; SOGOC_DATABASE names its database"
    )
    asked = parser.parse_args()
    if asked.home is not None:
        wiring.setup_django(asked.home)
        say(list(measured(Home(asked.home))), asked.json)
        return
    with year.made(asked.size, min(5_000, -(-asked.size // 6))) as (home, _):
        say(list(measured(home)), asked.json)


if __name__ == "__main__":
    main()
