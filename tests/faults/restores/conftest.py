"""The archive of the service tests, with real commits."""

from tests.services.conftest import committed, fast_passwords

__all__ = ["committed", "fast_passwords"]
