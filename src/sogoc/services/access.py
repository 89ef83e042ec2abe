"""Who is there, and what that person may do. Every service that decides asks here first."""

from __future__ import annotations

from django.contrib.auth import authenticate as check_password
from django.contrib.auth.models import User

from sogoc.errors import NotAllowed
from sogoc.register.models import Institution, Membership

PERMISSIONS: dict[str, frozenset[Membership.Role]] = {
    "accredit": frozenset({Membership.Role.OFFICER}),
    "batch.prepare": frozenset({Membership.Role.PREPARER}),
    "batch.submit": frozenset({Membership.Role.PREPARER}),
    "batch.approve": frozenset({Membership.Role.APPROVER}),
    "act.prepare": frozenset({Membership.Role.PREPARER, Membership.Role.APPROVER, Membership.Role.OFFICER}),
    "act": frozenset({Membership.Role.APPROVER, Membership.Role.OFFICER}),
    "copy": frozenset({Membership.Role.PREPARER, Membership.Role.APPROVER}),
    "notice": frozenset({Membership.Role.PREPARER, Membership.Role.APPROVER, Membership.Role.OFFICER}),
    "register.search": frozenset({Membership.Role.PREPARER, Membership.Role.APPROVER, Membership.Role.OFFICER}),
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
    """Refuse unless `user` has the permission in `institution`, or in the ministry. Raises: NotAllowed."""
    roles = PERMISSIONS[permission]
    memberships = Membership.objects.filter(user=user, role__in=roles)
    here = memberships.filter(institution=institution) if institution else memberships.none()
    ministry = memberships.filter(role=Membership.Role.OFFICER)
    if not user.is_active or not (here | ministry).exists():
        raise NotAllowed(
            f"{user.get_username()} may not do this ({permission}) for {institution or 'the ministry'}",
            f"{user.get_username()} không có quyền này ({permission}) tại {institution or 'Bộ'}",
            mend="Ask somebody with the right role.",
            mend_vi="Hãy nhờ người có vai trò phù hợp.",
        )
