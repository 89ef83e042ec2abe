"""Found an archive in an empty database, and enrol the people who act in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from sogoc.core.merkle import EMPTY_ROOT
from sogoc.errors import AlreadyInRegister, InputError, WrongState
from sogoc.ports import Log
from sogoc.register.models import Archive, Institution, Membership
from sogoc.services import access, audit, notices

_OFFICERS = 2
"""So many officers there have to be besides one who leaves: two must agree on what comes after."""


@transaction.atomic
def found(*, log: Log, places_key: bytes, officer: str, password: str, now: datetime) -> User:
    """Enter the one archive of this database, open its lock, and enrol the first officer of the ministry.

    `places_key` is 32 random bytes. Raises: WrongState when there is an archive already.
    """
    if Archive.objects.exists() or log.lock.head(log.origin) is not None:
        raise WrongState("there is an archive already", "đã có kho lưu trữ")
    Archive.objects.create(origin=log.origin, trial=log.trial, places_key=places_key)
    user = _new_user(officer, password)
    Membership.objects.create(user=user, institution=None, role=Membership.Role.OFFICER)
    audit.note(user, "archive.founded", log.origin, at=now)
    log.lock.create(log.origin, 0, EMPTY_ROOT)
    return user


@transaction.atomic
def enrol(
    *,
    username: str,
    password: str,
    institution: Institution | None,
    role: str,
    by: User,
    confirmed_by: User | None = None,
    now: datetime,
) -> User:
    """Enrol a person with one role, given by the ministry.

    An officer is enrolled by two officers, but for the second one of all, whom the first enrols alone; the audit row says so.
    For a member of an institution one officer is enough, and the institution is told.

    Raises: NotAllowed, FourEyes, InputError, AlreadyInRegister.
    """
    said = _agreed(by, confirmed_by, two=role == Membership.Role.OFFICER)
    _check_role(role, institution)
    user = _new_user(username, password)
    Membership.objects.create(user=user, institution=institution, role=role)
    _tell(institution, "member-enrolled", user, role, now)
    audit.note(by, "member.enrolled", username, at=now, detail=_where(role, institution) | said)
    return user


@transaction.atomic
def appoint(
    *,
    user: User,
    institution: Institution | None,
    role: str,
    by: User,
    confirmed_by: User | None = None,
    now: datetime,
) -> None:
    """Give a person one more role, by the same people as `enrol`. Raises: NotAllowed, FourEyes, InputError."""
    said = _agreed(by, confirmed_by, two=role == Membership.Role.OFFICER)
    _check_role(role, institution)
    Membership.objects.get_or_create(user=user, institution=institution, role=role)
    if not user.is_active:  # dismissed before, and back
        user.is_active = True
        user.save(update_fields=["is_active"])
    _tell(institution, "member-enrolled", user, role, now)
    audit.note(by, "member.appointed", user.get_username(), at=now, detail=_where(role, institution) | said)


@transaction.atomic
def dismiss(
    *,
    user: User,
    institution: Institution | None,
    role: str,
    by: User,
    confirmed_by: User | None = None,
    now: datetime,
) -> None:
    """Take a role from a person; whoever has none left can no longer sign in. What they did stays under their name.

    An officer is dismissed by two. Raises: NotAllowed, FourEyes; WrongState when the person has no such role, or is one of the
    last two officers of the ministry.
    """
    said = _agreed(by, confirmed_by, two=role == Membership.Role.OFFICER)
    held = Membership.objects.select_for_update().filter(user=user, institution=institution, role=role).first()
    if held is None:
        raise WrongState(
            f"{user.get_username()} is not {role} of {institution or 'the ministry'}",
            f"{user.get_username()} không có vai trò {role} tại {institution or 'Bộ'}",
        )
    officers = Membership.objects.filter(role=Membership.Role.OFFICER, user__is_active=True).exclude(user=user)
    if role == Membership.Role.OFFICER and officers.count() < _OFFICERS:
        raise WrongState(
            "these are the last two officers: one alone could accredit nobody",
            "đây là hai cán bộ Bộ cuối cùng: một người không thể tự công nhận",
            mend="Enrol another officer first.", mend_vi="Hãy thêm cán bộ khác trước.",
        )  # fmt: skip
    held.delete()
    if not Membership.objects.filter(user=user).exists():
        user.is_active = False
        user.save(update_fields=["is_active"])
    _tell(institution, "member-dismissed", user, role, now)
    audit.note(by, "member.dismissed", user.get_username(), at=now, detail=_where(role, institution) | said)


@transaction.atomic
def set_password(*, user: User, password: str, by: User, confirmed_by: User | None = None, now: datetime) -> None:
    """Give a person a new password. For another officer it takes two, and the institutions of a member are told: whoever sets a
    password could act under that name.

    Raises: NotAllowed, FourEyes.
    """
    roles = Membership.objects.filter(user=user).select_related("institution")
    another = user.pk != by.pk and any(one.role == Membership.Role.OFFICER for one in roles)
    said = _agreed(by, confirmed_by, two=another)
    user.set_password(password)
    user.save(update_fields=["password"])
    for one in roles:
        _tell(one.institution, "member-password", user, one.role, now)
    audit.note(by, "member.password", user.get_username(), at=now, detail=said)


def _agreed(by: User, confirmed_by: User | None, *, two: bool) -> dict[str, Any]:
    """Refuse unless those agreed who must, and return what the audit row says of it. Raises: NotAllowed, FourEyes."""
    access.require(by, "accredit", None)
    if not two and confirmed_by is None:
        return {}
    others = Membership.objects.filter(role=Membership.Role.OFFICER).exclude(user=by)
    if confirmed_by is None and not others.exists():
        return {"alone": True}
    access.require_officers(by, confirmed_by)
    return {"confirmed_by": confirmed_by.get_username() if confirmed_by else None}


def _where(role: str, institution: Institution | None) -> dict[str, Any]:
    return {"role": role} | ({"institution": institution.code} if institution else {})


def _tell(institution: Institution | None, what: str, user: User, role: str, now: datetime) -> None:
    if institution is not None:
        notices.tell(
            notices.INSTITUTION,
            what,
            institution=institution,
            subject=user.get_username(),
            about={"role": role},
            now=now,
        )


def _check_role(role: str, institution: Institution | None) -> None:
    if role not in Membership.Role.values or (role == Membership.Role.OFFICER) != (institution is None):
        raise InputError(
            f"{role} is not a role of {institution or 'the ministry'}",
            f"{institution or 'Bộ'} không có vai trò {role}",
            mend=f"Roles are {', '.join(Membership.Role.values)}; officers belong to the ministry, the others to an institution.",
            mend_vi=f"Vai trò: {', '.join(Membership.Role.values)}; cán bộ thuộc Bộ, còn lại thuộc cơ sở giáo dục.",
        )


def _new_user(username: str, password: str) -> User:
    if User.objects.filter(username=username).exists():
        raise AlreadyInRegister(f"the name {username} is taken", f"tên {username} đã được dùng")
    return User.objects.create_user(username=username, password=password)
