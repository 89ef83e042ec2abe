"""A page of docs/how-to/ as a story that a shell can follow, and the shell that follows it.

In a fence `sh` stand commands, one by one; a comment `# exit code N` says how a command ends that does not end with 0. In a fence
`text` stands what the last command above it says, line by line: numbers and dates are examples, `…` is anything. A word in capitals
that `NAMES` knows is a name for what the reader sees there, and in later commands stands for it. A fence `sh elsewhere` is
for another machine, another day, or somebody who is not in the demo; nothing runs it here.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAMES = ("BATCH", "UPLOAD", "REQUEST", "NOTICE", "KEY", "KID", "INDEX")
_FENCE = re.compile(r"^```([a-z ]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_END = "--- ended with "
_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Block:
    """What stands in one fence of a page."""

    language: str
    text: str
    line: int

    @property
    def commands(self) -> list[str]:
        """Whole commands, with their comments."""
        return [one for one in self.text.replace("\\\n", " ").splitlines() if one.strip()]


def blocks(page: Path) -> list[Block]:
    """Every fence of a page, in order."""
    text = page.read_text()
    return [Block(found[1], found[2], text[: found.start()].count("\n") + 1) for found in _FENCE.finditer(text)]


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that ran."""

    command: str
    code: int
    said: str


class Shell:
    """One bash that somebody types a page into."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._known: dict[str, str] = {}
        self._bash = subprocess.Popen(
            ["bash", "-o", "pipefail"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def close(self) -> None:
        self._bash.communicate(timeout=_SECONDS)

    def follow(self, page: Path) -> list[Ended]:
        """Type in every command, and hold what it says against the page; return what ran. Raises: AssertionError."""
        ended: list[Ended] = []
        for block in blocks(page):
            where = f"{page.name}:{block.line}"
            if block.language == "sh":
                for command in block.commands:
                    ended.append(one := self._run(self._filled(command)))
                    expected = re.search(r"# exit code (\d+)", command)
                    code = int(expected[1]) if expected else 0
                    assert one.code == code, f"{where}: {one.command}\nended with {one.code}\n{one.said}"
            elif block.language == "text":
                self._compare(where, block.text, ended[-1].said)
        return ended

    def _filled(self, command: str) -> str:
        for name in NAMES:
            if re.search(rf"\b{name}\b", command) and name in self._known:
                command = re.sub(rf"(?<![\w$-]){name}(?![\w=])", self._known[name], command)
        return command

    def _run(self, command: str) -> Ended:
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"{{ {command}\n}} </dev/null; printf '\\n%s%s\\n' '{_END}' $?\n")
        self._bash.stdin.flush()
        said: list[str] = []
        for line in self._bash.stdout:
            if line.startswith(_END):
                return Ended(command, int(line.removeprefix(_END)), "".join(said))
            said.append(line)
        raise AssertionError(f"the shell ended at: {command}\n{''.join(said)}")

    def _compare(self, where: str, expected: str, said: str) -> None:
        """Find each line of the page in what was said, one after the other, however the terminal broke the lines."""
        told, at = " ".join(said.split()), 0
        for line in filter(None, (" ".join(one.split()) for one in expected.splitlines())):
            found = re.compile(_pattern(line)).search(told, at)
            assert found, f"{where}: nothing says\n  {line}\nin\n{said}"
            self._known.update({name: value for name, value in found.groupdict().items() if value})
            at = found.end()


def _pattern(line: str) -> str:
    names = "|".join(NAMES)
    parts = re.split(rf"(…|\b(?:{names})\b|\d+(?:[.,:-]\d+)*)", line)
    return "".join(_part(part) for part in parts)


def _part(part: str) -> str:
    if part == "…":
        return ".*?"
    if part in NAMES:
        return rf"(?P<{part}>[\w-]+)"
    if part[:1].isdigit():
        return r"\d+(?:[.,:-]\d+)*"
    return re.escape(part)
