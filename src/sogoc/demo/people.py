"""Invented people: names in the frequencies and patterns of Vietnam's peoples, with numbers that fit them.

Nobody here exists. A name that somebody also bears is chance, and so is a number.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One invented graduate. `gender` is male or female, `personal_id` fits it, the year and the birthplace."""

    name: str
    gender: str
    born_on: date
    birthplace: str
    ethnicity: str
    personal_id: str


# Three digits of the province of birth registration.
_PROVINCES = {
    "Hà Nội": "001",
    "Hà Giang": "002",
    "Cao Bằng": "004",
    "Lào Cai": "010",
    "Điện Biên": "011",
    "Sơn La": "014",
    "Hòa Bình": "017",
    "Thái Nguyên": "019",
    "Lạng Sơn": "020",
    "Quảng Ninh": "022",
    "Hải Dương": "030",
    "Hải Phòng": "031",
    "Thái Bình": "034",
    "Nam Định": "036",
    "Thanh Hóa": "038",
    "Nghệ An": "040",
    "Hà Tĩnh": "042",
    "Quảng Bình": "044",
    "Quảng Trị": "045",
    "Thừa Thiên Huế": "046",
    "Đà Nẵng": "048",
    "Ninh Thuận": "058",
    "Kon Tum": "062",
    "Gia Lai": "064",
    "Đắk Lắk": "066",
    "Lâm Đồng": "068",
    "Đồng Nai": "075",
    "Thành phố Hồ Chí Minh": "079",
    "Trà Vinh": "084",
    "Cần Thơ": "092",
    "Sóc Trăng": "094",
}
_LOWLAND = (
    *("Hà Nội", "Hải Phòng", "Hải Dương", "Thái Bình", "Nam Định", "Quảng Ninh", "Thanh Hóa", "Nghệ An", "Hà Tĩnh"),
    *("Quảng Bình", "Quảng Trị", "Thừa Thiên Huế", "Đà Nẵng", "Đồng Nai", "Thành phố Hồ Chí Minh", "Cần Thơ"),
)

_SURNAMES = {
    "Nguyễn": 384,
    "Trần": 121,
    "Lê": 95,
    "Phạm": 70,
    "Hoàng": 30,
    "Huỳnh": 21,
    "Phan": 45,
    "Vũ": 22,
    "Võ": 17,
    "Đặng": 21,
    "Bùi": 20,
    "Đỗ": 14,
    "Hồ": 13,
    "Ngô": 13,
    "Dương": 10,
    "Lý": 5,
    "Đinh": 5,
    "Mai": 4,
    "Tô": 3,
    "Trịnh": 4,
    "Đoàn": 4,
    "Lương": 4,
    "Đào": 4,
    "Cao": 3,
    "Hà": 3,
    "Chu": 2,
    "Tạ": 2,
    "Thái": 2,
    "Phùng": 2,
}
_MIDDLE = {
    "male": (
        "Văn",
        "Văn",
        "Đức",
        "Minh",
        "Quang",
        "Hữu",
        "Công",
        "Quốc",
        "Gia",
        "Thành",
        "Anh",
        "Xuân",
        "Ngọc",
        "Đình",
    ),
    "female": ("Thị", "Thị", "Thị", "Thị Thu", "Thị Ngọc", "Ngọc", "Thu", "Phương", "Khánh", "Thảo", "Kim", "Hoài", ""),
}
_GIVEN = {
    "male": (
        *("Hiếu", "Huy", "Dũng", "Hùng", "Tuấn", "Nam", "Long", "Khánh", "Phúc", "Thịnh", "Bảo", "Đạt", "Cường"),
        *("Quân", "Sơn", "Tùng", "Thắng", "Việt", "Hưng", "Khoa", "Đăng", "Nghĩa", "Trường", "Lộc", "Duy", "Kiệt"),
    ),
    "female": (
        *("Phượng", "Hương", "Lan", "Thảo", "Linh", "Trang", "Hằng", "Nga", "Hạnh", "Yến", "Vy", "Nhung", "Mai"),
        *("Quỳnh", "Ngân", "Thủy", "Hà", "Dung", "Oanh", "Tuyết", "Loan", "Trâm", "My", "Diệp", "Thương", "Uyên"),
    ),
}

