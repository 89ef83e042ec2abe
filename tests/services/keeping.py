"""What tests of keys and of registers that move need beside the trial: new keys, requests for them, the two acts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from sogoc.core.canonical import b64
from sogoc.core.possession import KeyRequest
from sogoc.register import queries
from sogoc.register.models import AuthorityPage, Entry
from sogoc.register.records import newest_page
from sogoc.services import custody, keys
from tests.services.trial import OURS, THEIRS, SteadyKey, Trial, _key


def request(trial: Trial, code: str, name: str, *, holder: str | None = None) -> KeyRequest:
    """A new key of this name in the key store, and its own request for the page of an institution."""
    key = trial.keys.setdefault(f"memory:{name}", SteadyKey(_key(name)))
    return trial.ask(key, code, f"memory:{name}", holder=holder)


def rotate(trial: Trial, name: str, code: str = OURS, **changes: Any) -> AuthorityPage:
    asked: dict[str, Any] = {
        "request": request(trial, code, name), "requested_by": trial.by("approver", code), "by": trial.people["officer"],
        "confirmed_by": trial.people["second officer"],
    }  # fmt: skip
    return keys.rotate(
        log=trial.log, ministry=trial.ministry, institution=queries.institution(code), now=trial.now, **(asked | changes)
    )  # fmt: skip


def kid_of(code: str = OURS) -> str:
    """The newest key of an institution's page."""
    return newest_page(queries.institution(code))[1].keys[-1].kid


def cut(trial: Trial, start: int | None = None, code: str = OURS, **changes: Any) -> keys.Cut:
    asked: dict[str, Any] = {
        "kid": kid_of(code), "start": start, "wording": "key-compromised", "act_id": b64(trial.random(16)),
        "prepared_by": trial.people["second officer"],
        "by": trial.people["officer"],
    }  # fmt: skip
    return keys.cut(
        log=trial.log, ministry=trial.ministry, institution=queries.institution(code), now=trial.now, **(asked | changes)
    )  # fmt: skip


def hand_over(
    trial: Trial, code: str = OURS, to: str = THEIRS, *, paper: Sequence[custody.Book] = (), **changes: Any
) -> Entry:
    asked: dict[str, Any] = {
        "decision": custody.HandOver(
            number="1500/QĐ-UBND", on="2026-07-16", salt=trial.random(16), act_id=b64(trial.random(16))
        ),
        "request": request(trial, code, f"{code} at {to}", holder=to),
        "handed_by": trial.by("approver", code), "received_by": trial.by("approver", to), "by": trial.people["officer"],
        "confirmed_by": trial.people["second officer"],
    }  # fmt: skip
    return custody.hand_over(
        log=trial.log, ministry=trial.ministry, keyring=trial.keyring, institution=queries.institution(code),
        custodian=queries.institution(to), paper=paper, now=trial.now, **(asked | changes),
    )  # fmt: skip


def forget_key(code: str) -> None:
    """The archive forgets where the keys of an institution lie, as after a restore of an old backup."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("DROP TRIGGER register_issuerkey_delete ON register_issuerkey")
        else:
            cursor.execute("DROP TRIGGER register_issuerkey_delete")
    queries.institution(code).keys.all().delete()
