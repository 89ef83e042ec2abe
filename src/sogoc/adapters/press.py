"""The press: a Typst template of the package, its fonts, and words -> PDF/A-3b. The same words at one time, the same bytes.

The templates lie in `diploma/`, with the fonts. Everything that a record says arrives as data, in files that a template finds below
`/given`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

import orjson
import typst
import zxingcpp

from sogoc.errors import InputError

HERE = Path(__file__).parent / "diploma"

_NO_ROOM = "sogoc: no room at full size"
_TOO_LONG = "sogoc: too long to print"
_REFUSED = 3

# The light modules around a code; the paper of the page goes on where they end.
_QUIET = 2
_DARK = re.compile(rb"\0+")

# A compiler keeps the inputs of its last document, so two threads may not share one at one time.
_lock = threading.Lock()


@cache
def compiler(template: str) -> typst.Compiler:
    """The template with the package's fonts, loaded once. No font of the machine is ever used."""
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[HERE / "fonts"])
    return typst.Compiler(HERE / template, root=HERE, font_paths=fonts)


def printed(template: str, inputs: Mapping[str, str], *, created_at: datetime, tagged: bool = True) -> bytes:
    """Print one document. `tagged` lets a screen reader follow it.

    A template may set its page at full size and say that there was no room; then it is asked once more, with "yes" as what is
    given for `measured`, and measures.

    Raises: InputError for text too long for its page.
    """
    try:
        try:
            return pressed(template, inputs, created_at=created_at, tagged=tagged)
        except typst.TypstError as error:
            if _NO_ROOM not in str(error):
                raise
            return pressed(template, inputs, created_at=created_at, tagged=tagged, measured=True)
    except typst.TypstError as error:
        if _TOO_LONG in str(error):
            raise _too_long() from None
        raise


def pressed(
    template: str, inputs: Mapping[str, str], *, created_at: datetime, tagged: bool = True, measured: bool = False
) -> bytes:
    """Print one document in one way, or let the template say why not.

    Raises: typst.TypstError.
    """
    given = {**inputs, "measured": "yes" if measured else "no"}
    # As files, since the press makes its whole library anew for other `sys.inputs`, and then reads every template anew. They are
    # bytes, which the press takes as what is in a file; a string it would take as the path of one.
    files = {f"given/{name}": said.encode() for name, said in given.items()} | {"main": _template(template)}
    with _lock:
        pdf = compiler(template).compile(
            input=files,  # type: ignore[type-var]  # a dictionary of files is missing from its types alone
            format="pdf",
            pdf_standards=["a-3b"],
            timestamp=created_at,
            pdf_tags=tagged,
        )
    if not isinstance(pdf, bytes):
        raise AssertionError("typst gave no single PDF")
    return pdf


@cache
def _template(name: str) -> bytes:
    return (HERE / name).read_bytes()


def _too_long() -> InputError:
    return InputError("a text is too long for its page", "có mục quá dài, không in vừa một trang")


def printed_apart(template: str, inputs: Mapping[str, str], *, created_at: datetime) -> bytes:
    """Print a document of many pages in a process of its own: the press keeps what it laid out, about 6 MB a page, and never gives
    it back. Without tags, which would be nine tenths of such a file.

    Raises: InputError for text too long for its page.
    """
    order = orjson.dumps({"template": template, "inputs": dict(inputs), "created_at": created_at})
    environment = {key: os.environ[key] for key in ("PYTHONPATH", "LD_LIBRARY_PATH") if key in os.environ}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sogoc.adapters.press"],
        input=order,
        capture_output=True,
        env=environment,
        check=False,
    )
    if done.returncode == _REFUSED:
        raise _too_long()
    if done.returncode != 0:
        raise AssertionError(f"the press stopped ({done.returncode})")
    return done.stdout


def code_of(url: str) -> str:
    """The QR code of an address, as SVG."""
    code = zxingcpp.create_barcode(url, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    image = code.to_image(scale=1, add_quiet_zones=False)
    pixels, size = bytes(image), image.shape[0]  # type: ignore[call-overload]  # that it is a buffer is missing from its types
    # Drawn here, as one line for each run of dark modules.
    lines = "".join(
        f"M{run.start()} {y}.5h{len(run[0])}"
        for y in range(size)
        for run in _DARK.finditer(pixels[y * size : (y + 1) * size])
    )
    whole = size + 2 * _QUIET
    box = f"{-_QUIET} {-_QUIET} {whole} {whole}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}"><path stroke="#1f1a17" d="{lines}"/></svg>'


def _main() -> int:
    order = orjson.loads(sys.stdin.buffer.read())
    at = datetime.fromisoformat(order["created_at"])
    try:
        pdf = printed(order["template"], order["inputs"], created_at=at, tagged=False)
    except InputError:
        return _REFUSED
    sys.stdout.buffer.write(pdf)
    return 0


if __name__ == "__main__":
    sys.exit(_main())
