"""The records of many people at once, by the key of their name and the day of their birth."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from django.db import connection

from sogoc.register.models import Batch, Institution
from sogoc.register.planned import ask

_OF_ONE = (
    "SELECT record FROM register_row"
    " WHERE institution_id = %s AND name_key = %s AND born_on = %s AND kind = %s AND batch_id <> %s"
)
# Each is a question of its own, which OFFSET keeps it: by the index of persons, whatever a database believes of its tables.
_OF_MANY = (
    "SELECT known.record FROM unnest(%s::text[], %s::text[]) AS asked (name, born) CROSS JOIN LATERAL ("
    "SELECT record FROM register_row"
    " WHERE institution_id = %s AND name_key = asked.name AND born_on = asked.born AND kind = %s AND batch_id <> %s OFFSET 0"
    ") AS known"
)


def records_of(
    institution: Institution, kind: str, people: Collection[tuple[str, str]], *, besides: Batch | None
) -> Iterator[bytes]:
    """The records of one kind that an institution holds of these people, each a name key and a day of birth.

    What stands in the batch `besides` is left out.
    """
    batch = besides.pk if besides is not None else 0
    if connection.vendor == "postgresql":
        names, births = [name for name, _ in people], [born for _, born in people]
        found = ask(_OF_MANY, (names, births, institution.pk, kind, batch))
    else:
        found = [line for name, born in people for line in ask(_OF_ONE, (institution.pk, name, born, kind, batch))]
    return (bytes(record) for (record,) in found)
