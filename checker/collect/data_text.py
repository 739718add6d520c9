"""The only place that turns JSON or YAML text into plain values without trusting it."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from checker.collect.data_parsed import (
    MAX_DEPTH,
    MAX_DIGITS,
    TOO_DEEP,
    Malformed,
    Parsed,
    Repeats,
    line_at,
    pointers_of,
    repeated_keys,
)

_STRING = r'"(?:[^"\\]++|\\.)*+"'
_BRACKET = re.compile(_STRING + r"|([\[{])|([\]}])", re.DOTALL)
_BAD_NUMBER = re.compile(_STRING + rf"|(NaN|-?Infinity|\d{{{MAX_DIGITS + 1}}})()", re.DOTALL)


def parse(text: str, *, max_nodes: int = 5_000_000) -> Parsed:
    """Read JSON (RFC 8259) or YAML 1.1 (as PyYAML's SafeLoader resolves it, but dates stay text).

    A leading byte order mark is skipped. `max_nodes` bounds the values of a document once its aliases are followed.
    Raises Malformed for what is neither, or is empty, too deep, cyclic, a bomb, or tagged for construction.
    """
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise Malformed("the text is empty")
    with _collector_paused():
        no_json: json.JSONDecodeError | None = None
        if text.lstrip(" \t\r\n")[:1] in ("{", "["):
            try:
                return _from_json(text)
            except json.JSONDecodeError as fault:
                no_json = fault
        from checker.collect.data_yaml import from_yaml

        return from_yaml(text, max_nodes, no_json)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Parsing makes containers and no garbage: the cyclic collector would cost three times the parsing itself."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _from_json(text: str) -> Parsed:
    repeats: Repeats = []
    constants: list[str] = []

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            repeats.append((made, repeated_keys(key for key, _ in pairs)))
        return made

    try:
        value = json.JSONDecoder(object_pairs_hook=mapping, parse_constant=constants.append).decode(text)
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise Malformed(TOO_DEEP, _line_of(_BRACKET, text, MAX_DEPTH)) from None
    except ValueError:
        raise Malformed(f"a number has more than {MAX_DIGITS} digits", _line_of(_BAD_NUMBER, text)) from None
    if constants:
        raise Malformed(f"{constants[0]} is not a JSON number", _line_of(_BAD_NUMBER, text))
    if _exceeds_depth(value):
        raise Malformed(TOO_DEEP, _line_of(_BRACKET, text, MAX_DEPTH))
    return Parsed(value, "json", pointers_of(value, repeats), 1)


def _exceeds_depth(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        members = (child for node in level for child in (node.values() if type(node) is dict else node))
        level = [child for child in members if type(child) is dict or type(child) is list]
        if not level:
            return False
    return True


def _line_of(pattern: re.Pattern[str], text: str, allowed: int = 0) -> int | None:
    """The line of the first match outside of strings that is one too many; the second group takes one back."""
    count = 0
    for found in pattern.finditer(text):
        count += bool(found[1]) - bool(found[2])
        if count > allowed:
            return line_at(text, found.start())
    return None
