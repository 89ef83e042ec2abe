"""Evidence and diplomas, built on demand from register and public files. Nothing here is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import islice
from typing import cast

from django.db.models import Exists, OuterRef, QuerySet

from sogoc.core import authority, entry, merkle, tiles
from sogoc.core.evidence import Act, Evidence, Fresh, Lasting, Link, Logged
from sogoc.core.merkle import Hash, Tree
from sogoc.core.receipt import Receipt
from sogoc.core.state import authority_leaves, authority_size, status_leaf
from sogoc.core.status import Status, StatusList
from sogoc.errors import WrongState
from sogoc.ports import Keyring, Log, Printer
from sogoc.register.models import (
    ActDetail,
    Anchor,
    Checkpoint,
    Entry,
    Row,
    StatusTable,
)
from sogoc.register.records import credential, record_of, schema_of
from sogoc.services import sealing
from sogoc.services.sequencing import newest_pages, page_digest, page_digests, status_list

_ROWS = 500
"""So many rows at a time `evidences` asks for what was decided about them."""
_HEADS = 4
"""Of so many heads a counter keeps the upper tiles and what links them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """What the lasting halves of all entries between two states share: the head under which they stand, the states, the anchor."""

    after: int
    before: int
    head: Checkpoint
    older: Logged | None
    newer: Logged | None
    anchor: dict[str, object] | None

    def __contains__(self, index: int) -> bool:
        return self.after < index < self.before


