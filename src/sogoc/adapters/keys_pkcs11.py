"""A signing key of an institution in a key store that never gives it away: an HSM, a smart card, SoftHSM.

Which one is said by a URI: `pkcs11:token=Institution;object=diplomas?module-path=/usr/lib/vendor.so`. The library of
the vendor is loaded into this process, once, and asked by one thread at a time. One session for each token is kept; after any
error all begins anew, with the PIN that was right before.

Spec: RFC 7512, PKCS #11 v2.40
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote_to_bytes

from cryptography.hazmat.primitives.asymmetric import ec

from sogoc.core import jws
from sogoc.errors import InputError, KeyUnavailable, SignatureError, WrongState

if TYPE_CHECKING:
    import pkcs11
    from pkcs11 import _pkcs11, types

_P256 = bytes.fromhex("06082a8648ce3d030107")
_POINT_BYTES = 65
_PATH = frozenset({"token", "object", "id", "type"})
_QUERY = frozenset({"module-path"})
# The characters of RFC 7512 section 2.3 that stand for themselves, and escapes.
_VALUE = re.compile(r"(?:[A-Za-z0-9._~:\[\]@!$'()*+,=/-]|%[0-9A-Fa-f]{2})+")

_one_at_a_time = RLock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pkcs11Uri:
    """Where a key is: the vendor's library, the token by its label, the key by its label (`object`), its `id` or both."""

    module: Path
    token: str
    object: str | None = None
    id: bytes | None = None

    @classmethod
    def parse(cls, uri: str) -> Self:
        """Read a URI. What it says beyond token, object, id, `type=private` and module-path is refused, not ignored.

        Raises: InputError. Spec: RFC 7512 section 2.
        """
        scheme, colon, rest = uri.partition(":")
        if scheme != "pkcs11" or not colon:
            raise _bad_uri("it does not begin with pkcs11:")
        path, _, query = rest.partition("?")
        parts = _attributes(path, ";", _PATH) | _attributes(query, "&", _QUERY)
        if parts.get("type", b"private") != b"private":
            raise _bad_uri("type is not private")
        if not parts.get("token") or not (parts.get("object") or parts.get("id")) or not parts.get("module-path"):
            raise _bad_uri("it names no token, no object or id, or no module-path")
        try:
            return cls(
                module=Path(parts["module-path"].decode()),
                token=parts["token"].decode(),
                object=parts["object"].decode() if "object" in parts else None,
                id=parts.get("id"),
            )
        except UnicodeDecodeError as error:
            raise _bad_uri("a name is not UTF-8") from error

    def __str__(self) -> str:
        return f"{self.object or (self.id or b'').hex()} on token {self.token}"


