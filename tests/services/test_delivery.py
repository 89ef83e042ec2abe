"""Evidence: what it shows, what it hides, when it is refused, and that an altered register never passes for the true one."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from django.db import connection

from sogoc.core import canonical, commitment
from sogoc.core.evidence import parse
from sogoc.core.receipt import Receipt
from sogoc.core.verify import verify_bytes
from sogoc.errors import SignatureError, WrongState
from sogoc.register import queries
from sogoc.register.models import Anchor, Checkpoint, Entry, Row
from sogoc.register.records import credential, record_of, schema_of
from sogoc.services import sequencing
from sogoc.services.delivery import Counter
from tests.services.trial import CONTRACT, ORIGIN, THEIRS, Trial, fresh, refused


def test_a_diploma_is_valid_once_it_is_public_and_not_before(trial: Trial) -> None:
    trial.advance()
    batch = trial.approved(2)
    row = next(queries.rows_of(batch))
    refused(WrongState, lambda: Counter(trial.log).evidence(row))
    trial.advance()
    report = trial.verify(row)
    assert report.verdict == "valid"
    assert report.claims["holder_name"] == record_of(fresh(row))["holder_name"]


def test_before_the_first_head_there_is_nothing_to_hand_out(trial: Trial) -> None:
    refused(WrongState, lambda: Counter(trial.log))


def test_the_face_by_default_and_what_is_asked_for_otherwise(trial: Trial) -> None:
    (row,) = trial.issue(1, personal_id="001203004567")
    schema = schema_of(row)
    assert set(trial.verify(row).claims) == set(schema.face)
    everything = trial.verify(row, names=list(record_of(row)))
    assert dict(everything.claims) == dict(record_of(row))


@pytest.mark.parametrize("extra", [[], ["holder_name"], ["classification", "born_on"]])
def test_any_part_may_be_shown_and_the_rest_stays_hidden(trial: Trial, extra: Sequence[str]) -> None:
    (row,) = trial.issue(1, personal_id="001203004567")
    shown = [*schema_of(row).always_shown, *extra]
    content = Counter(trial.log).evidence(row, names=shown).encode()
    report = verify_bytes(content, trial.policy(Counter(trial.log).head), trial.now)
    assert report.verdict == "valid"
    assert set(report.claims) == set(shown)
    disclosed = [json.loads(canonical.unb64(part))[1] for part in parse(content).lasting.credential.split("~")[1:-1]]
    assert sorted(disclosed) == sorted(shown)
    personal = ("holder_name", "personal_id", "ethnicity", "serial_number", "register_number", "identifier")
    assert not [name for name in personal if name not in shown and record_of(row)[name].encode() in content]


def test_what_decides_the_power_is_shown_whatever_is_asked_for(trial: Trial) -> None:
    (row,) = trial.issue(1)
    report = trial.verify(row, names=["holder_name"])
    assert report.verdict == "valid"
    assert set(report.claims) == {*schema_of(row).always_shown, "holder_name"}


def test_evidence_of_an_anchored_head_and_of_a_newer_one(trial: Trial) -> None:
    (first,) = trial.issue(1)
    old = Checkpoint.objects.latest("size")
    _anchored(trial, old)
    (second,) = trial.issue(1)
    counter = Counter(trial.log)
    assert parse(counter.evidence(first).encode()).lasting.checkpoint != counter.note
    assert trial.verify(first, old).verdict == "valid_pending_anchor"
    assert trial.verify(first, old, counter.head).verdict == "valid"
    assert trial.verify(second, old).verdict == "valid_pending_anchor"
    assert trial.verify(second, counter.head).verdict == "valid"


def test_the_evidence_of_yesterday_is_renewed_by_the_pack_of_today(trial: Trial) -> None:
    row, other = trial.issue(2)
    old = Counter(trial.log)
    contents = [old.evidence(one).encode() for one in (row, other)]
    trial.act("revoke", row)
    trial.issue(3, THEIRS)
    new = Counter(trial.log)
    policy = trial.policy(old.head, new.head)
    for content, verdict in zip(contents, ("revoked", "valid"), strict=True):
        report = verify_bytes(content, policy, trial.now, fresh=new.fresh(sizes=[old.head.size]))
        assert report.verdict == verdict


def test_a_receipt_stands_on_its_own(trial: Trial) -> None:
    trial.issue(2)
    counter = Counter(trial.log)
    for one in Entry.objects.order_by("index"):
        receipt = Receipt.parse(counter.receipt(one).encode())
        assert receipt.index == one.index
        assert receipt.verify(bytes(one.content), trial.vkeys).root == bytes(counter.head.root)


def test_a_counter_that_was_overtaken_refuses_instead_of_handing_out_what_does_not_verify(trial: Trial) -> None:
    row, other = trial.issue(2)
    counter = Counter(trial.log)
    trial.act("revoke", other)
    trial.advance()
    refused(WrongState, lambda: counter.evidence(row))
    assert trial.verdict(row) == "valid"


def test_many_are_what_each_is_by_itself(trial: Trial) -> None:
    """A counter keeps what several diplomas share: other batches, institutions, states, heads and acts must not leak into one."""
    rows = trial.issue(3)
    old = Checkpoint.objects.latest("size")
    trial.act("suspend", rows[0])
    trial.advance()
    trial.act("reinstate", rows[0])
    trial.act("revoke", rows[1])
    amended = trial.amend(rows[2], holder_name="Y Khác")
    rows += trial.issue(2, THEIRS)
    held = Checkpoint.objects.latest("size")
    _anchored(trial, old, held)
    rows += [*trial.issue(2), fresh(amended)]
    counter = Counter(trial.log)
    shuffled = [fresh(row) for row in (*rows, *rows[::-1], *rows[::2])]
    together = [one.encode() for one in counter.evidences(shuffled)]
    assert together == [Counter(trial.log).evidence(row).encode() for row in shuffled]
    policy = trial.policy(old, held, counter.head)
    verdicts = [verify_bytes(content, policy, trial.now).verdict for content in together[: len(rows)]]
    assert verdicts == ["valid", "revoked", "superseded", "valid", "valid", "valid", "valid", "valid"]


def test_while_a_head_is_half_published_the_one_before_is_not_mixed_with_it(trial: Trial) -> None:
    row, other = trial.issue(2)
    trial.act("revoke", other)
    trial.public.fail_next("put_many")
    with pytest.raises(Exception, match="was told to fail"):
        sequencing.sequence(trial.log, now=trial.later())
    refused(WrongState, lambda: Counter(trial.log).evidence(row))
    trial.advance()
    assert [trial.verdict(row), trial.verdict(other)] == ["valid", "revoked"]


def _anchored(trial: Trial, *heads: Checkpoint) -> None:
    for sequence, head in enumerate(heads):
        Anchor.objects.create(
            size=head.size, root=bytes(head.root), chain_id=89, contract=CONTRACT, nonce=sequence, gas_price=1, raw=b"",
            transaction=bytes(32), prepared_at=trial.now, sequence=sequence, block_number=1, block_hash=bytes(32), block_time=0,
            final=True,
        )  # fmt: skip


# -- an altered register -------------------------------------------------------------------------------------------------


def alter(sql: str, *values: bytes | int | str) -> None:
    """Write past the triggers, as somebody with the database's password would."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in ("row", "seal", "entry"):
                cursor.execute(f"ALTER TABLE register_{table} DISABLE TRIGGER USER")
        else:
            for table in ("row", "seal", "entry"):
                cursor.execute(f"DROP TRIGGER IF EXISTS register_{table}_update")
        cursor.execute(sql, values)


