"""Blanks: every printed form with a serial number, from the day it arrives to the diploma or the minutes that end it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from sogoc.register.models.institutions import Institution


class BlankEvent(models.Model):
    """What happened to a run of blanks of one series, both ends included. Append-only; what was issued, the rows say.

    `minutes` are the council's, without which no blank is spoiled, lost or destroyed, and `confirmed_by` is the second person
    who says so; `police_notice_at` is when the loss was told to the police. `counted` is the number of blanks found in a run at
    a stock-taking.
    """

    class What(models.TextChoices):
        RECEIVED = "received", "nhận về"
        SPOILED = "spoiled", "hỏng"
        LOST = "lost", "mất"
        DESTROYED = "destroyed", "hủy"
        COUNTED = "counted", "kiểm kê"

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="blank_events")
    kind = models.CharField(max_length=40)
    series = models.CharField(max_length=100)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    what = models.CharField(max_length=10, choices=What.choices)
    on = models.CharField(max_length=10)
    minutes = models.CharField(max_length=100, null=True)
    reason = models.CharField(max_length=250, null=True)
    police_notice_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    counted = models.PositiveIntegerField(null=True)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(first__lte=F("last")), name="blank_run_is_not_empty"),
            models.CheckConstraint(
                condition=Q(what__in=["received", "counted"]) | Q(minutes__isnull=False), name="loss_needs_minutes"
            ),
            models.CheckConstraint(
                condition=~Q(what="lost") | Q(police_notice_at__isnull=False), name="loss_is_told_to_the_police"
            ),
            models.CheckConstraint(
                condition=Q(what__in=["received", "counted"])
                | (Q(confirmed_by__isnull=False) & ~Q(confirmed_by=F("by"))),
                name="loss_needs_two",
            ),
            models.CheckConstraint(
                condition=Q(what="counted", counted__isnull=False) | (~Q(what="counted") & Q(counted__isnull=True)),
                name="only_a_stock_taking_counts",
            ),
        ]
        indexes = [models.Index(fields=["institution", "series", "first"], name="blank_run")]

    def __str__(self) -> str:
        return f"{self.what} {self.series} {self.first}-{self.last}"
