"""Found an archive in an empty database, and enrol the people who act in it."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from sogoc.core.merkle import EMPTY_ROOT
from sogoc.errors import AlreadyInRegister, InputError, WrongState
from sogoc.ports import Log
from sogoc.register.models import Archive, Institution, Membership
from sogoc.services import access, audit


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
def enrol(*, username: str, password: str, institution: Institution | None, role: str, by: User, now: datetime) -> User:
    """Enrol a person with one role, given by an officer of the ministry. Raises: NotAllowed, InputError, AlreadyInRegister."""
    access.require(by, "accredit", None)
    _check_role(role, institution)
    user = _new_user(username, password)
    Membership.objects.create(user=user, institution=institution, role=role)
    audit.note(by, "member.enrolled", username, at=now, detail={"role": role})
    return user


@transaction.atomic
def appoint(*, user: User, institution: Institution | None, role: str, by: User, now: datetime) -> None:
    """Give a person one more role. Raises: NotAllowed, InputError."""
    access.require(by, "accredit", None)
    _check_role(role, institution)
    Membership.objects.get_or_create(user=user, institution=institution, role=role)
    if not user.is_active:  # dismissed before, and back
        user.is_active = True
        user.save(update_fields=["is_active"])
    audit.note(by, "member.appointed", user.get_username(), at=now, detail={"role": role})


@transaction.atomic
def dismiss(*, user: User, institution: Institution | None, role: str, by: User, now: datetime) -> None:
    """Take a role from a person; whoever has none left can no longer sign in. What they did stays under their name.

    Raises: NotAllowed; WrongState when the person has no such role, or is the last officer of the ministry.
    """
    access.require(by, "accredit", None)
    held = Membership.objects.select_for_update().filter(user=user, institution=institution, role=role).first()
    if held is None:
        raise WrongState(
            f"{user.get_username()} is not {role} of {institution or 'the ministry'}",
            f"{user.get_username()} không có vai trò {role} tại {institution or 'Bộ'}",
        )
    officers = Membership.objects.filter(role=Membership.Role.OFFICER, user__is_active=True).exclude(user=user)
    if role == Membership.Role.OFFICER and not officers.exists():
        raise WrongState(
            "this is the last officer: nobody could accredit any more", "đây là cán bộ Bộ cuối cùng: sẽ không còn ai quản trị",
            mend="Enrol another officer first.", mend_vi="Hãy thêm cán bộ khác trước.",
        )  # fmt: skip
    held.delete()
    if not Membership.objects.filter(user=user).exists():
        user.is_active = False
        user.save(update_fields=["is_active"])
    audit.note(by, "member.dismissed", user.get_username(), at=now, detail={"role": role})


@transaction.atomic
def set_password(*, user: User, password: str, by: User, now: datetime) -> None:
    """Give a person a new password. Raises: NotAllowed."""
    access.require(by, "accredit", None)
    user.set_password(password)
    user.save(update_fields=["password"])
    audit.note(by, "member.password", user.get_username(), at=now)


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
