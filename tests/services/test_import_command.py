"""What a registrar does with a dirty file from the command line: see it, accept, mend what is left, take it in."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sogoc.adapters.sheets import read_table
from sogoc.adapters.sheets_write import write_csv
from sogoc.cli import opening, workbench
from sogoc.core.vocabulary import display
from sogoc.register.models import Row
from tests.services.trial import DECISION, OURS, Trial

HEADER = ("Họ tên SV", "Ngày sinh", "Ngành đào tạo", "Mã ngành", "Số hiệu", "Số vào sổ", "Hình thức ĐT", "Giới tính")
FIELDS = ("holder_name", "born_on", "programme_name", "programme", "serial_number", "register_number", "mode", "gender")


def test_r2_a_dirty_file_is_accepted_piece_by_piece_and_its_faulty_rows_are_exported(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(opening, "open_home", lambda _: SimpleNamespace(desk=trial.desk))
    monkeypatch.setattr(opening, "person", lambda _: trial.by("preparer"))
    monkeypatch.setattr(opening, "now", lambda: trial.now)
    records = [row | {"register_number": f"2026/{place}"} for place, row in enumerate(trial.rows(3), 1)]
    table = [[display(name, record.get(name, "")) for name in FIELDS] for record in records]
    for row, name in zip(table, ("", "", "Đặng Thị Lan"), strict=True):
        row[0], row[7] = name, "Nữ"
    table[0][0], table[1][0], table[2][7] = "TrÇn §øc HiÕu", "Vâ Hoµng Kh¸nh Vy", "x"
    path, faulty = tmp_path / "a.csv", tmp_path / "loi.csv"
    given = [
        f"{name}={records[0][name]}"
        for name in ("institution_name", "title", "issued_at", "signer_name", "signer_title")
    ]

    def take_in(rows: list[list[str]], **options: Any) -> dict[str, Any]:
        write_csv(path, [HEADER, *rows])
        workbench.import_file(
            path, institution=OURS, kind="degree", level="bachelor", decision=DECISION.number,
            decided_on=DECISION.decided_on, total=DECISION.total, awarded_on=DECISION.awarded_on, by="x", set_=given,
            meaning=["Họ tên SV=holder_name"], as_json=True, **options,
        )  # fmt: skip
        answer: dict[str, Any] = json.loads(capsys.readouterr().out)
        return answer

    first = take_in(table, faulty=faulty)
    assert [(one["cell"], one["rule"], one["after"]) for one in first["problems"]] == [
        *(("A2", "tcvn3", "Trần Đức Hiếu"), ("A3", "tcvn3", "Võ Hoàng Khánh Vy"), ("H4", "gender", None))
    ]
    assert first["batch"] is None
    assert first["counts"] == {"tcvn3": 2, "gender": 1}
    assert len(list(read_table(faulty)[0].rows)) == 4
    one = take_in(table, accept=[first["problems"][0]["key"]])
    assert [problem["cell"] for problem in one["problems"]] == ["A3", "H4"]
    table[2][7] = "Nữ"
    done = take_in(table, accept=["tcvn3"])
    assert (done["problems"], len(done["changes"])) == ([], 2)
    assert done["batch"] is not None
    assert Row.objects.count() == 3
    again = take_in(table, accept=["tcvn3"])
    assert again["batch"] == done["batch"]
    assert Row.objects.count() == 3
