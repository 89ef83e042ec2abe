"""The documents say what is there: every code, every command, every file; links lead somewhere."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sogoc.adapters.sheets import REFUSALS
from sogoc.core import law
from sogoc.core.completeness import CHECKS, FINDINGS
from sogoc.core.faults import FAULTS
from sogoc.core.intake.rules import RULES
from sogoc.core.law.page import page
from sogoc.errors import SogocError
from sogoc.failpoint import FAILPOINTS

ROOT = Path(__file__).parents[2]
ERRORS = (ROOT / "docs/errors.md").read_text()
HOW_TO = sorted((ROOT / "docs/how-to").glob("*.md"))
ADR = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


# -- errors ---------------------------------------------------------------------------------------------------------------


def error_codes() -> set[str]:
    """Every code that a class of this package gives to an error, read from the sources: some need Django to import."""
    codes = {SogocError.code}
    for path in (ROOT / "src/sogoc").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and node.bases:
                codes |= {
                    line.value.value
                    for line in node.body
                    if isinstance(line, ast.Assign)
                    and isinstance(line.targets[0], ast.Name)
                    and line.targets[0].id == "code"
                    and isinstance(line.value, ast.Constant)
                    and isinstance(line.value.value, str)
                }
    return codes


def finding_codes() -> set[str]:
    """Every code that a step of the verification gives to a finding."""
    files = (ROOT / "src/sogoc/core/verify.py", ROOT / "src/sogoc/core/remarks.py")
    codes = set()
    for node in (one for file in files for one in ast.walk(ast.parse(file.read_text()))):
        if isinstance(node, ast.Call) and (getattr(node.func, "attr", None) or getattr(node.func, "id", None)) in {
            "_find", "_missing", "_false", "_try", "_unknown", "_note"
        }:  # fmt: skip
            words = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            codes |= {word for word in words[:1] if re.fullmatch(r"[a-z]+(-[a-z]+)*", word)}
    return codes


def gate_rules() -> set[str]:
    """Every rule that the gate refuses by."""
    return {
        node.args[0].value
        for path in (ROOT / "src/sogoc/services/gate").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"refuse", "_refuse"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def tables_of_checking() -> Mapping[str, Mapping[str, tuple[str, str]]]:
    """What `checking` may say of files, without importing its neighbours."""
    checking = importlib.import_module("sogoc.services.checking")
    return {"faults": checking.FILE_FAULTS, "notes": checking.NOTES}


def row(code: str, en: str, vi: str) -> str:
    return f"| `{code}` | {en} | {vi} |"


def expected_rows() -> Iterator[str]:
    """The rows of docs/errors.md that only repeat what the code says."""
    for code, rule in RULES.items():
        yield row(code, f"{rule.en} {rule.mend}", f"{rule.vi} {rule.mend_vi}")
    for code, refusal in REFUSALS.items():
        yield row(code, f"It {refusal.en}. {refusal.mend}", f"Tệp {refusal.vi}. {refusal.mend_vi}")
    for code, (en, vi) in FAULTS.items():
        yield row(code, en, vi)
    for code, kind in FINDINGS.items():
        yield f"| `{code}` | {kind.severity} | {kind.en} | {kind.vi} | {kind.next} · {kind.next_vi} |"
    for table in tables_of_checking().values():
        for code, (en, vi) in table.items():
            yield row(code, en, vi)


def test_every_code_is_documented() -> None:
    codes = error_codes() | finding_codes() | gate_rules()
    assert len(codes) > 60  # they were found at all
    assert sorted(code for code in codes if f"| `{code}` |" not in ERRORS) == []


def test_no_error_is_documented_that_is_none() -> None:
    section = ERRORS.split("## Errors", 1)[1].split("\n## ", 1)[0]
    documented = set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE))
    assert documented - error_codes() == set()


def test_no_finding_is_documented_that_no_audit_makes() -> None:
    section = ERRORS.split("## Findings of an audit", 1)[1].split("\n## ", 1)[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)) == FINDINGS.keys()


def test_every_check_and_finding_of_an_audit_is_specified() -> None:
    spec = (ROOT / "docs/spec/completeness.md").read_text()
    assert [name for name, check in CHECKS.items() if f"## {check.en} (`{name}`)" not in spec] == []
    assert [code for code in FINDINGS if f"`{code}`" not in spec] == []


def test_the_documented_sentences_are_those_of_the_code() -> None:
    lines = set(ERRORS.splitlines())
    missing = [expected for expected in expected_rows() if expected not in lines]
    assert missing == [], "docs/errors.md lacks these rows:\n" + "\n".join(missing)


def test_every_rule_of_the_gate_has_a_legal_basis() -> None:
    assert gate_rules() <= {row.rule for row in law.ROWS["gate"] if isinstance(row, law.GateRule)}


def test_the_page_of_the_law_is_that_of_its_data() -> None:
    assert (ROOT / "docs/law.md").read_text() == page(), "run tools/write-law-page"


# -- commands -----------------------------------------------------------------------------------------------------------


def commands() -> dict[str, set[str]]:
    """Every command by its words, with its options."""
    import typer

    from sogoc.cli.app import app

    found: dict[str, set[str]] = {}

    def walk(command: object, words: tuple[str, ...]) -> None:
        inner = getattr(command, "commands", None)
        if inner is not None:
            for name, one in inner.items():
                walk(one, (*words, name))
            return
        params = getattr(command, "params", [])
        found[" ".join(words)] = {option for param in params for option in param.opts} | {"--help"}

    walk(typer.main.get_command(app), ("sogoc",))
    return found


def shown_calls(path: Path) -> Iterator[list[str]]:
    """Every whole call of `sogoc` that a document shows on an indented line, in a fence or in a unit file, in words."""
    text = path.read_text().replace("\\\n", " ")
    before = r" {2,}(?:\S*/)?|ExecStart=.* exec |(?:[A-Z_]+=(?:\$\([^)]*\)|\S+) )*"
    for call in re.findall(rf"^(?:{before})(sogoc .*)$", text, re.MULTILINE):
        if "…" not in call:
            yield shlex.split(call.removesuffix("'"), comments=True)


def test_the_commands_are_found() -> None:
    found = commands()
    assert {"sogoc verify", "sogoc log fsck", "sogoc trust observe", "sogoc node stop"} <= found.keys()
    assert "--trust" in found["sogoc verify"]


@pytest.mark.parametrize("command", sorted(commands()))
def test_every_command_is_shown_to_somebody(command: str) -> None:
    text = "".join(path.read_text() for path in [*HOW_TO, ROOT / "docs/operate.md", ROOT / "README.md"])
    assert re.search(rf"{command}\b", text)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_no_document_shows_a_command_that_is_not_there(path: Path) -> None:
    known = commands()
    for words in shown_calls(path):
        name = " ".join(words[:3]) if " ".join(words[:3]) in known else " ".join(words[:2])
        assert name in known, f"{name_of(path)}: {shlex.join(words)}"
        options = {word.split("=")[0] for word in words if word.startswith("--") and word != "--"}
        assert options <= known[name], f"{name_of(path)}: {shlex.join(words)}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_no_document_asks_make_for_what_it_does_not_make(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    asked = set(re.findall(r"(?:^ {4}|`)make ([a-z]+)\b", path.read_text(), re.MULTILINE))
    assert asked <= targets


def test_the_python_of_the_readme_is_five_lines_that_can_run() -> None:
    source = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[0]
    assert len([line for line in source.splitlines() if line and "import" not in line]) <= 5
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("sogoc"):
            for alias in node.names:
                importlib.import_module(f"{node.module}.{alias.name}")
    from sogoc.core import trust, verify

    assert callable(trust.parse)
    assert callable(verify.verify_bytes)


def test_every_setting_is_documented() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "src/sogoc").rglob("*.py"))
    settings = set(re.findall(r"\"(SOGOC_[A-Z_]+)\"", sources))
    operate = (ROOT / "docs/operate.md").read_text()
    assert len(settings) > 6
    assert sorted(setting for setting in settings if f"| `{setting}` |" not in operate) == []


# -- files and links ----------------------------------------------------------------------------------------------------


def anchors_of(text: str) -> set[str]:
    """What a heading is called in a link to it."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        file, _, part = target.partition("#")
        aim = (path.parent / file).resolve() if file else path
        assert aim.exists(), f"{name_of(path)} links to {target}"
        assert not part or part in anchors_of(aim.read_text()), f"{name_of(path)} links to {target}"


