"""What rows, seals and entries refer to is asked once of all lines that one statement wrote, on PostgreSQL.

A foreign key asks line by line, and locks what it finds. The keys of the three tables of millions are held here by triggers of their
own instead, which let less pass: what is sealed, logged or followed is a row of an approved batch, and such a row can never go again, so
nothing has to be locked but the batch that rows come into. SQLite keeps its foreign keys.

Spec: docs/adr/0023-keys-of-sets.md
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

_APPROVED = (
    "(SELECT FROM register_row JOIN register_batch ON register_batch.id = register_row.batch_id"
    " WHERE register_row.id = {} AND register_batch.approved_by_id IS NOT NULL)"
)
# table -> key -> the table that it refers to, and the condition under which a line that came is refused
_KEYS = {
    "register_row": {
        "batch_id": ("register_batch", "NOT EXISTS (SELECT FROM register_batch WHERE id = came.batch_id)"),
        "follows_id": ("register_row", "follows_id IS NOT NULL AND NOT EXISTS " + _APPROVED.format("came.follows_id")),
    },
    "register_seal": {"row_id": ("register_row", "NOT EXISTS " + _APPROVED.format("came.row_id"))},
    "register_entry": {
        "row_id": ("register_row", "row_id IS NOT NULL AND NOT EXISTS " + _APPROVED.format("came.row_id")),
        "target_id": (
            "register_entry",
            "target_id IS NOT NULL AND NOT EXISTS (SELECT FROM register_entry WHERE id = came.target_id)",
        ),
    },
}
# Nobody takes a batch away while rows come into it, nor approves one while rows of it go.
_LOCK = "PERFORM FROM register_batch WHERE id IN (SELECT batch_id FROM {}) {};"

_REFUSE = "RAISE EXCEPTION '{}' USING ERRCODE = 'foreign_key_violation';"
# The lines are few beside those of the table, of which a plan made on an empty one knows nothing: by index, never all of it.
_BY_INDEX = "SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off"


def create(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    for table, keys in _KEYS.items():
        for column in keys:
            schema_editor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{_name(schema_editor, table, column)}"')
        refused = " ".join(
            f"IF EXISTS (SELECT FROM came WHERE {condition}) THEN {_REFUSE.format(f'{table}.{column} refers to nothing that lasts')} END IF;"
            for column, (_, condition) in keys.items()
        )
        lock = _LOCK.format("came", "FOR KEY SHARE") if "batch_id" in keys else ""
        _trigger(schema_editor, f"{table}_keys", f"BEGIN {lock} {refused} RETURN NULL; END",
                 f"INSERT ON {table} REFERENCING NEW TABLE AS came FOR EACH STATEMENT")  # fmt: skip
    refused = (
        "IF EXISTS (SELECT FROM gone JOIN register_batch ON register_batch.id = gone.batch_id WHERE approved_by_id IS NOT NULL)"
        f" THEN {_REFUSE.format('a row of an approved batch stays')} END IF;"
    )
    _trigger(schema_editor, "register_row_gone", f"BEGIN {_LOCK.format('gone', 'FOR SHARE')} {refused} RETURN NULL; END",
             "DELETE ON register_row REFERENCING OLD TABLE AS gone FOR EACH STATEMENT")  # fmt: skip
    refused = (
        "IF EXISTS (SELECT FROM register_row WHERE batch_id = OLD.id)"
        f" THEN {_REFUSE.format('a batch that has rows stays')} END IF;"
    )
    _trigger(
        schema_editor, "register_batch_gone", f"BEGIN {refused} RETURN NULL; END", "DELETE ON register_batch FOR EACH ROW"
    )


def _trigger(schema_editor: BaseDatabaseSchemaEditor, name: str, body: str, after: str) -> None:
    schema_editor.execute(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql {_BY_INDEX} AS $$ {body} $$", params=None
    )
    schema_editor.execute(f"CREATE TRIGGER {name} AFTER {after} EXECUTE FUNCTION {name}()", params=None)


def _name(schema_editor: BaseDatabaseSchemaEditor, table: str, column: str) -> str:
    with schema_editor.connection.cursor() as cursor:
        constraints = schema_editor.connection.introspection.get_constraints(cursor, table)
    (name,) = (name for name, one in constraints.items() if one["foreign_key"] and one["columns"] == [column])
    return str(name)


def drop(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    tables = [*((f"{table}_keys", table) for table in _KEYS), ("register_row_gone", "register_row"),
              ("register_batch_gone", "register_batch")]  # fmt: skip
    for name, table in tables:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}", params=None)
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {name}()", params=None)
    for table, keys in _KEYS.items():
        for column, (parent, _) in keys.items():
            schema_editor.execute(
                f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_fk FOREIGN KEY ({column})"
                f" REFERENCES {parent} (id) DEFERRABLE INITIALLY DEFERRED",
                params=None,
            )


class Migration(migrations.Migration):
    dependencies = [("register", "0002_append_only")]
    operations = [migrations.RunPython(create, drop)]
