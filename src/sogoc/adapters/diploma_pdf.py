"""The diploma as a person sees it: one page of PDF/A-3 with the evidence inside, signed by the institution.

The page is printed from the face fields alone; nothing is translated that has no fixed English term, so what the
register says stands on both halves. `render` is deterministic: the same face, address, evidence and time give the
same bytes. `sign` adds a PAdES-B-B signature over the whole file, through whatever holds the institution's key.

Spec: docs/spec/evidence.md
"""

from __future__ import annotations

import io
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import orjson
from asn1crypto import algos, core, keys, x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import SignatureObject

from sogoc.adapters import page_cms, press
from sogoc.core import record
from sogoc.errors import InputError, MalformedError, RecordError
from sogoc.ports import IssuerSigner

# At 29 mm and level M this still gives modules of more than 0.45 mm, which a telephone reads from a screen or paper.
MAX_URL_CHARS = 160
SIGNATURE_FIELD = "SogocInstitution"
_SIGNATURE_BYTES = 4096

# Fixed terms only, compared without case. Anything else stands in Vietnamese on both halves.
_ENGLISH = {
    "title": {
        "bằng cử nhân": "The Degree of Bachelor",
        "bằng kỹ sư": "The Degree of Engineer",
        "bằng kiến trúc sư": "The Degree of Architect",
        "bằng bác sĩ": "The Degree of Medical Doctor",
        "bằng dược sĩ": "The Degree of Pharmacist",
        "bằng thạc sĩ": "The Degree of Master",
        "bằng tiến sĩ": "The Degree of Doctor of Philosophy",
        "bằng tốt nghiệp trung học cơ sở": "Lower Secondary School Diploma",
        "bằng tốt nghiệp trung học phổ thông": "Upper Secondary School Diploma",
        "bằng tốt nghiệp trung cấp": "Intermediate Diploma",
        "bằng tốt nghiệp cao đẳng": "College Diploma",
        "chứng chỉ": "Certificate",
    },
    "classification": {
        "xuất sắc": "Excellent",
        "giỏi": "Very good",
        "khá": "Good",
        "trung bình khá": "Fairly good",
        "trung bình": "Average",
        "đạt": "Passed",
    },
    "signer_title": {"phó hiệu trưởng": "Vice-Rector", "hiệu trưởng": "Rector", "giám đốc": "Director"},
}
_PRINCIPAL = {"hiệu trưởng": "Principal", "phó hiệu trưởng": "Vice-Principal"}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip

_CLASSIFIED = {
    "degree": ("Degree classification", "Hạng tốt nghiệp"),
    "school-diploma": ("Graduation grade", "Xếp loại tốt nghiệp"),
    "certificate": ("Result", "Xếp loại"),
}


def render(
    face: Mapping[str, str],
    *,
    verify_url: str,
    evidence: bytes,
    evidence_name: str = "evidence.json",
    trial: bool,
    created_at: datetime,
) -> bytes:
    """Print the face of a diploma as one page of PDF/A-3b with `evidence` attached.

    `face` holds exactly the face fields of its kind (`record.Schema.face`; optional ones may be absent), `verify_url`
    is what the QR code says, `created_at` stands in the file as its creation time. Same input, same bytes.

    The fonts hold every character that `record.check_text` lets pass, so no letter is ever missing.

    Raises: RecordError naming a field that is missing, foreign to the face or of the wrong form; InputError for text
    too long for the page or an unusable address; MalformedError for evidence that is not UTF-8.
    """
    _check_face(face)
    if not verify_url.startswith("https://") or not verify_url.isascii() or len(verify_url) > MAX_URL_CHARS:
        raise InputError(
            f"the address for the QR code is not an https address of at most {MAX_URL_CHARS} ASCII characters",
            f"địa chỉ cho mã QR phải bắt đầu bằng https và dài tối đa {MAX_URL_CHARS} ký tự ASCII",
        )
    try:
        attached = evidence.decode()
    except UnicodeDecodeError as error:
        raise MalformedError("the evidence is not UTF-8 text", "bằng chứng không phải văn bản UTF-8") from error
    page = _page(face, verify_url=verify_url, evidence_name=evidence_name, trial=trial)
    inputs = {"face": orjson.dumps(page).decode(), "code": press.code_of(verify_url), "evidence": attached}
    return press.printed("diploma.typ", inputs, created_at=created_at)


