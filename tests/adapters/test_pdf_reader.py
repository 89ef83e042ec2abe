"""A presented PDF: what was signed is intact and nothing else is, and no file makes the reader stumble."""

from __future__ import annotations

import io
import os
import random
import sys
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms
from pyhanko.pdf_utils.generic import pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import SignatureObject
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, TextStringObject

from sogoc.adapters import diploma_pdf, pdf_reader
from sogoc.adapters.pdf_child import read_here
from sogoc.adapters.pdf_reader import PageSignature, read_pdf
from sogoc.errors import MalformedError, UnavailableError
from tests.adapters.diplomas import AT, CERTIFICATE, EVIDENCE, FORGER, KEY, certificate, printed, signed

SIGNED = signed()
GAP_START = SIGNED.index(b"/Contents <3082") + len("/Contents ")
GAP_END = SIGNED.index(b">", GAP_START) + 1
CMS = cms.ContentInfo.load(bytes.fromhex(SIGNED[GAP_START + 1 : GAP_END - 1].decode())).dump()


@pytest.mark.parametrize("read", [read_here, read_pdf])
def test_a_signed_diploma_is_intact_and_names_its_key(read: Callable[[bytes], pdf_reader.PresentedPdf]) -> None:
    assert read(SIGNED) == pdf_reader.PresentedPdf(
        evidence=EVIDENCE,
        signature=PageSignature(state="intact", covers_whole_file=True, signer_jwk=KEY.jwk, signed_at=AT),
    )


@pytest.mark.parametrize("read", [read_here, read_pdf])
def test_an_unsigned_diploma_has_evidence_and_no_signature(
    read: Callable[[bytes], pdf_reader.PresentedPdf],
) -> None:
    assert read(printed()) == pdf_reader.PresentedPdf(evidence=EVIDENCE, signature=PageSignature(state="absent"))


def test_a_forgers_page_is_intact_under_the_forgers_own_key() -> None:
    found = read_here(signed(CERTIFICATE, key=FORGER)).signature
    assert found.state == "intact"
    assert found.signer_jwk == FORGER.jwk != KEY.jwk


def state_of(presented: bytes) -> str:
    try:
        return read_here(presented).signature.state
    except MalformedError:
        return "unreadable"


def flipped(at: int, bit: int) -> bytes:
    changed = bytearray(SIGNED)
    changed[at] ^= 1 << bit
    return bytes(changed)


def test_no_flipped_bit_anywhere_leaves_the_page_intact() -> None:
    chance = random.Random(1)
    anywhere = [(chance.randrange(len(SIGNED)), chance.randrange(8)) for _ in range(300)]
    in_the_signature = [(chance.randrange(GAP_START, GAP_END), chance.randrange(8)) for _ in range(200)]
    at_the_end = [(chance.randrange(GAP_END, len(SIGNED)), chance.randrange(8)) for _ in range(100)]
    states = [state_of(flipped(at, bit)) for at, bit in anywhere + in_the_signature + at_the_end]
    assert "intact" not in states
    assert {"broken", "unreadable"} <= set(states)


def test_no_cut_leaves_the_page_intact() -> None:
    chance = random.Random(2)
    for size in [0, 1, 8, len(SIGNED) - 1, len(SIGNED) - 2, *(chance.randrange(len(SIGNED)) for _ in range(60))]:
        assert state_of(SIGNED[:size]) != "intact"


@pytest.mark.parametrize("more", [b"\n", b" ", b"%", b"%%EOF\n", b"\n%%EOF\n", SIGNED])
def test_nothing_may_follow(more: bytes) -> None:
    assert state_of(SIGNED + more) in {"broken", "unreadable"}


def test_a_later_revision_breaks_the_signature() -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(SIGNED))
    writer.root["/Lang"] = pdf_string("en")
    writer.update_root()  # type: ignore[no-untyped-call]
    out = io.BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]
    assert read_here(out.getvalue()).signature == PageSignature(state="broken")


