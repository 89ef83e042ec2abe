"""Settings to adapters, once. The only place that knows which adapter stands behind which URI scheme.

An archive lives in one folder, its home:

    archive.json       origin, trial, where the public files go, the chain
    register.sqlite3   the register, unless SOGOC_DATABASE names PostgreSQL
    lock/              the lock store and the journal of erasures: small, apart, never restored with the database
    staging/           decided tiles that are not public yet
    keys/              encrypted keys, and the passphrase of a trial archive
    chain/             the embedded chain of a trial archive
"""

from __future__ import annotations

import gc
import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sogoc.adapters.erasures_posix import PosixErasures
from sogoc.adapters.files_posix import PosixFiles
from sogoc.adapters.keys_file import FileKey
from sogoc.adapters.lock_sqlite import SqliteLock
from sogoc.adapters.log_keys_file import FileLogKeys
from sogoc.adapters.secret_box import SecretBox
from sogoc.core.anchor import Confirmations, finality_from_json, finality_to_json
from sogoc.core.note import VerifierKey
from sogoc.core.trust import Policy
from sogoc.errors import ChainUnavailable, InputError, KeyUnavailable
from sogoc.ports import Binder, Chain, FileStore, IssuerSigner, Log, Printer

if TYPE_CHECKING:
    from sogoc.services.workbench import Desk

