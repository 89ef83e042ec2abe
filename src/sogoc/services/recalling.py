"""Recall a list of diplomas at once, by judgment or decision: revoke, cancel, suspend or reinstate each of them.

The list is checked whole before anything is done. Each diploma gets an act and a log entry of its own, whose id follows from the
recall and the diploma: a run that was killed is simply run again, and nothing is done twice.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import cast

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from sogoc.core.canonical import b64
from sogoc.errors import ActRefused, InputError, SogocError, WrongState
from sogoc.failpoint import reach
from sogoc.register.models import Archive, Entry, Institution, Row
from sogoc.services import access, acting, audit, sequencing
from sogoc.services.acting import ActDecision, Acting, Chain

_CHUNK = 50
"""So many acts are one transaction."""
_ASKED_AT_ONCE = 500

EXCEPTIONS = {
    "unknown": ("stands in no register here", "không có trong sổ gốc nào ở đây"),
    "other-institution": ("is of another institution", "thuộc cơ sở khác"),
    "ambiguous": ("is the number of two kinds of diploma: give the identifier", "hai loại văn bằng cùng số: hãy ghi mã định danh"),
    "twice": ("stands in the list twice", "có hai lần trong danh sách"),
    "not-logged": ("is not in the log yet, or something about it still waits", "chưa vào nhật ký, hoặc còn mục đang chờ"),
    "status": ("has a status that does not allow it, such as revoked already", "đang ở tình trạng không cho phép, ví dụ đã thu hồi"),
}  # fmt: skip
"""Why one line of a list cannot be acted on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """What is to be done: one act by one decision to every diploma named, by serial number or identifier."""

    institution: Institution
    act: str
    decision: ActDecision
    named: tuple[str, ...]

    @property
    def id(self) -> str:
        """What makes two runs the same recall: the same list, act and decision. 16 bytes in b64."""
        decision = self.decision
        said = (
            self.institution.code, self.act, decision.number, decision.on, decision.ground or "", str(decision.judgment),
            *sorted(set(self.named)),
        )  # fmt: skip
        return b64(sha256("\0".join(("sogoc/recall/v1", *said)).encode()).digest()[:16])

    def act_id(self, row: Row, secret: bytes) -> str:
        """The id of the act on one diploma, which is public. `secret` is the archive's: without it whoever has the diploma could
        try decision numbers and grounds until the id comes out.
        """
        return b64(hmac.digest(secret, f"sogoc/recall-act/v1\0{self.id}\0{row.identifier}".encode(), "sha256")[:16])


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A list held against the register. `done` were acted on by an earlier run; `exceptions` are (as named, why)."""

    clear: tuple[Row, ...]
    done: tuple[Row, ...]
    exceptions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What became of it. `failed` changed between the check and its turn: (identifier, why)."""

    recall: str
    logged: int
    before: int
    left_out: tuple[tuple[str, str], ...]
    failed: tuple[tuple[str, SogocError], ...]


def examine(recall: Recall, *, by: User) -> Examined:
    """Hold a list against the register and change nothing. Raises: NotAllowed, InputError."""
    access.require(by, "act.prepare", recall.institution)
    if recall.act not in acting.RESULT:
        raise InputError(f"{recall.act} is no act on a status", f"{recall.act} không phải thao tác về tình trạng")
    if not recall.named:
        raise InputError("the list is empty", "danh sách trống")
    acting.wording_of(recall.act, recall.decision)
    clear: list[Row] = []
    done: list[Row] = []
    exceptions: list[tuple[str, str]] = []
    seen: set[str] = set()
    secret = _secret()
    for part in _parts(recall.named):
        found = _found(part)
        ours = [_ours(recall, found.get(name, [])) for name in part]
        rows = [row for row, _ in ours if row is not None]
        ids = {recall.act_id(row, secret): row.identifier for row in rows}
        before = {
            ids[one] for one in Entry.objects.filter(act_id__in=ids).values_list("act_id", flat=True) if one in ids
        }
        chains = acting.chains_of(row.logged for row in rows if row.logged is not None)
        for name, (row, wrong) in zip(part, ours, strict=True):
            if row is None:
                exceptions.append((name, wrong))
            elif row.identifier in seen:
                exceptions.append((name, "twice"))
            elif row.identifier in before:
                seen.add(row.identifier)
                done.append(row)
            elif why := _why_not(recall, chains.get(row.logged.pk if row.logged else 0)):
                exceptions.append((name, why))
            else:
                seen.add(row.identifier)
                clear.append(row)
    return Examined(clear=tuple(clear), done=tuple(done), exceptions=tuple(exceptions))


def _secret() -> bytes:
    return bytes(Archive.objects.get().places_key)


