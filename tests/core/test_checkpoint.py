"""Checkpoints: the bytes that are signed, real checkpoints of public logs, and what is no checkpoint."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from sogoc.core.checkpoint import Checkpoint, log_vkeys, open_note, sign
from sogoc.core.merkle import EMPTY_ROOT, MAX_SIZE
from sogoc.core.note import Algorithm, Note, Signature, VerifierKey
from sogoc.errors import MalformedError, SignatureError

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/log/notes.json").read_text())
REAL = [name for name in VECTORS if name.startswith("staging")]

ORIGIN = "sogoc.example/log"
ED25519 = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ML_DSA = MLDSA44PrivateKey.from_seed_bytes(bytes(range(32)))
VKEYS = log_vkeys(ORIGIN, ED25519.public_key(), ML_DSA.public_key())
KEYS = [VerifierKey.parse(vkey) for vkey in VKEYS]
CHECKPOINT = Checkpoint(origin=ORIGIN, size=20852163, root=bytes(range(32)))
TIME = 1_679_315_147
NOTE = sign(CHECKPOINT, ed25519=ED25519, ml_dsa=ML_DSA, timestamp=TIME)

WITNESS = VerifierKey(
    name="witness.example/w1",
    algorithm=Algorithm.ED25519_COSIGNATURE,
    public_key=ED25519.public_key().public_bytes_raw(),
)


def cosign(key: VerifierKey, sign_message: Callable[[bytes], bytes], timestamp: int, message: bytes) -> Signature:
    return Signature.by(key, struct.pack(">Q", timestamp) + sign_message(message))


@pytest.mark.parametrize("name", REAL)
def test_checkpoints_of_public_logs_open(name: str) -> None:
    vector = VECTORS[name]
    keys = [VerifierKey.parse(vkey) for vkey in vector["vkeys"]]
    opened = open_note(vector["note"], keys=keys)
    assert opened.checkpoint.text() == vector["note"].partition("\n\n")[0] + "\n"
    assert list(opened.signers) == keys
    assert list(opened.timestamps) == vector["timestamps"]
    for key in keys:
        for other in (str(opened.checkpoint.size), opened.checkpoint.origin):
            changed = vector["note"].replace(other, other[::-1], 1)
            with pytest.raises(SignatureError):
                open_note(changed, keys=[key])


def test_the_text_is_three_lines() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    checkpoint = Checkpoint.parse(text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.root.hex() == "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62"
    assert checkpoint.text() == text


def test_the_messages_that_timestamped_keys_sign() -> None:
    text = CHECKPOINT.text().encode()
    assert CHECKPOINT.cosigned(WITNESS, TIME) == b"cosignature/v1\ntime 1679315147\n" + text
    name, origin = KEYS[1].name.encode(), ORIGIN.encode()
    assert CHECKPOINT.cosigned(KEYS[1], TIME) == (
        b"subtree/v1\n\0"
        + struct.pack(">B", len(name)) + name
        + struct.pack(">Q", TIME)
        + struct.pack(">B", len(origin)) + origin
        + struct.pack(">QQ", 0, 20852163)
        + bytes(range(32))
    )  # fmt: skip


def test_a_log_signs_with_both_its_keys() -> None:
    opened = open_note(NOTE, keys=KEYS)
    assert opened.checkpoint == CHECKPOINT
    assert opened.signers == tuple(KEYS)
    assert opened.timestamps == (None, TIME)
    assert [key.algorithm for key in opened.signers] == [Algorithm.ED25519, Algorithm.ML_DSA_44_COSIGNATURE]
    for key in KEYS:
        assert open_note(NOTE, keys=[key]).signers == (key,)


def test_a_note_shows_who_signed_when_one_line_is_gone() -> None:
    note = Note.parse(NOTE)
    for index, key in enumerate(KEYS):
        alone = Note(text=note.text, signatures=note.signatures[index : index + 1]).encode()
        assert open_note(alone, keys=KEYS).signers == (key,)


def test_a_witness_joins_without_touching_the_note() -> None:
    note = Note.parse(NOTE)
    line = cosign(WITNESS, ED25519.sign, TIME + 5, CHECKPOINT.cosigned(WITNESS, TIME + 5))
    opened = open_note(Note(text=note.text, signatures=(*note.signatures, line)).encode(), keys=[*KEYS, WITNESS])
    assert opened.signers == (*KEYS, WITNESS)
    assert opened.timestamps == (None, TIME, TIME + 5)


def test_a_cosignature_of_time_zero_states_no_time() -> None:
    opened = open_note(sign(CHECKPOINT, ed25519=ED25519, ml_dsa=ML_DSA, timestamp=0), keys=KEYS)
    assert opened.timestamps == (None, None)


@pytest.mark.parametrize("field", ["origin", "size", "root"])
@pytest.mark.parametrize("key", [*KEYS, WITNESS])
def test_a_changed_checkpoint_is_refused(field: str, key: VerifierKey) -> None:
    note = Note.parse(NOTE)
    line = cosign(WITNESS, ED25519.sign, TIME, CHECKPOINT.cosigned(WITNESS, TIME))
    changed = {
        "origin": Checkpoint(origin="sogoc.example/other", size=CHECKPOINT.size, root=CHECKPOINT.root),
        "size": Checkpoint(origin=ORIGIN, size=CHECKPOINT.size + 1, root=CHECKPOINT.root),
        "root": Checkpoint(origin=ORIGIN, size=CHECKPOINT.size, root=bytes(32)),
    }[field]
    forged = Note(text=changed.text(), signatures=(*note.signatures, line)).encode()
    with pytest.raises(SignatureError):
        open_note(forged, keys=[key])


@pytest.mark.parametrize("key", [KEYS[1], WITNESS])
def test_a_changed_time_is_refused(key: VerifierKey) -> None:
    secret = ML_DSA.sign if key is KEYS[1] else ED25519.sign
    message = CHECKPOINT.cosigned(key, TIME)
    for stated in (0, TIME - 1, TIME + 1, MAX_SIZE + 1, 2**64 - 1):
        note = Note(text=CHECKPOINT.text(), signatures=(cosign(key, secret, stated, message),)).encode()
        with pytest.raises(SignatureError):
            open_note(note, keys=[key])


def test_an_ml_dsa_key_vouches_under_its_own_name_only() -> None:
    other = VerifierKey(name="other", algorithm=Algorithm.ML_DSA_44_COSIGNATURE, public_key=KEYS[1].public_key)
    line = cosign(other, ML_DSA.sign, TIME, CHECKPOINT.cosigned(KEYS[1], TIME))
    with pytest.raises(SignatureError):
        open_note(Note(text=CHECKPOINT.text(), signatures=(line,)).encode(), keys=[other])


def test_a_cosigner_has_a_name_that_its_message_can_hold() -> None:
    key = VerifierKey(name="w" * 256, algorithm=Algorithm.ML_DSA_44_COSIGNATURE, public_key=KEYS[1].public_key)
    line = cosign(key, ML_DSA.sign, TIME, b"")
    with pytest.raises(MalformedError):
        open_note(Note(text=CHECKPOINT.text(), signatures=(line,)).encode(), keys=[key])


@pytest.mark.parametrize("key", [*KEYS, WITNESS])
@pytest.mark.parametrize("length", [1, 7, 8, 9, 64, 72, 2420, 2428])
def test_a_signature_of_nothing_is_refused_at_any_length(key: VerifierKey, length: int) -> None:
    line = Signature.by(key, bytes(length))
    with pytest.raises(SignatureError):
        open_note(Note(text=CHECKPOINT.text(), signatures=(line,)).encode(), keys=[key])


def test_a_plain_signature_is_no_cosignature() -> None:
    line = cosign(WITNESS, ED25519.sign, TIME, CHECKPOINT.text().encode())
    with pytest.raises(SignatureError):
        open_note(Note(text=CHECKPOINT.text(), signatures=(line,)).encode(), keys=[WITNESS])


ROOT64 = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
MALFORMED = {
    "empty": "",
    "one line": "a\n",
    "two lines": "a\n1\n",
    "no final newline": f"a\n1\n{ROOT64}",
    "extension line": f"a\n1\n{ROOT64}\nx\n",
    "empty extension line": f"a\n1\n{ROOT64}\n\n",
    "no origin": f"\n1\n{ROOT64}\n",
    "origin of 256 bytes": f"{'a' * 256}\n1\n{ROOT64}\n",
    "origin of 256 bytes, fewer letters": "\u1ed9" * 85 + f"a\n1\n{ROOT64}\n",
    "no size": f"a\n\n{ROOT64}\n",
    "leading zero": f"a\n01\n{ROOT64}\n",
    "negative": f"a\n-1\n{ROOT64}\n",
    "plus": f"a\n+1\n{ROOT64}\n",
    "too large": f"a\n9223372036854775808\n{ROOT64}\n",
    "space after the size": f"a\n1 \n{ROOT64}\n",
    "carriage return": f"a\r\n1\n{ROOT64}\n",
    "short root": f"a\n1\n{ROOT64[4:]}\n",
    "long root": f"a\n1\nAAAA{ROOT64}\n",
    "root in another form": f"a\n1\n{ROOT64[:-2]}J=\n",
    "root in hex": f"a\n1\n{'00' * 32}\n",
    "empty log with a root": f"a\n0\n{ROOT64}\n",
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_other_texts_are_no_checkpoints(text: str) -> None:
    with pytest.raises(MalformedError):
        Checkpoint.parse(text)


def test_extension_lines_are_refused_even_when_signed() -> None:
    text = CHECKPOINT.text() + "extension\n"
    note = Note(text=text, signatures=(Signature.by(KEYS[0], ED25519.sign(text.encode())),))
    assert note.verify(KEYS)
    with pytest.raises(MalformedError):
        open_note(note.encode(), keys=KEYS)


@given(
    st.text(alphabet=st.characters(blacklist_categories=("Cc", "Cs")), min_size=1, max_size=60),
    st.integers(1, MAX_SIZE),
    st.binary(min_size=32, max_size=32),
)
def test_checkpoints_read_back(origin: str, size: int, root: bytes) -> None:
    checkpoint = Checkpoint(origin=origin, size=size, root=root)
    assert Checkpoint.parse(checkpoint.text()) == checkpoint


def test_the_empty_log_has_a_checkpoint() -> None:
    checkpoint = Checkpoint(origin=ORIGIN, size=0, root=EMPTY_ROOT)
    assert open_note(sign(checkpoint, ed25519=ED25519, ml_dsa=ML_DSA, timestamp=1), keys=KEYS).checkpoint == checkpoint


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("a\nb", 1, bytes(32)),
        ("", 1, bytes(32)),
        ("\ud800", 1, bytes(32)),
        (ORIGIN, -1, bytes(32)),
        (ORIGIN, MAX_SIZE + 1, bytes(32)),
        (ORIGIN, 1, bytes(31)),
        (ORIGIN, 0, bytes(32)),
    ],
)
def test_what_could_not_be_read_is_not_written(origin: str, size: int, root: bytes) -> None:
    with pytest.raises(MalformedError):
        Checkpoint(origin=origin, size=size, root=root)


@pytest.mark.parametrize("timestamp", [-1, MAX_SIZE + 1])
def test_times_outside_the_format_are_not_signed(timestamp: int) -> None:
    with pytest.raises(MalformedError):
        sign(CHECKPOINT, ed25519=ED25519, ml_dsa=ML_DSA, timestamp=timestamp)


@pytest.mark.parametrize("origin", ["sogoc example", "sogoc+example", "sogoc\u00a0example"])
def test_an_origin_that_cannot_name_a_key_cannot_be_signed(origin: str) -> None:
    with pytest.raises(MalformedError):
        sign(Checkpoint(origin=origin, size=1, root=bytes(32)), ed25519=ED25519, ml_dsa=ML_DSA, timestamp=1)