TRIAL_CHAIN_ID = 89
EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `archive.json` holds. `endpoints` is empty for the embedded chain; `contract` None for no chain at all."""

    origin: str
    trial: bool
    public: str
    chain_id: int = TRIAL_CHAIN_ID
    contract: str | None = None
    code_hash: str | None = None
    endpoints: tuple[str, ...] = ()
    first_block: int = 0
    finality: Mapping[str, object] | None = None

    def save(self, path: Path) -> None:
        path.write_text(
            json.dumps({name: getattr(self, name) for name in self.__slots__}, ensure_ascii=False, indent=1) + "\n"
        )

    @classmethod
    def load(cls, path: Path) -> Settings:
        """Read the settings of an archive. Raises: InputError."""
        try:
            value: dict[str, Any] = json.loads(path.read_text())
            value["endpoints"] = tuple(value["endpoints"])
            return cls(**value)
        except FileNotFoundError as error:
            raise InputError(
                f"there is no archive in {path.parent}", f"không có kho lưu trữ trong {path.parent}",
                mend="Run `sogoc demo`, or set SOGOC_HOME to the folder of an archive.",
                mend_vi="Chạy `sogoc demo`, hoặc đặt SOGOC_HOME tới thư mục của kho.",
            ) from error  # fmt: skip
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} is not the settings of an archive", f"{path} không phải cấu hình kho") from error


class Home:
    """One archive on this machine, and the adapters its settings ask for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def settings(self) -> Settings:
        return Settings.load(self.folder / "archive.json")

    @cached_property
    def passphrase(self) -> str:
        """The passphrase of the key files: SOGOC_PASSPHRASE, or the one a trial archive keeps beside them."""
        given = os.environ.get("SOGOC_PASSPHRASE")
        kept = self.folder / "keys" / "passphrase"
        if given:
            return given
        if not kept.is_file():
            raise KeyUnavailable(
                "the passphrase of the keys is not known", "chưa có mật khẩu mở khóa",
                mend="Set SOGOC_PASSPHRASE.", mend_vi="Đặt biến SOGOC_PASSPHRASE.",
            )  # fmt: skip
        return kept.read_text()

    # -- keys -----------------------------------------------------------------------------------------------------

    def keyring(self, uri: str) -> IssuerSigner:
        """Return the key behind a URI. Raises: KeyUnavailable, InputError for a scheme nobody serves."""
        scheme, _, rest = uri.partition(":")
        if scheme not in KEY_SCHEMES:
            raise InputError(f"no key store for {scheme}:", f"không có kho khóa cho {scheme}:")
        if uri not in self._keys:
            self._keys[uri] = KEY_SCHEMES[scheme](self, rest)
        return self._keys[uri]

    @cached_property
    def _keys(self) -> dict[str, IssuerSigner]:
        return {}

    @cached_property
    def ministry(self) -> IssuerSigner:
        return self.keyring("file:ministry.pem")

    def make_key(self, name: str) -> str:
        """Make a new P-256 key file and return its URI."""
        FileKey.create(self.folder / "keys" / f"{name}.pem", self.passphrase)
        return f"file:{name}.pem"

    @cached_property
    def box(self) -> SecretBox:
        return SecretBox(self.folder / "keys" / "files.key")

    @cached_property
    def desk(self) -> Desk:
        """What the workbench is handed. Django has to be set up before."""
        from sogoc.adapters.kept_tables import read_kept
        from sogoc.services.workbench import Desk

        return Desk(encrypt=self.box.encrypt, decrypt=self.box.decrypt, read=read_kept, randomness=secrets.token_bytes)

    # -- the log ----------------------------------------------------------------------------------------------------

    @property
    def keeps_log(self) -> bool:
        """Whether the keys of the log are on this host. One host has them; the others seal."""
        return (self.folder / "keys" / "log.pem").is_file()

    @cached_property
    def public(self) -> FileStore:
        return files(self.settings.public)

    @cached_property
    def log(self) -> Log:
        settings = self.settings
        lock = SqliteLock(self.folder / "lock" / "lock.sqlite3")
        return Log(
            origin=settings.origin,
            trial=settings.trial,
            public=self.public,
            staging=PosixFiles(self.folder / "staging", new=True),
            lock=lock,
            signer=FileLogKeys(self.folder / "keys" / "log.pem", self.passphrase, origin=settings.origin, lock=lock),
        )

    @cached_property
    def erasures(self) -> PosixErasures:
        return PosixErasures(self.folder / "lock" / "erasures.jsonl")

    @cached_property
    def printer(self) -> Printer:
        from sogoc.adapters import diploma_pdf

        return diploma_pdf

    @cached_property
    def binder(self) -> Binder:
        from sogoc.adapters import books_pdf

        return books_pdf

    # -- the chain --------------------------------------------------------------------------------------------------

    def endpoints(self) -> tuple[str, ...]:
        """The chain's endpoints; those of the embedded node while it runs. Raises: ChainUnavailable."""
        if self.settings.endpoints:
            return self.settings.endpoints
        from sogoc.adapters import node_anvil

        node = node_anvil.attach(self.folder / "chain")
        if node is None:
            raise ChainUnavailable(
                "the embedded chain is not running", "chuỗi khối nhúng chưa chạy",
                mend="Run `sogoc node start`.", mend_vi="Chạy `sogoc node start`.",
            )  # fmt: skip
        return (node.rpc_url,)

    def chain(self) -> Chain:
        """The chain this archive anchors on, with the key that may. Raises: ChainUnavailable, KeyUnavailable."""
        from sogoc.adapters.chain_evm import EvmChain

        return EvmChain(self._evm_settings(), self.anchor_key())

    def _evm_settings(self) -> Any:
        from sogoc.adapters.chain_evm import EvmSettings

        settings = self.settings
        if settings.contract is None or settings.finality is None:
            raise ChainUnavailable("this archive has no chain", "kho này chưa có chuỗi khối")
        return EvmSettings(
            endpoints=self.endpoints(),
            chain_id=settings.chain_id,
            origin=settings.origin,
            contract=settings.contract,
            finality=finality_from_json(settings.finality),
            first_block=settings.first_block,
        )

    def anchor_key(self) -> bytes:
        """The 32 bytes of the account that anchors. Raises: KeyUnavailable."""
        from cryptography.hazmat.primitives.asymmetric import ec

        from sogoc.adapters import protected_pem

        (key,) = protected_pem.read(self.folder / "keys" / "anchor.pem", self.passphrase)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise KeyUnavailable("the anchoring key is of another kind", "khóa ghi mốc không đúng loại")
        return key.private_numbers().private_value.to_bytes(32, "big")

    # -- what others pin --------------------------------------------------------------------------------------------

    def policy(self) -> Policy:
        """Return what a verifier of this archive pins, before it has observed anything itself. Raises: ChainUnavailable."""
        settings = self.settings
        if settings.contract is None:
            return self.keys_only()
        pinned = {
            "chain_id": settings.chain_id,
            "contract": settings.contract,
            "code_hash": settings.code_hash,
            "endpoints": list(self.endpoints()),
            "finality": dict(settings.finality or {}),
        }
        return replace(self.keys_only(), chains=(pinned,))

    def keys_only(self) -> Policy:
        """Return the same without a chain: enough to check the log by itself."""
        return Policy(
            origin=self.settings.origin,
            trial=self.settings.trial,
            ministry=(self.ministry.jwk,),
            log=(tuple(VerifierKey.parse(key) for key in self.log.signer.vkeys),),
        )


