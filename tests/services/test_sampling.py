"""Leaves drawn by lot: who draws can be checked by anybody, and what is opened by a few lines that share nothing with us."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from hashlib import sha256
from typing import Any

import pytest

from sogoc.core import tiles
from sogoc.core.canonical import encode
from sogoc.errors import InputError, NotAllowed, WrongState
from sogoc.register import queries
from sogoc.register.models import AuditEvent
from sogoc.register.records import record_of
from sogoc.services.sampling import Openings, draw
from tests.services import unguarded
from tests.services.trial import ORIGIN, OURS, THEIRS, Trial, refused
from tests.services.unguarded import deleted, tampered


def drawn(trial: Trial, count: int = 4, seed: str = "3-1-4-1-5", who: str = "approver", code: str = OURS) -> Openings:
    return draw(
        queries.institution(code), count=count, seed=seed, files=trial.public, vkeys=[trial.vkeys], origin=ORIGIN,
        ministry=[trial.ministry.jwk], by=trial.by(who), now=trial.now,
    )  # fmt: skip


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def opens(one: dict[str, Any]) -> bool:
    """Recompute a commitment as docs/spec/completeness.md tells a stranger to."""
    slots = [unb64(slot) for slot in one["slots"]]
    shown = [json.loads(unb64(disclosure)) for disclosure in one["disclosures"]]
    schema = one["schema"].encode()
    start = b"sogoc/commitment/v1\0" + bytes([len(schema)]) + schema + len(slots).to_bytes(2, "big")
    return (
        {name: value for _salt, name, value in shown} == one["record"]
        and all(sha256(disclosure.encode()).digest() in slots for disclosure in one["disclosures"])
        and sha256(start + b"".join(slots)).digest() == unb64(one["commitment"])
    )


def lot(trial: Trial, seed: str, ordinal: int = 1) -> list[int]:
    """The indexes of an institution's leaves in the order of the lot, from the public files alone."""
    head = queries.newest_head()
    assert head is not None
    scores = []
    for index, content in enumerate(tiles.entries(trial.public.get, 0, head.size)):
        entry = json.loads(content)
        if entry["act"] in ("issue", "amend", "reissue") and entry["institution"] == ordinal:
            leaf = sha256(b"\0" + content).digest()
            scores.append((sha256(b"sogoc/sample/v1\0" + seed.encode() + b"\0" + leaf).digest(), index))
    return [index for _, index in sorted(scores)]


def test_leaves_are_drawn_by_the_public_lot_and_open(trial: Trial) -> None:
    rows = trial.issue(7)
    trial.issue(3, THEIRS)
    trial.amend(rows[0], holder_name="Y Moan Êban")
    trial.advance()
    openings = drawn(trial)
    assert [one["index"] for one in openings.drawn] == lot(trial, "3-1-4-1-5")[:4]
    assert openings.mismatches == openings.erased == ()
    value = json.loads(json.dumps(openings.to_json()))
    assert all(opens(one) for one in value["drawn"])
    assert (value["type"], value["seed"], value["institution"]) == ("sogoc/openings/v1", "3-1-4-1-5", OURS)
    whole = drawn(trial, count=50)
    assert [one["index"] for one in whole.drawn] == lot(trial, "3-1-4-1-5")
    assert len(whole.drawn) == 8
    assert {one["index"] for one in drawn(trial, seed="2-7-1-8").drawn} != {one["index"] for one in openings.drawn}
    event = AuditEvent.objects.filter(verb="sample.opened").first()
    assert event is not None
    assert event.actor == trial.by("approver")
    assert event.detail == {"seed": "3-1-4-1-5", "count": 4, "size": openings.size}


def test_what_no_longer_opens_is_said(trial: Trial) -> None:
    gone, edited, erased, right = trial.issue(4)
    entries = [row.entry.index for row in (gone, edited, erased, right)]
    deleted(gone.pk)
    record = encode({**record_of(edited), "classification": "Xuất sắc"})
    tampered("UPDATE register_row SET record = %s WHERE id = %s", record, edited.pk)
    unguarded.erased(erased.pk, "2026-07-16 03:00:00+00:00")
    openings = drawn(trial)
    assert set(openings.mismatches) == set(entries[:2])
    assert openings.erased == (entries[2],)
    assert [one["index"] for one in openings.drawn if "record" in one] == [entries[3]]


def test_who_may_not_and_what_cannot_be_drawn(trial: Trial) -> None:
    trial.issue(2)
    refused(NotAllowed, lambda: drawn(trial, who="preparer"))
    refused(NotAllowed, lambda: drawn(trial, code=THEIRS))
    refused(InputError, lambda: drawn(trial, count=0))
    refused(InputError, lambda: drawn(trial, count=1001))
    refused(InputError, lambda: drawn(trial, seed=" "))
    trial.public.delete("tile/entries/000.p/" + str(queries.newest_head().size))  # type: ignore[union-attr]
    refused(WrongState, lambda: drawn(trial))


@pytest.mark.parametrize("field", ["record", "slots", "commitment"])
def test_the_few_lines_refuse_another_record(trial: Trial, field: str) -> None:
    trial.issue(2)
    one, other = (dict(found) for found in drawn(trial, count=2).drawn)
    assert opens(one)
    assert not opens({**one, field: other[field]})
