"""What a reader of the whole log may find wrong with an entry: a closed list of codes, in both languages.

Spec: docs/spec/entry.md ("What sequencer and fsck refuse")
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that should not stand in the log. `index` is None when it is of no single place; `code` is stable."""

    index: int | None
    code: str
    en: str
    vi: str


FAULTS: Mapping[str, tuple[str, str]] = {
    "malformed": ("the entry is in no form of the log", "mục không đúng dạng nào của nhật ký"),
    "id-used": ("an earlier entry carries the same id", "mã định danh này đã có ở mục trước"),
    "ordinal-gap": ("ordinals are given without a gap", "số thứ tự cơ sở phải liên tục"),
    "version": ("this page version was used, or one is left out", "phiên bản trang đã dùng hoặc bị bỏ cách"),
    "page-missing": ("the authority page is not there", "thiếu trang thẩm quyền"),
    "page-digest": ("the authority page is not the one that was logged", "trang thẩm quyền không phải trang đã ghi"),
    "page-malformed": ("the authority page does not parse", "trang thẩm quyền sai dạng"),
    "page-other": ("the page is of another institution or version", "trang thuộc cơ sở hoặc phiên bản khác"),
    "page-signature": ("no ministry key in force signed the page", "không khóa còn hiệu lực nào của bộ ký trang"),
    "code-used": ("the code belongs to another institution", "mã cơ sở đã thuộc cơ sở khác"),
    "key-used": ("a key stands on another page or is the ministry's", "khóa đã thuộc trang khác hoặc thuộc bộ"),
    "succession": ("the page does not follow from the one before", "trang không nối tiếp trang trước"),
    "key-backdated": ("a new key counts before its page", "khóa mới có hiệu lực từ trước trang ghi khóa đó"),
    "cut-ignored": ("the page leaves a key in force that was cut", "trang vẫn để hiệu lực một khóa đã bị cắt"),
    "author": ("nobody signed who may do this", "không có chữ ký của bên có quyền"),
    "key-window": ("the signing key is not in force at this index", "khóa ký không có hiệu lực tại vị trí này"),
    "signature": ("the signature is false", "chữ ký sai"),
    "override": (
        "an override, or what follows in a batch past a power, lacks the ministry's signature",
        "đợt cấp vượt thẩm quyền, hoặc bản sửa, cấp lại trong đợt đó, thiếu chữ ký của bộ",
    ),
    "provenance": (
        "a register that somebody else keeps claims a record as its own of today",
        "sổ gốc do cơ sở khác giữ mà ghi bản ghi là cấp mới (mức A)",
    ),
    "decision-total": (
        "the batches of one decision exceed the number that it names, or name two",
        "các đợt cấp của một quyết định vượt số người công nhận, hoặc ghi hai số khác nhau",
    ),
    "decision-spelling": (
        "an earlier batch writes the number of this decision otherwise",
        "đợt cấp trước ghi số quyết định này theo cách khác",
    ),
    "batch-cut-short": ("a batch ends before its last entry", "đợt cấp kết thúc khi chưa đủ mục"),
    "stray-issue": ("a qualification stands outside its batch", "văn bằng nằm ngoài đợt cấp"),
    "other-batch": ("the entry names another batch", "mục ghi đợt cấp khác"),
    "institution": ("the entry names another institution", "mục ghi cơ sở khác"),
    "batch-order": ("the batch is not in order of commitment", "đợt cấp không theo thứ tự cam kết"),
    "batch-root": ("the entries are not those that the batch signed", "các mục không phải những mục đợt cấp đã ký"),
    "commitment-used": ("the commitment was logged before", "cam kết đã được ghi trước đó"),
    "place-used": ("the status place was given before", "vị trí tình trạng đã được dùng"),
    "place-far": ("a status list of so high a number is not needed yet", "số danh sách tình trạng quá xa"),
    "target": ("the act concerns no earlier qualification", "mục không nhằm vào văn bằng nào đã ghi"),
    "not-newest": ("the act concerns a version that was superseded", "mục nhằm vào phiên bản đã bị thay thế"),
    "previous": ("another act on this qualification came between", "đã có mục khác về văn bằng này xen vào"),
    "after-revocation": ("a revocation is final", "thu hồi, hủy bỏ là chung cuộc"),
    "after-suspension": ("nothing follows a suspended record", "không sửa, cấp lại bản đang tạm dừng"),
    "custody": (
        "the register is handed over by or to somebody who may not, or not after the page it follows, or a page names another keeper",
        "việc bàn giao sổ gốc sai bên giao, bên nhận, sai trang nối tiếp, hoặc trang ghi nơi giữ sổ khác",
    ),
    "state-time": ("the time of the state does not grow", "thời điểm của trạng thái không tăng"),
    "state-authority": ("the tree of authority pages is another one", "cây trang thẩm quyền không đúng"),
    "state-status": ("the tree of status lists is another one", "cây danh sách tình trạng không đúng"),
}
"""Everything a replay may find, by code, in English and Vietnamese."""
