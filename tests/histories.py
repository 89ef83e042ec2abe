"""Histories of a small archive, written entry by entry: a log that is right, and the means to make it wrong in one place.

The writer keeps its own books, as simple as possible, and shares with the package only the forms of entries and pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar

from sogoc.core import entry
from sogoc.core.authority import KeyWindow, Name, Page, Power
from sogoc.core.canonical import b64
from sogoc.core.faults import Fault
from sogoc.core.replay import Replay
from tests import reference
from tests.archive import ORIGIN, Key

START = datetime(2026, 7, 1, tzinfo=UTC)
S = TypeVar("S", bound=entry.Statement)


MINISTRY, SECOND_MINISTRY, STRANGER = Key("ministry"), Key("second ministry"), Key("stranger")
KEYS = [Key(f"institution {number}") for number in range(16)]
"""The first key of the institution of each ordinal."""


def hash_of(*words: object) -> bytes:
    return sha256(repr(words).encode()).digest()


class History:
    """A log under construction. Every method appends entries that are right, unless it is told otherwise by `changes`."""

    def __init__(self) -> None:
        self.entries: list[bytes] = []
        self.pages: dict[int, Page] = {}
        self.files: dict[tuple[int, int], bytes] = {}
        self.logged_pages: dict[int, bytes] = {}
        self.batches: dict[int, entry.Batch] = {}
        self.batch_of: dict[int, int] = {}
        self.status: dict[entry.Place, int] = {}
        self.place: dict[int, entry.Place] = {}
        self.newest: list[int] = []
        self.last: dict[int, int] = {}
        self.older: dict[int, int] = {}
        self.held: set[int] = set()
        """What the ministry suspended, so that nobody else reinstates it."""
        self.keys: dict[int, Key] = {}
        """The key with which each institution signs now."""
        self.now = START
        self.made = 0

    @property
    def size(self) -> int:
        return len(self.entries)

    def fresh(self, what: str) -> bytes:
        self.made += 1
        return hash_of(what, self.made)

    def append(self, one: entry.Entry | bytes) -> int:
        self.entries.append(one if isinstance(one, bytes) else one.encode())
        return len(self.entries) - 1

    def faults(self, *, ministry: Sequence[Key] = (MINISTRY, SECOND_MINISTRY)) -> list[Fault]:
        machine = self.replay(ministry=ministry)
        return [fault for one in self.entries for fault in machine.feed(one)]

    def replay(self, *, ministry: Sequence[Key] = (MINISTRY, SECOND_MINISTRY)) -> Replay:
        return Replay(ORIGIN, [key.jwk for key in ministry], lambda *where: self.files.get(where))

    # -- institutions ---------------------------------------------------------------------------------------------------

    def page(self, ordinal: int, **changes: Any) -> Page:
        """Return the next page of an institution, unsigned."""
        old = self.pages.get(ordinal)
        page = (
            replace(old, version=old.version + 1, signatures=())
            if old
            else Page(
                ordinal=ordinal,
                version=1,
                code=f"TRUONG{ordinal:02d}",
                category="university",
                names=(Name(vi=f"Trường số {ordinal}", en=f"School {ordinal}", valid_from="1990-01-01"),),
                identifiers={},
                keys=(KeyWindow(jwk=KEYS[ordinal].jwk, holder="Phòng Đào tạo", start=self.size),),
                powers=(
                    Power(
                        kind="degree",
                        level="bachelor",
                        programme="*",
                        mode="*",
                        valid_from="1990-01-01",
                        legal_basis="QĐ 1",
                    ),
                ),
                signers=(),
                custodian=ordinal,
            )
        )
        return replace(page, **changes)

    def log_page(self, page: Page, *, by: Key = MINISTRY, origin: str = ORIGIN) -> int:
        page = by.signed(page, origin=origin)
        content = page.encode()
        self.pages[page.ordinal] = page
        self.files[page.ordinal, page.version] = content
        self.logged_pages[page.ordinal] = sha256(content).digest()
        return self.append(
            entry.Authority(institution=page.ordinal, version=page.version, page=sha256(content).digest())
        )

    def accredit(self, **changes: Any) -> int:
        """Log the first page of one more institution and return its ordinal."""
        ordinal = len(self.pages) + 1
        self.keys[ordinal] = KEYS[ordinal]
        self.log_page(self.page(ordinal, **changes))
        return ordinal

    def kept_page(self, ordinal: int, custodian: int, key: Key) -> int:
        """Log the page that follows a hand-over: all keys end, and `key` of the new keeper begins."""
        self.keys[ordinal] = key
        ended = [
            replace(one, until=self.size if one.until is None else min(one.until, self.size))
            for one in self.pages[ordinal].keys
        ]
        window = KeyWindow(jwk=key.jwk, holder="", start=self.size)
        return self.log_page(self.page(ordinal, custodian=custodian, keys=(*ended, window)))

    def keeper(self, ordinal: int) -> int:
        """Return who keeps the register of an institution, by its newest page."""
        return self.pages[ordinal].custodian if ordinal in self.pages else ordinal

    def cut(self, key: Key, start: int, *, by: Key = MINISTRY, **changes: Any) -> int:
        cut = entry.KeyCut(id=self.id(), key=key.kid, start=start, on="2026-07-20", wording="by-decision")
        return self.append(self.signed(replace(cut, **changes), by))

    def hand_over(self, ordinal: int, custodian: int, *, by: Sequence[Key] | None = None, **changes: Any) -> int:
        """Log that the register of an institution is handed over; its page does not say so yet."""
        custody = entry.Custody(
            id=self.id(), books=(("degree", "1998", 12, self.fresh("book")),), custodian=custodian,
            decision=self.fresh("decision"), institution=ordinal, on="2026-07-19",
            version=self.pages[ordinal].version if ordinal in self.pages else 1,
        )  # fmt: skip
        signers = (MINISTRY, self.keys[self.keeper(ordinal)], self.keys[custodian]) if by is None else by
        return self.append(self.signed(replace(custody, **changes), *signers))

    # -- statements -------------------------------------------------------------------------------------------------------

    def id(self) -> str:
        return b64(self.fresh("id")[:16])

    def signed(self, one: S, *keys: Key) -> S:
        for key in keys:
            one = key.signed(one)
        return one

    def draft(self, institution: int, pairs: Sequence[tuple[bytes, entry.Place]], **changes: Any) -> entry.Batch:
        leaves = [entry.pair(commitment, place) for commitment, place in pairs]
        batch = entry.Batch(
            id=self.id(),
            institution=institution,
            schema="urn:sogoc:record:degree:1",
            level="bachelor",
            decision_number=f"{self.made}/QĐ-TEST",
            decided_on="2026-06-30",
            decision_total=len(pairs),
            awarded_on="2026-07-15",
            provenance="A" if self.keeper(institution) == institution else "B",
            override=(),
            count=len(pairs),
            tally=(("", "", "", len(pairs)),),
            tally_digest=self.fresh("tally"),
            root=reference.mth(leaves),
        )
        return replace(batch, **changes)

    def pairs(self, count: int, number: int = 0) -> list[tuple[bytes, entry.Place]]:
        """Return unused commitments, in order, with unused places of list `number`."""
        return sorted((self.fresh("commitment"), (number, 7 * self.made % 2**17)) for _ in range(count))

    def issue(
        self,
        institution: int,
        pairs: Sequence[tuple[bytes, entry.Place]],
        *,
        by: Sequence[Key] | None = None,
        batch: entry.Batch | None = None,
    ) -> int:
        """Log a batch with all its entries and return the index of the batch."""
        keys = by if by is not None else [self.keys.get(institution, KEYS[institution])]
        signed = self.signed(batch or self.draft(institution, pairs), *keys)
        at = self.append(signed)
        self.batches[at] = signed
        for commitment, place in pairs:
            self.issued(at, commitment, place, institution)
        return at

    def issued(self, batch: int, commitment: bytes, place: entry.Place, institution: int) -> int:
        index = self.append(
            entry.Issue(batch=self.leaf(batch), commitment=commitment, institution=institution, status=place)
        )
        self.know(index, batch, place)
        return index

    def know(self, index: int, batch: int, place: entry.Place) -> None:
        self.batch_of[index] = batch
        self.place[index] = place
        self.status[place] = 0
        self.newest.append(index)
        self.last[index] = index

    def leaf(self, index: int) -> bytes:
        return sha256(b"\x00" + self.entries[index]).digest()

    def act(self, act: str, target: int, /, *, by: Key | None = None, **changes: Any) -> int:
        institution = self.institution(target)
        one = entry.StatusAct(
            act=act,
            id=self.id(),
            decision=self.fresh("decision"),
            institution=institution,
            on="2026-07-21",
            previous=self.last[target],
            target=target,
            wording="by-decision",
        )
        one = replace(one, **changes)
        index = self.append(self.signed(one, by or self.keys[institution]))
        self.status[self.place[target]] = {"revoke": 1, "cancel": 1, "suspend": 2, "reinstate": 0}[act]
        if act == "suspend" and by in (MINISTRY, SECOND_MINISTRY):
            self.held.add(target)
        elif act == "reinstate":
            self.held.discard(target)
        version = target
        while act in ("revoke", "cancel") and version in self.older:  # people hold the older versions too
            version = self.older[version]
            self.status[self.place[version]] = 1
        self.last[target] = index
        return index

    def follow(self, act: str, target: int, /, *, by: Key | None = None, **changes: Any) -> int:
        """Amend or reissue and return the index of the new version."""
        institution = self.institution(target)
        ((commitment, place),) = self.pairs(1)
        one = entry.Successor(
            act=act,
            id=self.id(),
            batch=self.leaf(self.batch_of[target]),
            commitment=commitment,
            decision=self.fresh("decision"),
            follows=target,
            institution=institution,
            on="2026-07-22",
            previous=self.last[target],
            status=place,
        )
        one = replace(one, **changes)
        index = self.append(self.signed(one, by or self.keys[institution]))
        self.status[self.place[target]] = 3
        self.newest.remove(target)
        self.older[index] = target
        self.know(index, self.batch_of[target], one.status)
        return index

    def institution(self, index: int) -> int:
        return self.batches[self.batch_of[index]].institution

    # -- state ------------------------------------------------------------------------------------------------------------

    def lists(self) -> list[bytes]:
        """Return the uncompressed status lists as they are now."""
        lists = [bytearray(32768) for _ in range(1 + max((number for number, _ in self.status), default=-1))]
        for (number, index), bits in self.status.items():
            lists[number][index // 4] |= bits << 2 * (index % 4)
        return [bytes(one) for one in lists]

    def state(self, **changes: Any) -> int:
        self.now += timedelta(hours=1)
        pages: Mapping[int, bytes] = self.logged_pages
        leaves = [number.to_bytes(4, "big") + b"\x02" + sha256(one).digest() for number, one in enumerate(self.lists())]
        one = entry.State(
            at=self.now,
            authority_size=max(pages, default=0) + 1,
            authority_root=reference.mth([pages.get(at, b"") for at in range(max(pages, default=0) + 1)]),
            status_size=len(leaves),
            status_root=reference.mth(leaves),
        )
        return self.append(replace(one, **changes))


def an_archive() -> History:
    """Return a history with something of everything: institutions, batches, acts of all kinds, a cut key, states."""
    history = History()
    history.state()
    for _ in range(3):
        history.accredit()
    first = history.issue(1, history.pairs(7))
    history.issue(2, history.pairs(1))
    history.state()
    history.act("revoke", first + 1)
    history.act("suspend", first + 2, by=MINISTRY)
    second = history.follow("amend", first + 3)
    history.state()
    history.act("reinstate", first + 2, by=MINISTRY)
    history.follow("reissue", second)
    history.act("cancel", first + 4)
    cut = history.size
    history.cut(KEYS[2], cut + 1)
    page = history.page(2)
    history.log_page(
        replace(
            page,
            keys=(
                replace(page.keys[0], until=cut + 1),
                KeyWindow(jwk=KEYS[12].jwk, holder="Phòng Đào tạo", start=cut + 1),
            ),
        )
    )
    history.issue(2, history.pairs(3, number=1), by=[KEYS[12]])
    history.hand_over(3, 1)
    history.kept_page(3, 1, KEYS[14])
    pairs = history.pairs(2)
    history.issue(3, pairs, by=[KEYS[14], MINISTRY], batch=history.draft(3, pairs, override=("power:7140201",)))
    history.act("suspend", history.newest[-1])
    history.state()
    return history
