"""The legal books: register (sổ gốc), its appendix (phụ lục sổ gốc) and copy book (sổ cấp bản sao), as pages.

A book is written line by line from an ordered stream, and only one page of it is held at a time. Every page has its number
of so many, running line numbers, its own total and the total carried; a number that was given up stands as a line of its
own. The register says that something was amended and by which decision, never what: that is for the appendix.

Spec: Circular 21/2019/TT-BGDĐT, articles 13, 18 and 22 to 28, and the layouts in use in departments and universities.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sogoc.core.record import Record
from sogoc.core.vocabulary import FIELDS, display

MISSING = "—"
"""What stands in a column of which the register knows nothing, so that nothing can be written there later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: what it holds, its names, its width on a page of A4 across in mm. `written` is filled in by hand."""

    key: str
    vi: str
    en: str
    width: int
    centred: bool = True
    written: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns of one kind of book, and what its totals count."""

    columns: tuple[Column, ...]
    counted_vi: str
    counted_en: str


def _columns(*columns: tuple[str, str, str, int] | Column) -> tuple[Column, ...]:
    return tuple(
        one if isinstance(one, Column) else Column(key=one[0], vi=one[1], en=one[2], width=one[3]) for one in columns
    )


def _text(key: str, vi: str, en: str, width: int) -> Column:
    return Column(key=key, vi=vi, en=en, width=width, centred=False)


def _signature(vi: str, en: str, width: int) -> Column:
    return Column(key="signature", vi=vi, en=en, width=width, written=True)


SCHOOL_REGISTER = Layout(
    columns=_columns(
        ("line", "STT", "No.", 9),
        _text("holder_name", "Họ và tên", "Name", 41),
        ("personal_id", "Số CCCD", "Personal no.", 24),
        ("born_on", "Ngày sinh", "Born", 19),
        _text("birthplace", "Nơi sinh", "Place of birth", 33),
        ("gender", "Giới tính", "Sex", 11),
        ("ethnicity", "Dân tộc", "Ethnicity", 16),
        ("classification", "Xếp loại tốt nghiệp", "Grade", 17),
        ("serial_number", "Số hiệu văn bằng", "Serial no.", 23),
        ("register_number", "Số vào sổ gốc", "Register no.", 25),
        _signature("Chữ ký người nhận", "Received", 26),
        _text("note", "Ghi chú", "Note", 29),
    ),
    counted_vi="văn bằng",
    counted_en="diplomas",
)
DEGREE_REGISTER = Layout(
    columns=_columns(
        ("line", "STT", "No.", 9),
        _text("holder_name", "Họ và tên", "Name", 35),
        ("personal_id", "Số CCCD", "Personal no.", 22),
        ("born_on", "Ngày sinh", "Born", 17),
        _text("birthplace", "Nơi sinh", "Place of birth", 24),
        ("gender", "Giới tính", "Sex", 9),
        ("ethnicity", "Dân tộc", "Ethnicity", 13),
        _text("programme_name", "Ngành đào tạo", "Programme", 31),
        ("mode", "Hình thức đào tạo", "Mode", 17),
        ("classification", "Xếp loại", "Grade", 14),
        ("serial_number", "Số hiệu văn bằng", "Serial no.", 19),
        ("register_number", "Số vào sổ gốc", "Register no.", 21),
        _signature("Chữ ký người nhận", "Received", 18),
        _text("note", "Ghi chú", "Note", 24),
    ),
    counted_vi="văn bằng",
    counted_en="degrees",
)
CERTIFICATE_REGISTER = Layout(
    columns=tuple(
        Column(key="programme_name", vi="Chương trình", en="Programme", width=31, centred=False)
        if one.key == "programme_name"
        else one
        for one in DEGREE_REGISTER.columns
    ),
    counted_vi="chứng chỉ",
    counted_en="certificates",
)
APPENDIX = Layout(
    columns=_columns(
        ("line", "STT", "No.", 9),
        _text("holder_name", "Họ và tên", "Name", 42),
        ("personal_id", "Số CCCD", "Personal no.", 24),
        ("born_on", "Ngày sinh", "Born", 19),
        ("serial_number", "Số hiệu đã cấp", "Serial no. issued", 25),
        ("new_serial_number", "Số hiệu cấp lại", "Serial no. reissued", 25),
        ("new_register_number", "Số vào sổ mới", "New register no.", 26),
        _text("content", "Nội dung", "What was decided", 54),
        _signature("Chữ ký", "Signature", 22),
        _text("note", "Ghi chú", "Note", 27),
    ),
    counted_vi="lần chỉnh sửa, cấp lại",
    counted_en="amendments and reissues",
)
COPY_BOOK = Layout(
    columns=_columns(
        ("line", "STT", "No.", 9),
        ("copy_number", "Số vào sổ bản sao", "Copy no.", 19),
        ("issued_on", "Ngày cấp bản sao", "Copied on", 19),
        _text("holder_name", "Họ và tên", "Name", 39),
        ("born_on", "Ngày sinh", "Born", 19),
        ("serial_number", "Số hiệu văn bằng", "Serial no.", 25),
        ("register_number", "Số vào sổ gốc", "Register no.", 26),
        ("copies", "Số bản", "Copies", 12),
        _text("recipient", "Người nhận", "Recipient", 51),
        _signature("Chữ ký người nhận", "Received", 26),
        _text("note", "Ghi chú", "Note", 28),
    ),
    counted_vi="lần cấp",
    counted_en="issues",
)
REGISTERS: Mapping[str, Layout] = {
    "degree": DEGREE_REGISTER,
    "school-diploma": SCHOOL_REGISTER,
    "certificate": CERTIFICATE_REGISTER,
}
_TITLES = {
    "lower-secondary": ("BẰNG TỐT NGHIỆP TRUNG HỌC CƠ SỞ", "lower secondary school diplomas"),
    "upper-secondary": ("BẰNG TỐT NGHIỆP TRUNG HỌC PHỔ THÔNG", "upper secondary school diplomas"),
    "intermediate": ("BẰNG TỐT NGHIỆP TRUNG CẤP", "intermediate diplomas"),
    "college": ("BẰNG TỐT NGHIỆP CAO ĐẲNG", "college diplomas"),
    "bachelor": ("BẰNG TỐT NGHIỆP ĐẠI HỌC", "bachelor's degrees"),
    "master": ("BẰNG THẠC SĨ", "master's degrees"),
    "doctor": ("BẰNG TIẾN SĨ", "doctoral degrees"),
    "certificate": ("CHỨNG CHỈ", "certificates"),
    "vocational-secondary": ("BẰNG TỐT NGHIỆP TRUNG HỌC NGHỀ", "vocational secondary diplomas"),
}