def resealed(content: bytes) -> bytes:
    """Put another signature value into the gap that the signature leaves free."""
    digits = content.hex().upper().encode().ljust(GAP_END - GAP_START - 2, b"0")
    return SIGNED[: GAP_START + 1] + digits + SIGNED[GAP_END - 1 :]


def changed_cms(change: Callable[[cms.SignedData], None]) -> bytes:
    message = cms.ContentInfo.load(CMS)
    change(message["content"])
    return resealed(message.dump(force=True))


def add_unsigned(content: cms.SignedData) -> None:
    extra = cms.CMSAttribute({"type": "content_type", "values": ["data"]})
    content["signer_infos"][0]["unsigned_attrs"] = cms.CMSAttributes([extra])


def swap_certificate(content: cms.SignedData) -> None:
    again = diploma_pdf.self_signed_certificate(KEY, name="Another name", serial=8, valid_from=AT)
    content["certificates"] = cms.CertificateSet.load(b"\x31\x82" + len(again).to_bytes(2) + again)


def add_certificate(content: cms.SignedData) -> None:
    both = certificate(KEY) + certificate(FORGER)
    content["certificates"] = cms.CertificateSet.load(b"\x31\x82" + len(both).to_bytes(2) + both)


def change_version(content: cms.SignedData) -> None:
    content["version"] = "v3"


@pytest.mark.parametrize("change", [add_unsigned, swap_certificate, add_certificate, change_version])
def test_the_signature_value_has_no_part_that_may_be_changed(change: Callable[[cms.SignedData], None]) -> None:
    assert read_here(resealed(CMS)).signature.state == "intact"
    assert read_here(changed_cms(change)).signature.state == "broken"


def test_lower_case_digits_are_a_change() -> None:
    assert read_here(SIGNED[:GAP_START] + SIGNED[GAP_START:GAP_END].lower() + SIGNED[GAP_END:]).signature.state == (
        "broken"
    )


def test_a_second_signature_is_refused() -> None:
    again = IncrementalPdfFileWriter(io.BytesIO(SIGNED))
    steps = PdfCMSEmbedder(new_field_spec=SigFieldSpec("Second")).write_cms("Second", again)
    next(steps)
    steps.send(SigObjSetup(SignatureObject(bytes_reserved=2048)))
    _, out = steps.send(SigIOSetup(md_algorithm="sha256"))
    steps.send(CMS)
    with pytest.raises(MalformedError, match="more than one signature"):
        read_here(out.getvalue())


def written(change: Callable[[PdfWriter], object]) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(printed())))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_two_attachments_are_refused() -> None:
    with pytest.raises(MalformedError, match="more than one attachment"):
        read_here(written(lambda pdf: pdf.add_attachment("evidence.json", b"{}")))


def test_a_file_without_attachment_has_no_evidence() -> None:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    out = io.BytesIO()
    writer.write(out)
    assert read_here(out.getvalue()).evidence is None


def test_an_attachment_of_another_name_is_no_evidence() -> None:
    def rename(pdf: PdfWriter) -> None:
        root: Any = pdf.root_object
        file = root["/AF"][0].get_object()
        file[NameObject("/F")] = file[NameObject("/UF")] = TextStringObject("invoice.json")

    assert read_here(written(rename)).evidence is None


def test_a_password_is_named_as_the_reason() -> None:
    with pytest.raises(MalformedError, match="password") as refused:
        read_pdf(written(lambda pdf: pdf.encrypt("secret", algorithm="AES-256")))
    assert refused.value.mend == "remove the password"


def pdf_of(*objects: bytes, trailer: bytes = b"/Root 1 0 R", root: bytes = b"") -> bytes:
    """A small PDF by hand, with a table that is right; object 1 is the catalog."""
    bodies = [b"<</Type/Catalog/Pages 2 0 R" + root + b">>", b"<</Type/Pages/Kids[]/Count 0>>", *objects]
    out = bytearray(b"%PDF-1.7\n")
    starts = []
    for number, body in enumerate(bodies, 1):
        starts.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % start for start in starts)
    out += b"trailer\n<</Size %d %s>>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, trailer, table)
    return bytes(out)


