"""From what the archive says to what a page shows. Nothing is decided here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from sogoc.core import lookup, vocabulary
from sogoc.core.report import LABELS, STEPS, Check, Report, Verdict
from sogoc.core.vocabulary import FIELDS, Said
from sogoc.register import queries
from sogoc.services.looking_up import Answer
from sogoc.web.wording import BAD, FACTS, GOOD, NONE, NOT_RUN, OUTCOMES, PASSED, SOURCES, VERDICTS, WAIT, Look

VIETNAM = timezone(timedelta(hours=7))
_ICONS = {GOOD: "check", WAIT: "question", BAD: "cross", NONE: "dash"}


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time as people in Vietnam read it, and as machines do."""

    vi: str
    iso: str

    @classmethod
    def of(cls, at: datetime) -> Moment:
        there = at.astimezone(VIETNAM)
        return cls(
            f"{there:%H:%M:%S}, {there.day}/{there.month}/{there.year}", f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        )


def number(count: int) -> str:
    """A count with gaps between thousands, which is read alike in both languages."""
    return f"{count:,}".replace(",", "\N{NO-BREAK SPACE}")


# -- the newest of the log ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchored:
    """Where the newest anchor was last seen; the chain was not asked for this page."""

    size: str
    block: str
    chain_id: int
    final: bool
    at: Moment | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The log in a few figures."""

    issued: str
    size: str
    root: str
    state: Moment | None
    anchored: Anchored | None


def overview() -> Overview | None:
    """The newest published head and what belongs to it; None before the first."""
    head, state = queries.newest_head(), queries.newest_state()
    if head is None:
        return None
    return Overview(
        issued=number(queries.issued()),
        size=number(head.size),
        root=bytes(head.root).hex(),
        state=Moment.of(state.at) if state else None,
        anchored=_anchored(),
    )


def _anchored() -> Anchored | None:
    seen = [anchor for anchor in queries.anchors() if anchor.block_number is not None]
    if not seen:
        return None
    newest = seen[-1]
    return Anchored(
        size=number(newest.size),
        block=number(newest.block_number or 0),
        chain_id=newest.chain_id,
        final=newest.final,
        at=Moment.of(datetime.fromtimestamp(newest.block_time, UTC)) if newest.block_time is not None else None,
        count=len(seen),
    )


# -- the answer to a look-up ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAnswer:
    """What a register says of a number and a name, and what to do. It holds neither."""

    title: Said
    advice: Said
    own_word: Said
    tone: str
    icon: str
    size: str
    at: Moment | None

    @classmethod
    def of(cls, answer: Answer) -> ShownAnswer:
        meaning = lookup.MEANINGS[answer.code]
        look = VERDICTS[meaning.verdict]
        return cls(
            title=meaning.title,
            advice=meaning.advice,
            own_word=lookup.OWN_WORD,
            tone=look.tone,
            icon=look.icon,
            size=number(answer.size),
            at=Moment.of(answer.at) if answer.at else None,
        )


# -- a report -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One field of the diploma. `en` is there where the value itself has two languages."""

    label: Said
    vi: str
    en: str | None
    is_name: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFact:
    name: Said
    value: str
    source: Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    number: int
    title: Said
    tone: str
    icon: str
    outcome: Said
    findings: tuple[Said, ...]
    facts: tuple[ShownFact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownReport:
    """A report as a page shows it: the verdict, what to do, the claims if there are any, the eight steps."""

    verdict: Said
    look: Look
    claims: tuple[Claim, ...]
    steps: tuple[Step, ...]
    notes: tuple[Said, ...]
    passed: int

    @classmethod
    def of(cls, report: Report) -> ShownReport:
        en, vi = LABELS[report.verdict]
        return cls(
            verdict=Said(vi, en),
            look=VERDICTS[report.verdict],
            claims=tuple(_claims(report)),
            steps=tuple(map(_step, report.checks)),
            notes=tuple(Said(note.vi, note.en) for note in report.notes),
            passed=sum(check.passed for check in report.checks),
        )


def _claims(report: Report) -> Iterator[Claim]:
    rest = [name for name in report.claims if name not in FIELDS]
    for name in (*FIELDS, *rest):
        if name in report.claims:
            value = _value(name, report.claims[name])
            if name == "institution_name" and report.issuer.get("vi") == value.vi:
                value = Said(value.vi, report.issuer["en"])  # the ministry's English name for it
            yield Claim(
                label=FIELDS.get(name, Said(name, name)),
                vi=value.vi,
                en=value.en if value.en != value.vi else None,
                is_name=name == "holder_name",
            )


_DATE = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?")


def _value(name: str, value: str) -> Said:
    parts = _DATE.fullmatch(value) if name.endswith("_on") else None
    if parts is None:
        return Said(vocabulary.display(name, value), vocabulary.display(name, value, language="en"))
    year, month, day = parts.groups()
    known = date(int(year), int(month), int(day or 1))
    if day is None:
        return Said(f"{month}/{year}", f"{known:%B %Y}")
    return Said(f"{day}/{month}/{year}", f"{known.day} {known:%B %Y}")


def _step(check: Check) -> Step:
    en, vi = STEPS[check.step - 1]
    tone, outcome = _outcome(check)
    return Step(
        number=check.step,
        title=Said(vi, en),
        tone=tone,
        icon=_ICONS[tone],
        outcome=outcome,
        findings=tuple(Said(finding.vi, finding.en) for finding in check.findings),
        facts=tuple(
            ShownFact(
                name=Said(FACTS.get(fact.name, fact.name), fact.name),
                value=fact.value,
                source=SOURCES.get(fact.source, Said(fact.source, fact.source)),
            )
            for fact in check.facts
        ),
    )


def _outcome(check: Check) -> tuple[str, Said]:
    """Only a step that ran and found nothing is green: one that waits for its anchor is not."""
    if check.passed:
        return GOOD, PASSED
    if not check.ran and check.verdict is Verdict.INCONCLUSIVE:
        return NONE, NOT_RUN
    tone = VERDICTS[check.verdict].tone
    return WAIT if tone == GOOD else tone, OUTCOMES[check.verdict]
