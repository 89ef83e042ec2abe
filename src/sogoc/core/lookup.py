"""The look-up by number: what anybody may ask of a register without holding the diploma, and what it answers.

Who asks names the institution, the number and the holder. The answer says whether they belong together and how the qualification
stands. It never says a name, a date or a grade, nor how a qualification stands to somebody who does not know whose it is. It is
the archive's own word and no proof.

Spec: docs/spec/outcomes.md, "Look-up by number"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sogoc.core.entry import write_time
from sogoc.core.intake.syllables import search_key
from sogoc.core.report import EXIT_CODES, Verdict, worst
from sogoc.core.status import Status
from sogoc.core.vocabulary import Said
from sogoc.errors import InputError

MOST_WRONG_NAMES = 10
"""So many wrong names may be given for one number in `WINDOW_SECONDS`; then it is not answered, whatever the name."""
MOST_WRONG_NAMES_OF_ONE = 60
"""So many may be given by one who asks, for whatever numbers: one name is not to be tried on all of them."""
WINDOW_SECONDS = 3600

_LONGEST = {"institution": 20, "number": 100, "name": 250}
_ASKED_FOR = {
    "institution": Said("mã cơ sở cấp bằng", "the code of the institution"),
    "number": Said("số hiệu hoặc số vào sổ", "the serial number or the register number"),
    "name": Said("họ và tên đầy đủ của người được cấp", "the full name of the holder"),
}


class NotAsked(InputError):
    """One of the three things to be given is missing, or cannot be what it says. `field` names it."""

    def __init__(self, field: str, en: str, vi: str, *, mend: str, mend_vi: str) -> None:
        super().__init__(en, vi, mend=mend, mend_vi=mend_vi)
        self.field = field


class Code(StrEnum):
    """What a look-up came to. The codes are stable."""

    STANDS = "stands"
    REPLACED = "replaced"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    DISPUTED = "disputed"
    FELL = "key-cut"
    SEVERAL = "several"
    ANOTHER_NAME = "another-name"
    NO_NAME = "no-name"
    NO_NUMBER = "no-such-number"
    NO_INSTITUTION = "no-such-institution"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code means to a person, and what that person should do. `matches` is None where the name could not be compared."""

    verdict: Verdict
    matches: bool | None
    title: Said
    advice: Said


