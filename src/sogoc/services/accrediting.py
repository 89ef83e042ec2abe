"""The ministry says which institution may award what, with which keys. Every page takes two of its officers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from sogoc.core import clocks, entry
from sogoc.core.authority import KeyWindow, Name, Page, Power, SignerTerm, check_succession
from sogoc.core.authority import parse as parse_page
from sogoc.core.canonical import digest
from sogoc.core.jws import thumbprint
from sogoc.core.possession import KeyRequest
from sogoc.errors import AlreadyInRegister, InputError, WrongState
from sogoc.ports import IssuerSigner, Log
from sogoc.register.models import Archive, AuthorityPage, Institution, IssuerKey
from sogoc.register.records import newest_page
from sogoc.services import access, audit, notices, sequencing, waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key to put on the page: its public half, who holds it, where the private half is, and its certificate for PDFs."""

    jwk: Mapping[str, str]
    holder: str
    uri: str
    certificate: bytes


def asked(request: KeyRequest, code: str, *, origin: str) -> NewKey:
    """Return the key that asked for its place on the page of `code`, and proved that it is held.

    Raises: InputError, SignatureError.
    """
    if request.code != code:
        raise InputError(
            f"this key asks for the page of {request.code}, not of {code}",
            f"khóa này đề nghị cho {request.code}, không phải {code}",
        )
    request.verify(origin=origin)
    return NewKey(jwk=dict(request.jwk), holder=request.holder, uri=request.uri, certificate=request.certificate)


@transaction.atomic
def accredit(
    *,
    log: Log,
    ministry: IssuerSigner,
    code: str,
    category: str,
    names: Sequence[Name],
    identifiers: Mapping[str, str],
    request: KeyRequest,
    powers: Sequence[Power],
    signers: Sequence[SignerTerm],
    by: User,
    confirmed_by: User,
    now: datetime,
) -> Institution:
    """Enter an institution with its first key, which asks for it, and its powers; the page is logged with the next head.

    Raises: NotAllowed, FourEyes; InputError, SignatureError when the key did not ask for this; AlreadyInRegister when the code
    or the key is taken.
    """
    access.require_officers(by, confirmed_by)
    key = asked(request, code, origin=log.origin)
    sequencing.refuse_if_behind(log)
    Archive.hold()
    if Institution.objects.filter(code=code).exists():
        raise AlreadyInRegister(f"the code {code} is taken", f"mã {code} đã được dùng")
    last = Institution.objects.order_by("-ordinal").first()
    institution = Institution.objects.create(ordinal=last.ordinal + 1 if last else 1, code=code)
    page = Page(
        ordinal=institution.ordinal,
        version=1,
        code=code,
        category=category,
        names=tuple(names),
        identifiers=dict(identifiers),
        keys=(enter_key(institution, key, ministry=ministry),),
        powers=tuple(powers),
        signers=tuple(signers),
        custodian=institution.ordinal,
    )
    officers = Officers(by, confirmed_by)
    _log_page(institution, page, ministry, log.origin, officers)
    backdated = _backdated(page.powers, now)
    audit.note(
        by, "institution.accredited", code, at=now,
        detail={"kid": thumbprint(key.jwk), "confirmed_by": confirmed_by.get_username()} | backdated,
    )  # fmt: skip
    return institution


