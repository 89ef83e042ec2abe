"""Sample diplomas of invented people, and a key that signs for them."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import UTC, datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from sogoc.adapters import diploma_pdf

AT = datetime(2026, 6, 15, 3, 0, tzinfo=UTC)
URL = "https://vanbang.example.vn/x/0123456789abcdef0123456789abcdef#AbCdEfGhIjKlMnOpQrStUv"
EVIDENCE = '{"credential":"a.b.c~d~","tên":"Ayŭn"}'.encode()

_COMMON = {
    "institution": "DHVD",
    "decision_number": "1234/QĐ-ĐHVD",
    "decided_on": "2026-06-10",
    "awarded_on": "2026-06-15",
    "identifier": "7f3c2a10-5b6d-4e8f-9a1b-2c3d4e5f6071",
    "holder_name": "Y Brŭ Niê Kđăm",
    "born_on": "2003-02-05",
    "classification": "Giỏi",
    "signer_name": "Trần Thị Minh Nguyệt",
    "signer_title": "Hiệu trưởng",
    "issued_at": "Buôn Ma Thuột",
    "serial_number": "ĐHVD 004512",
    "register_number": "0127/2026",
}
DEGREE = _COMMON | {
    "kind": "degree",
    "level": "bachelor",
    "programme": "7480201",
    "title": "Bằng cử nhân",
    "institution_name": "Trường Đại học Ví Dụ",
    "programme_name": "Công nghệ thông tin",
}
SCHOOL_DIPLOMA = _COMMON | {
    "kind": "school-diploma",
    "level": "upper-secondary",
    "programme": "THPT",
    "title": "Bằng tốt nghiệp trung học phổ thông",
    "institution_name": "Trường Trung học phổ thông Krông Ayŭn",
    "school": "Trường Trung học phổ thông Krông Ayŭn",
}
CERTIFICATE = _COMMON | {
    "kind": "certificate",
    "level": "certificate",
    "programme": "NN-ANH-B4",
    "title": "Chứng chỉ ngoại ngữ",
    "institution_name": "Trung tâm Ngoại ngữ Ví Dụ",
    "programme_name": "Tiếng Anh bậc 4/6",
    "signer_title": "Giám đốc",
}


class Key:
    """An institution's key in memory, behind the port."""

    def __init__(self, secret: int) -> None:
        self._key = ec.derive_private_key(secret, ec.SECP256R1())

    @property
    def jwk(self) -> dict[str, str]:
        numbers = self._key.public_key().public_numbers()
        x, y = (urlsafe_b64encode(part.to_bytes(32)).rstrip(b"=").decode() for part in (numbers.x, numbers.y))
        return {"crv": "P-256", "kty": "EC", "x": x, "y": y}

    def sign(self, payload: bytes) -> bytes:
        r, s = decode_dss_signature(self._key.sign(payload, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)


KEY = Key(0x5067_0C01)
FORGER = Key(0xBAD)


def certificate(key: Key) -> bytes:
    return diploma_pdf.self_signed_certificate(key, name="Trường Đại học Ví Dụ", serial=7, valid_from=AT)


def printed(face: dict[str, str] = DEGREE, *, evidence: bytes = EVIDENCE, trial: bool = False) -> bytes:
    return diploma_pdf.render(face, verify_url=URL, evidence=evidence, trial=trial, created_at=AT)


def signed(face: dict[str, str] = DEGREE, *, key: Key = KEY) -> bytes:
    return diploma_pdf.sign(printed(face), signer=key, certificate=certificate(key), signed_at=AT)
