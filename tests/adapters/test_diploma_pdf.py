"""The printed page: every name in its own letters, nothing on it that the face does not say, one signature over all."""

from __future__ import annotations

import io
import subprocess
import sys
import unicodedata
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
import typst
import zxingcpp
from asn1crypto import x509
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from sogoc.adapters import diploma_pdf, press
from sogoc.adapters.diploma import ornament
from sogoc.core import record
from sogoc.errors import InputError, MalformedError, RecordError
from tests.adapters import diplomas
from tests.adapters.diplomas import AT, CERTIFICATE, DEGREE, EVIDENCE, FORGER, KEY, SCHOOL_DIPLOMA, URL, printed, signed

FACES = {"degree": DEGREE, "school-diploma": SCHOOL_DIPLOMA, "certificate": CERTIFICATE}


def opened(pdf: bytes) -> Any:
    """The reader of pypdf, whose objects have the types that a file gives them."""
    return PdfReader(io.BytesIO(pdf))


def words(pdf: bytes) -> str:
    """The text of the page with its lines joined: where a line breaks is the page's matter."""
    [page] = opened(pdf).pages
    return " ".join(page.extract_text().split())


def pieces(pdf: bytes) -> list[tuple[float, float, float, str]]:
    """What is written on the page: from where to the right and up, how large, and the words."""
    found: list[tuple[float, float, float, str]] = []

    def see(text: str, at: list[float], own: list[float], _font: object, size: float) -> None:
        if text.strip():
            found.append((at[4] + own[4] * at[0], at[5] + own[5] * at[3], size, text.strip()))

    [page] = opened(pdf).pages
    page.extract_text(visitor_text=see)
    return found


@pytest.mark.parametrize("trial", [False, True])
@pytest.mark.parametrize("kind", FACES)
def test_every_field_of_the_face_can_be_read_on_the_page(kind: str, trial: bool) -> None:
    face = FACES[kind]
    text = words(printed(face, trial=trial))
    coded = {"institution", "kind", "level", "programme", "decided_on", "awarded_on", "born_on"}
    assert set(face) == set(record.BY_KIND[kind].face)
    assert [name for name, value in face.items() if name not in coded and value not in text] == []
    for line in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "Independence", "Số vào sổ gốc"):
        assert line in text
    assert "05/02/2003" in text
    assert "5 February 2003" in text
    assert "ngày 15 tháng 6 năm 2026" in text
    assert ("THỬ NGHIỆM / TRIAL" in text) == trial


@pytest.mark.parametrize(
    ("face", "english"),
    [
        (DEGREE, ["The Degree of Bachelor", "Very good", "Rector"]),
        (SCHOOL_DIPLOMA, ["Upper Secondary School Diploma", "Very good", "Principal"]),
        (DEGREE | {"title": "Bằng cử nhân quốc học"}, []),
        (CERTIFICATE, ["Director"]),
    ],
)
def test_english_is_taken_from_fixed_terms_and_never_made_up(face: dict[str, str], english: list[str]) -> None:
    text = words(printed(face))
    assert [term for term in english if term not in text] == []
    assert text.count(face["title"]) == (1 if len(english) == 3 else 2)


@pytest.mark.parametrize(
    "name",
    [
        "Y Brŭ Niê",
        "H'Hen Ayŭn",
        "Rơ Châm Pŏ",
        "Ĕƀan Ê Ƀan Č Ñ Ĭ",
        "Siu H’Ƀlĭ Krŏng",
        "Y ê\u0306 ơ\u0306 ư\u0306 ô\u0306",
        "Nguyễn Thị Thuỳ Ỷ Ỵ ẵ ẳ ặ ộ ự",
        "Đặng Ư Ợ",
        "Hb\u0306\u00eam Bl\u01a1\u0306k",
    ],
)
def test_a_name_is_on_the_page_in_the_very_letters_of_the_register(name: str) -> None:
    assert unicodedata.is_normalized("NFC", name)
    assert words(printed(DEGREE | {"holder_name": name})).count(name) == 2


def is_accepted(letter: str) -> bool:
    try:
        record.check_text("holder_name", letter)
    except RecordError:
        return False
    return not letter.isspace()


