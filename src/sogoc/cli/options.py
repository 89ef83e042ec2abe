"""What the options of many commands are called, and where the archive lies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

PREPARER_PASSWORD = "SOGOC_PREPARER_PASSWORD"  # noqa: S105 - the name of a variable
CONFIRMER_PASSWORD = "SOGOC_CONFIRMER_PASSWORD"  # noqa: S105 - the name of a variable

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
By = Annotated[str, typer.Option("--by", help="Your user name; the password is asked, or read from SOGOC_PASSWORD.")]
PreparedBy = Annotated[
    str,
    typer.Option(
        "--prepared-by",
        help="Who prepared it, another person; the password is asked, or read from SOGOC_PREPARER_PASSWORD.",
    ),
]
ConfirmedBy = Annotated[
    str,
    typer.Option(
        "--confirmed-by",
        help="A second officer of the ministry; the password is asked, or read from SOGOC_CONFIRMER_PASSWORD.",
    ),
]
ConfirmedByForOfficers = Annotated[
    str | None,
    typer.Option(
        "--confirmed-by",
        help="For officers: a second one; the password is asked, or read from SOGOC_CONFIRMER_PASSWORD.",
    ),
]
InstitutionCode = Annotated[str, typer.Option("--institution", help="Code of the institution.")]
SerialNumber = Annotated[str, typer.Option("--serial", help="Serial number (số hiệu).")]


def home() -> Path:
    """Return the folder of the archive."""
    return Path(os.environ.get("SOGOC_HOME", ".sogoc")).resolve()
