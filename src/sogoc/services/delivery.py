"""Evidence and diplomas, built on demand from register and public files. Nothing here is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import cast

from sogoc.core import authority, entry, merkle, tiles
from sogoc.core.credentials import sd_jwt
from sogoc.core.evidence import Act, Evidence, Fresh, Lasting, Link, Logged
from sogoc.core.merkle import Tree
from sogoc.core.receipt import Receipt
from sogoc.core.state import authority_leaves, authority_size, status_leaves
from sogoc.core.status import StatusList
from sogoc.errors import WrongState
from sogoc.ports import Keyring, Log, Printer
from sogoc.register.models import (
    ActDetail,
    Anchor,
    AuthorityPage,
    Batch,
    Checkpoint,
    Entry,
    LoggedState,
    Row,
    StatusTable,
)
from sogoc.register.records import credential, record_of, schema_of
from sogoc.services import sealing
from sogoc.services.sequencing import newest_pages, page_digest


class Counter:
    """Hands out evidence at the newest published head. Make one for a set of diplomas: it reads head, pages and lists once."""

    def __init__(self, log: Log) -> None:
        head = Checkpoint.objects.filter(published=True).order_by("-size").first()
        if head is None or head.note is None:
            raise WrongState("nothing is published yet", "chưa công bố gì")
        self.log = log
        self.head = head
        self.note = head.note
        self.read = tiles.tile_reader(log.public.get, head.size)
        self._trees: dict[int, Tree] = {}

    @cached_property
    def anchored(self) -> list[Checkpoint]:
        """Heads that a chain was last seen to hold, smallest first."""
        held = Anchor.objects.filter(block_number__isnull=False, size__lte=self.head.size).values("size")
        return list(Checkpoint.objects.filter(size__in=held, published=True, note__isnull=False).order_by("size"))

    @cached_property
    def state(self) -> LoggedState:
        return LoggedState.objects.select_related("entry").filter(entry__index__lt=self.head.size).order_by("-at")[0]

    @cached_property
    def pages(self) -> dict[int, AuthorityPage]:
        return dict(newest_pages())

    @cached_property
    def page_tree(self) -> Tree:
        digests = {ordinal: page_digest(page) for ordinal, page in self.pages.items()}
        return self._as_stated(Tree(authority_leaves(digests, authority_size(digests))), "authority_root")

    @cached_property
    def lists(self) -> list[StatusList]:
        return [StatusList(table.number, bytes(table.content)) for table in StatusTable.objects.order_by("number")]

    @cached_property
    def list_tree(self) -> Tree:
        return self._as_stated(Tree(status_leaves(self.lists)), "status_root")

    def _as_stated(self, tree: Tree, name: str) -> Tree:
        """Refuse a tree that is not the one of the state at this head: the register went on meanwhile, or was altered."""
        if tree.root != getattr(entry.parse(bytes(self.state.entry.content)), name):
            raise WrongState(
                "the register is no longer at this head",
                "sổ gốc không còn ở điểm chốt này",
                mend="Try again; if it stays so, finish what was begun (`sogoc publish`).",
                mend_vi="Hãy thử lại; nếu vẫn vậy, hoàn tất việc dở dang (`sogoc publish`).",
            )
        return tree

    # -- fresh half ---------------------------------------------------------------------------------------------

    def fresh(
        self, *, ordinals: Iterable[int] | None = None, numbers: Iterable[int] | None = None, acts: Sequence[Act] = (),
        sizes: Iterable[int] = (),
    ) -> Fresh:  # fmt: skip
        """Return a fresh half for these institutions and lists (None: all), linked from `sizes` and from the last anchors."""
        chosen = sorted(self.pages) if ordinals is None else list(ordinals)
        lists = range(len(self.lists)) if numbers is None else list(numbers)
        anchors = [head.size for head in self.anchored[-2:]] + self._in_flight()
        starts = sorted({size for size in (*sizes, *anchors) if 0 < size < self.head.size})
        return Fresh(
            checkpoint=self.note,
            links=tuple(self._link(size) for size in starts),
            state=self.logged(self.state.entry),
            authorities=tuple(
                (bytes(self.pages[ordinal].content), tuple(self.page_tree.proof(ordinal))) for ordinal in chosen
            ),
            statuses=tuple(
                (number, self.lists[number].compressed(), tuple(self.list_tree.proof(number))) for number in lists
            ),
            acts=tuple(acts),
        )

    def pack(self) -> Fresh:
        """Return the fresh half of the whole country, linked from every head that was ever public: what an offline verifier renews.

        Not from the anchored ones alone, because evidence is handed out before its head is anchored too.
        """
        return self.fresh(sizes=Checkpoint.objects.filter(published=True).values_list("size", flat=True))

    def _in_flight(self) -> list[int]:
        waiting = Anchor.objects.filter(block_number__isnull=True, size__lt=self.head.size)
        return list(waiting.values_list("size", flat=True))

    def _link(self, size: int) -> Link:
        return Link(
            start=size, end=self.head.size, proof=tuple(merkle.consistency_proof(size, self.head.size, self.read))
        )

    # -- lasting half -------------------------------------------------------------------------------------------

    def logged(self, one: Entry, head: Checkpoint | None = None) -> Logged:
        """Return an entry with its proof under `head` (the newest when None). Raises: WrongState while it waits."""
        size = (head or self.head).size
        if one.index is None or one.index >= size:
            raise WrongState("the entry is not public yet", "mục này chưa được công bố")
        read = self.read if head is None else tiles.tile_reader(self.log.public.get, size)
        return Logged(
            entry=bytes(one.content), index=one.index, proof=tuple(merkle.inclusion_proof(one.index, size, read))
        )

    def evidence(self, row: Row, *, names: Iterable[str] | None = None) -> Evidence:
        """Return the evidence of one version of a qualification, showing the fields `names` (None: those of the face).

        Raises: Erased; WrongState when it is not published yet, or the register no longer gives what was signed.
        """
        leaf, base = self._placed(row)
        fresh = self.fresh(
            ordinals=self.issuer_and_keeper(row.institution.ordinal),
            numbers=[row.seal.status_list],
            acts=self._acts(leaf),
            sizes=[base.size],
        )
        return Evidence(lasting=self.lasting(row, names=names), fresh=fresh)

    def lasting(self, row: Row, *, names: Iterable[str] | None = None) -> Lasting:
        """Return the half of the evidence that never needs renewal. Raises: as `evidence`."""
        leaf, base = self._placed(row)
        index = cast(int, leaf.index)
        schema, fields = schema_of(row), record_of(row)
        shown = [name for name in (schema.face if names is None else names) if name in fields]
        whole = credential(row, origin=self.log.origin)
        return Lasting(
            credential=sd_jwt.show(whole, shown),
            checkpoint=base.note,
            leaf=self.logged(leaf, base),
            batch=self.logged(cast(Entry, row.batch.entry), base),
            path=self._path(row) if row.follows_id is None else None,
            after=self._state_beside(index, base, before=True),
            before=self._state_beside(index, base, before=False),
            anchor=self._hint(base),
        )

    def _placed(self, row: Row) -> tuple[Entry, Checkpoint]:
        """Return the entry of a row and the head under which its lasting half stands: the first anchored one that holds it."""
        leaf = row.logged
        if leaf is None or leaf.index is None or row.batch.entry is None or leaf.index >= self.head.size:
            raise WrongState("the diploma is not published yet", "văn bằng chưa được công bố")
        index = leaf.index
        return leaf, next((head for head in self.anchored if head.size > index), self.head)

    def issuer_and_keeper(self, ordinal: int) -> list[int]:
        """Return whose pages speak for a register: its own, and that of the institution which keeps it now."""
        page = self.pages.get(ordinal)
        keeper = authority.parse(bytes(page.content)).custodian if page is not None else ordinal
        return sorted({ordinal, keeper})

    def _path(self, row: Row) -> tuple[bytes, ...]:
        batch = row.batch
        if batch.pk not in self._trees:
            pairs = self._pairs_logged(batch) if batch.state == Batch.State.LOST else self._pairs(batch)
            self._trees = {batch.pk: Tree([merkle.leaf_hash(entry.pair(*pair)) for pair in pairs])}
        return tuple(self._trees[batch.pk].proof(self._position(row)))

    @staticmethod
    def _position(row: Row) -> int:
        """The place of an issued row in its batch: in the log its entry stands as far behind that of the batch."""
        return cast(int, row.entry.index) - cast(int, cast(Entry, row.batch.entry).index) - 1

    def _pairs(self, batch: Batch) -> Iterator[tuple[bytes, entry.Place]]:
        return ((committed, place) for _, committed, place in sealing.sealed_rows(batch.pk))

    def _pairs_logged(self, batch: Batch) -> Iterator[tuple[bytes, entry.Place]]:
        """Read the pairs of a batch from the log: a restore left only some of its rows."""
        first = cast(int, cast(Entry, batch.entry).index) + 1
        logged = Entry.objects.filter(index__gte=first, index__lt=first + batch.count).order_by("index")
        for content in logged.values_list("content", flat=True):
            one = entry.parse(bytes(content))
            if isinstance(one, entry.Issue):
                yield one.commitment, one.status

    def _state_beside(self, index: int, head: Checkpoint, *, before: bool) -> Logged | None:
        states = Entry.objects.filter(act="state")
        beside = (
            states.filter(index__lt=index).order_by("-index").first()
            if before
            else states.filter(index__gt=index, index__lt=head.size).order_by("index").first()
        )
        return self.logged(beside, head) if beside is not None else None

    def _hint(self, head: Checkpoint) -> dict[str, object] | None:
        anchor = Anchor.objects.filter(size=head.size, block_number__isnull=False).order_by("sequence").first()
        if anchor is None or anchor.sequence is None:
            return None
        return {"chain_id": anchor.chain_id, "contract": anchor.contract, "sequence": anchor.sequence}

    def _acts(self, leaf: Entry) -> list[Act]:
        acts = Entry.objects.filter(target=leaf, index__lt=self.head.size).select_related("detail").order_by("-index")
        return [self._act(act) for act in acts[:1]]

    def _act(self, act: Entry) -> Act:
        detail: ActDetail | None = getattr(act, "detail", None)  # a restore may have lost it
        if detail is None:
            return Act(logged=self.logged(act))
        return Act(logged=self.logged(act), decision_number=detail.decision_number, salt=bytes(detail.salt))

    def receipt(self, one: Entry) -> Receipt:
        """Return the proof that an entry stands in the log, in the common format of transparency logs."""
        logged = self.logged(one)
        return Receipt(index=logged.index, proof=logged.proof, note=self.note)


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
