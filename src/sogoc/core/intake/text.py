"""What a cell's text may be: Unicode that a reader sees as it is hashed, and not the ruins of an older encoding.

Text in an old encoding is recognised and refused by name. What it says in that encoding is proposed, never taken.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

from sogoc.core.intake.encodings import DECODERS
from sogoc.core.intake.problem import Confidence
from sogoc.core.intake.syllables import is_syllable, lacks_marks, words


class Finding(NamedTuple):
    """One rule that a value met. `after` is the changed or proposed value, None where there is none to propose.

    `readings` are the ways in which the value can be understood, each with its name, where there is more than one.
    """

    rule: str
    after: str | None = None
    facts: tuple[tuple[str, str], ...] = ()
    confidence: Confidence = Confidence.LIKELY
    readings: tuple[tuple[str, str], ...] = ()


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
_TCVN3_SIGN = "[¡-¬\u00ad®µ¶·¸¹»¼½¾¨©ª×÷]"
_CAPITAL_INSIDE = "[a-zà-ÿ][À-ÖØ-Þ]|[A-Z][À-ÖØ-Þ](?=[a-zà-ÿ])"
_TCVN3 = re.compile(f"(?<=[A-Za-zÀ-ÿ]){_TCVN3_SIGN}|{_TCVN3_SIGN}(?=[A-Za-zÀ-ÿ])|{_CAPITAL_INSIDE}")
_LOST = re.compile(f"(?<=[{_LETTERS}])\\?|\\?(?=[{_LETTERS}])|\ufffd")
# With an apostrophe it is what an export of ours, or a careful program, made of a formula.
_FORMULA = re.compile(r"'?(?:[=@]|[+-](?=\S*[A-Za-z(]))")

# One look decides for nearly every cell that there is nothing to look for.
_SUSPECT = re.compile(
    f"[^{_LETTERS}0-9 .,'’/()\\-:;&\"%_]|  |^'?[ =@+-]| $|{_VNI_PAIR}|[a-zà-ÿ][À-ÖØ-Þ]|[A-Z][À-ÖØ-Þ][a-zà-ÿ]"
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


def is_single_byte(text: str) -> bool:
    """Whether every character is one that a program shows for a single byte, and not all of them are ASCII."""
    return not text.isascii() and _SINGLE_BYTE.fullmatch(text) is not None


def old_encoding(text: str) -> str | None:
    """The old encoding that this text surely is in: it looks as no text in Unicode does, or only there it makes sense."""
    if text.isascii():
        return None
    if _mojibake(text):
        return "mojibake"
    # A text with one letter that no old encoding can write is in Unicode.
    if _SINGLE_BYTE.fullmatch(text) is None:
        return None
    looks = "vni" if _VNI.search(text) else "tcvn3" if _TCVN3.search(text) else None
    if looks is None and _makes_sense(text):
        return None
    sensible = _sensible(text)
    return looks if looks in sensible else next(iter(sensible), looks)


def _sensible(text: str) -> dict[str, str]:
    """What the text says in each old encoding in which every word that is not plain ASCII is a Vietnamese syllable."""
    said = {}
    for name, decoder in DECODERS.items():
        decoded = decoder(text)
        if decoded is not None and decoded != text and _makes_sense(decoded, small=name == "tcvn3"):
            said[name] = decoded
    return said


def _makes_sense(text: str, *, small: bool = False) -> bool:
    """`small`: whatever its capitals, as TCVN3 has none with a tone."""
    marked = [word for word in words(text) if not word.isascii()]
    return bool(marked) and all(is_syllable(word.lower() if small else word) for word in marked)


def _legacy(text: str, column: str, known: Callable[[str], bool] | None) -> Finding | None:
    """What to say of a text that may be in an old encoding; `column` is the one that its column surely is in, or empty."""
    looks = old_encoding(text)
    if looks is None and not (column and is_single_byte(text)):
        return None
    sensible = {looks: said} if looks == "mojibake" and (said := DECODERS[looks](text)) else _sensible(text)
    in_column = sensible.get(column)
    if in_column is not None:
        if known is not None and known(text) != known(in_column):
            return Finding(column, in_column, confidence=Confidence.CERTAIN) if known(in_column) else None
        if looks is None and _makes_sense(text):
            return Finding("ambiguous-encoding", readings=(("unicode", text), (column, in_column)))
        return Finding(column, in_column, confidence=Confidence.CERTAIN)
    if looks is None:
        return None
    if len(set(sensible.values())) > 1:
        return Finding("ambiguous-encoding", readings=tuple(sensible.items()))
    if sensible:
        name, said = next(iter(sensible.items()))
        return Finding(name, said)
    return Finding(looks, DECODERS[looks](text), confidence=Confidence.POSSIBLE)


def read_text(text: str, column: str = "", known: Callable[[str], bool] | None = None) -> Reading:
    """The text as it may be carried, with what was changed or is wrong. Spec: docs/spec/record.md.

    `column` is the old encoding that the rest of its column is in; `known` tells the words of a closed list.
    """
    if text.isascii() and text.isalnum():
        return Reading(text)
    if _SUSPECT.search(text) is None and (not is_single_byte(text) or (not column and _makes_sense(text))):
        return Reading(text)
    findings: list[Finding] = []
    composed = unicodedata.normalize("NFC", text)
    if composed != text:
        findings.append(Finding("nfc", composed))
    legacy = _legacy(composed, column, known)
    if legacy is not None:
        return Reading(None, (*findings, legacy))
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
        findings.append(Finding("hidden-character", proposal or None, confidence=Confidence.CERTAIN))
        value = None
    plain = spaced.translate(_CONFUSABLE)
    if plain != spaced:
        sure = Confidence.CERTAIN if all(map(is_syllable, words(plain))) else Confidence.LIKELY
        findings.append(Finding("confusable", plain, confidence=sure))
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


def read_name(text: str, column: str = "") -> Reading:
    """A person's name: text without digits and signs. Its letters, case and order stay as they stand on paper."""
    reading = read_text(text, column)
    if reading.value is None:
        return reading
    name = reading.value
    if _NOT_A_NAME.search(name):
        return Reading(None, (*reading.findings, Finding("name-digits")))
    finding = _doubt_name(name)
    return reading if finding is None else Reading(name, (*reading.findings, finding))


