"""Which syllables Vietnamese has: onset, rhyme and tone. Evidence that a text was decoded rightly, never a judgement of a name.

Spec: the spelling of Vietnamese as schools teach it; names of other peoples of Vietnam do not follow it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from sogoc.core.vocabulary import fold

_ONSETS = "b|c|ch|d|đ|g|gh|gi|h|k|kh|l|m|n|ng|ngh|nh|p|ph|qu|r|s|t|th|tr|v|x"
_RHYMES = (
    "a|ac|ach|ai|am|an|ang|anh|ao|ap|at|au|ay|ăc|ăm|ăn|ăng|ăp|ăt|âc|âm|ân|âng|âp|ât|âu|ây"
    "|e|ec|em|en|eng|eo|ep|et|ê|êch|êm|ên|ênh|êp|êt|êu"
    "|i|ia|ich|im|in|inh|ip|it|iu|iêc|iêm|iên|iêng|iêp|iêt|iêu"
    "|o|oc|oi|om|on|ong|op|ot|oa|oac|oach|oai|oam|oan|oang|oanh|oao|oap|oat|oay|oăc|oăm|oăn|oăng|oăt|oe|oen|oeo|oet"
    "|ooc|oong|ô|ôc|ôi|ôm|ôn|ông|ôp|ôt|ơ|ơi|ơm|ơn|ơp|ơt"
    "|u|ua|uc|ui|um|un|ung|up|ut|uôc|uôi|uôm|uôn|uông|uôt|uân|uâng|uât|uây|uê|uêch|uên|uênh|uơ"
    "|uy|uya|uych|uyn|uynh|uyt|uyu|uyên|uyêt|ư|ưa|ưc|ưi|ưm|ưn|ưng|ưt|ưu|ươc|ươi|ươm|ươn|ương|ươp|ươt|ươu"
    "|y|yên|yêng|yêm|yêt|yêu"
)
_FRONT = "ieêy"
_ONLY_BEFORE_FRONT = frozenset({"k", "gh", "ngh"})
_NEVER_BEFORE_FRONT = frozenset({"c", "ng"})
_NEVER_BEFORE_E = frozenset({"g"})
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
# A syllable that ends in a stop has one of two tones only.
_STOPS = ("c", "ch", "p", "t")
_STOP_TONES = frozenset("\u0301\u0323")


def _syllables() -> Iterator[str]:
    rhymes = _RHYMES.split("|")
    yield from rhymes
    yield "gi"
    yield from ("quynh", "quych", "quyt", "quyn", "quyp", "quyu")
    for onset in _ONSETS.split("|"):
        for rhyme in rhymes:
            front = rhyme[0] in _FRONT
            if onset in _ONLY_BEFORE_FRONT and not front:
                continue
            if (onset in _NEVER_BEFORE_FRONT and front) or (onset in _NEVER_BEFORE_E and rhyme[0] in "eê"):
                continue
            yield onset + rhyme


_SYLLABLES = frozenset(_syllables())
# Longer ones are not remembered either: what a stranger's file holds may not fill the memory of a server.
_LONGEST = max(map(len, _SYLLABLES))
_BARE = str.maketrans("ăâđêôơư", "aadeoou")
_SKELETONS = frozenset(syllable.translate(_BARE) for syllable in _SYLLABLES)
_WORD = re.compile(r"[^\W\d_]+")


def toneless(word: str) -> tuple[str, str]:
    """A lower-case word without its tone, and the tone: hoà and hòa are both (hoa, grave)."""
    apart = unicodedata.normalize("NFD", word)
    tone = "".join(mark for mark in apart if mark in _TONES)
    return unicodedata.normalize("NFC", "".join(mark for mark in apart if mark not in _TONES)), tone


def is_syllable(word: str) -> bool:
    """Whether a word, in small or capital letters or with one capital in front, is a syllable of Vietnamese."""
    return len(word) <= _LONGEST and _is_syllable(word)


@lru_cache(maxsize=16_384)
def _is_syllable(word: str) -> bool:
    if not (word.islower() or word.isupper() or (word[:1].isupper() and word[1:].islower())):
        return False
    bare, tone = toneless(word.lower())
    if bare not in _SYLLABLES or len(tone) > 1:
        return False
    return tone in _STOP_TONES if bare.endswith(_STOPS) and tone else True


def words(text: str) -> list[str]:
    return _WORD.findall(text)


def share(text: str) -> float:
    """The part of the words of a text that are syllables of Vietnamese, from 0 to 1; 1 for a text without words."""
    found = words(text)
    return sum(map(is_syllable, found)) / len(found) if found else 1.0


def all_syllables(text: str) -> bool:
    return all(map(is_syllable, words(text)))


def lacks_marks(word: str) -> bool:
    """Whether a word in plain letters is no syllable, and would be one with marks: Nguyen, Truong."""
    small = word.lower()
    return small.isascii() and small not in _SYLLABLES and small in _SKELETONS


# Where the tone stands and whether i or y ends a syllable is habit: hoà and hòa, Lí and Lý, are one name each.
_Y = re.compile(r"\b(h|k|l|m|s|t|v|qu)y\b")


@lru_cache(maxsize=16_384)
def _spelling_of(word: str) -> str:
    bare, tone = toneless(word.translate(_LOOK_ALIKE))
    return _Y.sub(r"\1i", bare) + tone


# Keyboards and telephones put one for the other, and nobody sees it.
_LOOK_ALIKE = str.maketrans({"ð": "đ", "ɖ": "đ", "’": "'", "ʼ": "'", "`": "'"})


def search_key(text: str) -> str:
    """What two spellings of one name share: no case, the tone behind its word, y as i, one đ and one apostrophe. For comparing,
    never for keeping.
    """
    folded = unicodedata.normalize("NFC", text).casefold().split()
    return " ".join([_spelling_of(word) if len(word) <= _LONGEST else word.translate(_LOOK_ALIKE) for word in folded])


_LONGEST_NAME = 150


def _filed(word: str) -> str:
    return _Y.sub(r"\1i", fold(word))


_filed_syllable = lru_cache(maxsize=16_384)(_filed)


def name_key(name: str) -> str:
    """What a register files a name under: no case, marks or punctuation, and i where a syllable may end in i or y.

    The key of a key is itself. It is shorter than a name may be: names that begin alike share one.
    """
    words = [_filed_syllable(word) if len(word) <= _LONGEST else _filed(word) for word in name.split()]
    key = " ".join(filter(None, words))
    return key if len(key) <= _LONGEST_NAME else _Y.sub(r"\1i", key[:_LONGEST_NAME].rstrip())
