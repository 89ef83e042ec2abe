"""Seal an approved batch: secrets, commitments, signed credentials, the batch root signed by the institution, entries for the log.

Works on sets of rows and may be killed anywhere: what a row already has is kept, and the last transaction makes the whole batch
sealed or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from django.db import connection, transaction

from sogoc.core import commitment, entry, jws, merkle, status
from sogoc.core import tally as tallies
from sogoc.core.credentials import sd_jwt
from sogoc.errors import LogForked, WrongState
from sogoc.failpoint import reach
from sogoc.ports import IssuerSigner, Keyring
from sogoc.register.models import Archive, Batch, Entry, Institution, IssuerKey, Row
from sogoc.register.records import newest_page, record_of, schema_of
from sogoc.services import audit, gate, waiting

_SET = 1000


def seal(
    *,
    batch: Batch,
    keyring: Keyring,
    randomness: Callable[[int], bytes],
    now: datetime,
    progress: Callable[[int], None],
    ministry: Callable[[], IssuerSigner] | None = None,
) -> Batch:
    """Make an approved batch ready for the log. Safe to run again after any stop; a sealed batch is returned as it is.

    `randomness` returns that many unpredictable bytes; `progress` is told how many rows were signed; `ministry` opens the key
    of the ministry, which signs beside the institution what passes by an override.

    Raises: WrongState, GateRefused, KeyUnavailable.
    """
    batch.refresh_from_db()
    if batch.state == Batch.State.SEALED:
        return batch
    if batch.state != Batch.State.APPROVED:
        raise WrongState(
            f"the batch is {batch.state}, not approved", f"đợt cấp {batch.get_state_display()}, chưa được duyệt"
        )
    archive = Archive.objects.get()
    sealed = None
    while sealed is None:  # again where another page came meanwhile: a key or a power may have ended with it
        passed = gate.check(batch, now=now)
        beside = _beside(passed, ministry)
        key = signing_key(batch.institution)
        signer = keyring(key.uri)
        if jws.thumbprint(signer.jwk) != key.kid:
            raise WrongState(
                "the key store holds another key than the authority page", "kho khóa giữ khóa khác với trang thẩm quyền"
            )
        unsigned = list(batch.rows.exclude(kid=key.kid).order_by("position").values_list("pk", flat=True))
        for pks in _sets(unsigned):
            _draw_secrets(pks, randomness)
            reach("seal.secrets")
            _sign_rows(pks, key=key, signer=signer, origin=archive.origin)
            reach("seal.signed")
            progress(len(pks))
        sealed = _close(batch, passed=passed, key=key, signers=(signer, *beside), origin=archive.origin, now=now)
    reach("seal.entries")
    return sealed


def _beside(passed: gate.Passed, ministry: Callable[[], IssuerSigner] | None) -> tuple[IssuerSigner, ...]:
    """Who signs the batch beside the institution: the ministry, if it set rules aside. Raises: WrongState, KeyUnavailable."""
    if not passed.override:
        return ()
    if ministry is None:
        raise WrongState(
            "what passes by an override is signed by the ministry too, and its key is not here",
            "đợt cấp được cho qua phải có thêm chữ ký của Bộ, mà ở đây không có khóa của Bộ",
            mend="Run `sogoc publish` where the ministry's key is.",
            mend_vi="Chạy `sogoc publish` ở nơi có khóa của Bộ.",
        )
    return (ministry(),)


def signing_key(institution: Institution) -> IssuerKey:
    """Return the newest key of the institution that is still in force. Raises: WrongState when there is none."""
    _, page = newest_page(institution)
    open_keys = [window.kid for window in page.keys if window.until is None]
    key = institution.keys.filter(kid__in=open_keys).order_by("-pk").first()
    if key is None:
        raise WrongState(f"{page.code} has no key in force", f"{page.code} không có khóa còn hiệu lực")
    return key


def _sets(pks: Sequence[int]) -> Iterable[list[int]]:
    return (list(pks[start : start + _SET]) for start in range(0, len(pks), _SET))


@transaction.atomic
def _draw_secrets(pks: Sequence[int], randomness: Callable[[int], bytes]) -> None:
    """Give each row its secret and its place in the status lists, before anything is signed with them."""
    archive = Archive.hold()  # before the rows are read: two who seal one batch draw its secrets once
    waiting = Row.objects.filter(pk__in=pks, secret__isnull=True).order_by("position").values_list("pk", flat=True)
    rows = list(waiting)
    places = give_places(archive, len(rows))
    _write(
        ("secret", "status_list", "status_index"),
        [(randomness(32), *place, pk) for pk, place in zip(rows, places, strict=True)],
    )


def give_places(archive: Archive, count: int) -> list[entry.Place]:
    """Take the next `count` places of the status lists of a held archive, in the order that nobody foresees."""
    first = archive.places_given
    archive.places_given += count
    archive.save(update_fields=["places_given"])
    return [
        (number // status.PLACES, _order(bytes(archive.places_key), number // status.PLACES)[number % status.PLACES])
        for number in range(first, first + count)
    ]


@lru_cache(maxsize=2)
def _order(key: bytes, number: int) -> list[int]:
    return status.places(key, number)


@transaction.atomic
def _sign_rows(pks: Sequence[int], *, key: IssuerKey, signer: IssuerSigner, origin: str) -> None:
    unsigned = Row.objects.filter(pk__in=pks).exclude(kid=key.kid).select_for_update(of=("self",)).order_by("pk")
    rows = list(unsigned.select_related("batch", "institution"))
    for row in rows:
        sign_row(row, key=key, signer=signer, origin=origin)
    _write(("commitment", "kid", "signature"), [(row.commitment, row.kid, row.signature, row.pk) for row in rows])


def sign_row(row: Row, *, key: IssuerKey, signer: IssuerSigner, origin: str) -> None:
    """Fill in commitment and signature of a row that has its secret and place. Does not save. Raises: KeyUnavailable."""
    sealed = commitment.seal(schema_of(row), record_of(row), bytes(cast(bytes, row.secret)))
    signed = sd_jwt.signing_input(
        sealed,
        kid=key.kid,
        origin=origin,
        institution=row.institution.code,
        status=(cast(int, row.status_list), cast(int, row.status_index)),
    )
    row.commitment = sealed.commitment
    row.kid = key.kid
    row.signature = jws.lower(signer.sign(signed))


@transaction.atomic
def _close(
    batch: Batch, *, passed: gate.Passed, key: IssuerKey, signers: Sequence[IssuerSigner], origin: str, now: datetime
) -> Batch | None:
    """Sign the batch root and hand the entries to the log, all in one transaction; None when there is another page."""
    batch = Batch.objects.select_for_update().select_related("institution", "decision").get(pk=batch.pk)
    if batch.state != Batch.State.APPROVED:
        return batch
    Archive.hold()
    if newest_page(batch.institution)[1].version != passed.page.version or signing_key(batch.institution).pk != key.pk:
        return None
    rows = sorted(
        (bytes(cast(bytes, commitment)), (cast(int, number), cast(int, index)), pk)
        for pk, commitment, number, index in batch.rows.values_list("pk", "commitment", "status_list", "status_index")
    )
    tree = merkle.Tree([merkle.leaf_hash(entry.pair(commitment, place)) for commitment, place, _ in rows])
    statement = entry.Batch(
        id=batch.public_id,
        institution=batch.institution.ordinal,
        schema=batch.schema,
        level=batch.level,
        decision_number=batch.decision.number,
        decided_on=batch.decision.decided_on,
        decision_total=batch.decision.total,
        awarded_on=batch.awarded_on,
        provenance=batch.provenance,
        override=passed.override,
        count=len(rows),
        tally=tallies.public(passed.tally),
        tally_digest=tallies.digest(passed.tally, bytes(batch.tally_salt)),
        root=tree.root,
    )
    unsigned = [(signer, statement.prepare(signer.jwk, origin=origin)) for signer in signers]
    statement = replace(statement, signatures=tuple(one.signed(signer.sign(one.payload)) for signer, one in unsigned))
    if Entry.objects.filter(act_id=batch.public_id).exists():
        raise LogForked(f"the batch {batch.public_id} is in the log already: it was sealed before a restore")
    logged = waiting.enter(statement.encode(), act="batch", institution=batch.institution, act_id=batch.public_id)
    for start in range(0, len(rows), _SET):
        part = rows[start : start + _SET]
        leaves = [
            entry.Issue(
                batch=bytes(logged.leaf_hash),
                commitment=commitment,
                institution=batch.institution.ordinal,
                status=place,
            ).encode()
            for commitment, place, _ in part
        ]
        entries = Entry.objects.bulk_create(
            Entry(act="issue", content=leaf, leaf_hash=merkle.leaf_hash(leaf), institution_id=batch.institution_id)
            for leaf in leaves
        )
        _write(
            ("entry_id", "tree_position"),
            [(one.pk, start + i, pk) for i, ((_, _, pk), one) in enumerate(zip(part, entries, strict=True))],
        )
    batch.entry = logged
    batch.state = Batch.State.SEALED
    batch.save(update_fields=["entry", "state"])
    audit.note(None, "batch.sealed", batch.public_id, at=now, detail={"count": len(rows)})
    return batch


def _write(columns: Sequence[str], values: Sequence[tuple[Any, ...]]) -> None:
    """Set `columns` of many rows; each value is those columns and then the row's key. Much faster than `bulk_update`.

    PostgreSQL is told of a set in one statement, because each of its own is a way there and back; SQLite is no way off, and some
    of its versions know no UPDATE with FROM.
    """
    if not values:
        return
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            assignments = ", ".join(f"{column} = %s" for column in columns)
            cursor.executemany(f"UPDATE register_row SET {assignments} WHERE id = %s", values)  # noqa: S608 - our own names
            return
        assignments = ", ".join(f"{column} = given.column{place}" for place, column in enumerate(columns, 1))
        row = f"({', '.join(['%s'] * (len(columns) + 1))})"
        cursor.execute(
            f"UPDATE register_row SET {assignments} FROM (VALUES {', '.join([row] * len(values))}) AS given"  # noqa: S608
            f" WHERE id = given.column{len(columns) + 1}",
            [item for value in values for item in value],
        )
