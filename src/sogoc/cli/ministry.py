"""Commands of the ministry: found an archive, accredit institutions, their people and pages."""

from __future__ import annotations

import getpass
import json
import os
import secrets
from pathlib import Path
from typing import Annotated, Any

import typer

from sogoc.cli.keys import Code, Request, read_request
from sogoc.cli.options import CONFIRMER_PASSWORD, By, ConfirmedBy, ConfirmedByForOfficers, Json, home
from sogoc.errors import InputError, WrongState

app = typer.Typer()
member_app = typer.Typer(no_args_is_help=True, help="People, and what they may do where.")
page_app = typer.Typer(no_args_is_help=True, help="Authority pages: what the ministry says of an institution.")
app.add_typer(member_app, name="member")
app.add_typer(page_app, name="page")


@app.command()
def found(
    origin: Annotated[str, typer.Option(help="Name of the log for ever, such as qualifications.example/2026.")],
    public: Annotated[str, typer.Option(help="Where the public files go: a folder, or s3://bucket/prefix?endpoint=…")],
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
        archive = wiring.make_home(folder, origin=origin, trial=trial, public=wiring.files_address(public))
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
    confirmed_by: ConfirmedBy,
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
    institution = accrediting.accredit(
        log=archive.log, ministry=archive.ministry, code=code, request=read_request(request), by=person(by),
        confirmed_by=person(confirmed_by, CONFIRMER_PASSWORD), now=now(), **({"identifiers": {}} | parts),
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
def member_add(
    name: Person,
    role: Role,
    by: By,
    confirmed_by: ConfirmedByForOfficers = None,
    institution: Where = None,
    as_json: Json = False,
) -> int:
    """Give a person a role; a new person gets a password, asked or read from SOGOC_NEW_PASSWORD."""
    from sogoc.cli.opening import done, now, open_home, person

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import founding

    officer, second = person(by), _second(confirmed_by)
    where = queries.institution(institution) if institution else None
    known = queries.person(name)
    if known is not None:
        founding.appoint(user=known, institution=where, role=role, by=officer, confirmed_by=second, now=now())
    else:
        founding.enrol(
            username=name, password=_new_password(name), institution=where, role=role, by=officer, confirmed_by=second,
            now=now(),
        )  # fmt: skip
    return done(as_json, {"name": name, "role": role}, f"{name}: {role}", str(where or "the ministry"))


@member_app.command("remove")
def member_remove(
    name: Person,
    role: Role,
    by: By,
    confirmed_by: ConfirmedByForOfficers = None,
    institution: Where = None,
    as_json: Json = False,
) -> int:
    """Take a role from a person; with the last one the account is closed."""
    from sogoc.cli.opening import done, now, open_home, person

    open_home(home())
    from sogoc.register import queries
    from sogoc.services import founding

    where = queries.institution(institution) if institution else None
    founding.dismiss(
        user=_known(name), institution=where, role=role, by=person(by), confirmed_by=_second(confirmed_by), now=now()
    )
    return done(as_json, {"name": name, "role": role}, f"{name} thôi vai trò {role}", f"{name} is {role} no more")


@member_app.command("password")
def member_password(name: Person, by: By, confirmed_by: ConfirmedByForOfficers = None, as_json: Json = False) -> int:
    """Set a new password for a person who lost it, asked or read from SOGOC_NEW_PASSWORD."""
    from sogoc.cli.opening import done, now, open_home, person

    open_home(home())
    from sogoc.services import founding

    officer, second = person(by), _second(confirmed_by)
    founding.set_password(
        user=_known(name), password=_new_password(name), by=officer, confirmed_by=second, now=now()
    )  # fmt: skip
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
    confirmed_by: ConfirmedBy,
    as_json: Json = False,
) -> int:
    """Log a new page with what the file says, each part whole: nothing is dropped or widened, only added or ended."""
    from sogoc.cli.opening import advance, done, now, open_home, person
    from sogoc.core import authority

    archive = open_home(home())
    from sogoc.register import queries
    from sogoc.services import accrediting

    row = accrediting.change(
        log=archive.log, ministry=archive.ministry, institution=queries.institution(code), by=person(by),
        confirmed_by=person(confirmed_by, CONFIRMER_PASSWORD), now=now(), **authority.read_parts(_read(file)),
    )  # fmt: skip
    advance(archive, quiet=True)
    return done(
        as_json, {"code": code, "version": row.version}, f"Trang thẩm quyền {code}, bản {row.version}", "logged"
    )


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


def _second(name: str | None) -> Any:
    from sogoc.cli.opening import person

    return None if name is None else person(name, CONFIRMER_PASSWORD)


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
