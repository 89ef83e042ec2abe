"""A record is found by what people remember, and by a former name for its holder and authorities only."""

from __future__ import annotations

from typing import Any

import pytest

from sogoc.errors import InputError, NotAllowed
from sogoc.register import queries
from sogoc.register.models import AuditEvent, Row
from sogoc.services import finding
from tests.services.trial import OURS, THEIRS, Trial, refused


def find(trial: Trial, on_behalf_of: str = "holder", *, by: str = "preparer", **wanted: str) -> list[Row]:
    found = finding.find(
        finding.Wanted(**wanted), institution=queries.institution(OURS), on_behalf_of=on_behalf_of,
        by=trial.people.get(by) or trial.by(by), now=trial.now,
    )  # fmt: skip
    return list(found.rows)


@pytest.mark.parametrize(
    "wanted",
    [
        {"name": "NGUYEN  thi phuong", "born_on": "2003-02-05"},
        {"name": "Nguyễn Thị Phượng", "born_on": "2003-02"},
        {"name": "Nguyễn Thị Phượng", "born_on": "2003"},
        {"name": "Nguyễn Thị Phượng", "year": "2026"},
        {"name": "Nguyễn Thị Phượng", "year": "2026", "school": "song goc"},
        {"serial_number": "PH000001"},
        {"register_number": "2026/7777"},
    ],
)
def test_what_finds_a_record(trial: Trial, wanted: dict[str, str]) -> None:
    numbers = {"serial_number": "PH000001", "register_number": "2026/7777"}
    rows = trial.issue(
        trial.rows(1, holder_name="Nguyễn Thị Phượng", born_on="2003-02-05", **numbers) + trial.rows(3), provenance="B"
    )
    assert find(trial, **wanted) == [row for row in rows if row.serial_number == "PH000001"]


@pytest.mark.parametrize(
    "wanted",
    [
        {"name": "Nguyễn Thị Phượng", "born_on": "2003-02-06"},
        {"name": "Nguyễn Thị Phương Anh", "born_on": "2003"},
        {"name": "Nguyễn Thị Phượng", "year": "2025"},
        {"name": "Nguyễn Thị Phượng", "year": "2026", "school": "thach cau"},
        {"serial_number": "PH000002"},
    ],
)
def test_what_does_not(trial: Trial, wanted: dict[str, str]) -> None:
    trial.issue(
        trial.rows(1, holder_name="Nguyễn Thị Phượng", born_on="2003-02-05", serial_number="PH000001"), provenance="B"
    )
    assert find(trial, **wanted) == []


def test_a_record_of_which_only_the_year_is_known_is_found_by_the_whole_date(trial: Trial) -> None:
    rows = trial.issue(trial.rows(1, holder_name="H'Hen Niê", born_on="1998"))
    assert find(trial, name="h’hen nie", born_on="1998-05-17") == rows


@pytest.mark.parametrize(
    ("on_behalf_of", "seen"), [("holder", True), ("authority", True), ("employer", False), ("public", False)]
)
def test_a_former_name_is_known_to_the_holder_and_to_authorities(trial: Trial, on_behalf_of: str, seen: bool) -> None:
    (row,) = trial.issue(trial.rows(1, holder_name="Đặng Quốc Thịnh", born_on="2003-02-05"))
    newer = trial.amend(row, holder_name="Đặng Quốc Thính Văn")
    trial.advance()
    assert find(trial, on_behalf_of, name="Đặng Quốc Thịnh", born_on="2003-02-05") == ([newer] if seen else [])
    assert find(trial, on_behalf_of, name="Đặng Quốc Thính Văn", born_on="2003-02-05") == [newer]


def test_a_draft_is_no_record_yet(trial: Trial) -> None:
    trial.submit(trial.open(trial.rows(1, serial_number="PH000001"), provenance="B"))
    assert find(trial, serial_number="PH000001") == []


def test_a_former_number_still_finds(trial: Trial) -> None:
    (row,) = trial.issue(1)
    newer = trial.reissue(row, "SG900001")
    for serial in (row.serial_number, "SG900001"):
        assert find(trial, "public", serial_number=serial) == [newer]


@pytest.mark.parametrize(
    "wanted",
    [{}, {"name": "Y Brŭ"}, {"born_on": "2003"}, {"year": "2026"}, {"name": "!!", "year": "2026"}, {"school": "song goc"},
     {"name": "Y Brŭ", "born_on": "5/2/2003"}],
)  # fmt: skip
def test_too_little_to_search_by(trial: Trial, wanted: dict[str, str]) -> None:
    refused(InputError, lambda: find(trial, **wanted))
    assert not AuditEvent.objects.filter(verb="register.searched").exists()


def test_every_search_leaves_a_line_without_what_was_searched_for(trial: Trial) -> None:
    trial.issue(1)
    find(trial, "authority", by="officer", name="Y Brŭ Niê 1", born_on="2003-02")
    event = AuditEvent.objects.get(verb="register.searched")
    assert event.actor == trial.people["officer"]
    said: dict[str, Any] = {"by": ["born_on", "name"], "for": "authority", "found": 1}
    assert event.detail == said


def test_nobody_else_searches(trial: Trial) -> None:
    for by in (f"preparer {THEIRS}", f"approver {THEIRS}"):
        refused(NotAllowed, lambda by=by: find(trial, by=by, serial_number="SG000001"))  # type: ignore[misc]
    refused(InputError, lambda: find(trial, "journalist", serial_number="SG000001"))
