"""The printed books and copies: every line in its own letters, the totals of the law, and nothing cut."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from sogoc.adapters import books_pdf, books_xlsx
from sogoc.adapters.sheets import read_table
from sogoc.core import books
from sogoc.core.books import Act, Book, Changed, Copied, Entered, Line, Page, Section, Void
from sogoc.core.reconcile import Line as Known
from sogoc.core.reconcile import Table, of_paper, reconcile
from sogoc.core.record import BY_KIND, DEGREE
from sogoc.errors import InputError, MalformedError
from tests.archive import record

AT = datetime(2026, 11, 26, tzinfo=UTC)
URL = "https://vanbang.example.vn/v/0123456789abcdef"
HEADING = books.register_heading(
    authority="UBND tỉnh Thử", institution="Trường Đại học Sông Gốc", level="bachelor", year="2026"
)
AMENDED = Act(what="amend", on="2027-01-12", decision_number="45/QĐ-ĐHSG")


def pages(lines: list[Line], layout: books.Layout = books.REGISTERS["degree"], per_page: int = 14) -> list[Page]:
    book = Book(layout=layout, heading=HEADING, per_page=per_page)
    section = Section(facts=books.decision_facts(record(1)), size=len(lines), lines=lines)
    return list(book.pages([section], pages=book.count_pages([len(lines)])))


def printed(of: list[Page], *, trial: bool = True) -> bytes:
    [volume] = books_pdf.volumes(of, trial=trial, created_at=AT)
    return volume


def opened(pdf: bytes) -> Any:
    return PdfReader(io.BytesIO(pdf))


def words(page: Any) -> str:
    return " ".join(page.extract_text().split())


LINES: list[Line] = [
    Entered(record=record(1, holder_name="H'Hen Niê", personal_id="001303004217", birthplace="Hà Nội")),
    Void(register_number="2026/0002", reason="phôi hỏng"),
    Entered(record=record(3, holder_name="Nguyễn Thị Phượng"), acts=(AMENDED,), late_on="2026-09-01"),
]


@pytest.mark.parametrize("trial", [False, True])
def test_a_page_of_the_register_says_all_that_the_law_asks(trial: bool) -> None:
    [page] = opened(printed(pages(LINES), trial=trial)).pages
    text = words(page)
    for said in (
        "UBND TỈNH THỬ", "TRƯỜNG ĐẠI HỌC SÔNG GỐC", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc",
        "SỔ GỐC CẤP BẰNG TỐT NGHIỆP ĐẠI HỌC", "Năm 2026", "số 412/QĐ-ĐHSG ngày 30/06/2026", "Số vào sổ gốc",
        "Chữ ký người nhận", "H'Hen Niê", "Nguyễn Thị Phượng", "001303004217", "02/2003", "SG000003",
        "Bỏ số: phôi hỏng", "Ghi muộn ngày 01/09/2026", "45/QĐ-", "Cộng trang · Page total: 2 văn bằng, 1 số bỏ",
        "Cộng dồn · Carried: 2 văn bằng, 1 số bỏ", "Trang 1/1", "NGƯỜI GHI SỔ", "THỦ TRƯỞNG", "giáp lai",
    ):  # fmt: skip
        assert said in text, said
    assert ("THỬ NGHIỆM / TRIAL" in text) == trial
    assert float(page.mediabox.width) == pytest.approx(297 / 25.4 * 72, abs=0.5)
    assert float(page.mediabox.height) == pytest.approx(210 / 25.4 * 72, abs=0.5)


@pytest.mark.parametrize("name", ["Y Brŭ Niê Kđăm", "Siu H’Ƀlĭ Krŏng", "Y ê\u0306 ơ\u0306", "Đặng Ư Ợ"])
def test_a_name_is_in_the_very_letters_of_the_register(name: str) -> None:
    [page] = opened(printed(pages([Entered(record=record(1, holder_name=name))]))).pages
    assert name in words(page)


def test_many_lines_fill_as_many_pages_as_announced_and_the_last_one_is_signed() -> None:
    lines: list[Line] = [
        Entered(
            record=record(
                n,
                holder_name="Công Tằng Tôn Nữ Hoàng Ngọc Thiên Hương Bảo Châu" if n % 3 else "H'Hen Niê",
                birthplace="xã Krông Ana, huyện Krông Ana, tỉnh Đắk Lắk" if n % 2 else None,
                register_number=f"2026/ĐHSG/{n:05d}",
            ),
            acts=(AMENDED,) if n % 5 == 0 else (),
        )
        for n in range(1, 401)
    ]
    made = opened(printed(pages(lines)))
    texts = [words(page) for page in made.pages]
    assert len(texts) == 29
    assert [n for n, text in enumerate(texts, 1) if f"Trang {n}/29" not in text] == []
    assert ["NGƯỜI GHI SỔ" in text for text in texts] == [False] * 28 + [True]
    assert "Trang trước chuyển sang: 392 văn bằng" in texts[28]
    assert "Cộng dồn · Carried: 400 văn bằng" in texts[28]
    assert all(f"SG{n:06d}" in texts[(n - 1) // 14] for n in range(1, 401))


def test_a_long_book_is_bound_in_volumes_through_which_its_pages_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books_pdf, "VOLUME", 2)
    made = list(books_pdf.volumes(pages(LINES, per_page=1), trial=False, created_at=AT))
    texts = [[words(page) for page in opened(one).pages] for one in made]
    assert [len(one) for one in texts] == [2, 1]
    assert "Quyển 1/2" in texts[0][0]
    assert "Quyển 2/2" in texts[1][0]
    assert "Trang 3/3" in texts[1][0]


def test_a_page_that_cannot_show_its_lines_whole_is_refused() -> None:
    with pytest.raises(InputError, match="too long"):
        printed(pages([Entered(record=record(n, holder_name="Nguyễn " * 60 + "A")) for n in range(14)]))
    with pytest.raises(InputError, match="too long"):
        printed(pages([Entered(record=record(1, register_number="9" * 200))]))


def test_the_same_book_is_the_same_bytes_and_only_fonts_of_the_package_are_in_it() -> None:
    one = printed(pages(LINES))
    assert one == printed(pages(LINES))
    fonts = {str(font["/BaseFont"]) for page in opened(one).pages for font in page["/Resources"]["/Font"].values()}
    assert fonts
    assert all("BeVietnamPro" in font or "NotoSerif" in font for font in fonts)


def test_appendix_and_copy_book_have_their_own_columns() -> None:
    reissue = Act(what="reissue", on="2027-01-12", decision_number="46/QĐ")
    [page] = opened(
        printed(pages([Changed(before=record(1), after=record(2), act=reissue)], layout=books.APPENDIX))
    ).pages
    text = words(page)
    assert [
        said for said in ("Số hiệu cấp lại", "SG000001", "SG000002", "2026/0002", "46/QĐ") if said not in text
    ] == []
    copied = Copied(
        record=record(1), number=7, issued_on="2026-11-20", copies=3, recipient="Y Mẫu", relation="chính chủ"
    )
    [page] = opened(printed(pages([copied], layout=books.COPY_BOOK))).pages
    text = words(page)
    assert [s for s in ("07/2026", "Y Mẫu (chính chủ)", "1 lần cấp, 3 bản sao") if s not in text] == []


# -- spreadsheet ------------------------------------------------------------------------------------------------------


def test_the_spreadsheet_is_read_back_as_the_register_by_our_own_reader(tmp_path: Path) -> None:
    records = [record(n, holder_name=f"Người Mẫu {'abcde'[n]}", gender="male", birthplace="Huế") for n in range(5)]
    lines: list[Line] = [Entered(record=one) for one in records]
    lines.insert(3, Void(register_number="2026/0777", reason="hỏng"))
    path = tmp_path / "so-goc.xlsx"
    books_xlsx.write(path, pages(lines, per_page=2))
    [sheet] = read_table(path)
    read = of_paper([sheet], schema=DEGREE, today=date(2026, 11, 26))
    assert {"holder_name", "born_on", "serial_number", "register_number", "gender", "mode"} <= read.table.columns
    known = [Known(where=str(n), fields=one) for n, one in enumerate(records)]
    found = reconcile(
        Table(columns=frozenset(DEGREE.names), lines=known),
        paper=Table(columns=read.table.columns, lines=read.table.lines),
    )
    assert found.clean
    assert found.agreed == 5
    text = [" ".join(cell if isinstance(cell, str) else cell.text for cell in row).strip() for row in sheet.rows]
    assert "Cộng trang 3/3: 2 văn bằng" in text
    assert "Cộng dồn: 5 văn bằng, 1 số bỏ" in text


def test_a_name_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "so-goc.xlsx"
    books_xlsx.write(path, pages([Entered(record=record(1, holder_name="=HYPERLINK(1)"))]))
    [sheet] = read_table(path)
    assert any("=HYPERLINK(1)" in row for row in sheet.rows)


# -- copies -----------------------------------------------------------------------------------------------------------


def face(**changes: str | None) -> books.CopyFace:
    fields = record(1, **changes)
    return books.copy_face(
        fields, schema=BY_KIND[fields["kind"]], number=7, issued_on="2026-02-05",
        institution="Trường Đại học Sông Gốc", place="Đắk Lắk", acts=[AMENDED],
    )  # fmt: skip


def test_a_copy_says_that_it_is_one_and_carries_the_evidence() -> None:
    pdf = books_pdf.copy(face(), verify_url=URL, evidence=b'{"credential":"x"}', trial=True, created_at=AT)
    [page] = opened(pdf).pages
    text = words(page)
    for said in (
        "BẢN SAO", "(Cấp từ sổ gốc)", "BẰNG CỬ NHÂN", "Số vào sổ cấp bản sao: 07/2026", "Y Brŭ Niê 1", "02/2003",
        "412/QĐ-ĐHSG", "SG000001", "2026/0001", "Đắk Lắk, ngày 05 tháng 02 năm 2026", "THỦ TRƯỞNG CƠ QUAN CẤP BẢN SAO",
        "Có QĐ chỉnh sửa số 45/QĐ-ĐHSG ngày 12/01/2027", "THỬ NGHIỆM / TRIAL",
    ):  # fmt: skip
        assert said in text, said
    assert "xem phụ lục" not in text
    assert "Chính quy" not in text, "the mode of study is not on a diploma"
    assert opened(pdf).attachments["evidence.json"] == [b'{"credential":"x"}']


def test_a_school_s_copy_says_sex_and_birthplace_as_its_diploma_does() -> None:
    said = face(
        kind="school-diploma", level="upper-secondary", school="Trường Bến Đò", gender="female", programme_name=None
    )
    assert ("Giới tính", "Gender", "Nữ") in said.lines
    assert not any(name == "Giới tính" for name, _, _ in face(gender="female").lines)


def test_a_copy_is_refused_rather_than_cut() -> None:
    with pytest.raises(InputError, match="too long"):
        books_pdf.copy(
            face(
                **dict.fromkeys(
                    ("holder_name", "programme_name", "signer_name", "signer_title", "classification"),
                    "Nguyễn " * 110 + "A",
                )
            ),
            verify_url=URL,
            evidence=b"{}",
            trial=True,
            created_at=AT,
        )
    with pytest.raises(MalformedError):
        books_pdf.copy(face(), verify_url=URL, evidence=b"\xff", trial=True, created_at=AT)
