"""Each page of docs/how-to/ is a story that runs: typed into a shell, in the archive that `sogoc demo` made, it does what it says."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sogoc.adapters import node_anvil
from tests.journeys.pages import Shell, blocks

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs/how-to").glob("*.md"))
WARM = Path(__file__).with_name("warm.py")


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a demo that was told, its chain stopped, as `pristine`; `demo` beside it is where the stories happen.

    An archive knows the path of its public files, so every copy of it goes to where it was made.
    """
    folder = tmp_path_factory.mktemp("how-to")
    environment = _environment()
    work = folder / "demo"
    work.mkdir()
    for words in (["demo"], ["node", "stop"]):
        subprocess.run([sys.executable, "-m", "sogoc", *words], cwd=work, env=environment, check=True, timeout=180)
    work.rename(folder / "pristine")
    return folder


@pytest.fixture
def shell(told: Path) -> Iterator[Shell]:
    """A shell in a fresh copy, where `sogoc` is a process of the warm one. The chain of the copy stands still."""
    work = told / "demo"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(told / "pristine", work, symlinks=True)
    home, door = work / ".sogoc", told / "door"
    door.unlink(missing_ok=True)
    programs = work / ".venv" / "bin"
    programs.mkdir(parents=True)
    # Not the interpreter's own start, which looks for packages: what asks needs none.
    _program(programs / "sogoc", f"{sys.executable} -I -S {WARM} {door} --ask")
    _program(programs / "python", sys.executable)
    environment = _environment() | {"SOGOC_HOME": str(home), "COLUMNS": "200"}
    with subprocess.Popen([sys.executable, WARM, door], cwd=work, env=environment, stdout=subprocess.PIPE) as warm:
        try:
            assert warm.stdout is not None
            assert warm.stdout.readline() == b"ready\n"
            del environment["SOGOC_HOME"]
            one = Shell(work, environment | {"PATH": f"{programs}:{environment['PATH']}"})
            yield one
            one.close()
        finally:
            warm.kill()
            node_anvil.stop(home / "chain")


def _environment() -> dict[str, str]:
    """What everybody's environment is; passwords are hashed the fast way, in the demo and after it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SOGOC_")}
    path = os.pathsep.join(filter(None, (str(WARM.parent), kept.get("PYTHONPATH"))))
    return kept | {"DJANGO_SETTINGS_MODULE": "quick_settings", "PYTHONPATH": path}


def _program(path: Path, call: str) -> None:
    path.write_text(f'#!/bin/sh\nexec {call} "$@"\n')
    path.chmod(0o755)


SLOW = {"approver", "auditor", "registrar", "ministry-officer"}


@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=[pytest.mark.slow] if page.stem in SLOW else [], id=page.stem) for page in PAGES],
)
def test_a_page_runs_from_its_first_command_to_its_last(page: Path, shell: Shell) -> None:
    ended = shell.follow(page)
    assert len([one for one in ended if "sogoc" in one.command]) > 2


def elsewhere() -> dict[str, list[str]]:
    """By page, the commands that its story does not run."""
    return {
        page.stem: [
            " ".join(words[:3] if words[2:] and words[1] in GROUPS else words[:2])
            for block in blocks(page)
            if block.language == "sh elsewhere"
            for command in block.commands
            if (words := shlex.split(command, comments=True)) and words[0] == "sogoc"
        ]
        for page in PAGES
    }


GROUPS = {
    "log",
    "trust",
    "key",
    "custody",
    "upload",
    "copy",
    "notice",
    "blank",
    "number",
    "decision",
    "override",
    "member",
}


def test_what_no_page_runs_is_listed() -> None:
    assert elsewhere() == NOT_RUN


NOT_RUN = {
    "approver": [],
    "auditor": [],
    "employer": ["sogoc serve"],  # runs until it is stopped; tests/web asks it for its pages
    "graduate": [],
    "ministry-officer": [
        "sogoc key make", "sogoc accredit", "sogoc member add",  # tests/journeys/test_ministry_commands.py
        "sogoc key cut",  # would end what the rest of the story rests on; there too
        "sogoc cancel",  # of what a restore lost: tests/faults/restores
    ],
    "registrar": [],
}  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_no_other_fences_and_no_command_outside_of_them(page: Path) -> None:
    assert {block.language for block in blocks(page)} <= {"sh", "sh elsewhere", "text", "toml", "json"}
    assert [line for line in page.read_text().splitlines() if line.startswith("    sogoc ")] == []