def test_every_letter_that_a_record_may_hold_has_a_glyph_in_every_font_of_a_value() -> None:
    letters = [letter for letter in map(chr, range(sys.maxunicode + 1)) if is_accepted(letter)]
    assert len(letters) > 900
    for begin in range(0, len(letters), 60):
        # PDF/A has no missing glyph: the press refuses a page that would need one.
        some = unicodedata.normalize("NFC", " ".join(["a", *letters[begin : begin + 60]]))
        fields = ("holder_name", "title", "programme_name", "issued_at", "serial_number", "decision_number")
        printed(DEGREE | dict.fromkeys(fields, some))


@pytest.mark.parametrize(
    ("number", "whole"),
    [
        ("0127/2026", True),
        ("2026/SG/0000001", True),
        ("SGU-CNTT-2026/HK2/DOT-03/Q.15/0000001/BS-TS-2026-ABCDEF/01", False),
    ],
)
def test_numbers_stand_under_the_words_of_the_code(number: str, whole: bool) -> None:
    found = pieces(printed(DEGREE | {"register_number": number}))
    [scan] = [y for _, y, _, text in found if text.startswith("Scan to verify")]
    line = next(y for _, y, _, text in found if text.startswith("Serial number"))
    assert scan - line > max(size for _, y, size, _ in found if y == line), "they are printed over one another"
    assert (number in {text for *_, text in found}) is whole


LONG = "Kỹ thuật điều khiển và tự động hóa các quá trình sản xuất công nghiệp thực phẩm " * 2


@pytest.mark.parametrize(
    ("face", "room"),
    [
        (DEGREE, True),
        (SCHOOL_DIPLOMA, True),
        (CERTIFICATE, True),
        (DEGREE | {"programme_name": LONG, "institution_name": LONG}, False),
        (DEGREE | {"signer_name": LONG}, False),
        (DEGREE | {"decision_number": LONG}, False),
        (DEGREE | {"register_number": "SGU-CNTT-2026/HK2/DOT-03/" * 3}, True),
    ],
)
def test_a_page_is_measured_only_where_full_size_leaves_no_room(face: dict[str, str], room: bool) -> None:
    face = {name: value.strip() for name, value in face.items()}
    page = diploma_pdf._page(face, verify_url=URL, evidence_name="evidence.json", trial=False)
    inputs = {"face": orjson.dumps(page).decode(), "code": press.code_of(URL), "evidence": EVIDENCE.decode()}
    measured = pieces(press.pressed("diploma.typ", inputs, created_at=AT, measured=True))
    assert pieces(printed(face)) == [pytest.approx(piece, abs=0.1) for piece in measured]
    with nullcontext() if room else pytest.raises(typst.TypstError, match="no room at full size"):
        press.pressed("diploma.typ", inputs, created_at=AT)


def test_no_word_runs_out_of_its_column() -> None:
    fields = (
        "holder_name",
        "title",
        "institution_name",
        "programme_name",
        "classification",
        "signer_name",
        "issued_at",
    )
    wide = printed(DEGREE | dict.fromkeys(fields, "W" * 15))
    left, right = (26, 26 + 115), (297 - 26 - 115, 297 - 26)
    starts = {x * 25.4 / 72 for x, *_ in pieces(wide)}
    assert [x for x in starts if not any(begin - 0.1 <= x < end for begin, end in (left, right))] == []


@pytest.mark.parametrize("pdf", [printed(), printed(SCHOOL_DIPLOMA, trial=True)], ids=["plain", "trial"])
def test_a_reader_of_codes_finds_the_address_on_the_page(pdf: bytes) -> None:
    kind, size, _, pixels = subprocess.run(
        ["pdftoppm", "-r", "150", "-gray"], input=pdf, capture_output=True, check=True
    ).stdout.split(b"\n", 3)
    width, height = map(int, size.split())
    assert kind == b"P5"
    [code] = zxingcpp.read_barcodes(memoryview(pixels).cast("B", (height, width)))
    assert (code.text, code.ec_level, code.format) == (URL, "M", zxingcpp.BarcodeFormat.QRCode)


def test_the_border_is_as_it_is_drawn() -> None:
    assert ornament.redraw() == (press.HERE / "ornament.svg").read_bytes()


def test_a_glyph_that_no_font_has_stops_the_press() -> None:
    page = diploma_pdf._page(DEGREE | {"holder_name": "漢"}, verify_url=URL, evidence_name="e.json", trial=False)
    inputs = {"face": orjson.dumps(page).decode(), "code": press.code_of(URL), "evidence": "{}"}
    with pytest.raises(typst.TypstError):
        press.pressed("diploma.typ", inputs, created_at=AT)


