"""Commands on a register as a whole: erase what must go, take it all along, and check what somebody took."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sogoc.cli.options import PREPARER_PASSWORD, By, InstitutionCode, Json, PreparedBy, home

if TYPE_CHECKING:
    from sogoc.core.leaving import Manifest

app = typer.Typer()
institution_app = typer.Typer(no_args_is_help=True, help="An institution's whole register, to take along and to check.")
app.add_typer(institution_app, name="institution")


@app.command()
def erase(
    institution: InstitutionCode,
    decision: Annotated[str, typer.Option("--decision", help="Number of the decision to erase.")],
    prepared_by: PreparedBy,
    by: By,
    serial: Annotated[list[str] | None, typer.Option(help="Serial number (số hiệu); may be given often.")] = None,
    identifier: Annotated[list[str] | None, typer.Option(help="Random identifier; may be given often.")] = None,
    as_json: Json = False,
) -> int:
    """Destroy what the register says of people whose diploma was revoked or cancelled, by decision and by two people."""
    from sogoc.cli.opening import done, now, open_home, person
    from sogoc.errors import InputError

    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import erasing

    names = [*(identifier or []), *(queries.row_by_serial(institution, one).identifier for one in serial or [])]
    if not names:
        raise InputError("say which records: --serial or --identifier", "nêu hồ sơ cần xóa: --serial hoặc --identifier")
    result = erasing.erase(
        journal=archive.erasures, institution=queries.institution(institution), identifiers=names, decision_number=decision,
        prepared_by=person(prepared_by, PREPARER_PASSWORD), by=person(by), now=now(),
    )  # fmt: skip
    erasing.scrub()
    return done(
        as_json,
        {
            "qualifications": result.qualifications, "versions": result.versions, "files": result.files,
            "outside": "copies that were handed out, mirrors of evidence, and backups until they age out",
        },
        f"Đã xóa {result.qualifications} hồ sơ, {result.files} tệp gốc; bản đã giao và bản sao lưu chưa hết hạn nằm ngoài kho",
        f"{result.qualifications} records erased, {result.files} original files with them; what was handed out is outside, and"
        " backups age out",
    )  # fmt: skip


@institution_app.command("export")
def institution_export(
    code: Annotated[str, typer.Argument(help="Code of the institution.")],
    to: Annotated[Path, typer.Option(help="An empty folder to fill. It will hold personal data and secrets.")],
    by: By,
    as_json: Json = False,
) -> int:
    """Write the whole register of an institution, with evidence, into a folder that proves itself without this archive."""
    from sogoc.cli.opening import Progression, done, now, open_home, person

    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import exporting

    who = person(by)
    with Progression("Xuất · Export", total=0, quiet=as_json) as step:
        manifest = exporting.export(
            log=archive.log, keyring=archive.keyring, institution=queries.institution(code), folder=to, by=who, now=now(),
            progress=step,
        )  # fmt: skip
    lines = manifest.counts["lines"]
    return done(
        as_json, {"folder": str(to), "size": manifest.size, "counts": dict(manifest.counts)},
        f"Đã xuất {lines} phiên bản hồ sơ của {code} vào {to}; thư mục chứa dữ liệu cá nhân, hãy bảo vệ",
        f"{lines} versions of records; {manifest.counts['not-public']} are not public yet and not in it",
    )  # fmt: skip


@institution_app.command("check")
def institution_check(
    folder: Annotated[Path, typer.Argument(help="A folder that `institution export` filled.")],
    trust: Annotated[Path, typer.Option(help="Your trust policy.")],
    every: Annotated[
        int, typer.Option(min=1, help="Verify every N-th line whole; the others are read and counted.")
    ] = 1,
    as_json: Json = False,
) -> int:
    """Check an exported register offline, under your own policy: files, signature, every record and its place in the log."""
    from sogoc.cli import output
    from sogoc.cli.verify import read_file
    from sogoc.core import evidence, leaving
    from sogoc.core import trust as trusting
    from sogoc.core.report import LABELS, Verdict
    from sogoc.wiring import utc_now

    policy = trusting.parse(read_file(trust, trusting.MAX_BYTES))
    manifest = leaving.parse(read_file(folder / leaving.MANIFEST, leaving.MAX_MANIFEST))
    faults = list(_files(folder, manifest))
    fresh = evidence.parse_fresh(read_file(folder / leaving.FRESH, evidence.MAX_FRESH_BYTES))
    with (folder / leaving.REGISTER).open("rb") as lines:
        found = leaving.check(manifest, fresh, lines, policy, now=utc_now(), every=every)
    faults += found.faults
    if as_json:
        output.document({
            "institution": manifest.institution, "size": manifest.size, "lines": found.lines, "verified": found.verified,
            "erased": found.erased, "verdicts": dict(found.verdicts), "faults": faults,
        })  # fmt: skip
    else:
        said = ", ".join(
            f"{count} {LABELS[Verdict(verdict)][1]} · {verdict}" for verdict, count in found.verdicts.items()
        )
        for fault in faults[:40]:
            output.console.print(f"✗ {fault}", style="red", markup=False)
        output.console.print(
            f"{'✗' if faults else '✓'} {manifest.institution}: {found.lines} dòng · lines, {found.verified} đã kiểm · verified,"
            f" {found.erased} đã xóa · erased; {said}",
            style="red" if faults else "green", markup=False,
        )  # fmt: skip
    return output.FAILED if faults else 0


def _files(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Name every file of the manifest that is missing or another one."""
    for name, size, digest in manifest.files:
        path = folder / name
        if not path.is_file():
            yield f"{name} is missing"
            continue
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").digest()
        if (path.stat().st_size, found) != (size, digest):
            yield f"{name} is another file than the manifest says"
