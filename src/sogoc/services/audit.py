"""One row per decision: who, what, which object, when. Never personal data of graduates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from sogoc.register.models import AuditEvent


def note(
    actor: User | None, verb: str, subject: object, *, at: datetime, detail: Mapping[str, Any] | None = None
) -> None:
    """Write down that `actor` (None: the archive itself) did `verb` to `subject`."""
    AuditEvent.objects.create(at=at, actor=actor, verb=verb, subject=str(subject)[:100], detail=dict(detail or {}))
