"""The only place that reads loose data: JSON, YAML, or the `key: value` lines that people and agents write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from checker.collect.data_parsed import Malformed
from checker.collect.data_text import parse

_PAIR = re.compile(
    r"^\s*(?:[-*]\s+)?(?:\*\*|__|`)?([A-Za-z][\w ./()-]{0,60}?)(?:\*\*|__|`)?\s*[:=]\s*(?:\*\*|__)?\s*(.*)$"
)
_ITEM = re.compile(r"^\s*[-*]\s+(.*)$")


def data(text: str) -> Any:
    """Plain values of JSON or YAML text that holds a mapping or a list. Malformed for anything else."""
    return data_and_doubles(text)[0]


def data_and_doubles(text: str) -> tuple[Any, str]:
    """Plain values, and the first key that stands twice in a mapping, of which one reader sees the first and another the last."""
    found = parse(text, max_nodes=2_000_000)
    if not isinstance(found.value, (dict, list)):
        raise Malformed("holds neither a mapping nor a list", 1)
    return found.value, ".".join(found.duplicates[0]) if found.duplicates else ""


def pairs(text: str) -> tuple[dict[str, Any], str]:
    """A mapping, and how it was read: as data where it is, else line by line; lists stand under their key."""
    try:
        value = data(text)
    except Malformed as wrong:
        if text.lstrip()[:1] == "{":
            raise
        found = _lines(text)
        if not found:
            raise Malformed(f"no data and no 'key: value' lines ({wrong})", wrong.line) from None
        return found, "read line by line as 'key: value'"
    if isinstance(value, dict):
        return value, ""
    found = _lines(text)
    if not found:
        raise Malformed("a list where a mapping should be", 1)
    return found, "read line by line as 'key: value'"


def _lines(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    last = ""
    for line in text.split("\n"):
        pair, item = _PAIR.match(line), _ITEM.match(line)
        indented = line[:1] in " \t"
        if pair and not (item and last and indented and found[last] in ("", [])):
            last = pair.group(1).strip()
            found[last] = _value(pair.group(2))
        elif item and last:
            items = found[last] if isinstance(found[last], list) else [one for one in [found[last]] if one != ""]
            found[last] = [*items, _value(item.group(1))]
    return found


def _value(text: str) -> Any:
    bare = text.strip().strip("`").strip()
    if bare.startswith("[") and bare.endswith("]"):
        return [one.strip(" \"'") for one in bare[1:-1].split(",") if one.strip(" \"'")]
    return bare[1:-1] if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'" else bare


def records(text: str, value: Any) -> Iterator[tuple[int, Any]]:
    """The records of a log that is one piece of data, each with the line on which its first text stands."""
    if isinstance(value, Mapping):
        value = next(
            (
                held
                for name in ("entries", "events", "messages", "steps", "log", "calls", "transcript", "session")
                if isinstance(held := value.get(name), list)
            ),
            [],
        )
    at = 0
    for record in value if isinstance(value, list) else ():
        told = record.values() if isinstance(record, Mapping) else ()
        first = next((held for held in told if isinstance(held, str) and held), "")
        found = text.find(first, at) if first else -1
        yield text.count("\n", 0, found if found >= 0 else at) + 1, record
        at = found + len(first) if found >= 0 else at
