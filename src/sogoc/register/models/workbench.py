"""The workbench: a registrar's file until it is clean, what she chose about it, and what her columns are called."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from sogoc.register.models.batches import Batch, SourceFile
from sogoc.register.models.institutions import Institution


class Upload(models.Model):
    """A file on the workbench, with what was said of the whole of it. It becomes a batch once, or is thrown away."""

    public_id = models.CharField(max_length=22, unique=True)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="uploads")
    source = models.ForeignKey(SourceFile, on_delete=models.PROTECT, related_name="uploads")
    said = models.JSONField(help_text="kind, level, decision, award date, provenance and values for the whole file")
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    batch = models.OneToOneField(Batch, on_delete=models.SET_NULL, null=True, related_name="upload")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["institution", "source"], name="upload_once")]

    def __str__(self) -> str:
        return self.public_id


class Choice(models.Model):
    """One thing the registrar chose about a file: a proposal or a kind of proposals taken, a warning read, a column's meaning.

    `what` says which of these, `rule` and `place` (sheet and cell, or a header) what it concerns, `value` what was taken. Undone
    choices stay, as part of the story.
    """

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="choices")
    what = models.CharField(max_length=20)
    rule = models.CharField(max_length=60, default="")
    place = models.CharField(max_length=250, default="")
    value = models.CharField(max_length=1024, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["upload", "what", "rule", "place"], condition=Q(undone_at__isnull=True), name="choice_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.rule} {self.place}"


class HeaderMeaning(models.Model):
    """What an institution calls a column: the field that its registrar once said a header means."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="header_meanings")
    header = models.CharField(max_length=250, help_text="as headers are compared: no case, marks or punctuation")
    meaning = models.CharField(max_length=60, help_text="a field, or empty for a column to be left out")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["institution", "header"], name="header_meaning_once")]

    def __str__(self) -> str:
        return self.header
