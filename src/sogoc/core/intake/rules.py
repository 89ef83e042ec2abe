"""What can be wrong in a registrar's table, and how she is told.

A rule has one stable name and says what is wrong and how to mend it in both languages. The sentences never hold the
value of any cell: the value and the proposal are separate, so that a log or a list can leave them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is looked for. `{name}` in a sentence is filled from the problem's `facts`."""

    en: str
    vi: str
    mend: str
    mend_vi: str
    severity: Severity = "error"


_RETYPE = ("Type the value as text.", "Gõ lại giá trị dưới dạng văn bản.")
_OLD_CODE = (
    "Convert the file to Unicode in the program that made it, then import it again.",
    "Chuyển tệp sang Unicode bằng phần mềm đã tạo ra nó rồi nhập lại.",
)
_WHOLE_DATE = ("Write it as day/month/year, such as 05/02/2003.", "Ghi ngày/tháng/năm, ví dụ 05/02/2003.")

RULES: Mapping[str, Rule] = {
    # The file and its sheets
    "no-header": Rule(
        "No header row was found among the first {rows} rows.",
        "Không tìm thấy dòng tiêu đề cột trong {rows} dòng đầu.",
        "Give every column its name, such as Họ và tên, Ngày sinh, Số hiệu.",
        "Ghi tên cho từng cột, ví dụ Họ và tên, Ngày sinh, Số hiệu.",
    ),
    "no-rows": Rule(
        "There is no row with a person in it.",
        "Không có dòng dữ liệu nào.",
        "Choose the file that holds the list.",
        "Chọn đúng tệp có danh sách.",
    ),
    "hidden-sheet": Rule(
        "This sheet is hidden and holds data.",
        "Trang tính này đang bị ẩn mà có dữ liệu.",
        "Unhide the sheet or delete it.",
        "Bỏ ẩn hoặc xóa trang tính.",
    ),
    "hidden-column": Rule(
        "This column is hidden and holds data.",
        "Cột này đang bị ẩn mà có dữ liệu.",
        "Unhide the column or delete it.",
        "Bỏ ẩn hoặc xóa cột.",
    ),
    "hidden-row": Rule(
        "This row is hidden and holds data.",
        "Dòng này đang bị ẩn mà có dữ liệu.",
        "Clear the filter, or delete the row if the person does not belong to this batch.",
        "Bỏ lọc, hoặc xóa dòng nếu người này không thuộc đợt cấp.",
    ),
    "unknown-column": Rule(
        "Nothing is known of a column of this name.",
        "Không biết cột có tên này là gì.",
        "Give the column a name from the template, or mark it as ignored.",
        "Đổi tên cột theo mẫu, hoặc đánh dấu bỏ qua cột.",
    ),
    "unnamed-column": Rule(
        "This column holds data and has no name.",
        "Cột có dữ liệu nhưng không có tên.",
        "Name the column, or empty it.",
        "Đặt tên cho cột, hoặc xóa dữ liệu trong cột.",
    ),
    "foreign-column": Rule(
        "The register of this kind of qualification has no such column.",
        "Sổ gốc của loại văn bằng này không có cột này.",
        "Check that the right kind was chosen, or mark the column as ignored.",
        "Kiểm tra loại văn bằng đã chọn, hoặc đánh dấu bỏ qua cột.",
    ),
    "column-twice": Rule(
        "This column and column {other} mean the same.",
        "Cột này trùng nghĩa với cột {other}.",
        "Keep one of the two.",
        "Giữ lại một trong hai cột.",
    ),
    "split-name": Rule(
        "The name is split over several columns.",
        "Họ tên bị tách ra nhiều cột.",
        "Join the parts in one column Họ và tên, as the name stands on the diploma.",
        "Gộp thành một cột Họ và tên, đúng như ghi trên văn bằng.",
    ),
    "missing-column": Rule(
        "There is no column for {field}, and no value was chosen for the whole batch.",
        "Không có cột {field}, và cũng chưa chọn giá trị chung cho cả đợt.",
        "Add the column, or choose one value for the batch.",
        "Thêm cột, hoặc chọn giá trị chung cho cả đợt.",
    ),
    "total": Rule(
        "The total says {said}; {read} rows were read.",
        "Dòng tổng ghi {said}, nhưng đọc được {read} dòng.",
        "Find the row that is missing or too many, or correct the total.",
        "Tìm dòng thiếu hoặc thừa, hoặc sửa lại dòng tổng.",
    ),
    "too-many": Rule(
        "So much is wrong that reading stopped before row {row}.",
        "Quá nhiều lỗi nên đã dừng đọc trước dòng {row}.",
        "Mend what is listed, beginning with what concerns whole columns, and import the file again.",
        "Sửa các lỗi đã liệt kê, bắt đầu từ lỗi của cả cột, rồi nhập lại tệp.",
    ),
    # Any cell
    "missing": Rule(
        "The value is missing.",
        "Còn thiếu giá trị.",
        "Fill in the cell from the register.",
        "Điền theo sổ gốc.",
    ),
    "contradicts": Rule(
        "This is not the value chosen for the whole batch.",
        "Khác với giá trị đã chọn cho cả đợt.",
        "Correct the cell, or the choice, or put the row in a batch of its own.",
        "Sửa ô, sửa giá trị đã chọn, hoặc chuyển dòng sang đợt khác.",
    ),
    "form": Rule(
        "The value {fault}.",
        "Giá trị không đúng dạng của cột này ({fault}).",
        "Correct the cell.",
        "Sửa lại ô.",
    ),
    "nfc": Rule(
        "The letters are composed in another Unicode form.",
        "Chữ được ghép theo dạng Unicode khác.",
        "Nothing to do: they look the same.",
        "Không cần sửa: chữ hiển thị như cũ.",
    ),
    "spaces": Rule(
        "There are spaces too many, or of another kind.",
        "Có dấu cách thừa hoặc dấu cách đặc biệt.",
        "Nothing to do.",
        "Không cần sửa.",
    ),
    "hidden-character": Rule(
        "The cell holds a character that cannot be seen.",
        "Ô có ký tự ẩn.",
        "Retype the value.",
        "Gõ lại giá trị.",
    ),
    "mojibake": Rule(
        "The text is UTF-8 that some program read as another encoding.",
        "Chữ bị vỡ: văn bản UTF-8 đã bị đọc nhầm bảng mã.",
        "Go back to the original file and export it as UTF-8.",
        "Mở lại tệp gốc và xuất ra dạng UTF-8.",
    ),
    "tcvn3": Rule(
        "The text is in the old TCVN3 (.VnTime) encoding.",
        "Chữ dùng bảng mã cũ TCVN3 (.VnTime).",
        *_OLD_CODE,
    ),
    "vni": Rule(
        "The text is in the old VNI encoding.",
        "Chữ dùng bảng mã cũ VNI.",
        *_OLD_CODE,
    ),
    "lost-diacritics": Rule(
        "The Vietnamese letters of this text were lost.",
        "Chữ đã mất dấu tiếng Việt.",
        "Retype it from the paper register; it cannot be guessed.",
        "Gõ lại theo sổ gốc; không thể đoán.",
    ),
    "confusable": Rule(
        "A letter only looks like the right one, such as Ð for Đ.",
        "Có chữ cái chỉ trông giống chữ đúng, ví dụ Ð thay cho Đ.",
        "Retype the value with a Vietnamese keyboard.",
        "Gõ lại bằng bộ gõ tiếng Việt.",
    ),
    "unfamiliar-letter": Rule(
        "A letter belongs to no language of Vietnam.",
        "Có chữ cái không thuộc chữ viết nào ở Việt Nam.",
        "Confirm that the name is foreign and stands so in the register.",
        "Xác nhận đây là tên nước ngoài và ghi đúng như sổ gốc.",
        severity="warning",
    ),
    "formula": Rule(
        "The cell holds a formula without a result.",
        "Ô là công thức không có kết quả.",
        "Replace the formula by its value.",
        "Thay công thức bằng giá trị.",
    ),
    "formula-error": Rule(
        "The formula of this cell ended in an error.",
        "Công thức trong ô bị lỗi.",
        "Replace the formula by the right value.",
        "Thay công thức bằng giá trị đúng.",
    ),
    "wrong-type": Rule(
        "A cell of this kind cannot stand in this column.",
        "Kiểu dữ liệu của ô không phù hợp với cột.",
        *_RETYPE,
    ),
    "turned-into-date": Rule(
        "Excel turned this value into a date.",
        "Excel đã biến giá trị này thành ngày tháng.",
        "Format the column as text and retype the value from the register.",
        "Định dạng cột là văn bản (Text) và gõ lại theo sổ gốc.",
    ),
    "number-as-text": Rule(
        "The number is stored as a quantity; zeros in front would be lost.",
        "Số được lưu dạng số đếm; nếu có số 0 ở đầu thì đã mất.",
        "Compare it with the diploma, then format the column as text.",
        "So với văn bằng rồi định dạng cột là văn bản (Text).",
    ),
    "scientific": Rule(
        "Excel shortened a long number; its last digits are lost.",
        "Excel đã rút gọn số dài; các chữ số cuối đã mất.",
        "Format the column as text and retype the number from the register.",
        "Định dạng cột là văn bản (Text) và gõ lại số theo sổ gốc.",
    ),
    # Personal numbers
    "apostrophe": Rule(
        "An apostrophe stands before the number.",
        "Có dấu nháy đơn trước số.",
        "Remove it.",
        "Bỏ dấu nháy.",
    ),
    "id-separators": Rule(
        "The personal number is broken by spaces or dots.",
        "Số định danh bị ngắt bởi dấu cách hoặc dấu chấm.",
        "Write its digits only.",
        "Chỉ ghi các chữ số.",
    ),
    "leading-zeros": Rule(
        "Excel lost the zeros in front. A personal number has 12 digits.",
        "Excel đã làm mất số 0 ở đầu. Số định danh phải có 12 chữ số.",
        "Format the column as text and write all 12 digits.",
        "Định dạng cột là văn bản (Text) và ghi đủ 12 chữ số.",
    ),
    "id-length": Rule(
        "A personal number has 12 digits, or 9 on the old card.",
        "Số định danh phải có 12 chữ số (chứng minh nhân dân cũ: 9).",
        "Correct it from the person's papers; empty the cell if it is not known.",
        "Sửa theo giấy tờ của người học; để trống nếu không biết.",
    ),
    "id-mismatch": Rule(
        "The personal number speaks of another sex or year of birth than this row.",
        "Số định danh cho biết giới tính hoặc năm sinh khác với dòng này.",
        "Compare both with the person's papers.",
        "Đối chiếu với giấy tờ của người học.",
        severity="warning",
    ),
    "id-shared": Rule(
        "Cell {other} gives the same personal number to somebody else.",
        "Ô {other} ghi cùng số định danh cho người khác.",
        "Find out whose it is.",
        "Xác định đúng số của từng người.",
    ),
    # Names and words
    "name-digits": Rule(
        "A name holds digits or signs.",
        "Họ tên có chữ số hoặc ký hiệu.",
        "Retype the name as it stands in the register.",
        "Gõ lại họ tên đúng như sổ gốc.",
    ),
    "gender": Rule(
        "The gender is neither Nam, Nữ nor Khác.",
        "Giới tính phải là Nam, Nữ hoặc Khác.",
        "Write one of the three, or leave the cell empty.",
        "Ghi một trong ba, hoặc để trống.",
    ),
    "mode": Rule(
        "This is not a mode of study.",
        "Không phải hình thức đào tạo.",
        "Write one of: {words}.",
        "Ghi một trong: {words}.",
    ),
    "level": Rule(
        "This is not a level of qualification.",
        "Không phải trình độ đào tạo.",
        "Write one of: {words}.",
        "Ghi một trong: {words}.",
    ),
    "kind": Rule(
        "This is not a kind of qualification.",
        "Không phải loại văn bằng, chứng chỉ.",
        "Write one of: {words}.",
        "Ghi một trong: {words}.",
    ),
    "framework": Rule(
        "The framework level is not that of the level of this row.",
        "Trình độ theo khung quốc gia không khớp với bậc đào tạo của dòng này.",
        "Correct one of the two.",
        "Sửa một trong hai.",
    ),
    "grade": Rule(
        "No regulation of this kind of qualification knows this grade.",
        "Xếp loại này không có trong quy chế của loại văn bằng này.",
        "Write one of: {words}.",
        "Ghi một trong: {words}.",
    ),
    # Dates
    "date-form": Rule(
        "This is not a date.",
        "Không phải ngày tháng.",
        *_WHOLE_DATE,
    ),
    "unknown-date": Rule(
        "The date is said to be unknown.",
        "Ngày ghi là không rõ.",
        "Write the year of birth alone, such as 1958.",
        "Chỉ ghi năm sinh, ví dụ 1958.",
    ),
    "partial-date": Rule(
        "Day and month are missing.",
        "Thiếu ngày, tháng.",
        *_WHOLE_DATE,
    ),
    "two-digit-year": Rule(
        "The year has two digits only.",
        "Năm chỉ có hai chữ số.",
        "Write all four digits of the year.",
        "Ghi đủ bốn chữ số của năm.",
    ),
    "impossible-date": Rule(
        "This day does not exist.",
        "Ngày này không có thật.",
        "Correct it from the register.",
        "Sửa lại theo sổ gốc.",
    ),
    "zero-day": Rule(
        "Day or month is zero.",
        "Ngày hoặc tháng ghi số 0.",
        "Where only the year is known, write the year.",
        "Nếu chỉ biết năm thì ghi năm.",
    ),
    "month-first": Rule(
        "The month stands before the day.",
        "Tháng đứng trước ngày.",
        "Write the whole column as day/month/year.",
        "Ghi cả cột theo thứ tự ngày/tháng/năm.",
    ),
    "ambiguous-date": Rule(
        "Other cells of this column write the month first, so this date can be read in two ways.",
        "Có ô khác trong cột ghi tháng trước, nên ngày này có thể hiểu theo hai cách.",
        "Write the whole column as day/month/year.",
        "Ghi cả cột theo thứ tự ngày/tháng/năm.",
    ),
    "swapped-date": Rule(
        "Excel probably swapped day and month: it turned only the days up to 12 into dates, the others stayed text.",
        "Có thể Excel đã đảo ngày và tháng: chỉ các ngày đến 12 thành kiểu ngày, các ngày khác vẫn là văn bản.",
        "Compare with the register, then format the whole column alike.",
        "Đối chiếu sổ gốc rồi định dạng cả cột thống nhất.",
    ),
    "excel-serial": Rule(
        "The number of a day in Excel stands for the date.",
        "Ô ghi số thứ tự ngày của Excel thay cho ngày tháng.",
        "Format the column as a date.",
        "Định dạng cột là ngày tháng.",
    ),
    "date-time": Rule(
        "A time of day stands beside the date.",
        "Có giờ đi kèm ngày.",
        "Write the date alone.",
        "Chỉ ghi ngày.",
    ),
    "future-date": Rule(
        "This date is in the future.",
        "Ngày này ở tương lai.",
        "Correct it from the register.",
        "Sửa lại theo sổ gốc.",
    ),
    "old-date": Rule(
        "This date is before 1900.",
        "Ngày này trước năm 1900.",
        "Correct it from the register.",
        "Sửa lại theo sổ gốc.",
    ),
    "award-before-decision": Rule(
        "The qualification was awarded before the decision that recognises it.",
        "Ngày cấp trước ngày quyết định công nhận tốt nghiệp.",
        "Correct one of the two dates.",
        "Sửa một trong hai ngày.",
    ),
    "too-young": Rule(
        "The person was younger than 15 on the day of the award.",
        "Người được cấp chưa đủ 15 tuổi vào ngày cấp.",
        "Correct the date of birth or of the award.",
        "Sửa ngày sinh hoặc ngày cấp.",
    ),
    # Rows against each other
    "serial-twice": Rule(
        "Cell {other} holds the same serial number.",
        "Ô {other} đã ghi số hiệu này.",
        "One blank, one number: correct one of the two.",
        "Mỗi phôi một số hiệu: sửa một trong hai.",
    ),
    "register-twice": Rule(
        "Cell {other} holds the same register number.",
        "Ô {other} đã ghi số vào sổ này.",
        "One entry, one number: correct one of the two.",
        "Mỗi lượt vào sổ một số: sửa một trong hai.",
    ),
    "person-twice": Rule(
        "Cell {other} names the same person with the same date of birth and programme.",
        "Ô {other} ghi cùng họ tên, ngày sinh và ngành.",
        "Delete one row; if they are two people, give both personal numbers.",
        "Xóa một dòng; nếu là hai người, ghi số định danh của cả hai.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in one place. An error keeps the file out of the register; a warning asks to be confirmed.

    `value` and `proposal` may be personal data; the sentences are not. `cell` is such as D17, a column's letters, or
    empty for the whole sheet; `column` is the header as the registrar wrote it.
    """

    file: str
    sheet: str
    cell: str
    column: str
    rule: str
    value: str = ""
    proposal: str | None = None
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def severity(self) -> Severity:
        return RULES[self.rule].severity

    @property
    def en(self) -> str:
        return RULES[self.rule].en.format(**dict(self.facts))

    @property
    def vi(self) -> str:
        return RULES[self.rule].vi.format(**dict(self.facts))

    @property
    def mend(self) -> str:
        return RULES[self.rule].mend.format(**dict(self.facts))

    @property
    def mend_vi(self) -> str:
        return RULES[self.rule].mend_vi.format(**dict(self.facts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value that is carried otherwise than it was typed: lossless, or accepted by the registrar."""

    sheet: str
    cell: str
    column: str
    before: str
    after: str
    rule: str
