"""What somebody handed over, unwrapped: a PDF gives its evidence and what its page's signature says, everything else is itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from sogoc.core.verify import PrintedPage
from sogoc.errors import MalformedError

PDF_START = b"%PDF-"


class PageSignature(Protocol):
    """What a reader found out about the signature over a printed page."""

    @property
    def state(self) -> str: ...
    @property
    def signer_jwk(self) -> Mapping[str, str] | None: ...


class PresentedPdf(Protocol):
    """A PDF as read: the evidence inside it, unchecked, and the signature of its page."""

    @property
    def evidence(self) -> bytes | None: ...
    @property
    def signature(self) -> PageSignature: ...


ReadPdf = Callable[[bytes], PresentedPdf]
"""Reads a hostile PDF safely. Raises: MalformedError, UnavailableError."""


def unwrap(presented: bytes, read_pdf: ReadPdf) -> tuple[bytes, PrintedPage | None]:
    """Return the evidence or SD-JWT to verify, and the page around it if it came as a PDF. Nothing of it is checked.

    Raises: MalformedError for a PDF that carries no digital diploma; UnavailableError when it could not be read now.
    """
    if not presented.startswith(PDF_START):
        return presented, None
    pdf = read_pdf(presented)
    if pdf.evidence is None:
        raise MalformedError(
            "this PDF carries no digital diploma; a scan or a print cannot be checked",
            "tệp PDF này không chứa văn bằng số; bản quét hoặc bản in không kiểm tra được",
        )
    return pdf.evidence, PrintedPage(state=pdf.signature.state, signer=pdf.signature.signer_jwk)
