"""What the public look-up counts."""

from django.db import models


class WrongNames(models.Model):
    """How many wrong names were given in one hour, about one number or by one who asked; nothing of the names.

    `about` is a digest, `hour` the whole hours since 1970. What is of an earlier hour means nothing any more, and goes with the next
    wrong name.
    """

    about = models.BinaryField(max_length=32, primary_key=True)
    hour = models.PositiveBigIntegerField(db_index=True)
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.hour} {self.count}"
