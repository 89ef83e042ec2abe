"""Canonical JSON, and base64url: the two encodings under every hash and signature.

The subset is objects, arrays, text, integers below 2^53 and booleans. On it `orjson` with sorted keys writes the bytes of RFC 8785
(the tests hold it against the `rfc8785` package); everything else is refused here, by name.

Spec: docs/spec/README.md, RFC 8785, RFC 4648 section 5.
"""

from __future__ import annotations

import json
import re
import unicodedata
from binascii import a2b_base64, b2a_base64
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from struct import unpack
from typing import Any

import orjson

from sogoc.errors import MalformedError

Json = Any
MAX_DEPTH = 8
MAX_INTEGER = 2**53 - 1

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
# The letters of the other alphabet and the padding become a letter of none.
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/!!!")
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# What fills text up with zero bits to a multiple of four; nothing can be made of one letter.
_FILL = ("", "=", "AA", "A")
_PADDING = (b"", b"", b"==", b"=")
# The last letter of text that is no multiple of four has bits that say nothing, which are zero; one letter alone says nothing.
_LAST = ("", "", "AQgw", "AEIMQUYcgkosw048")


def encode(value: Json) -> bytes:
    """Return the one canonical encoding of `value`.

    Raises: MalformedError for a null, a float, a large or negative integer, a key that is not ASCII, text that is not NFC or
    holds a control character, or more than 8 levels. Spec: docs/spec/README.md.
    """
    try:
        content = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        _guard(value, MAX_DEPTH)
        raise MalformedError("has no canonical form here") from error
    # In JSON a control character below 0x20 is escaped, and one from 0x80 on begins with 0xC2: asked of all bytes at once, this is a
    # tenth of asking every text, and nearly always the answer is that there is none.
    maybe = b"\\" in content or b"\x7f" in content or b"\xc2" in content
    _guard(value, MAX_DEPTH, clean=not maybe)
    return content


def decode(presented: bytes, *, limit: int = 65_535) -> Json:
    """Read canonical JSON: bytes that do not encode to themselves again are refused, and with them duplicate keys.

    Raises: MalformedError. Spec: docs/spec/README.md.
    """
    if len(presented) > limit:
        raise MalformedError(f"longer than {limit} bytes")
    try:
        value = orjson.loads(presented)
    except orjson.JSONDecodeError as error:
        raise MalformedError("is not JSON") from error
    if encode(value) != presented:
        raise MalformedError("is not in canonical form")
    return value


def read(presented: bytes, *, limit: int) -> Json:
    """Read JSON in any spacing and order, of the same subset: for files that pass through people's hands.

    Raises: MalformedError for duplicate keys, numbers that are not small integers, null, deep nesting, or more than `limit` bytes.
    """
    if len(presented) > limit:
        raise MalformedError(f"longer than {limit} bytes")
    value = _as_written(presented)
    if value is None:
        try:
            value = json.loads(
                presented.decode(), object_pairs_hook=_unique, parse_float=_no_number, parse_constant=_no_number
            )
        except MalformedError:
            raise
        except (ValueError, RecursionError) as error:
            raise MalformedError("is not JSON") from error
    _guard(value, MAX_DEPTH, controls=False)
    return value


def read_written(presented: bytes) -> Json:
    """Read JSON of the same subset that stands exactly as `pretty` or `orjson` writes it, and no other.

    Raises: MalformedError.
    """
    value = _as_written(presented)
    if value is None:
        raise MalformedError("is not as it was written")
    _guard(value, MAX_DEPTH, controls=False)
    return value


