"""What a reader may rely on in every file: its size, its name, what it refers to, what its functions say they raise."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sogoc import errors

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/sogoc"
CORE = sorted((SOURCE / "core").rglob("*.py"))

LONGEST = 500
# What may be longer, up to where, and why. Tests may: tables and attacks are read one at a time.
LONGER = {
    "adapters/chain_evm.py": 650,  # every quirk of a chain in one place
    "core/entry.py": 520,  # every shape of an entry, written and read
    "core/intake/reader.py": 600,  # from a sheet to rows, in the order of reading
    "core/replay.py": 540,  # one reader of the log, act by act, as in the specification
    "core/verify.py": 920,  # the eight steps, one after the other, as in the specification
    "core/intake/rules.py": 600,  # sentences in two languages
}

# Names that say where something was left, not what it is.
VAGUE = {"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}

ELSEWHERE = {
    "the folders of one machine": re.compile(r"(?<![\w.])/(?:work|home/\w+|Users/\w+|root|build|mnt)/"),
    "files that are not in the repository": re.compile(r"\.\./shared/"),
    "a package registry": re.compile(
        r"https?://[\w.-]*(?:pypi|npmjs|pythonhosted|artifactory|nexus|registry)\.[\w.-]+/"
    ),
}


def tracked() -> list[Path]:
    """Every file that is, or with the next commit could be, in the repository."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_module_is_longer_than_one_can_keep_in_mind() -> None:
    modules = [path for path in SOURCE.rglob("*.py") if path.parent.name != "migrations"]  # Django writes those
    sizes = {str(path.relative_to(SOURCE)): len(path.read_text().splitlines()) for path in modules}
    too_long = {name: size for name, size in sizes.items() if size > LONGER.get(name, LONGEST)}
    assert too_long == {}
    assert [name for name in LONGER if sizes.get(name, 0) <= LONGEST] == [], "no longer needs its exception"


def test_names_say_what_a_module_is_about() -> None:
    paths = [path.relative_to(ROOT) for path in tracked()]
    vague = [str(path) for path in paths if any(VAGUE & set(re.split(r"[_.]", part.lower())) for part in path.parts)]
    assert vague == []


@pytest.mark.parametrize("what", ELSEWHERE)
def test_nothing_refers_to(what: str) -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # fonts and other binaries
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in ELSEWHERE[what].finditer(text)]
    assert found == []


def public_functions(node: ast.AST, told: str = "") -> Iterator[tuple[ast.FunctionDef, str]]:
    """Yield each function a caller may see, with what its docstring and its class's say."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
            yield from public_functions(child, ast.get_docstring(child) or "")
        elif isinstance(child, ast.FunctionDef) and not child.name.startswith("_"):
            yield child, told + (ast.get_docstring(child) or "")


def raised(function: ast.FunctionDef) -> set[str]:
    names = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Raise) and node.exc is not None:
            what = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(what, ast.Name) and hasattr(errors, what.id):
                names.add(what.id)
    return names


def is_told(name: str, docstring: str) -> bool:
    lineage = getattr(errors, name).__mro__
    return any(re.search(rf"\b{one.__name__}\b", docstring) for one in lineage if one is not errors.SogocError)


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_function_of_the_core_names_the_errors_it_raises(path: Path) -> None:
    silent = [
        f"{path.name}:{function.lineno} {function.name} does not say that it raises {name}"
        for function, docstring in public_functions(ast.parse(path.read_text()))
        for name in sorted(raised(function))
        if not is_told(name, docstring)
    ]
    assert silent == []
