"""Draw leaves of the log by lot and open them, so that an auditor can compare them with the pages of the paper register.

The lot is public: anybody computes from the seed and the public files which leaves are drawn, and the seed is chosen after the log
was closed, by dice or by a block of a chain. Each opened leaf gives its record and the commitment can be recomputed in a few lines.

Spec: docs/spec/completeness.md ("Leaves drawn by lot")
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from heapq import heappush, heappushpop
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from sogoc.core import entry
from sogoc.core.canonical import b64
from sogoc.core.completeness import Notebook, Severity
from sogoc.core.counting import Counting
from sogoc.core.merkle import leaf_hash
from sogoc.errors import InputError, MalformedError, WrongState
from sogoc.ports import FileStore
from sogoc.register.models import Institution, Row
from sogoc.register.records import record_of, sealed
from sogoc.services import access, audit, checking, counting
from sogoc.services.published import KeySets, Progress, page_path

TYPE = "sogoc/openings/v1"
MAX_COUNT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Openings:
    """Leaves of one institution that the lot drew at a size of the log, opened. It holds personal data.

    `mismatches` are the log indexes whose row is missing or no longer gives the leaf; `erased` those whose data was erased.
    """

    origin: str
    size: int
    root: bytes
    institution: str
    seed: str
    drawn: tuple[Mapping[str, Any], ...]
    mismatches: tuple[int, ...]
    erased: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "type": TYPE, "origin": self.origin, "size": self.size, "root": b64(self.root), "institution": self.institution,
            "seed": self.seed, "drawn": [dict(one) for one in self.drawn], "mismatches": list(self.mismatches),
            "erased": list(self.erased),
        }  # fmt: skip


def score(seed: str, leaf: bytes) -> bytes:
    """Return the number by which the leaf with this hash takes part in the lot: the lowest are drawn."""
    return sha256(b"sogoc/sample/v1\x00" + seed.encode() + b"\x00" + leaf).digest()


@transaction.atomic
def draw(
    institution: Institution,
    *,
    count: int,
    seed: str,
    files: FileStore,
    vkeys: KeySets,
    origin: str,
    ministry: Sequence[Mapping[str, str]],
    by: User,
    now: datetime,
    progress: Progress | None = None,
) -> Openings:
    """Draw `count` leaves of an institution, any version of any qualification, and open them.

    Raises: NotAllowed; InputError without a seed or for a count out of range; WrongState when the log has faults;
        StorageUnavailable.
    """
    access.require(by, "sample.open", institution)
    if not seed.strip() or not 1 <= count <= MAX_COUNT:
        raise InputError(
            f"draw from 1 to {MAX_COUNT} leaves, and state the seed of the lot",
            f"rút từ 1 đến {MAX_COUNT} mục, và ghi hạt giống của lần rút",
            mend="Agree on the seed after the log was published: dice, or the hash of a block.",
            mend_vi="Thống nhất hạt giống sau khi nhật ký đã công bố: gieo xúc xắc, hoặc mã băm của một khối.",
        )
    lot = _Lot(institution, files, seed=seed, count=count)
    whole = checking.fsck(
        files, vkeys=vkeys, origin=origin, ministry=ministry, progress=progress, each=lot.feed
    )  # fmt: skip
    found = Notebook()
    counting.judge_log(whole, found)
    if found.count(Severity.ERROR):
        raise WrongState(
            "the log has faults: nothing is drawn from it", "nhật ký có lỗi: không rút mẫu", mend="Run `sogoc log fsck`.",
            mend_vi="Hãy chạy `sogoc log fsck`.",
        )  # fmt: skip
    drawn = [_opened(index, said, schema) for index, said, schema in lot.drawn()]
    audit.note(
        by, "sample.opened", institution.code, at=now, detail={"seed": seed, "count": len(drawn), "size": whole.size}
    )
    return Openings(
        origin=origin, size=whole.size, root=whole.root, institution=institution.code, seed=seed, drawn=tuple(drawn),
        mismatches=tuple(int(one["index"]) for one in drawn if "record" not in one and "erased" not in one),
        erased=tuple(int(one["index"]) for one in drawn if "erased" in one),
    )  # fmt: skip


class _Lot:
    """The lot under way: it keeps the `count` leaves with the lowest scores so far, and nothing of the others."""

    def __init__(self, institution: Institution, files: FileStore, *, seed: str, count: int) -> None:
        self._counter = Counting(lambda ordinal, version: files.get(page_path(ordinal, version)), institution.ordinal)
        self._ordinal, self._seed, self._count, self._index = institution.ordinal, seed, count, -1
        self._kept: list[tuple[int, int, entry.Qualification]] = []  # the worst of those kept comes first

    def feed(self, presented: bytes, one: entry.Entry | None) -> None:
        self._index += 1
        self._counter.take(one)
        if not isinstance(one, entry.Issue | entry.Successor) or one.institution != self._ordinal:
            return
        mine = (-int.from_bytes(score(self._seed, leaf_hash(presented))), self._index, one)
        if len(self._kept) < self._count:
            heappush(self._kept, mine)
        else:
            heappushpop(self._kept, mine)

    def drawn(self) -> Iterator[tuple[int, entry.Qualification, str]]:
        for _, index, one in sorted(self._kept, key=lambda kept: -kept[0]):
            batch = self._counter.batch_of(index)
            if batch is not None:
                yield index, one, batch.said.schema


def _opened(index: int, said: entry.Qualification, schema: str) -> dict[str, Any]:
    """Return a leaf with everything that opens it; without a record when the register no longer gives it."""
    place: dict[str, Any] = {"index": index, "schema": schema, "commitment": b64(said.commitment)}
    row = Row.objects.select_related("batch", "institution").filter(entry__index=index).first()
    if row is None:
        return place
    if row.erased_at is not None:
        return place | {"erased": True}
    try:
        whole = sealed(row)
        fields = record_of(row)
    except (WrongState, MalformedError, InputError):
        return place
    if whole.commitment != said.commitment:
        return place
    return place | {
        "cell": row.cell, "record": dict(fields), "slots": [b64(slot) for slot in whole.slots],
        "disclosures": list(whole.disclosures.values()),
    }  # fmt: skip