def _check_face(face: Mapping[str, str]) -> None:
    schema = record.BY_KIND.get(face.get("kind", ""))
    if schema is None:
        raise RecordError("kind", "is not a kind of diploma", "không phải một loại văn bằng")
    for field in schema.fields:
        value = face.get(field.name)
        if field.name not in schema.face:
            if value is not None:
                raise RecordError(field.name, "does not stand on the face", "không có trên mặt văn bằng")
            continue
        if value is None:
            if field.required:
                raise RecordError(field.name, "is missing", "còn thiếu")
            continue
        record.check_text(field.name, value)
        problem = field.check(value)
        if problem is not None:
            raise RecordError(field.name, problem)
    for name in face:
        if name not in schema.names:
            raise RecordError(name, f"is not a field of {schema.id}", f"không thuộc mẫu {schema.id}")


def _page(face: Mapping[str, str], *, verify_url: str, evidence_name: str, trial: bool) -> dict[str, object]:
    """Everything the template prints, in words: the template knows places and sizes only."""
    kind = face["kind"]
    lines = [(("Date of birth", _day_en(face["born_on"])), ("Ngày sinh", _day_vi(face["born_on"])))]
    if "school" in face:
        lines.append((("School", face["school"]), ("Học sinh trường", face["school"])))
    if "classification" in face:
        graded_en, graded_vi = _CLASSIFIED[kind]
        lines.append(((graded_en, _english("classification", face)), (graded_vi, face["classification"])))
    confers, upon = ("hereby confers", "upon") if kind == "degree" else ("hereby awards", "to")
    both = {
        "institution": face["institution_name"],
        "subject": face.get("programme_name"),
        "holder": face["holder_name"],
        "signer": face["signer_name"],
    }
    return {
        "document": {"title": f"{face['title']} · {face['holder_name']}", "author": face["institution_name"]},
        "en": {
            **both,
            "nation": "SOCIALIST REPUBLIC OF VIET NAM",
            "motto": "Independence - Freedom - Happiness",
            "confers": confers,
            "title": _english("title", face),
            "to": upon,
            "lines": [english for english, _ in lines],
            "dated": f"{face['issued_at']}, {_day_en(face['awarded_on'])}",
            "signer-title": _english("signer_title", face),
            "signed": "(digital signature in this file)",
            "numbers": [("Serial number", face["serial_number"]), ("Register number", face["register_number"])],
        },
        "vi": {
            **both,
            "nation": "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
            "motto": "Độc lập - Tự do - Hạnh phúc",
            "confers": "cấp",
            "title": face["title"],
            "to": "cho",
            "lines": [vietnamese for _, vietnamese in lines],
            "dated": f"{face['issued_at']}, {_long_day_vi(face['awarded_on'])}",
            "signer-title": face["signer_title"],
            "signed": "(chữ ký số nằm trong tệp này)",
            "numbers": [("Số hiệu", face["serial_number"]), ("Số vào sổ gốc", face["register_number"])],
        },
        "trial": trial,
        "scan": "Scan to verify · Quét mã",
        "code-alt": f"QR: {verify_url.partition('#')[0]}",
        "foot": [
            f"Quyết định số / Decision no. {face['decision_number']}, {_day_vi(face['decided_on'])}",
            f"Mã định danh / Identifier {face['identifier']}",
        ],
        "evidence-name": evidence_name,
        "evidence-note": "Evidence for checking this diploma / Bằng chứng để xác thực văn bằng này",
    }


def _english(name: str, face: Mapping[str, str]) -> str:
    said = face[name]
    table = _ENGLISH[name]
    if name == "signer_title" and face["kind"] == "school-diploma":
        table = {**table, **_PRINCIPAL}
    return table.get(said.lower(), said)


def _day_vi(value: str) -> str:
    return "/".join(reversed(value.split("-")))


def _day_en(value: str) -> str:
    year, *rest = value.split("-")
    words = [_MONTHS[int(rest[0]) - 1]] if rest else []
    if len(rest) > 1:
        words.insert(0, str(int(rest[1])))
    return " ".join([*words, year])


def _long_day_vi(value: str) -> str:
    """A day as decrees are dated: days below 10 and the months 1 and 2 take a zero, so that none can be added."""
    on = date.fromisoformat(value)
    month = f"{on.month:02}" if on.month < 3 else str(on.month)
    return f"ngày {on.day:02} tháng {month} năm {on.year}"


