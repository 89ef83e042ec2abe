"""Runs one command of `sogoc` after another in one process: starting Python and Django each time would be most of a story.

In: one JSON array of words per line. Out: one JSON object per line, with exit code, standard output and standard error.
"""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout

from sogoc.cli import app, output

os.environ["DJANGO_SETTINGS_MODULE"] = "quick_settings"


def main() -> None:
    for line in sys.stdin:
        out, err = io.StringIO(), io.StringIO()
        sys.argv = ["sogoc", *json.loads(line)]
        output.console.file, output.stderr.file = out, err
        with redirect_stdout(out), redirect_stderr(err):
            code = app.main()
        sys.__stdout__.write(json.dumps({"code": code, "out": out.getvalue(), "err": err.getvalue()}) + "\n")  # type: ignore[union-attr]
        sys.__stdout__.flush()  # type: ignore[union-attr]


if __name__ == "__main__":
    main()
