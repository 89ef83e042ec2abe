"""A file on the workbench: what is decided is undone by leaving it out, nobody is in the register twice, and nothing is kept too long."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sogoc.adapters.sheets import SheetError
from sogoc.adapters.sheets_faulty import write_faulty
from sogoc.core.intake import Choices, Intake, Problem, Sheet
from sogoc.core.vocabulary import fold
from sogoc.errors import AlreadyInRegister, InputError, NotAllowed, RecordError, WrongState
from sogoc.register import queries
from sogoc.register.models import AuditEvent, Batch, Decision, HeaderMeaning, Row, SourceFile, Upload
from sogoc.services import batches, choosing, doctoring, workbench
from sogoc.services.mending import Gap, mended
from sogoc.services.workbench import Said
from tests.services.trial import DECISION, NAMES, OURS, THEIRS, Trial, at_once, refused

HEADER = (
    *("Họ và tên", "Ngày sinh", "Giới tính", "Số CCCD", "Mã ngành", "Ngành đào tạo", "Xếp loại", "Hình thức ĐT"),
    *("Số hiệu VB", "Số vào sổ"),
)
SAID = Said(
    kind="degree", level="bachelor", decision=DECISION,
    given={
        "institution_name": NAMES[OURS], "title": "Bằng cử nhân", "issued_at": "Quảng Bình", "signer_name": "Lò Thị Mẫu",
        "signer_title": "Hiệu trưởng", "ethnicity": "Kinh",
    },
)  # fmt: skip


def person(number: int, **cells: str) -> dict[str, str]:
    clean = dict(zip(HEADER, (
        f"Nguyễn Thị Mẫu {'An Bình Chi Dung Em Giang Hạnh Lan'.split()[number % 8]}", "05/02/2003", "Nữ",
        f"0013030042{number:02}", "7480201", "Công nghệ thông tin", "Giỏi", "Chính quy", f"SG9{number:05}", f"2026/0{number:03}",
    ), strict=True))  # fmt: skip
    return clean | {name.replace("_", " "): value for name, value in cells.items()}


def table(*people: dict[str, str], header: tuple[str, ...] = HEADER, below: str = "") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(header)
    writer.writerows([one.get(name, "") for name in header] for one in people)
    return (text.getvalue() + below).encode()


CLEAN = (person(1), person(2), person(3))
DIRTY = (
    person(1),
    person(2, Họ_và_tên="TrÇn §øc HiÕu", Giới_tính="Nam", Số_CCCD="001203004202"),
    person(3, Xếp_loại="giỏi"),
    person(4, Số_CCCD="1303004204"),
    person(5, Ngày_sinh="31/02/2003"),
)


@dataclass
class Bench:
    """The workbench as its registrar uses it."""

    trial: Trial
    said: Said = SAID

    @property
    def who(self) -> dict[str, Any]:
        return {"by": self.trial.by("preparer"), "now": self.trial.now}

    def add(self, content: bytes, name: str = "lop-a.csv", **more: Any) -> Upload:
        options: dict[str, Any] = {"said": self.said, **self.who, **more}
        return workbench.open_upload(
            desk=self.trial.desk, institution=queries.institution(OURS), name=name, content=content, **options
        )

    def check(self, upload: Upload) -> Intake:
        return workbench.check(desk=self.trial.desk, upload=queries.upload(upload.public_id), **self.who)

    def batch(self, upload: Upload) -> tuple[Intake, Batch | None]:
        return workbench.open_batch(desk=self.trial.desk, upload=queries.upload(upload.public_id), **self.who)

    def take(self, content: bytes, **more: Any) -> Batch:
        upload = self.add(content, **more)
        read, batch = self.batch(upload)
        assert batch is not None, [(one.cell, one.rule) for one in read.problems]
        return batch

    def problem(self, upload: Upload, rule: str) -> Problem:
        return next(one for one in self.check(upload).problems if one.rule == rule)

    def rules(self, upload: Upload) -> set[str]:
        return {one.rule for one in self.check(upload).problems}


@pytest.fixture
def bench(trial: Trial) -> Bench:
    return Bench(trial)


def counts() -> tuple[int, ...]:
    return tuple(each.objects.count() for each in (Upload, SourceFile, Batch, Row, HeaderMeaning))


# -- a file comes -----------------------------------------------------------------------------------------------------


def test_a_clean_file_becomes_a_batch(bench: Bench) -> None:
    upload = bench.add(table(*CLEAN))
    assert counts() == (1, 1, 0, 0, 0)
    assert table(*CLEAN) not in bytes(upload.source.content or b"")
    read, batch = bench.batch(upload)
    assert read.clean
    assert batch is not None
    assert counts() == (1, 1, 1, 3, 0)
    approved = bench.trial.approve(bench.trial.submit(batch))
    bench.trial.advance()
    row = next(queries.rows_of(approved))
    assert bench.trial.verdict(row) == "valid"


def test_the_same_file_is_the_same_upload_and_the_same_batch(bench: Bench) -> None:
    first = bench.add(table(*CLEAN))
    assert bench.add(table(*CLEAN), name="other-name.csv").pk == first.pk
    _, batch = bench.batch(first)
    before = counts()
    again = bench.add(table(*CLEAN))
    assert again.batch == batch
    read, twice = bench.batch(again)
    assert twice == batch
    assert read.clean, "a batch is no duplicate of itself"
    assert counts() == before
    refused(AlreadyInRegister, lambda: bench.add(table(*CLEAN), said=replace(SAID, level="master")))


def test_what_is_said_of_the_file_may_change_until_it_is_a_batch(bench: Bench) -> None:
    upload = bench.add(table(*CLEAN), said=replace(SAID, given={}))
    assert "missing-column" in bench.rules(upload)
    assert bench.add(table(*CLEAN)).pk == upload.pk
    assert bench.check(upload).clean
    bench.batch(upload)
    refused(WrongState, lambda: workbench.say(upload=upload, said=replace(SAID, level="master"), **bench.who))


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (replace(SAID, kind="diploma"), InputError),
        (replace(SAID, provenance="E"), InputError),
        (replace(SAID, level="doctor of everything"), RecordError),
        (replace(SAID, given={"identifier": "x"}), RecordError),
        (replace(SAID, decision=replace(DECISION, awarded_on="15/07/2026")), RecordError),
    ],
)
def test_what_cannot_be_said_is_refused_before_anything_is_kept(
    bench: Bench, said: Said, error: type[InputError]
) -> None:
    refused(error, lambda: bench.add(table(*CLEAN), said=said))
    assert counts() == (0, 0, 0, 0, 0)


def test_what_is_no_table_is_not_kept(bench: Bench) -> None:
    refused(SheetError, lambda: bench.add(b"%PDF-1.7", name="scan.pdf"))
    assert counts() == (0, 0, 0, 0, 0)


def test_only_a_preparer_of_this_institution_works_on_it(bench: Bench) -> None:
    upload = bench.add(table(*DIRTY))
    for by in (bench.trial.by("approver"), bench.trial.by("preparer", THEIRS), bench.trial.people["officer"]):
        who = {"by": by, "now": bench.trial.now}
        for call in (
            lambda who=who: bench.add(table(*CLEAN), **who),
            lambda who=who: workbench.check(desk=bench.trial.desk, upload=upload, **who),
            lambda who=who: choosing.accept_rule(upload=upload, rule="tcvn3", **who),
            lambda who=who: workbench.open_batch(desk=bench.trial.desk, upload=upload, **who),
            lambda who=who: workbench.throw_away(upload=upload, **who),
            lambda who=who: workbench.forget(institution=upload.institution, header="x", **who),
        ):
            refused(NotAllowed, call)


def test_two_clicks_are_one_upload_and_one_batch(committed: Trial) -> None:
    bench = Bench(committed)
    uploads = at_once(*[lambda: bench.add(table(*CLEAN))] * 4)
    assert len({one.pk for one in uploads if isinstance(one, Upload)}) == 1
    (upload,) = Upload.objects.all()
    found = at_once(*[lambda: bench.batch(upload)] * 3)
    assert Batch.objects.count() == 1
    assert Row.objects.count() == 3
    assert all(isinstance(one, tuple | WrongState) for one in found)


# -- what is decided --------------------------------------------------------------------------------------------------


def test_nothing_is_changed_that_nobody_accepted_and_each_is_undone(bench: Bench) -> None:
    upload = bench.add(table(*DIRTY))
    first = bench.check(upload)
    assert {change.rule for change in first.changes} <= {"nfc", "spaces"}
    for problem in first.problems:
        if problem.after is None:
            continue
        choosing.accept(upload=upload, problems=[problem], **bench.who)
        after = bench.check(upload)
        assert any(
            (one.cell, one.before, one.after) == (problem.cell, problem.before, problem.after) for one in after.changes
        )
        choosing.undo(upload=upload, keys=[problem.key], **bench.who)
        assert same(bench.check(upload), first)
    assert bench.batch(upload)[1] is None
    assert Row.objects.count() == 0


def same(one: Intake, other: Intake) -> bool:
    return (one.problems, list(one.changes), list(one.rows), one.counts) == (
        other.problems, list(other.changes), list(other.rows), other.counts,
    )  # fmt: skip


def test_a_rule_is_accepted_and_acknowledged_as_a_whole(bench: Bench) -> None:
    upload = bench.add(table(*DIRTY))
    rules = {one.rule for one in bench.check(upload).problems if one.after is not None}
    assert len(rules) >= 2
    for rule in rules:
        choosing.accept_rule(upload=upload, rule=rule, **bench.who)
    left = bench.check(upload).problems
    assert rules.isdisjoint({one.rule for one in left})
    for rule in rules:
        choosing.undo_rule(upload=upload, rule=rule, **bench.who)
    assert rules <= bench.rules(upload)


def test_a_warning_is_read_by_somebody_and_an_error_is_not(bench: Bench) -> None:
    bench.take(table(*CLEAN))
    upload = bench.add(table(person(9, Họ_và_tên=CLEAN[0]["Họ và tên"], Số_CCCD="")))
    warning = bench.problem(upload, "person-known")
    assert bench.batch(upload)[1] is None
    choosing.acknowledge(upload=upload, problems=[warning], **bench.who)
    assert bench.check(upload).acknowledged == (warning,)
    choosing.undo(upload=upload, keys=[warning.key], **bench.who)
    assert bench.check(upload).warnings == (warning,)
    choosing.acknowledge_rule(upload=upload, rule="person-known", **bench.who)
    assert bench.batch(upload)[1] is not None
    other = bench.add(table(person(1, Số_hiệu_VB="SG1")))
    error = bench.problem(other, "register-known")
    refused(InputError, lambda: choosing.acknowledge(upload=other, problems=[error], **bench.who))
    refused(InputError, lambda: choosing.acknowledge_rule(upload=other, rule="register-known", **bench.who))


def test_what_nobody_decided_cannot_be_taken_back(bench: Bench) -> None:
    upload = bench.add(table(*DIRTY))
    refused(InputError, lambda: choosing.undo(upload=upload, keys=["no such key"], **bench.who))
    refused(InputError, lambda: choosing.undo_rule(upload=upload, rule="tcvn3", **bench.who))
    refused(InputError, lambda: choosing.undo_column(upload=upload, header="Họ và tên", **bench.who))
    refused(InputError, lambda: choosing.accept_rule(upload=upload, rule="no such rule", **bench.who))
    refused(InputError, lambda: choosing.mean(upload=upload, header="x", meaning="no such field", **bench.who))
    refused(InputError, lambda: choosing.order(upload=upload, header="Ngày sinh", order="year-first", **bench.who))
    refused(InputError, lambda: workbench.problem_of(bench.check(upload), ""))
    assert Choices.from_json(queries.upload(upload.public_id).choices) == Choices()


def test_the_trail_says_who_decided_what_and_no_value(bench: Bench) -> None:
    upload = bench.add(table(*DIRTY))
    proposed = [one for one in bench.check(upload).problems if one.after is not None]
    choosing.accept(upload=upload, problems=proposed, **bench.who)
    choosing.undo(upload=upload, keys=[proposed[0].key], **bench.who)
    choosing.accept_rule(upload=upload, rule="tcvn3", **bench.who)
    choosing.accept_rule(upload=upload, rule="tcvn3", **bench.who)
    choosing.mean(upload=upload, header="Nơi ở của Mẫu", meaning="birthplace", **bench.who)
    trail = AuditEvent.objects.filter(verb__startswith="upload.").order_by("pk")
    assert [one.verb for one in trail] == [
        "upload.opened", "upload.accepted", "upload.undone", "upload.rule-accepted", "upload.column-named",
    ]  # fmt: skip
    assert {one.actor for one in trail} == {bench.trial.by("preparer")}
    said = json.dumps([(one.subject, one.detail) for one in trail], ensure_ascii=False)
    for one in proposed:
        for value in (one.key, one.before, one.after, "Mẫu"):
            assert str(value) not in said


STEPS = st.lists(
    st.tuples(st.sampled_from(("accept", "undo", "rule", "undo rule", "acknowledge")), st.integers(0, 5)), max_size=7
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_end_is_what_the_decisions_say_that_remain(bench: Bench, steps: list[tuple[str, int]]) -> None:
    """Whatever was accepted and undone on the way, the file reads as if only what remains had ever been decided."""
    upload = bench.add(table(*DIRTY))
    choices = Choices.from_json(queries.upload(upload.public_id).choices)
    seen = {one.key: one for one in bench.check(upload).problems if one.after is not None}
    for step, which in steps:
        seen |= {one.key: one for one in bench.check(upload).problems if one.after is not None}
        one = list(seen.values())[which % len(seen)]
        with suppress(InputError):
            match step:
                case "accept":
                    choosing.accept(upload=upload, problems=[one], **bench.who)
                    choices = choices.accept(one)
                case "undo":
                    choosing.undo(upload=upload, keys=[one.key], **bench.who)
                    choices = choices.undo(one)
                case "rule":
                    choosing.accept_rule(upload=upload, rule=one.rule, **bench.who)
                    choices = choices.accept_rule(one.rule)
                case "undo rule":
                    choosing.undo_rule(upload=upload, rule=one.rule, **bench.who)
                    choices = choices.undo_rule(one.rule)
                case _:
                    choosing.acknowledge_rule(upload=upload, rule="person-known", **bench.who)
                    choices = choices.acknowledge_rule("person-known")
    kept = queries.upload(upload.public_id)
    assert Choices.from_json(kept.choices) == choices
    sheets = bench.trial.desk.read(table(*DIRTY), "a.csv")
    anew = workbench._reading(kept.institution, kept.source.name, sheets, SAID, choices, bench.trial.now)
    assert same(bench.check(upload), anew)
    workbench.throw_away(upload=upload, **bench.who)


# -- columns ----------------------------------------------------------------------------------------------------------


def test_what_a_column_means_is_remembered_once_a_file_was_taken_in(bench: Bench) -> None:
    header = ("Họ và tên", *HEADER[1:5], "Nghề học", *HEADER[6:])
    people = [one | {"Nghề học": one["Ngành đào tạo"]} for one in CLEAN]
    upload = bench.add(table(*people, header=header))
    assert "unknown-column" in bench.rules(upload)
    choosing.mean(upload=upload, header="Nghề học", meaning="programme_name", **bench.who)
    other = bench.add(table(people[0], header=header))
    assert "unknown-column" in bench.rules(other), "nothing is remembered of a file that may be thrown away"
    assert bench.batch(upload)[1] is not None
    (kept,) = queries.header_meanings(upload.institution)
    assert (kept.header, kept.meaning) == (fold("Nghề học"), "programme_name")
    assert "unknown-column" not in bench.rules(other)
    choosing.ignore(upload=other, header="NGHỀ  HỌC", **bench.who)
    assert "Nghề học" in bench.check(other).ignored, "what is said of this file goes before what is remembered"
    choosing.undo_column(upload=other, header="nghề học", **bench.who)
    workbench.forget(institution=upload.institution, header="nghề học", **bench.who)
    assert "unknown-column" in bench.rules(other)
    refused(InputError, lambda: workbench.forget(institution=upload.institution, header="nghề học", **bench.who))


def test_a_remembered_field_of_another_kind_is_a_question_again(bench: Bench) -> None:
    HeaderMeaning.objects.create(
        institution=queries.institution(OURS), header=fold("Kỳ"), meaning="exam_session", by=bench.trial.by("preparer"),
        at=bench.trial.now,
    )  # fmt: skip
    upload = bench.add(table(*[one | {"Kỳ": "1"} for one in CLEAN], header=(*HEADER, "Kỳ")))
    assert "unknown-column" in bench.rules(upload)


def test_the_order_of_days_is_said_by_column(bench: Bench) -> None:
    upload = bench.add(table(person(1, Ngày_sinh="03/09/2003"), person(2, Ngày_sinh="04/05/2003")))
    before = bench.check(upload)
    choosing.order(upload=upload, header="Ngày sinh", order="month-first", **bench.who)
    assert bench.check(upload) != before
    choosing.undo_column(upload=upload, header="Ngày sinh", **bench.who)
    assert same(bench.check(upload), before)


def test_the_encoding_of_a_file_is_said_and_taken_back(bench: Bench) -> None:
    from sogoc.demo.old_encodings import in_tcvn3

    content = in_tcvn3(table(*CLEAN).decode()).encode("cp1252")
    upload = bench.add(content)
    before = bench.check(upload)
    assert {one.rule for one in before.problems} == {"file-encoding"}
    choosing.encode(upload=upload, encoding="tcvn3", **bench.who)
    assert bench.check(upload).clean
    choosing.encode(upload=upload, encoding="", **bench.who)
    assert same(bench.check(upload), before)


# -- against the register ---------------------------------------------------------------------------------------------


def test_what_the_register_holds_is_named_by_its_cell(bench: Bench) -> None:
    bench.take(table(*CLEAN))
    again = bench.add(table(
        person(1, Số_hiệu_VB="SG1", Số_vào_sổ="2026/1"),
        person(2, Số_vào_sổ="2026/2", Số_CCCD="", Họ_và_tên="Ai Đó"),
        person(3, Số_hiệu_VB="SG3", Số_CCCD="", Họ_và_tên="Ai Khác"),
        person(7),
    ))  # fmt: skip
    said = {(one.cell, one.rule) for one in bench.check(again).problems}
    assert {("A2", "person-known"), ("I3", "serial-known"), ("J4", "register-known")} <= said
    assert not [cell for cell, _ in said if cell.endswith("5")]


@pytest.mark.parametrize("spelled", ["Nguyễn Thị Mẫu Mỹ", "NGUYỄN THỊ MẪU MỸ", "nguyễn  thị mẫu mĩ"])
def test_a_person_is_known_however_the_name_is_spelled(bench: Bench, spelled: str) -> None:
    bench.take(table(person(1, Họ_và_tên="Nguyễn Thị Mẫu Mỹ")))
    assert "person-known" in bench.rules(bench.add(table(person(2, Họ_và_tên=spelled, Số_CCCD=""))))


@pytest.mark.parametrize(
    "cells",
    [
        {"Họ_và_tên": "Nguyễn Thị Mẫu My"},
        {"Số_CCCD": "001303004299"},
        {"Ngày_sinh": "06/02/2003"},
        {"Mã_ngành": "7380101", "Ngành_đào_tạo": "Luật"},
    ],
)
def test_another_person_is_not_known(bench: Bench, cells: dict[str, str]) -> None:
    bench.take(table(person(1, Họ_và_tên="Nguyễn Thị Mẫu Mỹ")))
    other = person(2, **({"Họ_và_tên": "Nguyễn Thị Mẫu Mỹ", "Số_CCCD": "001303004201"} | cells))
    assert "person-known" not in bench.rules(bench.add(table(other)))


def test_a_name_that_could_be_spelled_in_many_ways_is_one_question(bench: Bench) -> None:
    name = " ".join(["Lý", "Mỹ", "Kỳ"] * 16)
    bench.take(table(person(1, Họ_và_tên=name)))
    assert "person-known" in bench.rules(bench.add(table(person(2, Họ_và_tên=name.replace("ỳ", "ì"), Số_CCCD=""))))


def test_a_decision_number_with_another_date_is_named(bench: Bench) -> None:
    bench.take(table(*CLEAN))
    other = replace(SAID, decision=replace(DECISION, decided_on="2026-07-01"))
    assert "decision-known" in bench.rules(bench.add(table(person(8)), said=other))
    # Where the register holds both, neither is a question.
    Decision.objects.create(
        institution=queries.institution(OURS), number=DECISION.number, decided_on="2026-07-01", total=9,
        recorded_at=bench.trial.now, recorded_by=bench.trial.by("preparer"),
    )  # fmt: skip
    assert "decision-known" not in bench.rules(bench.add(table(person(8)), said=other))


def test_another_institution_is_another_register(bench: Bench) -> None:
    bench.trial.open([*bench.trial.rows(1, THEIRS, serial_number="SG900001", register_number="2026/0001")], THEIRS)
    assert bench.check(bench.add(table(*CLEAN))).clean


# -- the faulty rows --------------------------------------------------------------------------------------------------


def exported(bench: Bench, upload: Upload, path: Path) -> list[list[str]]:
    count = workbench.export_faulty(
        desk=bench.trial.desk, upload=queries.upload(upload.public_id), write=lambda read: write_faulty(path, read), **bench.who
    )  # fmt: skip
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig")), delimiter=";"))
    assert len(rows) == count + 1
    return rows


def as_csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(rows)
    return text.getvalue().encode()


def mend(rows: list[list[str]]) -> bytes:
    mended = [rows[0]]
    for row in rows[1:]:
        clean = person(int(row[8][3:]))
        mended.append([*clean.values(), *row[len(HEADER) :]])
    return as_csv(mended)


@pytest.fixture
def given_out(bench: Bench, tmp_path: Path) -> tuple[Upload, list[list[str]]]:
    upload = bench.add(table(*DIRTY, below="Tổng số: 5\n"))
    return upload, exported(bench, upload, tmp_path / "loi.csv")


def test_mended_rows_come_back_and_the_list_is_taken_whole(
    bench: Bench, given_out: tuple[Upload, list[list[str]]]
) -> None:
    upload, rows = given_out
    assert tuple(rows[0][: len(HEADER)]) == HEADER
    assert all(row[len(HEADER)] for row in rows[1:]), "each row says what to mend"
    second = bench.add(mend(rows), name="loi.csv", supersedes=upload)
    assert second.pk != upload.pk
    assert bench.add(mend(rows), name="loi.csv", supersedes=upload).pk == second.pk
    read, batch = bench.batch(second)
    assert batch is not None, [(one.cell, one.rule) for one in read.problems]
    assert sorted(row.serial_number for row in queries.rows_of(batch)) == [f"SG9{n:05}" for n in range(1, 6)]
    assert {one.batch for one in Upload.objects.all()} == {batch}
    before = counts()
    assert bench.add(table(*DIRTY, below="Tổng số: 5\n")).batch == batch
    assert bench.add(mend(rows)).batch == batch
    taken = bench.add(table(*DIRTY[:1]))
    assert {"serial-known", "register-known"} <= bench.rules(taken), "refused as a duplicate, not doubled"
    assert bench.batch(taken)[1] is None
    assert counts()[2:4] == before[2:4]


def test_mended_rows_go_on_with_what_was_decided(bench: Bench, tmp_path: Path) -> None:
    upload = bench.add(table(*DIRTY))
    choosing.accept_rule(upload=upload, rule="tcvn3", **bench.who)
    rows = exported(bench, upload, tmp_path / "loi.csv")
    second = bench.add(mend(rows), supersedes=queries.upload(upload.public_id))
    assert Choices.from_json(second.choices).rules == {"tcvn3"}
    assert bench.check(second).clean
    refused(WrongState, lambda: choosing.undo_rule(upload=upload, rule="tcvn3", **bench.who))
    refused(WrongState, lambda: workbench.throw_away(upload=upload, **bench.who))
    workbench.throw_away(upload=second, **bench.who)
    choosing.undo_rule(upload=upload, rule="tcvn3", **bench.who)


def test_mended_rows_can_be_faulty_and_mended_again(
    bench: Bench, given_out: tuple[Upload, list[list[str]]], tmp_path: Path
) -> None:
    upload, rows = given_out
    half = [rows[0], *([*person(int(row[8][3:])).values(), ""] if n else row for n, row in enumerate(rows[1:]))]
    second = bench.add(as_csv(half), supersedes=upload)
    assert bench.check(second).faulty == 1
    again = exported(bench, second, tmp_path / "loi-2.csv")
    third = bench.add(mend(again), supersedes=second)
    _, batch = bench.batch(third)
    assert batch is not None
    assert batch.count == 5
    assert {one.batch for one in Upload.objects.all()} == {batch}


@pytest.mark.parametrize("what", ["a row left out", "a row too many", "a column moved"])
def test_mended_rows_that_cannot_be_put_back_are_refused(
    bench: Bench, given_out: tuple[Upload, list[list[str]]], what: str
) -> None:
    upload, rows = given_out
    rows = [row[:] for row in rows]
    match what:
        case "a row left out":
            del rows[1]
        case "a row too many":
            rows.append(rows[1])
        case _:
            rows = [[row[1], row[0], *row[2:]] for row in rows]
    before = counts()
    refused(InputError, lambda: bench.add(as_csv(rows), supersedes=upload))
    assert counts() == before


# -- into the register, and out again -------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [{"computed": {0: [1]}}, {"links": 1}])
def test_mended_rows_hold_values_and_no_formulas(more: dict[str, Any]) -> None:
    kept = Sheet(name="", rows=[HEADER, ["An"]])
    gap = Gap((("", 2),), {"": 1})
    assert [list(each.rows) for each in mended([kept], gap, [kept])] == [[HEADER, ["An"]]]
    refused(InputError, lambda: mended([kept], gap, [replace(kept, **more)]))


def test_in_one_step_a_file_is_taken_in_or_leaves_no_trace(bench: Bench) -> None:
    def take_in(content: bytes, choices: Choices | None = None, said: Said = SAID) -> tuple[Intake, Batch | None]:
        return workbench.take_in(
            desk=bench.trial.desk, institution=queries.institution(OURS), name="a.csv", content=content, said=said,
            choices=choices or Choices(), **bench.who,
        )  # fmt: skip

    read, batch = take_in(table(*DIRTY[:4]))
    assert batch is None
    assert counts() == (0, 0, 0, 0, 0)
    rules = frozenset(one.rule for one in read.problems if one.after is not None)
    _, batch = take_in(table(*DIRTY[:4]), Choices(rules=rules))
    assert batch is not None
    again, twice = take_in(table(*DIRTY[:4]))
    assert (again.clean, twice) == (True, batch)
    refused(AlreadyInRegister, lambda: take_in(table(*DIRTY[:4]), said=replace(SAID, level="master")))


def test_a_discarded_batch_is_on_the_workbench_again(bench: Bench) -> None:
    upload = bench.add(table(*DIRTY[:4]))
    for rule in bench.rules(upload):
        choosing.accept_rule(upload=upload, rule=rule, **bench.who)
    _, batch = bench.batch(upload)
    assert batch is not None
    refused(WrongState, lambda: workbench.throw_away(upload=upload, **bench.who))
    batches.discard(batch=batch, **bench.who)
    assert counts() == (1, 1, 0, 0, 0)
    assert bench.check(upload).clean, "what was decided is still decided"
    assert bench.batch(upload)[1] is not None


def test_what_is_thrown_away_is_gone_with_its_file(bench: Bench) -> None:
    upload = bench.add(table(*DIRTY))
    workbench.throw_away(upload=upload, **bench.who)
    assert counts() == (0, 0, 0, 0, 0)
    assert bench.add(table(*DIRTY)).pk != upload.pk


def test_the_doctor_says_how_old_the_files_are_that_became_no_batch(bench: Bench) -> None:
    assert doctoring.uploads(now=bench.trial.now) == "no file waits on a workbench"
    bench.take(table(*CLEAN))
    bench.add(table(*DIRTY))
    assert doctoring.uploads(now=bench.trial.now + timedelta(days=41)).startswith("1 files never became a batch")
    assert "41 d old" in doctoring.uploads(now=bench.trial.now + timedelta(days=41))


def test_a_decision_made_meanwhile_stops_the_taking_in(bench: Bench) -> None:
    upload = bench.add(table(*CLEAN))
    read = bench.check(upload)
    stale = queries.upload(upload.public_id)
    choosing.ignore(upload=upload, header="Xếp loại", **bench.who)
    refused(WrongState, lambda: workbench._taken(bench.trial.desk, stale, read, **bench.who))
    assert Batch.objects.count() == 0


def test_an_erased_file_is_not_read(bench: Bench) -> None:
    upload = bench.add(table(*CLEAN))
    SourceFile.objects.update(content=None)
    refused(WrongState, lambda: bench.check(upload))