def attached(stream: bytes, filters: bytes, name: bytes = b"evidence.json") -> bytes:
    file = b"<</Type/Filespec/F(%s)/UF(%s)/EF<</F 4 0 R>>>>" % (name, name)
    content = b"<</Type/EmbeddedFile%s/Length %d>>\nstream\n%s\nendstream" % (filters, len(stream), stream)
    return pdf_of(file, content, root=b"/AF[3 0 R]/Names<</EmbeddedFiles<</Names[(a) 3 0 R]>>>>")


def bomb(layers: int) -> bytes:
    """Zeros, packed again and again."""
    data = bytes(200_000_000) if layers == 1 else bytes(20_000_000)
    for _ in range(layers):
        data = zlib.compress(data, 9)
    return attached(data, b"/Filter[" + b"/FlateDecode" * layers + b"]")


def endless_cross_reference() -> bytes:
    """A cross-reference stream whose entries have no width, so that any number of them takes no bytes at all."""
    head = b"%PDF-1.7\n"
    stream = zlib.compress(b"")
    body = b"1 0 obj\n<</Type/XRef/Size 4000000000/W[0 0 0]/Root 1 0 R/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\n"
    return head + body % (len(stream), stream) + b"startxref\n%d\n%%%%EOF\n" % len(head)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "a photo": lambda: b"\xff\xd8\xff\xe0" + bytes(1000),
    "a header only": lambda: b"%PDF-1.7\n",
    "too large": lambda: b"%PDF-1.7\n" + bytes(pdf_reader.MAX_PDF_BYTES),
    "an attachment bomb": lambda: bomb(1),
    "a bomb in a bomb": lambda: bomb(3),
    "evidence just too large": lambda: attached(bytes(pdf_reader.MAX_EVIDENCE_BYTES + 1), b""),
    "an unknown filter": lambda: attached(b"{}", b"/Filter/Unknown"),
    "a table that leads back to itself": lambda: pdf_of(trailer=b"/Root 1 0 R/Prev 105"),
    "a table far away": lambda: pdf_of(trailer=b"/Root 1 0 R/Prev 99999999999"),
    "an endless table": endless_cross_reference,
    "a root that is no catalog": lambda: pdf_of(b"[]", trailer=b"/Root 3 0 R"),
    "a root that is itself": lambda: pdf_of(b"3 0 R", trailer=b"/Root 3 0 R"),
    "deep arrays": lambda: pdf_of(root=b"/AF " + b"[" * 100_000 + b"]" * 100_000),
    "deep dictionaries": lambda: pdf_of(root=b"/Names " + b"<</EmbeddedFiles" * 50_000 + b">>" * 50_000),
    "names that bite their tail": lambda: pdf_of(b"<</Kids[3 0 R]>>", root=b"/Names<</EmbeddedFiles 3 0 R>>"),
    "fields that bite their tail": lambda: pdf_of(b"<</Kids[3 0 R]>>", root=b"/AcroForm<</Fields[3 0 R]>>"),
    "many files": lambda: pdf_of(b"<<>>", root=b"/AF[" + b"3 0 R " * 100_000 + b"]"),
    "an endless number": lambda: pdf_of(root=b"/AF[" + b"9" * 1_000_000 + b" 0 R]"),
    "file as number": lambda: pdf_of(root=b"/AF[7]"),
    "evidence that is no stream": lambda: pdf_of(b"<</F(evidence.json)/EF<</F 1 0 R>>>>", root=b"/AF[3 0 R]"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_refused_within_ten_seconds(what: str) -> None:
    presented = HOSTILE[what]()
    begun = time.monotonic()
    # On a busy machine the clock may run out before the limit on computing does: then it was not read, which is no "valid" either.
    with pytest.raises((MalformedError, UnavailableError)) as refused:
        read_pdf(presented)
    assert time.monotonic() - begun < 15
    assert refused.value.vi


def test_evidence_of_the_largest_size_is_read() -> None:
    largest = bytes(pdf_reader.MAX_EVIDENCE_BYTES)
    assert read_pdf(attached(zlib.compress(largest), b"/Filter/FlateDecode")).evidence == largest


@pytest.fixture
def none_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[deque[Any]]:
    """No process has started yet; those that a test starts are let go after it."""
    waiting: deque[Any] = deque()
    monkeypatch.setattr(pdf_reader, "_children", waiting)
    yield waiting
    for child in waiting:
        child.dismiss()


@pytest.mark.usefixtures("none_waits")
def test_a_reader_that_cannot_start_is_no_verdict_on_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(UnavailableError):
        read_pdf(SIGNED)


@pytest.mark.usefixtures("none_waits")
def test_a_reader_that_breaks_is_no_verdict_on_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(UnavailableError):
        read_pdf(SIGNED)


def test_one_process_reads_file_after_file_also_after_a_hostile_one(none_waits: deque[Any]) -> None:
    expected = read_pdf(SIGNED)
    [first] = none_waits
    for what in ("a header only", "a root that is no catalog", "a root that is itself"):
        with pytest.raises(MalformedError):
            read_pdf(HOSTILE[what]())
        assert read_pdf(SIGNED) == expected
    assert list(none_waits) == [first]


PACKED = attached(zlib.compress(b"{}"), b"/Filter/FlateDecode")
PLAIN = attached(b"{}", b"")


def unpacking(does: str, patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let the processes that start from now on do this instead of unpacking anything."""
    (folder / "sitecustomize.py").write_text(
        f"import os, time, zlib\ndef instead(*given): {does}\nzlib.decompressobj = instead\n"
    )
    patch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))


def test_a_file_that_its_reader_dies_of_is_refused_and_the_next_is_read(
    none_waits: deque[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert read_here(PACKED) == read_here(PLAIN)
    unpacking("os.kill(os.getpid(), 9)", monkeypatch, tmp_path)
    with pytest.raises(MalformedError):
        read_pdf(PACKED)
    assert read_pdf(PLAIN) == read_here(PLAIN)
    assert len(none_waits) == 1


def test_a_file_that_takes_too_long_is_no_verdict_and_its_process_is_gone(
    none_waits: deque[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    unpacking("time.sleep(600)", monkeypatch, tmp_path)
    read_pdf(PLAIN)
    monkeypatch.setattr(pdf_reader, "_WALL_SECONDS", 0.5)
    with pytest.raises(UnavailableError, match="in time"):
        read_pdf(PACKED)
    assert not none_waits  # that the answer came shows that the copy is gone too: it held the line open


def test_a_process_that_was_ended_while_it_waited_is_replaced(none_waits: deque[Any]) -> None:
    expected = read_pdf(SIGNED)
    [first] = none_waits
    first._process.kill()
    first._process.wait()
    assert read_pdf(SIGNED) == expected
    assert list(none_waits) != [first]


def test_files_read_at_once_are_not_mixed_up(none_waits: deque[Any]) -> None:
    files = {number: attached(b'{"number":%d}' % number, b"") for number in range(24)}
    with ThreadPoolExecutor(4) as pool:
        read = dict(zip(files, pool.map(read_pdf, files.values()), strict=True))
    assert {number: found.evidence for number, found in read.items()} == {
        number: b'{"number":%d}' % number for number in files
    }
    assert 1 <= len(none_waits) <= 2


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux shows the environment of a process")
def test_a_strangers_file_is_parsed_where_no_secret_is(none_waits: deque[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOGOC_DATABASE", "postgresql://somebody:secret@nowhere/register")
    read_pdf(SIGNED)
    [child] = none_waits
    assert b"secret" not in Path(f"/proc/{child._process.pid}/environ").read_bytes()


def test_shuffled_pieces_of_a_diploma_never_make_an_intact_page() -> None:
    chance = random.Random(3)
    for _ in range(60):
        cuts = sorted({0, len(SIGNED), *(chance.randrange(len(SIGNED)) for _ in range(chance.randrange(1, 5)))})
        pieces = [SIGNED[begin:end] for begin, end in pairwise(cuts)]
        chance.shuffle(pieces)
        if b"".join(pieces) != SIGNED:
            assert state_of(b"".join(pieces)) != "intact"