class Pkcs11Key:
    """An `IssuerSigner` whose key is behind PKCS #11. `pin` is what its token asks of a user."""

    def __init__(self, uri: str, pin: str) -> None:
        """Find the key. Raises: KeyUnavailable, InputError for a URI that is none."""
        self._uri = Pkcs11Uri.parse(uri)
        self._pin = pin
        with _asking(self._uri):
            self._session = _session(self._uri, pin)
            self._key, self._jwk = self._find(self._session)

    @classmethod
    def create(cls, uri: str, pin: str) -> Self:
        """Let the token make a key that it will never give away. Raises: WrongState, KeyUnavailable, InputError."""
        where = Pkcs11Uri.parse(uri)
        with _asking(where):
            _generate(where, pin)
        return cls(uri, pin)

    @property
    def jwk(self) -> dict[str, str]:
        return dict(self._jwk)

    def sign(self, payload: bytes) -> bytes:
        from pkcs11 import Mechanism  # noqa: PLC0415 - part of an extra

        with _asking(self._uri):
            session = _session(self._uri, self._pin)
            if session is not self._session:
                key, jwk = self._find(session)
                if jwk != self._jwk:
                    raise _unavailable(self._uri, "it is another key now", "nay là một khóa khác")
                self._key, self._session = key, session
            signature: bytes = self._key.sign(sha256(payload).digest(), mechanism=Mechanism.ECDSA)
        try:
            # The halves of a key are two objects of the token, and only their names say that they belong together.
            jws.verify(self._jwk, payload, jws.lower(signature))
        except SignatureError as error:
            raise _unavailable(
                self._uri, "its public key is not that of its private key", "khóa công khai và khóa riêng không khớp"
            ) from error
        return signature

    def _find(self, session: pkcs11.Session) -> tuple[types.SignMixin, dict[str, str]]:
        from pkcs11 import Attribute, ObjectClass  # noqa: PLC0415 - part of an extra
        from pkcs11.types import SignMixin  # noqa: PLC0415 - part of an extra

        key, public = self._one(session, ObjectClass.PRIVATE_KEY), self._one(session, ObjectClass.PUBLIC_KEY)
        if not isinstance(key, SignMixin) or public[Attribute.EC_PARAMS] != _P256:
            raise _unavailable(self._uri, "it is not a P-256 key that signs", "không phải khóa ký P-256")
        return key, _read_point(public[Attribute.EC_POINT], self._uri)

    def _one(self, session: pkcs11.Session, half: pkcs11.ObjectClass) -> pkcs11.Object:
        from pkcs11 import Attribute, KeyType  # noqa: PLC0415 - part of an extra

        named = {Attribute.LABEL: self._uri.object, Attribute.ID: self._uri.id}
        sought = {name: value for name, value in named.items() if value is not None}
        # The whole list, for a search that is left open blocks the session.
        found = list(session.get_objects({Attribute.CLASS: half, Attribute.KEY_TYPE: KeyType.EC, **sought}))
        if not found:
            raise _unavailable(self._uri, "there is no such key on it", "thiết bị không có khóa này")
        if len(found) > 1:
            raise _unavailable(self._uri, "several keys have that name", "nhiều khóa trùng tên")
        return found[0]


# -- The library, its tokens and what may go wrong ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    session: pkcs11.Session
    pin: str
    process: int


_open: dict[tuple[Path, str], _Open] = {}
"""The sessions of this process. A login counts for a whole token, so there is one session for all its keys."""


def _session(uri: Pkcs11Uri, pin: str) -> pkcs11.Session:
    """Return the session on a token, after logging in where that is needed."""
    present = _open.get((uri.module, uri.token))
    if present is not None and present.process != os.getpid():
        # The library that a fork has inherited is in no defined state (PKCS #11 v2.40, section 5.1).
        _begin_anew(uri.module)
        present = None
    if present is None:
        token = _library(uri.module).get_token(token_label=uri.token)
        present = _open[uri.module, uri.token] = _Open(session=token.open(user_pin=pin), pin=pin, process=os.getpid())
    if not secrets.compare_digest(present.pin.encode(), pin.encode()):
        raise _unavailable(uri, *_ANSWERS["PinIncorrect"])
    return present.session


def _generate(uri: Pkcs11Uri, pin: str) -> None:
    from pkcs11 import Attribute, KeyType, MechanismFlag  # noqa: PLC0415 - part of an extra

    if uri.object is None:
        raise InputError("a new key needs a name (object=)", "khóa mới cần có tên (object=)")
    session = _session(uri, pin)
    if list(session.get_objects({Attribute.LABEL: uri.object})):
        raise WrongState(f"there is already {uri}", f"đã có {uri}")
    # Writing needs a session of its own kind; it is logged in with the other and, without a PIN, does not log it out.
    with session.token.open(rw=True) as writing:
        curve = writing.create_domain_parameters(KeyType.EC, {Attribute.EC_PARAMS: _P256}, local=True)
        curve.generate_keypair(
            store=True,
            label=uri.object,
            id=uri.id or secrets.token_bytes(16),
            capabilities=MechanismFlag.SIGN | MechanismFlag.VERIFY,
            private_template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
        )


