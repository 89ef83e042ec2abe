"""One line of a register, held against what the log says of it: the record, the secret, the signature, every column.

Spec: docs/spec/completeness.md ("Records and what was committed to")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sogoc.core import canonical, commitment, numbering
from sogoc.core.credentials import sd_jwt
from sogoc.core.entry import Place
from sogoc.core.intake.syllables import name_key
from sogoc.core.jws import verify
from sogoc.core.record import SCHEMAS, Record
from sogoc.core.tally import Cell
from sogoc.errors import InputError, MalformedError, SignatureError


class Line(NamedTuple):
    """A row as the register keeps it; what is None was never written, or is gone."""

    record: bytes
    secret: bytes | None
    kid: str | None
    signature: bytes | None
    commitment: bytes | None
    status_list: int | None
    status_index: int | None
    kind: str
    level: str
    serial_number: str
    serial_series: str | None
    serial_value: int | None
    register_number: str
    number: int | None
    year: str
    identifier: str
    name_key: str
    born_on: str


class Logged(NamedTuple):
    """What the log says of the qualification: its commitment and place, and the schema and provenance of its batch."""

    schema: str
    provenance: str
    commitment: bytes
    status: Place


class Held(NamedTuple):
    """What came of it: the code of what is wrong with the record, the columns that are wrong, and, of a line that is right, its cell of
    the tally.
    """

    wrong: str | None
    numbers: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    cell: Cell | None = None


def hold(line: Line, to: Logged, *, origin: str, institution: str, keys: Mapping[str, Mapping[str, str]]) -> Held:
    """Hold a line against its entry. `keys` are those of the institution by kid; `institution` is its code.

    `wrong` is `record-altered`, `signature-altered`, or `row-elsewhere` for a line that is genuine and of another entry.
    """
    try:
        fields: Record = canonical.decode(line.record)
        if not fields.keys() <= set(SCHEMAS[to.schema].names):
            return Held("record-altered")  # no slot commits to such a field
        sealed = commitment.seal(SCHEMAS[to.schema], fields, line.secret or b"")
        signed = _is_signed(line, sealed, origin=origin, institution=institution, keys=keys)
    except (MalformedError, InputError, AttributeError, TypeError):
        # What stands there is no record, or its secret is gone.
        return Held("record-altered")
    if sealed.commitment != to.commitment:
        genuine = signed and sealed.commitment == line.commitment
        return Held("row-elsewhere" if genuine else "record-altered")
    if not signed:
        return Held("signature-altered")
    cell = (fields["programme"], fields["mode"], fields.get("admitted_on", "")[:4])
    return Held(None, _wrong_numbers(line, to, fields), _wrong_columns(line, to, fields), cell)


def hold_all(
    lines: Iterable[tuple[Line, Logged]], origin: str, institution: str, keys: Mapping[str, Mapping[str, str]]
) -> list[Held]:
    """Hold many lines, one after the other."""
    return [hold(line, to, origin=origin, institution=institution, keys=keys) for line, to in lines]


def _is_signed(
    line: Line, sealed: commitment.Sealed, *, origin: str, institution: str, keys: Mapping[str, Mapping[str, str]]
) -> bool:
    jwk = keys.get(line.kid or "")
    if jwk is None or line.signature is None or line.status_list is None or line.status_index is None:
        return False
    signed = sd_jwt.signing_input(
        sealed, kid=line.kid or "", origin=origin, institution=institution, status=(line.status_list, line.status_index)
    )
    try:
        verify(jwk, signed, line.signature)
    except SignatureError:
        return False
    return True


def _wrong_numbers(line: Line, to: Logged, fields: Record) -> tuple[str, ...]:
    serial = numbering.parse_serial(fields["serial_number"])
    parsed = numbering.parse_register_number(fields["register_number"], fields["awarded_on"][:4])
    number = parsed.number if parsed is not None else None
    if line.number is None and to.provenance != "A":
        number = None  # an old register may have kept several books in one year, of which one is counted
    held = {
        "serial_number": line.serial_number == fields["serial_number"],
        "serial_series": line.serial_series == (serial.series if serial is not None else None),
        "serial_value": line.serial_value == (serial.value if serial is not None else None),
        "register_number": line.register_number == fields["register_number"],
        "number": line.number == number,
    }
    return tuple(name for name, right in held.items() if not right)


def _wrong_columns(line: Line, to: Logged, fields: Record) -> tuple[str, ...]:
    held = {
        "kind": line.kind == fields["kind"],
        "level": line.level == fields["level"],
        "year": line.year == fields["awarded_on"][:4],
        "identifier": line.identifier == fields["identifier"],
        "name_key": line.name_key == name_key(fields["holder_name"]),
        "born_on": line.born_on == fields["born_on"],
        "commitment": line.commitment == to.commitment,
        "status": (line.status_list, line.status_index) == to.status,
    }
    return tuple(name for name, right in held.items() if not right)
