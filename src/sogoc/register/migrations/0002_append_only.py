"""Triggers that hold the log, the pages, the register and the audit trail append-only, on both databases.

The only changes let through: an entry that waits gets its index; a checkpoint gets its note and is marked published; a row may
change or go until its batch is approved, and afterwards lose what it says of a person and nothing else, its seal then the secret and
the signature; seals and shards may go, to be made again with another key, until the batch is in the log; a shard is done; a batch
that is neither sealed nor lost goes on, and forgets what the gate found in its rows when one of them changes, comes or goes; the archive gives more places; a decision gets its list; an override is
granted; a copy is issued or refused, and forgets who asked for it; a notice is sent.
"""

import re

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def _changed(*columns: str) -> str:
    """Return the condition that one of these columns changes; NULL is a value like others."""
    return " OR ".join(f'NEW."{column}" IS DISTINCT FROM OLD."{column}"' for column in columns)


# A row that says nothing of a person any more: record and search keys are gone together, and once.
_ERASED = (
    'OLD."erased_at" IS NULL AND NEW."erased_at" IS NOT NULL AND length(NEW."record") = 0'
    ' AND NEW."name_key" = \'\' AND NEW."born_on" = \'\''
)
# With it go the secret that opens its commitment, and the signature.
_UNSEALED = 'NEW."secret" IS NULL AND NEW."signature" IS NULL AND register_is_erased(OLD."row_id")'

# A copy that does not say any more who asked for it, nor why it was refused, and else is as it was.
_FORGOTTEN = (
    "NEW.\"recipient\" = '' AND NEW.\"relation\" = '' AND NOT ("
    + _changed(
        "id", "institution_id", "row_id", "requested_at", "due_on", "copies", "taken_by_id", "year", "number", "issued_on",
        "issued_by_id",
    )
    + ") AND NOT (" + _changed("refused_reason") + """ AND (OLD."refused_reason" IS NULL OR NEW."refused_reason" <> ''))"""
)  # fmt: skip
# What a condition asks of other tables, by the name of the function that answers it in PostgreSQL.
_QUESTIONS = {
    "register_is_approved": "EXISTS (SELECT 1 FROM register_batch WHERE id = {} AND approved_by_id IS NOT NULL)",
    "register_is_closed": "EXISTS (SELECT 1 FROM register_batch WHERE id = {} AND entry_id IS NOT NULL)",
    "register_is_erased": "EXISTS (SELECT 1 FROM register_row WHERE id = {} AND erased_at IS NOT NULL)",
    "register_is_closed_row": (
        "EXISTS (SELECT 1 FROM register_row JOIN register_batch ON register_batch.id = register_row.batch_id"
        " WHERE register_row.id = {} AND register_batch.entry_id IS NOT NULL)"
    ),
}
_FORGET = (
    "UPDATE register_batch SET held = NULL WHERE id {} AND held IS NOT NULL AND state NOT IN ('sealed', 'lost')"
)

