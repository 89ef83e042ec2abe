"""Commands on a register as a whole: erase what must go."""

from __future__ import annotations

from typing import Annotated

import typer

from sogoc.cli.options import PREPARER_PASSWORD, By, InstitutionCode, Json, PreparedBy, home

app = typer.Typer()


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
