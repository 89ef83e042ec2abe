"""The compiled anchor contract, as it ships: nobody who uses sogoc compiles it.

`anchor.json` holds what the compiler made of `anchor.input.json`, a standard-JSON input that holds our source and names the
library's files by package and Keccak-256. The script that compiles them again and compares every byte is in `contracts/` of the
repository.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from sogoc.core.anchor import origin_hash


@cache
def compiled() -> dict[str, Any]:
    """The compiler's output: `abi`, `creation`, `runtime`, `originAt`, `storage`, `compiler`."""
    contract: dict[str, Any] = json.loads(files(__name__).joinpath("anchor.json").read_bytes())
    return contract


def creation_code(origin: str, *, admin: str, admin_delay: int, anchorer: str) -> bytes:
    """The transaction data that deploys the contract of the log `origin`. `admin_delay` is in seconds."""
    arguments = encode(
        ["bytes32", "address", "uint48", "address"],
        [origin_hash(origin), admin, admin_delay, anchorer],
    )
    return _bytes("creation") + arguments


def runtime_code(origin: str) -> bytes:
    """The code that must stand at the address of the contract of `origin`: the one immutable is the origin's hash."""
    code = bytearray(_bytes("runtime"))
    for position in compiled()["originAt"]:
        code[position : position + 32] = origin_hash(origin)
    return bytes(code)


def code_hash(origin: str) -> bytes:
    """Keccak-256 of `runtime_code`: what a policy pins, computed here and not asked of a node."""
    return keccak(runtime_code(origin))


def selector(signature: str) -> bytes:
    """The four bytes that name a function or an error in calldata and in revert data."""
    return keccak(text=signature)[:4]


def _bytes(name: str) -> bytes:
    return bytes.fromhex(compiled()[name].removeprefix("0x"))
