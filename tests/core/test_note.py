"""Signed notes: other people's notes verify, ours are theirs byte for byte, and nothing else is read."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from sogoc.core.note import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    Algorithm,
    Note,
    Signature,
    Verified,
    VerifierKey,
    decode_base64,
    decode_integer,
    encode_base64,
)
from sogoc.errors import MalformedError, SignatureError

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/log/notes.json").read_text())
EXAMPLE = VECTORS["signed-note"]["note"]
EXAMPLE_VKEY = VECTORS["signed-note"]["vkeys"][0]

DASH = "\u2014 "
SECRET = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = VerifierKey(name="example.com/a", algorithm=Algorithm.ED25519, public_key=SECRET.public_key().public_bytes_raw())
TEXT = "Một dòng.\n\nDòng sau.\n"


def signed(text: str = TEXT) -> Note:
    return Note(text=text, signatures=(Signature.by(KEY, SECRET.sign(text.encode())),))


def foreign(index: int = 0) -> Signature:
    return Signature(name=f"example.org/{index}", key_id=b"abcd", signature=b"?")


@pytest.mark.parametrize("name", ["signed-note", "go"])
def test_published_notes_verify(name: str) -> None:
    key = VerifierKey.parse(VECTORS[name]["vkeys"][0])
    note = Note.parse(VECTORS[name]["note"])
    assert note.encode() == VECTORS[name]["note"]
    assert note.verify([key]) == (Verified(key=key, timestamp=None),)
    with pytest.raises(SignatureError):
        Note(text=note.text.replace("e", "E"), signatures=note.signatures).verify([key])


@pytest.mark.parametrize("vkey", [vkey for vector in VECTORS.values() for vkey in vector["vkeys"]])
def test_published_keys_read_back(vkey: str) -> None:
    assert VerifierKey.parse(vkey).vkey == vkey


def test_a_key_says_its_parts() -> None:
    key = VerifierKey.parse(EXAMPLE_VKEY)
    assert (key.name, key.algorithm, key.key_id.hex()) == ("example.com/foo", Algorithm.ED25519, "530d903a")
    assert key.public_key.hex() == "e932791ae6e7a840a46164c904786426d5e7821dd8b29a00d61cae72afdd4da4"


def test_no_piece_of_a_key_is_a_key() -> None:
    for start in range(len(EXAMPLE_VKEY)):
        for end in range(start, len(EXAMPLE_VKEY) + (start > 0)):
            with pytest.raises(MalformedError):
                VerifierKey.parse(EXAMPLE_VKEY[start:end])
    for at, character in enumerate(EXAMPLE_VKEY):
        with pytest.raises(MalformedError):
            VerifierKey.parse(EXAMPLE_VKEY[:at] + chr(ord(character) + 1) + EXAMPLE_VKEY[at + 1 :])


@pytest.mark.parametrize(
    "vkey",
    [
        EXAMPLE_VKEY + "\n",
        " " + EXAMPLE_VKEY,
        EXAMPLE_VKEY.replace("530d903a", "530D903A"),
        EXAMPLE_VKEY.replace("foo", "bar"),
        EXAMPLE_VKEY.replace("+Ae", "+Be"),
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "++",
    ],
)
def test_other_keys_are_refused(vkey: str) -> None:
    with pytest.raises(MalformedError):
        VerifierKey.parse(vkey)


def test_one_public_key_has_another_id_for_each_way_of_signing() -> None:
    other = VerifierKey(name=KEY.name, algorithm=Algorithm.ED25519_COSIGNATURE, public_key=KEY.public_key)
    assert other.key_id != KEY.key_id
    with pytest.raises(SignatureError):
        signed().verify([other])


@given(st.text(alphabet=st.characters(blacklist_categories=("Cc", "Cs")) | st.just("\n")))
def test_any_text_is_signed_and_read_back(text: str) -> None:
    note = signed(text + "\n")
    assert Note.parse(note.encode()) == note
    assert note.verify([KEY])


def test_the_last_empty_line_parts_text_and_signatures() -> None:
    note = Note.parse(f"a\n\n{DASH}b c\n\n{foreign().line()}")
    assert note.text == f"a\n\n{DASH}b c\n"
    assert Note.parse(f"\n\n{foreign().line()}").text == "\n"


def test_unknown_keys_are_ignored_and_kept() -> None:
    own = signed().signatures[0]
    note = Note(text=TEXT, signatures=(foreign(), own, foreign(1)))
    assert [signature.key for signature in note.verify([KEY])] == [KEY]
    assert Note.parse(note.encode()).signatures == note.signatures
    same_name = Signature(name=KEY.name, key_id=b"abcd", signature=b"?")
    same_id = Signature(name="example.org", key_id=KEY.key_id, signature=b"?")
    assert Note(text=TEXT, signatures=(same_name, same_id, own)).verify([KEY])


def test_without_a_known_key_a_note_is_refused() -> None:
    for keys in ([], [VerifierKey.parse(EXAMPLE_VKEY)]):
        with pytest.raises(SignatureError):
            signed().verify(keys)


def test_a_false_line_of_a_known_key_refuses_the_note() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    second = VerifierKey(name="b", algorithm=Algorithm.ED25519, public_key=other.public_key().public_bytes_raw())
    good = signed().signatures[0]
    for false in (bytes(64), b"?", SECRET.sign(TEXT.encode()), other.sign(TEXT.encode()) + b"\0"):
        with pytest.raises(SignatureError):
            Note(text=TEXT, signatures=(good, Signature.by(second, false))).verify([KEY, second])
    assert (
        len(Note(text=TEXT, signatures=(good, Signature.by(second, other.sign(TEXT.encode())))).verify([KEY, second]))
        == 2
    )


def test_every_changed_byte_of_a_signature_is_noticed() -> None:
    signature = SECRET.sign(TEXT.encode())
    for at in range(64):
        changed = signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]
        with pytest.raises(SignatureError):
            Note(text=TEXT, signatures=(Signature.by(KEY, changed),)).verify([KEY])


def test_a_key_signs_once() -> None:
    note = Note(text=TEXT, signatures=signed().signatures * 2)
    with pytest.raises(MalformedError):
        note.verify([KEY])
    assert len(signed().verify([KEY, KEY])) == 1


def test_two_keys_that_cannot_be_told_apart_are_refused() -> None:
    # Found by search: a key id is four bytes only.
    one, two = (
        VerifierKey(name="a", algorithm=Algorithm.ED25519, public_key=sha256(seed.to_bytes(8, "big")).digest())
        for seed in (91750, 91835)
    )
    assert one.key_id == two.key_id
    with pytest.raises(MalformedError):
        signed().verify([KEY, one, two])


@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize("length", [0, 31, 33, 64, 1311, 1313])
def test_a_public_key_has_its_length(algorithm: Algorithm, length: int) -> None:
    with pytest.raises(MalformedError):
        VerifierKey(name="a", algorithm=algorithm, public_key=bytes(length))


def test_a_text_that_is_no_checkpoint_has_no_cosignatures() -> None:
    key = VerifierKey(name="w", algorithm=Algorithm.ED25519_COSIGNATURE, public_key=KEY.public_key)
    message = b"cosignature/v1\ntime 1\n" + TEXT.encode()
    line = Signature.by(key, (1).to_bytes(8, "big") + SECRET.sign(message))
    with pytest.raises(SignatureError):
        Note(text=TEXT, signatures=(line,)).verify([key])


def line(name: str = "a", content: bytes = b"abcd?") -> str:
    return f"{DASH}{name} {b64encode(content).decode()}\n"


MALFORMED = {
    "empty": "",
    "text only": "a\n",
    "no blank line": "a\n" + line(),
    "no text": "\n" + line(),
    "no signature": "a\n\n",
    "no final newline": "a\n\n" + line()[:-1],
    "two final newlines": "a\n\n" + line() + "\n",
    "line after the signatures": "a\n\n" + line() + "b\n",
    "hyphen": "a\n\n" + line().replace(DASH, "- "),
    "en dash": "a\n\n" + line().replace(DASH, "\u2013 "),
    "no space after the dash": "a\n\n" + line().replace(DASH, "\u2014"),
    "two spaces": "a\n\n" + line().replace(DASH, "\u2014  "),
    "two spaces later": "a\n\n" + line().replace("a ", "a  "),
    "space at the end": "a\n\n" + line()[:-1] + " \n",
    "no name": "a\n\n" + line(""),
    "space in the name": "a\n\n" + line("a b"),
    "plus in the name": "a\n\n" + line("a+b"),
    "hidden space in the name": "a\n\n" + line("a\u00a0b"),
    "no signature bytes": "a\n\n" + line(content=b"abcd"),
    "short key id": "a\n\n" + line(content=b"abc"),
    "nothing after the name": f"a\n\n{DASH}a \n",
    "no padding": "a\n\n" + line()[:-2] + "\n",
    "padding bits": f"a\n\n{DASH}a YWJjZD9=\n",
    "base64 with a hole": f"a\n\n{DASH}a YWJj ZD8=\n",
    "url alphabet": f"a\n\n{DASH}a YWJj__8=\n",
    "carriage return": "a\r\n\n" + line(),
    "tab": "a\tb\n\n" + line(),
    "null": "a\0\n\n" + line(),
    "surrogate": "a\ud800\n\n" + line(),
    "surrogate in the name": "a\n\n" + line("\ud800"),
    "byte order mark before the dash": "a\n\n\ufeff" + line(),
    "too many lines": "a\n\n" + line() * (MAX_SIGNATURES + 1),
    "too large": "a" * MAX_NOTE_BYTES + "\n\n" + line(),
    "too large in bytes": "\u1ed9" * (MAX_NOTE_BYTES // 3) + "\n\n" + line(),
}


@pytest.mark.parametrize("presented", MALFORMED.values(), ids=MALFORMED.keys())
def test_other_notes_are_refused(presented: str) -> None:
    with pytest.raises(MalformedError):
        Note.parse(presented)


def test_the_limits_themselves_are_allowed() -> None:
    assert len(Note.parse("a\n\n" + line() * MAX_SIGNATURES).signatures) == MAX_SIGNATURES
    note = "a" * (MAX_NOTE_BYTES - len(("\n\n" + line()).encode())) + "\n\n" + line()
    assert Note.parse(note).encode() == note


def test_a_note_that_could_not_be_read_is_not_written() -> None:
    for text in ("", "a", "a\tb\n"):
        with pytest.raises(MalformedError):
            Note(text=text, signatures=(foreign(),))
    with pytest.raises(MalformedError):
        Note(text="a\n", signatures=())
    with pytest.raises(MalformedError):
        Note(text="a" * MAX_NOTE_BYTES + "\n", signatures=(foreign(),)).encode()


@given(st.text(alphabet="a\n \u2014+=YWJj?Z", max_size=40))
def test_what_is_read_is_written_back_the_same(presented: str) -> None:
    try:
        note = Note.parse("a\n\n" + line() + presented)
    except MalformedError:
        return
    assert note.encode() == "a\n\n" + line() + presented


@given(st.binary(max_size=100))
def test_base64_reads_back(content: bytes) -> None:
    assert decode_base64(encode_base64(content)) == content == b64decode(encode_base64(content))


@pytest.mark.parametrize(
    "presented", ["A", "AA", "AB==", "AAA", "AAB=", "AAA=\n", " AAA=", "A===", "AA-_", "ÄAA=", "AA==AA=="]
)
def test_base64_has_one_form(presented: str) -> None:
    with pytest.raises(MalformedError):
        decode_base64(presented)


@pytest.mark.parametrize(("presented", "value"), [("0", 0), ("10", 10), ("9223372036854775807", 2**63 - 1)])
def test_integers(presented: str, value: int) -> None:
    assert decode_integer(presented) == value


@pytest.mark.parametrize(
    "presented",
    ["", "-1", "+1", "01", "00", "1.0", "1e3", "0x1", " 1", "1\n", "1_0", "\u0661", "9223372036854775808", "9" * 5000],
)
def test_other_integers_are_refused(presented: str) -> None:
    with pytest.raises(MalformedError):
        decode_integer(presented)