# -- what is written --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """An act on a qualification, as a note refers to it. `decision_number` is None where a restore lost it."""

    what: str
    on: str
    decision_number: str | None

    @property
    def decision(self) -> str:
        """The decision in the words of a note."""
        return f"QĐ số {self.decision_number or '(không còn lưu)'} ngày {day(self.on)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A qualification in the register, as it was first recorded.

    `late_on` is the day of recording where it came late, `acts` everything decided since, `provenance` a grade below A.
    """

    record: Record
    late_on: str | None = None
    acts: tuple[Act, ...] = ()
    provenance: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Void:
    """A register number that no qualification bears, and why."""

    register_number: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One line of the appendix: an amendment or a reissue. `before` and `after` are the two versions."""

    before: Record
    after: Record
    act: Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """One line of the copy book: `number` runs by calendar year, `recipient` and `relation` say who received the copies."""

    record: Record
    number: int
    issued_on: str
    copies: int
    recipient: str
    relation: str


Line = Entered | Void | Changed | Copied
Cells = dict[str, str]

_ACTS = {
    "amend": "Có {}, xem phụ lục",
    "reissue": "Đã cấp lại, {}, xem phụ lục",
    "revoke": "Thu hồi, {}",
    "cancel": "Hủy bỏ, {}",
    "suspend": "Tạm dừng hiệu lực, {}",
    "reinstate": "Khôi phục hiệu lực, {}",
}


def day(iso: str) -> str:
    """A date as a register writes it: 05/02/2003, 02/2003 or 2003."""
    return "/".join(reversed(iso.split("-")))


def note_of(line: Entered) -> str:
    """What the note column says of a line: that it came late, where it comes from, what was decided, never what changed."""
    notes = [
        _ACTS[act.what].format(act.decision.replace("QĐ", "QĐ chỉnh sửa", act.what == "amend")) for act in line.acts
    ]
    if line.late_on is not None:
        notes.insert(0, f"Ghi muộn ngày {day(line.late_on)}")
    if line.provenance is not None:
        notes.insert(0, f"Nguồn hạng {line.provenance}")
    return "; ".join(notes)


