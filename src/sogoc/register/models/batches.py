"""Decisions, batches of graduates by one decision, and their rows: the register itself. Rows hold personal data."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from sogoc.register.models.institutions import Institution, IssuerKey

if TYPE_CHECKING:
    from sogoc.register.models.log import Entry


class SourceFile(models.Model):
    """The file a registrar uploaded, kept encrypted as it came, so that every row can be traced to its cell.

    Once a person's data had to be erased, the file is gone (`content` is null) and its name and digest stay.
    """

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=255)
    sha256 = models.BinaryField(max_length=32)
    content = models.BinaryField(null=True, help_text="AES-256-GCM under the archive's file key")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["institution", "sha256"], name="file_once")]

    def __str__(self) -> str:
        return self.name


class Decision(models.Model):
    """A recognition decision: how many graduates it names and, once `listed`, who they are."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="decisions")
    number = models.CharField(max_length=100)
    decided_on = models.CharField(max_length=10)
    total = models.PositiveIntegerField()
    listed = models.BooleanField(
        default=False, help_text="its attached list was entered, and the gate holds batches to it"
    )
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["institution", "number", "decided_on"], name="decision_once")]

    def __str__(self) -> str:
        return f"{self.institution} {self.number}"


class DecisionName(models.Model):
    """A person on the list attached to a decision: an HMAC under a key of the archive, so that nothing personal is kept twice."""

    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="names")
    key = models.BinaryField(max_length=32)
    count = models.PositiveSmallIntegerField(default=1, help_text="two people may bear one name and one date of birth")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["decision", "key"], name="decision_name_once")]

    def __str__(self) -> str:
        return f"{self.decision_id}"


class Batch(models.Model):
    """What one institution awards by one decision. It passes through its states in their order and never back."""

    class State(models.TextChoices):
        DRAFT = "draft", "đang lập"
        SUBMITTED = "submitted", "chờ duyệt"
        APPROVED = "approved", "đã duyệt"
        SEALED = "sealed", "đã ký"
        LOST = "lost", "mất dữ liệu riêng khi khôi phục"

    COUNTED = (State.APPROVED, State.SEALED, State.LOST)
    """What was approved counts in books, stock, quotas and totals, whatever became of it since."""

    public_id = models.CharField(max_length=22, unique=True)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="batches")
    idempotency_key = models.CharField(max_length=100)
    schema = models.CharField(max_length=100)
    level = models.CharField(max_length=40)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="batches")
    awarded_on = models.CharField(max_length=10)
    provenance = models.CharField(max_length=1, default="A")
    state = models.CharField(max_length=20, choices=State.choices, default=State.DRAFT)
    prepared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    source = models.ForeignKey(SourceFile, on_delete=models.PROTECT, related_name="batches")
    count = models.PositiveIntegerField()
    numbered = models.BooleanField(
        default=False, help_text="the archive allotted its register numbers: a discarded one is void"
    )
    tally = models.JSONField(
        default=list,
        help_text="programme, mode, intake and exact count of each cell, from its approval on; never public",
    )
    tally_salt = models.BinaryField(max_length=16)
    held = models.JSONField(null=True, help_text="what the gate found in its rows, and what that rests on")
    runs = models.BinaryField(null=True, help_text="once it is closed, the root of each run of 64 leaves of its tree")
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
            models.CheckConstraint(condition=Q(provenance__in=["A", "B", "C", "D"]), name="known_provenance"),
        ]

    def __str__(self) -> str:
        return f"{self.institution} {self.decision.number} ({self.state})"


class Override(models.Model):
    """Two officers of the ministry let a batch pass in spite of rules of the gate that are named. The reason stays private, its
    rules are public.
    """

    batch = models.OneToOneField(Batch, on_delete=models.PROTECT, related_name="override")
    rules = models.JSONField(help_text="what is set aside, as the log names it, sorted")
    reason = models.TextField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    granted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(granted_by__isnull=True) | ~Q(granted_by=F("requested_by")), name="override_four_eyes"
            )
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.rules}"


class Identifier(models.UUIDField):  # type: ignore[type-arg] # the stubs give it two parameters, Django none
    """A random UUID: text wherever it is used, sixteen bytes in the table. What is no UUID is looked up and not found."""

    _pyi_private_set_type: str
    _pyi_private_get_type: str  # type: ignore[assignment]

    def from_db_value(self, value: uuid.UUID | None, *_: object) -> str | None:
        return None if value is None else str(value)

    def get_prep_value(self, value: Any) -> Any:
        try:
            return super().get_prep_value(value)
        except ValidationError:
            return _NOBODY


_NOBODY = uuid.UUID(int=0)
"""Drawn for no qualification: a random UUID has its version in it."""


