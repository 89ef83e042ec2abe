"""What the ministry may let a batch pass in spite of, and how its public entry names it: a closed list, as free text could name a person.

Spec: docs/spec/entry.md ("Batch")
"""

from __future__ import annotations

from collections.abc import Collection

from sogoc.core import canonical
from sogoc.core.canonical import Json
from sogoc.errors import MalformedError

OVERRIDABLE = ("number-gap", "power", "quota", "signer")
"""The rules of the gate that may be set aside."""
AT_MOST = 64
"""So many rules and programmes stand in one entry, so that it stays small enough."""


def set_aside(rule: str, programme: str = "") -> str:
    """Return how an override names a rule of the gate: `quota`, and `power:7220201` for the power to award one programme.

    The power by programme, because the tally need not say which programmes a batch holds.
    """
    return f"{rule}:{programme}" if rule == "power" else rule


def past_powers(named: Collection[str]) -> bool:
    """Whether an override sets a power aside: the ministry then signs what follows in that batch, too."""
    return any(one.startswith(set_aside("power")) for one in named)


def read(value: Json) -> tuple[str, ...]:
    """Read the override of a batch. Raises: MalformedError."""
    named = [canonical.text(one, 18) for one in canonical.items(value, AT_MOST)]
    for one in named:
        rule, _, programme = one.partition(":")
        if rule not in OVERRIDABLE or one != set_aside(rule, programme) or one == set_aside("power"):
            raise MalformedError("an override names what nobody may set aside, or the power of no programme")
    if named != sorted(set(named)):
        raise MalformedError("an override is not sorted, or names something twice")
    return tuple(named)
