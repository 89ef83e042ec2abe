"""Check a published log from its files alone: signatures, tree, every file, and every entry against every other.

Nothing here knows the database: whoever has the public files, the log's keys and the ministry's keys can do the same.

Spec: docs/spec/entry.md ("What sequencer and fsck refuse"); c2sp.org/tlog-tiles
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

from sogoc.core import tiles
from sogoc.core.checkpoint import Checkpoint
from sogoc.core.entry import Entry
from sogoc.core.faults import Fault
from sogoc.core.merkle import HASH_BYTES, Frontier, Hash, leaf_hash
from sogoc.core.replay import Replay
from sogoc.core.status import StatusList
from sogoc.core.tiles import ENTRIES, WIDTH, Tile
from sogoc.errors import MalformedError, StorageUnavailable, VerificationError
from sogoc.ports import AnchoredEvent, FileStore
from sogoc.services.mirroring import mirror
from sogoc.services.published import (
    CHECKPOINT,
    PAGES,
    STATUSES,
    TILES,
    KeySets,
    Progress,
    check_signed,
    page_path,
    parse_head,
    status_path,
)

__all__ = ["FILE_FAULTS", "NOTES", "Audit", "fsck", "mirror"]

FILE_FAULTS: Mapping[str, tuple[str, str]] = {
    "checkpoint": ("there is no readable checkpoint", "không có điểm chốt đọc được"),
    "checkpoint-signature": ("the checkpoint is not signed as it must be", "điểm chốt không được ký đủ"),
    "entries": ("the log cannot be read from here on", "không đọc được nhật ký từ đây"),
    "tile-missing": ("a tile is missing", "thiếu một mảnh của cây"),
    "tile-wrong": ("a tile does not hold what the entries give", "một mảnh của cây không khớp với các mục"),
    "root": ("the entries do not give the root of the checkpoint", "các mục không cho ra gốc của điểm chốt"),
    "anchor": ("the chain holds another root for this size", "chuỗi khối giữ gốc khác cho kích thước này"),
    "anchor-ahead": ("the chain holds a larger log than this one", "chuỗi khối giữ nhật ký lớn hơn"),
    "status-missing": ("a status list is missing", "thiếu một danh sách tình trạng"),
    "status-wrong": ("a status list is not as the log has it", "danh sách tình trạng không đúng với nhật ký"),
}
"""What may be wrong with the files, beside what `sogoc.core.faults` names in the entries."""

NOTES: Mapping[str, tuple[str, str]] = {
    "future": ("files of a larger log than the checkpoint's", "tệp thuộc nhật ký lớn hơn điểm chốt"),
    "stray": ("files that are none of the log's", "tệp không thuộc nhật ký"),
    "grew": ("the log grew while it was checked", "nhật ký đã lớn thêm trong lúc kiểm tra"),
    "open-batch": ("the log ends inside a batch", "nhật ký kết thúc giữa một đợt cấp"),
    "more": ("more faults than are listed", "còn lỗi chưa được liệt kê"),
}

EachEntry = Callable[[bytes, Entry | None], object]
"""What somebody else does with each entry of a log that is read: its bytes, and the entry, None where it does not parse."""

_KEPT_FAULTS = 1000
_PAGE = re.compile(r"authority/([1-9][0-9]{0,9})/([1-9][0-9]{0,9})\.json")
_STATUS = re.compile(r"status/(0|[1-9][0-9]{0,9})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What `fsck` found. The log is right when there are no `faults`; `notes` are for the operator.

    `size` and `root` are those recomputed from the entries, `institutions` counts entries by ordinal (0: the ministry and the
    log itself) and act, `state_at` is the time of the newest state and `status_lists` are the leaf hashes of its status lists. At
    most 1,000 faults are listed.
    """

    size: int
    root: Hash
    acts: Mapping[str, int]
    institutions: Mapping[int, Mapping[str, int]]
    state_at: datetime | None
    status_lists: Sequence[Hash]
    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...]
    seconds: float