_EDE_CLANS = ("Niê", "Êban", "Ayŭn", "Mlô", "Byă", "Kbuôr", "Ksơr", "Adrơng", "Buôn Yă", "Kđoh", "Hmŏk")
_EDE = {
    "male": ("Brŭ", "Thŏk", "Sŭk", "Bhiŏ", "Djŭ", "Krĕ", "Phĕ", "Ƀlŭk", "Yô\u0306n", "Nguê\u0306"),
    "female": ("Hen", "Lĭm", "Bŭt", "Yŏn", "Nguĕ", "Sŭn", "Čing", "Rŭt", "Mlô\u0306n"),
}
_JARAI_CLANS = ("Rơ Chăm", "Rơ Mah", "Siu", "Kpă", "Ksor", "Nay", "Rah Lan", "Rơ Ô")
_JARAI = {
    "male": ("Hyŭk", "Tŏn", "Blĭnh", "Čăn", "Thŭm", "Ƀơm"),
    "female": ("H'Blĭn", "H'Yŭk", "H'Ƀĭ", "H'Mrĭ", "H'Lŭn"),
}
_BAHNAR = {"male": ("Brĕp", "Hlŏp", "Thŭnh", "Ƀyưk", "Čŭr"), "female": ("Hlĕ", "Mlŏp", "Yưn", "Ƀlĕ", "Čŏng")}
_FAMILY_PATTERNS: dict[str, tuple[Sequence[str], dict[str, Sequence[str]], dict[str, Sequence[str]]]] = {
    # people: (family names, middle by gender, given by gender)
    "Chăm": (
        ("Đàng", "Quảng", "Bá", "Thập", "Thiên", "Lưu", "Ức"),
        {"male": ("Năng", "Văn", "Quang"), "female": ("Thị", "Thị Mỹ", "Nữ")},
        {"male": ("Lượng", "Khiêm", "Trà", "Sinh"), "female": ("Ngân", "Nhiên", "Sen", "Kiều")},
    ),
    "Khmer": (
        ("Thạch", "Kim", "Sơn", "Danh", "Châu", "Lâm", "Kiên"),
        {"male": ("Sa", "Sóc", "Chanh"), "female": ("Thị Sa", "Sô", "Thị Sô")},
        {"male": ("Rây", "Kha", "Đa", "Rươne"), "female": ("Phia", "Vươn", "Thia", "Rết")},
    ),
    "Thái": (
        ("Lò", "Cà", "Quàng", "Lường", "Tòng", "Cầm", "Vì"),
        {"male": ("Văn",), "female": ("Thị",)},
        {"male": ("Pánh", "Hặc", "Inh", "Xôm"), "female": ("Hiêng", "Ọi", "Lả", "Piếng")},
    ),
    "Mông": (
        ("Vàng", "Giàng", "Sùng", "Mùa", "Thào", "Hờ", "Ly", "Cứ"),
        {"male": ("A",), "female": ("Thị",)},
        {"male": ("Sò", "Phình", "Chứ", "Páo", "Dơ"), "female": ("Mỷ", "Dở", "Ca", "Pà", "Xua")},
    ),
    "Tày": (
        ("Nông", "Hoàng", "Bế", "Ma", "Triệu", "Đàm"),
        {"male": ("Văn", "Đức"), "female": ("Thị", "Thị Thu")},
        {"male": ("Thiệp", "Lưu", "Chiến"), "female": ("Hoa", "Bích", "Duyên")},
    ),
    "Mường": (
        ("Bùi", "Quách", "Đinh", "Hà"),
        {"male": ("Văn", "Công"), "female": ("Thị",)},
        {"male": ("Thức", "Điệp", "Ưng"), "female": ("Nguyệt", "Thoa", "Lụa")},
    ),
}
_HOMES = {
    "Ê Đê": ("Đắk Lắk",),
    "Gia Rai": ("Gia Lai",),
    "Ba Na": ("Kon Tum", "Gia Lai"),
    "Chăm": ("Ninh Thuận",),
    "Khmer": ("Trà Vinh", "Sóc Trăng"),
    "Thái": ("Sơn La", "Điện Biên"),
    "Mông": ("Hà Giang", "Lào Cai", "Điện Biên"),
    "Tày": ("Cao Bằng", "Lạng Sơn", "Thái Nguyên"),
    "Mường": ("Hòa Bình",),
}
_PEOPLES = {
    "Kinh": 820,
    "Tày": 26,
    "Thái": 26,
    "Mường": 22,
    "Khmer": 20,
    "Mông": 20,
    "Ê Đê": 22,
    "Gia Rai": 20,
    "Ba Na": 14,
    "Chăm": 10,
}
HIGHLAND = {"Kinh": 600, "Ê Đê": 150, "Gia Rai": 120, "Ba Na": 80, "Thái": 25, "Tày": 25}
"""The peoples of a school in the Central Highlands."""


class Population:
    """A source of distinct invented people. The same randomness gives the same people."""

    def __init__(self, randomness: random.Random) -> None:
        self._random = randomness
        self._names: set[tuple[str, date]] = set()
        self._ids: set[str] = set()

    def person(self, *, born: tuple[date, date], peoples: dict[str, int] | None = None) -> Person:
        """Somebody new, born within the two days; of Vietnam's peoples by frequency unless others are given."""
        chance = self._random
        shares = peoples or _PEOPLES
        while True:
            people = chance.choices(tuple(shares), tuple(shares.values()))[0]
            gender = chance.choice(("male", "female"))
            born_on = born[0] + timedelta(days=chance.randrange((born[1] - born[0]).days + 1))
            name = self._name(people, gender)
            if (name, born_on) in self._names:
                continue
            self._names.add((name, born_on))
            birthplace = chance.choice(_HOMES.get(people, _LOWLAND))
            return Person(
                name=name,
                gender=gender,
                born_on=born_on,
                birthplace=birthplace,
                ethnicity=people,
                personal_id=self._personal_id(birthplace, gender, born_on),
            )

    def _name(self, people: str, gender: str) -> str:
        pick = self._random.choice
        if people == "Kinh":
            surname = self._random.choices(tuple(_SURNAMES), tuple(_SURNAMES.values()))[0]
            return " ".join(f"{surname} {pick(_MIDDLE[gender])} {pick(_GIVEN[gender])}".split())
        if people == "Ê Đê":
            given = pick(_EDE[gender])
            return f"Y {given} {pick(_EDE_CLANS)}" if gender == "male" else f"H'{given} {pick(_EDE_CLANS)}"
        if people == "Gia Rai":
            return f"{pick(_JARAI_CLANS)} {pick(_JARAI[gender])}"
        if people == "Ba Na":
            return f"{'A' if gender == 'male' else 'Y'} {pick(_BAHNAR[gender])}"
        families, middles, givens = _FAMILY_PATTERNS[people]
        return f"{pick(families)} {pick(middles[gender])} {pick(givens[gender])}"

    def _personal_id(self, birthplace: str, gender: str, born_on: date) -> str:
        century_sex = 2 * (born_on.year // 100 - 19) + (gender == "female")
        while True:
            number = f"{_PROVINCES[birthplace]}{century_sex}{born_on.year % 100:02}{self._random.randrange(10**6):06}"
            if number not in self._ids:
                self._ids.add(number)
                return number
