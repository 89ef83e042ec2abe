"""Numbers of decisions: the form in which a batch gives one, and when two of them are one number written twice.

Whoever writes one number in two ways has two decisions, each with its own total. So the log takes one spelling of it only.

Spec: docs/spec/entry.md ("Batch")
"""

from __future__ import annotations

import re

from sogoc.core import canonical, record
from sogoc.core.canonical import Json
from sogoc.core.vocabulary import fold
from sogoc.errors import MalformedError, RecordError

LONGEST = 100
_RUNS = re.compile(r"[0-9]+|[a-z]+")
_BEFORE = {"quyet", "dinh", "qd", "so", "no"}


def is_number(number: str) -> str | None:
    """Return why this is no number of a decision, in English, or None.

    It is text as a record may hold it, of Vietnamese letters and at least one digit, without a space too many.
    """
    try:
        record.check_text("decision_number", number)
    except RecordError as error:
        return error.en
    folded = fold(number)
    if len(number) > LONGEST or not folded.isascii() or not any(map(str.isdigit, folded)):
        return "is no number such as 1256/QĐ-ĐHCN"
    return None if " ".join(number.split()) == number else "has a space too many"


def same(number: str) -> str:
    """Return what all spellings of one number have in common, to be compared and never shown.

    Case, marks (đ as d), what stands between letters, zeros before a number, and `Quyết định số` before it make no other decision.
    """
    runs = _RUNS.findall(fold(number))
    while runs and runs[0] in _BEFORE:
        del runs[0]
    return re.sub(r"(?<=[a-z]) (?=[a-z])", "", " ".join(run.lstrip("0") or run[:1] for run in runs))


def read(value: Json) -> str:
    """Read the number of a batch's decision. Raises: MalformedError."""
    number = canonical.text(value, LONGEST)
    why = is_number(number)
    if why is not None:
        raise MalformedError(f"the number of the decision {why}")
    return number
