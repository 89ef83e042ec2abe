"""What a registrar decides about a file on the workbench: a proposal, a kind of proposals, a column. Each can be undone.

A decision changes how the file is read and nothing else; it is written down with its rule, never with a value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from sogoc.core.intake import RULES, Choices, Problem
from sogoc.core.intake.headers import MEANINGS
from sogoc.core.vocabulary import fold
from sogoc.errors import InputError
from sogoc.register.models import Upload
from sogoc.services import access, audit
from sogoc.services.workbench import Said, held


def accept(*, upload: Upload, problems: Sequence[Problem], by: User, now: datetime) -> Upload:
    """Accept single proposals. Raises: NotAllowed, WrongState, InputError where nothing is proposed."""
    return _choose(upload, "accepted", problems, Choices.accept, by=by, now=now)


def acknowledge(*, upload: Upload, problems: Sequence[Problem], by: User, now: datetime) -> Upload:
    """Say that single warnings were read, and the cells are right. Raises: NotAllowed, WrongState, InputError for an error."""
    return _choose(upload, "acknowledged", problems, Choices.acknowledge, by=by, now=now)


def accept_rule(*, upload: Upload, rule: str, by: User, now: datetime) -> Upload:
    """Accept every proposal of a rule. Raises: NotAllowed, WrongState, InputError for a rule that does not exist."""
    return _step(upload, "rule-accepted", lambda choices: choices.accept_rule(rule), by=by, now=now, rule=rule)


def acknowledge_rule(*, upload: Upload, rule: str, by: User, now: datetime) -> Upload:
    """Say that every warning of a rule was read. Raises: NotAllowed, WrongState, InputError for a rule that does not warn."""
    if rule not in RULES or RULES[rule].severity != "warning":
        raise InputError(f"{rule} is no rule that warns", f"{rule} không phải quy tắc cảnh báo")
    return _step(upload, "rule-acknowledged", lambda choices: choices.acknowledge_rule(rule), by=by, now=now, rule=rule)


def undo(*, upload: Upload, keys: Sequence[str], by: User, now: datetime) -> Upload:
    """Take back what was decided about single proposals and warnings, by their keys.

    Raises: NotAllowed, WrongState; InputError for one that nobody decided, or that was decided with its whole rule.
    """

    def without(choices: Choices) -> Choices:
        for key in keys:
            if key not in choices.proposals | choices.acknowledged:
                raise _not_chosen(key)
        return replace(
            choices, proposals=choices.proposals.difference(keys), acknowledged=choices.acknowledged.difference(keys)
        )

    return _step(upload, "undone", without, by=by, now=now, count=len(keys))


def undo_rule(*, upload: Upload, rule: str, by: User, now: datetime) -> Upload:
    """Take back that a whole rule was accepted or acknowledged. Raises: NotAllowed, WrongState, InputError if it was not."""

    def without(choices: Choices) -> Choices:
        if rule not in choices.rules | choices.acknowledged:
            raise _not_chosen(rule)
        return choices.undo_rule(rule)

    return _step(upload, "rule-undone", without, by=by, now=now, rule=rule)


def ignore(*, upload: Upload, header: str, by: User, now: datetime) -> Upload:
    """Carry a column nowhere, in this file. Raises: NotAllowed, WrongState."""
    return _column(upload, header, "column-ignored", by=by, now=now, ignored=True)


def mean(*, upload: Upload, header: str, meaning: str, by: User, now: datetime) -> Upload:
    """Say which field a header means. The institution's next files are read so as well, once this one became a batch.

    Raises: NotAllowed, WrongState, InputError for a field that does not exist.
    """
    return _column(upload, header, "column-named", by=by, now=now, meaning=meaning)


def order(*, upload: Upload, header: str, order: str, by: User, now: datetime) -> Upload:
    """Say whether day or month comes first in a column of dates. Raises: NotAllowed, WrongState, InputError."""
    return _column(upload, header, "column-ordered", by=by, now=now, order=order)


def undo_column(*, upload: Upload, header: str, by: User, now: datetime) -> Upload:
    """Take back everything that was said of one column. Raises: NotAllowed, WrongState, InputError if nothing was."""
    return _column(upload, header, "column-undone", by=by, now=now)


def encode(*, upload: Upload, encoding: str, by: User, now: datetime) -> Upload:
    """Say the encoding of a file that does not; empty takes it back. Raises: NotAllowed, WrongState."""
    return _step(
        upload, "encoding-said", lambda choices: replace(choices, encoding=encoding), by=by, now=now, encoding=encoding
    )


def _choose(
    upload: Upload,
    verb: str,
    problems: Sequence[Problem],
    one_more: Callable[[Choices, Problem], Choices],
    *,
    by: User,
    now: datetime,
) -> Upload:
    def with_all(choices: Choices) -> Choices:
        for problem in problems:
            choices = one_more(choices, problem)
        return choices

    counted = {rule: sum(one.rule == rule for one in problems) for rule in sorted({one.rule for one in problems})}
    return _step(upload, verb, with_all, by=by, now=now, rules=counted)


def _column(
    upload: Upload,
    header: str,
    verb: str,
    *,
    by: User,
    now: datetime,
    ignored: bool = False,
    meaning: str | None = None,
    order: str | None = None,
) -> Upload:
    """Say one thing of a column in place of what was said of it before. The order of its dates stays beside its meaning."""
    key = fold(header)

    def said(choices: Choices) -> Choices:
        orders = {each: kept for each, kept in choices.order.items() if fold(each) != key}
        ignores = frozenset(each for each in choices.ignored if fold(each) != key)
        meanings = {each: kept for each, kept in choices.meanings.items() if fold(each) != key}
        if order is not None:
            return replace(choices, order=orders | {header: order})
        if meaning is not None:
            return replace(choices, ignored=ignores, meanings=meanings | {header: meaning})
        if ignored:
            return replace(choices, ignored=ignores | {header}, meanings=meanings, order=orders)
        nothing = replace(choices, ignored=ignores, meanings=meanings, order=orders)
        if nothing == choices:
            raise _not_chosen(header)
        return nothing

    return _step(upload, verb, said, by=by, now=now)


@transaction.atomic
def _step(
    upload: Upload, verb: str, change: Callable[[Choices], Choices], *, by: User, now: datetime, **detail: object
) -> Upload:
    """Change what is chosen, if that changes anything, and write down who did."""
    access.require(by, "batch.prepare", upload.institution)
    upload = held(upload)
    before = Choices.from_json(upload.choices)
    after = change(before)
    after.check({*Said.from_json(upload.said).schema.names, *MEANINGS})
    if after != before:
        upload.choices = after.to_json()
        upload.save(update_fields=["choices"])
        audit.note(by, f"upload.{verb}", upload.public_id, at=now, detail=detail)
    return upload


def _not_chosen(what: str) -> InputError:
    return InputError(f"nothing was decided about {what}", f"chưa có lựa chọn nào về {what}")
