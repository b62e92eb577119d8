"""Pinyin of names and places: what the search index keeps beside the characters, and the test behind a typed `szs`.

Full pinyin without tones and the initials, lower case, `ü` as `v` as input methods take it. A character with several
readings gives several keys: the usual readings of the dictionary, after the one it has as a surname (单 shan 仇 qiu)
where the text can begin with a surname. Over `MOST` combinations only one character at a time leaves its first
reading, so that a long place name does not explode.

pypinyin (0.3 s, 20 MB) is imported at the first use, never at start.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from itertools import islice, product
from typing import Final

MOST: Final = 16
"""Most combinations of readings that are kept of one word."""
USUAL: Final = 2
"""Readings of one character beyond which the dictionary mostly lists archaic ones."""
LONGEST_NAME: Final = 4
"""Words longer than this are places and offices, which begin with no surname."""

SURNAMES: Final[dict[str, str]] = {
    "单": "shan", "仇": "qiu", "曾": "zeng", "区": "ou", "解": "xie", "查": "zha", "朴": "piao", "任": "ren",
    "盖": "ge", "葛": "ge", "覃": "qin", "繁": "po", "隗": "wei", "华": "hua", "宁": "ning", "纪": "ji", "过": "guo",
    "逄": "pang", "种": "chong", "召": "shao", "折": "she", "员": "yun", "缪": "miao", "翟": "zhai", "谌": "chen",
    "秘": "bi", "洗": "xian", "冼": "xian", "撒": "sa", "石": "shi", "乐": "yue", "哈": "ha", "黑": "he", "贾": "jia",
    "那": "na", "燕": "yan", "车": "che", "郇": "xun", "郗": "xi", "俞": "yu", "於": "yu", "应": "ying", "柏": "bai",
    "卜": "bu", "岑": "cen", "炅": "gui", "牟": "mu", "能": "nai", "粘": "nian", "莘": "shen", "沈": "shen",
    "祭": "zhai", "肖": "xiao", "阚": "kan", "句": "gou", "瞿": "qu", "佴": "nai", "谷": "gu", "干": "gan", "亓": "qi",
    "都": "du", "万": "wan", "台": "tai", "尉": "wei", "令": "ling", "长": "zhang",
}  # fmt: skip
DOUBLE_SURNAMES: Final[dict[str, tuple[str, str]]] = {
    "尉迟": ("yu", "chi"), "万俟": ("mo", "qi"), "单于": ("chan", "yu"), "长孙": ("zhang", "sun"),
    "澹台": ("tan", "tai"), "令狐": ("ling", "hu"), "鲜于": ("xian", "yu"), "皇甫": ("huang", "fu"),
    "乐正": ("yue", "zheng"), "谷梁": ("gu", "liang"), "夏侯": ("xia", "hou"), "亓官": ("qi", "guan"),
    "宰父": ("zai", "fu"), "呼延": ("hu", "yan"), "宗政": ("zong", "zheng"), "濮阳": ("pu", "yang"),
}  # fmt: skip
"""Family names read otherwise than the same characters elsewhere (现代汉语词典 and 百家姓 readings, from memory)."""

PLACES: Final = {"弄": "long", "堡": "bu", "圩": "wei", "埔": "pu", "洞": "dong", "亳": "bo", "莞": "guan"}
"""Readings in names of places that the dictionary lists late or that are usual there."""


def fold(text: str) -> str:
    """One form for comparing: full width as half width (NFKC), no case, `ü` as `v`."""
    return unicodedata.normalize("NFKC", text).casefold().replace("ü", "v")


@cache
def readings(character: str) -> tuple[str, ...]:
    """The usual readings of one character without tones, the most usual first; the character itself when it has
    none (a letter, a digit, a character that the dictionary lacks)."""
    if character.isascii():
        return (character,)
    from pypinyin import Style, pinyin

    found = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    known = tuple(reading.replace("ü", "v") for reading in found[0]) if found else ()
    kept = list(dict.fromkeys(known))[:USUAL]
    for table in (SURNAMES, PLACES):
        if character in table and table[character] not in kept:
            kept.append(table[character])
    return tuple(kept) or (character,)


@cache
def _first(character: str) -> tuple[str, ...]:
    """As `readings`, its reading as a surname in front."""
    surname = SURNAMES.get(character)
    known = readings(character)
    return known if surname is None else (surname, *(reading for reading in known if reading != surname))


def _words(text: str) -> list[str]:
    """Runs of letters and digits, folded."""
    folded = fold(text)
    if folded.isalnum():
        return [folded]
    return "".join(character if character.isalnum() else " " for character in folded).split()


def _syllables(word: str) -> tuple[tuple[str, ...], ...]:
    """The readings of each character of a word."""
    double = DOUBLE_SURNAMES.get(word[:2])
    rest = tuple(map(readings, word[1:]))
    if double is None:
        return (_first(word[0]) if len(word) <= LONGEST_NAME else readings(word[0]), *rest)
    usual = (readings(word[0]), rest[0])
    heads = ((head, *(one for one in known if one != head)) for head, known in zip(double, usual, strict=True))
    return (*heads, *rest[1:])


@lru_cache(4096)
def _in_context(word: str) -> tuple[str, ...]:
    """The one reading of a long word that the phrase dictionary gives."""
    from pypinyin import lazy_pinyin

    read = lazy_pinyin(word, errors=list)  # pyright: ignore[reportArgumentType]
    return tuple(one.replace("ü", "v") for one in read)


def _combinations(word: str, syllables: tuple[tuple[str, ...], ...]) -> list[tuple[str, ...]]:
    """At most `MOST` ways to read a word, the likeliest first."""
    ways = 1
    for syllable in syllables:
        ways *= len(syllable)
    if ways == 1:
        return [tuple(syllable[0] for syllable in syllables)]
    if ways <= MOST:
        return list(product(*syllables))
    usual = _in_context(word)
    if len(usual) != len(syllables):
        usual = tuple(syllable[0] for syllable in syllables)
    single = (
        (*usual[:at], other, *usual[at + 1 :])
        for at, syllable in enumerate(syllables)
        for other in syllable
        if other != usual[at]
    )
    return [usual, *islice(single, MOST - 1)]


def initials(text: str) -> tuple[str, ...]:
    """The first letters of a text, one string for each way to read it: `单田` → `("st", "dt", "ct")`."""
    ways: list[tuple[str, ...]] = [()]
    for word in _words(text):
        syllables = _syllables(word)
        ways = [(*way, *other) for way in ways for other in _combinations(word, syllables)][:MOST]
    return tuple(dict.fromkeys("".join(part[0] for part in way) for way in ways if way))


@lru_cache(4096)
def pinyin_keys(text: str) -> str:
    """What the search index keeps of a name or place: for each word its full pinyin and its initials, every way to
    read it, separated by blanks: `单雄 值班室` → `shanxiong danxiong chanxiong sx dx cx zhibanshi zbs`.

    Letters and digits stand for themselves. Empty for a text without Chinese characters, which the index of its
    characters finds already.
    """
    keys: dict[str, None] = {}
    for word in _words(text):
        if word.isascii():
            continue
        ways = _combinations(word, _syllables(word))
        keys.update(dict.fromkeys(map("".join, ways)))
        keys.update(dict.fromkeys(["".join([part[0] for part in way]) for way in ways]))
    return " ".join(keys)


def _typed(query: str, syllables: tuple[tuple[str, ...], ...], start: int) -> bool:
    """Whether `query` can be typed from the syllable `start` on, each whole or by its first letters, the last one
    unfinished. Keeps every place in the query that can be reached, so no text makes it slow."""
    reached = {0}
    for syllable in islice(syllables, start, None):
        after: set[int] = set()
        for reading in syllable:
            for at in reached:
                if reading.startswith(query[at:]):
                    return True
                same = next((n for n, letter in enumerate(reading) if query[at + n] != letter), len(reading))
                after.update(at + taken for taken in (1, 2, same) if taken <= same)
        reached = after - {0}
        if not reached:
            return False
    return False


def matches(query: str, text: str) -> bool:
    """Whether every word of `query` is in `text`, by its characters or by pinyin: whole syllables, initials, or a
    mixture from any character on (`zhangw`, `zw`, `wei` all find 张伟). An empty query finds everything."""
    folded = fold(text)
    words = [fold(word) for word in query.split()]
    if all(word in folded for word in words):
        return True
    ways = [_syllables(word) for word in _words(text)]
    return all(
        word in folded or (word.isascii() and any(_typed(word, way, at) for way in ways for at in range(len(way))))
        for word in words
    )
