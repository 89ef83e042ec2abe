"""The bound of `web.py`: the same server, and of a diploma nothing but signature, digests and paths.

Run by `web.py`: `python -m benchmarks.web_bare WORKERS PORT`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from benchmarks.verify import bare


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] != "POST":
        start_response("200 OK", [])
        return [b"ok"]
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    content = body
    said = orjson.dumps({"verdict": "valid", "claims": bare(content)})
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(said)))])
    return [said]


def main() -> None:
    from granian import Granian  # noqa: PLC0415 - only the program needs it
    from granian.constants import Interfaces  # noqa: PLC0415

    Granian(
        "benchmarks.web_bare:application", address="127.0.0.1", port=int(sys.argv[2]), interface=Interfaces.WSGI,
        workers=int(sys.argv[1]), blocking_threads=8, log_enabled=False,
    ).serve()  # fmt: skip


if __name__ == "__main__":
    main()
