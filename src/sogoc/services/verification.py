"""Is this diploma real? The archive's own answer: what is presented, held against the archive's newest fresh half.

Whoever asks here trusts the archive's computer and clock, but not its word: the steps are those that anybody can run
offline. What the archive adds is only what it would publish, and every fact says where it came from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

from sogoc.core import entry, evidence, merkle
from sogoc.core.credentials import sd_jwt
from sogoc.core.evidence import Act, Evidence, Fresh
from sogoc.core.presented import ReadPdf, unwrap
from sogoc.core.report import Finding, Report, Verdict, unreadable
from sogoc.core.status import Status
from sogoc.core.trust import Policy
from sogoc.core.verify import PRESENTED
from sogoc.core.verify import verify as run_steps
from sogoc.errors import MalformedError, ProofError, StorageUnavailable
from sogoc.ports import Log
from sogoc.register.models import Checkpoint, Entry, Institution, Row
from sogoc.services.delivery import Counter

ARCHIVE = "archive"
"""The source of a fact that this archive added because the presented file could not carry it."""


def examine(
    presented: bytes,
    *,
    policy: Policy,
    log: Log,
    newest_root: Callable[[], bytes | None],
    read_pdf: ReadPdf,
    now: datetime,
) -> Report:
    """Verify a PDF, an evidence file or an SD-JWT beside the newest fresh half of this archive. Nothing is kept of it.

    `newest_root` says of which published head that is.

    Raises: UnavailableError, or WrongState while a head is being made, when the archive cannot say how things stand now:
    no reason to doubt a diploma, and none to believe it.
    """
    try:
        presented, page = unwrap(presented, read_pdf)
    except MalformedError as error:
        return unreadable(error.en, error.vi)
    try:
        parsed = evidence.parse(presented)
        credential = sd_jwt.parse(parsed.lasting.credential)
    except MalformedError as error:
        return unreadable(f"this is not a digital diploma: {error.en}", f"đây không phải văn bằng số: {error.vi}")
    newest = newest_root()
    if credential.origin != log.origin or newest is None:
        return run_steps(parsed, credential, policy, now, page=page)
    head = _Head(newest, log)
    completed = _complete(parsed, credential, log)
    fresh = gather(completed or parsed, credential, head, policy)
    report = run_steps(completed or parsed, credential, policy, now, fresh=fresh, page=page)
    return report if completed is None else _say_completed(report)


@dataclass(frozen=True, slots=True)
class _Head:
    """A published head by its root, which is of all that the log holds; what is known at it is known to every request until the next."""

    root: bytes
    log: Log = field(compare=False)


@lru_cache(maxsize=1)
def _counter(head: _Head) -> Counter:
    """The counter whose fresh halves everybody is given. A lasting half is made at one of its own, for its places are of one batch."""
    return Counter(head.log)


@lru_cache(maxsize=1024)
def _ordinal(_: _Head, code: str) -> int | None:
    return Institution.objects.filter(code=code).values_list("ordinal", flat=True).first()


@lru_cache(maxsize=256)
def _root(_: _Head, size: int) -> bytes | None:
    root = Checkpoint.objects.filter(size=size).values_list("root", flat=True).first()
    return None if root is None else bytes(root)


def gather(presented: Evidence, credential: sd_jwt.Presented, head: _Head, policy: Policy) -> Fresh | None:
    """Return how things stand now with a credential of this archive; None for an institution that it never had.

    It is linked with the checkpoint of what is presented, and with the newest anchors that the policy holds.
    """
    counter, ordinal = _counter(head), _ordinal(head, credential.institution)
    if ordinal is None or ordinal not in counter.digests:
        return None
    lasting = presented.lasting
    heads = [anchor.size for anchor in policy.anchors[-2:]]
    if policy.seen is not None:
        heads.append(policy.seen.size)
    if lasting.checkpoint is not None:
        heads += _size_of(lasting.checkpoint)
    fresh = _fresh(head, ordinal, credential.status[0], tuple(heads))
    if acts := _acts(presented, credential, counter):
        fresh = replace(fresh, acts=tuple(acts))
        _check_own(fresh, counter.head, head)
    return fresh


@lru_cache(maxsize=256)
def _fresh(head: _Head, ordinal: int, number: int, sizes: tuple[int, ...]) -> Fresh:
    """What all diplomas of an institution share that stand in one status list and under one checkpoint; checked once.

    Raises: StorageUnavailable.
    """
    counter = _counter(head)
    numbers = [number] if number < len(counter.lists) else []
    fresh = counter.fresh(ordinals=[ordinal], numbers=numbers, sizes=sizes)
    _check_own(fresh, counter.head, head)
    return fresh


def _check_own(fresh: Fresh, newest: Checkpoint, head: _Head) -> None:
    """Check what this archive is about to say, so that nobody's diploma looks forged because a tile of ours is damaged.

    Raises: StorageUnavailable.
    """
    root = bytes(newest.root)
    shown = [*([fresh.state] if fresh.state else []), *(act.logged for act in fresh.acts)]
    try:
        for one in shown:
            leaf = merkle.leaf_hash(one.entry)
            merkle.verify_inclusion(leaf=leaf, index=one.index, size=newest.size, proof=one.proof, root=root)
        for link in fresh.links:
            earlier = _root(head, link.start)
            if earlier is not None:  # another size was only claimed
                merkle.verify_consistency(
                    old_size=link.start, old_root=earlier, new_size=newest.size, new_root=root, proof=link.proof
                )
    except ProofError as error:
        raise StorageUnavailable(
            "the public files of this archive do not give the root that it signed",
            "tệp công khai của kho không cho ra gốc đã ký",
            mend="Run `sogoc log fsck`.",
            mend_vi="Chạy `sogoc log fsck`.",
        ) from error


def _size_of(note: str) -> list[int]:
    # The size as claimed: it only chooses which consistency proof is offered.
    lines = note.split("\n", 2)
    return (
        [int(lines[1])] if len(lines) > 2 and lines[1].isascii() and lines[1].isdigit() and len(lines[1]) < 19 else []
    )


def _acts(presented: Evidence, credential: sd_jwt.Presented, counter: Counter) -> list[Act]:
    """Return the last act about this qualification, with its decision, to somebody who holds the credential itself."""
    leaf = presented.lasting.leaf
    if leaf is None or counter.status(credential.status) is Status.VALID:
        return []
    ours = Entry.objects.filter(index=leaf.index).first()
    if ours is None or bytes(ours.content) != leaf.entry:
        return []
    known = entry.parse(bytes(ours.content))
    if not isinstance(known, entry.Issue | entry.Successor) or known.commitment != credential.commitment:
        return []
    about = Entry.objects.filter(target=ours, index__lt=counter.head.size).order_by("-index")
    last = about.select_related("detail").first()
    if last is None:
        return []
    if not hasattr(last, "detail"):  # replayed after a restore: the log still has the act, nobody has its decision
        return [Act(logged=counter.logged(last))]
    detail = last.detail
    return [Act(logged=counter.logged(last), decision_number=detail.decision_number, salt=bytes(detail.salt))]


# -- an SD-JWT by itself --------------------------------------------------------------------------------------------------


def _complete(presented: Evidence, credential: sd_jwt.Presented, log: Log) -> Evidence | None:
    """Add the proofs of the log to a bare credential of this archive; None for anything else."""
    lasting = presented.lasting
    if lasting.checkpoint is not None or lasting.leaf is not None or presented.fresh is not None:
        return None
    counter = Counter(log)
    number, index = credential.status
    row = (
        Row.objects.select_related("batch__entry", "batch__institution", "institution", "entry", "seal__key")
        .filter(seal__status_list=number, seal__status_index=index)
        .first()
    )
    if (
        row is None
        or row.sealed is None
        or bytes(row.sealed.commitment) != credential.commitment
        or row.logged is None
        or row.logged.index is None
        or row.logged.index >= counter.head.size
    ):
        return None
    proofs = counter.evidence(row, names=()).lasting
    return Evidence(lasting=replace(proofs, credential=lasting.credential))


def _say_completed(report: Report) -> Report:
    """Say of everything in the steps about the log that it came from here, because an SD-JWT carries none of it."""
    for check in report.checks[4:6]:
        check.facts = [
            fact._replace(source=ARCHIVE) if fact.source == PRESENTED else fact for fact in check.facts
        ]  # fmt: skip
    added = Finding(
        Verdict.VALID,
        "proofs-added",
        "this file carries no proofs of the log; this archive added them",
        "tệp này không kèm bằng chứng nhật ký; kho lưu trữ đã bổ sung",
    )
    return replace(report, notes=(*report.notes, added))
