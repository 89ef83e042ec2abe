"""The words of the pages: what a person reads for a verdict, a step, a field or the source of a fact. Vietnamese first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sogoc.core.report import Verdict


class Said(NamedTuple):
    """The same in both languages."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Look:
    """How a verdict looks and what its reader should do. `tone` and `icon` repeat in colour and shape what the text says."""

    tone: str
    icon: str
    advice: Said


GOOD, WAIT, BAD, NONE = "good", "wait", "bad", "none"

VERDICTS: Mapping[Verdict, Look] = {
    Verdict.VALID: Look(
        GOOD,
        "check",
        Said(
            "Đối chiếu họ tên với giấy tờ tùy thân của người đưa văn bằng.",
            "Compare the name with the identity document of the person who shows it.",
        ),
    ),
    Verdict.PENDING: Look(
        GOOD,
        "clock",
        Said(
            "Có thể sử dụng. Kiểm tra lại sau nếu cần thêm mốc trên chuỗi khối.",
            "You can rely on it. Check again later if you also need its anchor on the chain.",
        ),
    ),
    Verdict.SUPERSEDED: Look(
        WAIT,
        "newer",
        Said("Không dùng bản này. Yêu cầu người gửi đưa bản mới.", "Do not use this one. Ask for the newer version."),
    ),
    Verdict.INCONCLUSIVE: Look(
        WAIT,
        "question",
        Said(
            "Đừng coi là hợp lệ. Xem bên dưới bước nào chưa kiểm tra được, rồi thử lại.",
            "Do not treat it as valid. See below which step could not be checked, and try again.",
        ),
    ),
    Verdict.SUSPENDED: Look(
        WAIT,
        "pause",
        Said("Không sử dụng cho đến khi có quyết định mới.", "Do not use it until a new decision is made."),
    ),
    Verdict.REVOKED: Look(
        BAD, "cross", Said("Không sử dụng văn bằng này.", "Do not use this diploma.")
    ),
    Verdict.UNKNOWN_ISSUER: Look(
        BAD,
        "cross",
        Said(
            "Không sử dụng. Nếu nghi ngờ giả mạo, hãy báo cho cơ quan có thẩm quyền.",
            "Do not use it. If you suspect a forgery, report it.",
        ),
    ),
    Verdict.TAMPERED: Look(
        BAD,
        "cross",
        Said(
            "Đừng tin tệp này. Yêu cầu người gửi cung cấp lại tệp gốc.",
            "Do not believe this file. Ask the sender for the original.",
        ),
    ),
    Verdict.UNREADABLE: Look(
        NONE,
        "page",
        Said(
            "Có thể đây là ảnh chụp hoặc bản quét. Hãy xin tệp gốc: PDF, JSON hoặc SD-JWT.",
            "It may be a photo or a scan. Ask for the original file: PDF, JSON or SD-JWT.",
        ),
    ),
    Verdict.NOT_FOUND: Look(
        NONE,
        "question",
        Said("Kiểm tra lại số hiệu và họ tên.", "Check the number and the name."),
    ),
}  # fmt: skip

PASSED = Said("Đạt", "Passed")
NOT_RUN = Said("Chưa kiểm tra được", "Not checked")
OUTCOMES: Mapping[Verdict, Said] = {
    Verdict.PENDING: Said("Đang chờ", "Waiting"),
    Verdict.SUPERSEDED: Said("Đã có bản mới", "Superseded"),
    Verdict.INCONCLUSIVE: Said("Chưa kết luận được", "Could not be established"),
    Verdict.SUSPENDED: Said("Tạm dừng", "Suspended"),
    Verdict.REVOKED: Said("Đã thu hồi", "Revoked"),
    Verdict.UNKNOWN_ISSUER: Said("Không đạt", "Failed"),
    Verdict.TAMPERED: Said("Không đạt", "Failed"),
    Verdict.UNREADABLE: Said("Không đọc được", "Unreadable"),
    Verdict.NOT_FOUND: Said("Không tìm thấy", "Not found"),
}

SOURCES: Mapping[str, Said] = {
    "presented": Said("tệp được đưa ra", "the presented file"),
    "fresh file": Said("trạng thái mới nhất của kho này", "this archive, newest state"),
    "policy": Said("chính sách tin cậy của máy chủ này", "this server's trust policy"),
    "computed": Said("tính lại tại đây", "computed here"),
    "archive": Said("kho lưu trữ này bổ sung", "added by this archive"),
}

FIELDS: Mapping[str, Said] = {
    "holder_name": Said("Họ và tên", "Name"),
    "born_on": Said("Ngày sinh", "Date of birth"),
    "birthplace": Said("Nơi sinh", "Place of birth"),
    "gender": Said("Giới tính", "Gender"),
    "ethnicity": Said("Dân tộc", "Ethnicity"),
    "nationality": Said("Quốc tịch", "Nationality"),
    "personal_id": Said("Số định danh cá nhân", "Personal number"),
    "student_id": Said("Mã người học", "Student number"),
    "title": Said("Văn bằng, chứng chỉ", "Qualification"),
    "programme_name": Said("Ngành đào tạo", "Programme"),
    "programme": Said("Mã ngành", "Programme code"),
    "major": Said("Chuyên ngành", "Major"),
    "school": Said("Trường", "School"),
    "exam_board": Said("Hội đồng thi", "Examination board"),
    "exam_session": Said("Khóa thi", "Examination"),
    "classification": Said("Xếp loại", "Classification"),
    "graduation_year": Said("Năm tốt nghiệp", "Year of graduation"),
    "mode": Said("Hình thức đào tạo", "Mode of study"),
    "duration": Said("Thời gian đào tạo", "Duration"),
    "language": Said("Ngôn ngữ đào tạo", "Language of instruction"),
    "institution_name": Said("Nơi cấp", "Issuer"),
    "institution": Said("Mã cơ sở", "Issuer code"),
    "level": Said("Trình độ", "Level"),
    "kind": Said("Loại", "Kind"),
    "awarded_on": Said("Ngày cấp", "Awarded on"),
    "decision_number": Said("Quyết định", "Decision"),
    "decided_on": Said("Ngày quyết định", "Decided on"),
    "serial_number": Said("Số hiệu", "Serial number"),
    "register_number": Said("Số vào sổ gốc", "Register number"),
    "signer_name": Said("Người ký", "Signed by"),
    "signer_title": Said("Chức danh", "Office"),
    "issued_at": Said("Nơi ký", "Place"),
    "identifier": Said("Mã định danh", "Identifier"),
}
"""In the order in which a person looks for them."""

FACTS: Mapping[str, str] = {
    "issuer": "nơi cấp",
    "schema": "mẫu dữ liệu",
    "key": "khóa",
    "printed page": "trang in",
    "authority page": "trang thẩm quyền",
    "legal basis": "căn cứ pháp lý",
    "override": "ngoại lệ",
    "fields shown": "số trường hiển thị",
    "newest checkpoint": "điểm chốt mới nhất",
    "log index": "vị trí trong nhật ký",
    "batch": "đợt cấp",
    "logged after": "vào nhật ký sau",
    "logged before": "vào nhật ký trước",
    "chain": "chuỗi khối",
    "anchor": "mốc",
    "endpoints": "điểm truy cập",
    "status as of": "tình trạng tính đến",
    "status": "tình trạng",
    "act": "quyết định về văn bằng",
}
"""The Vietnamese names of facts; their English names stand in the report."""
