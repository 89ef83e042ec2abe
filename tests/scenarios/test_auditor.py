"""The stories of the auditor, by their names in the domain study, through the services and to the outside."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from hashlib import sha256
from typing import Any

from sogoc.adapters.memory import MemoryFiles
from sogoc.core import merkle, tiles
from sogoc.core.completeness import Report
from sogoc.core.counting import Counted
from sogoc.register import queries
from sogoc.register.models import Row
from sogoc.register.records import record_of
from sogoc.services import batches, sampling
from sogoc.services.counting import count
from sogoc.services.mirroring import mirror
from sogoc.services.published import CHECKPOINT, check_signed, parse_head
from tests.services.trial import DECISION, ORIGIN, OURS, THEIRS, Trial


def witness(trial: Trial) -> MemoryFiles:
    """Another body that copies the log and holds every file against its signed root."""
    copy = MemoryFiles()
    mirror(trial.public, copy, vkeys=[trial.vkeys], origin=ORIGIN)
    return copy


def publicly(trial: Trial, files: MemoryFiles | None = None, code: str | None = None) -> tuple[Report, Counted]:
    return count(
        files or trial.public, vkeys=[trial.vkeys], origin=ORIGIN, ministry=[trial.ministry.jwk], institution=code
    )


def theirs(trial: Trial, rows: int) -> list[dict[str, str]]:
    return [trial.rows(1, THEIRS, register_number=f"2026/{number:04}")[0] for number in range(1, rows + 1)]


def test_a1_two_witnesses_and_the_counts_of_every_issuer(trial: Trial) -> None:
    """From public data only: the checkpoint of one witness continues that of the other, and what each issuer awarded is recomputed."""
    first = trial.issue(5)
    earlier = witness(trial)
    trial.issue(theirs(trial, 3), THEIRS)
    trial.act("revoke", first[1])
    trial.advance()
    later = witness(trial)

    heads = []
    for files in (earlier, later):
        note, head = parse_head(files.get(CHECKPOINT) or b"")
        check_signed(note, head, [trial.vkeys], ORIGIN)
        heads.append(head)
    old, new = heads
    proof = merkle.consistency_proof(old.size, new.size, tiles.tile_reader(later.get, new.size))
    merkle.verify_consistency(
        old_size=old.size, old_root=old.root, new_size=new.size, new_root=new.root, proof=proof
    )  # fmt: skip
    assert old.size < new.size

    before, after = (publicly(trial, files) for files in (earlier, later))
    assert [(of.institution, of.issued, of.ended) for of in before[1].volumes()] == [(1, 5, 0)]
    assert [(of.institution, of.issued, of.ended) for of in after[1].volumes()] == [(1, 5, 1), (2, 3, 0)]
    assert after[1].acts == {(1, "revoke", "ineligible"): 1}
    assert (before[0].errors, after[0].errors) == (0, 0)


def test_a3_fifty_leaves_drawn_by_lot_and_opened(trial: Trial) -> None:
    """With the issuer's consent: 50 leaves open to their records, recomputed without any code of ours, 0 mismatches."""
    trial.issue(120)
    openings = sampling.draw(
        queries.institution(OURS), count=50, seed="block 0x5d41402abc4b2a76", files=trial.public, vkeys=[trial.vkeys],
        origin=ORIGIN, ministry=[trial.ministry.jwk], by=trial.by("approver"), now=trial.now,
    )  # fmt: skip
    scanned = {row.register_number: record_of(row)["holder_name"] for row in Row.objects.all()}
    mismatches = 0
    for one in json.loads(json.dumps(openings.to_json()))["drawn"]:
        record = one["record"]
        mismatches += not opens(one) or scanned[record["register_number"]] != record["holder_name"]
    assert (len(openings.drawn), mismatches, openings.mismatches) == (50, 0, ())


def opens(one: dict[str, Any]) -> bool:
    def unb64(text: str) -> bytes:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))

    slots = [unb64(slot) for slot in one["slots"]]
    shown = [json.loads(unb64(disclosure)) for disclosure in one["disclosures"]]
    schema = one["schema"].encode()
    start = b"sogoc/commitment/v1\0" + bytes([len(schema)]) + schema + len(slots).to_bytes(2, "big")
    return (
        {name: value for _salt, name, value in shown} == one["record"]
        and all(sha256(disclosure.encode()).digest() in slots for disclosure in one["disclosures"])
        and sha256(start + b"".join(slots)).digest() == unb64(one["commitment"])
    )


def test_a4_every_award_that_was_logged_on_another_day(trial: Trial) -> None:
    """All batches whose award date and log time are more than 30 days apart, from public data, old registers apart."""
    trial.issue(2, decision=batches.Decision(**{**vars_of(DECISION), "total": 2}))
    for number, awarded_on in ((1, "2026-06-01"), (2, "2025-09-01")):
        decision = batches.Decision(number=f"{number}/QĐ-ĐHSG", decided_on=awarded_on, total=1, awarded_on=awarded_on)
        said = {"decision_number": decision.number, "decided_on": awarded_on, "awarded_on": awarded_on}
        trial.issue(1, decision=decision, **said)
    report, counted = publicly(trial)
    late = [(one.said.decision_number, one.late_by) for one in counted.late()]
    assert late == [("1/QĐ-ĐHSG", 45), ("2/QĐ-ĐHSG", 318)]
    assert [one.code for one in report.findings() if one.kind.check == "times"] == ["back-dated"] * 2


def vars_of(decision: batches.Decision) -> dict[str, Any]:
    return {"number": decision.number, "decided_on": decision.decided_on, "awarded_on": decision.awarded_on}