def _doubt_name(name: str) -> Finding | None:
    parts = name.split()
    if name.isascii() and len(parts) > 1:
        if parts[0].upper() in _MARKED_SURNAMES:
            return Finding("unmarked-name")
        if any(map(lacks_marks, parts)):
            return Finding("no-diacritics")
    if name.istitle():
        return None
    if name.islower():
        # So does a text read that was set in a font of capitals, where the paper shows capitals throughout.
        titled = " ".join(part[:1].upper() + part[1:] for part in parts)
        readings = (("title", titled), ("capitals", name.upper()))
        return Finding("name-case", titled, confidence=Confidence.POSSIBLE, readings=readings)
    if any(_half_capital(part) for part in parts):
        return Finding("name-case", name.upper(), confidence=Confidence.POSSIBLE)
    if len(parts) > 1 and len(parts[0]) > 1 and parts[0].isupper() and _capital_surname(parts):
        return Finding("name-order", " ".join((*parts[1:], parts[0])), confidence=Confidence.POSSIBLE)
    return None


def _half_capital(part: str) -> bool:
    """Whether exactly the letters of a word without a tone are capitals: TRầN, from a font that has no others."""
    plain = [c for c in part if c.isascii() and c.isalpha()]
    return len(plain) > 1 and not part.isupper() and all(c.isupper() for c in plain)


def _capital_surname(parts: list[str]) -> bool:
    """Whether, behind a first word in capitals, a common family name and nothing in capitals follows."""
    following = parts[1]
    return following.lower() in _SURNAMES and all(not part.isupper() or len(part) == 1 for part in parts[1:])


_SURNAMES = frozenset(
    "nguyễn trần lê phạm huỳnh hoàng phan vũ võ đặng bùi đỗ hồ ngô dương lý lí đinh trịnh lương mai đào đoàn".split()  # noqa: SIM905
)
