"""What an audit compares, everything it may find, and the report in which a stranger can follow it. Nothing here is personal data.

An *error* is what nobody explained: the audit ends with exit code 1. A *notice* is odd and explained, by a void number, an
override, a decision of the ministry, an old register.

Spec: docs/spec/completeness.md
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """Whether somebody still has to explain it."""

    ERROR = "error"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison: its name, what is held against what, and how anybody repeats it, in both languages."""

    en: str
    vi: str
    how: str
    how_vi: str


CHECKS: Mapping[str, Check] = {
    "log": Check(
        "The public log by itself", "Nhật ký công khai",
        "Every entry is read again and held against all others, the tree and its signed root: `sogoc log fsck`.",
        "Đọc lại mọi mục, đối chiếu với nhau, với cây và gốc đã ký: `sogoc log fsck`.",
    ),
    "entries": Check(
        "Entries of the log and rows of the register", "Mục nhật ký và dòng sổ gốc",
        "Walk both in the order of the log: each qualification has one row, each row of a signed batch one entry.",
        "Đi song song theo thứ tự nhật ký: mỗi văn bằng có một dòng, mỗi dòng của đợt đã ký có một mục.",
    ),
    "records": Check(
        "Records and what was committed to", "Nội dung và cam kết đã ghi",
        "Compute the commitment anew from record and secret, verify the signature, compare every column with the record.",
        "Tính lại cam kết từ nội dung và bí mật, kiểm chữ ký, so từng cột với nội dung.",
    ),
    "numbers": Check(
        "Register numbers and serial numbers", "Số vào sổ gốc và số hiệu",
        "Count each book from 1: a number is used once, or void with its reason. A serial number is used once in the issuer's life.",
        "Đếm mỗi quyển từ 1: số nào cũng dùng một lần, hoặc bỏ và có lý do. Số hiệu dùng một lần trong suốt đời cơ sở cấp.",
    ),
    "blanks": Check(
        "Blanks", "Phôi",
        "Received = issued + spoiled + lost + destroyed + in stock, for each run of serial numbers.",
        "Nhận = cấp + hỏng + mất + hủy + tồn, theo từng dải số hiệu.",
    ),
    "decisions": Check(
        "Recognition decisions", "Quyết định công nhận tốt nghiệp",
        "Compare the number that each decision names with what was issued by it, its table with the signed statement, and the order"
        " of numbers with the order of dates.",
        "So số người mỗi quyết định công nhận với số đã cấp, bảng quyết định với bản đã ký, thứ tự số với thứ tự ngày.",
    ),
    "quotas": Check(
        "Quotas", "Chỉ tiêu",
        "Add the tallies of all batches by programme, mode and intake, and compare with the quotas on the authority page.",
        "Cộng bảng đếm của mọi đợt theo ngành, hình thức, khóa tuyển sinh; so với chỉ tiêu trên trang thẩm quyền.",
    ),
    "gate": Check(
        "Powers and the rules of the gate", "Thẩm quyền và cửa kiểm soát",
        "Hold every logged batch against the authority page that was in force at its place in the log, and against every rule.",
        "Đối chiếu từng đợt đã ghi với trang thẩm quyền có hiệu lực tại vị trí của nó và với mọi quy tắc.",
    ),
    "batches": Check(
        "Batches and who approved them", "Đợt cấp và người duyệt",
        "Compare each batch with its signed statement, and look for the two people who prepared and approved it.",
        "So từng đợt với bản đã ký, và tìm hai người đã lập và duyệt.",
    ),
    "times": Check(
        "Award dates and the time of the log", "Ngày cấp và thời điểm ghi nhật ký",
        "Compare the award date of each batch with the times of the states around it in the log.",
        "So ngày cấp của từng đợt với thời điểm của các trạng thái quanh nó trong nhật ký.",
    ),
    "acts": Check(
        "Acts and their trail", "Các việc sau khi cấp và vết của chúng",
        "Each logged act is in the register with its decision and in the audit trail with a person; status tables are those of the log.",
        "Mỗi việc đã ghi có quyết định trong sổ và có người trong vết kiểm toán; bảng tình trạng đúng với nhật ký.",
    ),
    "books": Check(
        "Copies and erasures", "Sổ cấp bản sao và việc xóa dữ liệu",
        "Count the copy book of each year from 1; each erased row has its decision, and each decision its erased row.",
        "Đếm sổ cấp bản sao mỗi năm từ 1; mỗi dòng đã xóa có quyết định, mỗi quyết định xóa có dòng.",
    ),
}  # fmt: skip
"""Every comparison, in the order of the report."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One thing that an audit may find, in words, and what to do next."""

    check: str
    severity: Severity
    en: str
    vi: str
    next: str
    next_vi: str


