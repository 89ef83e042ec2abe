"""Commands of the ministry: found an archive, accredit institutions, their people, pages and keys, and who keeps a register."""

from __future__ import annotations

import getpass
import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sogoc.cli.options import PREPARER_PASSWORD, By, Json, PreparedBy, home
from sogoc.errors import InputError, WrongState

if TYPE_CHECKING:
    from sogoc.core.possession import KeyRequest

app = typer.Typer()
member_app = typer.Typer(no_args_is_help=True, help="People, and what they may do where.")
page_app = typer.Typer(no_args_is_help=True, help="Authority pages: what the ministry says of an institution.")
key_app = typer.Typer(no_args_is_help=True, help="Signing keys of institutions.")
custody_app = typer.Typer(no_args_is_help=True, help="Registers that go to another keeper.")
app.add_typer(member_app, name="member")
app.add_typer(page_app, name="page")
app.add_typer(key_app, name="key")
app.add_typer(custody_app, name="custody")

Code = Annotated[str, typer.Argument(help="Code of the institution.")]
Request = Annotated[Path, typer.Option("--request", help="A request that `sogoc key make` wrote.")]


@app.command()
def found(
    origin: Annotated[str, typer.Option(help="Name of the log for ever, such as qualifications.example/2026.")],
    public: Annotated[Path, typer.Option(help="Folder of the public files.")],
    officer: Annotated[str, typer.Option(help="User name of the first officer of the ministry.")],
    trial: Annotated[
        bool, typer.Option("--trial", help="Everything it issues is marked as a trial, for ever.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Found a new archive in SOGOC_HOME: keys, lock, journal, database, and the first officer."""
    from sogoc import wiring
    from sogoc.cli.opening import done, now

    folder = home()
    if not trial and not os.environ.get("SOGOC_PASSPHRASE"):
        raise InputError(
            "a real archive keeps the passphrase of its keys elsewhere", "kho thật phải giữ mật khẩu khóa ở nơi khác",
            mend="Set SOGOC_PASSPHRASE, and keep it apart from this machine.",
            mend_vi="Đặt SOGOC_PASSPHRASE và cất riêng, không để trên máy này.",
        )  # fmt: skip
    if (folder / "archive.json").exists():  # a stop came between the folder and the database
        archive = wiring.Home(folder)
        if (archive.settings.origin, archive.settings.trial) != (origin, trial):
            raise WrongState(
                f"{folder} is of {archive.settings.origin} already", f"{folder} đã là kho {archive.settings.origin}"
            )
    else:
        archive = wiring.make_home(folder, origin=origin, trial=trial, public=public.resolve())
    wiring.setup_django(folder)
    wiring.migrate()
    from sogoc.services import founding

    founding.found(
        log=archive.log, places_key=secrets.token_bytes(32), officer=officer, password=_new_password(officer), now=now()
    )
    return done(
        as_json, {"origin": origin, "home": str(folder)}, f"Đã lập kho {origin}", f"in {folder}; next: sogoc accredit"
    )


@app.command()
def accredit(
    file: Annotated[Path, typer.Argument(help="TOML or JSON: code, category, names, identifiers, powers, signers.")],
    request: Request,
    by: By,
    as_json: Json = False,
) -> int:
    """Enter an institution with its names, powers, signers and first key."""
    from sogoc.cli.opening import advance, done, now, open_home, person
    from sogoc.core import authority

    archive = open_home(home())
    from sogoc.services import accrediting

    value = _read(file)
    code = value.pop("code", None)
    parts = authority.read_parts(value)
    if not isinstance(code, str) or not {"category", "names", "powers", "signers"} <= parts.keys():
        raise InputError(
            "the file says no code, category, names, powers or signers",
            "tệp thiếu code, category, names, powers hoặc signers",
        )
    asked = _request(request)
    institution = accrediting.accredit(
        log=archive.log, ministry=archive.ministry, code=code, key=accrediting.asked(asked, code, origin=archive.log.origin),
        by=person(by), now=now(), **({"identifiers": {}} | parts),
    )  # fmt: skip
    size, _ = advance(archive, quiet=True)
    return done(
        as_json, {"code": code, "ordinal": institution.ordinal, "size": size},
        f"Đã công nhận {code}", f"institution {institution.ordinal}",
    )  # fmt: skip


# -- people -------------------------------------------------------------------------------------------------------------

Person = Annotated[str, typer.Argument(help="User name.")]
Where = Annotated[str | None, typer.Option("--institution", help="Code of the institution; without it, the ministry.")]
Role = Annotated[str, typer.Option(help="preparer, approver, or officer (of the ministry).")]


@member_app.command("add")
def member_add(name: Person, role: Role, by: By, institution: Where = None, as_json: Json = False) -> int:
    """Give a person a role; a new person gets a password, asked or read from SOGOC_NEW_PASSWORD."""
    from sogoc.cli.opening import done, now, open_home, person

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import founding

    officer, where = person(by), queries.institution(institution) if institution else None
    known = queries.person(name)
    if known is not None:
        founding.appoint(user=known, institution=where, role=role, by=officer, now=now())
    else:
        founding.enrol(
            username=name, password=_new_password(name), institution=where, role=role, by=officer, now=now()
        )  # fmt: skip
    return done(as_json, {"name": name, "role": role}, f"{name}: {role}", str(where or "the ministry"))


@member_app.command("remove")
def member_remove(name: Person, role: Role, by: By, institution: Where = None, as_json: Json = False) -> int:
    """Take a role from a person; with the last one the account is closed."""
    from sogoc.cli.opening import done, now, open_home, person

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import founding

    where = queries.institution(institution) if institution else None
    founding.dismiss(user=_known(name), institution=where, role=role, by=person(by), now=now())
    return done(as_json, {"name": name, "role": role}, f"{name} thôi vai trò {role}", f"{name} is {role} no more")


@member_app.command("password")
def member_password(name: Person, by: By, as_json: Json = False) -> int:
    """Set a new password for a person who lost it, asked or read from SOGOC_NEW_PASSWORD."""
    from sogoc.cli.opening import done, now, open_home, person

    open_home(home())
    from sogoc.services import founding

    officer = person(by)
    founding.set_password(user=_known(name), password=_new_password(name), by=officer, now=now())
    return done(as_json, {"name": name}, f"Đã đặt mật khẩu mới cho {name}", "a new password is set")


@member_app.command("list")
def member_list(institution: Where = None, as_json: Json = False) -> int:
    """List who may do what."""
    from sogoc.cli import output
    from sogoc.cli.opening import open_home

    open_home(home())
    from sogoc.register import queries

    found = [
        {
            "name": one.user.get_username(),
            "institution": one.institution.code if one.institution else None,
            "role": one.role,
        }
        for one in queries.members(queries.institution(institution) if institution else None)
    ]
    if as_json:
        output.document({"members": found})
    else:
        for line in found:
            output.console.print(f"{line['name']}  {line['role']}  {line['institution'] or 'Bộ · ministry'}")
    return 0


# -- pages --------------------------------------------------------------------------------------------------------------


@page_app.command("show")
def page_show(code: Code) -> int:
    """Print the newest authority page as JSON; its parts are what `page change` reads."""
    from sogoc.cli import output
    from sogoc.cli.opening import open_home

    open_home(home())
    from sogoc.register import queries, records

    output.document(records.newest_page(queries.institution(code))[1].body())
    return 0


@page_app.command("change")
def page_change(
    code: Code,
    file: Annotated[Path, typer.Argument(help="TOML or JSON: any of category, names, identifiers, powers, signers.")],
    by: By,
    as_json: Json = False,
) -> int:
    """Log a new page with what the file says, each part whole: nothing is dropped or widened, only added or ended."""
    from sogoc.cli.opening import advance, done, now, open_home, person
    from sogoc.core import authority

    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import accrediting

    row = accrediting.change(
        log=archive.log, ministry=archive.ministry, institution=queries.institution(code), by=person(by), now=now(),
        **authority.read_parts(_read(file)),
    )  # fmt: skip
    advance(archive, quiet=True)
    return done(
        as_json, {"code": code, "version": row.version}, f"Trang thẩm quyền {code}, bản {row.version}", "logged"
    )


# -- keys ---------------------------------------------------------------------------------------------------------------


@key_app.command("make")
def key_make(
    code: Code,
    to: Annotated[Path, typer.Option(help="File of the request to write.")],
    holder: Annotated[str, typer.Option(help="Who keeps the private key, as the page will say.")],
    name: Annotated[str | None, typer.Option(help="Name of a new key file (default: the code).")] = None,
    uri: Annotated[
        str | None, typer.Option(help="A key that is there already, such as pkcs11:token=…;object=….")
    ] = None,
    as_json: Json = False,
) -> int:
    """Make a signing key, or take one of a token, and write the request that it signs for its place on the page."""
    from dataclasses import replace

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
    unsigned = request.prepare(signer.jwk, origin=archive.settings.origin)
    to.write_bytes(replace(request, signatures=(unsigned.signed(signer.sign(unsigned.payload)),)).encode())
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
    as_json: Json = False,
) -> int:
    """Put a new key in the place of the old one, also of one that was lost. What was signed before stays good."""
    from sogoc.cli.opening import advance, done, now, open_home, person

    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import keys

    row = keys.rotate(
        log=archive.log, ministry=archive.ministry, institution=queries.institution(code), request=_request(request),
        requested_by=person(requested_by, PREPARER_PASSWORD), by=person(by), now=now(),
    )  # fmt: skip
    advance(archive, quiet=True)
    return done(as_json, {"code": code, "version": row.version}, f"{code} đã thay khóa", f"page {row.version}")


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
        custodian=queries.institution(to), paper=[_book(one) for one in book or []], request=_request(request),
        decision=custody.HandOver(
            number=decision, on=on, salt=secrets.token_bytes(16), act_id=act_id or b64(secrets.token_bytes(16))
        ),
        handed_by=person(handed_by, "SOGOC_GIVER_PASSWORD") if handed_by else None,
        received_by=person(received_by, "SOGOC_RECEIVER_PASSWORD"), by=person(by), now=now(),
    )  # fmt: skip
    advance(archive, quiet=True)
    logged.refresh_from_db()
    return done(
        as_json, {"index": logged.index, "from": code, "to": to},
        f"Sổ gốc {code} do {to} quản lý, vị trí {logged.index}", f"logged at index {logged.index}",
    )  # fmt: skip


def _book(given: str) -> Any:
    from sogoc.services.custody import Book

    try:
        kind, year, count, root = given.split(":")
        return Book(kind=kind, year=year, count=int(count), root=bytes.fromhex(root))
    except ValueError as error:
        raise InputError(
            f"{given} is not KIND:YEAR:LINES:SHA256", f"{given} không đúng dạng LOẠI:NĂM:SỐ DÒNG:SHA256"
        ) from error


# -- files and passwords ------------------------------------------------------------------------------------------------


def _read(path: Path) -> dict[str, Any]:
    """Read a small TOML or JSON file of an officer. Raises: InputError."""
    import tomllib

    try:
        text = path.read_text(encoding="utf-8")
        value = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}", f"không đọc được {path}: {error}") from error
    if not isinstance(value, dict):
        raise InputError(f"{path} is not a table", f"{path} không phải bảng")
    return value


def _request(path: Path) -> KeyRequest:
    from sogoc.cli.verify import read_file
    from sogoc.core import possession

    return possession.parse(read_file(path, possession.MAX_BYTES))


def _known(name: str) -> Any:
    from sogoc.register import queries

    found = queries.person(name)
    if found is None:
        raise InputError(f"there is nobody of the name {name}", f"không có người dùng {name}")
    return found


def _new_password(name: str) -> str:
    given = os.environ.get("SOGOC_NEW_PASSWORD")
    if given is not None:
        return given
    first = getpass.getpass(f"Mật khẩu mới của {name} · New password of {name}: ")
    if first != getpass.getpass("Nhập lại · Again: "):
        raise InputError("the two passwords differ", "hai mật khẩu không giống nhau")
    return first
