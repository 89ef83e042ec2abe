"""What happens to a qualification afterwards, beside its entries: copies, notices, erasures."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from sogoc.register.models.batches import Row
from sogoc.register.models.institutions import Institution


class Copy(models.Model):
    """One line of the copy book: a copy from the register, asked for and issued or refused. Numbers run by calendar year.

    `recipient` and `relation` (a ground of the law) say who asked; `due_on` follows the clock of the law from `requested_at`. `row`
    is the version asked for, null where the register holds no such qualification: such a request can only be refused.
    """

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="copies")
    row = models.ForeignKey(Row, on_delete=models.PROTECT, null=True, related_name="copies")
    requested_at = models.DateTimeField()
    due_on = models.CharField(max_length=10)
    recipient = models.CharField(max_length=150)
    relation = models.CharField(max_length=40)
    copies = models.PositiveSmallIntegerField()
    year = models.CharField(max_length=4, null=True)
    number = models.PositiveIntegerField(null=True)
    issued_on = models.CharField(max_length=10, null=True)
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    refused_reason = models.CharField(max_length=250, null=True)
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["institution", "year", "number"], name="copy_number_once"),
            models.CheckConstraint(
                condition=Q(number__isnull=True, issued_on__isnull=True, issued_by__isnull=True)
                | Q(
                    number__isnull=False, year__isnull=False, issued_on__isnull=False, issued_by__isnull=False,
                    row__isnull=False, refused_reason__isnull=True,
                ),
                name="issued_copies_are_numbered",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.number}/{self.year}"


class Notice(models.Model):
    """Something that somebody has to be told or has to do, written in the transaction that made it true; then marked as sent.

    `subject` is the random identifier of a qualification or the id of a batch, never a name; `about` holds no personal data.
    """

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, null=True, related_name="notices")
    recipient = models.CharField(max_length=40, help_text="holder, verifiers, institution, public, ministry, police")
    what = models.CharField(max_length=60)
    subject = models.CharField(max_length=100)
    about = models.JSONField(default=dict)
    due_on = models.CharField(max_length=10, null=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["created_at"], condition=Q(sent_at__isnull=True), name="notice_waiting")]

    def __str__(self) -> str:
        return f"{self.what} {self.subject}"


class Erasure(models.Model):
    """Personal data that was destroyed by decision: which qualification, by its random identifier, and nothing of the person.

    `by` is null where it was carried out again after a restore.
    """

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="erasures")
    identifier = models.CharField(max_length=36, unique=True)
    decision_number = models.CharField(max_length=100)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return self.identifier
