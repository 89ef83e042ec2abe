"""A PDF that somebody presents, read by a process that may fail without harm.

A hostile file can make a PDF parser work for ever. So each file is read by `pdf_child`, in a process of its own with little memory,
little time and nothing of our environment, and that process can do nothing but answer. To start an interpreter with its parser takes
twenty times as long as to read a diploma; so one that has started waits for the next file, and lets a copy of itself read it.

Nothing is believed here. The evidence is judged by the core, and so is the signer: the child gives the key, and the core compares it
with the institution's authority page.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import threading
from base64 import b64decode
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import orjson

from sogoc.errors import MalformedError, UnavailableError

MAX_PDF_BYTES = 8 * 1024 * 1024
MAX_EVIDENCE_BYTES = 4 * 1024 * 1024

_WALL_SECONDS = 9.5
_KEPT = 2  # as many as the threads of a web worker that may wait for a PDF
_FINDS_THE_PACKAGE = ("PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSignature:
    """What the signature of a page proves by itself: which key signed exactly these bytes.

    `intact` means cryptographically valid and nothing in the file outside it, not even a later revision. Key and time
    are given only then; `signed_at` is the signer's own word. `broken` covers every other signature, also one of a
    form that `diploma_pdf.sign` never writes.
    """

    state: Literal["absent", "intact", "broken"]
    covers_whole_file: bool = False
    signer_jwk: dict[str, str] | None = None
    signed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedPdf:
    """The attached evidence, unchecked, or None when there is none; and what the page's own signature says."""

    evidence: bytes | None
    signature: PageSignature


def read_pdf(presented: bytes) -> PresentedPdf:
    """Read a presented PDF in a process of its own, within 10 seconds and 512 MB.

    Raises: MalformedError for what is no PDF, is protected by a password, is broken, holds more than one attachment or
    signature, or evidence over 4 MB; UnavailableError when no process could be started or the machine was too busy.
    """
    check_size(presented)
    child = _waiting()
    answer, status = child.read(presented)
    if child.expired or status is None or status > 0:
        child.dismiss()
    if child.expired:
        raise UnavailableError(
            "the PDF could not be read in time; try again", "chưa đọc xong tệp PDF trong thời hạn; hãy thử lại"
        )
    if status is None or status > 0:
        raise UnavailableError("the PDF reader is not installed completely", "trình đọc PDF chưa cài đủ")
    _keep(child)
    if status < 0:
        raise misread()
    return _of(answer)


def check_size(presented: bytes) -> None:
    """Raises: MalformedError for more than any diploma has."""
    if len(presented) > MAX_PDF_BYTES:
        raise MalformedError(
            f"the PDF is larger than {MAX_PDF_BYTES >> 20} MB", f"tệp PDF lớn hơn {MAX_PDF_BYTES >> 20} MB"
        )


def misread() -> MalformedError:
    return MalformedError(
        "this PDF cannot be read: it is damaged, cut off, or built to be unreadable",
        "không đọc được tệp PDF: tệp hỏng, thiếu hoặc được tạo để không đọc được",
        mend="ask the sender for the original file",
        mend_vi="yêu cầu người gửi cung cấp tệp gốc",
    )


def _of(answer: bytes) -> PresentedPdf:
    said = orjson.loads(answer)
    if "error" in said:
        raise MalformedError(said["error"], said["vi"], mend=said["mend"], mend_vi=said["mend_vi"])
    at = said.pop("signed_at")
    evidence = said.pop("evidence")
    return PresentedPdf(
        evidence=None if evidence is None else b64decode(evidence),
        signature=PageSignature(**said, signed_at=datetime.fromisoformat(at) if at else None),
    )


# -- Children that wait -----------------------------------------------------------------------------------------------


class _Child:
    """A process that reads one file after another. Only one thread at a time has it."""

    def __init__(self) -> None:
        # Only what finds the package: no database address, key or passphrase is near the parser of a stranger's file.
        environment = {key: os.environ[key] for key in _FINDS_THE_PACKAGE if key in os.environ}
        self.expired = False
        self.reads_more = hasattr(os, "fork")
        try:
            self._process = subprocess.Popen(
                # -P keeps the working directory off the import path: what lies beside the file is not ours.
                [sys.executable, "-P", "-m", "sogoc.adapters.pdf_child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                cwd="/",
                process_group=0 if self.reads_more else None,
            )
        except OSError as error:
            raise UnavailableError("the PDF reader could not be started", "không chạy được trình đọc PDF") from error

    @property
    def waits(self) -> bool:
        return self._process.poll() is None

    def read(self, presented: bytes) -> tuple[bytes, int | None]:
        """The answer of the copy that read the file, and how it ended; None where the child itself came to an end."""
        timer = threading.Timer(_WALL_SECONDS, self._expire)
        timer.start()
        try:
            answer, ended = self._exchange(presented)
        except OSError:  # it is gone
            answer, ended = b"", b""
        finally:
            timer.cancel()
        return answer, int(ended) if ended else None

    def _exchange(self, presented: bytes) -> tuple[bytes, bytes]:
        into, out = self._process.stdin, self._process.stdout
        if into is None or out is None:
            return b"", b""
        into.write(len(presented).to_bytes(8))
        into.write(presented)
        into.flush()
        return out.readline(), out.readline()

    def _expire(self) -> None:
        self.expired = True
        self._kill()

    def _kill(self) -> None:
        if not self.reads_more:
            self._process.kill()
        elif self._process.returncode is None:
            with suppress(
                ProcessLookupError, PermissionError
            ):  # of a group that has ended, as one system or another says it
                os.killpg(self._process.pid, signal.SIGKILL)  # the copy that reads now, too

    def dismiss(self) -> None:
        """Let the process go, and whatever it reads."""
        self._kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


_children: deque[_Child] = deque()
"""Those that wait for a file."""


def _waiting() -> _Child:
    while _children:
        try:
            child = _children.pop()
        except IndexError:  # another thread was faster
            break
        if child.waits:
            return child
        child.dismiss()
    return _Child()


def _keep(child: _Child) -> None:
    if child.reads_more and len(_children) < _KEPT:
        _children.append(child)
    else:
        child.dismiss()


@atexit.register
def _dismiss() -> None:
    while _children:
        _children.pop().dismiss()


if hasattr(os, "register_at_fork"):  # what a copy of this process asked, the original would be answered
    os.register_at_fork(after_in_child=_children.clear)
