"""Commands on an institution's keys, and on who keeps its register."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sogoc.cli.options import CONFIRMER_PASSWORD, PREPARER_PASSWORD, By, ConfirmedBy, Json, PreparedBy, home
from sogoc.errors import InputError

if TYPE_CHECKING:
    from sogoc.core.possession import KeyRequest
    from sogoc.services.custody import Book

app = typer.Typer()
key_app = typer.Typer(no_args_is_help=True, help="Signing keys of institutions.")
custody_app = typer.Typer(no_args_is_help=True, help="Registers that go to another keeper.")
app.add_typer(key_app, name="key")
app.add_typer(custody_app, name="custody")

Code = Annotated[str, typer.Argument(help="Code of the institution.")]
Request = Annotated[Path, typer.Option("--request", help="A request that `sogoc key make` wrote.")]


def read_request(path: Path) -> KeyRequest:
    """Read what `sogoc key make` wrote. Raises: InputError, MalformedError."""
    from sogoc.cli.verify import read_file
    from sogoc.core import possession

    return possession.parse(read_file(path, possession.MAX_BYTES))


# -- keys ---------------------------------------------------------------------------------------------------------------


@key_app.command("make")
def key_make(
    code: Code,
    to: Annotated[Path, typer.Option(help="File of the request to write.")],
    holder: Annotated[str, typer.Option(help="Who keeps the private key, as the page will say.")],
    name: Annotated[str | None, typer.Option(help="Name of a new key file (default: the code).")] = None,
    uri: Annotated[
        str | None, typer.Option(help="A key that is there already: pkcs11:token=…;object=…, or file:NAME.pem.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Make a signing key, or take one of a token, and write the request that it signs for its place on the page."""
    from sogoc.adapters import diploma_pdf
    from sogoc.cli.opening import done, now
    from sogoc.core.jws import thumbprint
    from sogoc.core.possession import KeyRequest
    from sogoc.wiring import Home

    archive = Home(home())
    if uri is not None and name is not None:
        raise InputError("give --name or --uri", "hãy cho --name hoặc --uri")
    where = uri or archive.make_key(name or code)
    signer = archive.keyring(where)
    certificate = diploma_pdf.self_signed_certificate(
        signer, name=holder, serial=secrets.randbits(120) | 1, valid_from=now()
    )
    request = KeyRequest(code=code, jwk=signer.jwk, holder=holder, uri=where, certificate=certificate)
    to.write_bytes(request.signed(signer.sign, origin=archive.settings.origin).encode())
    kid = thumbprint(signer.jwk)
    return done(as_json, {"kid": kid, "uri": where, "request": str(to)}, f"Khóa {kid}: {to}", where)


@key_app.command("list")
def key_list(code: Code, as_json: Json = False) -> int:
    """List the keys of an institution and the log indexes at which they count."""
    from sogoc.cli import output
    from sogoc.cli.opening import open_home

    open_home(home())
    from sogoc.register import queries, records

    keys = [
        {"kid": one.kid, "holder": one.holder, "from": one.start, "until": one.until}
        for one in records.newest_page(queries.institution(code))[1].keys
    ]
    if as_json:
        output.document({"keys": keys})
    else:
        for one in keys:
            output.console.print(
                f"{one['kid']}  {one['from']} – {one['until'] or '…'}  {one['holder']}", soft_wrap=True
            )
    return 0


@key_app.command("rotate")
def key_rotate(
    code: Code,
    request: Request,
    requested_by: Annotated[
        str, typer.Option(help="An approver of the institution; password asked, or from SOGOC_PREPARER_PASSWORD.")
    ],
    by: By,
    confirmed_by: ConfirmedBy,
    as_json: Json = False,
) -> int:
    """Put a new key in the place of the old one, also of one that was lost. What was signed before stays good."""
    from sogoc.cli.opening import advance, done, now, open_home, person

    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import keys

    row = keys.rotate(
        log=archive.log, ministry=archive.ministry, institution=queries.institution(code), request=read_request(request),
        requested_by=person(requested_by, PREPARER_PASSWORD), by=person(by),
        confirmed_by=person(confirmed_by, CONFIRMER_PASSWORD), now=now(),
    )  # fmt: skip
    advance(archive, quiet=True)
    return done(as_json, {"code": code, "version": row.version}, f"{code} đã thay khóa", f"page {row.version}")


@key_app.command("attach")
def key_attach(code: Code, request: Request, by: By, as_json: Json = False) -> int:
    """Say again where a key of the page lies, after a restore of an old backup forgot it."""
    from sogoc.cli.opening import done, now, open_home, person

    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import keys

    keys.attach(
        log=archive.log, institution=queries.institution(code), request=read_request(request), by=person(by), now=now()
    )  # fmt: skip
    return done(as_json, {"code": code}, f"Kho lại biết khóa của {code}", "the key is known again")


