"""The public files of a log: where each thing lies, and how its checkpoint is opened.

Spec: c2sp.org/tlog-tiles; docs/spec/entry.md
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sogoc.core.checkpoint import Checkpoint, open_note
from sogoc.core.note import Note, VerifierKey
from sogoc.errors import CheckpointError, MalformedError

CHECKPOINT = "checkpoint"
TILES, PAGES, STATUSES = "tile", "authority", "status"
"""The folders of the tree, of the authority pages and of the status lists."""

Progress = Callable[[int, int], None]
"""`progress(done, of)`, in entries."""

KeySets = Sequence[Sequence[VerifierKey]]
"""The keys of the log, as a policy holds them: a checkpoint needs all keys of one set."""


def page_path(ordinal: int, version: int) -> str:
    return f"{PAGES}/{ordinal}/{version}.json"


def status_path(number: int) -> str:
    return f"{STATUSES}/{number}"


def parse_head(presented: bytes) -> tuple[str, Checkpoint]:
    """Return a checkpoint file as text and as what it says. Raises: MalformedError. Nothing is verified."""
    try:
        note = presented.decode()
    except UnicodeDecodeError as error:
        raise MalformedError("the checkpoint is not text", "điểm chốt không phải văn bản") from error
    return note, Checkpoint.parse(Note.parse(note).text)


def check_signed(note: str, head: Checkpoint, vkeys: KeySets, origin: str) -> None:
    """Raises: CheckpointError, SignatureError, MalformedError unless it is a checkpoint of this log with all keys of a set."""
    if head.origin != origin:
        raise CheckpointError(
            f"the checkpoint is of the log {head.origin}, not {origin}",
            f"điểm chốt thuộc nhật ký {head.origin}, không phải {origin}",
        )
    signers = open_note(note, keys=[key for keys in vkeys for key in keys]).signers
    if not any(keys and set(keys) <= set(signers) for keys in vkeys):
        raise CheckpointError("a required key of the log did not sign", "thiếu một chữ ký bắt buộc của nhật ký")
