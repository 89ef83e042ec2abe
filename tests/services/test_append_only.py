"""What the database itself refuses, to whoever holds its password: raw SQL against every protected table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, transaction

from sogoc.register.models import (
    Batch,
    BlankEvent,
    Checkpoint,
    Copy,
    Entry,
    Erasure,
    Institution,
    Notice,
    Override,
    Row,
    VoidNumber,
)
from tests.services.trial import OURS, Trial

PROTECTED = (
    "entry", "checkpoint", "row", "seal", "shard", "batch", "archive", "institution", "issuerkey", "authoritypage", "auditevent",
    "actdetail", "loggedstate", "decision", "override", "voidnumber", "blankevent", "copy", "notice", "erasure",
)  # fmt: skip

UPDATES = (
    ("entry", 'content = content || content'), ("entry", "leaf_hash = content"), ("entry", '"index" = "index" + 1000'),
    ("entry", '"index" = NULL'), ("entry", "act = 'revoke'"), ("entry", "act_id = 'x'"), ("entry", "target_id = id"),
    ("entry", "institution_id = NULL"),
    ("checkpoint", "size = size + 1"), ("checkpoint", "root = frontier"), ("checkpoint", "note = 'x'"),
    ("checkpoint", "note = NULL"), ("checkpoint", "published = NOT published"),
    ("row", "record = record || record"), ("row", "name_key = ''"), ("row", "erased_at = '2026-07-16'"), ("row", "level = 'master'"),
    ("row", "number = 9"), ("row", "serial_value = 9"), ("row", "serial_series = 'x'"), ("row", "origin = 'reissue'"),
    ("seal", "secret = NULL"), ("seal", "secret = commitment"), ("seal", "commitment = secret"),
    ("seal", "signature = NULL"), ("seal", "secret = NULL, signature = NULL"), ("seal", "status_index = status_index + 1"),
    ("seal", "key_id = key_id + 1"), ("shard", "done_at = NULL"), ("shard", "first_place = 9"),
    ("row", "serial_number = serial_number || 'x'"), ("row", "register_number = register_number || 'x'"),
    ("row", "year = '1999'"), ("row", "identifier = '00000000-0000-4000-8000-000000000000'"), ("row", "kind = 'certificate'"),
    ("entry", "row_id = NULL"), ("row", "position = position + 100"),
    ("batch", "state = 'draft'"), ("batch", "state = 'lost'"), ("batch", "provenance = 'C'"), ("batch", "count = 9"),
    ("batch", "entry_id = NULL"), ("batch", "approved_by_id = NULL"), ("batch", "decision_id = 0"), ("batch", "numbered = NOT numbered"),
    ("archive", "origin = 'x'"), ("archive", "places_given = places_given - 1"), ("archive", "trial = NOT trial"),
    ("institution", "ordinal = ordinal + 10"), ("institution", "code = code || 'X'"),
    ("issuerkey", "kid = 'x'"), ("issuerkey", "institution_id = NULL"),
    ("authoritypage", "content = content"), ("auditevent", "verb = 'x'"), ("auditevent", "actor_id = NULL"),
    ("actdetail", "decision_number = 'x'"), ("actdetail", "ground = 'fraud'"), ("loggedstate", "at = '2000-01-01'"),
    ("decision", "total = 9"), ("decision", "number = 'x'"), ("decision", "decided_on = '1999-01-01'"),
    ("override", "rules = '[]'"), ("override", "granted_by_id = NULL"), ("voidnumber", "reason = 'x'"),
    ("blankevent", "last = 9"), ("copy", "issued_on = '1999-01-01'"), ("copy", "recipient = 'x'"),
    ("notice", "about = '{}'"), ("notice", "sent_at = NULL"), ("erasure", "identifier = '00000000-0000-4000-8000-000000000000'"),
)  # fmt: skip


@contextmanager
def refusing(why: str) -> Iterator[None]:
    with pytest.raises(DatabaseError, match=why), transaction.atomic():
        yield


def run(sql: str, *values: int | str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


@pytest.fixture
def used(trial: Trial) -> Trial:
    """An archive in which every table holds something."""
    rows = trial.issue(2)
    trial.act("revoke", rows[0])
    trial.advance()
    ours, officer, at = rows[0].institution, trial.people["officer"], {"at": trial.now}
    run_of_blanks = {"kind": "degree", "series": "SG", "first": 1, "last": 5, "on": "2026-07-01"}
    book = {
        "kind": "degree",
        "level": "bachelor",
        "year": "2026",
        "number": 9,
        "register_number": "9",
        "why": "other",
        "reason": "x",
    }
    Override.objects.create(
        batch=rows[0].batch,
        rules=["power"],
        reason="x",
        requested_by=officer,
        requested_at=trial.now,
        granted_by=trial.by("approver"),
        granted_at=trial.now,
    )
    VoidNumber.objects.create(institution=ours, by=officer, **book, **at)
    BlankEvent.objects.create(institution=ours, what="received", by=officer, **run_of_blanks, **at)
    Copy.objects.create(
        institution=ours,
        row=rows[0],
        requested_at=trial.now,
        due_on="2026-07-17",
        recipient="Y Moan",
        relation="holder",
        copies=1,
        taken_by=officer,
        year="2026",
        number=1,
        issued_on="2026-07-17",
        issued_by=officer,
    )
    Notice.objects.create(institution=ours, recipient="holder", what="revoked", created_at=trial.now, sent_at=trial.now)
    Erasure.objects.create(institution=ours, identifier="x", decision_number="9/QĐ", by=officer, **at)
    return trial  # fmt: skip


@pytest.mark.parametrize(("table", "change"), UPDATES)
def test_what_was_written_does_not_change(used: Trial, table: str, change: str) -> None:
    with refusing("append-only"):
        run(f"UPDATE register_{table} SET {change}")


# A decision that no batch rests on may go: a wrong total is recorded anew.
@pytest.mark.parametrize("table", [table for table in PROTECTED if table != "decision"])
def test_what_was_written_does_not_go(used: Trial, table: str) -> None:
    assert run(f"SELECT count(*) FROM register_{table}")
    with refusing("append-only|violates foreign key|FOREIGN KEY"):
        run(f"DELETE FROM register_{table}")
    if connection.vendor == "postgresql":
        run("SET CONSTRAINTS ALL IMMEDIATE")
        with refusing("append-only"):
            run(f"TRUNCATE register_{table} CASCADE")


def test_every_protected_table_has_its_triggers(used: Trial) -> None:
    """The lists above are whole: a table that gets a trigger one day is tested from that day on."""
    catalogue = (
        "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
        if connection.vendor == "postgresql"
        else "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(catalogue)
        guarded = {name for (name,) in cursor.fetchall()}
    assert guarded == {f"register_{table}" for table in PROTECTED} == {f"register_{table}" for table, _ in UPDATES}


def test_a_waiting_entry_gets_its_index_and_nothing_else(trial: Trial) -> None:
    waiting = Entry.objects.filter(index__isnull=True).first()
    assert waiting is not None
    for change in ("content = leaf_hash", "target_id = id", "act_id = 'x'", "institution_id = NULL"):
        with refusing("append-only"):
            run(f'UPDATE register_entry SET "index" = 7, {change} WHERE id = %s', waiting.pk)
    assert run('UPDATE register_entry SET "index" = 7 WHERE id = %s', waiting.pk) == 1


def test_a_draft_may_change_and_go(trial: Trial) -> None:
    batch = trial.open(2)
    assert run("UPDATE register_row SET cell = 'B2'") == 2
    assert run("DELETE FROM register_row WHERE batch_id = %s", batch.pk) == 2
    assert run("DELETE FROM register_batch WHERE id = %s", batch.pk) == 1


def test_four_eyes_hold_in_the_database(trial: Trial) -> None:
    batch = trial.submit(trial.open())
    with refusing("four_eyes"):
        run("UPDATE register_batch SET approved_by_id = prepared_by_id, state = 'approved' WHERE id = %s", batch.pk)


@pytest.mark.parametrize("state", ["approved", "sealed"])
def test_nothing_is_signed_that_nobody_approved(trial: Trial, state: str) -> None:
    batch = trial.submit(trial.open())
    with refusing("approved_before_signing"):
        run("UPDATE register_batch SET state = %s WHERE id = %s", state, batch.pk)


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("serial_once|serial_series", "serial_series = 'SG#6', serial_value = 1"),
        ("serial_number_once|serial_number", "serial_number = 'SG', serial_series = NULL, serial_value = NULL"),
        ("serial_place_is_whole", "serial_value = NULL"),
        ("register_number_once|register_number", "register_number = '2026/0001', number = NULL"),
        ("identifier_once|identifier", "identifier = '00000000-0000-4000-8000-000000000000'"),
    ],
)
def test_numbers_are_given_once(trial: Trial, constraint: str, change: str) -> None:
    trial.open(2)
    with refusing(constraint):
        run(f"UPDATE register_row SET {change}")


def test_an_officer_belongs_to_the_ministry(trial: Trial) -> None:
    institution = Institution.objects.get(code=OURS)
    with refusing("officers_belong_to_the_ministry"):
        run("UPDATE register_membership SET institution_id = %s WHERE role = 'officer'", institution.pk)


def test_there_is_one_archive(trial: Trial) -> None:
    with refusing("one_archive"):
        run(
            "INSERT INTO register_archive (id, origin, trial, places_key, places_given) SELECT 2, origin, trial,"
            " places_key, 0 FROM register_archive"
        )


def test_models_are_what_the_migrations_made(used: Trial) -> None:
    """The rows that the triggers guard are those that the services wrote."""
    assert [model.objects.count() for model in (Row, Batch, Checkpoint)] == [2, 1, 2]
