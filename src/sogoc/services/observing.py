"""See the anchors with one's own eyes, and keep what was seen in one's trust policy. No database, no Django."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sogoc.core import entry, merkle, tiles
from sogoc.core.anchor import Observation
from sogoc.core.checkpoint import open_note
from sogoc.core.trust import Policy, SeenState
from sogoc.errors import ChainUnavailable, CheckpointError
from sogoc.ports import Chain, FileStore


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


def remember_state(policy: Policy, files: FileStore) -> Policy:
    """Return the policy with the newest state of these public files as the highest seen, unless it has seen a higher one.

    Raises: CheckpointError when the log's keys did not sign the checkpoint; ProofError; MalformedError; StorageUnavailable.
    """
    note = files.get("checkpoint")
    if note is None:
        raise CheckpointError("there is no checkpoint in these files", "không có điểm chốt trong các tệp này")
    opened = open_note(note.decode(errors="replace"), keys=policy.log_keys)
    head = opened.checkpoint
    if head.origin != policy.origin or not any(set(keys) <= set(opened.signers) for keys in policy.log):
        raise CheckpointError("the log of this policy did not sign it", "nhật ký của chính sách này không ký")
    index = head.size - 1  # every head closes with a state
    content = tiles.read_entry(files.get, index, head.size)
    proof = merkle.inclusion_proof(index, head.size, tiles.tile_reader(files.get, head.size))
    merkle.verify_inclusion(leaf=merkle.leaf_hash(content), index=index, size=head.size, proof=proof, root=head.root)
    state = entry.parse(content)
    if not isinstance(state, entry.State):
        raise CheckpointError("the log does not close with a state", "nhật ký không kết thúc bằng trạng thái")
    if policy.seen is not None and policy.seen.index >= index:
        return policy
    return replace(policy, seen=SeenState(index=index, at=state.at, size=head.size, root=head.root))
