"""What can be wrong in a registrar's table, and how she is told.

A rule has one stable name and says what is wrong and how to mend it in both languages. The sentences never hold the
value of any cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is looked for. `{name}` in a sentence is filled from the problem's `facts`.

    `one_by_one`: what it warns of is so rarely right that no one word may confirm it for many cells.
    """

    en: str
    vi: str
    mend: str
    mend_vi: str
    severity: Severity = "error"
    one_by_one: bool = False


_RETYPE = ("Type the value as text.", "Gõ lại giá trị dưới dạng văn bản.")
_OLD_CODE = (
    "Compare the reading that is proposed with the register, or convert the file to Unicode in the program that made it.",
    "So cách đọc được đề xuất với sổ gốc, hoặc chuyển tệp sang Unicode bằng phần mềm đã tạo ra nó.",
)
_WHOLE_DATE = ("Write it as day/month/year, such as 05/02/2003.", "Ghi ngày/tháng/năm, ví dụ 05/02/2003.")

RULES: Mapping[str, Rule] = {
    # The file and its sheets
    "file-encoding": Rule(
        "This text file does not say its encoding; most likely it is {name}.",
        "Tệp văn bản không cho biết bảng mã; nhiều khả năng là {name}.",
        "Compare how it reads in each encoding, then accept the right one.",
        "So các cách đọc rồi chấp nhận bảng mã đúng.",
    ),
    "encoding-unknown": Rule(
        "This text file does not say its encoding, and no encoding fits it better than another.",
        "Tệp văn bản không cho biết bảng mã, và không bảng mã nào phù hợp hơn hẳn.",
        "Export it as CSV UTF-8 or as .xlsx, or choose the encoding.",
        "Xuất lại dạng CSV UTF-8 hoặc .xlsx, hoặc chọn bảng mã.",
    ),
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
        "Accept the order in which they are joined, or join them in one column, as the name stands on the diploma.",
        "Chấp nhận thứ tự ghép, hoặc gộp thành một cột Họ và tên đúng như ghi trên văn bằng.",
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
        "Compare the reading that is proposed with the register, or export the original file as UTF-8.",
        "So cách đọc được đề xuất với sổ gốc, hoặc xuất lại tệp gốc dạng UTF-8.",
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
    "cp1258": Rule(
        "The text is in the old encoding Windows-1258, read as another one.",
        "Chữ dùng bảng mã cũ Windows-1258 bị đọc nhầm.",
        *_OLD_CODE,
    ),
    "ambiguous-encoding": Rule(
        "The text can be read in two encodings, and makes sense in both.",
        "Chữ có thể đọc theo hai bảng mã, và cách nào cũng có nghĩa.",
        "Retype it from the register.",
        "Gõ lại theo sổ gốc.",
    ),
    "lost-diacritics": Rule(
        "The Vietnamese letters of this text were lost.",
        "Chữ đã mất dấu tiếng Việt.",
        "Retype it from the paper register; it cannot be guessed.",
        "Gõ lại theo sổ gốc; không thể đoán.",
    ),
    "unmarked-name": Rule(
        "The family name is never written without its marks in Vietnamese.",
        "Họ này trong tiếng Việt không bao giờ viết không dấu.",
        "Retype the name from the register; if the paper really has no marks, confirm this one cell.",
        "Gõ lại theo sổ gốc; nếu bản giấy đúng là không có dấu, xác nhận riêng ô này.",
        severity="warning",
        one_by_one=True,
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
    "formula-result": Rule(
        "Cells of this column are the results of formulas ({count}), as the program last computed them.",
        "Cột này có ô là kết quả công thức ({count} ô), theo lần tính gần nhất của phần mềm.",
        "Compare them with the register and confirm the column, or replace the formulas by their values.",
        "Đối chiếu với sổ gốc rồi xác nhận cột, hoặc thay công thức bằng giá trị.",
        severity="warning",
    ),
    "external-link": Rule(
        "The workbook takes values from other files: {count} links.",
        "Sổ tính lấy giá trị từ tệp khác: {count} liên kết.",
        "Break the links, or compare the values with the register and confirm them.",
        "Ngắt liên kết, hoặc đối chiếu giá trị với sổ gốc rồi xác nhận.",
        severity="warning",
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
    "name-case": Rule(
        "The name has no capital letter.",
        "Họ tên không có chữ hoa.",
        "Write the capitals as they stand in the register, or confirm the name.",
        "Viết hoa như trong sổ gốc, hoặc xác nhận họ tên.",
        severity="warning",
    ),
    "name-order": Rule(
        "The given name stands in capitals before the family name.",
        "Tên viết hoa đứng trước họ.",
        "Write the name in the order of the diploma, or confirm that it stands so.",
        "Ghi họ tên theo thứ tự trên văn bằng, hoặc xác nhận ghi đúng như vậy.",
        severity="warning",
    ),
    "no-diacritics": Rule(
        "The name seems to have lost its Vietnamese letters.",
        "Họ tên có vẻ đã mất dấu tiếng Việt.",
        "Compare it with the register; confirm a name that has none.",
        "Đối chiếu sổ gốc; xác nhận nếu tên vốn không có dấu.",
        severity="warning",
    ),
    "gender-mark": Rule(
        "A mark or a number stands for the gender.",
        "Giới tính được ghi bằng dấu hoặc bằng số.",
        "Write Nam, Nữ or Khác. An empty cell is never taken for Nam.",
        "Ghi Nam, Nữ hoặc Khác. Ô trống không bao giờ được hiểu là Nam.",
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
    "old-programme": Rule(
        "The programme code is of an earlier list.",
        "Mã ngành theo danh mục cũ.",
        "Confirm that the decision of that time gives this code.",
        "Xác nhận quyết định thời đó ghi mã này.",
        severity="warning",
    ),
    "look-alike": Rule(
        "A letter O, I or l stands among the digits.",
        "Có chữ O, I hoặc l lẫn trong các chữ số.",
        "Compare with the paper whether it is 0 or 1.",
        "So với bản giấy xem có phải số 0 hoặc 1 không.",
        severity="warning",
    ),
    "grade-era": Rule(
        "No regulation in force on the day of the award knows this grade.",
        "Quy chế áp dụng vào ngày cấp không có xếp loại này.",
        "Compare with the register; confirm it if an earlier regulation applies.",
        "Đối chiếu sổ gốc; xác nhận nếu áp dụng quy chế cũ.",
        severity="warning",
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
    "date-order": Rule(
        "Cells of this column can only be dates with the month before the day.",
        "Có ô trong cột chỉ đúng nếu tháng đứng trước ngày.",
        "Say for the whole column which stands first, or write it as day/month/year.",
        "Chọn thứ tự ngày, tháng cho cả cột, hoặc ghi cả cột theo ngày/tháng/năm.",
    ),
    "month-first": Rule(
        "The month stands before the day.",
        "Tháng đứng trước ngày.",
        "Write it as day/month/year, like the other cells of the column.",
        "Ghi ngày/tháng/năm như các ô khác trong cột.",
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
    "weekend-decision": Rule(
        "The decision is dated on a Sunday.",
        "Ngày quyết định là Chủ nhật.",
        "Compare with the decision.",
        "Đối chiếu với quyết định.",
        severity="warning",
    ),
    "decision-dates": Rule(
        "The same decision number stands elsewhere with another date: {other}.",
        "Cùng số quyết định nhưng nơi khác ghi ngày khác: {other}.",
        "Correct the number or the date.",
        "Sửa số hoặc ngày quyết định.",
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
    # Rows against the register
    "serial-known": Rule(
        "The register holds this serial number already.",
        "Sổ gốc đã có số hiệu này.",
        "Compare with the register; a lost original is never issued again.",
        "Đối chiếu với sổ gốc; bản chính bị mất không được cấp lại.",
    ),
    "register-known": Rule(
        "The register holds this register number of the year already.",
        "Sổ gốc đã có số vào sổ này trong năm.",
        "Give the next free number.",
        "Ghi số tiếp theo còn trống.",
    ),
    "decision-known": Rule(
        "The register knows this decision number with the date {date}.",
        "Sổ gốc đã có số quyết định này với ngày {date}.",
        "Correct the number or the date.",
        "Sửa số hoặc ngày quyết định.",
    ),
    "person-known": Rule(
        "The register holds a qualification of this person in this programme already.",
        "Sổ gốc đã có văn bằng của người này ở ngành này.",
        "Confirm a second qualification, or delete the row.",
        "Xác nhận văn bằng thứ hai, hoặc xóa dòng.",
        severity="warning",
    ),
}
