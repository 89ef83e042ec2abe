"""A commitment hides a record behind one salted digest per field, so that its holder can open only some.

The log knows commitments and nothing else of a person, so a new credential format needs no new entry.

Spec: docs/spec/record.md
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import chain

import orjson

from sogoc.core.canonical import Json, are_b64, b64_all, unb64_all, unb64_each
from sogoc.core.record import MAX_FIELD_BYTES, Record, Schema, all_fine, check_text
from sogoc.errors import InputError, MalformedError, RecordError, VerificationError

_SALT = b"sogoc/salt/v1\x00"
_FILLER = b"sogoc/filler/v1\x00"
_COMMITMENT = b"sogoc/commitment/v1\x00"
_DECISION = b"sogoc/decision/v1\x00"
_SALT_BYTES = 16

_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A record with its slots. `disclosures` maps a field to its disclosure text; it opens that field and no other."""

    schema: Schema
    slots: tuple[bytes, ...]
    disclosures: Mapping[str, str]

    @property
    def commitment(self) -> bytes:
        return commitment(self.schema, self.slots)


def seal(schema: Schema, record: Record, secret: bytes) -> Sealed:
    """Hide `record` behind its slots.

    `secret` is 32 random bytes, one per record version. Losing it makes the entry unprovable; leaking it makes fields
    guessable. The record must have passed `record.check`.

    Raises: InputError if `secret` is not 32 bytes. Spec: docs/spec/record.md.
    """
    if len(secret) != 32:
        raise InputError("the secret is not 32 bytes")
    # HMAC (RFC 2104) of every field under one key, whose two key blocks are hashed once: half of sealing is this.
    block = secret.ljust(64, b"\0")
    inner, outer = sha256(block.translate(_INNER)), sha256(block.translate(_OUTER))
    slots: dict[str, bytes] = {}
    shown = []
    for name, salt, filler in _messages(schema.names):
        inside, mac = inner.copy(), outer.copy()
        if name in record:
            inside.update(salt)
            shown.append(name)
        else:
            inside.update(filler)
        mac.update(inside.digest())
        slots[name] = mac.digest()
    salts = b64_all([slots[name][:_SALT_BYTES] for name in shown])
    texts = b64_all([orjson.dumps((salt, name, record[name])) for salt, name in zip(salts, shown, strict=True)])
    for name, text in zip(shown, texts, strict=True):
        slots[name] = sha256(text.encode()).digest()
    return Sealed(schema=schema, slots=tuple(slots.values()), disclosures=dict(zip(shown, texts, strict=True)))


@lru_cache(maxsize=16)
def _messages(names: tuple[str, ...]) -> tuple[tuple[str, bytes, bytes], ...]:
    """Each field, and of what its salt and its filler are the HMAC."""
    return tuple((name, _SALT + name.encode(), _FILLER + name.encode()) for name in names)


def commitment(schema: Schema, slots: Sequence[bytes]) -> bytes:
    """Return the 32 bytes that stand in the log for these slots. Spec: docs/spec/record.md."""
    name = schema.id.encode()
    return sha256(b"".join((_COMMITMENT, bytes([len(name)]), name, len(slots).to_bytes(2, "big"), *slots))).digest()


def open_slots(schema: Schema, slots: Sequence[bytes], disclosures: Collection[str]) -> dict[str, str]:
    """Return the fields that these disclosures open.

    Raises: MalformedError for a disclosure that is not of the form; VerificationError for a name that is unknown or repeated, or
    a digest that is not in the slot of its name. Spec: docs/spec/record.md, verification 2.
    """
    if len(slots) != len(schema.fields):
        raise VerificationError("the number of digests is not that of the schema", "số mã băm không đúng với mẫu")
    names, values = _read_disclosures(disclosures)
    closed = dict(zip(schema.names, slots, strict=True))
    for name, disclosure in zip(names, map(str.encode, disclosures), strict=True):
        slot = closed.pop(name, None)
        if slot is None:
            raise VerificationError("a field is shown twice or unknown", "một trường bị lặp hoặc không có trong mẫu")
        if sha256(disclosure).digest() != slot:
            raise VerificationError(
                f"the field {name} is not what was signed", f"trường {name} không đúng với bản đã ký"
            )
    return dict(zip(names, values, strict=True))


def _read_disclosures(disclosures: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names and the values, which are read together: a diploma has twenty of them."""
    contents = unb64_all(disclosures)
    if max(map(len, contents), default=0) > 2 * MAX_FIELD_BYTES + 256:
        raise MalformedError("a disclosure is too long")
    try:
        parts: Json = orjson.loads(b"[" + b",".join(contents) + b"]")
    except orjson.JSONDecodeError as error:
        raise MalformedError("a disclosure is not JSON") from error
    if list(map(orjson.dumps, parts)) != contents:  # also two that are JSON only side by side
        raise MalformedError("a disclosure is not in canonical form")
    if not parts:
        return (), ()
    if not (set(map(type, parts)) == {list} and set(map(len, parts)) == {3} and _are_texts(chain(*parts))):
        raise MalformedError("a disclosure is not a salt, a name and a text")
    salts, names, values = zip(*parts, strict=True)
    if not are_b64(salts, _SALT_BYTES):
        unb64_each(salts, _SALT_BYTES)  # which says what is wrong
    try:
        if not all_fine(values):
            for name, value in zip(names, values, strict=True):
                check_text(name, value)
    except RecordError as error:
        raise MalformedError("a disclosed value is not plain text in NFC") from error
    return names, values


def _are_texts(values: Iterable[Json]) -> bool:
    """Whether all these are texts, which joining asks faster than any other way."""
    try:
        "".join(values)
    except TypeError:
        return False
    return True


def blind_decision(number: str, salt: bytes) -> bytes:
    """Return the digest that stands in the log for a decision number. `salt` is 16 random bytes. Spec: docs/spec/entry.md."""
    return sha256(_DECISION + salt + number.encode()).digest()