@transaction.atomic
def change(
    *,
    log: Log,
    ministry: IssuerSigner,
    institution: Institution,
    by: User,
    confirmed_by: User,
    now: datetime,
    category: str | None = None,
    names: Sequence[Name] | None = None,
    identifiers: Mapping[str, str] | None = None,
    powers: Sequence[Power] | None = None,
    signers: Sequence[SignerTerm] | None = None,
) -> AuthorityPage:
    """Log a new version of the page with what is given, and the rest as it was. Keys and keeper are changed elsewhere.

    A power that begins before today is marked in the audit trail, and institution and ministry are told.

    Raises: NotAllowed, FourEyes; MalformedError when the page breaks a rule of succession, such as a power dropped or widened.
    """
    access.require_officers(by, confirmed_by)
    sequencing.refuse_if_behind(log)
    Archive.hold()
    _, old = newest_page(institution)
    given: dict[str, Any] = {
        "category": category,
        "names": None if names is None else tuple(names),
        "identifiers": None if identifiers is None else dict(identifiers),
        "powers": None if powers is None else tuple(powers),
        "signers": None if signers is None else tuple(signers),
    }
    changes = {name: value for name, value in given.items() if value is not None and value != getattr(old, name)}
    if not changes:
        raise WrongState("the page says so already", "trang thẩm quyền đã ghi như vậy")
    page = replace(old, **changes)
    row = put_page(log, ministry, institution, page, Officers(by, confirmed_by))
    backdated = _backdated(_new_powers(old, page), now)
    if backdated:
        for recipient in (notices.INSTITUTION, notices.MINISTRY):
            notices.tell(
                recipient, "power-backdated", institution=institution, subject=institution.code,
                about={"version": row.version} | backdated["backdated"], now=now,
            )  # fmt: skip
    audit.note(
        by, "institution.page", institution.code, at=now,
        detail={
            "version": row.version, "changed": sorted(changes), "confirmed_by": confirmed_by.get_username(),
        } | backdated,
    )  # fmt: skip
    return row


def _new_powers(old: Page, page: Page) -> list[Power]:
    """The powers of a page that are new: one that was only ended, or given a quota, was there before."""
    known = {(one.kind, one.level, one.programme, one.mode, one.valid_from) for one in old.powers}
    return [
        one for one in page.powers if (one.kind, one.level, one.programme, one.mode, one.valid_from) not in known
    ]  # fmt: skip


def _backdated(powers: Sequence[Power], now: datetime) -> dict[str, Any]:
    """What the audit row says of powers that begin before today."""
    today = now.astimezone(clocks.VIETNAM).date().isoformat()
    early = [one.valid_from for one in powers if one.valid_from < today]
    return {"backdated": {"from": min(early), "powers": len(early)}} if early else {}


@dataclass(frozen=True, slots=True)
class Officers:
    """The two officers of the ministry who agreed on a page."""

    entered_by: User
    confirmed_by: User


def put_page(
    log: Log, ministry: IssuerSigner, institution: Institution, page: Page, officers: Officers
) -> AuthorityPage:
    """Log `page` as the next version of the institution's page. The archive must be held.

    Raises: MalformedError when it does not follow from the newest one.
    """
    _, old = newest_page(institution)
    page = replace(page, version=old.version + 1, signatures=())
    check_succession(old, page)
    return _log_page(institution, page, ministry, log.origin, officers)


def enter_key(institution: Institution, key: NewKey, *, ministry: IssuerSigner) -> KeyWindow:
    """Enter a key and return its window, open from the next page on. Raises: AlreadyInRegister."""
    if IssuerKey.objects.filter(kid=thumbprint(key.jwk)).exists() or dict(key.jwk) == ministry.jwk:
        raise AlreadyInRegister("the key is another's already", "khóa này đã thuộc nơi khác")
    IssuerKey.objects.create(
        institution=institution,
        kid=thumbprint(key.jwk),
        jwk=dict(key.jwk),
        uri=key.uri,
        certificate=key.certificate,
    )
    return KeyWindow(jwk=dict(key.jwk), holder=key.holder, start=waiting.next_index())


def _log_page(
    institution: Institution, page: Page, ministry: IssuerSigner, origin: str, officers: Officers
) -> AuthorityPage:
    unsigned = page.prepare(ministry.jwk, origin=origin)
    content = replace(page, signatures=(unsigned.signed(ministry.sign(unsigned.payload)),)).encode()
    parse_page(content)  # what is logged can never be taken back: hold it against its own format first
    leaf = entry.Authority(institution=institution.ordinal, version=page.version, page=digest(content)).encode()
    logged = waiting.enter(leaf, act="authority", institution=institution)
    return AuthorityPage.objects.create(
        institution=institution, version=page.version, content=content, entry=logged,
        entered_by=officers.entered_by, confirmed_by=officers.confirmed_by,
    )  # fmt: skip
