"""Does this number stand in the register under this name? Anybody may ask; the answer is the archive's own word.

Only what a published head holds is found, as it stands at that head. Nothing is written, except that a name did not fit: that is
counted for the number and for who asks, so that nobody learns a name by trying.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from itertools import chain

from django.db.models import F

from sogoc.core import authority, canonical, entry, lookup, numbering
from sogoc.core.lookup import Asked, Code, Held
from sogoc.core.status import Status
from sogoc.errors import UnavailableError
from sogoc.register import by_number, queries
from sogoc.register.by_number import Now, Numbered
from sogoc.register.models import Entry, Institution, WrongNames
from sogoc.services.acting import RESULT
from sogoc.services.sequencing import newest_pages

_NOBODY = b""
"""Stands for who asks where nobody can tell: nothing is counted of him."""


class TooManyNames(UnavailableError):
    """Too many wrong names were given in this hour, about this number or by who asks. `seconds` until it is answered again."""

    code = "too-many-names"

    def __init__(self, seconds: int) -> None:
        minutes = -(-seconds // 60)
        super().__init__(
            "too many wrong names were given for now: this is no answer about the diploma",
            "đã có quá nhiều lần nhập sai họ tên: đây không phải kết luận về văn bằng",
            mend=f"Ask again in {minutes} min, or ask the holder for the file of the diploma, which can be checked at any time.",
            mend_vi=f"Hỏi lại sau {minutes} phút, hoặc xin người được cấp tệp văn bằng số: tệp thì lúc nào cũng kiểm tra được.",
        )
        self.seconds = seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the register says, the size of the published head that it says it at, and the time of its state."""

    code: Code
    size: int
    at: datetime | None


def look_up(asked: Asked, *, asker: bytes | None, now: datetime) -> Answer:
    """Answer whether a number stands in the register of an institution under a name. `asker` is a digest of who asks, if that is known.

    Raises: TooManyNames; UnavailableError while nothing is published.
    """
    hour, since = divmod(int(now.timestamp()), lookup.WINDOW_SECONDS)
    spellings = numbering.spellings(asked.number)
    number = _digest(asked.institution, spellings[-1])
    first = by_number.by_serial(
        asked.institution, spellings, number=number, asker=asker or _NOBODY, hour=hour, most=lookup.MOST_WRONG_NAMES,
        most_of_one=lookup.MOST_WRONG_NAMES_OF_ONE,
    )  # fmt: skip
    if first is None:
        raise UnavailableError("nothing is published yet", "chưa công bố gì")
    then, found = first
    if then.number_used_up or then.asker_used_up:
        raise TooManyNames(lookup.WINDOW_SECONDS - since)
    code = _answer(asked, spellings, then, found)
    if code in (Code.ANOTHER_NAME, Code.NO_NAME):  # a number may be borne by one that was erased and by others
        _count([number, *([asker] if asker else [])], hour)
    return Answer(code=code, size=then.size, at=then.at)


def institutions() -> tuple[tuple[str, str], ...]:
    """Return the code and the name of every institution that the log knows, by name: who holds a diploma on paper knows no code."""
    head = queries.newest_head()
    return () if head is None else _named(head.size, bytes(head.root))


@lru_cache(maxsize=1)
def _named(size: int, _root: bytes) -> tuple[tuple[str, str], ...]:
    """What is known at a head is known to every request until the next."""
    pages = newest_pages().filter(entry__index__lt=size).select_related("institution")
    read = [(page.institution.code, authority.parse(bytes(page.content)).newest_name) for page in pages.iterator()]
    return tuple(sorted(((code, name.vi) for code, name in read if name is not None), key=lambda one: (one[1], one[0])))


def _answer(asked: Asked, spellings: tuple[str, str, str], now: Now, by_serial: list[Numbered]) -> Code:
    held: list[Held] = []
    code = Code.NO_NUMBER
    for found in chain([by_serial], _by_register_number(asked.institution, spellings, now.size)):
        held += (_at_head(one, now) for one in found)
        code = lookup.judge(asked.name, held)
        if lookup.MEANINGS[code].matches:
            return code
    return code if held else _absent(asked.institution)


def _by_register_number(institution: str, spellings: tuple[str, str, str], size: int) -> Iterator[list[Numbered]]:
    """Search as long as somebody wants to know. The year in a number is mostly that of the award: first in that one, then in all."""
    read = numbering.readings(spellings[1])
    numbers = sorted({one.number for one in read})
    for year in (*sorted({one.year for one in read if one.year is not None}), None):
        yield by_number.by_register_number(institution, spellings, numbers=numbers, year=year, size=size)


def _at_head(found: Numbered, now: Now) -> Held:
    """Return how a qualification stands: its newest version, what was decided, whether another diploma took its place."""
    newest, record, status, replaced = found.entry, found.record, Status.VALID, False
    going_on = found.acted
    while going_on:
        acts = Entry.objects.filter(target=newest, index__lt=now.size).order_by("-index").select_related("row")
        act = acts.first()
        going_on = act is not None and act.act not in RESULT
        if act is not None and going_on:
            newest, record = act.pk, bytes(act.row.record) if act.row is not None else b""
            replaced = replaced or act.act == "reissue"
        elif act is not None:
            status = RESULT[act.act]
    return Held(
        name=canonical.decode(record)["holder_name"] if record else None, status=status, replaced=replaced,
        disputed=found.provenance == "D", fell=_fell(newest, now.root, now.size),
    )  # fmt: skip


def _fell(logged: int, root: bytes, size: int) -> bool:
    """Whether the key that signed this version was cut where the version stands, or below. Mostly no key ever was."""
    cuts = _cuts(root, size)
    if not cuts:
        return False
    one = Entry.objects.select_related("row__seal__key", "row__batch__entry").get(pk=logged)
    if one.row is None or one.row.batch.entry is None:
        return False
    # An issued diploma is signed with its batch, whose place counts for all of it.
    index = one.row.batch.entry.index if one.act == "issue" else one.index
    start = cuts.get(one.row.seal.key.kid)
    return start is not None and index is not None and index >= start


@lru_cache(maxsize=2)
def _cuts(_root: bytes, size: int) -> Mapping[str, int]:
    """By key from where it was cut on, at a head: what is known at it is known to every request until the next."""
    starts: dict[str, int] = {}
    for content in Entry.objects.filter(act="key-cut", index__lt=size).values_list("content", flat=True):
        said = entry.parse(bytes(content))
        if isinstance(said, entry.KeyCut):
            starts[said.key] = min(said.start, starts.get(said.key, said.start))
    return starts


def _absent(code: str) -> Code:
    institution = Institution.objects.filter(code=code).first()
    if institution is None:
        return Code.NO_INSTITUTION
    lost = Entry.objects.filter(act="issue", row__isnull=True, institution=institution)
    # A restore lost what was logged: nobody can say any more which numbers it had.
    return Code.INCOMPLETE if lost.exclude(acts__act__in=["cancel", "revoke"]).exists() else Code.NO_NUMBER


def _count(about: Iterable[bytes], hour: int) -> None:
    # Each statement by itself: two people who are wrong at once never wait for one another in a circle.
    WrongNames.objects.filter(hour__lt=hour).delete()
    for one in about:
        WrongNames.objects.get_or_create(about=one, defaults={"hour": hour, "count": 0})
        WrongNames.objects.filter(about=one).update(count=F("count") + 1)


def _digest(*words: str) -> bytes:
    return sha256("\0".join(words).encode()).digest()