MEANINGS: Mapping[Code, Meaning] = {
    Code.STANDS: Meaning(
        Verdict.VALID, matches=True,
        title=Said("Khớp: có trong sổ gốc, đang có hiệu lực", "Match: in the register and in force"),
        advice=Said(
            "Đối chiếu họ tên với giấy tờ tùy thân. Ngành, xếp loại, ngày cấp không được xác nhận ở đây: hãy xin tệp văn bằng số.",
            "Compare the name with an identity document. Programme, grade and date are not confirmed here: ask for the file.",
        ),
    ),
    Code.REPLACED: Meaning(
        Verdict.SUPERSEDED, matches=True,
        title=Said("Khớp, nhưng đã được cấp lại bằng văn bằng mang số khác", "Match, but replaced by a diploma of another number"),
        advice=Said("Đừng dùng bản này. Yêu cầu người đó đưa văn bằng mới.", "Do not use this one. Ask for the newer diploma."),
    ),
    Code.SUSPENDED: Meaning(
        Verdict.SUSPENDED, matches=True,
        title=Said("Khớp, nhưng đang tạm dừng hiệu lực, chờ quyết định", "Match, but suspended until a decision"),
        advice=Said("Không sử dụng cho đến khi có quyết định mới.", "Do not use it until a new decision is made."),
    ),
    Code.REVOKED: Meaning(
        Verdict.REVOKED, matches=True,
        title=Said("Khớp, nhưng đã bị thu hồi, hủy bỏ", "Match, but revoked"),
        advice=Said("Không sử dụng văn bằng này.", "Do not use this diploma."),
    ),
    Code.DISPUTED: Meaning(
        Verdict.INCONCLUSIVE, matches=True,
        title=Said("Khớp, nhưng nội dung sổ gốc đang có tranh chấp", "Match, but what the register says is disputed"),
        advice=Said(
            "Đừng coi là hợp lệ, cũng đừng coi là giả. Hãy hỏi cơ sở cấp.",
            "Treat it neither as valid nor as forged. Ask the institution.",
        ),
    ),
    Code.FELL: Meaning(
        Verdict.UNKNOWN_ISSUER, matches=True,
        title=Said("Khớp, nhưng khóa đã ký văn bằng này không còn được tính", "Match, but the key that signed it counts no more"),
        advice=Said(
            "Chưa sử dụng: khóa bị lộ đã bị cắt, văn bằng này phải được cấp lại. Hãy hỏi cơ sở cấp.",
            "Do not use it yet: the key was stolen and cut, and the diploma has to be issued again. Ask the institution.",
        ),
    ),
    Code.SEVERAL: Meaning(
        Verdict.INCONCLUSIVE, matches=True,
        title=Said("Nhiều văn bằng của người này cùng mang số này", "Several diplomas of this person bear this number"),
        advice=Said(
            "Hãy hỏi lại bằng số hiệu in trên phôi, hoặc xin tệp văn bằng số.",
            "Ask again by the serial number, or ask for the file.",
        ),
    ),
    Code.ANOTHER_NAME: Meaning(
        Verdict.NOT_FOUND, matches=False,
        title=Said("Có văn bằng với số này nhưng họ tên không khớp", "There is a diploma of this number, but the name does not match"),
        advice=Said(
            "Gõ họ tên đủ dấu như in trên văn bằng. Họ tên có thể đã được cải chính, số này có thể là của văn bằng khác:"
            " hãy xin tệp văn bằng số.",
            "Type the name with all its marks, as it is printed. A name may have been corrected since, and the number may be"
            " that of another diploma: ask for the file.",
        ),
    ),
    Code.NO_NAME: Meaning(
        Verdict.INCONCLUSIVE, matches=None,
        title=Said("Có số này trong sổ gốc, nhưng không còn họ tên để đối chiếu", "The number is in the register, but no name to compare"),
        advice=Said(
            "Dữ liệu cá nhân đã được xóa theo quy định hoặc bị mất khi khôi phục. Hãy xin tệp văn bằng số hoặc hỏi cơ sở cấp.",
            "The personal data was erased by the rules or lost in a restore. Ask for the file, or ask the institution.",
        ),
    ),
    Code.NO_NUMBER: Meaning(
        Verdict.NOT_FOUND, matches=None,
        title=Said("Sổ gốc của cơ sở này không có số này", "This number is not in the register of this institution"),
        advice=Said(
            "Kiểm tra lại mã cơ sở và số. Chưa đủ để nói là giả: văn bằng cấp trước khi cơ sở đưa sổ vào kho, hoặc chưa công bố, không có"
            " ở đây. Hãy gửi yêu cầu xác minh tới cơ sở cấp.",
            "Check code and number. It is not enough to call it forged: what was awarded before the institution brought its register"
            " here, or is not published yet, is not found. Ask the institution in writing.",
        ),
    ),
    Code.NO_INSTITUTION: Meaning(
        Verdict.NOT_FOUND, matches=None,
        title=Said("Kho này chưa có cơ sở nào mang mã này", "No institution of this code is in this archive"),
        advice=Said(
            "Kiểm tra lại mã cơ sở. Cơ sở có thể chưa đưa sổ gốc vào kho: hãy gửi yêu cầu xác minh tới cơ sở cấp.",
            "Check the code. The institution may not have brought its register here: ask it in writing.",
        ),
    ),
    Code.INCOMPLETE: Meaning(
        Verdict.INCONCLUSIVE, matches=None,
        title=Said("Chưa thể nói là không có: sổ gốc này đang thiếu hồ sơ", "It cannot be said that there is none: records are missing"),
        advice=Said(
            "Một số hồ sơ của cơ sở này bị mất khi khôi phục. Hãy xin tệp văn bằng số hoặc hỏi cơ sở cấp.",
            "Some records of this institution were lost in a restore. Ask for the file, or ask the institution.",
        ),
    ),
}  # fmt: skip

