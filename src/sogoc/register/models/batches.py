"""Batches of graduates by one decision, and their rows: the register itself. Rows hold personal data."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from sogoc.register.models.institutions import Institution


class SourceFile(models.Model):
    """The file a registrar uploaded, kept encrypted as it came, so that every row can be traced to its cell."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=255)
    sha256 = models.BinaryField(max_length=32)
    content = models.BinaryField(help_text="AES-256-GCM under the archive's file key")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["institution", "sha256"], name="file_once")]

    def __str__(self) -> str:
        return self.name


class Batch(models.Model):
    """What one institution awards by one decision. It passes through its states in their order and never back."""

    class State(models.TextChoices):
        DRAFT = "draft", "đang lập"
        SUBMITTED = "submitted", "chờ duyệt"
        APPROVED = "approved", "đã duyệt"
        SEALED = "sealed", "đã ký"
        LOST = "lost", "mất dữ liệu riêng khi khôi phục"

    public_id = models.CharField(max_length=22, unique=True)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="batches")
    idempotency_key = models.CharField(max_length=100)
    schema = models.CharField(max_length=100)
    level = models.CharField(max_length=40)
    decision_number = models.CharField(max_length=100)
    decided_on = models.CharField(max_length=10)
    decision_total = models.PositiveIntegerField()
    awarded_on = models.CharField(max_length=10)
    state = models.CharField(max_length=20, choices=State.choices, default=State.DRAFT)
    prepared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    source = models.ForeignKey(SourceFile, on_delete=models.PROTECT, related_name="batches")
    count = models.PositiveIntegerField()
    tally_salt = models.BinaryField(max_length=16)
    entry = models.OneToOneField("Entry", on_delete=models.PROTECT, null=True, related_name="batch")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["institution", "idempotency_key"], name="batch_idempotent"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("prepared_by")), name="four_eyes"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "submitted"]) | Q(approved_by__isnull=False) | Q(state="lost"),
                name="approved_before_signing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.institution} {self.decision_number} ({self.state})"


class Row(models.Model):
    """One version of one qualification: the imported row and the record are one. `secret` opens its commitment.

    `follows` is the version that this one amends; numbers are unique among first versions.
    """

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="rows")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField(help_text="place in the file, from 0")
    cell = models.CharField(max_length=100, help_text="sheet and row it came from")
    record = models.BinaryField(help_text="canonical JSON")
    kind = models.CharField(max_length=40)
    serial_number = models.CharField(max_length=100)
    register_number = models.CharField(max_length=100)
    year = models.CharField(max_length=4, help_text="calendar year of the award, in which register numbers are unique")
    identifier = models.CharField(max_length=36, help_text="random, printed in the QR code")
    follows = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="successor")
    secret = models.BinaryField(max_length=32, null=True)
    commitment = models.BinaryField(max_length=32, null=True)
    status_list = models.PositiveIntegerField(null=True)
    status_index = models.PositiveIntegerField(null=True)
    kid = models.CharField(max_length=43, null=True)
    signature = models.BinaryField(max_length=64, null=True)
    tree_position = models.PositiveIntegerField(null=True, help_text="place in the batch, in order of commitment")
    entry = models.OneToOneField("Entry", on_delete=models.PROTECT, null=True, related_name="row")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "kind", "serial_number"], condition=Q(follows__isnull=True), name="serial_once"
            ),
            models.UniqueConstraint(
                fields=["institution", "kind", "year", "register_number"],
                condition=Q(follows__isnull=True),
                name="register_number_once",
            ),
            models.UniqueConstraint(fields=["status_list", "status_index"], name="status_place_once"),
            models.UniqueConstraint(fields=["identifier"], condition=Q(follows__isnull=True), name="identifier_once"),
            models.UniqueConstraint(
                fields=["batch", "position"], condition=Q(follows__isnull=True), name="position_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}:{self.position}"