@key_app.command("cut")
def key_cut(
    code: Code,
    key: Annotated[str, typer.Option(help="The kid of the key, from `sogoc key list`.")],
    prepared_by: PreparedBy,
    by: By,
    start: Annotated[
        int | None, typer.Option("--from", help="Log index from which it counts no more (default: now).")
    ] = None,
    wording: Annotated[str, typer.Option(help="key-compromised or key-retired.")] = "key-compromised",
    act_id: Annotated[str | None, typer.Option("--id", help="Idempotency id (default: a new one).")] = None,
    as_json: Json = False,
) -> int:
    """Cut a stolen key at a log index: two officers, in public. Says what fell with it."""
    from sogoc.cli import output
    from sogoc.cli.opening import SHOWN_PROBLEMS, advance, now, open_home, person
    from sogoc.core.canonical import b64

    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import keys

    institution = queries.institution(code)
    done = keys.cut(
        log=archive.log, ministry=archive.ministry, institution=institution, kid=key, start=start, wording=wording,
        act_id=act_id or b64(secrets.token_bytes(16)), prepared_by=person(prepared_by, PREPARER_PASSWORD), by=person(by),
        now=now(),
    )  # fmt: skip
    advance(archive, quiet=True)
    fell = list(keys.what_fell(institution, key, done.start))
    if as_json:
        output.document({
            "kid": key, "from": done.start,
            "fell": [{"index": one.index, "act": one.act, "qualifications": one.qualifications} for one in fell],
            "credentials": list(keys.credentials_that_fell(key, done.start)),
        })  # fmt: skip
        return 0
    output.console.print(f"✓ Khóa bị cắt từ vị trí {done.start} · the key counts no more from {done.start} on")
    for one in fell[:SHOWN_PROBLEMS]:
        output.console.print(f"  [{one.index}] {one.act}: {one.qualifications} văn bằng · qualifications")
    count = sum(one.qualifications for one in fell)
    output.console.print(
        f"  {len(fell)} mục, {count} văn bằng không còn giá trị · entries and qualifications that fell with it"
    )
    return 0


# -- who keeps a register -----------------------------------------------------------------------------------------------


@custody_app.command("books")
def custody_books(code: Code, as_json: Json = False) -> int:
    """Count the books of a register and compute their roots, as a hand-over would log them."""
    from sogoc.cli import output
    from sogoc.cli.opening import open_home

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import custody

    found = custody.books(queries.institution(code))
    if as_json:
        output.document(
            {
                "books": [
                    {"kind": one.kind, "year": one.year, "count": one.count, "root": one.root.hex()} for one in found
                ]
            }
        )
    else:
        for one in found:
            output.console.print(f"{one.kind} {one.year}: {one.count}  {one.root.hex()}", soft_wrap=True)
    return 0


@custody_app.command("hand-over")
def custody_hand_over(
    code: Code,
    to: Annotated[str, typer.Option(help="Code of the institution that receives the register.")],
    request: Request,
    decision: Annotated[str, typer.Option("--decision", help="Number of the decision.")],
    on: Annotated[str, typer.Option("--on", help="Date of the decision, 2026-07-01.")],
    received_by: Annotated[
        str, typer.Option(help="An approver of who receives; password asked, or from SOGOC_RECEIVER_PASSWORD.")
    ],
    by: By,
    confirmed_by: ConfirmedBy,
    handed_by: Annotated[
        str | None,
        typer.Option(help="An approver of who keeps it now, unless it is dissolved; or from SOGOC_GIVER_PASSWORD."),
    ] = None,
    book: Annotated[
        list[str] | None, typer.Option(help="A book on paper, KIND:YEAR:LINES:SHA256 in hex; may be given often.")
    ] = None,
    act_id: Annotated[str | None, typer.Option("--id", help="Idempotency id (default: a new one).")] = None,
    as_json: Json = False,
) -> int:
    """Hand a register over: its books with counts and roots, signed by who gives, who receives and the ministry."""
    from sogoc.cli.opening import advance, done, now, open_home, person
    from sogoc.core.canonical import b64

    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import custody

    logged = custody.hand_over(
        log=archive.log, ministry=archive.ministry, keyring=archive.keyring, institution=queries.institution(code),
        custodian=queries.institution(to), paper=[_book(one) for one in book or []], request=read_request(request),
        decision=custody.HandOver(
            number=decision, on=on, salt=secrets.token_bytes(16), act_id=act_id or b64(secrets.token_bytes(16))
        ),
        handed_by=person(handed_by, "SOGOC_GIVER_PASSWORD") if handed_by else None,
        received_by=person(received_by, "SOGOC_RECEIVER_PASSWORD"), by=person(by),
        confirmed_by=person(confirmed_by, CONFIRMER_PASSWORD), now=now(),
    )  # fmt: skip
    advance(archive, quiet=True)
    logged.refresh_from_db()
    return done(
        as_json, {"index": logged.index, "from": code, "to": to},
        f"Sổ gốc {code} do {to} quản lý, vị trí {logged.index}", f"logged at index {logged.index}",
    )  # fmt: skip


def _book(given: str) -> Book:
    from sogoc.services.custody import Book

    try:
        kind, year, count, root = given.split(":")
        return Book(kind=kind, year=year, count=int(count), root=bytes.fromhex(root))
    except ValueError as error:
        raise InputError(
            f"{given} is not KIND:YEAR:LINES:SHA256", f"{given} không đúng dạng LOẠI:NĂM:SỐ DÒNG:SHA256"
        ) from error
