"""The page docs/law.md and the schema of the files, both written from the rows and their shapes.

`tools/write-law-page` writes them; a test holds them to the data.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sogoc.core.law import ROWS, rows
from sogoc.core.law.rows import TABLES, Row

_HEAD = """\
# The rules of the law · Quy định của pháp luật

Written from `src/sogoc/core/law/*.toml` by `tools/write-law-page`; change the data, not this page. A rule is chosen by
the day of the act it is about, and an older regime is never taken out. **?** marks what we read in the press, in a draft
or at second hand only: it is to be checked against the text before anybody relies on it.

Trang này được tạo từ `src/sogoc/core/law/*.toml`; hãy sửa dữ liệu, không sửa trang này. Quy định được chọn theo ngày
của việc liên quan; quy định cũ được giữ lại. Dấu **?** là nội dung mới biết qua báo chí, dự thảo hoặc nguồn gián tiếp,
cần đối chiếu với văn bản.
"""

_COMMON = tuple(field.name for field in dataclasses.fields(Row))


@dataclasses.dataclass(frozen=True, slots=True)
class _Section:
    title: str
    said: str
    columns: Mapping[str, Callable[[Any], str]]


def _words(values: tuple[str, ...] | Mapping[str, object]) -> str:
    if isinstance(values, Mapping):
        return ", ".join(f"{key}: {value}" for key, value in values.items())
    return ", ".join(values)


def _codes(values: tuple[str, ...]) -> str:
    return ", ".join(f"`{value}`" for value in values)


_DAYS = {"day": "days · ngày", "working-day": "working days · ngày làm việc"}
_AFTER = {
    "decision": "decision · quyết định",
    "request": "request · yêu cầu",
    "award": "award · ngày cấp",
    "erasure": "erasure · ngày xóa",
}


def _limit(clock: rows.Clock) -> str:
    parts = [f"{clock.days} {_DAYS[clock.unit]}"]
    if clock.cutoff:
        parts.append(f"until · trước {clock.cutoff}")
    if clock.complex_days:
        parts.append(f"complex · phức tạp +{clock.complex_days}")
    parts += [f"{profile} +{days}" for profile, days in clock.complex_profiles.items()]
    return "; ".join(parts)


_SECTIONS: Mapping[str, _Section] = {
    "qualification": _Section(
        "What may be awarded · Văn bằng, chứng chỉ được cấp",
        "",
        {
            "kind, level": lambda row: f"`{row.kind}`, `{row.level}`",
            "Tiếng Việt": lambda row: "; ".join((row.vi, *row.titles)),
            "English": lambda row: row.en,
        },
    ),
    "issuer": _Section(
        "Who awards · Cơ sở được cấp",
        "",
        {
            "kind, level": lambda row: f"`{row.kind}`, {_codes(row.levels)}",
            "category": lambda row: _codes(row.categories),
        },
    ),
    "category": _Section(
        "Who signs · Người ký",
        "An office that ends in … may be followed by the name of the institution. A deputy signs only if it was assigned "
        "in writing. · Cấp phó chỉ ký khi được giao bằng văn bản.",
        {
            "category": lambda row: f"`{row.name}`",
            "Tiếng Việt": lambda row: row.vi,
            "English": lambda row: row.en,
            "office · chức danh": lambda row: _words(row.offices),
            "deputy · cấp phó": lambda row: _words(row.deputies),
        },
    ),
    "fields": _Section(
        "What must be said · Nội dung bắt buộc",
        "Beyond the [schema](spec/record.md) of the record. · Ngoài mẫu nội dung.",
        {
            "kind, level": lambda row: f"`{row.kind}`, {_codes(row.levels)}",
            "required · bắt buộc": lambda row: _codes(row.required),
            "forbidden · không được ghi": lambda row: _codes(row.forbidden),
            "not on the face · không in trên mặt": lambda row: _codes(row.not_on_face),
        },
    ),
    "grade": _Section(
        "Grades · Xếp loại",
        "The regulation of the year of admission decides, so several may hold on one day. · Áp dụng theo quy chế của năm "
        "nhập học, nên một ngày có thể có nhiều quy chế.",
        {
            "kind, level": lambda row: f"`{row.kind}`, {_codes(row.levels)}",
            "grades · xếp loại": lambda row: _words(row.words),
        },
    ),
    "number": _Section(
        "Numbers · Số vào sổ, số hiệu",
        "Register numbers count per issuer, kind and calendar year, serial numbers for the life of the issuer.",
        {
            "kind": lambda row: f"`{row.kind}`",
            "template · mẫu": lambda row: f"`{row.template}`",
            "mark · ký hiệu": lambda row: _words(row.marks),
            "read · đọc được": lambda row: _codes(row.accepted),
            "serials · số hiệu": lambda row: _codes(row.serials),
        },
    ),
    "clock": _Section(
        "Time limits · Thời hạn",
        "The day on which a clock starts is day 0.",
        {
            "clock": lambda row: f"`{row.name}`",
            "Tiếng Việt": lambda row: row.vi,
            "English": lambda row: row.en,
            "after · tính từ": lambda row: _AFTER[row.after],
            "limit · thời hạn": _limit,
        },
    ),
    "ground": _Section(
        "Grounds · Căn cứ",
        "Why a qualification may be revoked, cancelled, amended, issued again or copied. · Thu hồi, hủy bỏ, chỉnh sửa, cấp lại, "
        "cấp bản sao.",
        {
            "act": lambda row: _codes(row.acts),
            "ground": lambda row: f"`{row.name}`",
            "Tiếng Việt": lambda row: row.vi,
            "English": lambda row: row.en,
        },
    ),
    "refusal": _Section(
        "What is never done · Việc không được làm",
        "",
        {
            "act": lambda row: f"`{row.act}`, `{row.name}`",
            "Tiếng Việt": lambda row: f"{row.vi} {row.offer_vi}",
            "English": lambda row: f"{row.en} {row.offer_en}",
        },
    ),
    "gate": _Section(
        "The gate · Cửa kiểm soát",
        "What a batch must satisfy before a key signs it; see [the codes](errors.md#rules-of-the-gate).",
        {
            "rule": lambda row: f"`{row.rule}`",
            "Tiếng Việt": lambda row: row.vi,
            "English": lambda row: row.en,
            "override · cấp vượt": lambda row: "two officers · hai cán bộ Bộ" if row.overridable else "",
            "grades · mức nguồn gốc": lambda row: ", ".join(row.provenances),
            "tolerance · dung sai": lambda row: f"{row.tolerance_percent} %" if row.tolerance_percent else "",
        },
    ),
    "retention": _Section(
        "How long a register is kept · Thời hạn lưu trữ sổ gốc",
        "What is kept for ever is erased only after it was revoked or cancelled. · Sổ lưu trữ vĩnh viễn chỉ xóa được hồ sơ đã "
        "thu hồi, hủy bỏ.",
        {
            "kind": lambda row: f"`{row.kind}`",
            "Tiếng Việt": lambda row: row.vi,
            "English": lambda row: row.en,
            "permanent · vĩnh viễn": lambda row: "✓" if row.permanent else "–",
        },
    ),
    "holiday": _Section(
        "Holidays · Ngày nghỉ",
        "A clock that runs into a year without rows is refused. · Năm chưa có dữ liệu thì từ chối tính.",
        {
            "Tiếng Việt": lambda row: row.vi,
            "English": lambda row: row.en,
            "": lambda row: "worked · làm việc" if row.working else "closed · nghỉ",
        },
    ),
}


def page() -> str:
    """docs/law.md: every row in tables by topic, in both languages."""
    return "\n".join((_HEAD, *(line for name in _SECTIONS for line in _section(name))))


def _section(name: str) -> Iterator[str]:
    section = _SECTIONS[name]
    yield f"## {section.title}\n"
    if section.said:
        yield f"{section.said}\n"
    columns = section.columns
    yield _line((*columns, "from · từ", "to · đến", "basis · căn cứ"))
    yield "|---" * (len(columns) + 3) + "|"
    notes: dict[str, int] = {}
    for row in ROWS[name]:
        basis = row.legal_basis if row.verified else f"{row.legal_basis} **?**"
        if row.note is not None:
            basis += f" ({notes.setdefault(f'{row.note} · {row.note_vi}', len(notes) + 1)})"
        yield _line((*(cell(row) for cell in columns.values()), row.valid_from, row.valid_to or "", basis))
    yield ""
    for note, number in notes.items():
        yield f"({number}) {note}\n"


def _line(cells: tuple[str, ...]) -> str:
    return "|" + "|".join(f" {cell.replace('|', chr(92) + '|')} " for cell in cells) + "|"


# -- the schema -----------------------------------------------------------------------------------------------------------


def schema() -> Mapping[str, object]:
    """law.schema.json: the shape of the files in JSON Schema, for editors; the package reads them by `rows.parse`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The rules of the law as dated data",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: {"type": "array", "description": _first(shape), "items": _items(shape)}
            for name, shape in TABLES.items()
        },
    }


def _first(shape: type[Row]) -> str:
    return " ".join((shape.__doc__ or "").split())


def _items(shape: type[Row]) -> Mapping[str, object]:
    fields = dataclasses.fields(shape)
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [field.name for field in fields if rows.is_needed(field)],
        "properties": {field.name: rows.schema_of(shape, field.name) for field in fields},
        "dependentRequired": {"note": ["note_vi"], "note_vi": ["note"]},
    }
