"""Take a registrar's file into the register: read, list every problem, and open a batch only when none is left."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from sogoc.core import canonical, intake
from sogoc.core.intake import Choices, Intake, Sheet
from sogoc.core.record import Schema
from sogoc.register.models import Batch, Institution
from sogoc.services import access, batches
from sogoc.services.batches import Decision, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """An uploaded file, read: its sheets, and what is kept of it."""

    name: str
    content: bytes
    sheets: tuple[Sheet, ...]


def take_in(
    file: File,
    *,
    institution: Institution,
    schema: Schema,
    level: str,
    decision: Decision,
    given: Mapping[str, str],
    encrypt: Callable[[bytes], bytes],
    randomness: Callable[[int], bytes],
    by: User,
    now: datetime,
    choices: Choices | None = None,
    key: str | None = None,
) -> tuple[Intake, Batch | None]:
    """Return what was read, and the batch; None while the file has errors, or warnings that nobody acknowledged, and then nothing
    was written.

    `given` are values for the whole file, `choices` what the registrar decided about its problems;
    `key` is the idempotency key, the file's SHA-256 when None.

    Raises: NotAllowed, AlreadyInRegister, RecordError for a wrong value in `given`.
    """
    access.require(by, "batch.prepare", institution)
    whole = {
        "institution": institution.code,
        "kind": schema.kind,
        "level": level,
        "decision_number": decision.number,
        "decided_on": decision.decided_on,
        "awarded_on": decision.awarded_on,
    }
    read = intake.read(
        file.sheets,
        file=file.name,
        schema=schema,
        defaults={**given, **whole},
        today=now.date(),
        choices=choices,
    )
    if not read.clean or not read.rows or read.warnings:
        return read, None
    digest = canonical.digest(file.content)
    batch = batches.open_batch(
        institution=institution,
        schema=schema,
        level=level,
        decision=decision,
        intake=read,
        source=Source(name=file.name, sha256=digest, encrypted=encrypt(file.content)),
        key=key or digest.hex(),
        public_id=_public_id(randomness),
        tally_salt=randomness(16),
        identifiers=_identifiers(randomness),
        by=by,
        now=now,
    )
    return read, batch


def _public_id(randomness: Callable[[int], bytes]) -> str:
    while (drawn := canonical.b64(randomness(16))).startswith("-"):
        pass  # people type it behind a command, where a dash means something else
    return drawn


def _identifiers(randomness: Callable[[int], bytes]) -> Callable[[], str]:
    return lambda: str(uuid.UUID(bytes=randomness(16), version=4))