def test_a_grade_edited_in_the_database_is_never_handed_out(trial: Trial) -> None:
    row, other = trial.issue(2)
    better = canonical.encode(dict(record_of(row)) | {"classification": "Xuất sắc"})
    alter("UPDATE register_row SET record = %s WHERE id = %s", better, row.pk)
    refusal = refused(WrongState, lambda: Counter(trial.log).evidence(fresh(row)))
    assert "altered" in refusal.en
    assert trial.verdict(other) == "valid"
    trial.assert_right()


def test_an_editor_who_also_fixes_the_commitment_meets_the_signature(trial: Trial) -> None:
    (row,) = trial.issue(1)
    better = dict(record_of(row)) | {"classification": "Xuất sắc"}
    sealed = commitment.seal(schema_of(row), better, bytes(row.seal.secret or b""))
    alter("UPDATE register_row SET record = %s WHERE id = %s", canonical.encode(better), row.pk)
    alter("UPDATE register_seal SET commitment = %s WHERE row_id = %s", sealed.commitment, row.pk)
    refused(SignatureError, lambda: Counter(trial.log).evidence(fresh(row)))


@pytest.mark.parametrize("column", ["status_index", "key_id", "signature", "secret"])
def test_nothing_that_was_signed_can_be_exchanged(trial: Trial, column: str) -> None:
    row, other = trial.issue(2)
    theirs = getattr((trial.issue(1, THEIRS)[0] if column == "key_id" else other).seal, column)
    if column == "status_index":
        theirs += 1
    alter(f"UPDATE register_seal SET {column} = %s WHERE row_id = %s", theirs, row.pk)
    with pytest.raises((SignatureError, WrongState, row.institution.keys.model.DoesNotExist)):
        Counter(trial.log).evidence(fresh(row))


def test_two_rows_that_swap_their_entries_are_caught_by_the_verifier(trial: Trial) -> None:
    row, other = trial.issue(2)
    one, two = row.entry.pk, other.entry.pk
    alter("UPDATE register_entry SET row_id = NULL WHERE id = %s", one)
    alter("UPDATE register_entry SET row_id = %s WHERE id = %s", row.pk, two)
    row = fresh(row)
    assert trial.verdict(row) == "tampered"


def test_a_credential_is_rebuilt_byte_for_byte(trial: Trial) -> None:
    rows = trial.issue(3)
    first = [credential(fresh(row), origin=ORIGIN) for row in rows]
    trial.issue(2)
    assert [credential(fresh(row), origin=ORIGIN) for row in rows] == first
    assert len(set(first)) == len(first) == Row.objects.filter(batch=rows[0].batch).count()
