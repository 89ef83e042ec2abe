"""The database that a test gets: empty, on a real file or a real server, and its append-only tables on guard."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection

from sogoc.register.models import AuditEvent

# What makes a commit outlive a power cut. SQLite's synchronous 2 is FULL.
DURABLE: dict[str, dict[str, object]] = {
    "sqlite": {"PRAGMA journal_mode": "wal", "PRAGMA synchronous": 2, "PRAGMA foreign_keys": 1},
    "postgresql": {"SHOW fsync": "on", "SHOW synchronous_commit": "on", "SHOW full_page_writes": "on"},
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", ["first", "after another"])
def test_each_test_finds_it_empty_and_append_only(turn: str) -> None:
    assert connection.vendor == os.environ.get("SOGOC_TEST_DATABASE", "sqlite")
    assert not AuditEvent.objects.exists()
    event = AuditEvent.objects.create(at=datetime(2026, 7, 1, tzinfo=UTC), verb="test", subject=turn)
    with pytest.raises(DatabaseError, match="append-only"):
        event.delete()


@pytest.mark.django_db
def test_what_is_committed_outlives_a_power_cut() -> None:
    found = {}
    with connection.cursor() as cursor:
        for question in DURABLE[connection.vendor]:
            cursor.execute(question)
            found[question] = cursor.fetchone()[0]
    assert found == DURABLE[connection.vendor]
