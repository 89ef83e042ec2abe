"""What a cell's text may be: Unicode that a reader sees as it is hashed, and not the ruins of an older encoding.

Nothing is decoded here. Text in TCVN3 or VNI, or read in the wrong encoding, is recognised and refused by name.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple


class Finding(NamedTuple):
    """One rule that a value met. `after` is the changed or proposed value, None where there is none to propose."""

    rule: str
    after: str | None = None
    facts: tuple[tuple[str, str], ...] = ()


class Reading(NamedTuple):
    """A value as it may be carried (None when it may not), and everything that was met on the way."""

    value: str | None
    findings: tuple[Finding, ...] = ()


LOSSLESS = frozenset({"nfc", "spaces"})
"""Rules whose change is made and listed without asking: no letter is another one afterwards."""

_TONED = "àáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵăâêôơưđ"
# Letters of Ê Đê, Gia Rai, Ba Na, Mnông and their neighbours beyond the Vietnamese ones.
_HIGHLAND = "ŭŏĕĭčƀñ"
_LETTERS = f"A-Za-z{_TONED}{_TONED.upper()}{_HIGHLAND}{_HIGHLAND.upper()}"
_SINGLE_BYTE = re.compile("[\x00-\xff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u2122\u20ac]*")

# VNI writes a vowel and, as a second character, its marks: pairs that no Vietnamese or highland word has.
_VNI_PAIR = "[aeouyôöAEOUYÔÖ][ùøûõïÙØÛÕÏ]|[aeAE][âáàåãäÂÁÀÅÃÄ]|[oO][âåäÂÅÄ]|[aA][êéèúüëÊÉÈÚÜË]|[öÖ][ôÔ]"
_VNI = re.compile(_VNI_PAIR)
# TCVN3 puts signs and capitals where small letters belong: Hoµng, §øc, TrÇn, Ph\u00adîng.
_TCVN3_SIGN = "[¡-¬\u00ad®µ¶·¸¹»¼½¾¨©ª]"
_CAPITAL_INSIDE = "[a-zà-ÿ][À-ÖØ-Þ]|[A-Z][À-ÖØ-Þ](?=[a-zà-ÿ])"
_TCVN3 = re.compile(f"(?<=[A-Za-zÀ-ÿ]){_TCVN3_SIGN}|{_TCVN3_SIGN}(?=[A-Za-zÀ-ÿ])|{_CAPITAL_INSIDE}")
_LOST = re.compile(f"(?<=[{_LETTERS}])\\?|\\?(?=[{_LETTERS}])|\ufffd")
_FORMULA = re.compile(r"[=@]|[+-](?=\S*[A-Za-z(])")

# One look decides for nearly every cell that there is nothing to look for.
_SUSPECT = re.compile(
    f"[^{_LETTERS}0-9 .,'’/()\\-:;&\"%_]|  |^[ =@+-]| $|{_VNI_PAIR}|[a-zà-ÿ][À-ÖØ-Þ]|[A-Z][À-ÖØ-Þ][a-zà-ÿ]"
)

_CONFUSABLE = str.maketrans(
    {
        "Ð": "Đ",
        "Ɖ": "Đ",
        "ð": "đ",
        "ɖ": "đ",
        **dict(zip("АВЕКМНОРСТУХІЅЈаеорсухіѕј", "ABEKMHOPCTYXISJaeopcyxisj", strict=True)),
        **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEZHIKMNOPTYXo", strict=True)),
    }
)
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


# How the first bytes of ạ–ỹ, ư, ơ, đ and ă look in cp1252; what followed may have been damaged further.
_MOJIBAKE = re.compile("á[»º]|Æ[°¡]|Ä[‘ƒ]")


def _mojibake(text: str) -> bool:
    """Whether the characters, taken as the bytes of cp1252, are UTF-8 that says something."""
    if text.isascii():
        return False
    if _MOJIBAKE.search(text):
        return True
    raw = bytearray()
    for character in text:
        try:
            raw += character.encode("cp1252")
        except UnicodeEncodeError:
            # Five bytes have no character in cp1252; programs show them as the control of that number.
            if ord(character) > 0xFF:
                return False
            raw.append(ord(character))
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _legacy(text: str) -> str | None:
    """The name of the old encoding that this text is still in, if it surely is."""
    if _mojibake(text):
        return "mojibake"
    # A text with one letter that no old encoding can write is in Unicode.
    if _SINGLE_BYTE.fullmatch(text) is None:
        return None
    if _VNI.search(text):
        return "vni"
    return "tcvn3" if _TCVN3.search(text) else None


def read_text(text: str) -> Reading:
    """The text as it may be carried, with what was changed or is wrong. Spec: docs/spec/record.md."""
    if _SUSPECT.search(text) is None:
        return Reading(text)
    findings: list[Finding] = []
    composed = unicodedata.normalize("NFC", text)
    if composed != text:
        findings.append(Finding("nfc", composed))
    legacy = _legacy(composed)
    if legacy is not None:
        return Reading(None, (*findings, Finding(legacy)))
    spaced = " ".join(composed.split())
    if spaced != composed:
        findings.append(Finding("spaces", spaced))
    if _FORMULA.match(spaced):
        return Reading(None, (*findings, Finding("formula")))
    if _LOST.search(spaced):
        return Reading(None, (*findings, Finding("lost-diacritics")))
    value: str | None = spaced
    seen = "".join(c for c in spaced if unicodedata.category(c) not in _HIDDEN)
    if seen != spaced:
        # A soft hyphen may be the ư of a TCVN3 text, so nothing is proposed in its place.
        proposal = "" if "\u00ad" in spaced else " ".join(unicodedata.normalize("NFC", seen).split())
        findings.append(Finding("hidden-character", proposal or None))
        value = None
    plain = spaced.translate(_CONFUSABLE)
    if plain != spaced:
        findings.append(Finding("confusable", plain))
        value = None
    elif any(c.isalpha() and _is_unfamiliar(c) for c in spaced):
        findings.append(Finding("unfamiliar-letter"))
    return Reading(value, tuple(findings))


_FAMILIAR = re.compile(f"[{_LETTERS}]")


def _is_unfamiliar(letter: str) -> bool:
    return _FAMILIAR.match(letter) is None


# Family names that are never written without their marks in Vietnamese.
_MARKED_SURNAMES = frozenset(
    "NGUYEN TRAN PHAM HUYNH DANG BUI NGO DUONG TRINH LUONG VO VU DO LE LY DINH".split()  # noqa: SIM905 - a word list
)
_NOT_A_NAME = re.compile(r"[0-9!\"#$%&*+/:;<=>?@\[\\\]^_{|}~]")


def read_name(text: str) -> Reading:
    """A person's name: text without digits and signs. Its letters, case and order stay as they stand on paper."""
    reading = read_text(text)
    if reading.value is None:
        return reading
    name = reading.value
    if _NOT_A_NAME.search(name):
        return Reading(None, (*reading.findings, Finding("name-digits")))
    if name.isascii() and " " in name and name.split()[0].upper() in _MARKED_SURNAMES:
        return Reading(name, (*reading.findings, Finding("lost-diacritics")))
    return reading