def _parts(named: Sequence[str]) -> Iterator[Sequence[str]]:
    return (named[start : start + _ASKED_AT_ONCE] for start in range(0, len(named), _ASKED_AT_ONCE))


def _found(names: Sequence[str]) -> dict[str, list[Row]]:
    """The rows that bear each name, without their records: a list may be long."""
    rows = Row.objects.exclude(origin=Row.Origin.AMEND).select_related("entry").defer("record")
    by_name: dict[str, list[Row]] = {}
    for row in rows.filter(Q(serial_number__in=names) | Q(identifier__in=names)):
        for name in {row.serial_number, row.identifier}:
            by_name.setdefault(name, []).append(row)
    return by_name


def _ours(recall: Recall, found: Sequence[Row]) -> tuple[Row | None, str]:
    """Return the row of the institution that a line names, in any version, or None, and why."""
    if not found:
        return None, "unknown"
    ours = {row.identifier: row for row in found if row.institution_id == recall.institution.pk}
    if not ours:
        return None, "other-institution"
    if len(ours) > 1:
        return None, "ambiguous"
    return next(iter(ours.values())), ""


def _why_not(recall: Recall, chain: Chain | None) -> str:
    if chain is None:
        return "not-logged"
    return "" if acting.allows(recall.act, chain.status) else "status"


def run(
    doing: Acting,
    recall: Recall,
    *,
    acknowledged: Sequence[str],
    randomness: Callable[[int], bytes],
    progress: Callable[[int], None],
) -> Recalled:
    """Do it, in transactions of 50 acts. Nothing is done while an exception is left that was not acknowledged by its name.

    Raises: NotAllowed, FourEyes: two people always agree on a list; ActRefused, WrongState, InputError, KeyUnavailable.
    """
    by, now = doing.by, doing.now
    _allow(doing, recall)
    acting.check_day(recall.decision.on, now)
    examined = examine(recall, by=by)
    _hold_to(examined, acknowledged)
    if examined.clear and not examined.done:
        audit.note(
            by, "recall.begun", recall.id, at=now,
            detail={"act": recall.act, "diplomas": len(examined.clear), "left_out": len(examined.exceptions)},
        )  # fmt: skip
    wording, secret = acting.wording_of(recall.act, recall.decision), _secret()
    failed: list[tuple[str, SogocError]] = []
    for start in range(0, len(examined.clear), _CHUNK):
        part = examined.clear[start : start + _CHUNK]
        with transaction.atomic():
            Archive.hold()  # neither a key nor a keeper changes within a chunk
            _allow(doing, recall)
            office = doing.office(recall.institution)
            for row in part:
                try:
                    acting.do(
                        doing,
                        office=office,
                        act=recall.act,
                        logged=cast(Entry, row.logged),
                        decision=replace(recall.decision, salt=randomness(16)),
                        wording=wording,
                        act_id=recall.act_id(row, secret),
                    )
                except (WrongState, ActRefused) as error:
                    failed.append((row.identifier, error))
        reach("recall.chunk")
        progress(len(part))
    logged = len(examined.clear) - len(failed)
    if logged:
        audit.note(by, "recall.done", recall.id, at=now, detail={"logged": logged, "failed": len(failed)})
    return Recalled(
        recall=recall.id,
        logged=logged,
        before=len(examined.done),
        left_out=examined.exceptions,
        failed=tuple(failed),
    )


def _allow(doing: Acting, recall: Recall) -> None:
    access.require(doing.by, "act", recall.institution)
    acting.require_two(doing.prepared_by, "act.prepare", doing.by, recall.institution)
    sequencing.refuse_if_behind(doing.log)


def _hold_to(examined: Examined, acknowledged: Sequence[str]) -> None:
    named = {name for name, _ in examined.exceptions}
    open_ones = [(name, why) for name, why in examined.exceptions if name not in acknowledged]
    if open_ones:
        name, why = open_ones[0]
        en, vi = EXCEPTIONS[why]
        raise WrongState(
            f"nothing was done: {len(open_ones)} lines cannot be acted on, the first, {name}, {en}",
            f"chưa thực hiện gì: {len(open_ones)} dòng không xử lý được, dòng đầu, {name}, {vi}",
            mend="Correct the list, or leave each of them out by its name (--leave-out).",
            mend_vi="Sửa danh sách, hoặc loại từng dòng theo tên (--leave-out).",
        )
    needless = sorted(set(acknowledged) - named)
    if needless:
        raise InputError(
            f"{needless[0]} is to be left out, and nothing is wrong with it",
            f"{needless[0]} được yêu cầu loại ra nhưng không có gì sai",
        )
