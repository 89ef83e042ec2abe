"""The contract that ships: what it was made of, what it may not contain, where it keeps things and what it costs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from sogoc.adapters import contract as anchor_contract
from sogoc.adapters.chain_evm import _ANCHOR, EvmChain
from sogoc.adapters.node_anvil import Node, _ask
from tests.chain.conftest import settle

REPOSITORY = Path(__file__).parents[2]

# Viction's EVM ends at Istanbul: these came later, and there they burn all gas or do something else.
LATER_OPCODES = {
    0x1E: "CLZ",
    0x48: "BASEFEE",
    0x49: "BLOBHASH",
    0x4A: "BLOBBASEFEE",
    0x5C: "TLOAD",
    0x5D: "TSTORE",
    0x5E: "MCOPY",
    0x5F: "PUSH0",
}
# And this contract has no reason to call code that it does not hold, or to end.
FOREIGN_OPCODES = {
    0xF0: "CREATE",
    0xF1: "CALL",
    0xF2: "CALLCODE",
    0xF4: "DELEGATECALL",
    0xF5: "CREATE2",
    0xFF: "SELFDESTRUCT",
}

VICTION_CALLDATA = 68 - 16
"""Gas that Viction charges for a non-zero byte of calldata above what anvil does: EIP-2028 was never applied there."""


def instructions(code: bytes) -> Iterator[int]:
    """The opcodes of `code` without the data that PUSH carries and without the compiler's CBOR metadata."""
    end = len(code) - 2 - int.from_bytes(code[-2:])
    at = 0
    while at < end:
        opcode = code[at]
        yield opcode
        at += 1 + (opcode - 0x5F if 0x60 <= opcode <= 0x7F else 0)


def runtime() -> bytes:
    return anchor_contract.runtime_code("log.example")


def creation() -> bytes:
    return bytes.fromhex(anchor_contract.compiled()["creation"][2:])


def test_the_shipped_contract_is_what_the_compiler_makes_of_the_sources() -> None:
    modules = REPOSITORY / ".tools" / "contracts" / "node_modules"
    assert modules.is_dir(), "run tools/install-node-tools contracts"
    found = subprocess.run(
        [sys.executable, REPOSITORY / "tools" / "install-node-tools", "--node"],
        capture_output=True,
        text=True,
        check=True,
    )
    outcome = subprocess.run(
        [found.stdout.strip(), REPOSITORY / "contracts" / "compile.js", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr


def test_the_compiler_settings_are_those_of_the_chain() -> None:
    settings = json.loads(files(anchor_contract).joinpath("anchor.input.json").read_bytes())["settings"]
    assert settings["evmVersion"] == "istanbul"
    assert settings["metadata"]["bytecodeHash"] == "none"
    assert anchor_contract.compiled()["compiler"].startswith("0.8.30+")


@pytest.mark.parametrize("code", [runtime(), creation()], ids=["runtime", "creation"])
def test_no_instruction_is_newer_than_the_chain(code: bytes) -> None:
    found = set(instructions(code))
    assert not {name for opcode, name in (LATER_OPCODES | FOREIGN_OPCODES).items() if opcode in found}


def test_the_scan_finds_what_it_looks_for() -> None:
    """The control: PUSH0 as an instruction is found, the same byte as pushed data is not."""
    assert 0x5F in set(instructions(bytes.fromhex("5f00") + b"\x00\x00"))
    assert 0x5F not in set(instructions(bytes.fromhex("605f00") + b"\x00\x00"))


def test_the_first_slots_are_never_used() -> None:
    storage = anchor_contract.compiled()["storage"]
    assert storage[0] == {"label": "_reserved", "slot": 0, "offset": 0}
    assert all(variable["slot"] >= 3 for variable in storage[1:])
    assert [variable["label"] for variable in storage if not variable["label"].startswith("_")] == ["successor"]


def test_the_first_slots_stay_empty_in_use(chain: EvmChain, node: Node) -> None:
    _send(chain, 10)
    for slot in range(3):
        assert int(_ask(node._port, "eth_getStorageAt", chain.contract, hex(slot), "latest"), 16) == 0


def test_the_code_fits_the_chain() -> None:
    assert len(runtime()) <= 24_576
    assert len(creation()) + 4 * 32 + 200 <= 32_768  # the pool of Viction takes no larger transaction


def test_an_anchor_costs_what_the_specification_says(chain: EvmChain) -> None:
    """On Viction: never above 80,000 gas but for the first, and at most 65,000 on average over the four of a slot."""
    costs = [_send(chain, size * 7_919) for size in range(1, 13)]
    assert max(costs[1:]) <= 80_000
    assert all(sum(costs[at : at + 4]) / 4 <= 65_000 for at in range(4, 9))
    assert max(costs) <= chain._settings.gas_limit


def test_deploying_fits_its_limit(chain: EvmChain, node: Node) -> None:
    from sogoc.adapters.chain_evm import _DEPLOY_GAS

    first = int(_ask(node._port, "eth_blockNumber"), 16)
    blocks = (_ask(node._port, "eth_getBlockByNumber", hex(first - back), True) for back in range(10))
    block = next(block for block in blocks if block["transactions"] and block["transactions"][0]["to"] is None)
    data = bytes.fromhex(block["transactions"][0]["input"][2:])
    assert int(block["gasUsed"], 16) + VICTION_CALLDATA * sum(map(bool, data)) <= _DEPLOY_GAS * 3 // 4


def _send(chain: EvmChain, size: int) -> int:
    """Anchor, and tell the gas that Viction would charge."""
    root = bytes((size * 31 + position) % 255 + 1 for position in range(32))
    receipt = settle(chain, chain.prepare(size, root))
    calldata = _ANCHOR + size.to_bytes(32) + root
    return int(receipt["gasUsed"], 16) + VICTION_CALLDATA * sum(map(bool, calldata))
