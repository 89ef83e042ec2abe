"""The process that reads PDFs that somebody presents: the evidence inside, and whether the page still is what was signed.

Run as `python -m sogoc.adapters.pdf_child`. On stdin one file after another, each after its length in eight bytes; on stdout two lines
for each: the answer in JSON, then how the copy ended that read it, 0 or less than 0 for a signal. Where a process cannot be copied it
reads one file and leaves.

No certificate path is built and nothing is fetched.

Spec: docs/spec/evidence.md
"""

from __future__ import annotations

import gc
import io
import os
import re
import struct
import sys
import zlib
from base64 import b64encode, urlsafe_b64encode
from binascii import unhexlify
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Never

import orjson
from asn1crypto import cms, tsp
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pyhanko.pdf_utils.decode_limits import DecodeLimits, DocumentDecodeBudget, StreamDecodeLimits
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    ByteStringObject,
    DictionaryObject,
    IndirectObject,
    PdfObject,
    Reference,
    StreamObject,
    TextStringObject,
)
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from sogoc.adapters import page_cms
from sogoc.adapters.pdf_reader import MAX_EVIDENCE_BYTES, PageSignature, PresentedPdf, check_size, misread
from sogoc.errors import MalformedError

EVIDENCE_NAME = "evidence.json"

# A file that needs more computing is hostile; one that only had to wait says nothing about itself.
_CPU_SECONDS = 5
_MEMORY_BYTES = 512 * 1024 * 1024
_MAX_NODES = 256
_MAX_DEPTH = 12
_LIMITS = DecodeLimits(
    per_stream=StreamDecodeLimits(max_output_size=MAX_EVIDENCE_BYTES),
    document_budget=DocumentDecodeBudget(base_allowance=16 * 1024 * 1024, max_ratio=0),
)

