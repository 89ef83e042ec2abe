"""The independent reader of the whole public log: it takes every entry in order and names what should not stand there.

`Replay` shares no state with whoever wrote the log. It reads entries and authority pages, nothing else, and recomputes from
them what a state entry claims. After a fault it goes on, so that one mistake is told once: an act with a fault changes no
status and cuts no key; what can be taken once (an id, a commitment, a place, a page version) is taken also by an entry with a
fault; a page that the ministry signed counts, as every verifier will count it.

A qualification takes some 125 bytes for as long as the log is read: its commitment in a set, two numbers in packed arrays, and
its bits in the lists. Everything else grows with institutions, batches and acts. Signatures are checked once each, as they come.

Spec: docs/spec/entry.md ("What sequencer and fsck refuse")
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sogoc.core import authority, decision, entry, jws, override, state
from sogoc.core.authority import KeyWindow, Page
from sogoc.core.canonical import digest, unb64
from sogoc.core.faults import FAULTS, Fault
from sogoc.core.merkle import Frontier, Hash, leaf_hash, root_hash
from sogoc.core.status import PLACES, Status, StatusList
from sogoc.errors import MalformedError, SignatureError

ReadPage = Callable[[int, int], bytes | None]
"""`page(ordinal, version)`: the bytes of an authority page, or None when they are not there."""

_EARLY_LISTS = 256
_SPARSEST = 1024
"""There are at most 256 lists and one more for each 1,024 places given, so that a hostile log cannot fill the memory."""

_EFFECTS = {
    "revoke": Status.REVOKED,
    "cancel": Status.REVOKED,
    "suspend": Status.SUSPENDED,
    "reinstate": Status.VALID,
}


@dataclass(frozen=True, slots=True)
class _Batch:
    leaf: Hash
    institution: int
    past_powers: bool


@dataclass(slots=True)
class _Open:
    """The batch whose entries are being read."""

    index: int
    leaf: Hash
    institution: int
    missing: int
    root: Hash
    pairs: Frontier
    last: bytes = b""


@dataclass(frozen=True, slots=True)
class _Key:
    jwk: Mapping[str, str]
    in_force: bool


class Replay:
    """Everything that the log says, up to the entry read last.

    `ministry` are the public keys of the ministry as JWK, `page` reads the authority pages that entries name.
    """

    def __init__(self, origin: str, ministry: Sequence[Mapping[str, str]], page: ReadPage) -> None:
        self.size = 0
        self.last: entry.Entry | None = None
        """The entry read last; None where it does not parse."""
        self.counts: Counter[tuple[str, int]] = Counter()
        """How many entries there are of each act and institution; the ministry's and the log's own under ordinal 0."""
        self.state_index: int | None = None
        self.state_at: datetime | None = None
        self.state_lists: list[Hash] = []
        """The leaf hashes of the status tree as recomputed at the newest state entry."""

        self._origin = origin
        self._ministry = {jws.thumbprint(jwk): dict(jwk) for jwk in ministry}
        self._read_page = page
        self._faults: list[Fault] = []

        self._versions: dict[int, int] = {}
        self._digests: dict[int, bytes] = {}
        self._pages: dict[int, Page] = {}
        self._keys: dict[int, dict[str, KeyWindow]] = {}
        self._codes: dict[str, int] = {}
        self._owners: dict[str, int] = {}
        self._cuts: dict[str, int] = {}

        self._ids: set[bytes] = set()
        self._commitments: set[bytes] = set()
        self._lists: list[StatusList] = []
        self._given: list[bytearray] = []
        self._places_given = 0

        self._custodians: dict[int, int] = {}
        # By institution, number and date -> how it is spelt, the total it names, and how many so far.
        self._decisions: dict[tuple[int, str, str], tuple[str, int, int]] = {}

        self._batches: dict[int, _Batch] = {}
        self._open: _Open | None = None
        # By log index: 1 + place in all lists (0: no qualification), and the index of the batch entry.
        self._place = array("Q")
        self._batch = array("Q")
        self._last: dict[int, int] = {}
        self._suspended_by_ministry: set[int] = set()
        self._follows: dict[int, int] = {}  # newer version -> the one it follows

        self._authority_root: Hash | None = None
        self._status_leaves: list[Hash] | None = None
        self._status_root: Hash = root_hash([])

    @property
    def open_batch(self) -> tuple[int, int] | None:
        """The index of a batch whose entries have not all come yet, and how many are missing."""
        return (self._open.index, self._open.missing) if self._open else None

    @property
    def pages(self) -> Mapping[int, int]:
        """The newest logged version of each institution's page, by ordinal."""
        return self._versions

    def feed(self, presented: bytes) -> list[Fault]:
        """Take the next entry of the log and return what is wrong with it."""
        self._faults = []
        self._place.append(0)
        self._batch.append(0)
        self.last = None
        try:
            self.last = one = entry.parse(presented)
        except MalformedError as error:
            self._find("malformed", error.en, error.vi)
            if self._open is not None:
                # Most likely one of the batch: whether it is, its root will say.
                self._count_down(self._open)
        else:
            self._take(one, presented)
        self.size += 1
        return self._faults

    def _take(self, one: entry.Entry, presented: bytes) -> None:
        if isinstance(one, entry.Issue):
            self.counts["issue", one.institution] += 1
            self._take_issue(one)
            return
        self._close_batch_early()
        if not isinstance(one, entry.Authority | entry.State):
            self._take_id(one.id)
        match one:
            case entry.Authority():
                self.counts["authority", one.institution] += 1
                self._take_page(one)
            case entry.Batch():
                self.counts["batch", one.institution] += 1
                self._take_batch(one, leaf_hash(presented))
            case entry.Successor():
                self.counts[one.act, one.institution] += 1
                self._take_successor(one)
            case entry.StatusAct():
                self.counts[one.act, one.institution] += 1
                self._take_status_act(one)
            case entry.Custody():
                self.counts["custody", one.institution] += 1
                self._take_custody(one)
            case entry.KeyCut():
                self.counts["key-cut", entry.MINISTRY] += 1
                self._take_key_cut(one)
            case entry.State():
                self.counts["state", entry.MINISTRY] += 1
                self._take_state(one)

    def _find(self, code: str, en: str = "", vi: str = "", *, index: int | None = None) -> None:
        what, what_vi = FAULTS[code]
        self._faults.append(
            Fault(
                self.size if index is None else index,
                code,
                f"{what}: {en}" if en else what,
                f"{what_vi}: {vi or en}" if en else what_vi,
            )
        )

    def _take_id(self, presented: str) -> None:
        name = unb64(presented, 16)
        if name in self._ids:
            self._find("id-used")
        self._ids.add(name)

    # -- who may act ------------------------------------------------------------------------------------------------

    def _keys_of(self, ordinal: int) -> dict[str, _Key]:
        return {
            kid: _Key(key.jwk, key.covers(self.size) and not self._is_cut(kid))
            for kid, key in self._keys.get(ordinal, {}).items()
        }

    def _ministry_keys(self) -> dict[str, _Key]:
        return {kid: _Key(jwk, not self._is_cut(kid)) for kid, jwk in self._ministry.items()}

    def _is_cut(self, kid: str) -> bool:
        return kid in self._cuts and self._cuts[kid] <= self.size

    def _actors(self, ordinal: int) -> dict[str, _Key]:
        """Return the keys that may act on a qualification of this institution: those on its own page, and the ministry's.

        Who keeps its register for it has one there.
        """
        return self._keys_of(ordinal) | self._ministry_keys()

    def custodian(self, ordinal: int) -> int:
        """Return who keeps the register of this institution now, as an ordinal."""
        return self._custodians.get(ordinal, ordinal)

    def _unsigned(self, statement: entry.Statement, keys: Mapping[str, _Key]) -> str | None:
        """Return why none of `keys` vouches for the statement, as a code of `FAULTS`, or None when one does."""
        named = [keys[one.kid] for one in statement.signatures if one.kid in keys]
        if not named:
            return "author"
        in_force = [key for key in named if key.in_force]
        if not in_force:
            return "key-window"
        return None if any(self._signed_by(statement, key) for key in in_force) else "signature"

    def _signed_by(self, statement: entry.Statement, key: _Key) -> bool:
        try:
            statement.verify(key.jwk, origin=self._origin)
        except SignatureError:
            return False
        return True

    def _check_signed(self, statement: entry.Statement, keys: Mapping[str, _Key]) -> None:
        code = self._unsigned(statement, keys)
        if code is not None:
            self._find(code)

    # -- institutions -------------------------------------------------------------------------------------------------

    def _take_page(self, one: entry.Authority) -> None:
        known = self._versions.get(one.institution, 0)
        if not known and one.institution != len(self._versions) + 1:
            self._find("ordinal-gap", str(one.institution))
            return
        if one.version != known + 1:
            self._find("version", f"{one.institution}/{one.version}")
        if one.version <= known:
            return
        self._versions[one.institution] = one.version
        self._digests[one.institution] = one.page
        self._authority_root = None
        page = self._open_page(one)
        if page is not None:
            self._check_page(page)
            self._put_in_force(page)

    def _open_page(self, one: entry.Authority) -> Page | None:
        """Return the page that an entry names, if it is there, that page, and the ministry's word."""
        where = f"{one.institution}/{one.version}"
        content = self._read_page(one.institution, one.version)
        if content is None:
            self._find("page-missing", where)
            return None
        if digest(content) != one.page:
            self._find("page-digest", where)
            return None
        try:
            page = authority.parse(content)
        except MalformedError as error:
            self._find("page-malformed", f"{where}: {error.en}", f"{where}: {error.vi}")
            return None
        if (page.ordinal, page.version) != (one.institution, one.version):
            self._find("page-other", where)
            return None
        if not self._vouched_for(page):
            self._find("page-signature", where)
            return None
        return page

    def _vouched_for(self, page: Page) -> bool:
        for key in self._ministry_keys().values():
            try:
                if key.in_force and page.verify([key.jwk], origin=self._origin) is not None:
                    return True
            except SignatureError:
                continue
        return False

    def _check_page(self, page: Page) -> None:
        if self._codes.setdefault(page.code, page.ordinal) != page.ordinal:
            self._find("code-used", page.code)
        old = self._pages.get(page.ordinal)
        if old is not None:
            try:
                # A version left out was named already; what the page says is held against the last good one.
                authority.check_succession(replace(old, version=page.version - 1), page)
            except MalformedError as error:
                self._find("succession", error.en, error.vi)
        left_open = old is not None and old.custodian != page.custodian and any(self._open_on(page, old))
        if page.custodian != self.custodian(page.ordinal) or left_open:
            self._find("custody", str(page.custodian))
        for key in page.keys:
            kid = key.kid
            if key.start < self.size and (old is None or old.key(kid) is None):
                self._find("key-backdated", kid)
            if kid in self._ministry or self._owners.setdefault(kid, page.ordinal) != page.ordinal:
                self._find("key-used", kid)
            cut = self._cuts.get(kid)
            if cut is not None and (key.until is None or key.until > cut):
                self._find("cut-ignored", kid)

    def _open_on(self, page: Page, old: Page) -> list[KeyWindow]:
        """Return the keys of the page before that this one leaves in force: a new keeper signs with a key of its own."""
        return [
            key for key in page.keys if old.key(key.kid) is not None and (key.until is None or key.until > self.size)
        ]

    def _put_in_force(self, page: Page) -> None:
        """Let a page that the ministry signed count, but no key of it that is somebody else's."""
        self._pages[page.ordinal] = page
        self._keys[page.ordinal] = {key.kid: key for key in page.keys if self._owners.get(key.kid) == page.ordinal}

    def _take_key_cut(self, one: entry.KeyCut) -> None:
        self._check_signed(one, self._ministry_keys())
        if not self._faults:
            self._cuts[one.key] = min(one.start, self._cuts.get(one.key, one.start))

    def _take_custody(self, one: entry.Custody) -> None:
        """Let a register pass on, when the ministry, who keeps it and who receives it have all signed.

        A dissolved institution has nobody left to sign: one without a key in force hands nothing over itself.
        """
        if (
            not {one.institution, one.custodian} <= self._pages.keys()
            or one.version != self._versions[one.institution]
            or one.custodian == self.custodian(one.institution)
        ):
            self._find("custody", f"{one.institution}, {one.custodian}")
            return
        parties = [self._ministry_keys(), self._keys_of(one.custodian)]
        keeper = self._keys_of(self.custodian(one.institution))
        if any(key.in_force for key in keeper.values()):
            parties.append(keeper)
        for keys in parties:
            self._check_signed(one, keys)
        if not self._faults:
            self._custodians[one.institution] = one.custodian

    # -- batches ------------------------------------------------------------------------------------------------------

    def _take_batch(self, one: entry.Batch, leaf: Hash) -> None:
        self._check_signed(one, self._keys_of(one.institution))
        if one.override and self._unsigned(one, self._ministry_keys()) is not None:
            self._find("override")
        if one.provenance == "A" and self.custodian(one.institution) != one.institution:
            self._find("provenance")
        self._count_decision(one)
        self._batches[self.size] = _Batch(leaf, one.institution, override.past_powers(one.override))
        self._open = _Open(self.size, leaf, one.institution, one.count, one.root, Frontier.empty())

    def _count_decision(self, one: entry.Batch) -> None:
        which = (one.institution, decision.same(one.decision_number), one.decided_on)
        spelt, total, before = self._decisions.get(which, (one.decision_number, one.decision_total, 0))
        self._decisions[which] = (spelt, total, before + one.count)
        if one.decision_number != spelt:
            self._find("decision-spelling", f"{spelt}, {one.decision_number}")
        if one.decision_total != total or before + one.count > total:
            self._find("decision-total", f"{before + one.count} / {one.decision_total}")

    def _close_batch_early(self) -> None:
        if self._open is not None:
            self._find("batch-cut-short", f"{self._open.index}, -{self._open.missing}")
            self._open = None

    def _take_issue(self, one: entry.Issue) -> None:
        batch = self._open
        if batch is None:
            self._find("stray-issue")
            self._take_commitment(one.commitment)
            self._take_place(one.status)
            return
        if one.batch != batch.leaf:
            self._find("other-batch")
        if one.institution != batch.institution:
            self._find("institution")
        if one.commitment <= batch.last:
            self._find("batch-order")
        self._take_commitment(one.commitment)
        self._register(one.status, batch.index)
        batch.last = one.commitment
        batch.pairs = batch.pairs.extend([leaf_hash(entry.pair(one.commitment, one.status))])
        self._count_down(batch)

    def _count_down(self, batch: _Open) -> None:
        batch.missing -= 1
        if not batch.missing:
            self._open = None
            if batch.pairs.root() != batch.root:
                self._find("batch-root", index=batch.index)

    def _take_commitment(self, commitment: bytes) -> None:
        if commitment in self._commitments:
            self._find("commitment-used")
        self._commitments.add(commitment)

    def _register(self, place: entry.Place, batch: int) -> None:
        """Note that the entry at hand is a qualification of the batch at index `batch`, with this status place."""
        if self._take_place(place):
            self._place[self.size] = place[0] * PLACES + place[1] + 1
            self._batch[self.size] = batch

    def _take_place(self, place: entry.Place) -> bool:
        """Give a status place to the entry at hand; False when there is no such place yet."""
        number, index = place
        if not self._open_lists(number + 1):
            self._find("place-far", str(number))
            return False
        byte, bit = index >> 3, 1 << (index & 7)
        if self._given[number][byte] & bit:
            self._find("place-used", f"{number}/{index}")
        self._given[number][byte] |= bit
        self._places_given += 1
        return True

    def _open_lists(self, count: int) -> bool:
        """Let there be at least `count` status lists; False when so many cannot be needed yet."""
        if count > _EARLY_LISTS + self._places_given // _SPARSEST:
            return False
        while len(self._lists) < count:
            self._lists.append(StatusList(len(self._lists)))
            self._given.append(bytearray(PLACES // 8))
            self._status_leaves = None
        return True

    # -- acts on one qualification --------------------------------------------------------------------------------------

    def _take_status_act(self, one: entry.StatusAct) -> None:
        if self._check_chain(one, one.target, one.previous, one.institution) is Status.REVOKED:
            self._find("after-revocation")
        by_ministry = self._unsigned(one, self._ministry_keys()) is None
        if one.act == "reinstate" and one.target in self._suspended_by_ministry and not by_ministry:
            self._find("author")
        if not self._faults:
            if one.act == "suspend" and by_ministry:
                self._suspended_by_ministry.add(one.target)
            elif one.act == "reinstate":
                self._suspended_by_ministry.discard(one.target)
            self._mark(one.target, _EFFECTS[one.act])
            self._last[one.target] = self.size
            if _EFFECTS[one.act] is Status.REVOKED:
                older = self._follows.get(one.target)
                while older is not None:
                    self._mark(older, Status.REVOKED)
                    older = self._follows.get(older)

    def _take_successor(self, one: entry.Successor) -> None:
        now = self._check_chain(one, one.follows, one.previous, one.institution)
        if now is Status.REVOKED:
            self._find("after-revocation")
        if now is Status.SUSPENDED:
            self._find("after-suspension")
        self._take_commitment(one.commitment)
        if now is None:
            self._take_place(one.status)
            return
        batch = self._batch[one.follows]
        if one.batch != self._batches[batch].leaf:
            self._find("other-batch")
        if self._batches[batch].past_powers and self._unsigned(one, self._ministry_keys()) is not None:
            self._find("override")
        self._register(one.status, batch)
        if self._faults:
            self._place[self.size] = 0
            return
        self._mark(one.follows, Status.SUPERSEDED)
        self._follows[self.size] = one.follows
        self._last.pop(one.follows, None)

    def _check_chain(self, one: entry.Statement, target: int, previous: int, institution: int) -> Status | None:
        """Check that an act concerns the newest version, after the last act on it, by who may; return its status."""
        if target >= self.size or not self._place[target]:
            self._find("target", str(target))
            return None
        owner = self._batches[self._batch[target]].institution
        if institution != owner:
            self._find("institution")
        self._check_signed(one, self._actors(owner))
        now = self._status(target)
        if now is Status.SUPERSEDED:
            self._find("not-newest", str(target))
        elif previous != self._last.get(target, target):
            self._find("previous", str(previous))
        return now

    def _status(self, index: int) -> Status:
        number, place = divmod(self._place[index] - 1, PLACES)
        return self._lists[number][place]

    def _mark(self, index: int, status: Status) -> None:
        number, place = divmod(self._place[index] - 1, PLACES)
        if self._lists[number][place] is not status:
            self._lists[number][place] = status
            self._status_leaves = None

    # -- state ----------------------------------------------------------------------------------------------------------

    def _take_state(self, one: entry.State) -> None:
        if self.state_at is not None and one.at <= self.state_at:
            self._find("state-time", entry.write_time(one.at))
        else:
            self.state_at = one.at
        if self._authority_root is None:
            self._authority_root = root_hash(state.authority_leaves(self._digests, state.authority_size(self._digests)))
        if (one.authority_size, one.authority_root) != (state.authority_size(self._digests), self._authority_root):
            self._find("state-authority")
        # A state may show a list of which no place was logged yet: it is all valid.
        self._open_lists(one.status_size)
        if self._status_leaves is None:
            self._status_leaves = state.status_leaves(self._lists)
            self._status_root = root_hash(self._status_leaves)
        if (one.status_size, one.status_root) != (len(self._status_leaves), self._status_root):
            self._find("state-status")
        self.state_index, self.state_lists = self.size, self._status_leaves
