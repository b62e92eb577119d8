"""The search finds exactly what `all(word in text for word in query.split())` says, whatever is typed (fault list F32)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dutydesk.core.ids import CLI, new_id
from dutydesk.journal import search
from dutydesk.journal.query import Pages, Query, count, rows
from dutydesk.journal.store import Store
from dutydesk.ledger.feature import Change
from tests.journal import desks as d

LETTERS = (
    "水积街道号"  # common
    "𠮷𡈽𰀀𱁬\U00031350\U000323af龥㙍䶮"  # U+20000 and beyond, U+30000 and beyond, rare
    "ＡａaAbz１1²½٣"  # full width, case, digits
    "ßẞſﬁİıσςΣéÅｶﾞ각"  # folding
    "😀🚒\u200d\ufe0f\U000e0100"  # emoji, joiners, selectors
    "\u0301\u0308\u20e3"  # combining
    ",，。、-–/\\\"'*%_()〔〕:;!^+~|&<>=#@$`{}[]．"  # punctuation, the index's own syntax too
    "㎡℃㈱¨´ﷺ"  # what falls apart when folded
    " \n\t\u3000\u00a0"  # blanks
)
texts = st.text(st.sampled_from(LETTERS), max_size=14) | st.text(
    st.characters(exclude_categories=["Cs", "Cc"]), max_size=6
)
queries = st.text(st.sampled_from(LETTERS), min_size=1, max_size=6)


def folded(text: str) -> str:
    """NFKC and case folding, written here again."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def truth(store: Store, ledger: str, query: str) -> set[bytes]:
    """The rows that hold every word of the query in one of their searched fields."""
    names = [field.name for field in store.schema[ledger].ledger.searched]
    found = d.ask(store, f"SELECT id, {', '.join(names)} FROM {ledger} WHERE _state = 1")
    words = folded(query).split()
    return {row for row, *values in found if all(any(w in folded(v) for v in values if v) for w in words)}


def check(store: Store, ledger: str, query: str) -> None:
    if not query.strip():
        return
    with store.read() as connection:
        shape = store.schema[ledger]
        found = [row.id for row in rows(connection, shape, Query(ledger, search=query))]
        assert len(found) == len(set(found))
        assert set(found) == truth(store, ledger, query), ascii(query)
        assert count(connection, shape, Query(ledger, search=query)) == len(found)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with d.quick_folder() as folder, d.make(folder / "desk") as made:
        yield made


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(texts, min_size=1, max_size=6), st.lists(queries, min_size=1, max_size=6), st.data())
@example(["街道积水", "街道 积水", "积", "水积"], ["积水", "街道积", "水", "积 水", "道,积"], None)
@example(["aab ba", "ab", "b", "a-b"], ["ab", "b", "a-b", "a b", "-", "bb"], None)
@example(["𠮷野", "𰀀𰀀", "😀水"], ["𠮷", "𰀀", "𰀀𰀀", "😀", "😀水", "野"], None)
def test_the_index_says_what_like_says(store: Store, held: list[str], asked: list[str], data: Any) -> None:
    """Every text stays in the desk, so that later queries run over all that came before."""
    store.act("test", [d.new("log", {"text": text, "party": text[::-1][:3]}) for text in held], by=CLI)
    for query in asked:
        check(store, "log", query)
    for text in held:  # queries that do find something: a part of a text, and two parts
        at = data.draw(st.integers(0, max(0, len(text) - 1))) if data else len(text) // 2
        check(store, "log", text[at : at + 3])
        check(store, "log", text[:2] + " " + text[-2:])


def test_every_letter_is_found_by_itself_and_not_by_its_neighbour() -> None:
    """The index's own tokenizer must not take two characters for one, nor lose any: all letters of Unicode once."""
    every = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    letters = sorted({c for c in every if c.isalnum() and folded(c) == c and unicodedata.category(c)[0] in "LN"})
    step = 200
    sample = [c for c in letters if not "\u4e00" < c < "\u9f00" and not "\uac01" < c < "\ud7a0"]
    sample = [c for n, c in enumerate(sample) if c < "\u3400" or n % step == 0]
    with d.quick_folder() as folder, d.make(folder / "desk") as store:
        for start in range(0, len(sample), 400):
            store.act("test", [d.new("log", {"text": c}) for c in sample[start : start + 400]], by=CLI)
        with store.read() as connection:
            held = {text: n for n, text in d.ask(store, "SELECT _n, text FROM log")}
            assert len(held) == len(sample)
            for c in sample:
                found = connection.exec_driver_sql(
                    "SELECT rowid FROM fts_log WHERE fts_log MATCH ?", (f'words : "{c}" *',)
                ).fetchall()
                assert [n for (n,) in found] == [held[c]], f"U+{ord(c):04X}"