class Row(models.Model):
    """One version of one qualification: the imported row and the record are one. What seals it stands in its `Seal`, the entry that
    logged it in the log; so a row is written once, however far it goes.

    `follows` is the version that this one amends or that it was reissued for. An amended version keeps the numbers of the
    diploma on paper; an issued or reissued one has numbers of its own, each used once. `number` is the register number as a
    natural number, `serial_series` and `serial_value` the serial number as its place in a series of blanks; each is null where
    the text is in no form that is known. `name_key` and `born_on` find a person; an erased row has neither.
    """

    class Origin(models.TextChoices):
        ISSUE = "issue", "cấp"
        AMEND = "amend", "chỉnh sửa"
        REISSUE = "reissue", "cấp lại"

    # Columns of one width come first: between others a database leaves room, and there are millions of rows.
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="rows", db_index=False)
    # The institution is that of the batch: kept here for the indexes, and held to it by the audit and not by the database.
    institution = models.ForeignKey(
        Institution, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    number = models.PositiveBigIntegerField(null=True)
    serial_value = models.BigIntegerField(null=True)
    follows = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="successors",
        related_query_name="successor",
        help_text="at most one follows each; next to none follows any, and an index of nothing would be as large as one of all",
    )
    erased_at = models.DateTimeField(null=True)
    identifier = Identifier(help_text="random, printed in the QR code")
    position = models.PositiveIntegerField(help_text="place in the file, from 0")
    cell = models.CharField(max_length=100, help_text="sheet and row it came from")
    kind = models.CharField(max_length=40)
    level = models.CharField(max_length=40)
    serial_number = models.CharField(max_length=100)
    serial_series = models.CharField(max_length=100, null=True)
    register_number = models.CharField(max_length=100)
    year = models.CharField(
        max_length=4, help_text="calendar year of the award or reissue, in which register numbers are unique"
    )
    name_key = models.CharField(max_length=150, help_text="what the name is filed under: no case or marks, i for y")
    born_on = models.CharField(max_length=10)
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.ISSUE)
    record = models.BinaryField(help_text="canonical JSON; empty once erased")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "serial_series", "serial_value", "kind"],
                condition=~Q(origin="amend") & Q(serial_value__isnull=False),
                name="serial_once",
            ),
            models.UniqueConstraint(
                fields=["institution", "serial_number", "kind"],
                condition=~Q(origin="amend") & Q(serial_value__isnull=True),
                name="serial_number_once",
            ),
            models.CheckConstraint(
                condition=Q(serial_series__isnull=True, serial_value__isnull=True)
                | Q(serial_series__isnull=False, serial_value__isnull=False),
                name="serial_place_is_whole",
            ),
            models.UniqueConstraint(
                fields=["institution", "kind", "level", "year", "register_number"],
                condition=~Q(origin="amend") & Q(number__isnull=True),
                name="register_number_once",
            ),
            models.UniqueConstraint(
                fields=["institution", "kind", "level", "year", "number"],
                condition=~Q(origin="amend"),
                name="number_once",
            ),
            models.UniqueConstraint(fields=["identifier"], condition=Q(follows__isnull=True), name="identifier_once"),
            models.UniqueConstraint(fields=["follows"], condition=Q(follows__isnull=False), name="followed_once"),
            models.CheckConstraint(
                condition=Q(origin="issue", follows__isnull=True) | (~Q(origin="issue") & Q(follows__isnull=False)),
                name="only_issued_rows_follow_nothing",
            ),
        ]
        indexes = [
            models.Index(fields=["batch", "position"], name="row_position"),
            models.Index(fields=["institution", "name_key", "born_on"], name="row_person"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}:{self.position}"

    @property
    def sealed(self) -> Seal | None:
        """What seals this version; None before its batch is signed."""
        return getattr(self, "seal", None)

    @property
    def logged(self) -> Entry | None:
        """The entry that logged this version, which may still wait for its index; None before there is one."""
        return getattr(self, "entry", None)


class Seal(models.Model):
    """What makes a row a credential: the secret that opens its commitment, its place in the status lists, and the signature.

    Written once, in shards of many; an erased row keeps commitment and place alone, which say nothing of anybody.
    """

    row = models.OneToOneField(Row, on_delete=models.PROTECT, primary_key=True, related_name="seal")
    secret = models.BinaryField(max_length=32, null=True)
    commitment = models.BinaryField(max_length=32)
    status_list = models.PositiveIntegerField()
    status_index = models.PositiveIntegerField()
    key = models.ForeignKey(IssuerKey, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    signature = models.BinaryField(max_length=64, null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["status_list", "status_index"], name="status_place_once")]

    def __str__(self) -> str:
        return str(self.row_id)


class Shard(models.Model):
    """A part of an approved batch that one worker seals in one transaction: `count` rows from position `first` on.

    Their places in the status lists are those from `first_place` on, in the order of positions. Who takes a shard holds its row
    until the work is committed; whoever dies lets go of it, and another takes it. `done_at` is by the clock of the database, the one
    clock that all hosts share.
    """

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="shards", db_index=False)
    first = models.PositiveIntegerField()
    count = models.PositiveIntegerField()
    first_place = models.PositiveBigIntegerField()
    key = models.ForeignKey(IssuerKey, on_delete=models.PROTECT, related_name="+", db_index=False)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "first"], name="shard_once")]
        indexes = [models.Index(fields=["id"], condition=Q(done_at__isnull=True), name="shard_to_do")]

    def __str__(self) -> str:
        return f"{self.batch_id}:{self.first}"


class VoidNumber(models.Model):
    """A register number that no diploma will ever bear, and why: a book has no gap that nobody explains.

    Books and audits print the closed word `why`; the `reason` in free text stays in the register, for it could name a person.
    """

    class Why(models.TextChoices):
        MISPRINT = "misprint", "in, ghi sai"
        PAGE = "page", "trang sổ hỏng"
        SKIPPED = "skipped", "bỏ sót số"
        WITHDRAWN = "withdrawn", "danh sách bị rút"
        OTHER = "other", "lý do khác"

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="void_numbers")
    kind = models.CharField(max_length=40)
    level = models.CharField(max_length=40)
    year = models.CharField(max_length=4)
    number = models.PositiveBigIntegerField()
    register_number = models.CharField(max_length=100)
    why = models.CharField(max_length=20, choices=Why.choices)
    reason = models.CharField(max_length=250)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["institution", "kind", "level", "year", "number"], name="void_once"),
            models.CheckConstraint(
                condition=Q(why__in=["misprint", "page", "skipped", "withdrawn", "other"]),
                name="void_for_a_known_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.register_number
