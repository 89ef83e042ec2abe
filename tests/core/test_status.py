"""Status lists: one table, two standards' encodings, each against loops over single bits."""

from __future__ import annotations

import base64
import gzip
import zlib
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sogoc.core.status import LENGTH, PLACES, Status, StatusList, inflate, places
from sogoc.errors import MalformedError

SOME = st.dictionaries(st.integers(0, PLACES - 1) | st.integers(0, 40), st.sampled_from(Status), max_size=40)


def filled(statuses: dict[int, Status]) -> StatusList:
    table = StatusList(7)
    for index, status in statuses.items():
        table[index] = status
    return table


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def token_status(content: bytes, index: int) -> int:
    """Token Status List: places fill each byte from its least significant bit."""
    bits = [(content[n // 8] >> (n % 8)) & 1 for n in (2 * index, 2 * index + 1)]
    return bits[0] + 2 * bits[1]


def bitstring_status(content: bytes, index: int) -> int:
    """Bitstring Status List: bit 0 is the leftmost one, and a status of two bits has its high bit first."""
    bits = [(content[n // 8] >> (7 - n % 8)) & 1 for n in (2 * index, 2 * index + 1)]
    return 2 * bits[0] + bits[1]


@settings(max_examples=30)
@given(SOME)
def test_both_encodings_say_the_same(statuses: dict[int, Status]) -> None:
    table = filled(statuses)
    token = table.token()
    assert token["bits"] == 2
    content = zlib.decompress(unpadded(str(token["lst"])))
    mirrored = table.bitstring()
    assert mirrored[0] == "u"
    other = gzip.decompress(unpadded(mirrored[1:]))
    assert len(content) == len(other) == LENGTH == 131_072 // 4
    for index in {*statuses, *(index ^ 1 for index in statuses), 0, PLACES - 1}:
        expected = statuses.get(index, Status.VALID)
        assert table[index] is expected
        assert token_status(content, index) == bitstring_status(other, index) == expected
    assert inflate(7, table.compressed()).content == table.content


def test_the_published_example() -> None:
    """Token Status List, two bits: twelve statuses, three bytes, and their compressed form."""
    statuses = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]
    table = filled({index: Status(status) for index, status in enumerate(statuses)})
    assert table.content[:3] == bytes.fromhex("c944f9")
    assert zlib.decompress(unpadded("eNo76fITAAPfAgc")) == bytes(table.content[:3])


def test_all_places_of_a_byte_are_mirrored() -> None:
    for byte in range(256):
        table = filled({index: Status(byte >> 2 * index & 3) for index in range(4)})
        other = gzip.decompress(unpadded(table.bitstring()[1:]))
        assert [bitstring_status(other, index) for index in range(4)] == [byte >> 2 * n & 3 for n in range(4)]


@given(SOME, st.integers(0, PLACES - 1), st.sampled_from(Status))
def test_setting_one_place_leaves_the_others(statuses: dict[int, Status], index: int, status: Status) -> None:
    table = filled(statuses)
    before = bytes(table.content)
    neighbours = {near: table[near] for near in range(max(0, index - 4), min(PLACES, index + 5)) if near != index}
    was = table[index]
    table[index] = status
    assert {near: table[near] for near in neighbours} == neighbours
    assert table[index] is status
    table[index] = was
    assert table.content == before


@pytest.mark.parametrize("index", [-1, PLACES, 2**40])
def test_there_is_no_place_outside(index: int) -> None:
    table = StatusList(0)
    with pytest.raises(MalformedError):
        table[index]
    with pytest.raises(MalformedError):
        table[index] = Status.REVOKED


def test_a_leaf_names_its_list_and_its_content() -> None:
    table = filled({5: Status.REVOKED})
    assert table.leaf() == bytes.fromhex("0000000702") + sha256(bytes(table.content)).digest()
    assert len({StatusList(0).leaf(), StatusList(1).leaf(), table.leaf()}) == 3


WHOLE = StatusList(0).compressed()


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"\0",
        WHOLE[:-1],
        WHOLE + b"\0",
        WHOLE + WHOLE,
        zlib.compress(bytes(LENGTH - 1)),
        zlib.compress(bytes(LENGTH + 1)),
        gzip.compress(bytes(LENGTH)),
        zlib.compress(bytes(10**8)),
        bytes(LENGTH),
    ],
    ids=range(10),
)
def test_a_list_unpacks_to_its_length_or_not_at_all(packed: bytes) -> None:
    with pytest.raises(MalformedError):
        inflate(0, packed)


def test_a_list_of_another_length() -> None:
    with pytest.raises(MalformedError):
        StatusList(0, bytes(LENGTH + 1))


def test_places_are_given_in_an_order_that_only_the_key_tells() -> None:
    order = places(b"k" * 32, 0)
    assert sorted(order) == list(range(PLACES))
    assert places(b"k" * 32, 0) == order
    for other in (places(b"k" * 32, 1), places(b"K" * 32, 0)):
        # Two orders that have nothing to do with one another agree at about one place.
        assert sum(a == b for a, b in zip(order, other, strict=True)) < 12
    assert sum(abs(a - b) == 1 for a, b in pairwise(order)) < 20