def cells(line: Line, *, show_changes: bool = False) -> Cells:
    """The columns of one line. What the register does not know is a dash; `show_changes` lets the appendix say what changed."""
    match line:
        case Void():
            return {"register_number": line.register_number, "note": f"Bỏ số: {line.reason}"}
        case Entered():
            return _person(line.record) | {"note": note_of(line)}
        case Changed():
            reissued = line.act.what == "reissue"
            return _person(line.after) | {
                "serial_number": line.before["serial_number"],
                "new_serial_number": line.after["serial_number"] if reissued else MISSING,
                "new_register_number": line.after["register_number"] if reissued else MISSING,
                "content": _content(line, show_changes=show_changes),
                "note": f"Số vào sổ gốc {line.before['register_number']}",
            }
        case Copied():
            return _person(line.record) | {
                "copy_number": f"{line.number:02}/{line.issued_on[:4]}",
                "issued_on": day(line.issued_on),
                "copies": str(line.copies),
                "recipient": f"{line.recipient} ({line.relation})",
                "note": "",
            }


def _person(record: Record) -> dict[str, str]:
    said = {name: display(name, record[name]) for name in FIELDS if name in record}
    dates = {name: day(record[name]) for name in ("born_on", "awarded_on", "decided_on") if name in record}
    return said | dates


def _content(line: Changed, *, show_changes: bool) -> str:
    said = f"{'Cấp lại' if line.act.what == 'reissue' else 'Chỉnh sửa'} theo {line.act.decision}"
    if not show_changes:
        return said
    before, after = _person(line.before), _person(line.after)
    changes = [
        f"{FIELDS[name].vi}: {before.get(name, MISSING)} → {after.get(name, MISSING)}"
        for name in FIELDS
        if before.get(name) != after.get(name) and name not in {"serial_number", "register_number", "identifier"}
    ]
    return "; ".join([said, *changes])


# -- pages ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What stands above every page of a book. `authority` is the body above the institution, empty where none is named."""

    authority: str
    institution: str
    title_vi: str
    title_en: str
    year: str


def register_heading(*, authority: str, institution: str, level: str, year: str) -> Heading:
    """The heading of the register of one level and year."""
    vi, en = _TITLES[level]
    return Heading(
        authority=authority,
        institution=institution,
        title_vi=f"SỔ GỐC CẤP {vi}",
        title_en=f"Register of {en}",
        year=year,
    )


def appendix_heading(*, authority: str, institution: str, level: str, year: str) -> Heading:
    """The heading of the appendix to the register of one level; the year is that of the decisions."""
    vi, en = _TITLES[level]
    return Heading(
        authority=authority,
        institution=institution,
        title_vi=f"PHỤ LỤC SỔ GỐC CẤP {vi}",
        title_en=f"Appendix to the register of {en}: amendments and reissues",
        year=year,
    )


