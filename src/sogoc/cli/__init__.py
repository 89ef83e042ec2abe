"""The command line. `sogoc verify` needs nothing but the core; every other command loads what it needs when it runs."""

from __future__ import annotations

import sys


def run() -> None:
    """Run the command line and leave with its documented exit code."""
    from sogoc.cli.app import main

    sys.exit(main())
