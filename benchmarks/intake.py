"""How many rows of a registrar's file are checked in a second, and how much memory that takes.

Each file is made here and read by a process of its own, from bytes on the disk to the list of problems: opening it in
the confined child, looking it over, and every rule on every row. Dirty files have a fault in every row, of all kinds.
Rows a second are those of one core: of the time of the processor, the child's included. Peak memory is that of the
process that asked; the child has its own limit. Run: make bench
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.figures import Figure, arguments, core_seconds, peak, say
from sogoc.adapters.sheets import read_table
from sogoc.adapters.sheets_write import Value, write_csv, write_xlsx
from sogoc.core import intake
from sogoc.core.record import DEGREE

TODAY = date(2026, 7, 1)
GIVEN = {
    "institution": "DHSG01",
    "kind": "degree",
    "level": "bachelor",
    "title": "Bằng cử nhân",
    "issued_at": "Quảng Bình",
    "institution_name": "Đại học Sông Gianh (mẫu)",
    "decision_number": "412/QĐ-ĐHSG",
    "decided_on": "2026-06-12",
    "awarded_on": "2026-06-19",
    "signer_name": "Đặng Quốc Thịnh",
    "signer_title": "Giám đốc",
}
HEADER = (
    *(
        "STT",
        "Họ và tên",
        "Ngày sinh",
        "Nơi sinh",
        "Giới tính",
        "Dân tộc",
        "Quốc tịch",
        "Số CCCD",
        "Mã SV",
        "Ngành đào tạo",
    ),
    *("Mã ngành", "Năm TN", "Xếp loại", "Số hiệu VB", "Số vào sổ", "Hình thức ĐT", "Ghi chú"),
)
FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Phan", "Vũ", "Đặng", "Bùi", "Đỗ")
MIDDLE = ("Thị", "Văn", "Đức", "Ngọc", "Hoàng", "Minh", "Thanh", "Quốc", "Hữu", "Xuân")
GIVEN_NAME = (
    "Phượng",
    "Hiếu",
    "Thịnh",
    "Vy",
    "Tuyết",
    "Lan",
    "Nam",
    "Hòa",
    "Thủy",
    "Khánh",
    "Yến",
    "Tú",
    "Đạt",
    "Quỳnh",
)
PLACES = ("Hà Nội", "Huế", "Quảng Bình", "Bắc Giang", "TP HCM", "Đắk Lắk", "Nghệ An", "Sông Bé")
FAULTS: tuple[tuple[int, Value], ...] = (
    *((1, "TrÇn §øc HiÕu"), (1, "Nguyeãn Thò Phöôïng"), (1, "Nguyá»…n Thá»‹ PhÆ°á»£ng"), (1, "Ðặng  Thị Lan")),
    *(
        (1, "NGUYEN THI LAN"),
        (2, "00/00/1998"),
        (2, "31/02/2003"),
        (2, "Không rõ"),
        (3, '=HYPERLINK("http://example.org")'),
    ),
    *(
        (4, "x"),
        (7, "1.30300E+09"),
        (7, "'001303004217"),
        (12, "TB Khá"),
        (13, "S00O934"),
        (10, "D480201"),
        (15, "VLVH"),
    ),
)


def table(count: int, *, dirty: bool) -> Iterator[list[Value]]:
    yield list(HEADER)
    for number in range(count):
        family, middle = FAMILY[number % 10], MIDDLE[number // 10 % 10]
        name = f"{family} {middle} {MIDDLE[number // 100 % 10]} {GIVEN_NAME[number // 1000 % 14]}"
        row: list[Value] = [
            *(
                number + 1,
                name,
                f"{number % 28 + 1:02}/{number // 28 % 12 + 1:02}/2003",
                PLACES[number % 8],
                "Nữ",
                "Kinh",
            ),
            *("Việt Nam", f"0013030{number % 100_000:05}", f"2022{number:06}", "Công nghệ thông tin", "7480201", 2026),
            *("Khá", f"SG{number:06}", f"2026/SG/{number:06}", "Chính quy", ""),
        ]
        if dirty:
            place, value = FAULTS[number % len(FAULTS)]
            row[place] = value
        yield row


def measure(path: Path) -> dict[str, float]:
    began, before = time.perf_counter(), core_seconds()
    sheets = read_table(path)
    opened = time.perf_counter()
    result = intake.read(sheets, file=path.name, schema=DEGREE, defaults=GIVEN, today=TODAY)
    checked = time.perf_counter()
    return {
        "rows": result.read,
        "problems": sum(result.counts.values()),
        "open": opened - began,
        "check": checked - opened,
        "core": core_seconds() - before,
        "peak": peak(),
    }


def figures(path: Path, runs: int) -> list[Figure]:
    """What `runs` processes of their own said of this file."""
    command = [sys.executable, __file__, "--measure", str(path)]
    said = [json.loads(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(runs)]
    last = said[-1]
    rates = [one["rows"] / one["core"] for one in said]
    peaks = [one["peak"] for one in said]
    note = (
        f"{last['problems']:,} problems, opened in {last['open']:.1f} s, checked in {last['check']:.1f} s by the clock"
    )
    return [
        Figure(
            name=f"check {path.name}",
            value=statistics.median(rates),
            unit="rows/s of a core",
            n=last["rows"],
            note=note,
            runs=tuple(rates),
        ),
        Figure(
            name=f"check {path.name}: peak memory",
            value=statistics.median(peaks),
            unit="MiB",
            n=last["rows"],
            runs=tuple(peaks),
        ),
    ]


def main() -> None:
    parser = arguments(__doc__, size=50_000, runs=3)
    parser.add_argument("--measure", type=Path, metavar="TABLE", help="read this file once and say what it took")
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(measure(asked.measure)))
        return
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for dirty in (False, True):
            for count, suffix in ((asked.size // 5, "csv"), (asked.size, "csv"), (asked.size, "xlsx")):
                path = Path(folder) / f"{'dirty' if dirty else 'clean'}-{count}.{suffix}"
                rows = list(table(count, dirty=dirty))
                if suffix == "csv":
                    write_csv(path, rows)
                else:
                    write_xlsx(path, rows, name="Danh sách")
                found += figures(path, asked.runs)
    say(found, asked.json)


if __name__ == "__main__":
    main()
