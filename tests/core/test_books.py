"""The legal books: every line once, totals that add up, and notes that say by which decision, never what changed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sogoc.core import books
from sogoc.core.books import Act, Book, Changed, Copied, Entered, Line, Page, Section, Total, Void
from tests.archive import record

DEGREE = books.REGISTERS["degree"]
HEADING = books.register_heading(
    authority="BỘ THỬ", institution="Trường Đại học Sông Gốc", level="bachelor", year="2026"
)
AMENDED = Act(what="amend", on="2027-01-12", decision_number="45/QĐ-ĐHSG")


def written(lines: list[Line], *, layout: books.Layout = DEGREE, per_page: int = 14) -> list[Page]:
    book = Book(layout=layout, heading=HEADING, per_page=per_page)
    section = Section(facts=("Quyết định",), size=len(lines), lines=lines)
    return list(book.pages([section], pages=book.count_pages([len(lines)])))


def column(page: Page, key: str) -> list[str]:
    place = [one.key for one in page.layout.columns].index(key)
    return [row[place] for row in page.rows]


@pytest.mark.parametrize("layout", [*books.REGISTERS.values(), books.APPENDIX, books.COPY_BOOK])
def test_a_layout_fills_the_page_and_no_more(layout: books.Layout) -> None:
    assert sum(one.width for one in layout.columns) == 273
    keys = [one.key for one in layout.columns]
    assert keys[0] == "line"
    assert keys[-2:] == ["signature", "note"]
    assert len(set(keys)) == len(keys)


def test_the_columns_of_a_school_are_those_of_the_circular() -> None:
    assert [one.vi for one in books.REGISTERS["school-diploma"].columns] == [
        "STT", "Họ và tên", "Số CCCD", "Ngày sinh", "Nơi sinh", "Giới tính", "Dân tộc", "Xếp loại tốt nghiệp",
        "Số hiệu văn bằng", "Số vào sổ gốc", "Chữ ký người nhận", "Ghi chú",
    ]  # fmt: skip
    assert {"programme_name", "mode"} <= {one.key for one in DEGREE.columns}


def test_a_line_of_the_register_has_the_words_of_the_register() -> None:
    [page] = written([Entered(record=record(7, born_on="2003", gender="female", ethnicity=None))])
    said = dict(zip([one.key for one in page.layout.columns], page.rows[0], strict=True))
    expected = {
        "line": "1", "holder_name": "Y Brŭ Niê 7", "born_on": "2003", "gender": "Nữ", "mode": "Chính quy",
        "ethnicity": "—", "personal_id": "—", "signature": "", "note": "", "serial_number": "SG000007",
    }  # fmt: skip
    assert {name: said[name] for name in expected} == expected


def test_a_number_that_was_given_up_is_a_line_of_its_own() -> None:
    [page] = written([Entered(record=record(1)), Void(register_number="2026/0002", reason="in trùng")])
    assert column(page, "note") == ["", "Bỏ số: in trùng"]
    assert column(page, "holder_name") == ["Y Brŭ Niê 1", ""]
    assert page.total == Total(lines=1, void=1)
    assert page.total.said(page.layout) == "1 văn bằng, 1 số bỏ"


def test_the_note_says_that_and_by_which_decision_and_never_what() -> None:
    line = Entered(
        record=record(1),
        late_on="2026-09-01",
        provenance="C",
        acts=(AMENDED, Act(what="revoke", on="2027-02-03", decision_number=None)),
    )
    assert books.note_of(line) == (
        "Nguồn hạng C; Ghi muộn ngày 01/09/2026; Có QĐ chỉnh sửa số 45/QĐ-ĐHSG ngày 12/01/2027, xem phụ lục; "
        "Thu hồi, QĐ số (không còn lưu) ngày 03/02/2027"
    )


def test_the_register_keeps_what_was_first_recorded_and_the_appendix_hides_what_changed() -> None:
    before, after = record(1, gender="male"), record(1, gender="female", holder_name="Y Brŭ Niê Mới")
    line = Changed(before=before, after=after, act=AMENDED)
    hidden, shown = books.cells(line), books.cells(line, show_changes=True)
    assert hidden["content"] == "Chỉnh sửa theo QĐ số 45/QĐ-ĐHSG ngày 12/01/2027"
    assert (hidden["holder_name"], hidden["new_serial_number"]) == ("Y Brŭ Niê Mới", "—")
    assert "Y Brŭ Niê 1" not in str(hidden)
    assert "Nam" not in str(hidden)
    assert shown["content"].endswith(
        "Họ và tên: từ “Y Brŭ Niê 1” thành “Y Brŭ Niê Mới”; Giới tính: từ “Nam” thành “Nữ”"
    )


def test_a_reissue_gives_both_numbers() -> None:
    act = Act(what="reissue", on="2027-01-12", decision_number="46/QĐ")
    said = books.cells(Changed(before=record(1), after=record(2), act=act))
    assert said["serial_number"] == "SG000001"
    assert said["new_serial_number"] == "SG000002"
    assert said["new_register_number"] == "2026/0002"
    assert said["content"] == "Cấp lại theo QĐ số 46/QĐ ngày 12/01/2027"


def test_the_copy_book_counts_issues_and_copies() -> None:
    copied = Copied(
        record=record(1), number=7, issued_on="2026-11-20", copies=3, recipient="Y Mẫu", relation="chính chủ"
    )
    [page] = written([copied, copied], layout=books.COPY_BOOK)
    assert column(page, "copy_number") == ["07/2026", "07/2026"]
    assert column(page, "recipient") == ["Y Mẫu (chính chủ)"] * 2
    assert page.total.said(page.layout) == "2 lần cấp, 6 bản sao"


def test_an_empty_book_has_one_page_that_says_so() -> None:
    [page] = written([])
    assert (page.number, page.pages, page.rows, page.facts) == (1, 1, (), ("Không có mục nào.",))


@pytest.mark.parametrize("size", [2, 4])
def test_a_section_that_is_not_as_long_as_announced_gives_no_page(size: int) -> None:
    lines: list[Line] = [Entered(record=record(n)) for n in range(3)]
    book = Book(layout=DEGREE, heading=HEADING)
    with pytest.raises(AssertionError, match="announced"):
        list(book.pages([Section(facts=(), size=size, lines=lines)], pages=1))


@given(sizes=st.lists(st.integers(1, 40), max_size=5), per_page=st.integers(1, 20), void=st.integers(2, 9))
@settings(max_examples=100, deadline=None)
def test_every_line_stands_once_and_the_totals_add_up(sizes: list[int], per_page: int, void: int) -> None:
    numbers = count(1)

    def lines(size: int) -> Iterator[Line]:
        for number in (next(numbers) for _ in range(size)):
            if number % void:
                yield Entered(record=record(number))
            else:
                yield Void(register_number=f"2026/{number:04d}", reason="hỏng")

    book = Book(layout=DEGREE, heading=HEADING, per_page=per_page)
    total = book.count_pages(sizes)
    sections = (Section(facts=(str(n),), size=size, lines=lines(size)) for n, size in enumerate(sizes))
    pages = list(book.pages(sections, pages=total))
    assert [page.number for page in pages] == list(range(1, total + 1))
    assert [number for page in pages for number in column(page, "line")] == list(map(str, range(1, sum(sizes) + 1)))
    assert [one for page in pages for one in column(page, "register_number")] == [
        f"2026/{n:04d}" for n in range(1, sum(sizes) + 1)
    ]
    assert all(len(page.rows) <= per_page for page in pages)
    assert sum(page.ends_section for page in pages) == (len(sizes) or 1)
    for before, after in pairwise(pages):
        assert before.carried == after.brought
    assert pages[-1].carried == Total(lines=sum(sizes) - sum(sizes) // void, void=sum(sizes) // void)
    assert all(page.total.lines + page.total.void == len(page.rows) for page in pages)


def test_a_book_is_written_without_being_held() -> None:
    alive = 0
    most = 0

    class Counted(dict[str, str]):
        def __init__(self, *args: object) -> None:
            nonlocal alive, most
            super().__init__(*args)
            alive += 1
            most = max(most, alive)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def lines() -> Iterator[Line]:
        for number in range(2000):
            yield Entered(record=Counted(record(number)))

    book = Book(layout=DEGREE, heading=HEADING, per_page=14)
    pages = book.pages([Section(facts=(), size=2000, lines=lines())], pages=book.count_pages([2000]))
    assert sum(1 for _ in pages) == 143
    assert most <= 3 * 14


def test_the_table_has_every_page_total_and_begins_a_list_with_its_decision() -> None:
    first, second = record(1), record(2, decision_number="9/QĐ", decided_on="2026-07-01")
    book = Book(layout=DEGREE, heading=HEADING, per_page=1)
    sections = [
        Section(facts=books.decision_facts(one), size=2, lines=[Entered(record=one)] * 2) for one in (first, second)
    ]
    rows = list(books.as_table(book.pages(sections, pages=4)))
    parts = [part for part, _ in rows]
    assert parts == (["title"] * 4 + ["fact", "fact", "header", *(["line", "total", "total"] * 2)] * 2)
    assert rows[2][1] == ("SỔ GỐC CẤP BẰNG TỐT NGHIỆP ĐẠI HỌC",)
    assert rows[4][1] == ("Bằng cử nhân. Quyết định công nhận tốt nghiệp số 412/QĐ-ĐHSG ngày 30/06/2026",)
    assert rows[-2][1] == ("", "Cộng trang 4/4: 1 văn bằng")
    assert rows[-1][1] == ("", "Cộng dồn: 4 văn bằng")


def test_a_list_of_a_school_says_above_it_what_no_column_holds() -> None:
    fields = record(1, kind="school-diploma", level="upper-secondary", school="Trường Bến Đò", graduation_year="2026")
    facts = books.decision_facts(fields)
    assert facts[2:] == ("Năm tốt nghiệp: 2026", "Học sinh trường: Trường Bến Đò", "Hình thức học: Chính quy")
    assert books.decided_by(fields) != books.decided_by(fields | {"mode": "in-service"})
    assert books.decided_by(record(1)) == books.decided_by(record(2, mode="in-service")), "a degree's mode has a column"
    said = {one.key for one in books.REGISTERS["degree"].columns}
    assert "mode" in said
