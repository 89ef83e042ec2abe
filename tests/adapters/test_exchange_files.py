"""Files of the national format: what was written is read again, in each of the three forms."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sogoc.adapters import exchange_files
from sogoc.adapters.sheets import read_table
from sogoc.adapters.sheets_write import write_xlsx
from sogoc.core import intake
from sogoc.core.exchange import COLUMNS, as_list, from_national, to_national
from sogoc.core.intake import Choices
from sogoc.core.record import BY_KIND, DEGREE
from sogoc.errors import InputError
from tests.archive import record

GIVEN = {"thong_tu": "27/2019", "ten_truong": "Trường Mẫu", "ghi_chu": "dòng một\ndòng hai; ba"}
RECORDS = [
    record(1, personal_id="001303004217", gender="female", graduation_year="2026", holder_name="H'Hen Niê"),
    record(2, born_on="1998", holder_name="=HYPERLINK(1)", credits="140", admitted_on="2022-09"),
]


@pytest.mark.parametrize("suffix", exchange_files.SUFFIXES)
def test_what_was_written_is_read_again(suffix: str, tmp_path: Path) -> None:
    sent = [to_national(one, GIVEN).values for one in RECORDS]
    path = tmp_path / f"quoc-gia{suffix}"
    assert exchange_files.write(path, iter(sent)) == 2
    read = [from_national(values) for _, values in exchange_files.read(path)]
    assert [one.record for one in read] == RECORDS
    assert [one.rest for one in read] == [GIVEN, GIVEN]
    first = 1 if suffix in {".jsonl", ".ndjson"} else 2
    places = [place.rpartition("!")[2] for place, _ in exchange_files.read(path)]
    assert places == [str(first), str(first + 1)]


def test_a_table_has_every_column_of_the_format(tmp_path: Path) -> None:
    path = tmp_path / "quoc-gia.csv"
    exchange_files.write(path, [to_national(RECORDS[0], {}).values])
    assert path.read_text(encoding="utf-8-sig").splitlines()[0].split(";") == list(COLUMNS)


@pytest.mark.parametrize(
    "line", ["[]", "{", '{"so_hieu_vbcc": null}', '{"so_hieu_vbcc": 1.5}', '{"nam_tot_nghiep": true}']
)
def test_a_line_that_is_no_diploma_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "quoc-gia.jsonl"
    path.write_text('{"so_hieu_vbcc": "B1"}\n\n' + line + "\n")
    with pytest.raises(InputError, match="line 3"):
        list(exchange_files.read(path))


@pytest.mark.parametrize("call", ["read", "write"])
def test_another_kind_of_file_is_refused(call: str, tmp_path: Path) -> None:
    path = tmp_path / "quoc-gia.pdf"
    with pytest.raises(InputError, match=r"quoc-gia\.pdf"):
        list(exchange_files.read(path)) if call == "read" else exchange_files.write(path, [])


def test_an_export_comes_into_a_register_by_the_intake_and_what_it_cannot_carry_is_asked_for(tmp_path: Path) -> None:
    people = [record(n, holder_name="Trần Thị Mẫu", personal_id=f"00130300421{n}", gender="female") for n in (1, 2)]
    read = [from_national(to_national(one, {"thong_tu": "27/2019"}).values) for one in people]
    header, rows = as_list(read, DEGREE)
    path = tmp_path / "nhap.xlsx"
    write_xlsx(path, [header, *rows], name="Danh sách", bold=[0])

    def taken(*ignored: str) -> intake.Intake:
        return intake.read(
            read_table(path), file=path.name, schema=DEGREE, defaults={"kind": "degree"}, today=date(2026, 7, 20),
            choices=Choices(ignored=frozenset(ignored)),
        )  # fmt: skip

    assert {one.rule for one in taken().problems if one.severity == "error"} == {"unknown-column"}
    clean = taken("ma_dinh_danh_vbcc", "thong_tu")
    assert clean.clean, [one.rule for one in clean.problems]
    carried = [{name: value for name, value in one.items() if name != "identifier"} for one in people]
    assert [dict(row.record) for row in clean.rows] == carried


def test_a_value_that_could_not_be_read_stands_in_its_column_for_the_intake_to_name(tmp_path: Path) -> None:
    values = to_national(record(1, personal_id="001303004217"), {}).values | {"ngay_cap_vbcc": "31/02/2026"}
    header, [row] = as_list([from_national(values)], BY_KIND["degree"])
    assert dict(zip(header, row, strict=True))["ngay_cap_vbcc"] == "31/02/2026"
