"""The stories of the ministry, by their names in the domain study, through the services and to the outside."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

from sogoc.core import entry
from sogoc.core.authority import Name, Power, SignerTerm
from sogoc.core.canonical import b64
from sogoc.core.record import BY_KIND
from sogoc.core.report import Verdict
from sogoc.register import queries
from sogoc.register.models import Institution
from sogoc.services import accrediting, batches, custody
from tests.services.keeping import cut, hand_over
from tests.services.trial import SteadyKey, Trial, _key, intake

# -- M4: a district office is abolished, and the department keeps its books ---------------------------------------------

OFFICE, DEPARTMENT = "PGDX", "SGDM"
OFFICE_NAME, DEPARTMENT_NAME = "Phòng Giáo dục và Đào tạo Quận X", "Sở Giáo dục và Đào tạo Mẫu"


def _school_office(trial: Trial, code: str, category: str, name: str, title: str, powers: list[Power]) -> Institution:
    key = trial.keys.setdefault(f"memory:{code}", SteadyKey(_key(code)))
    institution: Institution = accrediting.accredit(
        log=trial.log, ministry=trial.ministry, code=code, category=category,
        names=[Name(vi=name, en=code, valid_from="1990-01-01")], identifiers={},
        key=accrediting.NewKey(jwk=key.jwk, holder=name, uri=f"memory:{code}", certificate=b""), powers=powers,
        signers=[SignerTerm(name="Lò Thị Mẫu", title=title, valid_from="1990-01-01")],
        by=trial.people["officer"], now=trial.now,
    )  # fmt: skip
    for role in ("preparer", "approver"):
        trial.enrol(f"{role} {code}", code, role)
    return institution


def test_m4_custody_of_a_district_office(trial: Trial) -> None:
    """18 books with 41,322 lines go from an abolished office to the department; a diploma of 1998 is entered and verifies."""
    trial.now = datetime(2026, 7, 20, 2, tzinfo=UTC)
    lower = Power(
        kind="school-diploma", level="lower-secondary", programme="THCS", mode="*", valid_from="1990-01-01",
        valid_to="2025-06-30", legal_basis="Thông tư 21/2019/TT-BGDĐT, Điều 15",
    )  # fmt: skip
    office = _school_office(trial, OFFICE, "district-office", OFFICE_NAME, "Trưởng phòng", [lower])
    _school_office(trial, DEPARTMENT, "department", DEPARTMENT_NAME, "Giám đốc", [])
    trial.advance()
    counts = [2_300] * 17 + [2_222]
    paper = [
        custody.Book(kind="school-diploma", year=str(1998 + n), count=count, root=sha256(b"scan %d" % n).digest())
        for n, count in enumerate(counts)
    ]
    # The office has nobody left: its key is ended in public, then the department receives from the ministry.
    cut(trial, code=OFFICE, wording="key-retired")
    logged = hand_over(trial, OFFICE, DEPARTMENT, paper=paper, handed_by=None)
    trial.advance()
    said = entry.parse(bytes(logged.content))
    assert isinstance(said, entry.Custody)
    assert (len(said.books), sum(count for _, _, count, _ in said.books)) == (18, 41_322)

    record = {
        "institution": OFFICE, "kind": "school-diploma", "level": "lower-secondary", "programme": "THCS", "mode": "full-time",
        "decision_number": "15/QĐ-PGDX", "decided_on": "1998-06-20", "awarded_on": "1998-07-01",
        "identifier": "00000000-0000-4000-8000-000000001998", "title": "Bằng tốt nghiệp trung học cơ sở",
        "institution_name": OFFICE_NAME, "holder_name": "Y Mẫu Niê", "born_on": "1984", "classification": "Khá",
        "school": "Trường THCS Mẫu",
        "signer_name": "Lò Thị Mẫu", "signer_title": "Trưởng phòng", "issued_at": "Quận X", "serial_number": "A 012345",
        "register_number": "412",
    }  # fmt: skip
    schema = BY_KIND["school-diploma"]
    batch = batches.open_batch(
        institution=office, schema=schema, level="lower-secondary",
        decision=batches.Decision(number="15/QĐ-PGDX", decided_on="1998-06-20", total=2_300, awarded_on="1998-07-01"),
        intake=intake([{name: record[name] for name in schema.names if name in record}]),
        source=batches.Source(name="so-1998.csv", sha256=sha256(b"1998").digest(), encrypted=b"sealed"),
        key="book of 1998", public_id=b64(trial.random(16)), tally_salt=trial.random(16), identifiers=trial.identifier,
        by=trial.by("preparer", DEPARTMENT), now=trial.now, provenance="B",
    )  # fmt: skip
    batches.submit(batch=batch, by=trial.by("preparer", DEPARTMENT), now=trial.now)
    batches.approve(batch=batch, by=trial.by("approver", DEPARTMENT), now=trial.now)
    trial.advance()
    (row,) = queries.rows_of(batch)
    report = trial.verify(row)
    assert report.verdict is Verdict.VALID, [finding for check in report.checks for finding in check.findings]
    assert report.issuer == {"code": OFFICE, "vi": OFFICE_NAME, "en": OFFICE}
    notes = {note.code: note.vi for note in report.notes}
    assert notes["keeper"] == f"sổ gốc hiện do {DEPARTMENT_NAME} ({DEPARTMENT}) quản lý"
    assert set(notes) == {"keeper", "provenance", "late"}
    trial.assert_right()