class Counter:
    """Hands out evidence at the newest published head. Make one for a set of diplomas: what several of them share is read and
    proven once. What it keeps does not grow with the number of diplomas, only with that of institutions and status lists.
    """

    def __init__(self, log: Log) -> None:
        head = Checkpoint.objects.filter(published=True).order_by("-size").first()
        if head is None or head.note is None:
            raise WrongState("nothing is published yet", "chưa công bố gì")
        self.log = log
        self.head = head
        self.note = head.note
        self._read = lru_cache(_HEADS)(lambda size: tiles.tile_reader(log.public.get, size))
        self._linked = lru_cache(_HEADS)(self._link)
        self._proven = lru_cache(_HEADS)(self.logged)
        self._spans: list[_Span] = []
        self._trees: dict[int, tuple[Tree, dict[int, Tree]]] = {}
        self._pages: dict[int, _Page] = {}
        self._lists: dict[int, tuple[StatusList, bytes]] = {}

    @cached_property
    def state(self) -> Logged:
        """The state entry that closes this head."""
        return self.logged(Entry.objects.get(index=self.head.size - 1))

    @cached_property
    def digests(self) -> dict[int, bytes]:
        """By ordinal the SHA-256 of each institution's page in force."""
        return page_digests()

    @cached_property
    def lists(self) -> list[Hash]:
        """The leaf hashes of the status lists."""
        tables = StatusTable.objects.order_by("number").values_list("leaf_hash", flat=True)
        return [bytes(leaf) for leaf in tables]

    @cached_property
    def page_tree(self) -> Tree:
        return self._as_stated(Tree(authority_leaves(self.digests, authority_size(self.digests))), "authority_root")

    @cached_property
    def list_tree(self) -> Tree:
        return self._as_stated(Tree(self.lists), "status_root")

    def _as_stated(self, tree: Tree, name: str) -> Tree:
        """Refuse a tree that is not the one of the state at this head: the register went on meanwhile, or was altered."""
        if tree.root != getattr(entry.parse(self.state.entry), name):
            raise _went_on()
        return tree

    # -- fresh half ---------------------------------------------------------------------------------------------

    def fresh(
        self, *, ordinals: Iterable[int] | None = None, numbers: Iterable[int] | None = None, acts: Sequence[Act] = (),
        sizes: Iterable[int] = (),
    ) -> Fresh:  # fmt: skip
        """Return a fresh half for these institutions and lists (None: all), linked from `sizes` and from the last anchors."""
        chosen = sorted(self.digests) if ordinals is None else ordinals
        lists = range(len(self.lists)) if numbers is None else numbers
        starts = sorted({size for size in (*sizes, *self._newest_anchors) if 0 < size < self.head.size})
        return Fresh(
            checkpoint=self.note,
            links=tuple(self._linked(size) for size in starts),
            state=self.state,
            authorities=tuple((self._page(ordinal).content, self._page(ordinal).path) for ordinal in chosen),
            statuses=tuple((number, self._list(number)[1], tuple(self.list_tree.proof(number))) for number in lists),
            acts=tuple(acts),
        )

    def pack(self) -> Fresh:
        """Return the fresh half of the whole country, linked from every head that was ever public: what an offline verifier renews.

        Not from the anchored ones alone, because evidence is handed out before its head is anchored too.
        """
        return self.fresh(sizes=Checkpoint.objects.filter(published=True).values_list("size", flat=True))

    @cached_property
    def _newest_anchors(self) -> list[int]:
        """The sizes of the newest two heads that a chain was last seen to hold, and of those on their way to one."""
        newest = self.anchored().order_by("-size").values_list("size", flat=True)[:2]
        waiting = Anchor.objects.filter(block_number__isnull=True, size__lt=self.head.size)
        return [*newest, *waiting.values_list("size", flat=True)]

    def anchored(self) -> QuerySet[Checkpoint]:
        """The heads up to this one that a chain was last seen to hold."""
        held = Anchor.objects.filter(block_number__isnull=False, size=OuterRef("size"))
        return Checkpoint.objects.filter(Exists(held), size__lte=self.head.size, published=True, note__isnull=False)

    def _link(self, size: int) -> Link:
        proof = merkle.consistency_proof(size, self.head.size, self._read(self.head.size))
        return Link(start=size, end=self.head.size, proof=tuple(proof))

    def _page(self, ordinal: int) -> _Page:
        if ordinal not in self._pages:
            stored = newest_pages().select_related("entry").get(institution__ordinal=ordinal)
            if page_digest(stored) != self.digests[ordinal]:
                raise _went_on()
            content = bytes(stored.content)
            keeper = authority.parse(content).custodian
            self._pages[ordinal] = _Page(content, tuple(self.page_tree.proof(ordinal)), keeper)
        return self._pages[ordinal]

    def status(self, place: entry.Place) -> Status | None:
        """What the lists of this head say of a place; None where they have none."""
        number, index = place
        return self._list(number)[0][index] if number < len(self.lists) else None

    def _list(self, number: int) -> tuple[StatusList, bytes]:
        """A status list, and as evidence carries it."""
        if number not in self._lists:
            stored = status_list(number)
            if status_leaf(stored) != self.lists[number]:
                raise _went_on()
            self._lists[number] = stored, stored.compressed()
        return self._lists[number]

    # -- lasting half -------------------------------------------------------------------------------------------

    def logged(self, one: Entry, size: int | None = None) -> Logged:
        """Return an entry with its proof under the head of `size` (the newest when None). Raises: WrongState while it waits."""
        size = size or self.head.size
        if one.index is None or one.index >= size:
            raise WrongState("the entry is not public yet", "mục này chưa được công bố")
        proof = merkle.inclusion_proof(one.index, size, self._read(size))
        return Logged(entry=bytes(one.content), index=one.index, proof=tuple(proof))

    def evidence(self, row: Row, *, names: Iterable[str] | None = None) -> Evidence:
        """Return the evidence of one version of a qualification, showing the fields `names` (None: those of the face).

        Raises: Erased; WrongState when it is not published yet, or the register no longer gives what was signed.
        """
        (one,) = self.evidences([row], names=names)
        return one

    def evidences(self, rows: Iterable[Row], *, names: Iterable[str] | None = None) -> Iterator[Evidence]:
        """Return the evidence of each of these versions, any number: fastest batch by batch. Raises: as `evidence`."""
        chosen = None if names is None else list(names)
        remaining = iter(rows)
        while part := list(islice(remaining, _ROWS)):
            acts = self._last_acts(part)
            for row in part:
                leaf, span = self._placed(row)
                fresh = self.fresh(
                    ordinals=self.issuer_and_keeper(row.institution.ordinal),
                    numbers=[row.seal.status_list],
                    acts=[self._act(acts[leaf.pk])] if leaf.pk in acts else [],
                    sizes=[span.head.size],
                )
                yield Evidence(lasting=self.lasting(row, names=chosen), fresh=fresh)

    def lasting(self, row: Row, *, names: Iterable[str] | None = None) -> Lasting:
        """Return the half of the evidence that never needs renewal. Raises: as `evidence`."""
        leaf, span = self._placed(row)
        size = span.head.size
        return Lasting(
            credential=credential(row, origin=self.log.origin, names=schema_of(row).face if names is None else names),
            checkpoint=span.head.note,
            leaf=self.logged(leaf, size),
            batch=self._proven(cast(Entry, row.batch.entry), size),
            path=self._path(row) if row.follows_id is None else None,
            after=span.older,
            before=span.newer,
            anchor=span.anchor,
        )

    def _placed(self, row: Row) -> tuple[Entry, _Span]:
        """Return the entry of a row and the states that it stands between."""
        leaf = row.logged
        if leaf is None or leaf.index is None or row.batch.entry is None or leaf.index >= self.head.size:
            raise WrongState("the diploma is not published yet", "văn bằng chưa được công bố")
        if not any(leaf.index in span for span in self._spans):
            self._spans = [self._span(leaf.index)]
        return leaf, self._spans[0]

    def _span(self, index: int) -> _Span:
        """Return the states around an entry and the head under which its lasting half stands: the first anchored one that holds it.

        A head ends with a state, so it is one head for all entries between two states.
        """
        head = self.anchored().filter(size__gt=index).order_by("size").first() or self.head
        states = Entry.objects.filter(act="state")
        older = states.filter(index__lt=index).order_by("-index").first()
        newer = states.filter(index__gt=index, index__lt=head.size).order_by("index").first()
        return _Span(
            after=cast(int, older.index) if older else -1,
            before=cast(int, newer.index) if newer else head.size,
            head=head,
            older=self.logged(older, head.size) if older else None,
            newer=self.logged(newer, head.size) if newer else None,
            anchor=self._hint(head),
        )

    def issuer_and_keeper(self, ordinal: int) -> list[int]:
        """Return whose pages speak for a register: its own, and that of the institution which keeps it now."""
        return sorted({ordinal, self._page(ordinal).keeper})

    def _path(self, row: Row) -> tuple[Hash, ...]:
        """Return the path of an issued row in the tree of its batch: in the log it stands as far behind the entry of the batch."""
        batch = row.batch
        run, place = divmod(cast(int, row.entry.index) - cast(int, cast(Entry, batch.entry).index) - 1, merkle.RUN)
        if batch.pk not in self._trees:
            self._trees = {batch.pk: (Tree.packed(bytes(batch.runs or b"")), {})}
        roots, runs = self._trees[batch.pk]
        if run not in runs:
            start = run * merkle.RUN
            runs[run] = Tree(list(sealing.logged_leaves(batch, range(start, start + merkle.RUN))))
        return (*runs[run].proof(place), *roots.proof(run))

    def _hint(self, head: Checkpoint) -> dict[str, object] | None:
        anchor = Anchor.objects.filter(size=head.size, block_number__isnull=False).order_by("sequence").first()
        if anchor is None or anchor.sequence is None:
            return None
        return {"chain_id": anchor.chain_id, "contract": anchor.contract, "sequence": anchor.sequence}

    def _last_acts(self, rows: Sequence[Row]) -> dict[int, Entry]:
        """Return by the id of the entry that it concerns the last act on each of these versions."""
        leaves = [row.logged.pk for row in rows if row.logged is not None]
        acts = Entry.objects.filter(target__in=leaves, index__lt=self.head.size).select_related("detail")
        return {cast(int, act.target_id): act for act in acts.order_by("index")}

    def _act(self, act: Entry) -> Act:
        detail: ActDetail | None = getattr(act, "detail", None)  # a restore may have lost it
        if detail is None:
            return Act(logged=self.logged(act))
        return Act(logged=self.logged(act), decision_number=detail.decision_number, salt=bytes(detail.salt))

    def receipt(self, one: Entry) -> Receipt:
        """Return the proof that an entry stands in the log, in the common format of transparency logs."""
        logged = self.logged(one)
        return Receipt(index=logged.index, proof=logged.proof, note=self.note)