def make_home(folder: Path, *, origin: str, trial: bool, public: Path | str) -> Home:
    """Make the folder of a new archive with fresh keys. Raises: WrongState when one is there."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # the database holds names and secrets of people
    keys = folder / "keys"
    keys.mkdir(mode=0o700)
    if "SOGOC_PASSPHRASE" not in os.environ:
        passphrase = keys / "passphrase"
        passphrase.touch(mode=0o600)
        passphrase.write_text(secrets.token_urlsafe(24))
    web_secret = keys / "web-secret"
    web_secret.touch(mode=0o600)
    web_secret.write_text(secrets.token_urlsafe(48))
    home = Home(folder)
    Settings(origin=origin, trial=trial, public=str(public)).save(folder / "archive.json")
    files(str(public), new=True)
    home.make_key("ministry")
    lock_file = folder / "lock" / "lock.sqlite3"
    lock_file.parent.mkdir(mode=0o700)
    lock = SqliteLock.make(lock_file)
    PosixErasures.make(folder / "lock" / "erasures.jsonl")
    FileLogKeys.create(keys / "log.pem", home.passphrase, origin=origin, lock=lock)
    SecretBox.create(keys / "files.key")
    return home


def deploy_embedded(home: Home) -> None:
    """Start the embedded chain of a trial archive, make its anchoring account and put the contract there.

    Raises: ChainUnavailable.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    from sogoc.adapters import contract as anchor_contract
    from sogoc.adapters import node_anvil, protected_pem
    from sogoc.adapters.chain_evm import EvmSettings, account_of, deploy

    node = node_anvil.start(home.folder / "chain", chain_id=TRIAL_CHAIN_ID)
    protected_pem.write(home.folder / "keys" / "anchor.pem", [ec.generate_private_key(ec.SECP256K1())], home.passphrase)
    key = home.anchor_key()
    node.fund(account_of(key), 10**18)
    finality = Confirmations(blocks=0)  # one miner, no reorganisation but by hand
    settings = home.settings
    address = deploy(
        EvmSettings(
            endpoints=(node.rpc_url,),
            chain_id=TRIAL_CHAIN_ID,
            origin=settings.origin,
            contract=None,
            finality=finality,
        ),
        key,
    )
    node.wait_until_saved(address)  # a kill in its first second would forget the contract itself
    changed = Settings(
        origin=settings.origin,
        trial=settings.trial,
        public=settings.public,
        contract=address,
        code_hash="0x" + anchor_contract.code_hash(settings.origin).hex(),
        finality=finality_to_json(finality),
    )
    changed.save(home.folder / "archive.json")
    home.__dict__.pop("settings", None)


def observing_chain(pinned: Mapping[str, Any], origin: str) -> Chain:
    """Return the chain that a policy pins, to look at and not to write to. Raises: ChainUnavailable, InputError."""
    from sogoc.adapters.chain_evm import EvmChain, EvmSettings

    return EvmChain(
        EvmSettings(
            endpoints=tuple(pinned["endpoints"]),
            chain_id=pinned["chain_id"],
            origin=origin,
            contract=pinned["contract"],
            code_hash=bytes.fromhex(pinned["code_hash"].removeprefix("0x")),
            finality=finality_from_json(pinned["finality"]),
        )
    )


def _file_key(home: Home, name: str) -> IssuerSigner:
    return FileKey(home.folder / "keys" / name, home.passphrase)


def _token_key(_home: Home, rest: str) -> IssuerSigner:
    from sogoc.adapters.keys_pkcs11 import Pkcs11Key

    pin = os.environ.get("SOGOC_PIN")
    if pin is None:
        raise KeyUnavailable(
            "the PIN of the token is not known",
            "chưa có mã PIN của thiết bị khóa",
            mend="Set SOGOC_PIN.",
            mend_vi="Đặt biến SOGOC_PIN.",
        )
    return Pkcs11Key(f"pkcs11:{rest}", pin)


KEY_SCHEMES: dict[str, Callable[[Home, str], IssuerSigner]] = {"file": _file_key, "pkcs11": _token_key}
"""Where an institution's key may live. A new home is one adapter and one row here."""


def _s3_files(address: str) -> FileStore:
    try:
        from sogoc.adapters.objects_s3 import S3Files
    except ImportError as error:
        raise InputError(
            "files in a bucket need more than is installed", "kho S3 cần cài thêm",
            mend="pip install 'sogoc[s3]'", mend_vi="pip install 'sogoc[s3]'",
        ) from error  # fmt: skip
    return S3Files(address)


FILE_SCHEMES: dict[str, Callable[[str], FileStore]] = {"s3": _s3_files}
"""Where public files may lie, beside a folder."""


def files_address(given: str) -> str:
    """Return the address of public files that does not depend on where a command was given."""
    return given if "://" in given else str(Path(given).resolve())


def files(address: str, *, new: bool = False) -> FileStore:
    """Return the store behind the address of public files: a folder, or `s3://…`. A folder that is missing is made if `new`.

    Raises: InputError, StorageUnavailable.
    """
    scheme, separator, _ = address.partition("://")
    if not separator:
        return PosixFiles(Path(address), new=new)
    if scheme not in FILE_SCHEMES:
        raise InputError(f"no file store for {scheme}:", f"không có kho tệp cho {scheme}:")
    return FILE_SCHEMES[scheme](address)


def setup_django(folder: Path) -> None:
    """Load Django for the archive in `folder`; everything that touches the database needs this first."""
    os.environ["SOGOC_HOME"] = str(folder)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sogoc.server.settings")
    import django

    django.setup()
    # A list of thousands makes the collector go through all that was ever loaded, again and again; none of it is garbage. Nor are
    # the rows at hand, a thousand at a time, and each of them is a dozen objects.
    gc.freeze()
    gc.set_threshold(20_000)


def migrate() -> None:
    """Bring the database to the tables of this version."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def utc_now() -> datetime:
    from datetime import UTC

    return datetime.now(UTC)
