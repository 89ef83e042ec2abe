"""The archive's own steady work: seal what was approved, log what waits, publish. A timer runs it; so does every command that
changed something. It may be run at any time, by one process at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sogoc.errors import GateRefused, SogocError
from sogoc.ports import IssuerSigner, Keyring, Log
from sogoc.register import queries
from sogoc.register.models import Checkpoint
from sogoc.services import batches, sealing, sequencing

Progress = Callable[[int], None]


def advance(
    log: Log,
    *,
    keyring: Keyring,
    randomness: Callable[[int], bytes],
    now: datetime,
    progress: Progress = lambda _: None,
    state_only: bool = False,
    ministry: Callable[[], IssuerSigner] | None = None,
) -> tuple[Checkpoint | None, list[SogocError]]:
    """Seal every approved batch and publish a new head with what waits; return it, and why a batch could not be sealed.

    A batch that cannot be sealed now does not hold up the others; one that the gate refuses now, after it was approved, is an
    incident of which the ministry is told. `ministry` opens the key of the ministry, for a batch that
    passes by an override.

    Raises: RecoveryNeeded, LogForked, StorageUnavailable.
    """
    sequencing.finish(log, now=now)
    by = sealing.Sealing(keyring=keyring, randomness=randomness, now=now, ministry=ministry)
    problems: list[SogocError] = []
    for batch in queries.unfinished_batches():
        try:
            sealing.seal(batch, by, progress=progress)
        except SogocError as error:
            if isinstance(error, GateRefused):
                batches.note_refusal(batch, error, at="sealing", by=None, now=now)
            problems.append(error)
    return sequencing.sequence(log, now=now, state_only=state_only), problems
