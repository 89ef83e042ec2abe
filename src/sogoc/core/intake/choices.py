"""What a registrar decided about the problems of a file, and what the register already knows.

Reading is a function of the file and of these decisions, so that a decision is undone by leaving it out: the problem
is there again, and nothing else is different.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from sogoc.core.intake.encodings import NAMES
from sogoc.core.intake.problem import Change, Problem
from sogoc.core.intake.rules import RULES
from sogoc.errors import InputError

DAY_FIRST, MONTH_FIRST = "day-first", "month-first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Everything that a registrar decided about one file. Empty: nothing is accepted, nothing acknowledged.

    `rules` are rules whose every proposal she accepts, `proposals` the keys of single ones. `acknowledged` holds keys of
    warnings, or rules all of whose warnings she has read. `ignored` are headers of columns that are carried nowhere,
    `meanings` the field that a header means (what an institution was remembered to mean comes in here too), `order` the
    order of day and month in a column of dates, by its header; `encoding` that of a file which does not say it.
    """

    rules: frozenset[str] = frozenset()
    proposals: frozenset[str] = frozenset()
    acknowledged: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    meanings: Mapping[str, str] = field(default_factory=dict)
    order: Mapping[str, str] = field(default_factory=dict)
    encoding: str = ""

    def accept(self, problem: Problem) -> Choices:
        """Accept one proposal: it applies while sheet, cell, rule, before and after are what they were.

        Raises: InputError where nothing is proposed.
        """
        if problem.after is None:
            raise InputError(
                f"Rule {problem.rule} proposes nothing for cell {problem.cell}.",
                f"Quy tắc {problem.rule} không đề xuất gì cho ô {problem.cell}.",
            )
        return replace(self, proposals=self.proposals | {problem.key})

    def accept_rule(self, rule: str) -> Choices:
        """Accept every proposal of a rule, also those of cells that are not there yet."""
        return replace(self, rules=self.rules | {rule})

    def acknowledge(self, problem: Problem) -> Choices:
        """Say that one warning was read and the cell is right as it stands. Raises: InputError for an error."""
        if problem.severity != "warning":
            raise InputError(
                f"Rule {problem.rule} is an error: it has to be mended.",
                f"Quy tắc {problem.rule} là lỗi: phải sửa, không thể chỉ xác nhận.",
            )
        return replace(self, acknowledged=self.acknowledged | {problem.key})

    def acknowledge_rule(self, *rules: str) -> Choices:
        """Say that every warning of these rules was read; when none is named, of all rules that warn and allow it.

        Raises: InputError for a rule whose warnings are confirmed one by one.
        """
        for name in rules:
            if name in RULES and RULES[name].one_by_one:
                raise InputError(
                    f"What rule {name} warns of is confirmed cell by cell.",
                    f"Cảnh báo của quy tắc {name} phải xác nhận riêng từng ô.",
                )
        named = rules or tuple(
            name for name, rule in RULES.items() if rule.severity == "warning" and not rule.one_by_one
        )
        return replace(self, acknowledged=self.acknowledged | frozenset(named))

    def undo(self, one: Problem | Change | str) -> Choices:
        """Take back what was decided about this one proposal or warning, or the one of this key.

        What was accepted by its rule needs `undo_rule`.
        """
        key = one if isinstance(one, str) else one.key
        return replace(self, proposals=self.proposals - {key}, acknowledged=self.acknowledged - {key})

    def undo_rule(self, rule: str) -> Choices:
        """Take back the acceptance or acknowledgement of a whole rule."""
        return replace(self, rules=self.rules - {rule}, acknowledged=self.acknowledged - {rule})

    def to_json(self) -> dict[str, Any]:
        """As plain JSON, in a fixed order, for whoever keeps the state of a file that is being worked on."""
        return {
            "rules": sorted(self.rules),
            "proposals": sorted(self.proposals),
            "acknowledged": sorted(self.acknowledged),
            "ignored": sorted(self.ignored),
            "meanings": dict(sorted(self.meanings.items())),
            "order": dict(sorted(self.order.items())),
            "encoding": self.encoding,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Choices:
        """Choices as `to_json` gave them. Raises: KeyError or TypeError for anything else."""
        return cls(
            rules=frozenset(kept["rules"]),
            proposals=frozenset(kept["proposals"]),
            acknowledged=frozenset(kept["acknowledged"]),
            ignored=frozenset(kept["ignored"]),
            meanings=dict(kept["meanings"]),
            order=dict(kept["order"]),
            encoding=kept["encoding"],
        )

    def check(self, fields: Collection[str]) -> None:
        """Raises: InputError for a rule, field, order or encoding that does not exist."""
        wrong = sorted(self.rules - RULES.keys())
        if wrong:
            raise InputError(f"No rule is called {wrong[0]}.", f"Không có quy tắc nào tên {wrong[0]}.")
        for meaning in self.meanings.values():
            if meaning not in fields:
                raise InputError(f"No field is called {meaning}.", f"Không có trường nào tên {meaning}.")
        if self.encoding and self.encoding not in NAMES:
            raise InputError(f"No encoding is called {self.encoding}.", f"Không có bảng mã nào tên {self.encoding}.")
        for order in self.order.values():
            if order not in {DAY_FIRST, MONTH_FIRST}:
                raise InputError(f"No order of dates is called {order}.", f"Không có thứ tự ngày nào tên {order}.")


class Person(NamedTuple):
    """One person of a list as the register is asked for: `name` is a search key, `number` may be empty."""

    name: str
    born_on: str
    number: str
    programme: str


class Known(Protocol):
    """What the institution's register holds already. Each question covers some hundred rows; each answer is a part of it."""

    def serials(self, numbers: Collection[str]) -> Collection[str]:
        """Those serial numbers that a qualification of this institution bears or bore."""
        ...

    def registers(self, numbers: Collection[tuple[str, str]]) -> Collection[tuple[str, str]]:
        """Those pairs of calendar year and register number that are taken."""
        ...

    def persons(self, people: Collection[Person]) -> Collection[Person]:
        """Those people who hold a qualification of this kind and programme already."""
        ...

    def decided_on(self, number: str) -> str | None:
        """The date under which the register knows a decision of this number, None for a new one."""
        ...