def fsck(
    files: FileStore,
    *,
    vkeys: KeySets,
    origin: str,
    ministry: Sequence[Mapping[str, str]],
    anchors: Sequence[AnchoredEvent] = (),
    progress: Progress | None = None,
    each: EachEntry | None = None,
) -> Audit:
    """Read a whole published log and say what is wrong with it: signatures, tree, files, and every entry against every other.

    `anchors` are the events of the chain, each of which must be the root of the log when it had that size. `each` is given
    every entry, in order, as it stands there and as it was read. Holds one bundle in memory at a time, and what `Replay` and the
    list of files need.

    Raises: StorageUnavailable when a file may exist and cannot be read: then nothing can be said.
    """
    began = perf_counter()
    check = _Check(
        files,
        origin,
        ministry,
        anchors,
        progress or (lambda _done, _of: None),
        each or (lambda _presented, _read: None),
    )
    check.run(vkeys)
    institutions: dict[int, dict[str, int]] = defaultdict(dict)
    acts: dict[str, int] = defaultdict(int)
    for (act, ordinal), count in sorted(check.machine.counts.items()):
        institutions[ordinal][act] = count
        acts[act] += count
    return Audit(
        size=check.frontier.size,
        root=check.frontier.root(),
        acts=dict(acts),
        institutions=dict(sorted(institutions.items())),
        state_at=check.machine.state_at,
        status_lists=tuple(check.machine.state_lists),
        faults=tuple(check.faults),
        notes=tuple(check.notes),
        seconds=perf_counter() - began,
    )