@dataclass(frozen=True, slots=True)
class _Page:
    """An authority page, its place in the tree of the state, and who keeps the register that it speaks of."""

    content: bytes
    path: tuple[Hash, ...]
    keeper: int


def _went_on() -> WrongState:
    return WrongState(
        "the register is no longer at this head",
        "sổ gốc không còn ở điểm chốt này",
        mend="Try again; if it stays so, finish what was begun (`sogoc publish`).",
        mend_vi="Hãy thử lại; nếu vẫn vậy, hoàn tất việc dở dang (`sogoc publish`).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Diploma:
    """A signed PDF with its evidence, and the evidence by itself."""

    pdf: bytes
    evidence: bytes


def diploma(*, row: Row, counter: Counter, printer: Printer, keyring: Keyring, now: datetime) -> Diploma:
    """Print and sign the diploma of a row, with the evidence of its face inside.

    Raises: WrongState, also for a version that was amended and not issued again; KeyUnavailable.
    """
    if row.origin == Row.Origin.AMEND:
        raise WrongState(
            "an amended diploma is never printed again: the original stays, with the decision beside it",
            "văn bằng đã chỉnh sửa không in lại: bản chính giữ nguyên, kèm quyết định chỉnh sửa",
            mend="Hand out the evidence of the newest version as a .json file.",
            mend_vi="Giao hồ sơ chứng cứ của bản mới nhất dưới dạng tệp .json.",
        )
    schema, fields = schema_of(row), record_of(row)
    attached = counter.evidence(row).encode()
    face = {name: fields[name] for name in schema.face if name in fields}
    pdf = printer.render(
        face,
        verify_url=f"https://{counter.log.origin.split('/')[0]}/v/{row.identifier.replace('-', '')}",
        evidence=attached,
        trial=counter.log.trial,
        created_at=now,
    )
    key = sealing.signing_key(row.institution)  # not the one of then: verifiers take a page only under a key in force
    signed = printer.sign(pdf, signer=keyring(key.uri), certificate=bytes(key.certificate), signed_at=now)
    return Diploma(pdf=signed, evidence=attached)
