"""Give waiting entries their place in the log, and make that place irrevocable.

The order is fixed, and each step may be the last before a power cut:

    head        indexes, statuses, the state entry and the unsigned head are committed to the database
    staged      tiles, bundles and authority pages lie durably in the staging area, outside the database
    decided     the lock store moved from the old (size, root) to the new one: from here on nothing may be abandoned
    signed      the log signed exactly what the lock store holds
    published   tiles first, then the checkpoint; then the staging is cleared

Before "decided" a head may be repeated, after it every step is idempotent, and recovery is `finish` run again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, count, islice

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet

from sogoc.core import authority, canonical, entry, merkle, status
from sogoc.core.merkle import Frontier, Hash, Tree
from sogoc.core.state import authority_leaves, authority_size, status_leaf
from sogoc.core.status import Status, StatusList
from sogoc.core.tiles import grow
from sogoc.core.trust import CLOCK_DIFFERENCE
from sogoc.errors import LogForked, RecoveryNeeded, StorageUnavailable, WrongState
from sogoc.failpoint import reach
from sogoc.ports import FileStore, Log
from sogoc.register.alone import alone
from sogoc.register.bulk import copy_in, read_out, set_many
from sogoc.register.models import (
    Archive,
    AuthorityPage,
    Checkpoint,
    Entry,
    Institution,
    LoggedState,
    StatusTable,
)
from sogoc.services import publication, sealing

_CHUNK = 5000


def sequence(log: Log, *, now: datetime, state_only: bool = False, wait: bool = True) -> Checkpoint | None:
    """Log everything that waits, and a new state of the register after it; return the new head, published.

    None when nothing waits, unless `state_only` asks for a state all the same. `now` is aware UTC.

    Raises: RecoveryNeeded when lock or published files are ahead of this database; LogForked; SomebodyElse when another process is
    at it and `wait` is false.
    """
    with alone(wait=wait):
        _finish(log, now=now)
        decided = _extend(log, now=now, state_only=state_only)
        if decided is None:
            return None
        reach("sequence.head")
        _finish(log, now=now)
    decided.refresh_from_db()
    return decided


def finish(log: Log, *, now: datetime) -> None:
    """Carry every head that is not public yet through the remaining steps. Safe to run at any time.

    Raises: RecoveryNeeded, LogForked, StorageUnavailable, KeyUnavailable.
    """
    with alone():
        _finish(log, now=now)


def _finish(log: Log, *, now: datetime) -> None:
    refuse_if_behind(log)
    for head in Checkpoint.objects.filter(published=False).order_by("size"):
        size, root, frontier = _before(head.size)
        _stage(log, frontier, head)
        _decide(log, (size, root), head)
        reach("sequence.decided")
        if head.note is None:
            head.note = log.signer.sign(log.origin, head.size, bytes(head.root), int(now.timestamp()))
            head.save(update_fields=["note"])
        reach("sequence.signed")
        publication.publish(log, head, staging_folder(head.size, bytes(head.root)))
    publication.clear(log)


def refuse_if_behind(log: Log) -> None:
    """Refuse to go on when the lock store or the public files know a larger tree than this database.

    Raises: RecoveryNeeded; LogForked when they know another tree of the same size.
    """
    newest = _newest()
    size = newest.size if newest else 0
    locked = log.lock.head(log.origin)
    if locked is None:
        raise RecoveryNeeded(
            "the lock store knows nothing of this log: it was lost or exchanged",
            "kho khóa không biết nhật ký này: đã mất hoặc bị thay",
            mend="Bring back the newest lock store: it is never restored from a backup of the database.",
            mend_vi="Đưa lại kho khóa mới nhất: kho này không bao giờ khôi phục cùng cơ sở dữ liệu.",
        )
    heads = [("the lock store", *locked)]
    shown = publication.shown_head(log.public)
    if shown is not None:
        heads.append(("the published checkpoint", shown.size, shown.root))
    for where, other_size, other_root in heads:
        _refuse_if_behind(size, where, other_size, other_root)


def refuse_if_behind_shown(public: FileStore) -> None:
    """Refuse the same where the lock store is elsewhere, by the public files alone.

    Raises: RecoveryNeeded, LogForked; StorageUnavailable when the files show less than was published.
    """
    newest = _newest()
    published = Checkpoint.objects.filter(published=True).aggregate(size=Max("size"))["size"] or 0
    shown = publication.shown_head(public)
    if shown is None or shown.size < published:
        raise StorageUnavailable(
            f"the public files show {shown.size if shown else 'nothing'} of a log of {published}: are they the right ones?",
            f"tệp công khai chỉ có {shown.size if shown else 0} trên {published} mục: có đúng kho không?",
            mend="Let `public` in archive.json name the public files themselves, not a copy.",
            mend_vi="Cho `public` trong archive.json trỏ tới chính kho công khai, không phải bản sao.",
        )
    _refuse_if_behind(newest.size if newest else 0, "the published checkpoint", shown.size, shown.root)


def _refuse_if_behind(size: int, where: str, other_size: int, other_root: bytes) -> None:
    if other_size > size:
        raise RecoveryNeeded(
            f"{where} is at {other_size} and this database at {size}: it was restored from an old backup",
            f"cơ sở dữ liệu ở mức {size} nhưng nhật ký đã ở mức {other_size}: đã khôi phục từ bản sao lưu cũ",
            mend="Run `sogoc recover`.",
            mend_vi="Chạy `sogoc recover`.",
        )
    known = Checkpoint.objects.filter(size=other_size).first() if other_size else None
    if known is not None and bytes(known.root) != other_root:
        raise LogForked(f"{where} holds another tree of size {other_size} than this database")


def staging_folder(size: int, root: bytes) -> str:
    """Return the folder in the staging area where the files of this head lie until they are public."""
    return f"{size}-{root.hex()[:16]}"


def _newest() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-size").first()


def _before(size: int) -> tuple[int, bytes, Frontier]:
    head = Checkpoint.objects.filter(size__lt=size).order_by("-size").first()
    if head is None:
        return 0, merkle.EMPTY_ROOT, Frontier.empty()
    return head.size, bytes(head.root), Frontier.from_bytes(bytes(head.frontier))


def _stage(log: Log, before: Frontier, head: Checkpoint) -> None:
    """Lay the files of a head into the staging area, and a mark that they are all there; nothing when it is."""
    folder = staging_folder(head.size, bytes(head.root))
    if log.staging.get(f"{folder}/{publication.COMPLETE}") is not None:
        return
    entries = _entries(before.size, head.size)
    files = chain(grow(before, entries, log.public.get), publication.pages(before.size, head.size))
    log.staging.put_many((f"{folder}/{path}", content) for path, content in files)
    log.staging.put(f"{folder}/{publication.COMPLETE}", b"")
    reach("sequence.staged")


def _decide(log: Log, old: tuple[int, bytes], head: Checkpoint) -> None:
    """Move the lock from the head before to this one; nothing if that was done already."""
    new = (head.size, bytes(head.root))
    locked = log.lock.head(log.origin)
    if locked == new:
        return
    if locked != old:
        raise RecoveryNeeded(
            f"the lock store is at {locked[0] if locked else None}, expected {old[0]}",
            f"kho khóa ở mức {locked[0] if locked else None}, lẽ ra {old[0]}",
            mend="Bring back the newest lock store and never go on with an older one: the log would fork. Then run `sogoc recover`.",
            mend_vi="Đưa lại kho khóa mới nhất, đừng bao giờ chạy tiếp với bản cũ: nhật ký sẽ tách nhánh. Sau đó chạy `sogoc recover`.",
        )
    if not log.lock.swap(log.origin, old, new):
        raise RecoveryNeeded("another sequencer moved the lock", "một tiến trình khác đã ghi nhật ký")


def _entries(start: int, end: int) -> Iterator[bytes]:
    rows = Entry.objects.filter(index__gte=start, index__lt=end).order_by("index").values_list("content")
    return (bytes(content) for (content,) in read_out(rows))


# -- one transaction: indexes, statuses, state, unsigned head -------------------------------------------------------


@transaction.atomic
def _extend(log: Log, *, now: datetime, state_only: bool) -> Checkpoint | None:
    archive = Archive.hold()
    if archive.origin != log.origin:
        raise LogForked(f"this database is of the log {archive.origin}, not {log.origin}")
    newest = _newest()
    size = newest.size if newest else 0
    frontier = Frontier.from_bytes(bytes(newest.frontier)) if newest else Frontier.empty()
    grown = _give_indexes(frontier)
    if grown.size == size and not state_only:
        return None
    statuses = apply_acts(size, state=grown.size)
    _check_new_pages(size)
    state = _log_state(grown.size, statuses, now)
    grown = grown.extend([bytes(state.leaf_hash)])
    return Checkpoint.objects.create(size=grown.size, root=grown.root(), frontier=grown.to_bytes())


def _give_indexes(frontier: Frontier) -> Frontier:
    """Give waiting entries the next indexes, in the order in which they came, and each batch its issue entries behind it.

    Return the right edge of the tree after them.
    """
    waiting = Entry.objects.filter(index__isnull=True).order_by("id").values_list("pk", "leaf_hash", "batch__pk")
    places: list[tuple[int, int]] = []
    for pk, leaf_hash, batch in list(waiting):
        places.append((frontier.size, pk))
        frontier = frontier.extend([bytes(leaf_hash)])
        if batch is not None:
            frontier = _log_issues(batch, bytes(leaf_hash), frontier)
    set_many(Entry, ("index",), places)
    return frontier


def _log_issues(batch: int, batch_leaf: bytes, frontier: Frontier) -> Frontier:
    """Log the issue entries of a batch from the end of the tree on, in the order of their commitments."""
    institution = Institution.objects.get(batches=batch)
    rows = sealing.sealed_rows(batch)
    while part := list(islice(rows, _CHUNK)):
        leaves = [
            entry.Issue(batch=batch_leaf, commitment=committed, institution=institution.ordinal, status=place).encode()
            for _, committed, place in part
        ]
        hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
        lines = zip(count(frontier.size), leaves, hashes, part, strict=False)
        copy_in(
            Entry,
            ("index", "act", "content", "leaf_hash", "institution_id", "row_id"),
            ((index, "issue", leaf, leaf_hash, institution.pk, row) for index, leaf, leaf_hash, (row, *_) in lines),
        )
        frontier = frontier.extend(hashes)
    return frontier


_EFFECTS = {
    "revoke": Status.REVOKED,
    "cancel": Status.REVOKED,
    "suspend": Status.SUSPENDED,
    "reinstate": Status.VALID,
    "amend": Status.SUPERSEDED,
    "reissue": Status.SUPERSEDED,
}


def apply_acts(size: int, *, state: int) -> list[Hash]:
    """Apply the acts logged from `size` on to the status lists that they concern, and begin the lists of which a place was given.

    Return the leaf hashes of all lists. A list that stays as it was is not read; one that does not is said to stand so since the
    state entry at index `state`.

    Raises: LogForked when an act concerns no qualification, or a stored list is not the one of the newest state.
    """
    changes = _changes(size)
    leaves = {number: bytes(leaf) for number, leaf in StatusTable.objects.values_list("number", "leaf_hash")}
    begun = range(-(-Archive.objects.get().places_given // status.PLACES))
    if not changes.keys() <= leaves.keys() | set(begun):
        raise LogForked("an act concerns a place in a status list that was never given")
    for number in sorted(changes.keys() | set(begun) - leaves.keys()):
        one = status_list(number) if number in leaves else StatusList(number)
        for index, effect in changes.get(number, ()):
            one[index] = effect
        leaves[number] = status_leaf(one)
        StatusTable.objects.update_or_create(
            number=number, defaults={"content": bytes(one.content), "leaf_hash": leaves[number], "since": state}
        )
    return [leaves[number] for number in sorted(leaves)]


def _changes(size: int) -> Mapping[int, list[tuple[int, Status]]]:
    """Return by list what the acts logged from `size` on make of which places, in the order of the acts."""
    changes: defaultdict[int, list[tuple[int, Status]]] = defaultdict(list)
    acts = Entry.objects.filter(index__gte=size, act__in=_EFFECTS).select_related("target").order_by("index")
    for act in acts.iterator(chunk_size=2000):
        if act.target is None:
            raise LogForked(f"the act at index {act.index} concerns nothing")
        target = entry.parse(bytes(act.target.content))
        if not isinstance(target, entry.Issue | entry.Successor):
            raise LogForked(f"the act at index {act.index} does not concern a qualification")
        effect = _EFFECTS[act.act]
        concerned = [target.status]
        if effect is Status.REVOKED:  # the older versions, still in people's hands, with the newest
            concerned += _older_places(act.target)
        for number, index in concerned:
            changes[number].append((index, effect))
    return changes


def status_list(number: int) -> StatusList:
    """Return a status list as the newest state holds it. Raises: LogForked when the stored one is another."""
    table = StatusTable.objects.get(number=number)
    one = StatusList(number, bytes(table.content))
    if status_leaf(one) != bytes(table.leaf_hash):
        raise LogForked(f"the status list {number} is not the one of the newest state")
    return one


def _older_places(newest: Entry) -> list[entry.Place]:
    """Return the status places of all versions before `newest`."""
    places = []
    older = newest.target if newest.act in ("amend", "reissue") else None
    while older is not None:
        logged = entry.parse(bytes(older.content))
        if isinstance(logged, entry.Issue | entry.Successor):
            places.append(logged.status)
        older = older.target if older.act in ("amend", "reissue") else None
    return places


def _log_state(index: int, statuses: Sequence[Hash], now: datetime) -> Entry:
    """Write the state entry that closes every head, at `index`."""
    last = LoggedState.objects.order_by("-at").first()
    at = now.astimezone(UTC).replace(microsecond=0)
    if last is not None and at <= last.at:
        if last.at - at > CLOCK_DIFFERENCE:
            raise WrongState(
                f"the clock stands at {at:%F %T} UTC, before the last state of {last.at:%F %T}",
                f"đồng hồ đang là {at:%F %T} UTC, trước trạng thái gần nhất {last.at:%F %T}",
                mend="Set the clock. Verifiers would take a state from the future for no state at all.",
                mend_vi="Chỉnh lại đồng hồ. Bên kiểm tra không chấp nhận trạng thái ở tương lai.",
            )
        at = last.at + timedelta(seconds=1)
    digests = page_digests()
    authorities = authority_leaves(digests, authority_size(digests))
    state = entry.State(
        at=at,
        authority_size=len(authorities),
        authority_root=Tree(authorities).root,
        status_size=len(statuses),
        status_root=Tree(statuses).root,
    ).encode()
    logged = Entry.objects.create(index=index, act="state", content=state, leaf_hash=merkle.leaf_hash(state))
    LoggedState.objects.create(entry=logged, at=at)
    return logged


def newest_pages() -> QuerySet[AuthorityPage]:
    """Return the newest logged page of every institution."""
    logged = AuthorityPage.objects.filter(entry__index__isnull=False)
    newer = logged.filter(institution=OuterRef("institution"), version__gt=OuterRef("version"))
    return logged.exclude(Exists(newer))


def page_digests() -> dict[int, bytes]:
    """Return by ordinal the SHA-256 of each institution's page in force, as the log holds it; no page is read."""
    digests = {}
    for content in newest_pages().values_list("entry__content", flat=True):
        logged = entry.parse(bytes(content))
        if not isinstance(logged, entry.Authority):
            raise LogForked("the entry of an authority page says something else")
        digests[logged.institution] = logged.page
    return digests


def _check_new_pages(size: int) -> None:
    """Check the pages logged from `size` on: with this head they become public. Raises: LogForked."""
    for page in AuthorityPage.objects.filter(entry__index__gte=size).select_related("institution", "entry"):
        page_digest(page)


def page_digest(page: AuthorityPage) -> bytes:
    """Return the SHA-256 that the log holds for this page. Raises: LogForked when the stored page is another."""
    logged = entry.parse(bytes(page.entry.content))
    content = bytes(page.content)
    if not isinstance(logged, entry.Authority) or logged.page != canonical.digest(content):
        raise LogForked(f"the authority page {page} is not the one that was logged")
    authority.parse(content)
    return logged.page
