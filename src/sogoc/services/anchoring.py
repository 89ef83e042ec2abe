"""Put the newest head on a chain, one transaction for the whole country, and look again at what the chain holds.

"Anchored" is never remembered: each run reads the chain's events and forgets what is no longer there, so a reorganisation or a
lost block puts a head back to "waiting" and the same run sends it again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sogoc.errors import ChainUnavailable, LogForked, RecoveryNeeded
from sogoc.failpoint import reach
from sogoc.ports import AnchoredEvent, Chain, NonceUsed, PreparedAnchor, Underpriced
from sogoc.register.models import Anchor, Checkpoint
from sogoc.services import audit

BUMP_AFTER = timedelta(seconds=60)


def anchor(chain: Chain, *, now: datetime) -> Anchor | None:
    """Send the newest published head to the chain unless it is there already; return the anchor under way or found.

    One transaction is in flight at a time. Issuing does not wait for this.

    Raises: ChainUnavailable (try again later); LogForked when the chain holds another root; RecoveryNeeded when it is ahead.
    """
    chain.check()
    look(chain)
    head = Checkpoint.objects.filter(published=True).order_by("-size").first()
    if head is None:
        return None
    mine = Anchor.objects.filter(chain_id=chain.chain_id, contract=chain.contract)
    held = mine.filter(size=head.size, block_number__isnull=False).first()
    if held is not None:
        return held
    # A chain takes nonces in order: when it lost two of ours, the later one has to wait for the earlier.
    waiting = mine.filter(block_number__isnull=True).order_by("nonce", "-pk").first()
    if waiting is None:
        waiting = _prepare(chain, head, now=now)
    elif now - waiting.prepared_at > BUMP_AFTER:
        waiting = _prepare(chain, head, now=now, replaces=waiting)
    try:
        chain.broadcast(_prepared(waiting))
    except NonceUsed:
        # A transaction of ours with this nonce is in a block: look whose it was before a new one is prepared.
        look(chain)
        mine.filter(block_number__isnull=True, nonce=waiting.nonce).delete()
        held = mine.filter(size=head.size, block_number__isnull=False).first()
        if held is not None:
            return held
        waiting = _prepare(chain, head, now=now)
        chain.broadcast(_prepared(waiting))
    except Underpriced:
        waiting = _prepare(chain, head, now=now, replaces=waiting)
        chain.broadcast(_prepared(waiting))
    reach("anchor.sent")
    return waiting


def look(chain: Chain) -> list[AnchoredEvent]:
    """Read every anchor of this log from the chain and bring our notes of them up to date.

    Raises: ChainUnavailable; LogForked when the chain holds another root for a size of ours; RecoveryNeeded when it is ahead.
    """
    events = chain.events()
    newest = Checkpoint.objects.order_by("-size").first()
    known = {
        size: bytes(root)
        for size, root in Checkpoint.objects.filter(size__in=[event.size for event in events]).values_list(
            "size", "root"
        )
    }
    for event in events:
        if newest is None or event.size > newest.size:
            raise RecoveryNeeded(
                f"the chain holds a head of size {event.size}, larger than this database knows",
                f"chuỗi khối giữ điểm chốt cỡ {event.size}, lớn hơn cơ sở dữ liệu này",
                mend="Run `sogoc recover`.",
                mend_vi="Chạy `sogoc recover`.",
            )
        if known.get(event.size) != event.root:
            raise LogForked(f"the chain holds a root for size {event.size} that this log never had")
    _take_notes(chain, events)
    return events


def _take_notes(chain: Chain, events: list[AnchoredEvent]) -> None:
    by_size = {event.size: event for event in events}
    mine = Anchor.objects.filter(chain_id=chain.chain_id, contract=chain.contract)
    for one in mine:
        event = by_size.get(one.size)
        one.sequence = event.sequence if event else None
        one.block_number = event.block_number if event else None
        one.block_hash = event.block_hash if event else None
        one.block_time = event.block_time if event else None
        one.final = event.final if event else False
        one.save(update_fields=["sequence", "block_number", "block_hash", "block_time", "final"])
    mined = mine.filter(block_number__isnull=False).values_list("nonce", flat=True)
    waiting = mine.filter(block_number__isnull=True)
    waiting.filter(nonce__in=set(mined)).delete()  # replaced by the one in the block
    waiting.filter(size__lt=max(by_size, default=0)).delete()  # overtaken: the contract refuses them for ever


def wait(chain: Chain, one: Anchor, *, pause: Callable[[], bool], now: datetime) -> Anchor:
    """Look until this anchor is final or `pause` returns False. Raises: ChainUnavailable."""
    while True:
        look(chain)
        held = Anchor.objects.filter(chain_id=one.chain_id, contract=one.contract, size=one.size, final=True).first()
        if held is not None:
            one = held
            reach("anchor.confirmed")
            audit.note(None, "head.anchored", one.size, at=now, detail={"sequence": one.sequence})
            return one
        if not pause():
            raise ChainUnavailable(
                "the anchor is sent and not final yet; the next run looks again",
                "mốc đã gửi nhưng chưa chắc chắn; lần chạy sau sẽ kiểm tra lại",
            )


def _prepare(chain: Chain, head: Checkpoint, *, now: datetime, replaces: Anchor | None = None) -> Anchor:
    """Sign a transaction and write it down before anybody sees it."""
    prepared = chain.prepare(head.size, bytes(head.root), replaces=_prepared(replaces) if replaces else None)
    one = Anchor.objects.create(
        size=head.size,
        root=bytes(head.root),
        chain_id=chain.chain_id,
        contract=chain.contract,
        nonce=prepared.nonce,
        gas_price=prepared.gas_price,
        raw=prepared.raw,
        transaction=prepared.transaction,
        prepared_at=now,
    )
    reach("anchor.prepared")
    return one


def _prepared(one: Anchor) -> PreparedAnchor:
    return PreparedAnchor(
        nonce=one.nonce, gas_price=one.gas_price, raw=bytes(one.raw), transaction=bytes(one.transaction)
    )
