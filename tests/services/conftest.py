"""An archive for each test. Passwords are hashed the fast way: how slow the real way is, is Django's own test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.test import override_settings

if TYPE_CHECKING:  # this file is read before Django is set up, its tables after
    from tests.services.trial import Trial


@pytest.fixture
def fast_passwords() -> Iterator[None]:
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture
def trial(db: None, fast_passwords: None) -> Trial:
    """A founded archive of two institutions, inside a transaction that the test rolls back."""
    return _founded()


@pytest.fixture
def committed(transactional_db: None, fast_passwords: None) -> Trial:
    """The same with real commits, for tests of other connections and of backups."""
    return _founded()


def _founded() -> Trial:
    from tests.services.trial import Trial

    made = Trial()
    made.found()
    return made
