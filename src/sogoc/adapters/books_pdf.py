"""The legal books and the copy from the register, printed: PDF/A-3 in the layout of the law, Vietnamese first.

A page that cannot show a line whole is refused: nothing is cut. Same input, same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

import orjson

from sogoc.adapters import press
from sogoc.core.books import CopyFace, Page
from sogoc.errors import MalformedError

VOLUME = 50
"""Pages of one volume (quyển): what is bound together, and what one process prints."""


def volumes(pages: Iterable[Page], *, trial: bool, created_at: datetime) -> Iterator[bytes]:
    """Print the pages of one book as volumes of at most `VOLUME` pages, with room for signatures and for the seal across pages
    (giáp lai). Page numbers and totals run through all of them.

    Raises: InputError for a line that is too long for its page.
    """
    stream = iter(pages)
    while bound := list(islice(stream, VOLUME)):
        yield _volume(bound, trial=trial, created_at=created_at)


def _volume(pages: Sequence[Page], *, trial: bool, created_at: datetime) -> bytes:
    first = pages[0]
    of = -(-first.pages // VOLUME)
    volume = f"Quyển {first.number // VOLUME + 1}/{of}" if of > 1 else ""
    said = {
        "document": {
            "title": " ".join(filter(None, [first.heading.title_vi, first.heading.year, volume])),
            "author": first.heading.institution,
        },
        "trial": trial,
        "volume": volume,
        "columns": [
            {
                "vi": one.vi,
                "en": one.en,
                "width": one.width,
                "centred": one.centred,
                "strong": one.key == "holder_name",
            }
            for one in first.layout.columns
        ],
        "pages": [_page(page) for page in pages],
    }
    return press.printed_apart("book.typ", {"book": orjson.dumps(said).decode()}, created_at=created_at)


def _page(page: Page) -> dict[str, object]:
    brought = f"Trang trước chuyển sang: {page.brought.said(page.layout)}" if page.number > 1 else ""
    return {
        "authority": page.heading.authority,
        "institution": page.heading.institution,
        "title": page.heading.title_vi,
        "gloss": page.heading.title_en,
        "year": page.heading.year,
        "facts": page.facts,
        "rows": page.rows,
        "brought": brought,
        "total": f"Cộng trang · Page total: {page.total.said(page.layout)}",
        "carried": f"Cộng dồn · Carried: {page.carried.said(page.layout)}",
        "signed": page.ends_section,
        "number": page.number,
        "pages": page.pages,
    }


def copy(face: CopyFace, *, verify_url: str, evidence: bytes, trial: bool, created_at: datetime) -> bytes:
    """Print a copy from the register (bản sao từ sổ gốc) with `evidence` attached, ready to be signed.

    Raises: InputError for text too long for the page; MalformedError for evidence that is not UTF-8.
    """
    try:
        attached = evidence.decode()
    except UnicodeDecodeError as error:
        raise MalformedError("the evidence is not UTF-8 text", "bằng chứng không phải văn bản UTF-8") from error
    said = {
        "document": {"title": f"Bản sao {face.number} · {face.title}", "author": face.institution},
        "trial": trial,
        "institution": face.institution,
        "number": face.number,
        "title": face.title,
        "lines": face.lines,
        "notes": face.notes,
        "dated": face.dated,
        "code-alt": f"QR: {verify_url.partition('#')[0]}",
        "foot": face.foot,
        "evidence-name": "evidence.json",
        "evidence-note": "Evidence for checking this copy / Bằng chứng để xác thực bản sao này",
    }
    inputs = {"copy": orjson.dumps(said).decode(), "code": press.code_of(verify_url), "evidence": attached}
    return press.printed("copy.typ", inputs, created_at=created_at)
