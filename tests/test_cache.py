"""The cache of another version, of another run or of a disk that changes bits gives nothing that was not kept under its key."""

from __future__ import annotations

import json
import random
import sqlite3
import string
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker.collect.code import cache as caching
from checker.collect.code.cache import Cache
from checker.collect.files import Root
from checker.model.execution import CacheFolder

RECORDS: dict[str, Any] = {f"{number:040x}": {"lines": [number, number + 1], "text": "x" * 50} for number in range(200)}


def known(folder: Path, key: str = "one") -> dict[str, Any]:
    with Cache(folder, key) as kept:
        return kept.get(RECORDS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Cache(tmp_path, "one") as kept:
        kept.put(RECORDS)
    assert known(tmp_path) == RECORDS
    return tmp_path


def test_another_engine_finds_nothing_and_empties_it(folder: Path) -> None:
    assert known(folder, "two") == {}
    assert known(folder) == {}


@pytest.mark.parametrize("other", [("__version__", "9.9.9"), ("sys", type("other", (), {"version": "3.99"}))])
def test_another_version_of_ours_or_of_python_finds_nothing(
    folder: Path, other: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caching, *other)
    assert known(folder) == {}


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE looked (id TEXT, content BLOB)",
        "CREATE TABLE looked (id INTEGER PRIMARY KEY)",
        "CREATE VIEW looked AS SELECT 'a' AS id, '{}' AS body",
        "CREATE TABLE made_by (version INTEGER)",
    ],
)
def test_tables_of_another_shape_are_no_reason_to_fail(tmp_path: Path, schema: str) -> None:
    with sqlite3.connect(tmp_path / "code.sqlite") as database:
        database.execute(schema)
    with Cache(tmp_path, "one") as kept:
        kept.put(RECORDS)
        assert kept.get(RECORDS) in ({}, RECORDS)
    assert known(tmp_path) in ({}, RECORDS)


def test_a_run_of_another_version_in_between_gives_and_takes_nothing(folder: Path) -> None:
    with Cache(folder, "one") as earlier, Cache(folder, "two") as later:
        later.put({"a": 2})
        assert earlier.get([*RECORDS, "a"]) == {}
        earlier.put({"a": 1})
        assert later.get(["a"]) == {"a": 2}
    assert known(folder, "two") == {}


def test_two_versions_at_once_never_read_each_others_records(tmp_path: Path) -> None:
    wrong: list[Any] = []

    def turns(key: str) -> None:
        for _ in range(25):
            with Cache(tmp_path, key) as kept:
                kept.put({"a": key})
                wrong.extend(one for one in kept.get(["a"]).values() if one != key)

    both = [threading.Thread(target=turns, args=(key,)) for key in ("one", "two")]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert wrong == []


@settings(max_examples=20, deadline=None, database=None)
@given(dice=st.randoms(use_true_random=False), bits=st.integers(1, 400))
def test_whatever_bits_a_disk_changes_a_record_is_whole_or_gone(
    tmp_path_factory: pytest.TempPathFactory, dice: random.Random, bits: int
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    with Cache(folder, "one") as kept:
        kept.put(RECORDS)
    file = folder / "code.sqlite"
    data = bytearray(file.read_bytes())
    for _ in range(bits):
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    file.write_bytes(bytes(data))
    assert known(folder).items() <= RECORDS.items()


def test_a_digit_changed_in_the_middle_of_a_table_is_seen(folder: Path) -> None:
    file = folder / "code.sqlite"
    data = file.read_bytes()
    at = data.index(b'"lines":[100,101]')
    file.write_bytes(data[:at] + data[at:].replace(b"[100,101]", b"[700,701]", 1))
    assert known(folder) == {name: one for name, one in RECORDS.items() if one["lines"] != [100, 101]}


def test_a_page_gone_in_the_middle_of_a_table_leaves_a_cache_that_works(folder: Path) -> None:
    file = folder / "code.sqlite"
    data = file.read_bytes()
    middle = len(data) // 2 // 4096 * 4096
    file.write_bytes(data[:middle] + bytes(4096) + data[middle + 4096 :])
    assert known(folder).items() <= RECORDS.items()
    with Cache(folder, "one") as kept:
        kept.put(RECORDS)


@settings(max_examples=15, deadline=None, database=None)
@given(
    st.dictionaries(
        st.text(string.hexdigits, max_size=6), st.recursive(st.integers() | st.text(), st.lists), max_size=5
    )
)
def test_what_is_kept_comes_back_or_is_gone(tmp_path_factory: pytest.TempPathFactory, records: dict[str, Any]) -> None:
    with Cache(tmp_path_factory.mktemp("cache"), "one") as kept:
        kept.put(records)
        assert kept.get(records).items() <= json.loads(json.dumps(records)).items()


def test_a_cache_inside_the_audited_tree_is_none(tmp_path: Path) -> None:
    assert caching.outside(CacheFolder(str(tmp_path / "cache")), Root(tmp_path)) is None
    (tmp_path / "tree").mkdir()
    assert caching.outside(CacheFolder(str(tmp_path / "cache")), Root(tmp_path / "tree")) == tmp_path / "cache"
