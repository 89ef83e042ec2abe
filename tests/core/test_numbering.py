"""Register and serial numbers: the forms that registers hold, and that nothing is lost or merged by reading them."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sogoc.core.numbering import (
    MAX_NUMBER,
    format_register_number,
    format_serial,
    parse_register_number,
    parse_serial,
)
from sogoc.errors import RecordError


@pytest.mark.parametrize(
    ("text", "number", "year", "mark", "form"),
    [
        ("2015/05/05964", 5964, "2015", "05", "year/mark/number"),
        ("171/TC/2023", 171, "2023", "TC", "number/mark/year"),
        ("001/2024", 1, "2024", "", "number/year"),
        ("C1234567", 1234567, None, "", "letters+number"),
        ("2026/0001", 1, "2026", "", "year/number"),
        ("0001/ĐH/2026", 1, "2026", "ĐH", "number/mark/year"),
        ("2026/SG/0001", 1, "2026", "SG", "year/mark/number"),
        ("0001/ĐH/CNTT/2026", 1, "2026", "ĐH/CNTT", "number/mark/year"),
        ("171/TC", 171, None, "TC", "number/mark"),
        ("001/ĐHCN-2024", 1, None, "ĐHCN-2024", "number/mark"),
        ("2024/2024", 2024, "2024", "", "number/year"),
        ("12", 12, None, "", "letters+number"),
        ("10000/ĐH/2026", 10000, "2026", "ĐH", "number/mark/year"),
    ],
)
def test_forms_of_register_numbers(text: str, number: int, year: str | None, mark: str, form: str) -> None:
    read = parse_register_number(text)
    assert read is not None
    assert (read.number, read.year, read.mark, read.form) == (number, year, mark, form)
    assert format_register_number(read.template, read.number, read.year, read.mark) == text


@pytest.mark.parametrize(
    ("text", "awarded_in", "number", "year"),
    [
        ("2024/2025", "2024", 2025, "2024"),
        ("2024/2025", "2025", 2024, "2025"),
        ("2024/ĐH/1999", "1999", 2024, "1999"),
        ("2026/0001", "2025", 1, "2026"),  # only one part can be a year: whether it is the right one, the gate says
    ],
)
def test_the_year_of_the_award_decides_between_two(text: str, awarded_in: str, number: int, year: str) -> None:
    read = parse_register_number(text, awarded_in)
    assert read is not None
    assert (read.number, read.year) == (number, year)


@pytest.mark.parametrize(
    ("text", "awarded_in"),
    [
        ("2024/2025", None),
        ("2024/2025", "2023"),
        ("2024/ĐH/2025", None),
        ("05/2015/05964", "2015"),  # the year in the middle: who says which is the number?
        ("0000/ĐH/2026", "2026"),
        ("171/TC/23", "2023"),
        ("12/34", None),
        ("20150505964001", None),
        ("không rõ", None),
        ("", None),
        ("/", None),
        ("1/", None),
        ("0001//2026", None),
        ("١/٢٠٢٦", None),
        (" 0001/ĐH/2026", None),
        ("{number}/2026", None),
    ],
)
def test_what_cannot_be_read_in_one_way_is_not_read(text: str, awarded_in: str | None) -> None:
    assert parse_register_number(text, awarded_in) is None


LETTERS = st.text("ABCĐTHSaă", min_size=1, max_size=6)
NUMBERS = st.text("0123456789", min_size=1, max_size=9)
YEARS = st.integers(1945, 2100).map(str)
PARTS = st.one_of(LETTERS, NUMBERS, YEARS)


@given(st.lists(PARTS, min_size=1, max_size=4).map("/".join), st.none() | YEARS)
@example("2024/2024", "2024")
def test_a_register_number_is_written_as_it_was_read(text: str, awarded_in: str | None) -> None:
    read = parse_register_number(text, awarded_in)
    if read is not None:
        assert 1 <= read.number <= MAX_NUMBER
        assert format_register_number(read.template, read.number, read.year, read.mark) == text


@given(st.text(max_size=20))
def test_any_text_is_read_or_left(text: str) -> None:
    read = parse_register_number(text)
    if read is not None:
        assert format_register_number(read.template, read.number, read.year, read.mark) == text
    serial = parse_serial(text)
    if serial is not None:
        assert format_serial(serial.series, serial.value) == text


@given(st.integers(1, MAX_NUMBER), YEARS, LETTERS)
def test_an_allotted_number_is_read_as_it_was_meant(number: int, year: str, mark: str) -> None:
    text = format_register_number("{number:04}/{mark}/{year}", number, year, mark)
    read = parse_register_number(text, year)
    assert read is not None
    assert (read.number, read.year, read.mark) == (number, year, mark)


@pytest.mark.parametrize(
    ("template", "number", "year", "mark"),
    [
        ("{number:04}/{mark}/{year}", 0, "2026", "ĐH"),
        ("{number:04}/{mark}/{year}", MAX_NUMBER + 1, "2026", "ĐH"),
        ("{number:04}/{mark}/{year}", 1, "2026", ""),
        ("{number:04}/{mark}/{year}", 1, None, "ĐH"),
        ("{mark}/{year}", 1, "2026", "ĐH"),
        ("{number}/{number}", 1, "2026", ""),
        ("{number!r}/{year}", 1, "2026", ""),
        ("{number.real}/{year}", 1, "2026", ""),
    ],
)
def test_a_template_that_is_none_is_refused(template: str, number: int, year: str | None, mark: str) -> None:
    with pytest.raises(RecordError):
        format_register_number(template, number, year, mark)


# -- serial numbers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "series", "value"),
    [
        ("B0012345", "B#7", 12345),
        ("B12345", "B#5", 12345),
        ("S000934", "S#6", 934),
        ("001471", "#6", 1471),
        ("001/ĐHCN-2024", "#3/ĐHCN-2024", 1),
        ("2024/ĐHCN/001", "2024/ĐHCN/#3", 1),
        ("9/K15", "#1/K15", 9),
        ("A 0123", "A #4", 123),
        ("2024", "#4", 2024),
    ],
)
def test_series_of_serial_numbers(text: str, series: str, value: int) -> None:
    read = parse_serial(text)
    assert read is not None
    assert (read.series, read.value, read.text) == (series, value, text)
    assert format_serial(series, value) == text


def test_a_series_runs_on() -> None:
    texts = [f"B{number:07}" for number in range(99_995, 100_005)]
    read = [parse_serial(text) for text in texts]
    assert [(one.series, one.value) for one in read if one] == [("B#7", number) for number in range(99_995, 100_005)]


@pytest.mark.parametrize(
    "text", ["", "không rõ", "B#7", "B_1", "-1", " B1", "B1 ", "B\t1", "B١", "1234567890123456", "B1" * 31]
)
def test_what_is_no_serial_is_not_read(text: str) -> None:
    assert parse_serial(text) is None


@pytest.mark.parametrize(("series", "value"), [("B#2", 100), ("B#2", -1), ("B", 1), ("B#", 1), ("B#2#3", 1)])
def test_a_number_outside_its_series_is_refused(series: str, value: int) -> None:
    with pytest.raises(RecordError):
        format_serial(series, value)


SERIALS = st.text("AĐ012/-. ", min_size=1, max_size=7)


@given(SERIALS, SERIALS)
@example("B0012345", "B12345")
@example("001/A", "1/A")
def test_two_texts_are_never_one_serial(one: str, other: str) -> None:
    assume(one != other)
    first, second = parse_serial(one), parse_serial(other)
    if first is not None and second is not None:
        assert (first.series, first.value) != (second.series, second.value)


@given(SERIALS)
def test_a_serial_is_written_as_it_was_read(text: str) -> None:
    read = parse_serial(text)
    if read is not None:
        assert format_serial(read.series, read.value) == text
