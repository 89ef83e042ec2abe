"""Institutions, the people who act for them, their keys, and what the ministry says of them."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models


class Institution(models.Model):
    """An institution with its permanent ordinal and code. Neither is ever given to another."""

    ordinal = models.PositiveIntegerField(unique=True)
    code = models.CharField(max_length=20, unique=True)
    number_templates = models.JSONField(default=dict, help_text="kind -> the form in which it allots register numbers")

    def __str__(self) -> str:
        return self.code

    def hold(self) -> None:
        """Hold the institution until the transaction ends: its numbers, serials, blanks and totals are counted one at a time.

        Who holds an institution takes it before any batch of it, and the archive last, so that nobody waits in a circle. The
        key stays free, because rows that merely refer to the institution need no more than that.
        """
        Institution.objects.select_for_update(no_key=True).get(pk=self.pk)

    def moment(self, now: datetime) -> datetime:
        """This time, or just after the last approval or stock-taking of this institution, which is held.

        So it is never in doubt what was approved before what: totals, quotas and stocks are counted in this order.
        """
        last: list[datetime | None] = [
            self.batches.aggregate(last=models.Max("approved_at"))["last"],
            self.blank_events.filter(what="counted").aggregate(last=models.Max("at"))["last"],
        ]
        return max([now, *(one + timedelta(microseconds=1) for one in last if one is not None)])


class Membership(models.Model):
    """A person's role in an institution; without an institution, in the ministry."""

    class Role(models.TextChoices):
        PREPARER = "preparer", "người lập"
        APPROVER = "approver", "người duyệt"
        OFFICER = "officer", "cán bộ Bộ"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, null=True, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "institution", "role"], name="membership_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=models.Q(role="officer", institution__isnull=True)
                | (~models.Q(role="officer") & models.Q(institution__isnull=False)),
                name="officers_belong_to_the_ministry",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.role}"


class IssuerKey(models.Model):
    """A signing key of an institution. The private half is behind `uri`; its certificate is for signing PDFs."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="keys")
    kid = models.CharField(max_length=43, unique=True)
    jwk = models.JSONField()
    uri = models.CharField(max_length=500)
    certificate = models.BinaryField()

    def __str__(self) -> str:
        return self.kid


class AuthorityPage(models.Model):
    """One signed version of an institution's authority page. `entry` logs its hash.

    Two officers agreed on it; one that a recovery read back from the log says nobody.
    """

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="pages")
    version = models.PositiveIntegerField()
    content = models.BinaryField()
    entry = models.OneToOneField("Entry", on_delete=models.PROTECT, related_name="page")
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["institution", "version"], name="page_version_once"),
            models.CheckConstraint(
                condition=models.Q(entered_by__isnull=True, confirmed_by__isnull=True)
                | (
                    models.Q(entered_by__isnull=False, confirmed_by__isnull=False)
                    & ~models.Q(entered_by=models.F("confirmed_by"))
                ),
                name="page_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.institution} v{self.version}"
