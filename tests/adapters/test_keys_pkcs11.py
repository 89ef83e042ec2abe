"""Keys behind PKCS #11, with SoftHSM: how a URI is read, and what a key store may do to us."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11 import Attribute, KeyType, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

from sogoc.adapters.keys_pkcs11 import Pkcs11Key, Pkcs11Uri
from sogoc.core import jws
from sogoc.errors import InputError, KeyUnavailable, WrongState
from tests.ports import softhsm

# The child of a fork does nothing here but sign and end.
pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")

# -- URIs: RFC 7512 ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        (
            "pkcs11:token=Institution;object=diplomas?module-path=/usr/lib/vendor.so",
            Pkcs11Uri(module=Path("/usr/lib/vendor.so"), token="Institution", object="diplomas"),
        ),
        (
            "pkcs11:object=diplomas;type=private;token=A%20b%3Bc?module-path=/usr/lib/a%20b.so",
            Pkcs11Uri(module=Path("/usr/lib/a b.so"), token="A b;c", object="diplomas"),
        ),
        (
            "pkcs11:token=T;id=%00%FF%3b?module-path=/m.so",
            Pkcs11Uri(module=Path("/m.so"), token="T", id=b"\x00\xff;"),
        ),
        (
            "pkcs11:token=H%E1%BB%8Dc%20vi%E1%BB%87n;object=k;id=k?module-path=/m.so",
            Pkcs11Uri(module=Path("/m.so"), token="Học viện", object="k", id=b"k"),
        ),
    ],
)
def test_a_uri_is_read(text: str, uri: Pkcs11Uri) -> None:
    assert Pkcs11Uri.parse(text) == uri


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pkcs11",
        "pkcs11:",
        "PKCS12:token=T;object=k?module-path=/m.so",
        "file:/key.pem",
        "pkcs11:object=k?module-path=/m.so",
        "pkcs11:token=T?module-path=/m.so",
        "pkcs11:token=T;object=k",
        "pkcs11:token=T;object=k?module-path=",
        "pkcs11:token=;object=k?module-path=/m.so",
        "pkcs11:token=T;token=U;object=k?module-path=/m.so",
        "pkcs11:token=T;object=k;type=public?module-path=/m.so",
        "pkcs11:token=T;object=k;serial=1?module-path=/m.so",
        "pkcs11:token=T;object=k?module-name=softhsm2",
        "pkcs11:token=T;object=k?module-path=/m.so&pin-value=1234",
        "pkcs11:token=T;object=k?module-path=/m.so&pin-source=file:/pin",
        "pkcs11:token=T;object=k;module-path=/m.so?module-path=/n.so",
        "pkcs11:token=T object=k?module-path=/m.so",
        "pkcs11:token=T;object=k%?module-path=/m.so",
        "pkcs11:token=T;object=k%zz?module-path=/m.so",
        "pkcs11:token=%FF;object=k?module-path=/m.so",
        "pkcs11:token=Học viện;object=k?module-path=/m.so",
    ],
)
def test_what_is_no_uri_of_a_key_is_refused_and_never_guessed(text: str) -> None:
    with pytest.raises(InputError) as refused:
        Pkcs11Uri.parse(text)
    assert refused.value.mend
    assert "1234" not in refused.value.en


# -- SoftHSM -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with softhsm.running(tmp_path_factory.mktemp("softhsm")):
        yield


@pytest.fixture(scope="module")
def key(token: None) -> Pkcs11Key:
    return Pkcs11Key.create(softhsm.uri("diplomas"), softhsm.PIN)


def good(key: Pkcs11Key) -> bool:
    jws.verify(key.jwk, b"payload", jws.lower(key.sign(b"payload")))
    return True


def test_a_key_is_found_again(key: Pkcs11Key) -> None:
    again = Pkcs11Key(softhsm.uri("diplomas"), softhsm.PIN)
    assert again.jwk == key.jwk
    jws.verify(key.jwk, b"payload", jws.lower(again.sign(b"payload")))


def test_the_token_never_gives_it_away(key: Pkcs11Key) -> None:
    private = key._session.get_key(object_class=ObjectClass.PRIVATE_KEY, label="diplomas")
    assert private[Attribute.SENSITIVE] is True
    assert private[Attribute.EXTRACTABLE] is False
    assert private[Attribute.NEVER_EXTRACTABLE] is True
    with pytest.raises(pkcs11.AttributeSensitive):
        private[Attribute.VALUE]


def test_several_keys_of_one_token_sign_side_by_side(key: Pkcs11Key) -> None:
    other = Pkcs11Key.create(softhsm.uri("certificates"), softhsm.PIN)
    assert other.jwk != key.jwk
    assert good(key)
    assert good(other)
    assert good(key)


def test_a_name_is_taken_once(key: Pkcs11Key) -> None:
    with pytest.raises(WrongState):
        Pkcs11Key.create(softhsm.uri("diplomas"), softhsm.PIN)
    assert good(key)


@pytest.mark.parametrize("pin", ["", "wrong", "56789"])
def test_a_wrong_pin_is_told_and_harms_nobody_else(key: Pkcs11Key, pin: str) -> None:
    with pytest.raises(KeyUnavailable, match="PIN") as refused:
        Pkcs11Key(softhsm.uri("diplomas"), pin)
    assert refused.value.mend
    assert good(key)


@pytest.mark.parametrize(
    "uri",
    [
        lambda: softhsm.uri("missing"),
        lambda: softhsm.uri("diplomas", token="another token"),
        lambda: softhsm.uri("diplomas").replace("libsofthsm2.so", "missing.so"),
    ],
    ids=["key", "token", "library"],
)
def test_what_is_not_there_is_told_and_harms_nobody_else(key: Pkcs11Key, uri: object) -> None:
    assert callable(uri)
    with pytest.raises(KeyUnavailable) as refused:
        Pkcs11Key(uri(), softhsm.PIN)
    assert refused.value.mend
    assert good(key)


def test_after_the_session_is_lost_a_call_fails_and_the_next_one_begins_anew(key: Pkcs11Key) -> None:
    key._session.close()
    with pytest.raises(KeyUnavailable):
        key.sign(b"payload")
    assert good(key)


def test_a_process_that_was_forked_logs_in_for_itself(key: Pkcs11Key) -> None:
    assert good(key)
    inherited = key._session
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if good(key) and key._session is not inherited else 2)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert good(key)


def writable(key: Pkcs11Key) -> pkcs11.Session:
    assert good(key)  # and with it that its session is alive
    return key._session.token.open(rw=True)


def put_public_half(session: pkcs11.Session, name: str) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    point = b"\x04\x41\x04" + stranger.x.to_bytes(32, "big") + stranger.y.to_bytes(32, "big")
    session.create_object(
        {
            Attribute.CLASS: ObjectClass.PUBLIC_KEY,
            Attribute.KEY_TYPE: KeyType.EC,
            Attribute.TOKEN: True,
            Attribute.LABEL: name,
            Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1"),
            Attribute.EC_POINT: point,
        }
    )


def test_halves_that_do_not_belong_together_sign_nothing(key: Pkcs11Key) -> None:
    Pkcs11Key.create(softhsm.uri("swapped"), softhsm.PIN)
    with writable(key) as writing:
        writing.get_key(object_class=ObjectClass.PUBLIC_KEY, label="swapped").destroy()
        put_public_half(writing, "swapped")
    with pytest.raises(KeyUnavailable, match="public key"):
        Pkcs11Key(softhsm.uri("swapped"), softhsm.PIN).sign(b"payload")


def test_a_key_that_was_replaced_under_its_name_signs_nothing(key: Pkcs11Key) -> None:
    replaced = Pkcs11Key.create(softhsm.uri("replaced"), softhsm.PIN)
    with writable(key) as writing:
        for half in (ObjectClass.PUBLIC_KEY, ObjectClass.PRIVATE_KEY):
            writing.get_key(object_class=half, label="replaced").destroy()
    Pkcs11Key.create(softhsm.uri("replaced"), softhsm.PIN)
    with pytest.raises(KeyUnavailable):  # the old one is gone
        replaced.sign(b"payload")
    with pytest.raises(KeyUnavailable, match="another key"):  # and the new one is not it
        replaced.sign(b"payload")
    assert good(key)


def test_two_keys_of_one_name_are_refused(key: Pkcs11Key) -> None:
    Pkcs11Key.create(softhsm.uri("twins"), softhsm.PIN)
    with writable(key) as writing:
        put_public_half(writing, "twins")
    with pytest.raises(KeyUnavailable, match="several"):
        Pkcs11Key(softhsm.uri("twins"), softhsm.PIN)


def test_a_key_on_another_curve_is_refused(key: Pkcs11Key) -> None:
    with writable(key) as writing:
        curve = writing.create_domain_parameters(
            KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters("secp384r1")}, local=True
        )
        curve.generate_keypair(store=True, label="large")
    with pytest.raises(KeyUnavailable, match="P-256"):
        Pkcs11Key(softhsm.uri("large"), softhsm.PIN)
