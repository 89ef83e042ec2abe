"""The words of the pages: what a person reads for a verdict, a step, a field or the source of a fact. Vietnamese first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sogoc.core.report import Verdict
from sogoc.core.vocabulary import Said


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
    "archive": Said("kho lưu trữ này bổ sung", "added by this archive"),
}

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
