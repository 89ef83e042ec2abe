"""Rows, seals and entries refer to what lasts: raw SQL, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, connection, transaction

from sogoc.register.models import Batch, Entry
from tests.services.trial import Trial

NOBODY = 10**12
ROW = (
    "INSERT INTO register_row (batch_id, institution_id, number, serial_value, follows_id, identifier, position, cell, kind, level,"
    " serial_number, serial_series, register_number, year, name_key, born_on, origin, record)"
    " SELECT {batch}, institution_id, number + 50, serial_value + 50, {follows}, '00000000-0000-4000-8000-000000000000', position, cell,"
    " kind, level, serial_number, serial_series, register_number, year, name_key, born_on, {origin}, record FROM register_row"
    " WHERE id = (SELECT min(id) FROM register_row)"
)
SEAL = (
    "INSERT INTO register_seal (row_id, secret, commitment, status_list, status_index, key_id, signature)"
    " VALUES ({row}, {content}, {content}, 77, 7, 1, {content})"
)
ENTRY = "INSERT INTO register_entry (act, content, leaf_hash, row_id, target_id) VALUES ('issue', {content}, {content}, {row}, {target})"


@contextmanager
def refused() -> Iterator[None]:
    """As a statement or, where the database has it so, when the transaction ends."""
    with pytest.raises(IntegrityError), _to_its_end():
        yield


@contextmanager
def _to_its_end() -> Iterator[None]:
    with transaction.atomic():
        yield
        connection.check_constraints()


def run(sql: str, **values: object) -> None:
    content = r"'\x00'::bytea" if connection.vendor == "postgresql" else "x'00'"
    with connection.cursor() as cursor:
        cursor.execute(sql.format(content=content, **values))


def test_nothing_refers_to_what_is_not_there(trial: Trial) -> None:
    batch = trial.approved()
    with refused():
        run(ROW, batch=NOBODY, follows="NULL", origin="'issue'")
    with refused():
        run(ROW, batch=batch.pk, follows=NOBODY, origin="'amend'")
    with refused():
        run(SEAL, row=NOBODY)
    with refused():
        run(ENTRY, row=NOBODY, target="NULL")
    with refused():
        run(ENTRY, row="NULL", target=NOBODY)


def test_one_line_of_many_is_enough_to_be_refused(trial: Trial) -> None:
    """The lines of a statement are asked about together."""
    batch = trial.approved()
    first, second = batch.rows.order_by("pk").values_list("pk", flat=True)[:2]
    many = f"{ENTRY}, ('issue', {{content}}, {{content}}, {second}, NULL), ('issue', {{content}}, {{content}}, {NOBODY}, NULL)"
    with refused():
        run(many, row=first, target="NULL")
    assert not Entry.objects.filter(row__batch=batch).exists()


def test_a_batch_stays_while_it_has_rows(trial: Trial) -> None:
    batch = trial.open()
    with refused():
        run("DELETE FROM register_upload")
        run("DELETE FROM register_batch WHERE id = {batch}", batch=batch.pk)
    assert Batch.objects.filter(pk=batch.pk).exists()


@pytest.mark.parametrize("sql", [SEAL, ENTRY, ROW])
def test_only_what_was_approved_is_sealed_logged_or_followed(trial: Trial, sql: str) -> None:
    """PostgreSQL locks no row for this: what was approved can no longer go. SQLite keeps its foreign keys, and lets a draft pass."""
    draft = trial.open()
    row = draft.rows.earliest("pk").pk
    with refused() if connection.vendor == "postgresql" else _to_its_end():
        run(sql, row=row, follows=row, batch=draft.pk, origin="'amend'", target="NULL")


@pytest.mark.parametrize("change", ["id = id + 1000000", "batch_id = batch_id + 1", "follows_id = id"])
def test_a_row_stays_the_row_of_its_batch(trial: Trial, change: str) -> None:
    draft = trial.open()
    with refused():
        run("UPDATE register_row SET {change} WHERE batch_id = {batch}", change=change, batch=draft.pk)


def test_what_the_gate_found_is_forgotten_when_a_row_comes(trial: Trial) -> None:
    submitted = trial.submit(trial.open())
    assert submitted.held is not None
    run(ROW, batch=submitted.pk, follows="NULL", origin="'issue'")
    submitted.refresh_from_db()
    assert submitted.held is None