_ERROR, _NOTICE = Severity.ERROR, Severity.NOTICE
_RESTORE = ("compare with the newest backup and with the copies that holders have; ask who had access to the database",
            "đối chiếu với bản sao lưu mới nhất và bản người học giữ; hỏi ai đã truy cập cơ sở dữ liệu")  # fmt: skip
_PAPER = ("compare with the paper register and the decision", "đối chiếu với sổ gốc giấy và quyết định")
_NONE = ("nothing to do", "không phải làm gì")
_MINISTRY = ("ask the institution for the decision that allows it; if there is none, suspend the batch and open an inquiry",
             "yêu cầu cơ sở xuất trình quyết định cho phép; nếu không có, tạm dừng đợt cấp và xác minh")  # fmt: skip

FINDINGS: Mapping[str, Kind] = {
    "log-fault": Kind("log", _ERROR, "the public log has a fault", "nhật ký công khai có lỗi",
                      "run `sogoc log fsck`, and keep every copy of the log", "chạy `sogoc log fsck`, giữ mọi bản sao nhật ký"),
    "row-missing": Kind("entries", _ERROR, "an entry of the log has no row in the register: the row was deleted",
                        "mục trong nhật ký không có dòng trong sổ: dòng đã bị xóa", *_RESTORE),
    "row-lost": Kind("entries", _NOTICE, "a restore lost rows of this batch", "khôi phục dữ liệu đã làm mất dòng của đợt này",
                     "cancel the entries by decision, and issue anew", "hủy các mục theo quyết định rồi cấp lại"),
    "row-unlogged": Kind("entries", _ERROR, "a row of a signed batch is not in the log", "dòng của đợt đã ký không có trong nhật ký",
                         *_RESTORE),
    "row-elsewhere": Kind("entries", _ERROR, "a row is tied to an entry that is not its own", "dòng gắn với mục không phải của nó",
                          *_RESTORE),
    "entry-altered": Kind("entries", _ERROR, "the register keeps another entry than the log has here",
                          "mục lưu trong sổ khác mục trong nhật ký", *_RESTORE),
    "batch-missing": Kind("entries", _ERROR, "no batch of the register explains this batch of the log",
                          "không đợt cấp nào trong sổ ứng với đợt này của nhật ký", *_RESTORE),
    "record-altered": Kind("records", _ERROR, "the record no longer gives the commitment that was logged",
                           "nội dung không còn khớp với cam kết đã ghi", *_RESTORE),
    "signature-altered": Kind("records", _ERROR, "the signature is not of this record", "chữ ký không phải của nội dung này",
                              *_RESTORE),
    "column-altered": Kind("records", _ERROR, "a column says other than the record", "cột dữ liệu khác với nội dung", *_RESTORE),
    "number-swapped": Kind("records", _ERROR, "a register or serial number is not the one in the record",
                           "số vào sổ hoặc số hiệu không phải số trong nội dung", *_RESTORE),
    "erased": Kind("records", _NOTICE, "rows without personal data, which was erased by decision: nothing left to recompute",
                   "dòng đã xóa dữ liệu cá nhân theo quyết định: không còn gì để tính lại", *_NONE),
    "gap": Kind("numbers", _ERROR, "register numbers are left out and nobody explains them", "thiếu số vào sổ mà không ai giải trình",
                "look for the diploma or void the number with its reason", "tìm văn bằng, hoặc bỏ số và ghi lý do"),
    "gap-of-old-book": Kind("numbers", _NOTICE, "register numbers are left out among rows taken over from an old register",
                            "thiếu số giữa các dòng nhập từ sổ cũ", "go on with the old book", "nhập tiếp sổ cũ"),
    "number-void": Kind("numbers", _NOTICE, "a register number is void, with a reason", "số vào sổ đã bỏ, có lý do", *_NONE),
    "number-void-and-used": Kind("numbers", _ERROR, "a register number is void and yet used", "số vào sổ đã bỏ mà vẫn dùng", *_PAPER),
    "number-reused": Kind("numbers", _ERROR, "a register number is used more than once", "số vào sổ dùng hơn một lần", *_PAPER),
    "serial-reused": Kind("numbers", _ERROR, "a serial number is used more than once", "số hiệu dùng hơn một lần", *_PAPER),
    "number-uncounted": Kind("numbers", _NOTICE, "register numbers in a form in which nobody can count",
                             "số vào sổ ở dạng không đếm được", "compare this book page by page", "đối chiếu quyển này từng trang"),
    "blanks-unequal": Kind("blanks", _ERROR, "the blanks of a run do not add up", "dải phôi không cân đối",
                           "count the stock, and look for the minutes", "kiểm kê phôi, tìm biên bản"),
    "blanks-explained": Kind("blanks", _NOTICE, "blanks spoiled, lost or destroyed, with minutes", "phôi hỏng, mất, hủy có biên bản",
                             *_NONE),
    "decision-altered": Kind("decisions", _ERROR, "the decision in the register is not the one that was signed and logged",
                             "quyết định trong sổ khác quyết định đã ký và ghi nhật ký", *_PAPER),
    "decision-order": Kind("decisions", _ERROR, "the date of a decision does not fit its number: it may be back-dated",
                           "ngày quyết định không hợp với số: có thể đã lùi ngày",
                           "ask for the register of decisions of that year", "yêu cầu sổ công văn đi của năm đó"),
    "decision-exceeded": Kind("decisions", _ERROR, "more was issued than the decision names", "đã cấp nhiều hơn số người trong quyết định",
                              *_MINISTRY),
    "decision-open": Kind("decisions", _NOTICE, "fewer were issued than the decision names", "đã cấp ít hơn số người trong quyết định",
                          "ask whether the rest is still to come", "hỏi cơ sở phần còn lại có cấp tiếp không"),
    "decision-late": Kind("decisions", _NOTICE, "the decision was entered in the register long after its date",
                          "quyết định được nhập vào sổ lâu sau ngày ký", *_PAPER),
    "quota-exceeded": Kind("quotas", _ERROR, "more was awarded than the quota and its tolerance", "đã cấp vượt chỉ tiêu và dung sai",
                           *_MINISTRY),
    "quota-tolerated": Kind("quotas", _NOTICE, "more was awarded than the quota, within the tolerance",
                            "đã cấp vượt chỉ tiêu, trong mức dung sai", "ask the institution why", "yêu cầu cơ sở giải trình"),
    "quota-overridden": Kind("quotas", _NOTICE, "more was awarded than the quota, and the ministry allowed it in public",
                             "đã cấp vượt chỉ tiêu, được Bộ cho phép công khai", *_NONE),
    "power-missing": Kind("gate", _ERROR, "awarded without the power for this programme and mode on the award date",
                          "cấp khi không có thẩm quyền với ngành và hình thức này vào ngày cấp", *_MINISTRY),
    "gate-refused": Kind("gate", _ERROR, "the gate would refuse this batch: it came past it",
                         "cửa kiểm soát sẽ từ chối đợt này: nó đã đi vòng", *_MINISTRY),
    "overridden": Kind("gate", _NOTICE, "two officers of the ministry let the batch pass, in public",
                       "hai cán bộ của Bộ cho qua, có công khai", *_NONE),
    "batch-altered": Kind("batches", _ERROR, "the batch in the register is not the one that was signed and logged",
                          "đợt cấp trong sổ khác đợt đã ký và ghi nhật ký", *_RESTORE),
    "approval-untraced": Kind("batches", _ERROR, "nobody is on record as having prepared and approved the batch",
                              "không có vết người lập và người duyệt đợt cấp", *_MINISTRY),
    "approved-by-preparer": Kind("batches", _ERROR, "who prepared it also approved it", "người lập cũng là người duyệt", *_MINISTRY),
    "recorded-late": Kind("times", _NOTICE, "logged long after the award", "vào nhật ký lâu sau ngày cấp", *_NONE),
    "back-dated": Kind("times", _ERROR, "said to be recorded when it was awarded, and logged on another day long away",
                       "ghi là cấp và vào sổ cùng lúc, nhưng vào nhật ký cách xa ngày cấp", *_MINISTRY),
    "act-missing": Kind("acts", _ERROR, "an act of the log is not in the register", "việc đã ghi nhật ký không có trong sổ", *_RESTORE),
    "act-recovered": Kind("acts", _NOTICE, "a restore lost who did it and by which decision", "khôi phục đã làm mất người và quyết định",
                          *_PAPER),
    "act-untraced": Kind("acts", _ERROR, "nobody is on record as having done it", "không có vết người thực hiện", *_RESTORE),
    "act-without-decision": Kind("acts", _ERROR, "the decision of an act is missing, or is not the one that was logged",
                                 "thiếu quyết định của việc đã ghi, hoặc khác quyết định đã ghi", *_PAPER),
    "status-altered": Kind("acts", _ERROR, "a status list in the register is not as the log has it",
                           "danh sách tình trạng trong sổ khác nhật ký", "run `sogoc recover`", "chạy `sogoc recover`"),
    "copy-gap": Kind("books", _ERROR, "numbers of the copy book are left out", "sổ cấp bản sao thiếu số", *_PAPER),
    "erasure-untraced": Kind("books", _ERROR, "personal data is gone without a decision", "dữ liệu cá nhân bị xóa mà không có quyết định",
                             *_RESTORE),
    "erasure-unjournaled": Kind("books", _ERROR, "a decision says that personal data was erased, and the journal of erasures does not",
                                "quyết định ghi đã xóa dữ liệu cá nhân, sổ ghi việc xóa thì không", *_RESTORE),
    "erasure-undone": Kind("books", _ERROR, "personal data is there that was to be erased by decision",
                           "dữ liệu lẽ ra đã xóa theo quyết định vẫn còn",
                           "run `sogoc recover`: a restore applies the erasures again", "chạy `sogoc recover` để xóa lại"),
}  # fmt: skip
"""Everything an audit may find, by code. Codes are stable."""


