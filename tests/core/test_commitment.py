"""Commitments against a naive second implementation of docs/spec/record.md, and what refuses to open."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sogoc.core import commitment
from sogoc.core.commitment import blind_decision, open_slots, seal
from sogoc.core.record import DEGREE, SCHEMAS, Schema
from sogoc.errors import InputError, MalformedError, VerificationError
from tests.archive import record

SECRET = bytes(range(32))
PLAIN = st.text("aZ0 'ăếŏĐ–’\"\\/", min_size=1, max_size=30)
RECORDS = st.sampled_from(list(SCHEMAS.values())).flatmap(
    lambda schema: st.tuples(
        st.just(schema), st.dictionaries(st.sampled_from(schema.names), PLAIN), st.binary(min_size=32, max_size=32)
    )
)


def naive_b64(content: bytes) -> str:
    return base64.b64encode(content, b"-_").decode().replace("=", "")


def naive(schema: Schema, fields: dict[str, str], secret: bytes) -> tuple[dict[str, str], list[bytes], bytes]:
    """Disclosures, slots and commitment, line by line as the specification has them."""
    disclosures, slots = {}, []
    for name in [field.name for field in schema.fields]:
        if name in fields:
            salt = hmac.digest(secret, b"sogoc/salt/v1" + b"\0" + name.encode(), "sha256")[:16]
            array = json.dumps([naive_b64(salt), name, fields[name]], ensure_ascii=False, separators=(",", ":"))
            disclosures[name] = naive_b64(array.encode())
            slots.append(hashlib.sha256(disclosures[name].encode("ascii")).digest())
        else:
            slots.append(hmac.digest(secret, b"sogoc/filler/v1" + b"\0" + name.encode(), "sha256"))
    text = schema.id.encode()
    everything = b"sogoc/commitment/v1\0" + bytes([len(text)]) + text + len(slots).to_bytes(2, "big") + b"".join(slots)
    return disclosures, slots, hashlib.sha256(everything).digest()


@given(RECORDS)
def test_sealing_is_as_specified(case: tuple[Schema, dict[str, str], bytes]) -> None:
    schema, fields, secret = case
    sealed = seal(schema, fields, secret)
    disclosures, slots, committed = naive(schema, fields, secret)
    assert (sealed.disclosures, list(sealed.slots), sealed.commitment) == (disclosures, slots, committed)
    assert open_slots(schema, sealed.slots, sealed.disclosures.values()) == fields


def test_a_fixed_vector() -> None:
    sealed = seal(DEGREE, record(1), SECRET)
    assert sealed.disclosures["level"] == "WyJ2WDJmOG1Kbld4dG5DV25CRTJGbVh3IiwibGV2ZWwiLCJiYWNoZWxvciJd"
    assert sealed.commitment.hex() == "49c00411a5d3e20167f1775d2501051996f1bae64a4a5ec3e21b8d69a28416d4"


def test_equal_values_of_two_people_have_nothing_in_common() -> None:
    one, other = (seal(DEGREE, record(1), secret) for secret in (SECRET, SECRET[::-1]))
    assert not set(one.slots) & set(other.slots)
    assert len({*one.slots, *other.slots}) == 2 * len(DEGREE.fields)


def test_absence_does_not_show() -> None:
    with_, without = seal(DEGREE, record(1), SECRET), seal(DEGREE, record(1, ethnicity=None), SECRET)
    assert len(with_.slots) == len(without.slots)
    different = [name for name, a, b in zip(DEGREE.names, with_.slots, without.slots, strict=True) if a != b]
    assert different == ["ethnicity"]


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_secret_is_32_bytes(length: int) -> None:
    with pytest.raises(InputError):
        seal(DEGREE, record(1), bytes(length))


def disclosure(*parts: object, separators: tuple[str, str] = (",", ":"), ascii_: bool = False) -> str:
    return naive_b64(json.dumps(list(parts), separators=separators, ensure_ascii=ascii_).encode())


SALT = naive_b64(bytes(16))
SEALED = seal(DEGREE, record(1), SECRET)


def hides(text: str, name: str = "title") -> list[bytes]:
    """Slots in which this disclosure does stand where its name belongs: only its form can be wrong."""
    slots = list(SEALED.slots)
    slots[DEGREE.names.index(name)] = hashlib.sha256(text.encode()).digest()
    return slots


def test_a_disclosure_of_the_form_opens_its_slot() -> None:
    good = disclosure(SALT, "title", "Ế")
    assert open_slots(DEGREE, hides(good), [good]) == {"title": "Ế"}


@pytest.mark.parametrize(
    "text",
    [
        disclosure(SALT, "title", "Ế", separators=(", ", ":")),
        disclosure(SALT, "title", "Ế", ascii_=True),
        disclosure(SALT, "title"),
        disclosure(SALT, "title", "x", "y"),
        disclosure(SALT, "title", 1),
        disclosure(SALT, "title", None),
        disclosure(SALT, "title", ["x"]),
        disclosure(SALT, "title", {"_sd": []}),
        disclosure(naive_b64(bytes(15)), "title", "x"),
        disclosure("not base64!", "title", "x"),
        disclosure(1, "title", "x"),
        disclosure(SALT, "title", "E\u0302\u0301"),
        disclosure(SALT, "title", "a\u200bb"),
        disclosure(SALT, "title", "x" * 1025),
        disclosure(SALT, "title", "x" * 5000),
        naive_b64(b'["' + SALT.encode() + b'","title","\xff"]'),
        naive_b64(b"{}"),
        naive_b64(b"[" * 3000),
        "",
        "!!!",
        disclosure(SALT, "title", "Ế") + "=",
    ],
)
def test_a_disclosure_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        open_slots(DEGREE, hides(text), [text])


@pytest.mark.parametrize(
    "contents",
    [
        [f'["{SALT}","title"', '"x"]'],
        [f'["{SALT}","title","x"],["{SALT}","major","y"]', ""],
        [f'["{SALT}","title","x"]', f'["{SALT}","major","y"],["{SALT}","school","z"', "]"],
        [f'["{SALT}","title","x"', f'],["{SALT}","major","y"]'],
    ],
)  # fmt: skip
def test_disclosures_that_are_json_only_side_by_side_are_refused(contents: list[str]) -> None:
    shown = [naive_b64(content.encode()) for content in contents]
    with pytest.raises(MalformedError):
        open_slots(DEGREE, SEALED.slots, shown)


def test_a_disclosure_opens_the_slot_of_its_name_only() -> None:
    """Every disclosure in every wrong slot: a field cannot be moved to where it says something else."""
    names = list(SEALED.disclosures)
    for name in names:
        at = DEGREE.names.index(name)
        for elsewhere in range(len(DEGREE.names)):
            slots = list(SEALED.slots)
            slots[at], slots[elsewhere] = slots[elsewhere], slots[at]
            if elsewhere == at:
                open_slots(DEGREE, slots, [SEALED.disclosures[name]])
            else:
                with pytest.raises(VerificationError):
                    open_slots(DEGREE, slots, [SEALED.disclosures[name]])


def test_swapped_slots_are_another_commitment() -> None:
    slots = list(SEALED.slots)
    slots[3], slots[4] = slots[4], slots[3]
    assert commitment.commitment(DEGREE, slots) != SEALED.commitment


def test_one_schema_is_not_another() -> None:
    assert len({commitment.commitment(schema, SEALED.slots) for schema in SCHEMAS.values()}) == len(SCHEMAS)


@pytest.mark.parametrize("count", [0, 1, 34, 36])
def test_the_number_of_slots_is_that_of_the_schema(count: int) -> None:
    assert len(DEGREE.fields) == 35
    with pytest.raises(VerificationError):
        open_slots(DEGREE, (SEALED.slots * 2)[:count], [])


def test_twice_or_unknown() -> None:
    one = SEALED.disclosures["title"]
    unknown = disclosure(SALT, "nickname", "x")
    for shown in ([one, one], [unknown]):
        with pytest.raises(VerificationError):
            open_slots(DEGREE, SEALED.slots, shown)


@given(st.sampled_from(sorted(SEALED.disclosures)), st.integers(0, 10_000), st.integers(0, 63))
def test_a_changed_disclosure_never_opens(name: str, at: int, by: int) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    text = SEALED.disclosures[name]
    at %= len(text)
    changed = text[:at] + alphabet[(alphabet.index(text[at]) + by) % 64] + text[at + 1 :]
    if changed == text:
        return
    with pytest.raises((MalformedError, VerificationError)):
        open_slots(DEGREE, SEALED.slots, [changed])


def test_a_decision_is_blinded() -> None:
    number = "412/QĐ-ĐHSG"
    assert (
        blind_decision(number, SECRET[:16])
        == hashlib.sha256(b"sogoc/decision/v1\0" + SECRET[:16] + number.encode()).digest()
    )
