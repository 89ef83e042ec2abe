"""The stories of the ministry, by their names in the domain study, through the services and to the outside."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from sogoc.core import entry
from sogoc.core.authority import Name, Power, SignerTerm
from sogoc.core.canonical import b64
from sogoc.core.intake.sheet import Sheet
from sogoc.core.reconcile import Source, of_national, of_paper
from sogoc.core.record import BY_KIND
from sogoc.core.report import Verdict
from sogoc.errors import FourEyes, GateRefused
from sogoc.register import queries
from sogoc.register.models import Batch, Institution, Notice, Row
from sogoc.services import accrediting, batches, custody, exchanging, gate, overriding, reconciling
from sogoc.services.auditing import audit_institution
from sogoc.services.books import Which
from sogoc.services.counting import count
from tests.services.keeping import cut, hand_over
from tests.services.trial import IT, ORIGIN, OURS, SteadyKey, Trial, _key, intake, refused
from tests.services.unguarded import tampered

# -- M4: a district office is abolished, and the department keeps its books ---------------------------------------------

OFFICE, DEPARTMENT = "PGDX", "SGDM"
OFFICE_NAME, DEPARTMENT_NAME = "Phòng Giáo dục và Đào tạo Quận X", "Sở Giáo dục và Đào tạo Mẫu"


def _school_office(trial: Trial, code: str, category: str, name: str, title: str, powers: list[Power]) -> Institution:
    key = trial.keys.setdefault(f"memory:{code}", SteadyKey(_key(code)))
    institution: Institution = accrediting.accredit(
        log=trial.log, ministry=trial.ministry, code=code, category=category,
        names=[Name(vi=name, en=code, valid_from="1990-01-01")], identifiers={},
        request=trial.ask(key, code, f"memory:{code}", holder=name), powers=powers,
        signers=[SignerTerm(name="Lò Thị Mẫu", title=title, valid_from="1990-01-01")],
        by=trial.people["officer"], confirmed_by=trial.people["second officer"], now=trial.now,
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


# -- M6: the register, a paper list and the national data are held against each other -------------------------------------


def test_m6_reconcile_with_national_export(trial: Trial) -> None:
    """What is missing, extra or different in the national data is named field by field; a name alone pairs nobody."""
    names = [
        "Nguyễn Thị Phượng",
        "Trần Đức Hiếu",
        "Huỳnh Ngọc Ánh Tuyết",
        "H'Hen Niê",
        "Y Bhiông Êban",
        "Đặng Quốc Thịnh",
    ]
    rows = [one for name in names for one in trial.rows(1, holder_name=name)]
    issued = trial.issue(rows)
    trial.amend(issued[5], holder_name="Đặng Quốc Thính")
    trial.advance()
    book = Which(institution=queries.institution(OURS), kind="degree", level="bachelor", year="2026")
    clerk = trial.by("preparer")

    sent = [
        (one.register_number, dict(one.exported.values))
        for one in exchanging.export(book, given={}, by=clerk, now=trial.now)
        if one.exported is not None
    ]
    national = {number: values for number, values in sent if number != "2026/0002"}  # Hiếu never arrived
    national["2026/0001"]["xep_loai"] = "Xuất sắc"  # Phượng's grade was raised
    national["2026/0006"]["ho_va_ten"] = "Đặng Quốc Thịnh"  # the amendment never arrived
    national["2026/0004"] |= {"so_hieu_vbcc": "SG777777", "so_vao_so": "2026/0777", "ma_dinh_danh_vbcc": _NOBODY}
    national["false"] = national["2026/0003"] | {  # somebody who never studied
        "ho_va_ten": "Người Không Học", "so_hieu_vbcc": "SG999999", "so_vao_so": "2026/0999", "ma_dinh_danh_vbcc": _OTHER,
    }  # fmt: skip
    paper = [["Họ và tên", "Ngày sinh", "Số hiệu", "Số vào sổ", "Xếp loại"]]
    paper += [
        [name, "02/2003", row.serial_number, row.register_number, "Giỏi"]
        for name, row in zip(names, issued, strict=True)
    ]
    paper[6][0] = "Đặng Quốc Thính"  # written anew after the amendment

    found = reconciling.against(
        book, by=trial.people["officer"], now=trial.now,
        paper=of_paper([Sheet(name="Lớp", rows=paper)], schema=BY_KIND["degree"], today=trial.now.date()).table,
        national=of_national(national.items(), schema=BY_KIND["degree"]).table,
    )  # fmt: skip

    assert found.counted == {Source.REGISTER: 6, Source.PAPER: 6, Source.NATIONAL: 6}
    assert found.tally == {"missing": 1, "extra": 1, "different": 2, "doubtful": 1, "repeated": 0}
    assert found.agreed == 2, "Tuyết and Y Bhiông stand alike in all three"
    said = {
        (one.kind.value, one.places.get(Source.REGISTER, ("",))[0]): {
            (diff.field, diff.values.get(Source.NATIONAL), diff.spelling) for diff in one.differences
        }
        for one in found.findings
    }
    assert said["missing", "2026/0002"] == set()
    assert said["different", "2026/0001"] == {("classification", "Xuất sắc", False)}
    assert said["different", "2026/0006"] == {("holder_name", "Đặng Quốc Thịnh", True)}
    assert said["extra", ""] == set()
    assert ("serial_number", "SG777777", False) in said["doubtful", "2026/0004"]


_NOBODY = "11111111-1111-4111-8111-111111111111"
_OTHER = "22222222-2222-4222-8222-222222222222"


# -- M3: a court names 193 diplomas ---------------------------------------------------------------------------------------


def test_m3_recall(trial: Trial) -> None:
    """A court names 193 diplomas. With the next state every one of them is revoked, and no other of the school is touched."""
    rows = trial.issue(200)
    named, others = rows[:193], rows[193:]
    evidence_before = [str(trial.verdict(row)) for row in (named[0], others[0])]
    assert evidence_before == ["valid", "valid"]
    told = trial.recall([row.serial_number for row in named], number="193/2026/HS-ST", ground="without-authority")
    assert told.logged == 193
    head = trial.advance()

    reports = [trial.verify(row, head) for row in rows]
    assert [str(report.verdict) for report in reports] == ["revoked"] * 193 + ["valid"] * 7
    assert all("193/2026/HS-ST" in report.checks[7].findings[0].vi for report in reports[:193])

    for recipient, due_on in (("holder", "2026-08-15"), ("verifiers", None)):
        notices = Notice.objects.filter(recipient=recipient, what="revoke", sent_at__isnull=True)
        assert {one.subject for one in notices} == {row.identifier for row in named}
        assert {one.due_on for one in notices} == {due_on}
    trial.assert_right()


# -- M1: a false batch in the manner of the Đông Đô case, past the gate ---------------------------------------------------


def test_m1_false_batch_inserted_past_the_gate_is_named(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """A genuine university, its genuine key, 626 rows of a programme that it was never licensed for. Raw SQL makes the list look
    approved and the gate is cut out of the program that signs, so the log takes it. The audit names it, with its 626 rows.
    """
    trial.issue(5)
    decision = batches.Decision(number="413/QĐ-ĐHSG", decided_on="2026-07-01", total=626, awarded_on="2026-07-15")
    said: dict[str, Any] = {
        "programme": "7220201", "programme_name": "Ngôn ngữ Anh", "decision_number": decision.number,
        "decided_on": decision.decided_on, "admitted_on": "2022-09",
    }  # fmt: skip
    false = trial.open(626, decision=decision, **said)
    assert refused(GateRefused, lambda: trial.submit(false)).rule == "power"

    approver = trial.by("approver").pk
    tampered(
        "UPDATE register_batch SET state = 'approved', approved_by_id = %s, approved_at = %s WHERE id = %s",
        approver, "2026-07-16 02:00:00+00:00", false.pk,
    )  # fmt: skip

    def past_the_gate(batch: Batch, *, now: datetime) -> gate.Passed:
        found = gate.examine(batch, now=now)
        return gate.Passed(page=found.page, tally=dict(found.tally), override=(), remarks=())

    monkeypatch.setattr(gate, "check", past_the_gate)
    trial.advance()
    trial.assert_right()  # every signature and every tile is right: integrity is not enough

    report, _ = audit_institution(
        queries.institution(OURS), files=trial.public, vkeys=[trial.vkeys], origin=ORIGIN, ministry=[trial.ministry.jwk]
    )
    named = [one for one in report.findings() if one.kind.severity == "error"]
    assert {one.code for one in named} == {"power-missing", "approval-untraced"}
    (power,) = (one for one in named if one.code == "power-missing")
    assert (power.where["batch"], power.where["rows"]) == (false.public_id, 626)
    assert power.en.startswith("626 × 7220201")
    logged = Row.objects.filter(batch=false).order_by("entry__index").values_list("entry__index", flat=True)
    assert power.where["entries"] == f"{logged[0]}–{logged[625]}"
    assert report.exit_code == 1

    from_outside, _ = count(trial.public, vkeys=[trial.vkeys], origin=ORIGIN, ministry=[trial.ministry.jwk])
    assert [one.code for one in from_outside.findings() if one.kind.severity == "error"] == ["power-missing"]


# -- M1, M2, M5: what the gate lets no institution award -----------------------------------------------------------------

ENGLISH: dict[str, Any] = {"programme": "7220201", "programme_name": "Ngôn ngữ Anh", "mode": "in-service"}


@pytest.mark.parametrize("rows", [26, 626], ids=["in miniature", "as large as it was"])
def test_m1_gate_refuses_an_unlicensed_programme(trial: Trial, rows: int) -> None:
    """A genuine university with its genuine key awards a second degree in English, for which it has no licence."""
    decision = batches.Decision(number="203/QĐ", decided_on="2026-06-30", total=rows, awarded_on="2026-07-15")
    batch = trial.open(rows, decision=decision, decision_number="203/QĐ", **ENGLISH)
    refusal = refused(GateRefused, lambda: trial.submit(batch))
    assert [one.rule for one in refusal.refusals] == ["power"]
    assert refusal.legal_basis == "Luật Giáo dục 2019, Điều 12"
    incident = Notice.objects.get(recipient="ministry")
    assert (incident.what, incident.subject) == ("gate.refused", batch.public_id)
    trial.advance()
    assert not publicly(trial)[1].batches

    second = trial.people["second officer"]
    overriding.request(
        batch=batch, rules=["power"], reason="đang sửa trang thẩm quyền", by=trial.people["officer"], now=trial.now
    )
    refused(FourEyes, lambda: overriding.grant(batch=batch, by=trial.people["officer"], now=trial.now))
    refused(GateRefused, lambda: trial.submit(batch))
    overriding.grant(batch=batch, by=second, now=trial.now)
    trial.approve(trial.submit(batch))
    trial.advance()
    (public,) = publicly(trial)[1].batches
    assert (public.said.override, public.said.count) == (("power:7220201",), rows)
    trial.assert_right()


def test_m2_over_quota_is_an_alarm_and_counted_in_public(trial: Trial) -> None:
    """The intake of 2022 was 120; decisions of 2026 list 431. At 110 % the gate refuses; what passes anyway, all see."""
    code = "DHQM11"
    trial.accredit(code, name="Trường Mười Một", powers=[replace(IT, quotas={"2022": 120})])
    for role in ("preparer", "approver"):
        trial.enrol(f"{role} {code}", code, role)

    def listed(number: int, rows: int) -> Batch:
        name = f"{number}/QĐ"
        decision = batches.Decision(number=name, decided_on="2026-06-30", total=rows, awarded_on="2026-07-15")
        said: dict[str, Any] = {
            "institution_name": "Trường Mười Một",
            "admitted_on": "2022-09-05",
            "decision_number": name,
        }
        return trial.open(rows, code, decision=decision, **said)

    trial.approve(trial.submit(listed(1, 131)))  # above the quota, within the tolerance: an alarm
    assert Notice.objects.get(what="quota.exceeded").about == {"intake": "2022", "quota": 120, "awarded": 131}
    rest = listed(2, 300)
    refusal = refused(GateRefused, lambda: trial.submit(rest))
    assert refusal.refusals[0].facts["awarded"] == 431
    overriding.request(batch=rest, rules=["quota"], reason="chờ thanh tra", by=trial.people["officer"], now=trial.now)
    overriding.grant(batch=rest, by=trial.people["second officer"], now=trial.now)
    trial.approve(trial.submit(rest))
    trial.advance()
    _, counted = publicly(trial)
    (public,) = counted.quotas()
    assert str(public) == "431/120"
    assert public.overridden


def test_m5_authority_change(trial: Trial) -> None:
    """From 15 April 2026 the principal signs the upper-secondary diploma, and the lower-secondary one is no more."""
    trial.now = datetime(2026, 6, 1, 2, tzinfo=UTC)
    powers = [
        Power(kind="school-diploma", level=level, programme="PT", mode="full-time", valid_from="2000-01-01",
              legal_basis="QĐ 1/QĐ-TEST")
        for level in ("upper-secondary", "lower-secondary")
    ]  # fmt: skip
    director, principal = "Giám đốc Sở Giáo dục và Đào tạo", "Hiệu trưởng"
    for code, category, name, title in (
        ("SGDM5", "department", "Sở Mẫu", director),
        ("THPTM5", "school", "Trường THPT Mẫu", principal),
        ("PGDM5", "district-office", "Phòng Mẫu", "Trưởng phòng"),
    ):
        _school_office(trial, code, category, name, title, powers)

    def rules(code: str, name: str, title: str, on: str, level: str = "upper-secondary") -> list[str]:
        number = f"{code} {on}"
        decision = batches.Decision(number=number, decided_on=on, total=1, awarded_on=on)
        record = {
            "kind": "school-diploma", "level": level, "programme": "PT", "programme_name": None, "school": "Trường Mẫu",
            "title": "Bằng tốt nghiệp", "institution_name": name, "birthplace": "Đắk Lắk", "gender": "female",
            "signer_title": title, "decision_number": number, "decided_on": on, "awarded_on": on,
        }  # fmt: skip
        batch = trial.open(
            trial.rows(1, code, **record), code, kind="school-diploma", level=level, decision=decision
        )  # fmt: skip
        return [one.rule for one in gate.examine(batch, now=trial.now).refusals]

    assert rules("SGDM5", "Sở Mẫu", director, "2026-04-14") == []
    assert rules("SGDM5", "Sở Mẫu", director, "2026-05-20") == ["issuer"]
    assert rules("THPTM5", "Trường THPT Mẫu", principal, "2026-05-20") == []
    assert rules("THPTM5", "Trường THPT Mẫu", "Phó Hiệu trưởng", "2026-05-20") == ["signer"]
    assert rules("PGDM5", "Phòng Mẫu", "Trưởng phòng", "2025-06-20", "lower-secondary") == []
    assert rules("PGDM5", "Phòng Mẫu", "Trưởng phòng", "2026-05-20", "lower-secondary") == ["qualification"]


def publicly(trial: Trial) -> Any:
    return count(trial.public, vkeys=[trial.vkeys], origin=ORIGIN, ministry=[trial.ministry.jwk])
