"""Who is there, and what that person may do. Every service that decides asks here first."""

from __future__ import annotations

from django.contrib.auth import authenticate as check_password
from django.contrib.auth.models import User

from sogoc.core.authority import parse as parse_page
from sogoc.errors import FourEyes, NotAllowed
from sogoc.register.models import Institution, Membership

PERMISSIONS: dict[str, frozenset[Membership.Role]] = {
    "accredit": frozenset({Membership.Role.OFFICER}),
    "batch.prepare": frozenset({Membership.Role.PREPARER}),
    "batch.submit": frozenset({Membership.Role.PREPARER}),
    "batch.approve": frozenset({Membership.Role.APPROVER}),
    "override": frozenset({Membership.Role.OFFICER}),
    "act.prepare": frozenset({Membership.Role.PREPARER, Membership.Role.APPROVER, Membership.Role.OFFICER}),
    "key.request": frozenset({Membership.Role.APPROVER}),
    "register.hand-over": frozenset({Membership.Role.APPROVER}),
    "act": frozenset({Membership.Role.APPROVER, Membership.Role.OFFICER}),
    "register.export": frozenset({Membership.Role.APPROVER}),
    "erase": frozenset({Membership.Role.APPROVER, Membership.Role.OFFICER}),
    "copy": frozenset({Membership.Role.PREPARER, Membership.Role.APPROVER}),
    "notice": frozenset({Membership.Role.PREPARER, Membership.Role.APPROVER, Membership.Role.OFFICER}),
    "register.reconcile": frozenset({Membership.Role.PREPARER, Membership.Role.APPROVER, Membership.Role.OFFICER}),
    "register.search": frozenset({Membership.Role.PREPARER, Membership.Role.APPROVER, Membership.Role.OFFICER}),
    "sample.open": frozenset({Membership.Role.APPROVER}),
    "diploma.read": frozenset({Membership.Role.PREPARER, Membership.Role.APPROVER}),
}
"""Which roles carry which permission. Officers belong to the ministry, all others to one institution."""


def authenticate(username: str, password: str) -> User:
    """Return the person of this name and password. Raises: NotAllowed."""
    user = check_password(username=username, password=password)
    if not isinstance(user, User):
        raise NotAllowed(
            "the name and the password do not belong together",
            "tên và mật khẩu không khớp",
            mend="Type both again; an officer of the ministry can set a new password.",
            mend_vi="Nhập lại cả hai; cán bộ Bộ có thể đặt mật khẩu mới.",
        )
    return user


def require(user: User, permission: str, institution: Institution | None) -> None:
    """Refuse unless `user` has the permission for this register, or in the ministry.

    Where a register went, the right to act for it went too: the members of its keeper act, and no others. Who keeps it is read
    from the newest page each time.

    Raises: NotAllowed.
    """
    keeper = keeper_of(institution) if institution is not None else None
    if not holds(user, permission, keeper):
        raise _refused(user, permission, institution)


def require_officers(by: User, confirmed_by: User | None) -> None:
    """Refuse unless two officers of the ministry agree: one alone could enrol his own people and grant them powers.

    Raises: NotAllowed; FourEyes when the second one is missing, or is the first.
    """
    require(by, "accredit", None)
    if confirmed_by is not None:
        require(confirmed_by, "accredit", None)
    if confirmed_by is None or confirmed_by.pk == by.pk:
        raise FourEyes(
            "a second officer of the ministry has to confirm this", "việc này cần một cán bộ Bộ thứ hai xác nhận",
            mend="Ask another officer (--confirmed-by).", mend_vi="Nhờ một cán bộ khác của Bộ (--confirmed-by).",
        )  # fmt: skip


def acts_as_officer(user: User, permission: str, institution: Institution) -> bool:
    """Whether it is as an officer of the ministry only that `user` has the permission for this register. Raises: NotAllowed."""
    require(user, permission, institution)
    mine = Membership.objects.filter(user=user, institution=keeper_of(institution), role__in=PERMISSIONS[permission])
    return not mine.exists()


def require_member(user: User, permission: str, institution: Institution) -> None:
    """Refuse unless `user` has the permission as a member of this institution itself. Raises: NotAllowed."""
    if not holds(user, permission, institution):
        raise _refused(user, permission, institution)


def keeper_of(institution: Institution) -> Institution:
    """Return who keeps the register of an institution: itself, until its newest page names another."""
    row = institution.pages.order_by("-version").first()
    ordinal = parse_page(bytes(row.content)).custodian if row is not None else institution.ordinal
    return institution if ordinal == institution.ordinal else Institution.objects.get(ordinal=ordinal)


def holds(user: User, permission: str, institution: Institution | None) -> bool:
    """Whether `user` has the permission in this institution itself, or in the ministry; in the ministry only when it is None."""
    memberships = Membership.objects.filter(user=user, role__in=PERMISSIONS[permission])
    here = memberships.filter(institution=institution) if institution else memberships.none()
    ministry = memberships.filter(role=Membership.Role.OFFICER)
    return user.is_active and (here | ministry).exists()


def _refused(user: User, permission: str, institution: Institution | None) -> NotAllowed:
    return NotAllowed(
        f"{user.get_username()} may not do this ({permission}) for {institution or 'the ministry'}",
        f"{user.get_username()} không có quyền này ({permission}) tại {institution or 'Bộ'}",
        mend="Ask somebody with the right role.",
        mend_vi="Hãy nhờ người có vai trò phù hợp.",
    )