def test_only_the_fonts_of_the_package_are_on_the_page() -> None:
    [page] = opened(printed(trial=True)).pages
    fonts = page["/Resources"]["/Font"]
    names = {str(fonts[name]["/BaseFont"]).split("+")[1].split("-")[0] for name in fonts}
    assert names == {"BeVietnamPro", "NotoSerif", "NotoSerifDisplay"}
    folder = press.HERE / "fonts"
    assert sum(font.stat().st_size for font in folder.glob("*.ttf")) < 1_500_000
    assert {path.name for path in folder.glob("*.txt")} == {"BeVietnamPro-OFL.txt", "NotoSerif-OFL.txt"}


def test_the_evidence_is_attached_as_the_data_of_the_page() -> None:
    reader = opened(printed())
    assert reader.attachments == {"evidence.json": [EVIDENCE]}
    [file] = [entry.get_object() for entry in reader.root_object["/AF"]]
    assert file["/AFRelationship"] == "/Data"
    assert (
        file["/EF"]["/F"]["/Subtype"] == "/application#2Fjson" or file["/EF"]["/F"]["/Subtype"] == "/application/json"
    )


@pytest.mark.parametrize("pdf", [printed(), printed(trial=True), signed()], ids=["plain", "trial", "signed"])
def test_the_file_says_that_it_is_pdf_a_3b_and_carries_its_colours(pdf: bytes) -> None:
    reader = opened(pdf)
    metadata = reader.root_object["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3<" in metadata
    assert "<pdfaid:conformance>B<" in metadata
    assert reader.root_object["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"
    assert reader.root_object["/MarkInfo"]["/Marked"]
    assert len(reader.pages) == 1
    assert (round(reader.pages[0].mediabox.width), round(reader.pages[0].mediabox.height)) == (842, 595)


def test_the_same_diploma_is_the_same_bytes() -> None:
    first = printed()
    printed(SCHOOL_DIPLOMA, trial=True)
    assert printed() == first
    later = diploma_pdf.render(
        DEGREE, verify_url=URL, evidence=EVIDENCE, trial=False, created_at=AT + timedelta(seconds=1)
    )
    assert later != first


@pytest.mark.parametrize(
    "name",
    [
        '#panic("x")',
        "*a* _b_ `c` $d$",
        '"] #sys.inputs',
        "\\u{41} //x",
        "<a>@b",
        "= a + b",
        "#import a: *",
        "a--b---c...",
    ],
)
def test_markup_in_a_field_is_text_on_the_page(name: str) -> None:
    assert words(printed(DEGREE | {"holder_name": name})).count(name) == 2


@settings(max_examples=25, deadline=None)
@given(
    st.text(st.sampled_from("aăâbcdđeêgộựŭŏĕč 'N\"#\\$[]{}*_@<>"), min_size=1, max_size=60).map(str.strip).filter(bool)
)
def test_any_name_that_is_accepted_stays_one_page_with_its_evidence(name: str) -> None:
    pdf = printed(DEGREE | {"holder_name": name, "signer_name": name, "institution_name": name})
    reader = opened(pdf)
    assert len(reader.pages) == 1
    assert reader.attachments == {"evidence.json": [EVIDENCE]}


@pytest.mark.parametrize(
    ("field", "long"),
    [
        ("holder_name", "H'Hen Rơ Châm Pŏ Ĕƀan Nguyễn Công Tằng Tôn Nữ Thị Hoàng Dương"),
        (
            "institution_name",
            "Trường Đại học Khoa học Xã hội, Kinh tế, Kỹ thuật và Công nghệ Ví Dụ Miền Núi phía Bắc " * 2,
        ),
        ("programme_name", "Kỹ thuật điều khiển và tự động hóa các quá trình sản xuất công nghiệp thực phẩm " * 2),
        ("title", "Bằng tốt nghiệp trung cấp chuyên nghiệp ngành sư phạm mầm non"),
        ("signer_name", "Phó Giáo sư, Tiến sĩ khoa học, Nhà giáo nhân dân Tôn Nữ Thị Hoàng Thùy Dương"),
    ],
)
def test_a_long_text_is_set_smaller_and_stays_whole(field: str, long: str) -> None:
    long = long.strip()
    assert long in words(printed(DEGREE | {field: long}))


BAD = [
    ({"kind": "poem"}, RecordError, "kind"),
    ({"mode": "full-time"}, RecordError, "mode"),
    ({"personal_id": "012345678901"}, RecordError, "personal_id"),
    ({"nickname": "A"}, RecordError, "nickname"),
    ({"holder_name": ""}, RecordError, "holder_name"),
    ({"holder_name": "e\u0302"}, RecordError, "holder_name"),
    ({"holder_name": "漢字"}, RecordError, "holder_name"),
    ({"holder_name": "a\u202eb"}, RecordError, "holder_name"),
    ({"awarded_on": "2026-06"}, RecordError, "awarded_on"),
    ({"holder_name": "Nguyễn " * 100 + "A"}, InputError, "too long"),
    ({"serial_number": "0" * 900}, InputError, "too long"),
    ({"decision_number": "0" * 900}, InputError, "too long"),
]


@pytest.mark.parametrize(("change", "error", "words_of_it"), BAD)
def test_what_cannot_stand_on_a_face_is_refused(
    change: dict[str, str], error: type[InputError], words_of_it: str
) -> None:
    with pytest.raises(error, match=words_of_it) as refused:
        printed(DEGREE | change)
    assert refused.value.vi
    assert "Nguyễn" not in str(refused.value)


@pytest.mark.parametrize("field", sorted(set(DEGREE) - {"classification"}))
def test_a_face_without_a_field_it_needs_is_refused(field: str) -> None:
    with pytest.raises(RecordError):
        printed({name: value for name, value in DEGREE.items() if name != field})


def test_a_diploma_without_classification_has_no_such_line() -> None:
    text = words(printed({name: value for name, value in DEGREE.items() if name != "classification"}))
    assert "Hạng tốt nghiệp" not in text
    assert "classification" not in text


@pytest.mark.parametrize(("born", "read"), [("2003", "Ngày sinh: 2003"), ("2003-02", "Ngày sinh: 02/2003")])
def test_a_birth_date_is_printed_as_exactly_as_it_is_known(born: str, read: str) -> None:
    assert read in words(printed(DEGREE | {"born_on": born}))


@pytest.mark.parametrize("url", ["http://a.vn/x", "https://a.vn/" + "a" * 160, "https://ví-dụ.vn/x", "javascript:1"])
def test_an_address_that_is_no_short_https_address_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="https"):
        diploma_pdf.render(DEGREE, verify_url=url, evidence=EVIDENCE, trial=False, created_at=AT)


def test_evidence_that_is_not_text_is_refused() -> None:
    with pytest.raises(MalformedError):
        printed(evidence=b"\xff\xfe")


def test_an_independent_validator_finds_the_signature_whole_and_the_page_closed() -> None:
    pdf = signed()
    root = x509.Certificate.load(diplomas.certificate(KEY))
    [found] = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    status = validate_pdf_signature(found, ValidationContext(trust_roots=[root], allow_fetching=False, moment=AT))
    assert status.bottom_line
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert found.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert found.docmdp_level is not None
    assert found.docmdp_level.value == 1


def test_signing_only_adds_and_leaves_the_metadata_as_printed() -> None:
    before, after = printed(), signed()
    assert after.startswith(before)
    assert words(after) == words(before)
    first, second = (opened(pdf) for pdf in (before, after))
    assert first.metadata == second.metadata
    assert first.root_object["/Metadata"].get_data() == second.root_object["/Metadata"].get_data()
    # An annotation of PDF/A is printed, not hidden, and one without area needs no appearance.
    [widget] = [entry.get_object() for entry in second.pages[0]["/Annots"]]
    assert widget["/F"] & 0b100_0111 == 0b100
    assert list(widget["/Rect"]) == [0, 0, 0, 0]


def test_a_certificate_of_another_key_is_refused() -> None:
    with pytest.raises(MalformedError, match="another key"):
        diploma_pdf.sign(printed(), signer=KEY, certificate=diplomas.certificate(FORGER), signed_at=AT)


def test_what_is_no_pdf_cannot_be_signed() -> None:
    with pytest.raises(MalformedError):
        diploma_pdf.sign(b"%PDF-1.7", signer=KEY, certificate=diplomas.certificate(KEY), signed_at=AT)


def test_the_certificate_holds_the_key_of_the_port_and_a_valid_signature() -> None:
    loaded = x509.Certificate.load(diplomas.certificate(KEY))
    assert loaded.not_valid_before == datetime(2026, 6, 15, 3, tzinfo=UTC)
    assert loaded.key_usage_value is not None
    assert loaded.key_usage_value.native == {"digital_signature", "non_repudiation"}
    assert loaded.self_signed == "maybe"
