"""How the command line speaks: tables and colours for people, one JSON document for machines, and exit codes for both."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sogoc.core.report import LABELS, STEPS, Check, Report, Verdict
from sogoc.core.vocabulary import FIELDS, Said
from sogoc.errors import GateRefused, InputError, Refusal, SogocError

console = Console(highlight=False)
stderr = Console(stderr=True, highlight=False)

FAILED = 1
"""Exit code of a command that could not do what it was asked."""
INCONCLUSIVE = 6
"""Exit code of a check that found nothing wrong and could not look everywhere."""

_COLOURS = {
    Verdict.VALID: "green",
    Verdict.PENDING: "green",
    Verdict.SUPERSEDED: "yellow",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.SUSPENDED: "yellow",
    Verdict.REVOKED: "red",
    Verdict.UNKNOWN_ISSUER: "red",
    Verdict.TAMPERED: "red",
    Verdict.UNREADABLE: "red",
}


def document(value: Mapping[str, Any]) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def private_file(path: Path, value: Mapping[str, Any]) -> None:
    """Write one JSON document that only its owner may read. A file that is there already is not overwritten. Raises: InputError."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise InputError(f"there is a file {path} already", f"đã có tệp {path}") from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def fail(error: SogocError, *, as_json: bool) -> int:
    """Tell what went wrong and how to mend it, in both languages; return the exit code."""
    if as_json:
        document(
            {"error": error.code, "en": error.en, "vi": error.vi, "mend": {"en": error.mend, "vi": error.mend_vi}}
            | ({"rule": rule} if (rule := getattr(error, "rule", None)) else {})
            | ({"legal_basis": basis} if (basis := getattr(error, "legal_basis", None)) else {})
            | ({"refusals": [_refusal(one) for one in error.refusals]} if isinstance(error, GateRefused) else {})
        )
        return FAILED
    stderr.print(Text(f"✗ {error.vi}", style="bold red"))
    stderr.print(Text(f"  {error.en}", style="red"))
    if getattr(error, "legal_basis", None):
        stderr.print(Text(f"  {error.rule} · {error.legal_basis}", style="dim"))  # type: ignore[attr-defined]
    if error.mend:
        stderr.print(Text(f"  → {error.mend_vi}\n  → {error.mend}"))
    for one in error.refusals[1:] if isinstance(error, GateRefused) else ():
        stderr.print(Text(f"✗ {one.vi}", style="bold red"))
        stderr.print(Text(f"  {one.en}\n  {one.rule} · {one.legal_basis}", style="dim"))
    return FAILED


def _refusal(one: Refusal) -> dict[str, Any]:
    return {
        "rule": one.rule, "facts": dict(one.facts), "en": one.en, "vi": one.vi, "legal_basis": one.legal_basis,
        "overridable": one.overridable, "cells": list(one.cells), "count": one.count,
        "mend": {"en": one.mend, "vi": one.mend_vi},
    }  # fmt: skip


_MILD = (Verdict.PENDING, Verdict.INCONCLUSIVE, Verdict.SUPERSEDED, Verdict.SUSPENDED)


def _mark(check: Check) -> Text:
    if check.passed:
        return Text("✓", "green")
    if not check.ran and check.verdict is Verdict.INCONCLUSIVE:
        return Text("–", "dim")
    return Text("!", "yellow") if check.verdict in _MILD else Text("✗", "red")


def show_report(report: Report) -> None:
    """Print a report for a person: the verdict first, then what was checked and where each fact came from."""
    en, vi = LABELS[report.verdict]
    colour = _COLOURS[report.verdict]
    title = Text(f"{vi}\n{en}", style=f"bold {colour}", justify="center")
    if report.trial:
        title.append("\nTHỬ NGHIỆM · TRIAL", style="bold magenta")
    console.print(Panel(title, border_style=colour))
    if report.claims:
        claims = Table.grid(padding=(0, 2))
        unnamed = {name: Said(name, name) for name in report.claims if name not in FIELDS}
        for name, label in ({**FIELDS} | unnamed).items():
            if name in report.claims:
                claims.add_row(Text(f"{label.vi} · {label.en}", style="dim"), Text(report.claims[name]))
        console.print(claims)
        console.print()
    steps = Table(box=None, padding=(0, 1), show_header=False)
    for check, (step_en, step_vi) in zip(report.checks, STEPS, strict=True):
        said = Text(f"{step_vi} · {step_en}")
        for finding in check.findings:
            said.append(f"\n{finding.vi}\n{finding.en}", style=_COLOURS[finding.verdict])
        for fact in check.facts:
            said.append(f"\n{fact.name}: {fact.value}  [{fact.source}]", style="dim")
        steps.add_row(str(check.step), _mark(check), said)
    console.print(steps)
    for note in report.notes:
        console.print(Text(f"· {note.vi} · {note.en}", style="yellow"))
