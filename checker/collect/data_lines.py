"""The only place that finds the lines of a pointer in JSON or YAML text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from checker.collect.data_spans import BLANK, Branch, Span, Wanted
from checker.model.observation import Pointer

_OPENING = re.compile(r"([\[{])[ \t\n\r]*")
_KEY = r'"((?:[^"\\\x00-\x1f]++|\\.)*+)"[ \t\n\r]*:[ \t\n\r]*'
_FIRST_KEY = re.compile(_KEY)
_NEXT_KEY = re.compile(r"[ \t\n\r]*,[ \t\n\r]*" + _KEY)
_NEXT_ITEM = re.compile(r"[ \t\n\r]*,[ \t\n\r]*")
_CLOSING = re.compile(r"[ \t\n\r]*([\]}])")


def locate(text: str, pointers: Iterable[Pointer]) -> dict[Pointer, tuple[int, int]]:
    """First and last line (1-based, inclusive) of the values at `pointers`, in one pass over the text.

    Keys are those of `data_text.parse`, list indices decimal strings. A member of a mapping starts at its key, an item
    of a list at itself, the root at its value; a block ends with its last content, not with blank lines or comments.
    Of a repeated key the last is meant; through an alias or a merge, the lines are those of the anchored content.
    Pointers that lead nowhere are left out: all of them, where the text is neither JSON nor YAML. Lines end with LF.
    """
    text = text.removeprefix("\ufeff")
    asked = dict.fromkeys(pointers)
    wanted: Wanted = {}
    for pointer in asked:
        level = wanted
        for key in pointer:
            level = level.setdefault(key, {})
    root = _root(text, wanted) if asked else None
    if root is None:
        return {}
    spans = {pointer: span for pointer in asked if (span := _follow(root, pointer)) is not None}
    return _lines(text, spans)


def _root(text: str, wanted: Wanted) -> Span | None:
    if text.lstrip(BLANK)[:1] in ("{", "["):
        try:
            return _Json(text).root(wanted)
        except (ValueError, RecursionError):
            pass  # as in parse: what is no JSON may still be YAML in flow style
    from checker.collect.data_lines_yaml import root

    return root(text, wanted)


def _follow(root: Span, pointer: Pointer) -> Span | None:
    span = root
    for key in pointer:
        branch = span[2]
        inside = None if branch is None else branch.members.get(key) or branch.find(key)
        if inside is None:
            return None
        span = inside
    return span


def _lines(text: str, spans: dict[Pointer, Span]) -> dict[Pointer, tuple[int, int]]:
    """Offsets to lines in one sweep: counting between neighbours beats a table of all line ends."""
    line, position = 1, 0
    line_at = {}
    for offset in sorted({offset for first, end, _ in spans.values() for offset in (first, end)}):
        line += text.count("\n", position, offset)
        position = offset
        line_at[offset] = line
    return {pointer: (line_at[first], line_at[end]) for pointer, (first, end, _) in spans.items()}


class _Json:
    """Walks wanted members and skips all others with the C scanner; raises ValueError where the text is not JSON."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.skip = json.JSONDecoder(object_pairs_hook=lambda _: None).raw_decode

    def root(self, wanted: Wanted) -> Span:
        start = len(self.text) - len(self.text.lstrip(BLANK))
        return self._value(start, wanted)

    def _value(self, start: int, wanted: Wanted) -> Span:
        opening = _OPENING.match(self.text, start) if wanted else None
        if opening is None:
            return start, self.skip(self.text, start)[1], None
        branch = Branch(is_list=opening[1] == "[")
        walk = self._items if branch.is_list else self._members
        return start, walk(opening.end(), wanted, branch.members), branch

    def _members(self, position: int, wanted: Wanted, members: dict[str, Span]) -> int:
        text, end = self.text, position
        found = _FIRST_KEY.match(text, position)
        while found is not None:
            key = found[1]
            if "\\" in key:
                key = json.loads(f'"{key}"')
            if key in wanted:
                _, end, inside = self._value(found.end(), wanted[key])
                members[key] = found.start(1) - 1, end, inside
            else:
                end = self.skip(text, found.end())[1]
            found = _NEXT_KEY.match(text, end)
        return self._close(end, "}")

    def _items(self, position: int, wanted: Wanted, members: dict[str, Span]) -> int:
        text, index = self.text, 0
        if text.startswith("]", position):
            return position + 1
        while True:
            key = str(index)
            span = self._value(position, wanted.get(key, {}))
            if key in wanted:
                members[key] = span
            after = _NEXT_ITEM.match(text, span[1])
            if after is None:
                return self._close(span[1], "]")
            position = after.end()
            index += 1

    def _close(self, end: int, bracket: str) -> int:
        found = _CLOSING.match(self.text, end)
        if found is None or found[1] != bracket:
            raise ValueError("a comma or a closing bracket is missing")
        return found.end()
