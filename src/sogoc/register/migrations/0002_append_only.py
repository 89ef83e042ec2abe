"""Triggers that hold the log, the pages and the audit trail append-only, on both databases.

The only changes let through: an entry that waits gets its index, a checkpoint gets its note and is marked published, a row that
was never committed to may change or go.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# table -> condition under which an UPDATE is refused; None refuses every UPDATE
_UPDATE = {
    "register_entry": (
        "OLD.index IS NOT NULL OR NEW.index IS NULL OR NEW.content <> OLD.content OR NEW.leaf_hash <> OLD.leaf_hash"
        " OR NEW.act <> OLD.act OR NEW.id <> OLD.id"
    ),
    "register_checkpoint": (
        "NEW.size <> OLD.size OR NEW.root <> OLD.root OR NEW.frontier <> OLD.frontier"
        " OR (OLD.note IS NOT NULL AND (NEW.note IS NULL OR NEW.note <> OLD.note)) OR (OLD.published AND NOT NEW.published)"
    ),
    "register_row": (
        "OLD.commitment IS NOT NULL AND (NEW.commitment IS NULL OR NEW.commitment <> OLD.commitment"
        " OR NEW.record <> OLD.record OR NEW.secret <> OLD.secret OR NEW.signature <> OLD.signature"
        " OR NEW.status_list <> OLD.status_list OR NEW.status_index <> OLD.status_index)"
    ),
    "register_authoritypage": None,
    "register_auditevent": None,
    "register_actdetail": None,
    "register_loggedstate": None,
}
_DELETE = {
    "register_entry": None,
    "register_checkpoint": None,
    "register_row": "OLD.commitment IS NOT NULL",
    "register_authoritypage": None,
    "register_auditevent": None,
    "register_actdetail": None,
    "register_loggedstate": None,
}


def _quote(condition: str | None) -> str:
    return (condition or "TRUE").replace("OLD.index", 'OLD."index"').replace("NEW.index", 'NEW."index"')


def _triggers() -> list[tuple[str, str, str]]:
    return [
        (table, verb, _quote(condition))
        for verb, table_conditions in (("UPDATE", _UPDATE), ("DELETE", _DELETE))
        for table, condition in table_conditions.items()
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
            if verb == "DELETE" and condition == "TRUE":
                schema_editor.execute(
                    f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
                    " EXECUTE FUNCTION register_append_only()",
                    params=None,
                )
    else:
        for table, verb, condition in _triggers():
            schema_editor.execute(
                f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} FOR EACH ROW WHEN {condition}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
                params=None,
            )


def drop(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    postgresql = schema_editor.connection.vendor == "postgresql"
    for table, verb, condition in _triggers():
        on = f" ON {table}" if postgresql else ""
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_{verb.lower()}{on}", params=None)
        if postgresql and verb == "DELETE" and condition == "TRUE":
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_truncate ON {table}", params=None)


class Migration(migrations.Migration):
    dependencies = [("register", "0001_tables")]
    operations = [migrations.RunPython(create, drop)]
