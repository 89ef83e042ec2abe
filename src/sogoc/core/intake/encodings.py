"""The encodings that Vietnamese was kept in before Unicode, as tables, and what a text says in each of them.

All of them are read from the *byte view*: the text as a program shows it that takes each byte for a character of
Windows-1252, which is how spreadsheets keep such text to this day.

Spec: TCVN 5712:1993 (VN3), VNI for Windows, Microsoft code page 1258, Windows-1252.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

from sogoc.core.intake.syllables import all_syllables, share

# -- TCVN3 (ABC): one byte for a small letter with its tone; capitals with a tone exist only as small letters in a
# font of capitals (.VnTimeH). The code of ư is U+00AD, which most programs do not show.
_TCVN3_CODES = (
    "A1Ă A2Â A3Ê A4Ô A5Ơ A6Ư A7Đ A8ă A9â AAê ABô ACơ ADư AEđ B5à B6ả B7ã B8á B9ạ BBằ BCẳ BDẵ BEắ C6ặ C7ầ C8ẩ C9ẫ CAấ CBậ "
    "CCè CEẻ CFẽ D0é D1ẹ D2ề D3ể D4ễ D5ế D6ệ D7ì D8ỉ DCĩ DDí DEị DFò E1ỏ E2õ E3ó E4ọ E5ồ E6ổ E7ỗ E8ố E9ộ EAờ EBở ECỡ EDớ "
    "EEợ EFù F1ủ F2ũ F3ú F4ụ F5ừ F6ử F7ữ F8ứ F9ự FAỳ FBỷ FCỹ FDý FEỵ"
)
TCVN3: Mapping[str, str] = {chr(int(code[:2], 16)): code[2] for code in _TCVN3_CODES.split()}

# -- VNI for Windows: a vowel and its mark are two characters; some letters have a character of their own.
_VNI_TONES = "ø\u0300 ù\u0301 û\u0309 õ\u0303 ï\u0323"
_VNI_CIRCUMFLEX = "â à\u0300 á\u0301 å\u0309 ã\u0303 ä\u0323"
_VNI_BREVE = "ê è\u0300 é\u0301 ú\u0309 ü\u0303 ë\u0323"
_VNI_ALONE = "ôơ öư ñđ ìì íí æỉ óĩ òị îỵ"


def _vni() -> Mapping[str, str]:
    table: dict[str, str] = {}

    def add(code: str, letter: str) -> None:
        small = unicodedata.normalize("NFC", letter)
        table[code] = small
        table[code.upper()] = small.upper()
        if len(code) > 1:
            table[code[0].upper() + code[1:]] = small.upper()

    for pair in _VNI_ALONE.split():
        add(pair[0], pair[1])
    for marks, vowels in (
        (_VNI_TONES, {"a": "a", "e": "e", "o": "o", "u": "u", "y": "y", "ô": "ơ", "ö": "ư"}),
        (_VNI_CIRCUMFLEX, {"a": "â", "e": "ê", "o": "ô"}),
        (_VNI_BREVE, {"a": "ă"}),
    ):
        for mark in marks.split():
            for vowel, letter in vowels.items():
                add(vowel + mark[0], letter + mark[1:])
    return table


VNI: Mapping[str, str] = _vni()

# -- Code page 1258: most bytes as in Windows-1252; five combining tones, and the vowels that need one.
_CP1258_CODES = "ÃĂ ãă ÐĐ ðđ ÕƠ õơ ÝƯ ýư Ì\u0300 Ò\u0309 Þ\u0303 ì\u0301 ò\u0323 þ₫"
CP1258: Mapping[str, str] = {code[0]: code[1] for code in _CP1258_CODES.split()}

# -- Windows-1252 itself, for text in UTF-8 that was taken for it. Five bytes have no character; programs show a control.
_CP1252_HIGH = (
    "80€ 82‚ 83ƒ 84„ 85… 86† 87‡ 88ˆ 89‰ 8AŠ 8B‹ 8CŒ 8EŽ 91‘ 92’ 93“ 94” 95• 96– 97— 98˜ 99™ 9Aš 9B› 9Cœ 9Ež 9FŸ"
)
_BYTE_OF: Mapping[str, int] = {code[2]: int(code[:2], 16) for code in _CP1252_HIGH.split()}
_CHARACTER_OF: Mapping[int, str] = {byte: character for character, byte in _BYTE_OF.items()}

_TCVN3_TABLE = str.maketrans(dict(TCVN3))
_CP1258_TABLE = str.maketrans(dict(CP1258))
# Signs that programs of the time took from Windows-1252 beside any of the encodings.
_SIGNS = "\u00a0‘’“”–—…"
_TCVN3_TEXT = re.compile(f"[\0-\x7f{re.escape(''.join(TCVN3))}{_SIGNS}]*")
_VNI_CODE = re.compile("|".join(sorted(map(re.escape, VNI), key=len, reverse=True)))
_VNI_LEFT = re.compile("[ØÙÛÕÏøùûõïÂÀÁÅÃÄâàáåãäÊÈÉÚÜËêèéúüë]")
_LONE_MARK = re.compile("(?:^|[^AEIOUYĂÂÊÔƠƯaeiouyăâêôơư])[\u0300\u0301\u0303\u0309\u0323]")


def byte_view(content: bytes) -> str:
    """Bytes of an unknown encoding as the text that a program shows which takes them for Windows-1252. Loses nothing."""
    return content.decode("latin-1").translate(_CHARACTER_OF)


def _bytes(text: str) -> bytes | None:
    raw = bytearray()
    for character in text:
        byte = _BYTE_OF.get(character, ord(character))
        if byte > 0xFF:
            return None
        raw.append(byte)
    return bytes(raw)


def from_tcvn3(text: str) -> str | None:
    return text.translate(_TCVN3_TABLE) if _TCVN3_TEXT.fullmatch(text) else None


def from_vni(text: str) -> str | None:
    pieces = _VNI_CODE.split(text)
    if any(_VNI_LEFT.search(piece) for piece in pieces):
        return None
    return _VNI_CODE.sub(lambda code: VNI[code[0]], text)


def from_cp1258(text: str) -> str | None:
    if _bytes(text) is None:
        return None
    decoded = text.translate(_CP1258_TABLE)
    return None if _LONE_MARK.search(decoded) else unicodedata.normalize("NFC", decoded)


def from_utf8(text: str) -> str | None:
    """Text in UTF-8 that was taken for Windows-1252 once or twice. A no-break space that became a space is put back."""
    decoded: str | None = None
    for _ in range(2):
        raw = None if text.isascii() else _bytes(text)
        if raw is None:
            break
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            try:
                text = raw.replace(b"\xc3 ", b"\xc3\xa0").decode()
            except UnicodeDecodeError:
                break
        decoded = text
    return None if decoded is None else unicodedata.normalize("NFC", decoded)


DECODERS: Mapping[str, Callable[[str], str | None]] = {
    "tcvn3": from_tcvn3,
    "vni": from_vni,
    "cp1258": from_cp1258,
    "mojibake": from_utf8,
}
"""How the byte view of each old encoding is read; None where the text cannot be in it. The names are also rules."""

NAMES: Mapping[str, str] = {
    "tcvn3": "TCVN3 (.VnTime)",
    "vni": "VNI-Windows",
    "cp1258": "Windows-1258",
    "windows-1252": "Windows-1252",
    "utf-16-le": "UTF-16LE",
}
"""The encodings that a whole file may be in without saying so."""


def decode(text: str, encoding: str) -> str | None:
    """The byte view of a text in one of NAMES, as Unicode; None where it cannot be in that encoding."""
    decoder = DECODERS.get(encoding)
    return decoder(text) if decoder is not None else text


def readings(text: str) -> dict[str, str]:
    """What the text says in each old encoding in which it says only syllables of Vietnamese."""
    found = {name: decoder(text) for name, decoder in DECODERS.items()}
    return {name: said for name, said in found.items() if said is not None and said != text and all_syllables(said)}


def rank(texts: list[str]) -> list[tuple[str, float]]:
    """Each encoding in which a whole file of such texts may be, best first, with the part of its words that are syllables.

    A text that cannot be in an encoding counts as one without a syllable.
    """
    shares = []
    for name in ("tcvn3", "vni", "cp1258", "windows-1252"):
        said = [decode(text, name) for text in texts]
        shares.append((name, sum(share(one) if one is not None else 0.0 for one in said) / max(len(said), 1)))
    return sorted(shares, key=lambda each: -each[1])