OWN_WORD = Said(
    "Đây là lời của kho lưu trữ, không phải bằng chứng. Bằng chứng là tệp văn bằng số: hãy xin người được cấp.",
    "This is the archive's own word and no proof. The proof is the file of the diploma: ask its holder for it.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as it may be put to a register. Made by `read`. Its name goes into no message and no log."""

    institution: str
    number: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the register holds of one qualification that bears the number, at a published head.

    `name` is that of its newest version, None where none is left. `replaced`: another diploma was issued in its place since;
    `disputed`: what the older register says of it is; `fell`: it was signed by a key from where that was cut on.
    """

    name: str | None
    status: Status
    replaced: bool = False
    disputed: bool = False
    fell: bool = False


def read(institution: str, number: str, name: str) -> Asked:
    """Read what somebody typed. Raises: NotAsked, which repeats none of it."""
    typed = {"institution": institution, "number": number, "name": name}
    for field, text in typed.items():
        typed[field] = " ".join(text.split())
        what = _ASKED_FOR[field]
        if not typed[field]:
            raise NotAsked(
                field, f"{what.en} is missing", f"chưa nhập {what.vi}",
                mend="All three are needed.", mend_vi="Cần nhập đủ ba ô.",
            )  # fmt: skip
        if len(typed[field]) > _LONGEST[field] or not typed[field].isprintable():
            raise NotAsked(
                field, f"{what.en} is too long or holds a character that cannot be printed",
                f"{what.vi} quá dài hoặc có ký tự không in được",
                mend="Type it as it is printed.", mend_vi="Hãy gõ như in trên văn bằng.",
            )  # fmt: skip
    return Asked(institution=typed["institution"].upper(), number=typed["number"], name=typed["name"])


def bears(held: Held, name: str) -> bool:
    """Whether two spellings are one name: case, spaces and where a tone mark stands are habit, the marks themselves are not."""
    return held.name is not None and search_key(held.name) == search_key(name)


def judge(name: str, found: Iterable[Held]) -> Code:
    """Return what a register answers about the qualifications that bear the number, to somebody who gave this name."""
    held = list(found)
    if not held:
        return Code.NO_NUMBER
    answers = {_standing(one) for one in held if bears(one, name)}
    if answers:
        return answers.pop() if len(answers) == 1 else Code.SEVERAL
    return Code.NO_NAME if any(one.name is None for one in held) else Code.ANOTHER_NAME


_OF_STATUS = {
    Status.VALID: Verdict.VALID,
    Status.SUPERSEDED: Verdict.SUPERSEDED,
    Status.SUSPENDED: Verdict.SUSPENDED,
    Status.REVOKED: Verdict.REVOKED,
}
_SAYS = {
    Verdict.VALID: Code.STANDS,
    Verdict.SUPERSEDED: Code.REPLACED,
    Verdict.INCONCLUSIVE: Code.DISPUTED,
    Verdict.SUSPENDED: Code.SUSPENDED,
    Verdict.REVOKED: Code.REVOKED,
    Verdict.UNKNOWN_ISSUER: Code.FELL,
}


def _standing(held: Held) -> Code:
    """The worst of what is to be said of it, as a verification would say."""
    verdicts = [_OF_STATUS[held.status]]
    if held.replaced:
        verdicts.append(Verdict.SUPERSEDED)
    if held.disputed:
        verdicts.append(Verdict.INCONCLUSIVE)
    if held.fell:
        verdicts.append(Verdict.UNKNOWN_ISSUER)
    return _SAYS[worst(verdicts)]


def to_json(code: Code, *, size: int, at: datetime | None, trial: bool) -> dict[str, Any]:
    """The answer as programs read it. `size` is the published head that it was given at, `at` the time of its state."""
    meaning = MEANINGS[code]
    return {
        "verdict": str(meaning.verdict),
        "code": str(code),
        "matches": meaning.matches,
        "exit_code": EXIT_CODES[meaning.verdict],
        "trial": trial,
        "title": {"en": meaning.title.en, "vi": meaning.title.vi},
        "advice": {"en": meaning.advice.en, "vi": meaning.advice.vi},
        "note": {"en": OWN_WORD.en, "vi": OWN_WORD.vi},
        "as_of": {"size": size, "at": at and write_time(at)},
    }
