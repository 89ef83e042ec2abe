"""Authority pages: what they say, who signed them, and which next page may follow."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from sogoc.core import authority, canonical
from sogoc.core.authority import KeyWindow, Name, Page, Power, SignerTerm, check_succession
from sogoc.errors import MalformedError, SignatureError
from tests.archive import ORIGIN, Key

MINISTRY, A, B = Key("ministry"), Key("key a"), Key("key b")
POWER = Power(
    kind="degree",
    level="bachelor",
    programme="7480201",
    mode="full-time",
    valid_from="2010-01-01",
    valid_to="2027-12-31",
    legal_basis="100/QĐ-BGDĐT",
    name="Công nghệ thông tin",
    quotas={"2021": 500, "2022": 520},
)
OPEN = Power(
    kind="certificate", level="certificate", programme="*", mode="*", valid_from="2010-01-01", legal_basis="1/QĐ"
)
PAGE = Page(
    ordinal=3,
    version=2,
    code="DHSG01",
    category="university",
    names=(
        Name(vi="Trường Cao đẳng Sông Gốc", en="A College", valid_from="1990-01-01", valid_to="2009-12-31"),
        Name(vi="Trường Đại học Sông Gốc", en="A University", valid_from="2010-01-01"),
    ),
    identifiers={"ministry_code": "SG"},
    keys=(
        KeyWindow(jwk=A.jwk, holder="Văn phòng", start=10, until=100),
        KeyWindow(jwk=B.jwk, holder="Văn phòng", start=50),
    ),
    powers=(POWER, OPEN),
    signers=(SignerTerm(name="Lò Thị Mẫu", title="Hiệu trưởng", valid_from="2020-01-01", valid_to="2025-01-01"),),
    predecessors=(1,),
    successors=(7, 8),
    custodian=3,
)
SIGNED: Page = MINISTRY.signed(PAGE)


def test_what_is_written_is_read_back() -> None:
    content = SIGNED.encode()
    assert authority.parse(content) == SIGNED
    assert (
        json.dumps(json.loads(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == content
    )


def test_only_the_ministry_of_the_policy_counts() -> None:
    other = Key("another ministry")
    assert SIGNED.verify([MINISTRY.jwk], origin=ORIGIN) == MINISTRY.kid
    assert SIGNED.verify([other.jwk, MINISTRY.jwk], origin=ORIGIN) == MINISTRY.kid
    assert SIGNED.verify([other.jwk], origin=ORIGIN) is None
    assert SIGNED.verify([], origin=ORIGIN) is None
    changed = replace(SIGNED, custodian=9)
    for page, origin in ((changed, ORIGIN), (SIGNED, "elsewhere.example/1")):
        with pytest.raises(SignatureError):
            page.verify([MINISTRY.jwk], origin=origin)


@pytest.mark.parametrize(
    ("index", "a", "b"), [(9, False, False), (10, True, False), (50, True, True), (99, True, True), (100, False, True)]
)
def test_a_key_counts_from_and_until(index: int, a: bool, b: bool) -> None:
    assert [key.covers(index) for key in PAGE.keys] == [a, b]


@pytest.mark.parametrize(
    ("changes", "covered"),
    [
        ({}, True),
        ({"on": "2010-01-01"}, True),
        ({"on": "2009-12-31"}, False),
        ({"on": "2027-12-31"}, True),
        ({"on": "2028-01-01"}, False),
        ({"kind": "certificate"}, False),
        ({"level": "master"}, False),
        ({"programme": "7480202"}, False),
        ({"programme": "*"}, False),
        ({"mode": "distance"}, False),
        ({"mode": None}, True),
    ],
)
def test_a_power_covers_exactly_what_it_says(changes: dict[str, Any], covered: bool) -> None:
    asked = {"kind": "degree", "level": "bachelor", "programme": "7480201", "mode": "full-time", "on": "2026-07-15"}
    assert POWER.covers(**(asked | changes)) is covered
    any_programme = {"kind": "certificate", "level": "certificate", "programme": "B1", "mode": "distance"}
    assert OPEN.covers(**any_programme, on="9999-01-01")


@pytest.mark.parametrize(
    ("on", "name"), [("1989-12-31", None), ("2009-12-31", "A College"), ("2010-01-01", "A University")]
)
def test_the_name_on_a_day(on: str, name: str | None) -> None:
    found = PAGE.named_on(on)
    assert (found and found.en) == name


def test_keys_are_found_by_their_kid() -> None:
    assert PAGE.key(B.kid) == PAGE.keys[1]
    assert PAGE.key(MINISTRY.kid) is None
    assert PAGE.key("") is None


WHOLE = json.loads(SIGNED.encode())


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_members_are_a_closed_list_of_types(name: str) -> None:
    with pytest.raises(MalformedError):
        authority.parse(canonical.encode({key: item for key, item in WHOLE.items() if key != name}))
    others: list[Any] = ["x" * 30, 0, True, [[]], {"a": 1}]
    for other in others:
        with pytest.raises(MalformedError):
            authority.parse(canonical.encode(WHOLE | {name: other}))
    with pytest.raises(MalformedError):
        authority.parse(canonical.encode(WHOLE | {"note": "x"}))


def inside(name: str, **changes: Any) -> bytes:
    first, *others = WHOLE[name]
    value = {key: item for key, item in (first | changes).items() if item is not None}
    return canonical.encode(WHOLE | {name: [value, *others]})


@pytest.mark.parametrize(
    "presented",
    [
        inside("keys", kid=B.kid),
        inside("keys", kid=B.kid, jwk=B.jwk),
        inside("keys", until="100"),
        inside("keys", **{"from": None}),
        inside("keys", note="x"),
        inside("powers", level="professor"),
        inside("powers", mode="nightly"),
        inside("powers", to="2027"),
        inside("powers", quotas={"2021": "500"}),
        inside("powers", quotas={}),
        inside("powers", quotas={"21": 500}),
        inside("powers", quotas=500),
        inside("powers", programme="1234567890123"),
        inside("names", vi=None),
        inside("names", **{"from": "1990"}),
        inside("signers", title=None),
        canonical.encode(WHOLE | {"predecessors": [0]}),
        canonical.encode(WHOLE | {"type": "sogoc/authority/v2"}),
        SIGNED.encode() + b" ",
        b"[]",
    ],
)
def test_pages_of_another_form(presented: bytes) -> None:
    with pytest.raises(MalformedError):
        authority.parse(presented)


NEXT = replace(PAGE, version=3)
A_KEY, B_KEY = PAGE.keys


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"names": (*PAGE.names, Name(vi="Trường Đại học Sông Góc", en="A University", valid_from="2010-01-01"))},
        {"names": (PAGE.names[0], replace(PAGE.names[1], en="Song Goc University", valid_to="2026-08-01"))},
        {"category": "multi-university"},
        {
            "powers": (
                replace(POWER, quotas={"2021": 500, "2022": 520, "2023": 530}),
                replace(OPEN, quotas={"2023": 40}),
            )
        },
        {"signers": (*PAGE.signers, SignerTerm(name="Ksor H'Ly", title="Hiệu trưởng", valid_from="2025-01-02"))},
        {"signers": (replace(PAGE.signers[0], valid_to="2024-06-30"),)},
        {"custodian": 9},
        {"keys": (*PAGE.keys, KeyWindow(jwk=Key("c").jwk, holder="x", start=200))},
        {"keys": (replace(A_KEY, until=60), replace(B_KEY, until=50))},
        {"keys": (replace(A_KEY, start=20), B_KEY)},
        {"keys": (replace(A_KEY, until=10), B_KEY)},
        {"powers": (POWER, OPEN, replace(POWER, programme="7480202"))},
        {"powers": (replace(POWER, valid_to="2026-01-01"), replace(OPEN, valid_to="2026-01-01"))},
        {"powers": (OPEN, POWER)},
        {
            "powers": (
                replace(POWER, valid_to="2026-12-31"),
                replace(POWER, valid_from="2027-01-01", quotas={"2022": 900}, legal_basis="7/QĐ"),
                OPEN,
            )
        },
        {"powers": (POWER, OPEN, replace(OPEN, programme="A1"))},
    ],
)
def test_pages_that_may_follow(changes: dict[str, Any]) -> None:
    check_succession(PAGE, replace(NEXT, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"version": 4},
        {"ordinal": 4},
        {"code": "DHSG02"},
        {"names": ()},
        {"names": PAGE.names[1:]},
        {"names": (replace(PAGE.names[0], valid_to="2012-12-31"), PAGE.names[1])},
        {"names": (replace(PAGE.names[0], valid_to=None), PAGE.names[1])},
        {"names": (PAGE.names[0], replace(PAGE.names[1], valid_from="2011-01-01"))},
        {"names": (PAGE.names[0], replace(PAGE.names[1], vi="Trường Đại học Khác"))},
        {"powers": (POWER, OPEN, replace(POWER, quotas=None, legal_basis="7/QĐ"))},
        {"powers": (POWER, OPEN, replace(POWER, quotas={"2022": 900}, legal_basis="7/QĐ"))},
        {"powers": (POWER, OPEN, replace(POWER, programme="*", mode="*", quotas=None))},
        {"powers": (POWER, OPEN, replace(POWER, valid_from="2020-01-01", valid_to=None, quotas=None))},
        {"powers": (POWER, OPEN, replace(POWER, valid_from="2009-01-01", valid_to="2010-01-01", quotas=None))},
        {"signers": ()},
        {"signers": (replace(PAGE.signers[0], valid_to=None),)},
        {"signers": (replace(PAGE.signers[0], valid_to="2026-01-01"),)},
        {"signers": (replace(PAGE.signers[0], name="Ksor H'Ly"),)},
        {"powers": (replace(POWER, quotas={"2021": 500, "2022": 521}), OPEN)},
        {"powers": (replace(POWER, quotas={"2022": 520}), OPEN)},
        {"powers": (replace(POWER, quotas=None), OPEN)},
        {"keys": (A_KEY,)},
        {"keys": ()},
        {"keys": (replace(A_KEY, start=9), B_KEY)},
        {"keys": (replace(A_KEY, until=101), B_KEY)},
        {"keys": (replace(A_KEY, until=None), B_KEY)},
        {"keys": (A_KEY, replace(B_KEY, jwk=Key("c").jwk))},
        {"powers": ()},
        {"powers": (OPEN,)},
        {"powers": (replace(POWER, valid_to="2028-01-01"), OPEN)},
        {"powers": (replace(POWER, valid_to=None), OPEN)},
        {"powers": (replace(POWER, valid_from="2009-01-01"), OPEN)},
        {"powers": (replace(POWER, programme="*"), OPEN)},
        {"powers": (replace(POWER, legal_basis="999/QĐ"), OPEN)},
        {"powers": (replace(POWER, name="Y khoa"), OPEN)},
    ],
)
def test_pages_that_may_not_follow(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        check_succession(PAGE, replace(NEXT, **changes))
