"""Who did what to which object. Append-only, and without personal data of graduates."""

from django.conf import settings
from django.db import models


class AuditEvent(models.Model):
    """One act of one person, or of the archive itself when `actor` is null."""

    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    verb = models.CharField(max_length=60)
    subject = models.CharField(max_length=100)
    detail = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.at:%F %T} {self.verb} {self.subject}"
