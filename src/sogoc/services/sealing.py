"""Seal approved batches: secrets, commitments, signed credentials; then the batch root, signed by the institution.

A batch is planned once, in shards of rows, and any number of workers on any number of hosts take shards until there is none left.
A shard is one transaction: whoever dies in it leaves nothing behind and lets go of it. Who finds all shards done closes the batch.

    planned     the gate let the batch pass; its places in the status lists are allotted, its shards written down
    signed      one shard: its rows have secret, commitment and signature
    closed      the batch root is signed and waits for the log; the batch is sealed
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import cast

from django.db import connection, transaction
from django.db.models.functions import Now

from sogoc.core import canonical, commitment, entry, jws, merkle, status
from sogoc.core import tally as tallies
from sogoc.core.credentials import sd_jwt
from sogoc.core.merkle import Hash
from sogoc.core.record import SCHEMAS, Record, Schema
from sogoc.errors import LogForked, WrongState
from sogoc.failpoint import reach
from sogoc.ports import IssuerSigner, Keyring
from sogoc.register.bulk import copy_in, read_out
from sogoc.register.models import Archive, Batch, Entry, Institution, IssuerKey, Row, Seal, Shard
from sogoc.register.records import newest_page
from sogoc.services import audit, gate, waiting

_SHARD = 2500
_CHUNK = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """What sealing is handed: the institutions' keys by their URI, `randomness` that returns so many unpredictable bytes, the time, and
    what opens the key of the ministry, which signs beside an institution what passes by an override; None where it is not.
    """

    keyring: Keyring
    randomness: Callable[[int], bytes]
    now: datetime
    ministry: Callable[[], IssuerSigner] | None = None


def seal(batch: Batch, by: Sealing, *, progress: Callable[[int], None] = lambda _: None) -> Batch:
    """Make an approved batch ready for the log, with whoever else works on it. Safe to run again after any stop.

    A sealed batch is returned as it is; one of which others still hold a shard is returned approved, and they close it.
    `progress` is told how many rows were signed.

    Raises: WrongState, GateRefused, KeyUnavailable.
    """
    batch.refresh_from_db()
    while batch.state != Batch.State.SEALED:
        if batch.state != Batch.State.APPROVED:
            raise WrongState(
                f"the batch is {batch.state}, not approved", f"đợt cấp {batch.get_state_display()}, chưa được duyệt"
            )
        _plan(batch, now=by.now)
        while signed := _sign_shard(by, batch=batch):
            progress(signed)
        if batch.shards.filter(done_at__isnull=True).exists():
            return batch
        _close(batch, by)
        batch.refresh_from_db()
    return batch


def work(by: Sealing, *, without: Collection[int] = ()) -> int | None:
    """Seal one shard of any batch that was planned, and close the batch if it was the last; return how many rows that were.

    None when there is no shard that nobody else holds, but for those under the keys `without`. A batch is planned, and closed where
    a worker died before it could, by `settle`.

    Raises: KeyUnavailable, WrongState, GateRefused.
    """
    with transaction.atomic():
        shard = _take(None, without=without)
        if shard is None:
            return None
        signed = _sign(shard, by)
    reach("seal.signed")
    if not shard.batch.shards.filter(done_at__isnull=True).exists():
        _close(shard.batch, by)
    return signed


def settle(batch: Batch, by: Sealing) -> None:
    """Plan an approved batch, or close it when all its shards are done: all that it needs beside work on shards.

    Raises: WrongState, GateRefused, KeyUnavailable.
    """
    _plan(batch, now=by.now)
    if not batch.shards.filter(done_at__isnull=True).exists():
        _close(batch, by)


# -- the plan ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def _write_plan(batch: Batch, *, now: datetime) -> bool:
    """Write down the shards of a batch, signed with the newest key; nothing when they are. What another key signed is made again."""
    batch = Batch.objects.select_for_update(of=("self",)).select_related("institution", "decision").get(pk=batch.pk)
    key = signing_key(batch.institution)
    old = batch.shards.all()
    if batch.state != Batch.State.APPROVED or (old and all(shard.key_id == key.pk for shard in old)):
        return False
    gate.check(batch, now=now)
    if old:
        Seal.objects.filter(row__batch=batch, row__origin=Row.Origin.ISSUE).delete()
        old.delete()
    archive = Archive.hold()
    first_place = _give_places(archive, batch.count)
    Shard.objects.bulk_create(
        Shard(
            batch=batch,
            first=first,
            count=min(_SHARD, batch.count - first),
            first_place=first_place + first,
            key=key,
        )
        for first in range(0, batch.count, _SHARD)
    )
    return True


def _plan(batch: Batch, *, now: datetime) -> None:
    if _write_plan(batch, now=now):
        reach("seal.planned")


def _give_places(archive: Archive, count: int) -> int:
    """Take the next `count` places of the status lists of a held archive; return the number of the first."""
    first = archive.places_given
    archive.places_given += count
    archive.save(update_fields=["places_given"])
    return first


def give_place(archive: Archive) -> entry.Place:
    """Take the next place of the status lists of a held archive."""
    return _place(bytes(archive.places_key), _give_places(archive, 1))


def _place(key: bytes, number: int) -> entry.Place:
    """The place that was given out as number `number`, in the order that nobody foresees."""
    return number // status.PLACES, _order(key, number // status.PLACES)[number % status.PLACES]


@lru_cache(maxsize=2)
def _order(key: bytes, number: int) -> list[int]:
    return status.places(key, number)


def signing_key(institution: Institution) -> IssuerKey:
    """Return the newest key of the institution that is still in force. Raises: WrongState when there is none."""
    _, page = newest_page(institution)
    open_keys = [window.kid for window in page.keys if window.until is None]
    key = institution.keys.filter(kid__in=open_keys).order_by("-pk").first()
    if key is None:
        raise WrongState(f"{page.code} has no key in force", f"{page.code} không có khóa còn hiệu lực")
    return key


# -- one shard --------------------------------------------------------------------------------------------------------


@transaction.atomic
def _take_and_sign(by: Sealing, batch: Batch) -> int:
    shard = _take(batch)
    return _sign(shard, by) if shard is not None else 0


def _sign_shard(by: Sealing, *, batch: Batch) -> int:
    """Sign one shard of a batch; return how many rows, 0 when there is none that nobody holds."""
    signed = _take_and_sign(by, batch)
    if signed:
        reach("seal.signed")
    return signed


def _take(batch: Batch | None, *, without: Collection[int] = ()) -> Shard | None:
    """Hold the next shard that is to be done and that nobody holds, until the transaction ends."""
    waiting_for = Shard.objects.filter(done_at__isnull=True, batch__state=Batch.State.APPROVED)
    if batch is not None:
        waiting_for = waiting_for.filter(batch=batch)
    if without:
        waiting_for = waiting_for.exclude(key__in=without)
    # SQLite lets one transaction write at a time: there whoever is here is alone.
    skip = connection.features.has_select_for_update_skip_locked
    return (
        waiting_for.select_related("batch__institution", "batch__decision", "key")
        .select_for_update(of=("self",), skip_locked=skip)
        .order_by("pk")
        .first()
    )


def _sign(shard: Shard, by: Sealing) -> int:
    """Draw the secrets of the rows of a held shard, sign them, and write both down; return how many rows.

    Raises: KeyUnavailable; WrongState when the key store holds another key than the authority page.
    """
    archive = Archive.objects.get()
    batch, key, places_key = shard.batch, shard.key, bytes(archive.places_key)
    signer = by.keyring(key.uri)
    if jws.thumbprint(signer.jwk) != key.kid:
        raise WrongState(
            "the key store holds another key than the authority page", "kho khóa giữ khóa khác với trang thẩm quyền"
        )
    sign = Signing(
        schema=SCHEMAS[batch.schema],
        signer=signer,
        kid=key.kid,
        origin=archive.origin,
        institution=batch.institution.code,
    )
    rows = batch.rows.filter(
        origin=Row.Origin.ISSUE, position__gte=shard.first, position__lt=shard.first + shard.count
    ).values_list("pk", "position", "record")
    seals = []
    for pk, position, record in read_out(rows):
        place = _place(places_key, shard.first_place + position - shard.first)
        secret = by.randomness(32)
        seals.append((pk, secret, *sign(canonical.decode(bytes(record)), secret, place), *place, key.pk))
    copy_in(Seal, ("row_id", "secret", "commitment", "signature", "status_list", "status_index", "key_id"), seals)
    shard.done_at = Now()
    shard.save(update_fields=["done_at"])
    reach("seal.written")
    return shard.count


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """Signs records of one institution with one key: record, secret and place in, commitment and signature out."""

    schema: Schema
    signer: IssuerSigner
    kid: str
    origin: str
    institution: str

    def __call__(self, record: Record, secret: bytes, place: entry.Place) -> tuple[bytes, bytes]:
        """Raises: KeyUnavailable."""
        sealed = commitment.seal(self.schema, record, secret)
        signed = sd_jwt.signing_input(
            sealed, kid=self.kid, origin=self.origin, institution=self.institution, status=place
        )
        return sealed.commitment, jws.lower(self.signer.sign(signed))


# -- the batch --------------------------------------------------------------------------------------------------------


def _close(batch: Batch, by: Sealing) -> None:
    """Sign the batch root and let the batch wait for the log, once all its shards are done.

    Nothing when another did, or when key or page changed meanwhile: then it is planned again.
    """
    if _closed(batch, by):
        reach("seal.closed")


def _closed(batch: Batch, by: Sealing) -> bool:
    leaves = (merkle.leaf_hash(entry.pair(committed, place)) for _, committed, place in sealed_rows(batch.pk))
    roots, sizes = zip(*merkle.run_roots(leaves), strict=True)
    with transaction.atomic():
        batch = Batch.objects.select_for_update(of=("self",)).select_related("institution", "decision").get(pk=batch.pk)
        if batch.state != Batch.State.APPROVED:
            return False
        passed = gate.check(batch, now=by.now)
        archive = Archive.hold()
        key = signing_key(batch.institution)
        shards = list(batch.shards.all())
        done = sum(shard.count for shard in shards if shard.done_at is not None and shard.key_id == key.pk)
        if not done == sum(sizes) == batch.count or newest_page(batch.institution)[1].version != passed.page.version:
            return False
        batch.runs = b"".join(roots)
        _enter(
            batch,
            passed,
            merkle.root_hash(roots),
            signers=(by.keyring(key.uri), *_beside(passed, by)),
            origin=archive.origin,
        )
        audit.note(None, "batch.sealed", batch.public_id, at=by.now, detail={"count": batch.count})
    return True


def sealed_rows(batch: int) -> Iterator[tuple[int, bytes, entry.Place]]:
    """The rows of a batch in the order of its tree: key, commitment and place in the status lists; a stream."""
    seals = Seal.objects.filter(row__batch=batch, row__origin=Row.Origin.ISSUE).order_by("commitment")
    columns = seals.values_list("row_id", "commitment", "status_list", "status_index")
    for row, committed, number, index in read_out(columns):
        yield row, bytes(committed), (number, index)


def logged_leaves(batch: Batch, run: range) -> Iterator[Hash]:
    """The leaf hashes at these places of the tree of a logged batch, from what the log says: a restore may have left only some rows."""
    first = cast(int, cast(Entry, batch.entry).index) + 1
    logged = Entry.objects.filter(index__gte=first + run.start, index__lt=first + min(run.stop, batch.count))
    for content in logged.order_by("index").values_list("content", flat=True).iterator(chunk_size=_CHUNK):
        one = entry.parse(bytes(content))
        if not isinstance(one, entry.Issue):
            raise LogForked(f"batch {batch.public_id} is not whole in the log")
        yield merkle.leaf_hash(entry.pair(one.commitment, one.status))


def _beside(passed: gate.Passed, by: Sealing) -> tuple[IssuerSigner, ...]:
    """Who signs the batch beside the institution: the ministry, if it set rules aside. Raises: WrongState, KeyUnavailable."""
    if not passed.override:
        return ()
    if by.ministry is None:
        raise WrongState(
            "what passes by an override is signed by the ministry too, and its key is not here",
            "đợt cấp được cho qua phải có thêm chữ ký của Bộ, mà ở đây không có khóa của Bộ",
            mend="Run `sogoc publish` where the ministry's key is.",
            mend_vi="Chạy `sogoc publish` ở nơi có khóa của Bộ.",
        )
    return (by.ministry(),)


def _enter(batch: Batch, passed: gate.Passed, root: bytes, *, signers: tuple[IssuerSigner, ...], origin: str) -> None:
    """Sign what the log says of the batch and let it wait. The batch and the archive are held."""
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
        count=batch.count,
        tally=tallies.public(passed.tally),
        tally_digest=tallies.digest(passed.tally, bytes(batch.tally_salt)),
        root=root,
    )
    unsigned = [(signer, statement.prepare(signer.jwk, origin=origin)) for signer in signers]
    statement = replace(statement, signatures=tuple(one.signed(signer.sign(one.payload)) for signer, one in unsigned))
    if Entry.objects.filter(act_id=batch.public_id).exists():
        raise LogForked(f"the batch {batch.public_id} is in the log already: it was sealed before a restore")
    batch.entry = waiting.enter(statement.encode(), act="batch", institution=batch.institution, act_id=batch.public_id)
    batch.state = Batch.State.SEALED
    batch.held = None  # nobody holds its rows again, and nothing of a sealed batch changes
    batch.save(update_fields=["entry", "state", "runs", "held"])
