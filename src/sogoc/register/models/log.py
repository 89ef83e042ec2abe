"""The public log as the sequencer sees it. All of it is append-only: constraints and triggers hold it, not manners."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from sogoc.register.models.institutions import Institution


class Archive(models.Model):
    """The one archive of this database: its origin, and the secret that shuffles places in the status lists."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    origin = models.CharField(max_length=250)
    trial = models.BooleanField()
    places_key = models.BinaryField(max_length=32)
    places_given = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_archive")]

    def __str__(self) -> str:
        return self.origin

    @classmethod
    def hold(cls) -> Archive:
        """Return the archive, held until the transaction ends. Whoever writes entries calls this first.

        Entries are logged in the order of their ids, and a database gives ids before it commits: without this an act could
        come to stand in the middle of a batch.
        """
        return cls.objects.select_for_update().get()


class Entry(models.Model):
    """One entry of the log. `index` is null while it waits; it is then given once and never changes.

    The issue entries of a batch do not wait: the sequencer writes them behind their batch, in the order of their commitments.
    `row` is the version of a qualification that an entry logged; None when a restore lost it.
    """

    index = models.PositiveBigIntegerField(null=True, unique=True)
    act = models.CharField(max_length=20)
    content = models.BinaryField()
    leaf_hash = models.BinaryField(max_length=32)
    act_id = models.CharField(max_length=22, null=True)
    institution = models.ForeignKey(
        Institution, on_delete=models.PROTECT, null=True, related_name="entries", db_index=False, db_constraint=False
    )
    target = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="acts", db_index=False)
    row = models.OneToOneField("Row", on_delete=models.PROTECT, null=True, related_name="entry")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["act_id"], condition=models.Q(act_id__isnull=False), name="act_once"),
        ]
        indexes = [
            models.Index(fields=["leaf_hash"], condition=~models.Q(act="issue"), name="entry_leaf_hash"),
            models.Index(fields=["institution"], condition=~models.Q(act="issue"), name="entry_institution"),
            models.Index(fields=["target"], condition=models.Q(target__isnull=False), name="entry_target"),
            models.Index(fields=["act", "index"], condition=~models.Q(act="issue"), name="entry_act"),
            models.Index(fields=["id"], condition=models.Q(index__isnull=True), name="entry_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.index} {self.act}"


class ActDetail(models.Model):
    """The private half of an act: the decision whose blinded digest is public, and the ground in law that it names."""

    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="detail")
    decision_number = models.CharField(max_length=100)
    ground = models.CharField(max_length=40, null=True)
    salt = models.BinaryField(max_length=16)
    prepared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(prepared_by__isnull=True) | ~models.Q(prepared_by=models.F("approved_by")),
                name="act_four_eyes",
            )
        ]

    def __str__(self) -> str:
        return f"act {self.entry_id}"


class Checkpoint(models.Model):
    """A head of the log: decided when the lock store holds it, then signed (`note`), then published.

    One that a recovery found between two others is published too, and has no note: that was in what the restore lost.
    """

    size = models.PositiveBigIntegerField(unique=True)
    root = models.BinaryField(max_length=32)
    frontier = models.BinaryField(help_text="the right edge of the tree, from which it grows")
    note = models.TextField(null=True)
    published = models.BooleanField(default=False)

    def __str__(self) -> str:
        return str(self.size)


class LoggedState(models.Model):
    """A `state` entry, and the time that it says."""

    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="state")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.at)


class StatusTable(models.Model):
    """One status list as of the newest state.

    Its `leaf_hash` in the tree of that state, and the log index of the state `since` which it stands so, spare everybody the reading
    of lists that did not change.
    """

    number = models.PositiveIntegerField(unique=True)
    content = models.BinaryField()
    leaf_hash = models.BinaryField(max_length=32)
    since = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return str(self.number)


class Anchor(models.Model):
    """An attempt to put a head on a chain. What the chain holds is asked each time; the block here is where it was last seen."""

    size = models.PositiveBigIntegerField()
    root = models.BinaryField(max_length=32)
    chain_id = models.PositiveBigIntegerField()
    contract = models.CharField(max_length=42)
    nonce = models.PositiveBigIntegerField()
    gas_price = models.PositiveBigIntegerField()
    raw = models.BinaryField()
    transaction = models.BinaryField(max_length=32)
    prepared_at = models.DateTimeField()
    sequence = models.PositiveBigIntegerField(null=True)
    block_number = models.PositiveBigIntegerField(null=True)
    block_hash = models.BinaryField(max_length=32, null=True)
    block_time = models.PositiveBigIntegerField(null=True)
    final = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.chain_id} {self.size}"
