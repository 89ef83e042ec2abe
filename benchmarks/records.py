"""Records of invented graduates: the 26 fields that a university's list and its decision give. Always the same for a number."""

from __future__ import annotations

from hashlib import sha256

from benchmarks import intake

SCHEMA_FIELDS = 26


def record(number: int) -> dict[str, str]:
    """The record of graduate `number`."""
    family, middle = intake.FAMILY[number % 10], intake.MIDDLE[number // 10 % 10]
    return {
        "institution": "DHSG01",
        "kind": "degree",
        "level": "bachelor",
        "programme": "7480201",
        "decision_number": "412/QĐ-ĐHSG",
        "decided_on": "2026-06-12",
        "awarded_on": "2026-06-19",
        "identifier": uuid4(number),
        "title": "Bằng cử nhân",
        "institution_name": "Đại học Sông Gianh (mẫu)",
        "holder_name": f"{family} {middle} {intake.GIVEN_NAME[number // 100 % 14]}",
        "born_on": f"2003-{number % 12 + 1:02}-{number % 28 + 1:02}",
        "birthplace": intake.PLACES[number % 8],
        "gender": "female",
        "ethnicity": "Kinh",
        "nationality": "Việt Nam",
        "student_id": f"2022{number:06}",
        "classification": "Khá",
        "graduation_year": "2026",
        "programme_name": "Công nghệ thông tin",
        "mode": "full-time",
        "signer_name": "Đặng Quốc Thịnh",
        "signer_title": "Giám đốc",
        "issued_at": "Quảng Bình",
        "serial_number": f"SG{number:07}",
        "register_number": f"2026/SG/{number:07}",
    }


def uuid4(number: int) -> str:
    """A random-looking identifier that follows from the number."""
    digits = sha256(number.to_bytes(8, "big")).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-a{digits[15:18]}-{digits[18:30]}"
