"""Reads for pages and the command line. No writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import Exists, Min, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Now

from sogoc.core.numbering import parse_serial
from sogoc.errors import InputError
from sogoc.register.models import (
    Anchor,
    Archive,
    Batch,
    Checkpoint,
    Entry,
    HeaderMeaning,
    Institution,
    IssuerKey,
    LoggedState,
    Membership,
    Row,
    Shard,
    Upload,
)
from sogoc.register.planned import ask

_RECENT = timedelta(minutes=5)


def institution(code: str) -> Institution:
    """Return the institution of this code. Raises: InputError."""
    found = Institution.objects.filter(code=code).first()
    if found is None:
        raise InputError(f"there is no institution {code}", f"không có cơ sở {code}")
    return found


def batch(public_id: str) -> Batch:
    """Return the batch of this id, or the one whose id begins so. Raises: InputError."""
    found = list(Batch.objects.filter(public_id__startswith=public_id).select_related("institution", "decision")[:2])
    if len(found) != 1:
        raise InputError(f"there is no one batch {public_id}", f"không có đúng một đợt cấp {public_id}")
    return found[0]


def upload(public_id: str) -> Upload:
    """Return the upload of this id, or the one whose id begins so. Raises: InputError."""
    found = list(_uploads().filter(public_id__startswith=public_id)[:2])
    if len(found) != 1:
        raise InputError(f"there is no one upload {public_id}", f"không có đúng một tệp {public_id} trên bàn làm việc")
    return found[0]


def uploads(one: Institution) -> list[Upload]:
    """Return what lies on the workbench of an institution and what became a batch, the newest first."""
    return list(_uploads().filter(institution=one).order_by("-pk"))


def _uploads() -> QuerySet[Upload]:
    uploads = Upload.objects.select_related("institution", "source", "batch", "opened_by", "supersedes__source")
    return uploads.defer("source__content", "supersedes__source__content")


def header_meanings(one: Institution) -> list[HeaderMeaning]:
    """Return what an institution calls its columns, by header."""
    return list(HeaderMeaning.objects.filter(institution=one).select_related("by").order_by("header"))


def row_by_serial(institution_code: str, serial_number: str) -> Row:
    """Return the newest version of the qualification with this serial number.

    Raises: InputError when there is none, and when in an old register two kinds of diploma bear it.
    """
    place = parse_serial(serial_number)  # by which the index goes, where there is one
    where = {"serial_value": None} if place is None else {"serial_series": place.series, "serial_value": place.value}
    found = _rows().filter(institution__code=institution_code, serial_number=serial_number, **where)
    rows = list(found.exclude(origin=Row.Origin.AMEND)[:2])
    if not rows:
        raise InputError("there is no such serial number in this register", "không có số hiệu này trong sổ gốc")
    if len(rows) > 1:
        raise InputError(
            "two kinds of diploma bear this serial number",
            "hai loại văn bằng cùng mang số hiệu này",
            mend="Name it by its identifier or its log index (`sogoc find`).",
            mend_vi="Hãy nêu mã định danh hoặc vị trí trong nhật ký (`sogoc find`).",
        )
    return newest_version(rows[0])


def serial_numbers(identifiers: Iterable[str]) -> dict[str, str]:
    """Return the serial number of each of these qualifications that stands in a register here."""
    firsts = list(Row.objects.filter(identifier__in=set(identifiers), follows__isnull=True))
    return {row.identifier: row.serial_number for row in newest_versions(firsts).values()}


def newest_version(row: Row) -> Row:
    """Return the newest version of the qualification that this row is a version of."""
    return newest_versions([row])[row.pk]


def newest_versions(rows: Iterable[Row]) -> dict[int, Row]:
    """Return by the id of each row, a few hundred, the newest version of the qualification that it is a version of."""
    newest = {row.pk: row for row in rows}
    origin = {key: key for key in newest}
    last = dict(origin)
    while origin:
        later = Row.objects.filter(follows__in=origin).values_list("pk", "follows")
        origin = {key: origin[before] for key, before in later if before is not None}
        last |= {first: key for key, first in origin.items()}
    followed = _rows().in_bulk([key for first, key in last.items() if key != first])
    return {first: followed.get(key, newest[first]) for first, key in last.items()}


def rows_of(one: Batch) -> Iterator[Row]:
    """Return the first versions of a batch, in the order of the file."""
    return _rows().filter(batch=one, follows__isnull=True).order_by("position").iterator(chunk_size=1000)


def rows_logged_at(indexes: Iterable[int]) -> Iterator[Row]:
    """Return the versions that the entries at these log indexes logged, a few hundred, in the order of the log."""
    return _rows().filter(entry__index__in=indexes).order_by("entry__index").iterator(chunk_size=1000)


def _rows() -> QuerySet[Row]:
    return Row.objects.select_related("batch__entry", "batch__institution", "institution", "entry", "seal__key")


def entry_at(index: int) -> Entry:
    """Return the entry at a log index. Raises: InputError."""
    found = Entry.objects.select_related("institution").filter(index=index).first()
    if found is None:
        raise InputError(f"there is no entry at index {index}", f"không có mục nào ở vị trí {index}")
    return found


def newest_head() -> Checkpoint | None:
    """Return the newest published head."""
    return Checkpoint.objects.filter(published=True).order_by("-size").first()


def newest_root() -> bytes | None:
    """Return the root of the newest published head: what every question of an employer begins with."""
    found = ask("SELECT root FROM register_checkpoint WHERE published ORDER BY size DESC LIMIT 1")
    return bytes(found[0][0]) if found else None


def newest_state() -> LoggedState | None:
    return LoggedState.objects.select_related("entry").order_by("-at").first()


def anchors() -> list[Anchor]:
    return list(Anchor.objects.order_by("size"))


def unfinished_batches() -> list[Batch]:
    """Return batches that were approved and are not sealed: work that a stop left behind."""
    return list(
        Batch.objects.filter(state=Batch.State.APPROVED).select_related("institution", "decision").order_by("pk")
    )


def unsettled_batches() -> list[Batch]:
    """Return approved batches with no shard to do: each is to be planned, or closed."""
    to_do = Shard.objects.filter(batch=OuterRef("pk"), done_at__isnull=True)
    return list(
        Batch.objects.filter(~Exists(to_do), state=Batch.State.APPROVED)
        .select_related("institution", "decision")
        .order_by("pk")
    )


def keys_to_seal_with() -> list[IssuerKey]:
    """Return the keys of the institutions under which shards are to be done."""
    to_do = Shard.objects.filter(key=OuterRef("pk"), done_at__isnull=True, batch__state=Batch.State.APPROVED)
    return list(IssuerKey.objects.filter(Exists(to_do)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the sealing of approved batches is, whoever works on it and wherever: `batches` are those under way, each with how many
    of its rows are sealed. `rate` is rows a second over the last minutes, None before it can be known; `waiting` entries have
    no place in the log yet, issue entries of sealed batches included.
    """

    batches: tuple[tuple[Batch, int], ...]
    rate: float | None
    waiting: int

    @property
    def done(self) -> int:
        return sum(done for _, done in self.batches)

    @property
    def count(self) -> int:
        return sum(batch.count for batch, _ in self.batches)

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at this rate."""
        return (self.count - self.done) / self.rate if self.rate else None


def progress() -> Progress:
    """Return how far sealing is, from the shards that are done: what is committed, and not what anybody hopes."""
    under_way = (
        Batch.objects.filter(state=Batch.State.APPROVED)
        .annotate(done=Coalesce(Sum("shards__count", filter=Q(shards__done_at__isnull=False)), 0))
        .select_related("institution", "decision")
        .order_by("pk")
    )
    return Progress(
        batches=tuple((one, one.done) for one in under_way), rate=_rate(), waiting=waiting_entries() + waiting_rows()
    )


def _rate() -> float | None:
    """Rows a second since the first shard of the last minutes was done; when that one was begun, nobody knows."""
    now = Archive.objects.annotate(now=Now()).values_list("now", flat=True).first()
    if now is None:
        return None
    recent = Shard.objects.filter(done_at__gt=now - _RECENT)
    since = recent.aggregate(first=Min("done_at"))["first"]
    rows = recent.filter(done_at__gt=since).aggregate(rows=Sum("count"))["rows"] if since is not None else None
    return rows / (now - since).total_seconds() if rows else None


def waiting_entries() -> int:
    """Return how many entries wait for the log."""
    return Entry.objects.filter(index__isnull=True).count()


def waiting_rows() -> int:
    """Return how many rows of sealed batches wait for the log: each has its issue entry with the entry of its batch."""
    sealed = Batch.objects.filter(state=Batch.State.SEALED, entry__index__isnull=True)
    return sealed.aggregate(rows=Sum("count"))["rows"] or 0


def unpublished_heads() -> int:
    """Return how many heads are not public yet: work that a stop left behind."""
    return Checkpoint.objects.filter(published=False).count()


def issued() -> int:
    """Return how many qualifications are logged, each counted once however often it was amended."""
    return Entry.objects.filter(act="issue", index__isnull=False).count()


def lost_entries() -> list[Entry]:
    """Return logged qualifications whose private rows a restore lost and that nobody has cancelled yet."""
    return list(
        Entry.objects.filter(act="issue", index__isnull=False, row__isnull=True)
        .exclude(acts__act__in=["cancel", "revoke"])
        .order_by("index")
    )


def batches() -> int:
    """Return how many batches were ever opened."""
    return Batch.objects.count()


def sizes_last_seen_anchored() -> set[int]:
    """Return the sizes that a chain was last seen to hold. Whether it still does, `anchoring.look` finds out."""
    return set(Anchor.objects.filter(block_number__isnull=False).values_list("size", flat=True))


def person(username: str) -> User | None:
    """Return the person of this name, if there is one."""
    return User.objects.filter(username=username).first()


def members(institution: Institution | None) -> list[Membership]:
    """Return the roles in an institution; in all of them and the ministry when it is None."""
    found = Membership.objects.select_related("user", "institution").order_by(
        "institution__ordinal", "user__username", "role"
    )
    return list(found.filter(institution=institution) if institution else found)
