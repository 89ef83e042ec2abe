"""The stories of the auditor, by their names in the domain study, through the services and to the outside."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from hashlib import sha256
from typing import Any

from sogoc.adapters.memory import MemoryFiles
from sogoc.core import merkle, tiles
from sogoc.core.canonical import encode
from sogoc.core.completeness import Report
from sogoc.core.counting import Counted
from sogoc.register import queries
from sogoc.register.models import Row, VoidNumber
from sogoc.register.records import record_of
from sogoc.services import batches, sampling
from sogoc.services.auditing import audit_institution
from sogoc.services.counting import count
from sogoc.services.mirroring import mirror
from sogoc.services.published import CHECKPOINT, check_signed, parse_head
from tests.services.trial import ORIGIN, OURS, THEIRS, Trial
from tests.services.unguarded import tampered


def witness(trial: Trial) -> MemoryFiles:
    """Another body that copies the log and holds every file against its signed root."""
    copy = MemoryFiles()
    mirror(trial.public, copy, vkeys=[trial.vkeys], origin=ORIGIN)
    return copy


def publicly(trial: Trial, files: MemoryFiles | None = None, code: str | None = None) -> tuple[Report, Counted]:
    return count(
        files or trial.public, vkeys=[trial.vkeys], origin=ORIGIN, ministry=[trial.ministry.jwk], institution=code
    )


def audited(trial: Trial, code: str = OURS) -> Report:
    report, _ = audit_institution(
        queries.institution(code), files=trial.public, vkeys=[trial.vkeys], origin=ORIGIN, ministry=[trial.ministry.jwk]
    )
    return report


def decision(number: int, *, total: int, on: str = "2026-06-30", awarded_on: str = "2026-07-15") -> batches.Decision:
    return batches.Decision(number=f"{number}/QĐ-ĐHSG", decided_on=on, total=total, awarded_on=awarded_on)


def numbered(trial: Trial, *numbers: int, decision: batches.Decision) -> list[Row]:
    said = {
        "decision_number": decision.number, "decided_on": decision.decided_on, "awarded_on": decision.awarded_on,
    }  # fmt: skip
    rows = [
        trial.rows(1, register_number=f"{decision.awarded_on[:4]}/{number:04}", **said)[0] for number in numbers
    ]  # fmt: skip
    return trial.issue(rows, decision=decision)


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


def test_a2_a_void_number_explains_a_gap_and_nothing_else_does(trial: Trial) -> None:
    """Register numbers 1..190: 187 is void with its reason and 188 is missing. The one is listed, the other red."""
    numbers = [number for number in range(1, 190) if number != 187]
    VoidNumber.objects.create(
        institution=queries.institution(OURS), kind="degree", level="bachelor", year="2026", number=187,
        register_number="2026/0187", why="misprint", reason="viết sai, biên bản 03/BB-HĐXL", at=trial.now, by=trial.by("preparer"),
    )  # fmt: skip
    rows = numbered(trial, *numbers, decision=decision(412, total=188))
    report = audited(trial)
    assert [(one.code, one.where["number"]) for one in report.findings()] == [("number-void", 187)]
    assert report.findings()[0].where["reason"] == "misprint"
    assert report.exit_code == 0

    last = rows[-2]
    tampered("UPDATE register_row SET number = 190, register_number = %s WHERE id = %s", "2026/0190", last.pk)
    report = audited(trial)
    assert report.exit_code == 1
    assert ("gap", 188) in [(one.code, int(str(one.where.get("number", 0)))) for one in report.findings()]


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
    numbered(trial, 1, 2, decision=decision(3, total=2, on="2026-06-30"))
    numbered(trial, 3, decision=decision(1, total=1, on="2026-06-01", awarded_on="2026-06-01"))
    numbered(trial, 1, decision=decision(2, total=1, on="2025-09-01", awarded_on="2025-09-01"))
    report, counted = publicly(trial)
    late = [(one.said.decision_number, one.late_by) for one in counted.late()]
    assert late == [("1/QĐ-ĐHSG", 45), ("2/QĐ-ĐHSG", 318)]
    assert [one.code for one in report.findings() if one.kind.check == "times"] == ["recorded-late"] * 2


def test_a5_one_grade_edited_in_the_database_is_named(trial: Trial) -> None:
    """Somebody with the database's password makes a *Giỏi* an *Xuất sắc*: the audit names that one row, and nothing else."""
    rows = trial.issue(40)
    edited = rows[23]
    record = encode({**record_of(edited), "classification": "Xuất sắc"})
    tampered("UPDATE register_row SET record = %s WHERE id = %s", record, edited.pk)
    report = audited(trial)
    named = [one for one in report.findings() if one.kind.severity == "error"]
    assert [one.code for one in named] == ["record-altered"]
    assert (named[0].where["register_number"], named[0].where["cell"]) == (edited.register_number, edited.cell)
    assert report.exit_code == 1
    assert publicly(trial)[0].errors == 0  # the public log is as it was