def copies_heading(*, authority: str, institution: str, year: str) -> Heading:
    """The heading of the copy book of one year."""
    return Heading(
        authority=authority,
        institution=institution,
        title_vi="SỔ CẤP BẢN SAO VĂN BẰNG, CHỨNG CHỈ TỪ SỔ GỐC",
        title_en="Book of copies from the register",
        year=year,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What belongs together in a book and begins on a page of its own, such as the list of one decision.

    `facts` stand under the title of each of its pages; `size` is how many lines will come.
    """

    facts: tuple[str, ...]
    size: int
    lines: Iterable[Line]


def decision_facts(record: Record) -> tuple[str, ...]:
    """What the register says above the list of one decision."""
    facts = [
        f"{record['title']}. Quyết định công nhận tốt nghiệp số {record['decision_number']} ngày {day(record['decided_on'])}",
        f"Ngày cấp: {day(record['awarded_on'])}",
    ]
    facts += [f"{label}: {record[name]}" for name, label in _FACTS.items() if name in record]
    return tuple(facts)


_FACTS = {"school": "Học sinh trường", "exam_session": "Khóa thi", "exam_board": "Hội đồng thi"}
DECIDED_BY = ("title", "decision_number", "decided_on", "awarded_on", *_FACTS)
"""The fields in which all lines of one section of the register agree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What a page or a book amounts to: qualifications (or acts, or issues), numbers given up, copies handed out."""

    lines: int = 0
    void: int = 0
    copies: int = 0

    def __add__(self, other: Total) -> Total:
        return Total(
            lines=self.lines + other.lines, void=self.void + other.void, copies=self.copies + other.copies
        )  # fmt: skip

    def said(self, layout: Layout) -> str:
        """The total in the words of the book."""
        parts = [f"{self.lines} {layout.counted_vi}"]
        if self.void:
            parts.append(f"{self.void} số bỏ")
        if layout is COPY_BOOK:
            parts.append(f"{self.copies} bản sao")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: `number` of `pages`, its lines in the order of the columns, what it amounts to and what is carried on.

    `ends_section` is where those sign who answer for the list.
    """

    layout: Layout
    heading: Heading
    facts: tuple[str, ...]
    number: int
    pages: int
    rows: tuple[tuple[str, ...], ...]
    brought: Total
    total: Total
    ends_section: bool

    @property
    def carried(self) -> Total:
        """The total of the book up to this page."""
        return self.brought + self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A book that is to be written: its layout, its heading, and how many lines a page holds."""

    layout: Layout
    heading: Heading
    per_page: int = 14
    show_changes: bool = field(default=False)

    def count_pages(self, sizes: Iterable[int]) -> int:
        """How many pages sections of these sizes fill; an empty book has one page that says so."""
        return sum(-(-size // self.per_page) for size in sizes) or 1

    def pages(self, sections: Iterable[Section], *, pages: int) -> Iterator[Page]:
        """Yield the pages in order; `pages` is their number, from `count_pages`.

        Raises: AssertionError when a section has not the lines that it announced, so no page ever says a false total.
        """
        number, line, carried = 0, 0, Total()
        for section in sections:
            left, stream = section.size, iter(section.lines)
            while left > 0:
                taken = list(islice(stream, min(self.per_page, left)))
                left -= len(taken)
                if not taken or (left == 0 and next(stream, None) is not None):
                    raise AssertionError("a section has not as many lines as it announced")
                number += 1
                total = sum(map(_amount, taken), Total())
                yield Page(
                    layout=self.layout,
                    heading=self.heading,
                    facts=section.facts,
                    number=number,
                    pages=pages,
                    rows=self._rows(taken, line),
                    brought=carried,
                    total=total,
                    ends_section=left == 0,
                )
                line += len(taken)
                carried += total
        if number == 0:
            number = 1
            yield self._empty()
        if number != pages:
            raise AssertionError("the book has not as many pages as it announced")

    def _rows(self, lines: Sequence[Line], before: int) -> tuple[tuple[str, ...], ...]:
        rows = []
        for number, line in enumerate(lines, before + 1):
            said = {"line": str(number), "signature": ""} | cells(line, show_changes=self.show_changes)
            blank = "" if isinstance(line, Void) else MISSING
            rows.append(tuple(said.get(column.key, blank) for column in self.layout.columns))
        return tuple(rows)

    def _empty(self) -> Page:
        return Page(
            layout=self.layout, heading=self.heading, facts=("Không có mục nào.",), number=1, pages=1, rows=(),
            brought=Total(), total=Total(), ends_section=True,
        )  # fmt: skip


def _amount(line: Line) -> Total:
    if isinstance(line, Void):
        return Total(void=1)
    return Total(lines=1, copies=line.copies if isinstance(line, Copied) else 0)


def as_table(pages: Iterable[Page]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the book as rows of one sheet, each with its part: `title`, `fact`, `header`, `line` or `total`."""
    facts: tuple[str, ...] | None = None
    for page in pages:
        if facts is None:
            heading = page.heading
            above = (heading.authority, heading.institution, heading.title_vi, f"Năm {heading.year}")
            yield from (("title", (said,)) for said in above if said)
        if page.facts != facts:
            facts = page.facts
            yield from (("fact", (said,)) for said in facts)
            yield "header", tuple(column.vi for column in page.layout.columns)
        yield from (("line", row) for row in page.rows)
        yield "total", ("", f"Cộng trang {page.number}/{page.pages}: {page.total.said(page.layout)}")
        yield "total", ("", f"Cộng dồn: {page.carried.said(page.layout)}")
