"""The bounds of `web.py` and `lookup.py`: the same server, and nothing but what could not be left out.

Of a diploma its signature, digests and paths; of a form its fields, one row of the register by its index, and the name compared.
Run by them: `python -m benchmarks.web_bare WORKERS PORT`.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

import orjson
import psycopg

from benchmarks.verify import bare
from sogoc.core.numbering import parse_serial

_ROW = (
    "SELECT record FROM register_row WHERE institution_id = (SELECT id FROM register_institution WHERE code = %s)"
    " AND serial_series = %s AND serial_value = %s AND kind = 'degree' AND NOT (origin = 'amend')"
)
_here = threading.local()


def looked_up(form: bytes) -> str:
    if not hasattr(_here, "connection"):
        _here.connection = psycopg.connect(os.environ["SOGOC_DATABASE"], autocommit=True, prepare_threshold=1)
    asked = dict(parse_qsl(form.decode()))
    serial = parse_serial(asked["number"])
    if serial is None:
        return "no-such-number"
    row = _here.connection.execute(_ROW, (asked["institution"], serial.series, serial.value)).fetchone()
    return "stands" if row is not None and orjson.loads(row[0])["holder_name"] == asked["name"] else "no-such-number"


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] != "POST":
        start_response("200 OK", [])
        return [b"ok"]
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    answer = (
        {"code": looked_up(body)} if environ["PATH_INFO"] == "/tra-cuu" else {"verdict": "valid", "claims": bare(body)}
    )
    said = orjson.dumps(answer)
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(said)))])
    return [said]


def main() -> None:
    from granian import Granian  # noqa: PLC0415 - only the program needs it
    from granian.constants import Interfaces  # noqa: PLC0415

    # As many threads as sogoc.server.settings gives ours.
    Granian(
        "benchmarks.web_bare:application", address="127.0.0.1", port=int(sys.argv[2]), interface=Interfaces.WSGI,
        workers=int(sys.argv[1]), blocking_threads=3, log_enabled=False,
    ).serve()  # fmt: skip


if __name__ == "__main__":
    main()
