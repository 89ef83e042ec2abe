"""The workbench: a registrar's file until it is clean, what she chose about it, and what her columns are called."""

from django.conf import settings
from django.db import models

from sogoc.register.models.batches import Batch, SourceFile
from sogoc.register.models.institutions import Institution


class Upload(models.Model):
    """A file on the workbench, with what was said of the whole of it and chosen about its problems.

    It becomes a batch, or is thrown away. Who chose what and when is in the audit trail; here is what holds now. A file that
    `supersedes` another brings its `mended` rows: those of the first, by sheet and row, that were in error.
    """

    public_id = models.CharField(max_length=22, unique=True)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="uploads")
    source = models.ForeignKey(SourceFile, on_delete=models.PROTECT, related_name="uploads")
    said = models.JSONField(help_text="kind, level, decision, award date, provenance and values for the whole file")
    choices = models.JSONField(
        help_text="what the registrar decided about its problems; a decision is undone by leaving it out"
    )
    supersedes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="successor")
    mended = models.JSONField(null=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    batch = models.ForeignKey(Batch, on_delete=models.SET_NULL, null=True, related_name="uploads")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["institution", "source"], name="upload_once")]

    def __str__(self) -> str:
        return self.public_id


class HeaderMeaning(models.Model):
    """What an institution calls a column: the field that its registrar said a header means, in a file that became a batch."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="header_meanings")
    header = models.CharField(max_length=250, help_text="as headers are compared: no case, marks or punctuation")
    meaning = models.CharField(max_length=60, help_text="a field, or a part of one")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["institution", "header"], name="header_meaning_once")]

    def __str__(self) -> str:
        return self.header
