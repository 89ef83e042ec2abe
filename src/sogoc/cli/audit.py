"""`sogoc audit`: what was awarded, from public data alone; one institution's whole register against the log; leaves drawn by lot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sogoc.cli.options import By, InstitutionCode, Json, home

app = typer.Typer(
    no_args_is_help=True, help="Completeness: what was awarded, and whether anything is left out or too much."
)

Trust = Annotated[Path | None, typer.Option(help="Trust policy (default: this archive's own keys).")]
To = Annotated[Path | None, typer.Option("--to", help="Also write the report as Markdown.")]


@app.command("public")
def public(
    folder: Annotated[Path | None, typer.Argument(help="Public files (default: those of this archive).")] = None,
    trust: Trust = None,
    institution: Annotated[str | None, typer.Option(help="Code of one institution (default: all).")] = None,
    to: To = None,
    as_json: Json = False,
) -> int:
    """Count what was awarded from public data alone, and say what does not add up."""
    from sogoc.cli import archive, audit_report
    from sogoc.services import counting

    store, policy, _ = archive.public_files(home(), folder, trust)
    with archive.entries_read("audit", quiet=as_json) as progress:
        report, counted = counting.count(
            store, vkeys=policy.log, origin=policy.origin, ministry=policy.ministry, institution=institution,
            anchors=archive.observed_anchors(policy), progress=progress,
        )  # fmt: skip
    return audit_report.tell(report, counted.tables(), to=to, as_json=as_json)


@app.command("institution")
def institution(
    code: Annotated[str, typer.Argument(help="Code of the institution.")],
    files: Annotated[
        Path | None, typer.Option(help="Public files to hold the register against (default: its own).")
    ] = None,
    trust: Trust = None,
    to: To = None,
    as_json: Json = False,
) -> int:
    """Hold the whole register of an institution against the public log; exit code 1 when anything is unexplained."""
    from sogoc.cli import archive, audit_report
    from sogoc.cli.opening import open_home

    opened = open_home(home())
    from sogoc.register import queries
    from sogoc.services import auditing

    store, policy, _ = archive.public_files(home(), files, trust)
    with archive.entries_read("audit", quiet=as_json) as progress:
        report, counted = auditing.audit_institution(
            queries.institution(code), files=store, vkeys=policy.log, origin=policy.origin, ministry=policy.ministry,
            anchors=archive.observed_anchors(policy), erasures=opened.erasures, progress=progress,
        )  # fmt: skip
    return audit_report.tell(report, counted.tables(), to=to, as_json=as_json)


@app.command("sample")
def sample(
    code: InstitutionCode,
    count: Annotated[int, typer.Option(help="How many leaves to draw.")],
    seed: Annotated[
        str, typer.Option(help="Seed of the lot: dice, or the hash of a block, agreed on after publication.")
    ],
    by: By,
    to: Annotated[Path, typer.Option(help="File to write. It holds personal data.")],
    as_json: Json = False,
) -> int:
    """Draw leaves by a public lot and open them, to be compared with the pages of the paper register."""
    from sogoc.cli import archive, output
    from sogoc.cli.opening import done, now, open_home, person

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import sampling

    who = person(by)
    store, policy, _ = archive.public_files(home(), None, None)
    with archive.entries_read("audit", quiet=as_json) as progress:
        openings = sampling.draw(
            queries.institution(code), count=count, seed=seed, files=store, vkeys=policy.log, origin=policy.origin,
            ministry=policy.ministry, by=who, now=now(), progress=progress,
        )  # fmt: skip
    output.private_file(to, openings.to_json())
    missed, erased, opened = len(openings.mismatches), len(openings.erased), len(openings.drawn)
    done(
        as_json,
        {"file": str(to), "drawn": opened, "mismatches": list(openings.mismatches), "erased": list(openings.erased)},
        f"Đã rút {opened} mục vào {to}: {missed} không khớp, {erased} đã xóa",
        f"{opened} leaves drawn, {missed} mismatches, {erased} erased; the file holds personal data",
    )  # fmt: skip
    return output.FAILED if missed else 0
