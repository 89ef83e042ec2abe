"""How many were awarded of an intake against its quota, from exact tallies; what the public may count is `core.counting`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sogoc.core.authority import Power
from sogoc.core.tally import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The awards of one intake under one power. A quota that the page does not give for that intake is none: 0."""

    power: Power
    intake: str
    quota: int
    awarded: int

    @property
    def over(self) -> bool:
        return self.awarded > self.quota

    def over_by(self, percent: int) -> bool:
        """Whether more were awarded than the quota and so many per cent of it."""
        return self.awarded * 100 > self.quota * (100 + percent)

    def __str__(self) -> str:
        return f"{self.awarded}/{self.quota}"


def usage(power: Power, intake: str, awarded: Mapping[Cell, int]) -> Usage:
    """Count what was awarded of an intake in the programmes and modes of a power that has quotas."""
    quotas = power.quotas or {}
    count = sum(
        number
        for (programme, mode, year), number in awarded.items()
        if year == intake and power.programme in ("*", programme) and power.mode in ("*", mode)
    )
    return Usage(power=power, intake=intake, quota=quotas.get(intake, 0), awarded=count)
