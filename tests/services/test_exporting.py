"""An institution leaves with its whole register: everything is in it, it proves itself, and whatever is changed is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sogoc.adapters.memory import MemoryErasures
from sogoc.core import evidence, leaving
from sogoc.core.leaving import Checked, Manifest
from sogoc.core.trust import Policy
from sogoc.errors import MalformedError, NotAllowed, WrongState
from sogoc.register import queries
from sogoc.services import erasing, exporting
from sogoc.services.delivery import Counter
from tests.services.keeping import hand_over, rotate
from tests.services.trial import CONTRACT, OURS, THEIRS, Trial, refused

SOURCE = Path(__file__).parents[2] / "src"


def export(trial: Trial, folder: Path, code: str = OURS, **changes: Any) -> Manifest:
    asked: dict[str, Any] = {"by": trial.by("approver", code)}
    return exporting.export(
        log=trial.log, keyring=trial.keyring, institution=queries.institution(code), folder=folder, now=trial.now,
        **(asked | changes),
    )  # fmt: skip


def check(trial: Trial, folder: Path, *, every: int = 1, policy: Policy | None = None) -> Checked:
    manifest = leaving.parse((folder / leaving.MANIFEST).read_bytes())
    half = evidence.parse_fresh((folder / leaving.FRESH).read_bytes())
    with (folder / leaving.REGISTER).open("rb") as lines:
        return leaving.check(
            manifest, half, lines, policy or trial.policy(Counter(trial.log).head), now=trial.now, every=every
        )  # fmt: skip


def lines(folder: Path, name: str) -> list[Any]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "taken along"


@pytest.fixture
def life(trial: Trial) -> Trial:
    """A register to which everything has happened."""
    rows = trial.issue(6)
    trial.issue(2, THEIRS)
    trial.amend(rows[0], holder_name="Y Khác")
    trial.act("suspend", rows[1])
    trial.act("cancel", rows[2])
    rotate(trial, "ours 2")
    trial.advance()
    erasing.erase(
        journal=MemoryErasures(), institution=queries.institution(OURS), identifiers=[rows[2].identifier],
        decision_number="90/QĐ", prepared_by=trial.by("preparer"), by=trial.by("approver"), now=trial.now,
    )  # fmt: skip
    trial.issue(2)
    trial.open(3)
    return trial


def test_everything_is_in_it_and_proves_itself(life: Trial, folder: Path) -> None:
    manifest = export(life, folder)
    assert manifest.counts["lines"] == 9
    assert manifest.counts["not-public"] == 3
    found = check(life, folder)
    assert (found.faults, found.lines, found.verified, found.erased) == ([], 9, 8, 1)
    assert found.verdicts == {"valid": 6, "superseded": 1, "suspended": 1}
    assert {one["act"] for one in lines(folder, "acts.jsonl")} == {"amend", "suspend", "cancel"}
    assert [one["state"] for one in lines(folder, "batches.jsonl")] == ["sealed", "sealed", "draft"]
    assert [one["decision_number"] for one in lines(folder, "erasures.jsonl")] == ["90/QĐ"]
    assert len(lines(folder, "pages.jsonl")) == 2
    assert lines(folder, "fields.json")[0]["urn:sogoc:record:degree:1"]["holder_name"] == "ho_va_ten"
    assert {path.name for path in folder.iterdir()} == {name for name, _, _ in manifest.files} | {
        "manifest.json", "SHA256SUMS",
    }  # fmt: skip
    assert all(path.stat().st_mode & 0o077 == 0 for path in (folder, *folder.iterdir()))


def test_only_the_register_of_this_institution_is_in_it(life: Trial, folder: Path) -> None:
    export(life, folder, THEIRS)
    assert {one["record"]["institution"] for one in lines(folder, leaving.REGISTER)} == {THEIRS}
    assert check(life, folder).faults == []


def test_a_register_that_somebody_else_keeps_goes_with_the_keeper(life: Trial, folder: Path) -> None:
    for batch in queries.institution(OURS).batches.filter(state="draft"):
        batch.rows.all().delete()
    hand_over(life)
    life.advance()
    refused(NotAllowed, lambda: export(life, folder))
    export(life, folder, by=life.by("approver", THEIRS))
    assert check(life, folder).faults == []


def change(name: str, value: Callable[[dict[str, Any]], Any]) -> Callable[[list[dict[str, Any]]], None]:
    def spoil(register: list[dict[str, Any]]) -> None:
        register[-1][name] = value(register[-1])

    return spoil


SPOILS: dict[str, tuple[Callable[[list[dict[str, Any]]], Any], str]] = {
    "a grade": (change("record", lambda one: one["record"] | {"classification": "Xuất sắc"}), "record and secret"),
    "a secret": (change("secret", lambda _: "A" * 43), "record and secret"),
    "a row taken out": (lambda register: register.pop(0), "lines, the manifest says"),
    "a row twice": (lambda register: register.insert(0, register[0]), "order of the log"),
    "somebody else's evidence": (change("evidence", lambda _: {}), "line 9"),
    "evidence of a neighbour": (
        lambda register: register[-1].update(evidence=register[-2]["evidence"]), "record and secret",
    ),
    "a false erasure": (lambda register: register[0].update(erased_at="2026-07-16T00:00:00Z"), "2 erased"),
}  # fmt: skip


@pytest.mark.parametrize("what", SPOILS)
def test_whatever_was_changed_is_named(life: Trial, folder: Path, what: str) -> None:
    export(life, folder)
    spoil, said = SPOILS[what]
    register = lines(folder, leaving.REGISTER)
    spoil(register)
    (folder / leaving.REGISTER).write_text("".join(json.dumps(one) + "\n" for one in register))
    assert any(said in fault for fault in check(life, folder).faults)


def test_the_manifest_needs_the_institutions_key(life: Trial, folder: Path) -> None:
    export(life, folder)
    path = folder / leaving.MANIFEST
    value = json.loads(path.read_bytes())
    for changed in ({"size": 1}, {"institution": THEIRS}, {"ordinal": 2}):
        path.write_text(json.dumps(value | changed, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
        assert any(fault.startswith("manifest") for fault in check(life, folder).faults)
    path.write_text(json.dumps(value | {"files": [["../x", 1, "A" * 43]]}, sort_keys=True, separators=(",", ":")))
    with pytest.raises(MalformedError):
        check(life, folder)


def test_a_sample_reads_every_line_and_verifies_some(life: Trial, folder: Path) -> None:
    export(life, folder)
    found = check(life, folder, every=3)
    assert (found.lines, found.verified, found.faults) == (9, 3, [])


def test_another_ministry_vouches_for_nothing(life: Trial, folder: Path) -> None:
    export(life, folder)
    policy = replace(life.policy(Counter(life.log).head), ministry=(life.keys[f"memory:{THEIRS}"].jwk,))
    faults = check(life, folder, policy=policy).faults
    assert faults[0].startswith("manifest")
    assert any("ministry" in fault for fault in faults[1:])


STRANGER = """
import json, sys
from sogoc.cli import app
sys.argv = ["sogoc", "institution", "check", *sys.argv[1:], "--json"]
code = app.main()
assert not {"django", "sogoc.register", "sogoc.services"} & sys.modules.keys()
sys.exit(code)
"""


def test_a_stranger_checks_it_by_command_without_the_server(life: Trial, folder: Path, tmp_path: Path) -> None:
    export(life, folder)
    trust = tmp_path / "trust.json"
    chain = {
        "chain_id": 89, "contract": CONTRACT, "code_hash": "0x" + "00" * 32, "endpoints": ["http://127.0.0.1:8545"],
        "finality": {"rule": "confirmations", "blocks": 2},
    }  # fmt: skip
    trust.write_bytes(replace(life.policy(Counter(life.log).head), chains=(chain,)).encode())

    def run() -> tuple[int, dict[str, Any]]:
        done = subprocess.run(
            [sys.executable, "-c", STRANGER, str(folder), "--trust", str(trust)],
            capture_output=True, text=True, timeout=120, check=False, env=os.environ | {"PYTHONPATH": str(SOURCE)},
        )  # fmt: skip
        assert "faults" in done.stdout, done
        return done.returncode, json.loads(done.stdout)

    code, found = run()
    assert (code, found["faults"], found["lines"], found["verified"]) == (0, [], 9, 8)
    copies = folder / "copies.jsonl"
    copies.write_bytes(b"{}\n")
    (folder / "blanks.jsonl").unlink()
    code, found = run()
    assert (code, sorted(found["faults"])) == (
        1, ["blanks.jsonl is missing", "copies.jsonl is another file than the manifest says"],
    )  # fmt: skip


def test_what_an_export_refuses(life: Trial, folder: Path) -> None:
    refused(NotAllowed, lambda: export(life, folder, by=life.by("preparer")))
    refused(NotAllowed, lambda: export(life, folder, by=life.people["officer"]))
    refused(NotAllowed, lambda: export(life, folder, by=life.by("approver", THEIRS)))
    export(life, folder)
    refused(WrongState, lambda: export(life, folder))