def test_decisions_are_numbered_once_and_listed() -> None:
    numbers = [path.name[:4] for path in ADR]
    assert numbers == [f"{number:04}" for number in range(1, len(ADR) + 1)]
    index = (ROOT / "docs/adr/README.md").read_text()
    for path in ADR:
        first = path.read_text().splitlines()[0]
        assert first.startswith(f"# {path.name[:4]}. ")
        assert f"({path.name})" in index


def test_the_architecture_draws_every_file() -> None:
    drawn = (ROOT / "ARCHITECTURE.md").read_text()
    listed = subprocess.run(
        ["git", "ls-files", "src/sogoc"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    modules = [
        path.removeprefix("src/sogoc/") for path in listed if path.endswith(".py") and not path.endswith("__init__.py")
    ]
    # In the tree a file stands alone under the folder that heads its block, or with its folder.
    missing = [
        module
        for module in modules
        if not re.search(rf"^ +(?:[\w/]+/)?{re.escape(Path(module).name)} ", drawn, re.MULTILINE)
    ]
    assert missing == [], "ARCHITECTURE.md, section The tree, lacks a line for: " + ", ".join(missing)


def test_the_architecture_draws_no_file_that_is_gone() -> None:
    tree = (ROOT / "ARCHITECTURE.md").read_text().split("## The tree", 1)[1].split("\n## ", 1)[0]
    names = set(re.findall(r"^ {6,}(?:[\w/]+/)?(\w+\.py) ", tree, re.MULTILINE))
    there = {path.name for path in (ROOT / "src/sogoc").rglob("*.py")}
    assert len(names) > 80
    assert names - there == set()


def test_the_crash_table_has_every_failpoint() -> None:
    drawn = (ROOT / "ARCHITECTURE.md").read_text()
    assert [name for name in FAILPOINTS if f"| `{name}` |" not in drawn] == []


def test_the_glossary_names_what_is_in_the_code() -> None:
    """A name in code letters is a word of the sources, so that renaming one is seen."""
    sources = "\n".join(path.read_text() for path in (ROOT / "src/sogoc").rglob("*.py"))
    terms = set(re.findall(r"`([A-Za-z_.-]+)`", (ROOT / "GLOSSARY.md").read_text()))
    lost = [term for term in terms if not re.search(rf"\b{re.escape(term.rsplit('.', 1)[-1])}\b", sources)]
    # Words of conventions, and of documents not of code.
    assert sorted(set(lost) - {"certificate"}) == []