class _Check:
    """One audit under way."""

    def __init__(
        self,
        files: FileStore,
        origin: str,
        ministry: Sequence[Mapping[str, str]],
        anchors: Sequence[AnchoredEvent],
        progress: Progress,
        each: EachEntry,
    ) -> None:
        self.files = files
        self.each = each
        self.origin = origin
        self.machine = Replay(origin, ministry, lambda ordinal, version: self._get(page_path(ordinal, version)))
        self.progress = progress
        self.frontier = Frontier.empty()
        self.faults: list[Fault] = []
        self.notes: list[Fault] = []
        self._unlisted = 0
        self._anchored: dict[int, set[Hash]] = defaultdict(set)
        for anchor in anchors:
            self._anchored[anchor.size].add(anchor.root)
        self._widths: dict[str, set[int]] = defaultdict(set)
        self._odd: dict[str, list[str]] = defaultdict(list)
        self._store_failed = False

    def run(self, vkeys: KeySets) -> None:
        presented = self.files.get(CHECKPOINT)
        head = self._open(presented, vkeys)
        if presented is None or head is None:
            return
        self._list_tiles()
        if self._read(head.size):
            if self.frontier.root() != head.root:
                self._find("root")
            self._look_for_later_anchors()
            self._check_statuses(presented)
            self._look_for_strays()
        self._sum_up()

    def _find(self, code: str, what: str = "", *, index: int | None = None) -> None:
        self._list([_worded(FILE_FAULTS, code, what, index)])

    def _note(self, code: str, what: str = "", *, index: int | None = None) -> None:
        self.notes.append(_worded(NOTES, code, what, index))

    def _list(self, found: Iterable[Fault]) -> None:
        for fault in found:
            if len(self.faults) < _KEPT_FAULTS:
                self.faults.append(fault)
            else:
                self._unlisted += 1

    # -- checkpoint and anchors -----------------------------------------------------------------------------------------

    def _open(self, presented: bytes | None, vkeys: KeySets) -> Checkpoint | None:
        if presented is None:
            self._find("checkpoint")
            return None
        try:
            note, head = parse_head(presented)
        except MalformedError as error:
            self._find("checkpoint", error.en)
            return None
        try:
            check_signed(note, head, vkeys, self.origin)
        except (MalformedError, VerificationError) as error:
            self._find("checkpoint-signature", error.en)
        return head

    def _check_anchors(self) -> None:
        if any(root != self.frontier.root() for root in self._anchored.pop(self.frontier.size, ())):
            self._find("anchor", f"{self.frontier.size}", index=self.frontier.size)

    def _look_for_later_anchors(self) -> None:
        for size in sorted(self._anchored):
            self._find("anchor-ahead", f"{size} > {self.frontier.size}", index=size)

    # -- entries and tiles ----------------------------------------------------------------------------------------------

    def _list_tiles(self) -> None:
        for path in self.files.list(TILES):
            try:
                tile = Tile.parse(path)
            except MalformedError:
                self._odd["stray"].append(path)
                continue
            self._widths[path.partition(".p/")[0]].add(tile.width)

    def _read(self, size: int) -> bool:
        """Read all entries and hold every file of the tree against them; False when the entries are not all there."""
        self._check_anchors()
        try:
            for path, content in tiles.grow(Frontier.empty(), self._entries(size), lambda _: None):
                self._compare(Tile.parse(path), content)
        except (StorageUnavailable, MalformedError) as error:
            if self._store_failed:
                raise
            self._find("entries", error.en, index=self.machine.size // WIDTH * WIDTH)
            return False
        return True

    def _entries(self, size: int) -> Iterator[bytes]:
        leaves: list[Hash] = []
        for one in tiles.entries(self._get, 0, size):
            self._list(self.machine.feed(one))
            self.each(one, self.machine.last)
            leaves.append(leaf_hash(one))
            if len(leaves) == WIDTH or self.machine.size in self._anchored or self.machine.size == size:
                self.frontier = self.frontier.extend(leaves)
                leaves.clear()
                self._check_anchors()
                self.progress(self.machine.size, size)
            yield one

    def _get(self, path: str) -> bytes | None:
        """Read a file, and remember a store that does not answer: it says nothing about the log."""
        try:
            return self.files.get(path)
        except StorageUnavailable:
            self._store_failed = True
            raise

    def _compare(self, tile: Tile, content: bytes) -> None:
        """Hold a file of the tree, and all narrower ones that were published before it, against what it must be."""
        base = Tile(level=tile.level, index=tile.index)
        widths = self._widths.pop(base.path(), set())
        for width in sorted(widths - {tile.width}):
            one = Tile(level=tile.level, index=tile.index, width=width)
            if width > tile.width:
                self._odd["future"].append(one.path())
            else:
                self._compare_one(one, _narrowed(tile, content, width))
        if tile.level == ENTRIES:
            return  # the entries themselves came from this file
        if tile.width not in widths and WIDTH in widths:
            self._compare_one(base, content, begins=True)
        else:
            self._compare_one(tile, content)

    def _compare_one(self, tile: Tile, content: bytes, *, begins: bool = False) -> None:
        """Hold one file against what it must be, or, where `begins`, begin with."""
        path = tile.path()
        stored = self._get(path)
        run = WIDTH ** max(tile.level, 0)
        first = tile.index * WIDTH * run
        if stored is None:
            self._find("tile-missing", path, index=first)
        elif stored != content and not (begins and stored.startswith(content)):
            at = next((at for at in range(tile.width) if _hash_at(stored, at) != _hash_at(content, at)), 0)
            self._find("tile-wrong", path, index=first if tile.level == ENTRIES else first + at * run)

    # -- the other files ------------------------------------------------------------------------------------------------

    def _check_statuses(self, presented: bytes) -> None:
        wrong = [
            (number, code)
            for number, leaf in enumerate(self.machine.state_lists)
            if (code := self._status_fault(number, leaf)) is not None
        ]
        if wrong and self.files.get(CHECKPOINT) != presented:
            self._note("grew")
            return
        for number, code in wrong:
            self._find(code, status_path(number), index=self.machine.state_index)

    def _status_fault(self, number: int, leaf: Hash) -> str | None:
        content = self.files.get(status_path(number))
        if content is None:
            return "status-missing"
        try:
            right = leaf_hash(StatusList(number, content).leaf()) == leaf
        except MalformedError:
            right = False
        return None if right else "status-wrong"

    def _look_for_strays(self) -> None:
        for base, widths in self._widths.items():
            self._odd["future"] += [base if width == WIDTH else f"{base}.p/{width}" for width in sorted(widths)]
        for path in self.files.list(PAGES):
            match = _PAGE.fullmatch(path)
            if match is None:
                self._odd["stray"].append(path)
            elif int(match[2]) > self.machine.pages.get(int(match[1]), 0):
                self._odd["future"].append(path)
        for path in self.files.list(STATUSES):
            match = _STATUS.fullmatch(path)
            if match is None:
                self._odd["stray"].append(path)
            elif int(match[1]) >= len(self.machine.state_lists):
                self._odd["future"].append(path)

    def _sum_up(self) -> None:
        for code, paths in sorted(self._odd.items()):
            self._note(code, f"{len(paths)}: {', '.join(sorted(paths)[:3])}{' …' if len(paths) > 3 else ''}")
        if self.machine.open_batch is not None:
            index, missing = self.machine.open_batch
            self._note("open-batch", f"{index}, -{missing}", index=index)
        if self._unlisted:
            self._note("more", str(self._unlisted))


def _worded(words: Mapping[str, tuple[str, str]], code: str, what: str, index: int | None) -> Fault:
    en, vi = words[code]
    return Fault(index, code, f"{en}: {what}" if what else en, f"{vi}: {what}" if what else vi)


def _narrowed(tile: Tile, content: bytes, width: int) -> bytes:
    """Return what a file held when it was only `width` wide."""
    if tile.level == ENTRIES:
        return tiles.encode_bundle(tiles.decode_bundle(content, tile.width)[:width])
    return content[: width * HASH_BYTES]


def _hash_at(content: bytes, position: int) -> bytes:
    return content[position * HASH_BYTES : (position + 1) * HASH_BYTES]