class _Appendix(IncrementalPdfFileWriter):
    """What signing adds at the end of the file. The page's own metadata stands: PDF/A marks, authors and times."""

    def _update_meta(self) -> None:
        return


def sign(pdf: bytes, *, signer: IssuerSigner, certificate: bytes, signed_at: datetime) -> bytes:
    """Sign the whole file (PAdES-B-B, ECDSA P-256 with SHA-256) and close it against any later change (DocMDP 1).

    `certificate` is DER and carries the key of `signer`. The original bytes stand unchanged at the beginning; the
    field is invisible, so the page and its marks as PDF/A-3 stay as they are. Uses no network.

    Raises: MalformedError for a certificate of another key or bytes that are not a PDF; KeyUnavailable.
    """
    holder = x509.Certificate.load(certificate)
    if holder.public_key.dump() != _public_key(signer).dump():
        raise MalformedError("the certificate carries another key", "chứng thư mang một khóa khác")
    try:
        writer = _Appendix(io.BytesIO(pdf))
    except PdfError as error:
        raise MalformedError("this is not a PDF that can be signed", "tệp PDF này không ký được") from error
    steps = PdfCMSEmbedder(new_field_spec=SigFieldSpec(SIGNATURE_FIELD)).write_cms(SIGNATURE_FIELD, writer)
    next(steps)
    steps.send(
        SigObjSetup(
            sig_placeholder=SignatureObject(
                bytes_reserved=_SIGNATURE_BYTES, subfilter=SigSeedSubFilter.PADES, timestamp=signed_at.astimezone(UTC)
            ),
            mdp_setup=SigMDPSetup(md_algorithm="sha256", certify=True, docmdp_perms=MDPPerm.NO_CHANGES),
        )
    )
    prepared, signed = steps.send(SigIOSetup(md_algorithm="sha256"))
    attributes = page_cms.signed_attributes(certificate, prepared.document_digest)
    steps.send(page_cms.signed_data(certificate, attributes, _der_signature(signer.sign(attributes))))
    return bytes(signed.getbuffer())


def self_signed_certificate(
    signer: IssuerSigner, *, name: str, serial: int, valid_from: datetime, valid_years: int = 10
) -> bytes:
    """Make an X.509 certificate (DER) for the key of `signer`, signed through the same port.

    Trust never comes from it: a verifier compares its key with the institution's authority page. It exists because
    PAdES carries keys in certificates. `name` is the institution's, `serial` a positive number of at most 20 bytes.

    Raises: KeyUnavailable.
    """
    key = _public_key(signer)
    subject = x509.Name.build({"common_name": name[:64]})
    key_id = sha256(key["public_key"].native).digest()[:20]
    algorithm = algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})
    begins = valid_from.astimezone(UTC).replace(microsecond=0)
    tbs = x509.TbsCertificate(
        {
            "version": "v3",
            "serial_number": serial,
            "signature": algorithm,
            "issuer": subject,
            "validity": {"not_before": _time(begins), "not_after": _time(begins + timedelta(days=365 * valid_years))},
            "subject": subject,
            "subject_public_key_info": key,
            "extensions": [
                {"extn_id": "key_identifier", "extn_value": core.OctetString(key_id)},
                {"extn_id": "key_usage", "critical": True, "extn_value": {"digital_signature", "non_repudiation"}},
                {"extn_id": "basic_constraints", "critical": True, "extn_value": {"ca": False}},
            ],
        }
    )
    signature = _der_signature(signer.sign(tbs.dump()))
    return bytes(
        x509.Certificate(
            {"tbs_certificate": tbs, "signature_algorithm": algorithm, "signature_value": signature}
        ).dump()
    )


def _time(at: datetime) -> x509.Time:
    # RFC 5280 section 4.1.2.5: two-digit years through 2049, then four.
    return x509.Time({"utc_time": at}) if at.year < 2050 else x509.Time({"general_time": at})


def _public_key(signer: IssuerSigner) -> keys.PublicKeyInfo:
    x, y = (urlsafe_b64decode(signer.jwk[part] + "=") for part in "xy")
    return keys.PublicKeyInfo(
        {
            "algorithm": {"algorithm": "ec", "parameters": keys.ECDomainParameters(name="named", value="secp256r1")},
            "public_key": keys.ECPointBitString.from_coords(int.from_bytes(x), int.from_bytes(y)),
        }
    )


def _der_signature(raw: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