Where = Mapping[str, str | int | None]
"""A place in words of the register: institution, batch, index, cell, decision, book, number. None is not known."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `where` names the place in words of the register: batch, index, cell, number; `en` and `vi` are the facts."""

    code: str
    where: Where
    en: str = ""
    vi: str = ""

    @property
    def kind(self) -> Kind:
        return FINDINGS[self.code]

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code, "severity": str(self.kind.severity), "where": dict(self.where),
            "en": self.kind.en + (f": {self.en}" if self.en else ""),
            "vi": self.kind.vi + (f": {self.vi or self.en}" if self.en else ""),
            "next": {"en": self.kind.next, "vi": self.kind.next_vi},
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One check of a report: how many things were compared, what was found, and how many findings more than are listed."""

    check: str
    compared: int
    findings: tuple[Finding, ...]
    unlisted: int

    def to_json(self) -> dict[str, Any]:
        words = CHECKS[self.check]
        return {
            "check": self.check, "en": words.en, "vi": words.vi, "how": {"en": words.how, "vi": words.how_vi},
            "compared": self.compared, "findings": [one.to_json() for one in self.findings], "unlisted": self.unlisted,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An audit of a log, or of one institution in it, at one size and root.

    `institution` is a code, or None for all. `counts` are what was counted on the way, by name. `errors` and `notices` count
    also what is not listed.
    """

    origin: str
    institution: str | None
    from_public_data: bool
    size: int
    root: bytes
    state_at: datetime | None
    counts: Mapping[str, int]
    sections: tuple[Section, ...]
    errors: int
    notices: int

    @property
    def not_made(self) -> tuple[str, ...]:
        """The checks that this audit did not make: from public data alone nobody sees the register."""
        made = {section.check for section in self.sections}
        return tuple(check for check in CHECKS if check not in made)

    @property
    def exit_code(self) -> int:
        """1 when anything is unexplained."""
        return 1 if self.errors else 0

    def findings(self, severity: Severity | None = None) -> list[Finding]:
        return [
            one for section in self.sections for one in section.findings if severity in (None, one.kind.severity)
        ]  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        return {
            "complete": not self.errors and not self.not_made, "origin": self.origin, "institution": self.institution,
            "from_public_data": self.from_public_data, "size": self.size, "root": self.root.hex(),
            "state_at": None if self.state_at is None else f"{self.state_at:%Y-%m-%dT%H:%M:%SZ}",
            "errors": self.errors, "notices": self.notices, "counts": dict(self.counts),
            "checks": [section.to_json() for section in self.sections], "not_made": list(self.not_made),
        }  # fmt: skip