@settings(max_examples=15)
@given(st.data())
def test_the_index_follows_updates_deletions_and_erasing(data: Any) -> None:
    alphabet = st.sampled_from("积水街𠮷𰀀😀Ａa1１-")
    short = st.text(alphabet, min_size=1, max_size=4)
    with d.quick_folder() as folder, d.make(folder / "desk") as store:
        people = [d.new("people", {"name": data.draw(short), "phone": data.draw(short)}) for _ in range(4)]
        store.act("test", people, by=CLI)
        for _ in range(10):
            row = data.draw(st.sampled_from(people)).row
            ((state, phone),) = d.ask(store, "SELECT _state, phone FROM people WHERE id = ?", row)
            what = data.draw(st.sampled_from(["name", "unit", "phone", "both", "delete", "restore", "erase", "age"]))
            if what == "restore" and state == 2:
                d.write(store, "people", row, _deleted=None)
            elif what == "erase":
                store.erase("people", row, by=CLI, note="本人要求")
            elif state == 1 and what == "delete":
                d.delete(store, "people", row)
            elif state == 1 and what == "age":
                d.write(store, "people", row, age=3)
            elif state == 1 and what == "both":
                store.act("test", [Change("people", row, {"name": data.draw(short), "unit": None})], by=CLI)
            elif state == 1 and what in ("name", "unit", "phone") and not (what == "phone" and phone == "〔已删除〕"):
                d.write(store, "people", row, **{what: data.draw(st.none() | short)})
            for query in ("积", "水", "a", "1", "𠮷", "𰀀", "已删除", data.draw(short)):
                if query in ("a",):  # letters alone are looked for in pinyin too, outside the equality
                    continue
                check_without_pinyin(store, query)


def check_without_pinyin(store: Store, query: str) -> None:
    if not (folded(query).isascii() and any(c.isalpha() for c in query)):
        check(store, "people", query)


# --- names and numbers


@pytest.fixture
def people() -> Iterator[tuple[Store, dict[str, bytes]]]:
    with d.quick_folder() as folder, d.make(folder / "desk") as made:
        held = {
            "单小雨": d.add(made, "people", name="单小雨", unit="江岸街道", phone="13900006789"),
            "仇大雨": d.add(made, "people", name="仇大雨", unit="防汛办", phone="0571-00001234"),
            "Anna": d.add(made, "people", name="Anna", unit="szs", phone="110"),
            "孙智深": d.add(made, "people", name="孙智深", unit="防汛办"),
        }
        yield made, held


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("sxy", {"单小雨"}),
        ("shanxiaoyu", {"单小雨"}),
        ("SHANXIAO", {"单小雨"}),
        ("qdy", {"仇大雨"}),
        ("qiu", {"仇大雨"}),
        ("szs", {"孙智深", "Anna"}),
        ("anna", {"Anna"}),
        ("ann", {"Anna"}),
        ("小雨", {"单小雨"}),
        ("雨", {"单小雨", "仇大雨"}),
        ("6789", {"单小雨"}),
        ("1234", {"仇大雨"}),
        ("0571-0000", {"仇大雨"}),
        ("防汛 雨", {"仇大雨"}),
        ("防汛办 孙", {"孙智深"}),
        ("fxb", set()),
        ("sxy 小雨", set()),
        ("zz", set()),
    ],
)
def test_people_are_found_by_characters_pinyin_initials_and_last_digits(
    people: tuple[Store, dict[str, bytes]], query: str, names: set[str]
) -> None:
    store, _held = people
    with store.read() as connection:
        found = {row.values["name"] for row in rows(connection, store.schema["people"], Query("people", search=query))}
    assert found == names


def test_pinyin_follows_the_name(people: tuple[Store, dict[str, bytes]]) -> None:
    store, held = people
    d.write(store, "people", held["单小雨"], name="钱一")

    def found(query: str) -> set[bytes]:
        with store.read() as connection:
            return {row.id for row in rows(connection, store.schema["people"], Query("people", search=query))}

    assert found("sxy") == set()
    assert found("qy") == {held["单小雨"]}
    d.delete(store, "people", held["单小雨"])
    assert found("qy") == set()
    assert found("6789") == set()


def test_no_word_reaches_across_two_fields(people: tuple[Store, dict[str, bytes]]) -> None:
    store, _held = people
    with store.read() as connection:
        assert not rows(connection, store.schema["people"], Query("people", search="雨江岸"))
        assert rows(connection, store.schema["people"], Query("people", search="雨 江岸"))


def test_hits_come_newest_first(store: Store) -> None:
    made = [d.new("log", {"text": f"同一件事{n}"}, d.EVENING) for n in range(5)]
    store.act("test", made, by=CLI)
    with store.read() as connection:
        found = [row.id for row in rows(connection, store.schema["log"], Query("log", search="同一件事"))]
    assert found == [change.row for change in reversed(made)]


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("", ""),
        ("abcd", "ab bc cd d"),
        ("街道积水", "街道 道积 积水 水"),
        ("a", "a"),
        ("12, 街", "12 2 街"),
        ("街\U00031350\U0003fffd,\U000e0100", "街\U00031350 \U00031350\U0003fffd \U0003fffd \U000e0100"),
        ("-- ", ""),
    ],
)
def test_words_of_the_index(text: str, held: str) -> None:
    assert search.words(search.fold(text)) == held


def test_rows_of_an_unfinished_import_are_not_found(store: Store) -> None:
    from dutydesk.journal.store import Batch

    batch = new_id(1)
    store.act("import", [d.new("log", {"text": "藏着的"})], by=CLI, batch=Batch(batch, 1, 2))
    query = Query("log", search="藏着的")
    with store.read() as connection:
        assert rows(connection, store.schema["log"], query) == []
        assert count(connection, store.schema["log"], query) == 0
    assert Pages(store, query).count() == 0
    assert list(Pages(store, query).page(0)) == []
    store.act("import", [d.new("log", {"text": "藏着的"})], by=CLI, batch=Batch(batch, 2, 2))
    assert Pages(store, query).count() == len(Pages(store, query).page(0)) == 2
