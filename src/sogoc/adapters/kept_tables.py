"""A kept file's bytes -> its sheets, without a name on the disk: what was decrypted is written nowhere.

If an attacker wrote the file: as `sheets`.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO

from sogoc.adapters.sheets import read_table
from sogoc.core.intake import Sheet


def read_kept(content: bytes, name: str) -> list[Sheet]:
    """Every sheet of an .xlsx or .csv file that the registrar called `name`. Raises: SheetError."""
    with _nameless() as file:
        file.write(content)
        file.flush()
        file.seek(0)
        return read_table(Path(f"/dev/fd/{file.fileno()}"), name=name)


def _nameless() -> IO[bytes]:
    """A file in memory where the system has such, otherwise one that is deleted as soon as it is made."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("kept"), "w+b")
    return tempfile.TemporaryFile()