LISTED = 1000
"""So many findings of one code are listed; the rest is counted."""


class Notebook:
    """Where an audit writes down what it compared and found, in the order in which it comes across it."""

    def __init__(self) -> None:
        self._compared: Counter[str] = Counter()
        self._found: dict[str, list[Finding]] = defaultdict(list)
        self._counted: Counter[str] = Counter()

    def compared(self, check: str, count: int = 1) -> None:
        self._compared[check] += count

    def find(self, code: str, where: Where, *, en: str = "", vi: str = "") -> None:
        """Write down a finding; a place that is not known is left out."""
        self._counted[code] += 1
        if self._counted[code] <= LISTED:
            known = {name: value for name, value in where.items() if value is not None}
            self._found[FINDINGS[code].check].append(Finding(code, known, en, vi))

    def sections(self, checks: Sequence[str]) -> tuple[Section, ...]:
        """Return what was found, for the checks that were made."""
        return tuple(
            Section(
                check=check, compared=self._compared[check], findings=tuple(self._found[check]),
                unlisted=sum(self._unlisted(code) for code, kind in FINDINGS.items() if kind.check == check),
            )
            for check in CHECKS
            if check in checks
        )  # fmt: skip

    def count(self, severity: Severity) -> int:
        return sum(count for code, count in self._counted.items() if FINDINGS[code].severity is severity)

    def _unlisted(self, code: str) -> int:
        return max(self._counted[code] - LISTED, 0)
