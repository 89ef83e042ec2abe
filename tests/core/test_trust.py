"""Policies: pinned by a verifier, so read strictly and written back as they were."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sogoc.core import trust
from sogoc.core.note import Algorithm, VerifierKey
from sogoc.errors import MalformedError
from tests.archive import Archive, Key, story

STORY = story()
WITNESS = VerifierKey(name="witness.example", algorithm=Algorithm.ED25519_COSIGNATURE, public_key=bytes(32))
POLICY = STORY.archive.policy(
    18,
    23,
    seen=STORY.archive.seen(STORY.wednesday, 23),
    witnesses=(WITNESS,),
    quorum=1,
    max_status_age=timedelta(hours=6),
    ministry=(Key("ministry").jwk, Key("next ministry").jwk),
    log=(STORY.archive.vkeys, Archive(log_name="next").vkeys),
)
VALUE: dict[str, Any] = json.loads(POLICY.encode())


def test_what_is_written_is_read_back() -> None:
    assert trust.parse(POLICY.encode()) == POLICY
    bare = replace(POLICY, seen=None, anchors=(), witnesses=(), quorum=0, chains=())
    assert trust.parse(bare.encode()) == bare


def test_anchors_are_sorted_by_size() -> None:
    backwards = replace(POLICY, anchors=POLICY.anchors[::-1])
    assert trust.parse(backwards.encode()) == POLICY


def test_all_keys_of_log_and_witnesses() -> None:
    assert POLICY.log_keys == (*STORY.archive.vkeys, *Archive(log_name="next").vkeys, WITNESS)


@pytest.mark.parametrize("name", sorted(VALUE))
def test_members_are_a_closed_list_of_types(name: str) -> None:
    for changed in (
        {key: item for key, item in VALUE.items() if key != name},
        *(VALUE | {name: other} for other in (None, 1.5, -1, {"a": 1}, [1])),
        VALUE | {"note": "x"},
    ):
        with pytest.raises(MalformedError):
            trust.parse(json.dumps(changed).encode())


def put(*path: Any) -> bytes:
    *names, last, content = path
    value = copy.deepcopy(VALUE)
    at = value
    for name in names:
        at = at[name]
    at[last] = content
    return json.dumps(value).encode()


JWK = Key("ministry").jwk


@pytest.mark.parametrize(
    "presented",
    [
        put("type", "sogoc/policy/v2"),
        put("ministry", []),
        put("log", []),
        put("log", [[]]),
        put("log", [VALUE["log"][0], []]),
        put("log", 0, 0, "not a key"),
        put("log", 0, 0, VALUE["log"][0][0].replace("+", "+00", 1)),
        put("ministry", 0, "kid", Key("x").kid),
        put("ministry", 0, "jwk", JWK | {"d": JWK["x"]}),
        put("ministry", 0, "jwk", JWK | {"x": JWK["y"]}),
        put("ministry", 1, "name", "Another ministry"),
        put("trial", 1),
        put("trial", "false"),
        put("witnesses", "quorum", 2),
        put("witnesses", "quorum", -1),
        put("witnesses", "keys", ["x"]),
        put("max_status_age", 0),
        put("max_anchor_age", 10**9),
        put("chains", []),
        put("chains", 0, "chain_id", 0),
        put("chains", 0, "contract", 1),
        put("chains", 0, "contract", "0x" + "cd" * 20),
        put("chains", 0, "code_hash", "x"),
        put("chains", 0, "endpoints", []),
        put("chains", 0, "endpoints", "http://127.0.0.1"),
        put("chains", 0, "finality", {"rule": "hope"}),
        put("chains", 0, "extra", 1),
        put("observed", "anchors", 0, "chain_id", 1),
        put("observed", "anchors", 0, "root", "0x00"),
        put("observed", "anchors", 0, "size", 0),
        put("observed", "state", "root", "x"),
        put("observed", "state", "time", "2026-07-17"),
        put("observed", "state", {}),
        put("observed", "extra", 1),
        POLICY.encode().replace(b'"trial"', b'"trial": false, "trial"'),
        b"{}",
        b"",
    ],
)
def test_policies_of_another_form(presented: bytes) -> None:
    with pytest.raises(MalformedError):
        trust.parse(presented)
