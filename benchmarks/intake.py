"""How many rows of a registrar's file are checked in a second, and how much memory that takes.

Each file is made here and read by a process of its own, from bytes on the disk to the list of problems: opening it in
the confined child, looking it over, and every rule on every row. Dirty files have a fault in every row, of all kinds.
Rows a second are those of one core: of the time of the processor, the child's included. Peak memory is that of the
process that asked; the child has its own limit. Run: make bench
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

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
    began, before = time.perf_counter(), time.process_time()
    sheets = read_table(path)
    opened = time.perf_counter()
    result = intake.read(sheets, file=path.name, schema=DEGREE, defaults=GIVEN, today=TODAY)
    checked = time.perf_counter()
    spent = time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - before
    peak = next(
        line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    return {
        "rows": result.read,
        "problems": sum(result.counts.values()),
        "open": opened - began,
        "check": checked - opened,
        "core": spent,
        "peak": int(peak) / 1024,
    }


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(measure(Path(sys.argv[1]))))
        return
    print(f"{'file':<22}{'rows':>8}{'problems':>10}{'open s':>8}{'check s':>9}{'rows/s':>9}{'peak MB':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for dirty in (False, True):
            for count, suffix in ((10_000, "csv"), (50_000, "csv"), (99_999, "csv"), (50_000, "xlsx")):
                path = Path(folder) / f"{'dirty' if dirty else 'clean'}-{count}.{suffix}"
                rows = list(table(count, dirty=dirty))
                if suffix == "csv":
                    write_csv(path, rows)
                else:
                    write_xlsx(path, rows, name="Danh sách")
                done = subprocess.run([sys.executable, __file__, str(path)], capture_output=True, check=True)
                said = json.loads(done.stdout)
                rate = said["rows"] / said["core"]
                print(
                    f"{path.name:<22}{said['rows']:>8,}{said['problems']:>10,}{said['open']:>8.1f}{said['check']:>9.1f}"
                    f"{rate:>9,.0f}{said['peak']:>9.0f}"
                )


if __name__ == "__main__":
    main()
