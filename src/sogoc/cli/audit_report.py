"""The report of an audit for a person: the verdict and the counts first, then every check, what it found and how to repeat it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.panel import Panel
from rich.table import Table as Grid
from rich.text import Text

from sogoc.cli import output
from sogoc.core.completeness import CHECKS, Finding, Report, Section, Severity
from sogoc.core.counting import Table

SHOWN = 20
"""So many findings of one check, and rows of one table, are shown in the terminal; files hold all that are listed."""

WORDS = {
    "institution": "cơ sở", "batch": "đợt cấp", "index": "mục số", "entries": "các mục", "rows": "số dòng", "decision": "quyết định",
    "decided_on": "ngày quyết định", "cell": "ô", "book": "quyển", "number": "số", "register_number": "số vào sổ",
    "serial_number": "số hiệu", "programme": "ngành", "mode": "hình thức", "intake": "khóa", "fault": "lỗi",
    "provenance": "nguồn", "rule": "quy tắc", "fields": "trường", "series": "dãy", "act": "việc", "list": "danh sách",
    "kind": "loại", "level": "trình độ", "year": "năm", "batches": "đợt cấp", "issued": "đã cấp", "ended": "đã thu hồi, hủy",
    "total": "theo quyết định", "missing": "còn thiếu", "wording": "cách ghi", "count": "số lượng", "custodian": "nơi giữ sổ",
    "books": "Sổ", "decisions": "Quyết định", "quotas": "Chỉ tiêu", "acts": "Việc sau khi cấp", "custody": "Bàn giao sổ",
    "late": "ghi muộn", "overridden": "Bộ cho qua", "drafts": "chưa ký", "void": "số bỏ", "erased": "đã xóa",
    "reason": "lý do", "revoke": "thu hồi", "cancel": "hủy bỏ", "suspend": "tạm dừng", "reinstate": "khôi phục",
    "amend": "chỉnh sửa", "reissue": "cấp lại",
}  # fmt: skip
"""Vietnamese for the names of places and columns."""


def tell(report: Report, tables: Sequence[Table], *, to: Path | None, as_json: bool) -> int:
    """Print a report, write it to `to` if that is given, and return the exit code."""
    if to is not None:
        to.write_text(markdown(report, tables), encoding="utf-8")
    if as_json:
        rows = {one.name: [dict(zip(one.columns, row, strict=True)) for row in one.rows] for one in tables}
        output.document(report.to_json() | rows)
        return report.exit_code
    en, vi = verdict(report)
    colour = "red" if report.errors else "green"
    output.console.print(Panel(Text(f"{vi}\n{en}", style=f"bold {colour}", justify="center"), border_style=colour))
    output.console.print(Text(_subject(report), style="dim"))
    output.console.print(Text(" · ".join(f"{_both(name)} {count}" for name, count in report.counts.items())))
    for table in tables:
        if table.rows:
            output.console.print(_grid(table))
    for section in report.sections:
        _show_section(section)
    for check in report.not_made:
        output.console.print(Text(f"– {CHECKS[check].vi} · {CHECKS[check].en}: {_NOT_MADE}", style="dim"))
    return report.exit_code


_NOT_MADE = "chưa kiểm · not checked"


def verdict(report: Report) -> tuple[str, str]:
    """Return the verdict in English and Vietnamese."""
    if report.errors:
        return (
            f"NOT COMPLETE: {report.errors} findings that nobody explains, {report.notices} explained",
            f"CHƯA ĐẦY ĐỦ: {report.errors} điểm chưa được giải trình, {report.notices} điểm đã giải trình",
        )
    if report.not_made:
        made = len(report.sections)
        return (
            f"NOTHING UNEXPLAINED in {made} of {len(CHECKS)} checks, {report.notices} explained; the others were not made",
            f"KHÔNG ĐIỂM NÀO CHƯA GIẢI TRÌNH trong {made}/{len(CHECKS)} phép kiểm, {report.notices} đã giải trình; còn lại chưa kiểm",
        )
    return (
        f"COMPLETE: nothing unexplained, {report.notices} explained",
        f"ĐẦY ĐỦ: không có điểm nào chưa giải trình, {report.notices} điểm đã giải trình",
    )


def _subject(report: Report) -> str:
    stated = f", {report.state_at:%Y-%m-%d %H:%M} UTC" if report.state_at else ""
    source = "from public data alone · chỉ từ dữ liệu công khai" if report.from_public_data else "register · sổ gốc"
    return (
        f"{report.institution or report.origin} ({source}); {report.origin}, {report.size}{stated}, {report.root.hex()}"
    )


def _both(name: str) -> str:
    return f"{WORDS[name]} · {name}" if name in WORDS else name


def _where(finding: Finding) -> str:
    return ", ".join(f"{WORDS.get(name, name)} {value}" for name, value in finding.where.items() if value is not None)


def _grid(table: Table) -> Grid:
    grid = Grid(title=Text(_both(table.name)), title_justify="left", box=None, padding=(0, 1), show_edge=False)
    for at, column in enumerate(table.columns):
        widest = max(len(str(row[at])) for row in table.rows[:SHOWN])
        grid.add_column(Text(f"{WORDS.get(column, column)}\n{column}"), min_width=widest, overflow="fold")
    for row in table.rows[:SHOWN]:
        grid.add_row(*(Text(str(value)) for value in row))
    if len(table.rows) > SHOWN:
        grid.add_row(Text(f"… {len(table.rows) - SHOWN}"))
    return grid


def _show_section(section: Section) -> None:
    words = CHECKS[section.check]
    errors = [one for one in section.findings if one.kind.severity is Severity.ERROR]
    mark, style = ("✗", "red") if errors else ("✓", "green") if section.compared else ("–", "dim")
    compared = section.compared or "không có gì để so sánh · nothing to compare"
    output.console.print(Text(f"{mark} {words.vi} · {words.en}: {compared}", style=style))
    for finding in (errors + [one for one in section.findings if one not in errors])[:SHOWN]:
        said = finding.to_json()
        style = "red" if finding in errors else "yellow"
        output.console.print(
            Text(f"  [{finding.code}] {_where(finding)}\n    {said['vi']}\n    {said['en']}", style=style)
        )
        output.console.print(Text(f"    → {finding.kind.next_vi}\n    → {finding.kind.next}", style="dim"))
    more = section.unlisted + max(len(section.findings) - SHOWN, 0)
    if more:
        output.console.print(Text(f"  … {more} (--to, --json)", style="dim"))


def markdown(report: Report, tables: Sequence[Table]) -> str:
    """Return the report as Markdown, with everything that is listed."""
    en, vi = verdict(report)
    lines = [f"# {vi}", "", f"**{en}**", "", _cell(_subject(report)), ""]
    lines += _markdown_table(("", ""), [(_both(name), count) for name, count in report.counts.items()])
    for table in tables:
        if table.rows:
            lines += [
                f"## {_both(table.name)}",
                "",
                *_markdown_table([_both(one) for one in table.columns], table.rows),
            ]
    for section in report.sections:
        words = CHECKS[section.check]
        lines += [f"## {words.vi} · {words.en}", "", f"{words.how_vi}", "", f"{words.how}", ""]
        lines += [
            f"So sánh · compared: {section.compared}. Tìm thấy · found: {len(section.findings) + section.unlisted}.",
            "",
        ]
        for finding in section.findings:
            said = finding.to_json()
            lines += [f"- **{finding.code}** ({finding.kind.severity}) {_cell(_where(finding))}  "]
            lines += [f"  {_cell(said['vi'])}  ", f"  {_cell(said['en'])}  "]
            lines += [f"  → {finding.kind.next_vi} · {finding.kind.next}"]
        lines += [f"- … {section.unlisted}"] if section.unlisted else []
        lines += [""] if section.findings else []
    for check in report.not_made:
        lines += [f"## {CHECKS[check].vi} · {CHECKS[check].en}", "", f"{_NOT_MADE}.", ""]
    return "\n".join(lines)


def _markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str | int]]) -> list[str]:
    def line(cells: Sequence[str | int]) -> str:
        return f"| {' | '.join(_cell(str(one)) for one in cells)} |"

    return [line(columns), "|---" * len(columns) + "|", *map(line, rows), ""]


def _cell(text: str) -> str:
    """Keep what the register says from being read as Markdown."""
    return "".join(f"\\{one}" if one in "\\`*_[]<>|#" else one for one in text).replace("\n", " ")
