"""How Vietnamese was written before Unicode: the reverse of what the intake reads, for files that have to be dirty."""

from __future__ import annotations

import unicodedata

from sogoc.core.intake.encodings import CP1258, TCVN3, VNI

_TCVN3 = {letter: code for code, letter in TCVN3.items()}
_VNI = {letter: code for code, letter in VNI.items()}
_CP1258 = {letter: code for code, letter in CP1258.items()}
_TONES = "\u0300\u0301\u0303\u0309\u0323"


def in_tcvn3(text: str) -> str:
    """As a program shows TCVN3 that does not know it. A capital with a tone has no code: it stays a small letter."""
    return "".join(_TCVN3.get(letter, _TCVN3.get(letter.lower(), letter)) for letter in text)


def in_vni(text: str) -> str:
    """As a program shows VNI for Windows that does not know it."""
    return "".join(_VNI.get(letter, letter) for letter in text)


def in_1258(text: str) -> bytes:
    """Code page 1258: a vowel that it has, and then the tone."""
    apart = ""
    for letter in text:
        parts = unicodedata.normalize("NFD", letter)
        tone = "".join(mark for mark in parts if mark in _TONES)
        apart += unicodedata.normalize("NFC", "".join(mark for mark in parts if mark not in _TONES)) + tone
    return "".join(_CP1258.get(letter, letter) for letter in apart).encode("latin-1")
