"""One thing wrong in one place of a file, what is proposed for it, and what was changed.

The sentences never hold the value of any cell: before, after and other readings are separate, so that a log or a list
can leave them out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sogoc.core.canonical import b64, digest
from sogoc.core.intake.rules import RULES, Severity


class Confidence(StrEnum):
    """How sure a proposal is. It is computed from the file alone, and never makes a change by itself."""

    CERTAIN = "certain"
    """Nothing but `after` can have become `before` by this rule, or a second fact of the file confirms it."""
    LIKELY = "likely"
    """What is usually meant; nothing in the file confirms it, nothing speaks against it."""
    POSSIBLE = "possible"
    """A guess; something else is nearly as good. Only paper can tell."""


def key_of(sheet: str, cell: str, rule: str, before: str, after: str | None) -> str:
    """The stable name of one proposal: the same while place, rule, before and after are, another as soon as one is not.

    It is a hash of what may be personal data: keep it with the file that it speaks of, never in a log.
    """
    said = "\0".join((sheet, cell, rule, before, "" if after is None else f"\1{after}"))
    return b64(digest(said.encode(errors="surrogatepass"))[:16])


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in one place. An error keeps the file out of the register; a warning asks to be confirmed.

    `before` is the cell as it stands, `after` what is proposed in its place (None: nothing is), `readings` how else the
    cell may be read, each with the name of the reading; these three may be personal data. `cell` is such as D17, a
    column's letters, or empty for the whole sheet; `column` is the header as the registrar wrote it.
    """

    file: str
    sheet: str
    cell: str
    column: str
    rule: str
    before: str = ""
    after: str | None = None
    confidence: Confidence = Confidence.LIKELY
    readings: tuple[tuple[str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        return key_of(self.sheet, self.cell, self.rule, self.before, self.after)

    @property
    def severity(self) -> Severity:
        return RULES[self.rule].severity

    @property
    def en(self) -> str:
        return RULES[self.rule].en.format(**dict(self.facts))

    @property
    def vi(self) -> str:
        return RULES[self.rule].vi.format(**dict(self.facts))

    @property
    def mend(self) -> str:
        return RULES[self.rule].mend.format(**dict(self.facts))

    @property
    def mend_vi(self) -> str:
        return RULES[self.rule].mend_vi.format(**dict(self.facts))


def explained(problems: Iterable[Problem]) -> str:
    """What to mend, one problem a line, in both languages: the cell of the column of errors in an export of faulty rows."""
    lines = []
    for problem in problems:
        proposal = "" if problem.after is None else f" ⇒ {problem.after}"
        said = f"{problem.vi} {problem.mend_vi} · {problem.en} {problem.mend}"
        lines.append(f"{problem.cell} ({problem.column}): {said}{proposal}")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value that is carried otherwise than it was typed: lossless, or accepted by the registrar."""

    sheet: str
    cell: str
    column: str
    before: str
    after: str
    rule: str

    @property
    def key(self) -> str:
        return key_of(self.sheet, self.cell, self.rule, self.before, self.after)
