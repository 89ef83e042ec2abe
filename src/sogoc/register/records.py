"""Table rows to core records and back: the only translation between the two."""

from __future__ import annotations

from collections.abc import Iterable

from sogoc.core import canonical, commitment, jws
from sogoc.core.authority import Page
from sogoc.core.authority import parse as parse_page
from sogoc.core.commitment import Sealed
from sogoc.core.credentials import sd_jwt
from sogoc.core.record import SCHEMAS, Record, Schema
from sogoc.errors import Erased, WrongState
from sogoc.register.models import AuthorityPage, Institution, Row


def record_of(row: Row) -> Record:
    """Return the record of a row. Raises: Erased; MalformedError when the stored bytes are not canonical."""
    if row.erased_at is not None:
        raise Erased(row.identifier)
    record: Record = canonical.decode(bytes(row.record))
    return record


def schema_of(row: Row) -> Schema:
    return SCHEMAS[row.batch.schema]


def sealed(row: Row) -> Sealed:
    """Return the slots and disclosures of a sealed row, rebuilt from record and secret.

    Raises: Erased; WrongState when the row was never sealed, or does not give the commitment that was logged.
    """
    if row.erased_at is not None:
        raise Erased(row.identifier)
    seal = row.sealed
    if seal is None or seal.secret is None:
        raise WrongState("the row is not sealed", "dòng này chưa được ký")
    whole = commitment.seal(schema_of(row), record_of(row), bytes(seal.secret))
    if whole.commitment != bytes(seal.commitment):
        raise WrongState(
            f"row {row.pk} no longer gives the commitment that was logged: the register was altered",
            f"dòng {row.pk} không còn khớp với cam kết đã ghi: sổ gốc đã bị sửa",
        )
    return whole


def credential(row: Row, *, origin: str, names: Iterable[str] | None = None) -> str:
    """Rebuild the credential of a sealed row, byte for byte as it was signed, and verify it.

    It shows of the fields `names` those that the record has (None: all), and those that can never be hidden.

    Raises: WrongState when the row is not sealed; SignatureError when the rebuild is not what the key signed.
    """
    whole, seal = sealed(row), row.sealed
    if seal is None or seal.signature is None:
        raise WrongState("the row is not signed", "dòng này chưa được ký")
    signed = sd_jwt.signing_input(
        whole,
        kid=seal.key.kid,
        origin=origin,
        institution=row.institution.code,
        status=(seal.status_list, seal.status_index),
    )
    jws.verify(seal.key.jwk, signed, bytes(seal.signature))
    shown = whole.disclosures.keys() if names is None else {*names, *whole.schema.always_shown}
    return sd_jwt.assemble(
        signed, bytes(seal.signature), (text for name, text in whole.disclosures.items() if name in shown)
    )


def newest_page(institution: Institution) -> tuple[AuthorityPage, Page]:
    """Return the newest authority page of an institution, as a row and as a value.

    Raises: WrongState when the ministry has not accredited it.
    """
    row = institution.pages.order_by("-version").first()
    if row is None:
        raise WrongState(f"{institution.code} is not accredited", f"{institution.code} chưa được công nhận")
    return row, parse_page(bytes(row.content))
