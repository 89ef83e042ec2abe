"""The two trees of a state entry: what the register says of every institution and of every qualification at one time.

In both trees a leaf's position *is* the ordinal of the institution or the number of the list, so an old page or list has no place
to stand beside the new one.

Spec: docs/spec/entry.md ("State")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sogoc.core.merkle import Hash, leaf_hash
from sogoc.core.status import StatusList
from sogoc.errors import MalformedError

VACANT: Hash = leaf_hash(b"")
"""The leaf hash of an ordinal that no institution has; always of ordinal 0, under which the ministry acts."""


def authority_size(digests: Mapping[int, bytes]) -> int:
    """Return the size of the authority tree: one more than the highest ordinal, and 1 before the first institution."""
    return max(digests, default=0) + 1


def authority_leaves(digests: Mapping[int, bytes], size: int) -> list[Hash]:
    """Return the leaf hashes of the authority tree; `digests` gives the SHA-256 of each institution's page in force.

    Raises: MalformedError when an ordinal is 0 or does not fit into `size`.
    """
    if any(not 0 < ordinal < size for ordinal in digests):
        raise MalformedError(f"an authority tree of {size} holds the ordinals from 1 to {size - 1}")
    return [leaf_hash(digests[ordinal]) if ordinal in digests else VACANT for ordinal in range(size)]


def status_leaves(lists: Sequence[StatusList]) -> list[Hash]:
    """Return the leaf hashes of the status tree; `lists` are all of them, from number 0 without a gap.

    Raises: MalformedError when a list does not stand at its own number.
    """
    if any(one.number != position for position, one in enumerate(lists)):
        raise MalformedError("a status list does not stand at its own number")
    return [status_leaf(one) for one in lists]


def status_leaf(one: StatusList) -> Hash:
    """Return the leaf hash of one list in the status tree."""
    return leaf_hash(one.leaf())
