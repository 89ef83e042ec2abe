"""A stream of lines becomes pages: running numbers, totals of the page and of the book, page of so many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from sogoc.core.books.layouts import COPY_BOOK, Heading, Layout
from sogoc.core.books.lines import MISSING, Copied, Line, Void, cells, day
from sogoc.core.record import Record
from sogoc.core.vocabulary import display


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What belongs together in a book and begins on a page of its own, such as the list of one decision.

    `facts` stand under the title of each of its pages; `size` is how many lines will come.
    """

    facts: tuple[str, ...]
    size: int
    lines: Iterable[Line]


# What stands above a list and in no column of its book.
_FACTS: Mapping[str, Mapping[str, str]] = {
    "degree": {},
    "school-diploma": {
        "graduation_year": "Năm tốt nghiệp",
        "school": "Học sinh trường",
        "mode": "Hình thức học",
        "exam_session": "Khóa thi",
        "exam_board": "Hội đồng thi",
    },
    "certificate": {"exam_session": "Khóa thi", "exam_board": "Hội đồng thi"},
}


def decided_by(record: Record) -> tuple[str | None, ...]:
    """What all lines of one list of the register have in common: the same for two records of one list, and only then."""
    names = ("title", "decision_number", "decided_on", "awarded_on", *_FACTS[record["kind"]])
    return tuple(record.get(name) for name in names)


def decision_facts(record: Record) -> tuple[str, ...]:
    """What the register says above the list that a record stands in."""
    facts = [
        f"{record['title']}. Quyết định công nhận tốt nghiệp số {record['decision_number']} ngày {day(record['decided_on'])}",
        f"Ngày cấp: {day(record['awarded_on'])}",
    ]
    facts += [
        f"{label}: {display(name, record[name])}" for name, label in _FACTS[record["kind"]].items() if name in record
    ]
    return tuple(facts)


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
    show_changes: bool = False

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