# What a parser of foreign bytes may run into when the bytes lie about themselves.
_MISREAD = (
    PdfError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


def read_here(presented: bytes) -> PresentedPdf:
    """Read in this process, without a bound on time: for files of one's own making. Raises: MalformedError."""
    check_size(presented)
    try:
        reader = PdfFileReader(io.BytesIO(presented), strict=True, decode_limits=_LIMITS)
        if reader.encrypted:
            raise MalformedError(
                "the PDF is protected by a password", "tệp PDF được đặt mật khẩu", mend="remove the password"
            )
        root = _dictionary(reader.root)
        return PresentedPdf(evidence=_evidence(root), signature=_signature(root, presented))
    except _MISREAD as error:
        raise misread() from error


# -- Attachments ------------------------------------------------------------------------------------------------------


def _evidence(root: DictionaryObject) -> bytes | None:
    """The one attachment, if it is called `evidence.json`. Two attachments would be two truths in one file."""
    files: list[DictionaryObject] = []
    seen: set[Reference] = set()
    for found in (*_names(root), *_entries(root, "/AF")):
        if isinstance(found, IndirectObject):
            if found.reference in seen:
                continue
            seen.add(found.reference)
        files.append(_dictionary(found))
    if not files:
        return None
    if len(files) > 1:
        raise MalformedError("the PDF holds more than one attachment", "tệp PDF có nhiều hơn một tệp đính kèm")
    [file] = files
    if {str(file[key]) for key in ("/F", "/UF") if key in file} != {EVIDENCE_NAME}:
        return None
    streams = _dictionary(file["/EF"])
    if len({_identity(streams.raw_get(key)) for key in streams}) != 1:
        raise MalformedError("the attachment has more than one content", "tệp đính kèm có nhiều hơn một nội dung")
    content = streams["/F"]
    if not isinstance(content, StreamObject):
        raise misread()
    data = bytes(content.data)
    if len(data) > MAX_EVIDENCE_BYTES:
        raise MalformedError("the evidence is larger than 4 MB", "bằng chứng lớn hơn 4 MB")
    return data


def _names(root: DictionaryObject) -> Iterator[PdfObject]:
    if "/Names" not in root:
        return
    names = _dictionary(root["/Names"])
    if "/EmbeddedFiles" in names:
        for node in _tree(names.raw_get("/EmbeddedFiles")):
            yield from _entries(node, "/Names")[1::2]


def _entries(node: DictionaryObject, key: str) -> list[PdfObject]:
    """The members of an array, references unfollowed."""
    if key not in node:
        return []
    array = node[key]
    if not isinstance(array, ArrayObject) or len(array) > _MAX_NODES:
        raise misread()
    return list(array)


def _tree(top: PdfObject) -> Iterator[DictionaryObject]:
    """Every node of a tree of /Kids, each once; a tree that is deep, large or bites its tail is refused."""
    todo = [(top, 0)]
    seen: set[object] = set()
    while todo:
        found, depth = todo.pop()
        if depth > _MAX_DEPTH or len(seen) > _MAX_NODES or _identity(found) in seen:
            raise misread()
        seen.add(_identity(found))
        node = _dictionary(found)
        todo.extend((kid, depth + 1) for kid in _entries(node, "/Kids"))
        yield node


def _identity(found: PdfObject) -> object:
    return found.reference if isinstance(found, IndirectObject) else id(found)


def _dictionary(found: PdfObject) -> DictionaryObject:
    value: object = found.get_object()  # type: ignore[no-untyped-call]
    if not isinstance(value, DictionaryObject):
        raise misread()
    return value


# -- The page's signature ---------------------------------------------------------------------------------------------


def _signature(root: DictionaryObject, presented: bytes) -> PageSignature:
    signatures: list[DictionaryObject] = []
    if "/AcroForm" in root:
        form = _dictionary(root["/AcroForm"])
        for top in _entries(form, "/Fields"):
            signatures += [_dictionary(node["/V"]) for node in _tree(top) if node.get("/FT") == "/Sig" and "/V" in node]
    if not signatures:
        return PageSignature(state="absent")
    if len(signatures) > 1:
        raise MalformedError("the PDF holds more than one signature", "tệp PDF có nhiều hơn một chữ ký số")
    [signature] = signatures
    gap = _gap(signature, presented)
    if gap is None:
        return PageSignature(state="broken")
    start, end = gap
    digest = sha256(presented[:start])
    digest.update(presented[end:])
    key = _signer(unhexlify(presented[start + 1 : end - 1]), digest.digest())
    if key is None:
        return PageSignature(state="broken", covers_whole_file=True)
    return PageSignature(
        state="intact", covers_whole_file=True, signer_jwk=_jwk(key), signed_at=_signed_at(signature.get("/M"))
    )


_HEX = re.compile(rb"<[0-9A-F]+>")


def _gap(signature: DictionaryObject, presented: bytes) -> tuple[int, int] | None:
    """Where the signature value stands, if it is the one thing in the whole file that is not signed.

    Its hexadecimal digits must be upper case: a lower-case one would be a changed byte that nobody notices.
    """
    ranges = signature.get("/ByteRange")
    contents = signature.get("/Contents")
    form = (signature.get("/Filter"), signature.get("/SubFilter"))
    if form != ("/Adobe.PPKLite", "/ETSI.CAdES.detached") or not isinstance(contents, ByteStringObject):
        return None
    if not isinstance(ranges, ArrayObject) or len(ranges) != 4 or not all(isinstance(n, int) for n in ranges):
        return None
    first, start, end, rest = (int(number) for number in ranges)
    if first != 0 or not 0 < start < end < len(presented) or end + rest != len(presented):
        return None
    gap = presented[start:end]
    if not _HEX.fullmatch(gap) or len(gap) % 2 or unhexlify(gap[1:-1]) != bytes(contents):
        return None
    return start, end


def _signer(padded: bytes, digest: bytes) -> ec.EllipticCurvePublicKey | None:
    """The P-256 key that signed `digest`, or None. Accepts exactly the form of CMS that a PAdES-B-B signature needs.

    The message is built anew from certificate, signed attributes and signature value and must come out byte for byte:
    so nothing in it is outside what the key signed.
    """
    try:
        content = cms.ContentInfo.load(padded)["content"]
        certificate = content["certificates"][0].chosen
        signer = content["signer_infos"][0]
        attributes = signer["signed_attrs"]
        # RFC 5652 section 5.4: signed as a SET, not with the tag it has in the message.
        signed = b"\x31" + attributes.dump()[1:]
        value = signer["signature"].native
        rebuilt = page_cms.signed_data(certificate.dump(), signed, value)
        key = load_der_public_key(certificate.public_key.dump())
        if padded != rebuilt + bytes(len(padded) - len(rebuilt)) or not isinstance(key, ec.EllipticCurvePublicKey):
            return None
        said = {attribute["type"].native: attribute["values"] for attribute in attributes}
        if len(said) != len(attributes) or any(len(values) != 1 for values in said.values()):
            return None
        bound = said["signing_certificate_v2"][0]
        if not isinstance(bound, tsp.SigningCertificateV2):
            return None
        binding = bound["certs"][0]
        if (
            said["content_type"][0].native != "data"
            or said["message_digest"][0].native != digest
            or binding["hash_algorithm"]["algorithm"].native != "sha256"
            or binding["cert_hash"].native != sha256(certificate.dump()).digest()
            or key.curve.name != "secp256r1"
        ):
            return None
        key.verify(value, signed, ec.ECDSA(SHA256()))
    except (*_MISREAD, InvalidSignature, UnsupportedAlgorithm):
        return None
    return key


def _jwk(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    numbers = key.public_numbers()
    x, y = (urlsafe_b64encode(part.to_bytes(32)).rstrip(b"=").decode() for part in (numbers.x, numbers.y))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


_TIME = re.compile(r"D:(\d{14})(?:Z|\+00'00'?)")


def _signed_at(said: object) -> datetime | None:
    match = _TIME.fullmatch(str(said)) if isinstance(said, TextStringObject) else None
    return datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC) if match else None


# -- The process ------------------------------------------------------------------------------------------------------


def _to_answer(presented: bytes) -> bytes:
    try:
        read = read_here(presented)
    except MalformedError as error:
        return orjson.dumps({"error": error.en, "vi": error.vi, "mend": error.mend, "mend_vi": error.mend_vi})
    signature = read.signature
    return orjson.dumps(
        {
            "evidence": None if read.evidence is None else b64encode(read.evidence).decode(),
            "state": signature.state,
            "covers_whole_file": signature.covers_whole_file,
            "signer_jwk": signature.signer_jwk,
            "signed_at": None if signature.signed_at is None else signature.signed_at.isoformat(),
        }
    )


def _confine() -> None:
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not on every system

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _copied(length: int) -> int:
    """Let a copy of this process read the next file and answer; how it ended, below 0 for a signal.

    Only the copy sees the file, so nothing of one person's diploma is left for the next.
    """
    copy = os.fork()
    if not copy:
        _read_and_leave(length)
    return os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])


def _read_and_leave(length: int) -> Never:
    status = 1
    try:
        with os.fdopen(0, "rb") as given:
            presented = given.read(length)
        _confine()
        with os.fdopen(1, "wb") as out:
            out.write(_to_answer(presented))
        status = 0
    finally:
        os._exit(status)


def main() -> None:
    """Answer until nobody is left to ask."""
    copies = hasattr(os, "fork")
    gc.freeze()  # what is here already is never looked through, and not copied for it
    while head := os.read(0, 8):
        length = int.from_bytes(head)
        if not copies:
            _confine()
            sys.stdout.buffer.write(_to_answer(sys.stdin.buffer.read(length)) + b"\n0\n")
            return
        os.write(1, b"\n%d\n" % _copied(length))


if __name__ == "__main__":
    main()
