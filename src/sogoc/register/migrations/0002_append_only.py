"""Triggers that hold the log, the pages, the register and the audit trail append-only, on both databases.

The only changes let through: an entry that waits gets its index; a checkpoint gets its note and is marked published; a row that
was never committed to may change or go, and one that was may be tied to its entry; a batch that is neither sealed nor lost goes on;
the archive gives more places.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def _changed(*columns: str) -> str:
    """Return the condition that one of these columns changes; NULL is a value like others."""
    return " OR ".join(f'NEW."{column}" IS DISTINCT FROM OLD."{column}"' for column in columns)


# table -> condition under which an UPDATE is refused
_UPDATE = {
    "register_entry": (
        'OLD."index" IS NOT NULL OR NEW."index" IS NULL OR '
        + _changed("id", "act", "content", "leaf_hash", "act_id", "institution_id", "target_id")
    ),
    "register_checkpoint": (
        _changed("id", "size", "root", "frontier")
        + ' OR (OLD."note" IS NOT NULL AND (' + _changed("note") + '))'
        + ' OR (OLD."published" AND NOT NEW."published")'
    ),
    "register_row": (
        'OLD."commitment" IS NOT NULL AND ('
        + _changed(
            "id", "batch_id", "institution_id", "position", "cell", "record", "kind", "serial_number", "register_number",
            "year", "identifier", "follows_id", "secret", "commitment", "status_list", "status_index", "kid", "signature",
        )
        + ' OR (OLD."entry_id" IS NOT NULL AND (' + _changed("entry_id", "tree_position") + ")))"
    ),
    "register_batch": (
        "OLD.\"state\" IN ('sealed', 'lost') OR (OLD.\"approved_by_id\" IS NOT NULL AND ("
        + _changed(
            "id", "public_id", "institution_id", "schema", "level", "decision_number", "decided_on", "decision_total",
            "awarded_on", "prepared_by_id", "approved_by_id", "source_id", "count", "tally_salt",
        )
        + " OR NEW.\"state\" NOT IN ('approved', 'sealed', 'lost')))"
    ),
    "register_archive": _changed("id", "origin", "trial", "places_key") + ' OR NEW."places_given" < OLD."places_given"',
    "register_institution": _changed("id", "ordinal", "code"),
    "register_issuerkey": _changed("id", "institution_id", "kid", "jwk"),
    "register_authoritypage": "TRUE",
    "register_auditevent": "TRUE",
    "register_actdetail": "TRUE",
    "register_loggedstate": "TRUE",
}  # fmt: skip
_DELETE = {
    "register_entry": "TRUE",
    "register_checkpoint": "TRUE",
    "register_row": 'OLD."commitment" IS NOT NULL',
    "register_batch": 'OLD."approved_by_id" IS NOT NULL OR OLD."entry_id" IS NOT NULL',
    "register_archive": "TRUE",
    "register_institution": "TRUE",
    "register_issuerkey": "TRUE",
    "register_authoritypage": "TRUE",
    "register_auditevent": "TRUE",
    "register_actdetail": "TRUE",
    "register_loggedstate": "TRUE",
}


def _triggers() -> list[tuple[str, str, str]]:
    return [
        (table, verb, condition)
        for verb, conditions in (("UPDATE", _UPDATE), ("DELETE", _DELETE))
        for table, condition in conditions.items()
    ]


def create(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE OR REPLACE FUNCTION register_append_only() RETURNS trigger LANGUAGE plpgsql AS $$"
            " BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$",
            params=None,
        )
        for table, verb, condition in _triggers():
            schema_editor.execute(
                f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} FOR EACH ROW WHEN ({condition})"
                " EXECUTE FUNCTION register_append_only()",
                params=None,
            )
        for table in _DELETE:
            schema_editor.execute(
                f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
                " EXECUTE FUNCTION register_append_only()",
                params=None,
            )
    else:
        for table, verb, condition in _triggers():
            condition = condition.replace("IS DISTINCT FROM", "IS NOT")  # as all versions of SQLite know it
            schema_editor.execute(
                f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} FOR EACH ROW WHEN {condition}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
                params=None,
            )


def drop(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    postgresql = schema_editor.connection.vendor == "postgresql"
    for table, verb, _ in _triggers():
        on = f" ON {table}" if postgresql else ""
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_{verb.lower()}{on}", params=None)
    if postgresql:
        for table in _DELETE:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_truncate ON {table}", params=None)


class Migration(migrations.Migration):
    dependencies = [("register", "0001_tables")]
    operations = [migrations.RunPython(create, drop)]
