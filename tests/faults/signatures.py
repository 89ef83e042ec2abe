"""Everything that was ever said about the size and root of the log, from wherever it was said, and what is wrong with it.

Nothing of the product is used to read or judge it: notes are found in raw bytes, their signatures checked with the
`cryptography` package alone, and roots recomputed by the naive reference of the tests.
"""

from __future__ import annotations

import re
import sqlite3
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.reference import mth

_ED25519_BYTES = 64


@dataclass
class Signatures:
    """Heads by size: root, and where each was found. `vkey` is the log's Ed25519 key as verifiers pin it."""

    origin: str
    vkey: str
    heads: dict[int, dict[bytes, set[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))

    def __post_init__(self) -> None:
        key = b64decode(self.vkey.split("+", 2)[2])
        assert key[0] == 1
        self._key = Ed25519PublicKey.from_public_bytes(key[1:])
        self._note = re.compile(
            re.escape(self.origin).encode()
            + rb"\n(0|[1-9][0-9]*)\n([A-Za-z0-9+/]{43}=)\n\n((?:\xe2\x80\x94 [^\n]+\n)+)"
        )

    def say(self, size: int, root: bytes, where: str) -> None:
        self.heads[size][root].add(where)

    def read(self, content: bytes, where: str) -> int:
        """Take down every note in these bytes that the log's key did sign; return how many."""
        found = 0
        for note in self._note.finditer(content):
            text = note.group(0)[: note.start(3) - note.start() - 1]
            if self._signed(text, note.group(3)):
                self.say(int(note.group(1)), b64decode(note.group(2)), where)
                found += 1
        return found

    def _signed(self, text: bytes, lines: bytes) -> bool:
        for line in lines.splitlines():
            signature = b64decode(line.rsplit(b" ", 1)[1])[4:]
            if len(signature) == _ED25519_BYTES:
                try:
                    self._key.verify(signature, text)
                except InvalidSignature:
                    continue
                return True
        return False

    def read_files(self, folder: Path, stage: str) -> None:
        """Take down what lies in any file below this folder, whatever it is for."""
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                self.read(file.read_bytes(), f"{stage}: {file.relative_to(folder)}")

    def read_lock(self, file: Path, stage: str) -> None:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
            for size, root in connection.execute("SELECT size, root FROM head"):
                self.say(size, root, f"{stage}: lock")

    # -- the verdict ------------------------------------------------------------------------------------------------

    def faults(self, entries: Sequence[bytes]) -> list[str]:
        """What is wrong, held against the entries of the log as they are now."""
        return [*self.forks(), *self._strangers(entries)]

    def forks(self) -> list[str]:
        """Sizes with more than one root."""
        return [f"two roots for {size}: {self._where(roots)}" for size, roots in self.heads.items() if len(roots) > 1]

    def _strangers(self, entries: Sequence[bytes]) -> Iterable[str]:
        for size, roots in sorted(self.heads.items()):
            right = mth(list(entries[:size])) if 0 < size <= len(entries) else sha256().digest() if size == 0 else None
            for root, places in roots.items():
                if root != right:
                    yield f"no prefix of the log: {size} in {sorted(places)}"

    @staticmethod
    def _where(roots: dict[bytes, set[str]]) -> str:
        return "; ".join(f"{root.hex()[:8]} in {sorted(places)}" for root, places in roots.items())
