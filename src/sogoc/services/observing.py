"""See the anchors with one's own eyes, and keep what was seen in one's trust policy. No database, no Django."""

from __future__ import annotations


from dataclasses import replace
from datetime import datetime

from sogoc.core.anchor import Observation
from sogoc.core.trust import Policy
from sogoc.errors import ChainUnavailable
from sogoc.ports import Chain


def observe(policy: Policy, chains: list[Chain], *, now: datetime) -> Policy:
    """Return the policy with every final anchor that its chains hold now. What was seen before stays unless the chain denies it.

    Raises: ChainUnavailable when no chain could be asked, or a chain no longer holds what was final.
    """
    kept = {(one.chain_id, one.contract, one.sequence): one for one in policy.anchors}
    for chain in chains:
        chain.check()
        events = {event.sequence: event for event in chain.events()}
        for (chain_id, contract, sequence), seen in kept.items():
            event = events.get(sequence)
            same_chain = (chain_id, contract) == (chain.chain_id, chain.contract)
            if same_chain and (event is None or (event.size, event.root) != (seen.size, seen.root)):
                raise ChainUnavailable(
                    f"the chain no longer holds anchor {sequence} that was final: its endpoints may be lying",
                    f"chuỗi khối không còn giữ mốc {sequence} đã chắc chắn: điểm truy cập có thể không trung thực",
                )
        for event in events.values():
            if event.final:
                one = Observation(
                    chain_id=chain.chain_id,
                    contract=chain.contract,
                    block_number=event.block_number,
                    block_hash=event.block_hash,
                    sequence=event.sequence,
                    size=event.size,
                    root=event.root,
                    time=event.block_time,
                    endpoints=tuple(chain.endpoints),
                    observed_at=now,
                )
                kept[one.chain_id, one.contract, one.sequence] = one
    return replace(policy, anchors=tuple(sorted(kept.values(), key=lambda one: (one.size, one.sequence))))
