"""The sample registers: clean where they are clean, wrong exactly where they were made wrong."""

from __future__ import annotations

import unicodedata
from datetime import date
from pathlib import Path

import pytest

from sogoc.adapters.sheets import read_table
from sogoc.core import intake
from sogoc.core.intake import Intake
from sogoc.core.intake.values import id_agrees
from sogoc.core.record import BY_KIND
from sogoc.demo.faulty import seed_faults
from sogoc.demo.sample import ENGLISH, INSTITUTIONS, SampleBatch, SampleSet, make_files

TODAY = date(2026, 7, 1)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    return make_files(tmp_path_factory.mktemp("samples"), seed=7, today=TODAY)


def read(batch: SampleBatch, path: Path) -> Intake:
    schema = BY_KIND[batch.institution.kind]
    return intake.read(read_table(path), file=path.name, schema=schema, defaults=batch.defaults, today=TODAY)


CODES = [institution.code for institution in INSTITUTIONS]


@pytest.mark.parametrize("code", CODES)
def test_a_clean_file_is_clean(code: str, samples: SampleSet) -> None:
    batch = samples.batch(code)
    result = read(batch, batch.path)
    assert not result.problems
    assert not result.changes
    assert len(result.rows) == batch.rows
    taught = {(programme.code, mode) for programme in batch.institution.programmes for mode in programme.modes}
    for row in result.rows:
        record = row.record
        assert (record["programme"], record["mode"]) in taught
        agrees = id_agrees(record["personal_id"], gender=record["gender"], born_on=record["born_on"])
        assert agrees


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_seeded_fault_is_found_and_nothing_else(code: str, seed: int, samples: SampleSet, tmp_path: Path) -> None:
    batch = samples.batch(code)
    twin = seed_faults(batch, tmp_path / f"loi{batch.path.suffix}", seed=seed)
    result = read(batch, twin.path)
    assert sorted((problem.cell, problem.rule) for problem in result.problems) == sorted(
        (fault.cell, fault.rule) for fault in twin.faults
    )
    assert len(twin.faults) >= 12
    assert not result.rows
    assert result.read == batch.rows


def test_there_are_about_twelve_hundred_rows_in_two_layouts(samples: SampleSet) -> None:
    assert sum(batch.rows for batch in samples.batches) == 1200
    assert {batch.path.suffix for batch in samples.batches} == {".csv", ".xlsx"}
    assert all("(mẫu)" in batch.institution.name_vi for batch in samples.batches)


def test_the_unlicensed_file_is_clean_and_outside_the_powers(samples: SampleSet) -> None:
    batch = samples.unlicensed
    result = read(batch, batch.path)
    assert result.clean
    assert {(row.record["programme"], row.record["mode"]) for row in result.rows} == {(ENGLISH.code, "in-service")}
    assert ENGLISH.code not in {programme.code for programme in batch.institution.programmes}


def test_the_same_seed_gives_the_same_bytes(samples: SampleSet, tmp_path: Path) -> None:
    again = make_files(tmp_path, seed=7, today=TODAY)
    other = make_files(tmp_path / "other", seed=8, today=TODAY)
    for batch in samples.batches:
        code = batch.institution.code
        assert batch.path.read_bytes() == again.batch(code).path.read_bytes()
        assert batch.path.read_bytes() != other.batch(code).path.read_bytes()


def test_names_are_of_many_peoples_and_need_every_letter(samples: SampleSet) -> None:
    names = [
        (row.record["holder_name"], row.record["ethnicity"])
        for batch in samples.batches
        for row in read(batch, batch.path).rows
    ]
    peoples = {people for _, people in names}
    assert {"Kinh", "Ê Đê", "Gia Rai", "Ba Na", "Chăm", "Khmer", "Thái", "Mông"} <= peoples
    letters = {letter for name, _ in names for letter in name}
    assert set("ŭŏĕčƀ\u0306") <= {letter.lower() for letter in letters}
    assert all(unicodedata.is_normalized("NFC", name) for name, _ in names)
    kinh = [name for name, people in names if people == "Kinh"]
    assert 30 < 100 * sum(name.startswith("Nguyễn ") for name in kinh) / len(kinh) < 50


@pytest.mark.parametrize("today", [date(2026, 1, 5), date(2026, 7, 4), date(2028, 2, 29)])
def test_the_samples_are_of_the_past_whatever_the_day(today: date, tmp_path: Path) -> None:
    for batch in make_files(tmp_path, seed=7, today=today).batches:
        schema = BY_KIND[batch.institution.kind]
        sheets = read_table(batch.path)
        assert intake.read(sheets, file="a", schema=schema, defaults=batch.defaults, today=today).clean
        assert batch.decided_on < batch.awarded_on < today
        assert batch.decided_on.weekday() < 5
