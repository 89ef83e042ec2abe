"""Three books of one register: every kind of disagreement by name, and nothing paired by a name alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sogoc.core import exchange
from sogoc.core.intake.sheet import CellType, Sheet, Typed
from sogoc.core.reconcile import (
    Finding,
    Kind,
    Line,
    Reconciliation,
    Source,
    Table,
    as_table,
    of_national,
    of_paper,
    reconcile,
)
from sogoc.core.record import BY_KIND, DEGREE
from tests.archive import record

REGISTER, PAPER, NATIONAL = Source.REGISTER, Source.PAPER, Source.NATIONAL
ALL = frozenset(DEGREE.names)
LIST = frozenset({"holder_name", "born_on", "serial_number", "register_number", "awarded_on", "classification"})

Fields = Mapping[str, str]


def table(fields: Iterable[Fields], columns: frozenset[str] = ALL) -> Table:
    lines = [
        Line(where=str(n), fields={k: v for k, v in one.items() if k in columns}) for n, one in enumerate(fields, 1)
    ]
    return Table(columns=columns, lines=lines)


def held(
    register: Sequence[Fields], paper: Sequence[Fields] | None = None, national: Sequence[Fields] | None = None
) -> Reconciliation:
    return reconcile(
        table(register),
        paper=table(paper, LIST) if paper is not None else None,
        national=table(national) if national is not None else None,
    )


def summary(finding: Finding) -> tuple[Kind, dict[Source, tuple[str, ...]], list[str]]:
    return finding.kind, dict(finding.places), [difference.field for difference in finding.differences]


ROWS = [record(n) for n in range(1, 6)]


def test_three_books_that_agree_give_no_finding() -> None:
    found = held(ROWS, ROWS, list(reversed(ROWS)))
    assert found.clean
    assert found.agreed == 5
    assert found.counted == {REGISTER: 5, PAPER: 5, NATIONAL: 5}


def test_missing_in_one_and_in_both() -> None:
    found = held(ROWS, ROWS[:4], ROWS[:3])
    assert [(*summary(one), one.absent) for one in found.findings] == [
        (Kind.MISSING, {REGISTER: ("5",)}, [], (PAPER, NATIONAL)),
        (Kind.MISSING, {REGISTER: ("4",)}, [], (NATIONAL,)),
    ]
    assert found.agreed == 3


def test_what_the_register_has_not_is_named_once_however_many_books_have_it() -> None:
    found = held(ROWS[:3], ROWS[:4], [*ROWS[:3], ROWS[3] | {"gender": "male"}, ROWS[4]])
    assert [(*summary(one), one.absent) for one in found.findings] == [
        (Kind.EXTRA, {PAPER: ("4",), NATIONAL: ("4",)}, [], (REGISTER,)),
        (Kind.EXTRA, {NATIONAL: ("5",)}, [], (REGISTER, PAPER)),
    ]


@pytest.mark.parametrize(
    ("field", "value", "spelling"),
    [
        ("classification", "Khá", False),
        ("holder_name", "Y BRU NIE 1", True),
        ("born_on", "2003", False),
        ("serial_number", "SG999999", False),
        ("register_number", "2026/9999", False),
        ("identifier", "00000000-0000-4000-8000-999999999999", False),
        ("ethnicity", None, False),
    ],
)
def test_a_field_that_differs_is_named_with_both_values(field: str, value: str | None, spelling: bool) -> None:
    changed = {name: said for name, said in (ROWS[0] | {field: value}).items() if said is not None}
    found = held(ROWS, ROWS, [changed, *ROWS[1:]])
    [one] = found.findings
    assert one.kind is Kind.DIFFERENT
    [difference] = one.differences
    assert difference.field == field
    assert difference.values[REGISTER] == ROWS[0][field]
    assert difference.values[NATIONAL] == value
    assert difference.spelling == spelling
    assert (PAPER in difference.values) == (field in LIST)
    assert found.agreed == 4


def test_a_list_does_not_deny_what_it_has_no_column_for() -> None:
    bare = [{name: one[name] for name in ("holder_name", "serial_number")} for one in ROWS]
    found = reconcile(table(ROWS), paper=table(bare, frozenset({"holder_name", "serial_number"})))
    assert found.clean


def test_two_numbers_that_were_swapped_are_two_differences_and_no_doubt() -> None:
    one, two = ROWS[0], ROWS[1]
    swapped = [
        one | {"register_number": two["register_number"]},
        two | {"register_number": one["register_number"]},
    ]
    for order in (swapped, swapped[::-1]):
        for register in (ROWS[:2], ROWS[1::-1]):
            found = held(register, order)
            assert [one.kind for one in found.findings] == [Kind.DIFFERENT] * 2
            assert {d.field for one in found.findings for d in one.differences} == {"register_number"}


def test_another_person_under_one_number_while_another_number_differs_is_in_doubt() -> None:
    stranger = ROWS[0] | {"holder_name": "Ai Đó", "born_on": "1999", "register_number": "2026/0777"}
    found = held(ROWS[:1], [stranger])
    assert [(one.kind, one.keys) for one in found.findings] == [(Kind.DOUBTFUL, ("serial_number",))]
    assert {d.field for d in found.findings[0].differences} == {"holder_name", "born_on", "register_number"}


def test_the_same_person_under_other_numbers_is_in_doubt_and_never_merged() -> None:
    renumbered = {
        name: value for name, value in ROWS[0].items() if name not in {"serial_number", "register_number", "identifier"}
    } | {"serial_number": "X1", "holder_name": ROWS[0]["holder_name"].upper(), "born_on": "2003"}
    found = held([ROWS[0]], [renumbered])
    [one] = found.findings
    assert (one.kind, one.keys, one.absent) == (Kind.DOUBTFUL, (), ())
    assert found.agreed == 0


def test_a_number_that_stands_twice_is_repeated_and_its_pair_in_doubt() -> None:
    found = held(ROWS[:2], [ROWS[0], ROWS[0], ROWS[1]])
    assert [(one.kind, one.keys) for one in found.findings] == [
        (Kind.REPEATED, ("serial_number",)),
        (Kind.REPEATED, ("register_number",)),
        (Kind.DOUBTFUL, ("serial_number", "register_number")),
    ]
    assert found.findings[2].places[PAPER] == ("1", "2")


def test_register_numbers_begin_anew_each_year() -> None:
    before = ROWS[0] | {
        "awarded_on": "2025-07-15",
        "serial_number": "SG000900",
        "holder_name": "Ai Đó",
        "born_on": "1999",
    }
    found = held([ROWS[0], before], [before, ROWS[0]])
    assert found.clean
    bare = LIST - {"awarded_on", "serial_number"}
    found = reconcile(table([ROWS[0], before]), paper=table([before, ROWS[0]], bare))
    assert {one.kind for one in found.findings} == {Kind.REPEATED, Kind.DOUBTFUL}, "without a year it cannot be known"


@given(
    fates=st.lists(st.sampled_from(["kept", "lost", "graded", "renamed", "added"]), max_size=12),
    shuffled=st.randoms(use_true_random=False),
)
@settings(max_examples=150, deadline=None)
def test_every_disagreement_is_found_and_no_other(fates: list[str], shuffled: object) -> None:
    register, other = [], []
    for number, fate in enumerate(fates, 1):
        one = record(number, holder_name=f"Người Mẫu {'abcdefghijklm'[number]}")
        if fate != "added":
            register.append(one)
        if fate == "graded":
            one = one | {"classification": "Khá"}
        if fate == "renamed":
            one = one | {"holder_name": "Tên Khác"}
        if fate != "lost":
            other.append(one)
    shuffled.shuffle(other)  # type: ignore[attr-defined]
    found = held(register, None, other)
    expected = {
        Kind.MISSING: fates.count("lost"),
        Kind.EXTRA: fates.count("added"),
        Kind.DIFFERENT: fates.count("graded") + fates.count("renamed"),
        Kind.DOUBTFUL: 0,
        Kind.REPEATED: 0,
    }
    assert found.tally == expected
    assert found.agreed == fates.count("kept")


# -- reading the two others -------------------------------------------------------------------------------------------

SHEET = Sheet(
    name="Lớp A",
    rows=[
        ["SỔ GỐC CẤP BẰNG"],
        [],
        ["STT", "Họ và tên", "Ngày sinh", "Giới tính", "Số hiệu", "Số vào sổ", "Lớp"],
        ["1", "2", "3", "4", "5", "6", "7"],
        ["1", "Y Brŭ Niê 1", "05/02/2003", "Nữ", "SG000001", "2026/0001", "A"],
        ["2", "Trần Thị Mẫu", Typed(CellType.NUMBER, "2003"), "x", Typed(CellType.NUMBER, "7"), "2026/0002", "A"],
        ["STT", "Họ và tên", "Ngày sinh", "Giới tính", "Số hiệu", "Số vào sổ", "Lớp"],
        ["", "Cộng trang: 2"],
        [],
    ],
)


def test_a_paper_list_is_read_as_the_intake_reads_and_as_it_stands_where_it_would_not() -> None:
    read = of_paper([SHEET, Sheet(name="Ghi chép", rows=[["a"]])], schema=DEGREE, today=date(2026, 7, 16))
    lines = list(read.table.lines)
    assert [line.where for line in lines] == ["Lớp A!5", "Lớp A!6"]
    assert lines[0].fields == {
        "holder_name": "Y Brŭ Niê 1",
        "born_on": "2003-02-05",
        "gender": "female",
        "serial_number": "SG000001",
        "register_number": "2026/0001",
    }
    assert lines[1].fields["gender"] == "x"
    assert lines[1].fields["serial_number"] == "7"
    assert lines[1].fields["born_on"] == "2003"
    assert read.table.columns == {"holder_name", "born_on", "gender", "serial_number", "register_number"}
    assert read.unread == ("STT", "Lớp")
    assert read.skipped == ("Lớp A!4", "Lớp A!7", "Lớp A!8", "Ghi chép")


def test_a_national_export_is_read_with_what_it_cannot_say_standing_as_it_came() -> None:
    values = exchange.to_national(record(1), {"thong_tu": "27/2019"}).values | {"ngay_cap_vbcc": "hôm qua"}
    read = of_national([("1", values)], schema=BY_KIND["degree"])
    [line] = read.table.lines
    assert line.fields == record(1) | {"awarded_on": "hôm qua"}
    assert read.unread == ("thong_tu",)
    found = reconcile(table([record(1)]), national=read.table)
    assert [summary(one) for one in found.findings] == [
        (Kind.DIFFERENT, {REGISTER: ("1",), NATIONAL: ("1",)}, ["awarded_on"])
    ]


def test_the_report_has_a_row_for_each_field_that_differs() -> None:
    changed = ROWS[0] | {"classification": "Khá", "holder_name": "Y BRU NIE 1"}
    rows = list(as_table(held(ROWS[:2], None, [changed])))
    assert rows[0][:4] == ("Kết quả", "Sổ gốc", "Danh sách giấy", "Dữ liệu quốc gia")
    assert {len(row) for row in rows} == {11}
    assert rows[1:] == [
        ("Khác", "1", "", "1", "", "Mã định danh, Số hiệu, Số vào sổ gốc", "Xếp loại", "Giỏi", "", "Khá", ""),
        (
            "Khác",
            "1",
            "",
            "1",
            "",
            "Mã định danh, Số hiệu, Số vào sổ gốc",
            "Họ và tên",
            "Y Brŭ Niê 1",
            "",
            "Y BRU NIE 1",
            "x",
        ),
        ("Thiếu", "2", "", "", "Dữ liệu quốc gia", "", "", "", "", "", ""),
    ]
