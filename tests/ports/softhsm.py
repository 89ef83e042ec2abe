"""A token of SoftHSM, made for this test run alone: the real thing behind PKCS #11 but for the metal."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sogoc.adapters import keys_pkcs11

PIN = "5678"
TOKEN = "Học viện Thử nghiệm"
_LIBRARIES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
    Path("/opt/homebrew/lib/softhsm/libsofthsm2.so"),
)


class SoftHsmMissing(Exception):
    pass


def library() -> Path:
    for path in _LIBRARIES:
        if path.exists():
            return path
    raise SoftHsmMissing("this test needs SoftHSM and there is none: `apt-get install softhsm2` on Debian")


def uri(name: str, *, token: str = TOKEN) -> str:
    return f"pkcs11:token={quote(token)};object={quote(name)}?module-path={library()}"


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """Keep a token in `folder` and let this process and its children know of it."""
    module = library()
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    try:
        make = ["softhsm2-util", "--module", str(module), "--init-token", "--free"]
        subprocess.run([*make, "--label", TOKEN, "--so-pin", "1234", "--pin", PIN], check=True, capture_output=True)
        keys_pkcs11._begin_anew(module)  # the library reads its settings only then
        yield
    finally:
        keys_pkcs11._begin_anew(module)
        if before is None:
            del os.environ["SOFTHSM2_CONF"]
        else:
            os.environ["SOFTHSM2_CONF"] = before
