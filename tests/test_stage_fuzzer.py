"""How Schemathesis is made quicker: which value of a wrong type is tried in a place, tables that are there before it asks."""

from __future__ import annotations

from typing import Any

import pytest

from checker.probe.stage import fuzz

SCRIPT: dict[str, Any] = {}
exec(
    compile(fuzz._SCRIPT.read_text("utf-8").removesuffix("main()\n"), "fuzzer.py", "exec"), SCRIPT
)  # runs when imported


@pytest.mark.parametrize(
    ("location", "body", "is_number"),
    [
        ("/properties/title/type", {"title": 0}, True),
        ("/properties/title/type", {"title": False}, False),
        ("/properties/title/type", {"title": None, "size": 3}, False),
        ("/properties/user/properties/age/type", {"user": {"age": 1.5}}, True),
        ("/properties/sizes/items/type", {"sizes": [3, "a"]}, True),
        ("/properties/sizes/items/type", {"sizes": []}, False),
        ("/allOf/0/type", {"title": 0}, False),
        ("/type", 0, True),
        (None, None, False),
    ],
)
def test_numbers(location: str | None, body: Any, is_number: bool) -> None:
    assert SCRIPT["is_number"](location, body) is is_number


def test_the_table_of_characters_is_the_one_that_hypothesis_would_compute() -> None:
    from hypothesis.internal.charmap import charmap

    assert {name: tuple(ranges) for name, ranges in SCRIPT["categories"]().items()} == charmap()
