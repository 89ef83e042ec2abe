"""Receipts: they prove one entry at one place under one signed checkpoint, and nothing else is a receipt."""

from __future__ import annotations

import dataclasses

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from sogoc.core.checkpoint import Checkpoint, log_vkeys, sign
from sogoc.core.merkle import Tree, leaf_hash
from sogoc.core.note import MAX_NOTE_BYTES, VerifierKey, encode_base64
from sogoc.core.receipt import Receipt
from sogoc.errors import MalformedError, ProofError, SignatureError

ORIGIN = "sogoc.example/log"
ED25519 = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ML_DSA = MLDSA44PrivateKey.from_seed_bytes(bytes(range(32)))
KEYS = [VerifierKey.parse(vkey) for vkey in log_vkeys(ORIGIN, ED25519.public_key(), ML_DSA.public_key())]

ENTRIES = [b"entry %d" % index for index in range(13)]
TREE = Tree([leaf_hash(entry) for entry in ENTRIES])
CHECKPOINT = Checkpoint(origin=ORIGIN, size=len(ENTRIES), root=TREE.root)
NOTE = sign(CHECKPOINT, ed25519=ED25519, ml_dsa=ML_DSA, timestamp=1_700_000_000)


def receipt(index: int) -> Receipt:
    return Receipt(index=index, proof=tuple(TREE.proof(index)), note=NOTE)


TEXT = receipt(5).encode()
HASH = encode_base64(bytes(32))


def test_a_receipt_is_laid_out_as_the_specification_says() -> None:
    hashes = "".join(encode_base64(sibling) + "\n" for sibling in TREE.proof(5))
    assert f"c2sp.org/tlog-proof@v1\nindex 5\n{hashes}\n{NOTE}" == TEXT


@pytest.mark.parametrize("index", range(len(ENTRIES)))
def test_every_entry_has_its_receipt(index: int) -> None:
    read = Receipt.parse(receipt(index).encode())
    assert read == receipt(index)
    assert read.verify(ENTRIES[index], KEYS) == CHECKPOINT


def test_a_receipt_is_for_its_entry_and_place_only() -> None:
    for index, entry in enumerate(ENTRIES):
        if index != 5:
            with pytest.raises(ProofError):
                receipt(5).verify(entry, KEYS)
            with pytest.raises(ProofError):
                dataclasses.replace(receipt(5), index=index).verify(ENTRIES[5], KEYS)
    for index in (13, 2**62):
        with pytest.raises(ProofError):
            dataclasses.replace(receipt(5), index=index).verify(ENTRIES[5], KEYS)


def test_every_changed_hash_is_noticed() -> None:
    proof = receipt(5).proof
    for at, sibling in enumerate(proof):
        for byte in range(32):
            changed = sibling[:byte] + bytes([sibling[byte] ^ 128]) + sibling[byte + 1 :]
            forged = dataclasses.replace(receipt(5), proof=(*proof[:at], changed, *proof[at + 1 :]))
            with pytest.raises(ProofError):
                forged.verify(ENTRIES[5], KEYS)
        with pytest.raises(ProofError):
            dataclasses.replace(receipt(5), proof=proof[:at] + proof[at + 1 :]).verify(ENTRIES[5], KEYS)
    with pytest.raises(ProofError):
        dataclasses.replace(receipt(5), proof=(*proof, bytes(32))).verify(ENTRIES[5], KEYS)


def test_a_receipt_of_strangers_proves_nothing() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    note = sign(CHECKPOINT, ed25519=other, ml_dsa=ML_DSA, timestamp=1)
    stranger = VerifierKey.parse(log_vkeys(ORIGIN, other.public_key(), ML_DSA.public_key())[0])
    forged = dataclasses.replace(receipt(5), note=note)
    assert forged.verify(ENTRIES[5], [stranger]) == CHECKPOINT
    for keys in ([], KEYS[:1]):
        with pytest.raises(SignatureError):
            forged.verify(ENTRIES[5], keys)


def test_another_checkpoint_does_not_fit() -> None:
    smaller = Checkpoint(origin=ORIGIN, size=12, root=Tree([leaf_hash(entry) for entry in ENTRIES[:12]]).root)
    note = sign(smaller, ed25519=ED25519, ml_dsa=ML_DSA, timestamp=1)
    with pytest.raises(ProofError):
        dataclasses.replace(receipt(5), note=note).verify(ENTRIES[5], KEYS)


MALFORMED = {
    "empty": "",
    "note only": NOTE,
    "no note": TEXT.partition("\n\n")[0] + "\n\n",
    "cut off": TEXT[:-1],
    "trailing line": TEXT + "\n",
    "other version": TEXT.replace("@v1", "@v2"),
    "leading line": "\n" + TEXT,
    "carriage returns": TEXT.replace("\n", "\r\n"),
    "extra data": TEXT.replace("index", "extra AAAA\nindex"),
    "no index": TEXT.replace("index 5\n", ""),
    "index without a number": TEXT.replace("index 5", "index "),
    "index with a zero": TEXT.replace("index 5", "index 05"),
    "negative index": TEXT.replace("index 5", "index -5"),
    "two spaces": TEXT.replace("index 5", "index  5"),
    "space after the index": TEXT.replace("index 5", "index 5 "),
    "index too large": TEXT.replace("index 5", f"index {2**63}"),
    "index of no tree": TEXT.replace("index 5", f"index {2**63 - 1}"),
    "short hash": TEXT.replace("index 5", "index 5\nAAAA"),
    "long hash": TEXT.replace("index 5", "index 5\nAAAA" + HASH),
    "hash in another form": TEXT.replace("index 5", "index 5\n" + HASH[:-2] + "B="),
    "hash with a space": TEXT.replace("index 5", "index 5\n" + HASH + " "),
    "no blank line": TEXT.replace("\n\n", "\n", 1),
    "two blank lines": TEXT.replace("\n\n", "\n\n\n", 1),
    "64 hashes": f"c2sp.org/tlog-proof@v1\nindex 5\n{(HASH + chr(10)) * 64}\n{NOTE}",
    "note that is no checkpoint": TEXT.replace(f"\n{len(ENTRIES)}\n", "\nx\n"),
    "note too large": TEXT + "a" * MAX_NOTE_BYTES,
}


@pytest.mark.parametrize("presented", MALFORMED.values(), ids=MALFORMED.keys())
def test_other_texts_are_no_receipts(presented: str) -> None:
    with pytest.raises(MalformedError):
        Receipt.parse(presented)


@given(st.integers(0, len(TEXT) - 1), st.sampled_from(["", "\n", " ", "A", "0", "=", "\u2014", "\0"]), st.booleans())
def test_a_text_with_one_change_is_refused_or_read_as_it_stands(at: int, put: str, keep: bool) -> None:
    presented = TEXT[:at] + put + TEXT[at + (not keep) :]
    try:
        read = Receipt.parse(presented)
    except MalformedError:
        return
    assert read.encode() == presented


@pytest.mark.parametrize("index", [-1, 2**63 - 1])
def test_what_could_not_be_read_is_not_written(index: int) -> None:
    with pytest.raises(MalformedError):
        Receipt(index=index, proof=(), note=NOTE)
    with pytest.raises(MalformedError):
        Receipt(index=0, proof=(bytes(31),), note=NOTE)
    with pytest.raises(MalformedError):
        Receipt(index=0, proof=(bytes(32),) * 64, note=NOTE)
    with pytest.raises(MalformedError):
        Receipt(index=0, proof=(), note=TEXT)