# table -> condition under which an UPDATE is refused
_UPDATE = {
    "register_entry": (
        'OLD."index" IS NOT NULL OR NEW."index" IS NULL OR '
        + _changed("id", "act", "content", "leaf_hash", "act_id", "institution_id", "target_id", "row_id")
    ),
    "register_checkpoint": (
        _changed("id", "size", "root", "frontier")
        + ' OR (OLD."note" IS NOT NULL AND (' + _changed("note") + '))'
        + ' OR (OLD."published" AND NOT NEW."published")'
    ),
    "register_row": (
        _changed("id", "batch_id", "follows_id") + ' OR register_is_approved(OLD."batch_id") AND ('
        + _changed(
            "institution_id", "position", "cell", "kind", "level", "serial_number", "serial_series",
            "serial_value", "register_number", "number", "year", "identifier", "origin",
        )
        + " OR ((" + _changed("record", "name_key", "born_on", "erased_at") + ") AND NOT (" + _ERASED + ")))"
    ),
    "register_seal": (
        _changed("row_id", "commitment", "status_list", "status_index", "key_id") + " OR NOT (" + _UNSEALED + ")"
    ),
    "register_shard": (
        'OLD."done_at" IS NOT NULL OR ' + _changed("id", "batch_id", "first", "count", "first_place", "key_id")
    ),
    "register_batch": (
        _changed("id")
        + " OR OLD.\"state\" IN ('sealed', 'lost') OR (OLD.\"approved_by_id\" IS NOT NULL AND ("
        + _changed(
            "public_id", "institution_id", "schema", "level", "decision_id", "awarded_on", "provenance",
            "prepared_by_id", "approved_by_id", "approved_at", "source_id", "count", "numbered", "tally", "tally_salt",
        )
        + " OR NEW.\"state\" NOT IN ('approved', 'sealed', 'lost')))"
    ),
    "register_archive": _changed("id", "origin", "trial", "places_key") + ' OR NEW."places_given" < OLD."places_given"',
    "register_decision": (
        _changed("id", "institution_id", "number", "decided_on", "total", "recorded_at", "recorded_by_id")
        + ' OR (OLD."listed" AND NOT NEW."listed")'
    ),
    "register_override": (
        'OLD."granted_by_id" IS NOT NULL OR ' + _changed("id", "batch_id", "rules", "reason", "requested_by_id", "requested_at")
    ),
    "register_voidnumber": "TRUE",
    "register_blankevent": "TRUE",
    "register_copy": (
        "NOT (" + _FORGOTTEN + ') AND (OLD."issued_on" IS NOT NULL OR OLD."refused_reason" IS NOT NULL OR '
        + _changed("id", "institution_id", "row_id", "requested_at", "due_on", "recipient", "relation", "copies", "taken_by_id")
        + ")"
    ),
    "register_notice": (
        'OLD."sent_at" IS NOT NULL OR '
        + _changed("id", "institution_id", "recipient", "what", "subject", "about", "due_on", "created_at")
    ),
    "register_erasure": "TRUE",
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
    "register_row": 'register_is_approved(OLD."batch_id")',
    "register_seal": 'register_is_closed_row(OLD."row_id")',
    "register_shard": 'register_is_closed(OLD."batch_id")',
    "register_batch": 'OLD."approved_by_id" IS NOT NULL OR OLD."entry_id" IS NOT NULL',
    "register_archive": "TRUE",
    "register_override": 'register_is_approved(OLD."batch_id")',
    "register_voidnumber": "TRUE",
    "register_blankevent": "TRUE",
    "register_copy": "TRUE",
    "register_notice": "TRUE",
    "register_erasure": "TRUE",
    "register_institution": "TRUE",
    "register_issuerkey": "TRUE",
    "register_authoritypage": "TRUE",
    "register_auditevent": "TRUE",
    "register_actdetail": "TRUE",
    "register_loggedstate": "TRUE",
}


_ASKED = re.compile(r"(register_\w+)\((\S+?)\)")


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
        for name, question in _QUESTIONS.items():
            schema_editor.execute(
                f"CREATE OR REPLACE FUNCTION {name}(asked bigint) RETURNS boolean LANGUAGE sql STABLE AS"
                f" $$ SELECT {question.format('asked')} $$",
                params=None,
            )
        schema_editor.execute(
            "CREATE OR REPLACE FUNCTION register_forget_held() RETURNS trigger LANGUAGE plpgsql AS $$"
            f" BEGIN {_FORGET.format('= OLD.batch_id')}; RETURN NULL; END $$",
            params=None,
        )
        schema_editor.execute(
            "CREATE TRIGGER register_row_held AFTER UPDATE OR DELETE ON register_row FOR EACH ROW EXECUTE FUNCTION register_forget_held()",
            params=None,
        )
        schema_editor.execute(
            "CREATE OR REPLACE FUNCTION register_forget_held_of_all() RETURNS trigger LANGUAGE plpgsql AS $$"
            f" BEGIN {_FORGET.format('IN (SELECT batch_id FROM came)')}; RETURN NULL; END $$",
            params=None,
        )
        schema_editor.execute(
            "CREATE TRIGGER register_row_came AFTER INSERT ON register_row REFERENCING NEW TABLE AS came FOR EACH STATEMENT"
            " EXECUTE FUNCTION register_forget_held_of_all()",
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
            condition = _ASKED.sub(lambda asked: _QUESTIONS[asked[1]].format(asked[2]), condition)
            schema_editor.execute(
                f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} FOR EACH ROW WHEN {condition}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
                params=None,
            )
        for verb, line in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD")):
            schema_editor.execute(
                f"CREATE TRIGGER register_row_held_{verb.lower()} AFTER {verb} ON register_row FOR EACH ROW"
                f" BEGIN {_FORGET.format(f'= {line}.batch_id')}; END",
                params=None,
            )


def drop(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    postgresql = schema_editor.connection.vendor == "postgresql"
    for table, verb, _ in _triggers():
        on = f" ON {table}" if postgresql else ""
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_{verb.lower()}{on}", params=None)
    held = [f"register_row_{which} ON register_row" for which in ("held", "came")]
    if not postgresql:
        held = [f"register_row_held_{verb}" for verb in ("insert", "update", "delete")]
    for trigger in held:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {trigger}", params=None)
    if postgresql:
        for table in _DELETE:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_truncate ON {table}", params=None)
        for name in _QUESTIONS:
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {name}(bigint)", params=None)
        schema_editor.execute("DROP FUNCTION IF EXISTS register_forget_held(), register_forget_held_of_all()", params=None)


class Migration(migrations.Migration):
    dependencies = [("register", "0001_tables")]
    operations = [migrations.RunPython(create, drop)]
