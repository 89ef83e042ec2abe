"""What a register answers to a number and a name, and what no answer ever holds."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sogoc.core import lookup
from sogoc.core.lookup import MEANINGS, Code, Held
from sogoc.core.numbering import readings, spellings
from sogoc.core.report import LABELS, Verdict
from sogoc.core.status import Status
from sogoc.errors import SogocError

NAME = "Nguyễn Thị Thuý Hoà"
OTHER = "Đặng Quốc Thịnh"


def held(name: str | None = NAME, status: Status = Status.VALID, *, replaced: bool = False) -> Held:
    return Held(name=name, status=status, replaced=replaced)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([], Code.NO_NUMBER),
        ([held()], Code.STANDS),
        ([held(status=Status.SUSPENDED)], Code.SUSPENDED),
        ([held(status=Status.REVOKED)], Code.REVOKED),
        ([held(replaced=True)], Code.REPLACED),
        ([held(status=Status.SUPERSEDED)], Code.REPLACED),
        ([held(status=Status.SUSPENDED, replaced=True)], Code.SUSPENDED),
        ([held(status=Status.REVOKED, replaced=True)], Code.REVOKED),
        ([Held(name=NAME, status=Status.VALID, disputed=True)], Code.DISPUTED),
        ([Held(name=NAME, status=Status.REVOKED, disputed=True)], Code.REVOKED),
        ([Held(name=NAME, status=Status.REVOKED, disputed=True, fell=True)], Code.FELL),
        ([Held(name=OTHER, status=Status.VALID, fell=True)], Code.ANOTHER_NAME),
        ([held(OTHER)], Code.ANOTHER_NAME),
        # How it stands is nobody's business who does not know whose it is.
        ([held(OTHER, Status.REVOKED)], Code.ANOTHER_NAME),
        ([held(None)], Code.NO_NAME),
        ([held(OTHER), held(None)], Code.NO_NAME),  # it may be that one
        ([held(OTHER, Status.REVOKED), held()], Code.STANDS),
        ([held(None, Status.REVOKED), held()], Code.STANDS),
        ([held(), held()], Code.STANDS),
        ([held(), held(status=Status.REVOKED)], Code.SEVERAL),
    ],
)
def test_what_is_answered(found: list[Held], code: Code) -> None:
    assert lookup.judge(NAME, found) == code


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        *((NAME, True), ("NGUYỄN THỊ THÚY HÒA", True), ("  nguyễn thị   thuý hoà ", True)),
        (unicodedata.normalize("NFD", NAME), True),
        *(("Nguyen Thi Thuy Hoa", False), ("Nguyễn Thị Thúy Hoa", False), ("Nguyễn Thị Thuý", False), ("Hoà", False)),
    ],
)
def test_spelling_is_habit_and_marks_are_not(typed: str, same: bool) -> None:
    assert lookup.bears(held(), typed) is same


@pytest.mark.parametrize(
    ("here", "there"),
    [("Đặng Quốc Thịnh", "Ðặng Quốc Thịnh"), ("H'Hen Niê", "H’HEN NIÊ"), ("Lý Mỹ Kỳ", "Lí Mĩ Kì"), ("Y Brŭ", "y brŭ")],
)
def test_what_a_keyboard_puts_for_another_letter(here: str, there: str) -> None:
    assert lookup.bears(held(here), there)
    assert lookup.bears(held(there), here)


LETTERS = st.text(alphabet="aàảãáạăằâầeèêềiìoòôồơờuùưừyỳđ AẢĐ", min_size=1, max_size=20).filter(str.strip)


@given(LETTERS, LETTERS)
def test_names_of_other_letters_never_match(one: str, other: str) -> None:
    """Whatever is folded, the base letters and marks of a matching name are the same, in another order of marks at most."""
    if lookup.bears(held(one), other):
        assert sorted(unicodedata.normalize("NFD", one.casefold().replace(" ", "").replace("y", "i"))) == sorted(
            unicodedata.normalize("NFD", other.casefold().replace(" ", "").replace("y", "i"))
        )


@given(
    st.lists(st.tuples(st.sampled_from([NAME, OTHER, None]), st.sampled_from(Status), st.booleans())),
    st.text(min_size=1),
)
def test_nobody_learns_how_it_stands_without_the_name(found: list[tuple[str | None, Status, bool]], typed: str) -> None:
    some = [Held(name=name, status=status, replaced=replaced) for name, status, replaced in found]
    code = lookup.judge(typed, some)
    assert code in {Code.NO_NUMBER, Code.ANOTHER_NAME, Code.NO_NAME}
    assert code == lookup.judge(typed, [Held(name=one.name, status=Status.VALID) for one in some])


@pytest.mark.parametrize("code", Code)
def test_every_answer_says_what_it_is_and_what_to_do(code: Code) -> None:
    meaning = MEANINGS[code]
    said = lookup.to_json(code, size=7, at=datetime(2026, 7, 1, 2, tzinfo=UTC), trial=True)
    assert said["code"] == code
    assert said["verdict"] == meaning.verdict
    assert meaning.verdict in LABELS
    assert all(said[part][language] for part in ("title", "advice", "note") for language in ("en", "vi"))
    assert said["matches"] is meaning.matches
    # Only a name that fits is told how the qualification stands.
    assert meaning.matches or meaning.verdict in {Verdict.NOT_FOUND, Verdict.INCONCLUSIVE}
    assert said["exit_code"] == (5 if meaning.verdict is Verdict.NOT_FOUND else said["exit_code"])
    assert said["as_of"] == {"size": 7, "at": "2026-07-01T02:00:00Z"}
    assert json.dumps(said)


@pytest.mark.parametrize(
    ("institution", "number", "name", "field"),
    [
        ("", "SG1", NAME, "institution"),
        ("DHSG01", " \t", NAME, "number"),
        ("DHSG01", "SG1", "", "name"),
        ("D" * 21, "SG1", NAME, "institution"),
        ("DHSG01", "1" * 101, NAME, "number"),
        ("DHSG01", "SG1", "Ă" * 251, "name"),
        ("DHSG01", "SG\x001", NAME, "number"),
        ("DHSG01", "SG1", "Ng\u200bô", "name"),
        ("DHSG01", "SG1", "Ng\ud800", "name"),
    ],
)
def test_what_cannot_be_asked(institution: str, number: str, name: str, field: str) -> None:
    with pytest.raises(lookup.NotAsked) as refused:
        lookup.read(institution, number, name)
    assert refused.value.field == field
    said = refused.value
    for text in (said.en, said.vi, said.mend, said.mend_vi):
        assert text
        assert NAME not in text
        assert "SG" not in text
    assert isinstance(said, SogocError)


def test_what_was_typed_is_trimmed() -> None:
    asked = lookup.read(" dhsg01 ", " B  0012345 ", "  Ngô   Thị ")
    assert (asked.institution, asked.number, asked.name) == ("DHSG01", "B 0012345", "Ngô Thị")


@pytest.mark.parametrize(
    ("typed", "stands"),
    [
        ("sg000001", "SG000001"),
        ("SG 000001", "SG000001"),
        ("SG 000001", "SG 000001"),
        ("171/tc-đh", "171/TC-ĐH"),
        ("Ðh 01", "ĐH01"),
        ("Sg.01", "Sg.01"),
    ],
)
def test_a_number_is_found_as_people_type_it(typed: str, stands: str) -> None:
    assert stands in spellings(typed)


@given(st.text(max_size=30))
def test_however_a_number_is_typed_its_wrong_names_are_counted_together(typed: str) -> None:
    """The last spelling is what wrong names are counted under: nobody gets more tries by writing it another way."""
    counted = spellings(typed)[-1]
    assert spellings(spellings(typed)[1])[-1] == counted
    assert spellings(f" {typed}".replace(" ", "  "))[-1] == counted


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("000171/2026", {171}),
        ("171", {171}),
        ("171/TC", {171}),
        ("2019/2020", {2019, 2020}),
        ("2020/2020", {2020}),
        ("số 7a", set()),
    ],
)
def test_a_register_number_is_read_every_way(text: str, numbers: set[int]) -> None:
    assert {one.number for one in readings(text)} == numbers