def pretty(value: Json) -> bytes:
    """The encoding of files that people open: what is hashed or signed inside them is text, so spacing is free."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _as_written(presented: bytes) -> Json:
    """The value of bytes that encode to themselves again, which no key that is there twice does; None for others.

    Most files are still as they were written, and this reads them four times as fast.
    """
    try:
        value = orjson.loads(presented)
        return value if presented == pretty(value) or presented == orjson.dumps(value) else None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None


def _unique(pairs: Sequence[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise MalformedError("an object has one key twice")
    return value


def _no_number(_: str) -> Json:
    raise MalformedError("a number is not an integer")


def _guard(value: Json, depth: int, *, clean: bool = False, controls: bool = True) -> None:
    """Refuse what has no canonical form; with `controls`, also control characters in text.

    `clean`: it was written as JSON, so no text holds half a character, and the bytes were looked at: none holds a control character.
    """
    kind = type(value)
    if kind is str:
        _guard_text(value, clean=clean, controls=controls)
    elif kind is int:
        if not 0 <= value <= MAX_INTEGER:
            raise MalformedError("an integer is negative or not below 2^53")
    elif kind is bool:
        return
    elif depth == 0:
        raise MalformedError(f"nested deeper than {MAX_DEPTH} levels")
    elif kind is dict or kind is list or kind is tuple:
        items = value
        if kind is dict:
            _guard_keys(value, clean=clean)
            items = value.values()
        if len(items) >= _MANY and _all_fine(items, clean=clean, controls=controls):
            return
        for item in items:
            # Most are plain text or a number, and asking here is cheaper than asking in a call.
            if type(item) is str:
                if not (item.isascii() and (clean or not controls or item.isprintable())):
                    _guard_text(item, clean=clean, controls=controls)
            elif type(item) is not int or not 0 <= item <= MAX_INTEGER:
                _guard(item, depth - 1, clean=clean, controls=controls)
    else:
        raise MalformedError(f"{kind.__name__} has no canonical form here")


def _all_fine(items: Collection[Json], *, clean: bool, controls: bool) -> bool:
    """Whether all of these are text that is fine, asked once of all together; False where each must be asked.

    A space composes with no mark behind it, so texts joined by spaces are in NFC only if each of them is.
    """
    if set(map(type, items)) != _TEXT_ALONE:
        return False
    try:
        _guard_text(" ".join(items), clean=clean, controls=controls)
    except MalformedError:
        return False
    return True


_TEXT_ALONE = {str}
_MANY = 8
"""From so many on, asking together is cheaper than asking each."""


def _guard_keys(keys: Iterable[Json], *, clean: bool) -> None:
    try:
        together = "".join(keys)
    except TypeError as error:
        raise MalformedError("a key is not plain ASCII text") from error
    if not (together.isascii() and (clean or together.isprintable())):
        raise MalformedError("a key is not plain ASCII text")


def _guard_text(value: str, *, clean: bool, controls: bool) -> None:
    if not value.isascii():
        if not clean:
            # JSON can spell half a character, which no encoding can write.
            try:
                value.encode()
            except UnicodeEncodeError as error:
                raise MalformedError("text holds half a character") from error
        if not unicodedata.is_normalized("NFC", value):
            raise MalformedError("text is not in Unicode form NFC")
    if controls and not clean and not value.isprintable() and _CONTROL.search(value):
        raise MalformedError("text holds a control character")


def b64(content: bytes) -> str:
    """Encode as base64url without padding."""
    # To look for just two letters takes a third of what it takes to translate all of a long text.
    letters = b2a_base64(content, newline=False).replace(b"+", b"-").replace(b"/", b"_")
    return letters.rstrip(b"=").decode("ascii")


def b64_all(contents: Iterable[bytes]) -> list[str]:
    """Encode each, as `b64` does one: their letters are exchanged and their padding is taken away together."""
    letters = b"".join(map(b2a_base64, contents)).replace(b"+", b"-").replace(b"/", b"_")
    return letters.replace(b"=", b"").decode("ascii").split("\n")[:-1]


def unb64(text: Json, length: int | None = None) -> bytes:
    """Decode base64url without padding, only from its one canonical form.

    Raises: MalformedError, also when `length` is given and the content has another.
    """
    if not isinstance(text, str):
        raise MalformedError("is not base64url")
    rest = len(text) % 4
    if rest and text[-1] not in _LAST[rest]:
        raise MalformedError("is not canonical base64url")
    try:
        content = a2b_base64(text.encode("ascii").translate(_FROM_URL) + _PADDING[rest], strict_mode=True)
    except ValueError as error:
        raise MalformedError("is not base64url") from error
    if length is not None and len(content) != length:
        raise MalformedError(f"is not {length} bytes")
    return content


def unb64_all(texts: Collection[str]) -> list[bytes]:
    """Decode texts of any length, as `unb64` does one. Raises: MalformedError."""
    whole = [text + _FILL[len(text) % 4] for text in texts]
    try:
        content = a2b_base64("".join(whole).encode("ascii").translate(_FROM_URL), strict_mode=True)
    except ValueError as error:
        raise MalformedError("is not base64url") from error
    decoded, at = [], 0
    for size in map(len, texts):
        decoded.append(content[at : at + size * 3 // 4])
        at += (size + 3) // 4 * 3
    # What stands between them is zeros, or else the whole has more that is not zero than they have.
    if content.translate(None, b"\0") != b"".join(decoded).translate(None, b"\0"):
        raise MalformedError("is not canonical base64url")
    return decoded


def unb64_each(texts: Sequence[Json], length: int) -> list[bytes]:
    """Decode texts that all stand for `length` bytes, as `unb64` does one: together, for a proof has many.

    Raises: MalformedError.
    """
    if not texts:
        return []
    letters = -(-length * 4 // 3)
    # Filled up with zero bits to whole bytes: behind the content then stands what its last letter says beyond it.
    fill = "A" * (-letters % 4)
    step = (letters + len(fill)) * 3 // 4
    try:
        together = fill.join(texts) + fill
        content = a2b_base64(together.encode("ascii").translate(_FROM_URL), strict_mode=True)
    except (TypeError, ValueError) as error:
        raise MalformedError("is not base64url") from error
    if set(map(len, texts)) != {letters}:
        raise MalformedError(f"is not {length} bytes")
    for rest in range(length, step):
        if content[rest::step].strip(b"\0"):
            raise MalformedError("is not canonical base64url")
    return list(unpack(f"{length}s{step - length}x" * len(texts), content))


def are_b64(texts: Collection[str], length: int) -> bool:
    """Whether `unb64_each` takes these texts, asked without decoding them: for salts, of which nobody wants the bytes."""
    letters = -(-length * 4 // 3)
    # What is not ASCII becomes a question mark, which is no letter.
    together = "".join(texts).encode("ascii", "replace")
    last = together[letters - 1 :: letters].decode()
    return (
        set(map(len, texts)) <= {letters}
        and not together.translate(None, _ALPHABET)
        and (letters % 4 == 0 or set(last) <= set(_LAST[letters % 4]))
    )


def digest(content: bytes) -> bytes:
    return sha256(content).digest()


def members(value: Json, required: frozenset[str], optional: frozenset[str] = frozenset()) -> Mapping[str, Json]:
    """Hold an object against the closed list of its members.

    Raises: MalformedError naming what is missing or unknown.
    """
    if not isinstance(value, dict):
        raise MalformedError("is not an object")
    names = value.keys()
    if names == required:
        return value
    if not required <= names:
        raise MalformedError(f"lacks {', '.join(sorted(required - names))}")
    if not names <= required | optional:
        raise MalformedError("has a member that is not in the format")
    return value


def text(value: Json, limit: int = 1024) -> str:
    """Return `value` if it is text of at most `limit` characters. Raises: MalformedError."""
    if not isinstance(value, str) or len(value) > limit:
        raise MalformedError("is not text, or too long")
    return value


def integer(value: Json, low: int = 0, high: int = MAX_INTEGER) -> int:
    """Return `value` if it is an integer from `low` to `high`. Raises: MalformedError."""
    if type(value) is not int or not low <= value <= high:
        raise MalformedError(f"is not an integer from {low} to {high}")
    return value


def items(value: Json, limit: int) -> list[Json]:
    """Return `value` if it is an array of at most `limit` items. Raises: MalformedError."""
    if not isinstance(value, list) or len(value) > limit:
        raise MalformedError(f"is not an array of at most {limit} items")
    return value


def hashes(value: Json, limit: int = 64) -> list[bytes]:
    """Return an array of b64 hashes, such as a proof. Raises: MalformedError."""
    return unb64_each(items(value, limit), 32)