def _library(module: Path) -> _pkcs11.lib:
    import pkcs11  # noqa: PLC0415 - part of an extra

    return pkcs11.lib(str(module))


def _begin_anew(module: Path) -> None:
    """Forget every session of a library, and let its next use initialise it."""
    for key in [key for key in _open if key[0] == module]:
        del _open[key]
    with suppress(RuntimeError):
        _library(module).finalize()


@contextmanager
def _asking(uri: Pkcs11Uri) -> Iterator[None]:
    """Ask the library alone, and say what it answers when it does not do what it was asked."""
    try:
        import pkcs11  # noqa: PLC0415 - part of an extra
    except ImportError as error:
        raise KeyUnavailable(
            "keys behind PKCS #11 need a library that is not installed",
            "khóa qua PKCS #11 cần một thư viện chưa được cài",
            mend="pip install 'sogoc[hsm]'",
        ) from error
    with _one_at_a_time:
        try:
            yield
        except pkcs11.PKCS11Error as error:
            _begin_anew(uri.module)
            name = type(error).__name__
            en, vi = _ANSWERS.get(name, (f"it answered {name} {error}".rstrip(), f"nó trả lời {name} {error}".rstrip()))
            raise _unavailable(uri, en, vi) from error


_ANSWERS = {
    "PinIncorrect": ("the PIN is wrong", "mã PIN sai"),
    "PinLenRange": ("the PIN is wrong", "mã PIN sai"),
    "PinLocked": ("the PIN was wrong too often and is locked", "mã PIN sai quá nhiều lần và đã bị khóa"),
    "NoSuchToken": ("there is no such token", "không có thiết bị này"),
    "MultipleTokensReturned": ("several tokens have that name", "nhiều thiết bị trùng tên"),
}


def _unavailable(uri: Pkcs11Uri, en: str, vi: str) -> KeyUnavailable:
    return KeyUnavailable(
        f"the key store of {uri}: {en}",
        f"kho khóa của {uri}: {vi}",
        mend="See that the token is there, named so and unlocked. Most lock for good after a few wrong PINs.",
        mend_vi="Kiểm tra thiết bị đã cắm, đúng tên và đã mở. Phần lớn thiết bị khóa hẳn sau vài lần nhập sai mã PIN.",
    )


def _read_point(value: bytes, uri: Pkcs11Uri) -> dict[str, str]:
    """Return the public key of an EC_POINT: a DER octet string, or what some vendors give, its bare content."""
    point = value[2:] if value[:2] == bytes([0x04, _POINT_BYTES]) and len(value) == _POINT_BYTES + 2 else value
    try:
        return jws.jwk_of(ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))
    except ValueError as error:
        raise _unavailable(uri, "its public key is no point on P-256", "khóa công khai không nằm trên P-256") from error


def _attributes(text: str, separator: str, known: frozenset[str]) -> dict[str, bytes]:
    """Read `name=value` pairs of known names, percent-decoded, each name once. Raises: InputError."""
    found: dict[str, bytes] = {}
    for pair in filter(None, text.split(separator)):
        name, equals, value = pair.partition("=")
        if name in {"pin-value", "pin-source"}:
            raise _bad_uri(f"{name} does not belong into it: the PIN is given apart")
        if name not in known:
            raise _bad_uri(f"{name} is not understood there")
        if not equals or name in found or not _VALUE.fullmatch(value):
            raise _bad_uri(f"{name} is given twice, without a value or in a wrong form")
        found[name] = unquote_to_bytes(value)
    return found


def _bad_uri(why: str) -> InputError:
    return InputError(
        f"this is not the URI of a key: {why}",
        f"đây không phải URI của một khóa: {why}",
        mend="Write it as pkcs11:token=TOKEN;object=KEY?module-path=/path/of/the/library.so",
        mend_vi="Viết dạng pkcs11:token=THIẾT-BỊ;object=KHÓA?module-path=/đường/dẫn/thư-viện.so",
    )
