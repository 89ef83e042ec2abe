"""A real archive from nothing, by commands alone: founding, accrediting, people, a new key, a cut, a hand-over, an erasure."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

WORDS = {"SOGOC_PASSPHRASE": "một mật khẩu dài", "SOGOC_NEW_PASSWORD": "mật khẩu của mọi người"}
WORDS |= {
    f"SOGOC_{name}": WORDS["SOGOC_NEW_PASSWORD"]
    for name in ("PASSWORD", "PREPARER_PASSWORD", "CONFIRMER_PASSWORD", "GIVER_PASSWORD", "RECEIVER_PASSWORD")
}
TWO = ("--by", "officer", "--confirmed-by", "second")
COMMANDS = Path(__file__).with_name("commands.py")
PAGE = """
code = "{code}"
category = "university"
[[names]]
vi = "Trường Đại học {code}"
en = "University {code}"
from = "2000-01-01"
[[powers]]
kind = "degree"
level = "bachelor"
programme = "7480201"
mode = "full-time"
name = "Công nghệ thông tin"
from = "2015-01-01"
legal_basis = "QĐ 1/QĐ-TEST"
quotas = {{ 2022 = 120 }}
[[signers]]
name = "Lò Thị Mẫu"
title = "Hiệu trưởng"
from = "2020-01-01"
"""


class Console:
    """One process that runs the commands, one after the other."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self._process = subprocess.Popen(
            [sys.executable, COMMANDS],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, code: int = 0) -> dict[str, Any]:
        """Run a command, expect this exit code, and return its JSON document."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([*words, *(() if "show" in words else ("--json",))]) + "\n")
        self._process.stdin.flush()
        done = json.loads(self._process.stdout.readline())
        assert done["code"] == code, (words, done)
        value: dict[str, Any] = json.loads(done["out"])
        return value

    def close(self) -> None:
        self._process.communicate(timeout=60)

    def accredit(self, code: str) -> None:
        (self.folder / f"{code}.toml").write_text(PAGE.format(code=code))
        self.run("key", "make", code, "--to", f"{code}.request", "--holder", "Phòng Đào tạo")
        self.run("accredit", f"{code}.toml", "--request", f"{code}.request", *TWO)
        for role in ("preparer", "approver"):
            self.run("member", "add", f"{role}.{code}", "--institution", code, "--role", role, "--by", "officer")


@pytest.fixture
def console(tmp_path: Path, archive_environment: dict[str, str], request: pytest.FixtureRequest) -> Iterator[Console]:
    without = set(getattr(request, "param", ()))
    words = {name: value for name, value in WORDS.items() if name not in without}
    made = Console(tmp_path, archive_environment | words)
    yield made
    made.close()


def test_a_ministry_works_by_commands_alone(console: Console) -> None:
    run = console.run
    run("found", "--origin", "qualifications.example/2026", "--public", "log", "--officer", "officer")
    assert run("found", "--origin", "qualifications.example/2026", "--public", "log", "--officer", "x", code=1)[
        "error"
    ] == ("wrong-state")
    run("member", "add", "second", "--role", "officer", "--by", "officer")
    third = ("member", "add", "third", "--role", "officer", "--by", "officer")
    assert run(*third, code=1)["error"] == "four-eyes"
    run(*third, "--confirmed-by", "second")
    console.accredit("DHMAU01")
    console.accredit("DHMAU02")
    assert len(run("member", "list")["members"]) == 7

    page = run("page", "show", "DHMAU01")
    powers = [page["powers"][0] | {"quotas": {"2022": 120, "2023": 150}}]
    (console.folder / "change.json").write_text(json.dumps({"powers": powers}))
    assert run("page", "change", "DHMAU01", "change.json", *TWO)["version"] == 2
    (console.folder / "change.json").write_text(json.dumps({"powers": []}))
    assert run("page", "change", "DHMAU01", "change.json", *TWO, code=1)["error"] == "malformed"

    run("key", "make", "DHMAU01", "--to", "new", "--holder", "Phòng Đào tạo", "--name", "DHMAU01-2")
    run("key", "rotate", "DHMAU01", "--request", "new", "--requested-by", "approver.DHMAU01", *TWO)
    first, second = run("key", "list", "DHMAU01")["keys"]
    assert first["until"] == second["from"]
    fell = run("key", "cut", "DHMAU01", "--key", second["kid"], "--prepared-by", "second", "--by", "officer")
    assert (fell["kid"], fell["fell"]) == (second["kid"], [])

    run("key", "make", "DHMAU01", "--to", "kept", "--holder", "Đại học Hai", "--name", "DHMAU01-3")
    assert run("custody", "books", "DHMAU01") == {"books": []}
    run(
        "custody", "hand-over", "DHMAU01", "--to", "DHMAU02", "--request", "kept", "--decision", "9/QĐ", "--on", "2026-07-01",
        "--received-by", "approver.DHMAU02", *TWO, "--book", f"degree:1998:412:{'ab' * 32}",
    )  # fmt: skip
    assert run("page", "show", "DHMAU01")["custodian"] == 2

    run("member", "password", "third", *TWO)
    assert run("member", "password", "third", "--by", "officer", code=1)["error"] == "four-eyes"
    run("member", "remove", "third", "--role", "officer", *TWO)
    assert run("member", "remove", "officer", "--role", "officer", *TWO, code=1)["error"] == "wrong-state"
    assert run("member", "password", "officer", "--by", "third", code=1)["error"] == "not-allowed"

    fsck = run("log", "fsck")
    assert (fsck["faults"], fsck["acts"]["custody"], fsck["acts"]["key-cut"]) == ([], 1, 1)
    checks = run("doctor", code=1)
    assert checks.pop("chain")["state"] == "bad"  # none was deployed
    assert {name: one["state"] for name, one in checks.items()} == dict.fromkeys(checks, "ok")


@pytest.mark.parametrize("console", [["SOGOC_PASSPHRASE"]], indirect=True)
def test_a_real_archive_is_not_founded_without_a_passphrase(console: Console) -> None:
    words = ("found", "--origin", "qualifications.example/2026", "--public", "log", "--officer", "officer")
    assert console.run(*words, code=1)["error"] == "input"
    assert not (console.folder / "archive").exists()
    console.run(*words, "--trial")
    lines = console.folder / "archive/lock/erasures.jsonl"
    assert lines.read_bytes() == b""
