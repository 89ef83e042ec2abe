"""See the anchors with one's own eyes, and keep what was seen in one's trust policy. No database, no Django."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sogoc.core import entry, merkle, tiles
from sogoc.core.anchor import Observation
from sogoc.core.checkpoint import Checkpoint, open_note
from sogoc.core.trust import Policy, SeenState
from sogoc.errors import ChainUnavailable, CheckpointError, LogForked, ProofError
from sogoc.ports import Chain, FileStore


def observe(policy: Policy, chains: list[Chain], *, now: datetime) -> Policy:
    """Return the policy with every final anchor that its chains hold now. What was seen before stays unless the chain denies it.

    Raises: ChainUnavailable when a chain could not be asked, or no longer holds what was final.
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

    Raises: CheckpointError when the log's keys or enough witnesses did not sign the checkpoint; LogForked when it is another tree than
    the one already seen; ProofError; MalformedError; StorageUnavailable.
    """
    note = files.get("checkpoint")
    if note is None:
        raise CheckpointError("there is no checkpoint in these files", "không có điểm chốt trong các tệp này")
    opened = open_note(note.decode(errors="replace"), keys=policy.log_keys)
    head = opened.checkpoint
    if head.origin != policy.origin or not any(set(keys) <= set(opened.signers) for keys in policy.log):
        raise CheckpointError("the log of this policy did not sign it", "nhật ký của chính sách này không ký")
    if sum(key in policy.witnesses for key in opened.signers) < policy.quorum:
        raise CheckpointError("too few witnesses signed", "chưa đủ bên chứng kiến ký")
    read = tiles.tile_reader(files.get, head.size)
    if policy.seen is not None:
        if policy.seen.size >= head.size:
            if policy.seen.size == head.size and policy.seen.root != head.root:
                raise LogForked(f"these files hold another tree of size {head.size} than the one already seen")
            return policy
        _continues(policy.seen, head, read)
    index = head.size - 1  # every head closes with a state
    content = tiles.read_entry(files.get, index, head.size)
    proof = merkle.inclusion_proof(index, head.size, read)
    merkle.verify_inclusion(leaf=merkle.leaf_hash(content), index=index, size=head.size, proof=proof, root=head.root)
    state = entry.parse(content)
    if not isinstance(state, entry.State):
        raise CheckpointError("the log does not close with a state", "nhật ký không kết thúc bằng trạng thái")
    return replace(policy, seen=SeenState(index=index, at=state.at, size=head.size, root=head.root))


def _continues(seen: SeenState, head: Checkpoint, read: merkle.ReadHash) -> None:
    try:
        proof = merkle.consistency_proof(seen.size, head.size, read)
        merkle.verify_consistency(
            old_size=seen.size, old_root=seen.root, new_size=head.size, new_root=head.root, proof=proof
        )
    except ProofError as error:
        raise LogForked(
            f"the tree of size {head.size} does not continue the one of size {seen.size} seen before"
        ) from error
