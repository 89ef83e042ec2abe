"""What an institution's register holds already of a file that is being read: numbers, people, decisions."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from sogoc.core import canonical
from sogoc.core.intake import Person
from sogoc.core.intake.syllables import name_key, search_key
from sogoc.register.models import Batch, Decision, Institution, Row, VoidNumber
from sogoc.register.persons import records_of
from sogoc.services.numbering import registers_borne, serials_borne


class Register:
    """The register as a file of one kind and level is held against it; implements `core.intake.Known`.

    `decided_on` is the date of the file's own decision; `besides` a batch that the file became, which is no duplicate of itself.
    """

    def __init__(
        self, institution: Institution, *, kind: str, level: str, decided_on: str, besides: Batch | None = None
    ) -> None:
        self._institution = institution
        self._kind = kind
        self._level = level
        self._decided_on = decided_on
        self._besides = besides
        self._decisions: dict[str, str | None] = {}

    def _rows(self) -> QuerySet[Row]:
        rows = Row.objects.filter(institution=self._institution, kind=self._kind)
        return rows if self._besides is None else rows.exclude(batch=self._besides)

    def serials(self, numbers: Collection[str]) -> Collection[str]:
        """Those that a qualification bears or bore, in any year, whatever became of it."""
        return serials_borne(self._rows().exclude(origin=Row.Origin.AMEND), numbers)

    def registers(self, numbers: Collection[tuple[str, str]]) -> Collection[tuple[str, str]]:
        """Those pairs of year and number that a line of the book bears, or that are void."""
        taken: set[tuple[str, str]] = set()
        for year in {year for year, _ in numbers}:
            asked = [number for each, number in numbers if each == year]
            held = self._rows().exclude(origin=Row.Origin.AMEND).filter(level=self._level, year=year)
            void = VoidNumber.objects.filter(
                institution=self._institution, kind=self._kind, level=self._level, year=year
            )
            taken.update((year, text) for text in registers_borne(asked, held, void, year=year))
        return taken

    def persons(self, people: Collection[Person]) -> Collection[Person]:
        """Those whose name, birth and programme stand in the register, unless two personal numbers tell them apart."""
        asked: dict[tuple[str, str, str], list[Person]] = {}
        for person in people:
            asked.setdefault((person.name, person.born_on, person.programme), []).append(person)
        found: set[Person] = set()
        keys = {(name_key(one.name), one.born_on) for one in people}
        for content in records_of(self._institution, self._kind, keys, besides=self._besides):
            record = canonical.decode(content)
            who = (search_key(record["holder_name"]), record["born_on"], record.get("programme", ""))
            number = record.get("personal_id", "")
            found.update(one for one in asked.get(who, ()) if not (number and one.number) or number == one.number)
        return found

    def decided_on(self, number: str) -> str | None:
        """The date under which a decision is recorded; the file's own where one number was recorded with several."""
        if number not in self._decisions:
            dates = Decision.objects.filter(institution=self._institution, number=number).order_by("decided_on")
            recorded = list(dates.values_list("decided_on", flat=True))
            same = self._decided_on if self._decided_on in recorded else None
            self._decisions[number] = same or next(iter(recorded), None)
        return self._decisions[number]
