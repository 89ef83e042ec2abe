"""The personas' stories run on the archive of the service tests, on both databases."""

from tests.services.conftest import committed, fast_passwords, trial

__all__ = ["committed", "fast_passwords", "trial"]
