"""The only place that finds the lines of a pointer in JSON or YAML text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, NodeEvent, ScalarEvent, SequenceStartEvent

from checker.model.observation import Pointer

_LOADER: type[yaml.CSafeLoader] | type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_DEPTH, _MAX_DIRECTIVES = 200, 1000  # as in parse: beyond them libyaml's time grows with the square
_BLANK = " \t\r\n"
_OPENING = re.compile(r"([\[{])[ \t\n\r]*")
_KEY = r'"((?:[^"\\\x00-\x1f]++|\\.)*+)"[ \t\n\r]*:[ \t\n\r]*'
_FIRST_KEY = re.compile(_KEY)
_NEXT_KEY = re.compile(r"[ \t\n\r]*,[ \t\n\r]*" + _KEY)
_NEXT_ITEM = re.compile(r"[ \t\n\r]*,[ \t\n\r]*")
_CLOSING = re.compile(r"[ \t\n\r]*([\]}])")

_Wanted: TypeAlias = dict[str, "_Wanted"]


@dataclass(slots=True)
class _Branch:
    """The members of a collection that somebody may ask for; `merged` are those behind `<<`, the strongest first."""

    is_list: bool = False
    members: dict[str, _Span] = field(default_factory=dict)
    merged: list[_Branch] = field(default_factory=list)

    def merge(self, source: _Branch | None) -> None:
        """What a later `<<` brings is stronger, what stands first in its list is strongest (yaml.org/type/merge)."""
        if source is not None:
            sources = [inside for _, _, inside in source.members.values()] if source.is_list else [source]
            self.merged[:0] = [each for each in sources if each is not None]

    def find(self, key: str) -> _Span | None:
        branches, seen = [self], set[int]()
        while branches:
            branch = branches.pop()
            if key in branch.members:
                return branch.members[key]
            if id(branch) not in seen:
                seen.add(id(branch))
                branches.extend(reversed(branch.merged))
        return None


_Span: TypeAlias = tuple[int, int, _Branch | None]
"""Where a member starts, where its content ends (exclusive), and what is inside."""


def locate(text: str, pointers: Iterable[Pointer]) -> dict[Pointer, tuple[int, int]]:
    """First and last line (1-based, inclusive) of the values at `pointers`, in one pass over the text.

    Keys are those of `data_text.parse`, list indices decimal strings. A member of a mapping starts at its key, an item
    of a list at itself, the root at its value; a block ends with its last content, not with blank lines or comments.
    Of a repeated key the last is meant; through an alias or a merge, the lines are those of the anchored content.
    Pointers that lead nowhere are left out: all of them, where the text is neither JSON nor YAML. Lines end with LF.
    """
    text = text.removeprefix("\ufeff")
    asked = dict.fromkeys(pointers)
    wanted: _Wanted = {}
    for pointer in asked:
        level = wanted
        for key in pointer:
            level = level.setdefault(key, {})
    root = _root(text, wanted) if asked else None
    if root is None:
        return {}
    spans = {pointer: span for pointer in asked if (span := _follow(root, pointer)) is not None}
    return _lines(text, spans)


def _root(text: str, wanted: _Wanted) -> _Span | None:
    if text.lstrip(_BLANK)[:1] in ("{", "["):
        try:
            return _Json(text).root(wanted)
        except (ValueError, RecursionError):
            pass  # as in parse: what is no JSON may still be YAML in flow style
    try:
        return _Yaml(text).root(wanted) if text.count("%TAG") <= _MAX_DIRECTIVES else None
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _follow(root: _Span, pointer: Pointer) -> _Span | None:
    span = root
    for key in pointer:
        branch = span[2]
        inside = None if branch is None else branch.members.get(key) or branch.find(key)
        if inside is None:
            return None
        span = inside
    return span


def _lines(text: str, spans: dict[Pointer, _Span]) -> dict[Pointer, tuple[int, int]]:
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

    def root(self, wanted: _Wanted) -> _Span:
        start = len(self.text) - len(self.text.lstrip(_BLANK))
        return self._value(start, wanted)

    def _value(self, start: int, wanted: _Wanted) -> _Span:
        opening = _OPENING.match(self.text, start) if wanted else None
        if opening is None:
            return start, self.skip(self.text, start)[1], None
        branch = _Branch(is_list=opening[1] == "[")
        walk = self._items if branch.is_list else self._members
        return start, walk(opening.end(), wanted, branch.members), branch

    def _members(self, position: int, wanted: _Wanted, members: dict[str, _Span]) -> int:
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

    def _items(self, position: int, wanted: _Wanted, members: dict[str, _Span]) -> int:
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


class _Yaml:
    """Reads the events of the first document; keeps wanted members, and all of what an alias may come back to."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.read = _LOADER(text).get_event
        self.anchored: dict[str, _Branch | None] = {}
        self.texts: dict[str, str] = {}
        self.depth = 0

    def root(self, wanted: _Wanted) -> _Span | None:
        while (event := self.read()) is not None:
            if isinstance(event, NodeEvent):
                start, end, branch = self._node(event, wanted)
                return (start, end, branch) if end else (len(self.text[:start].rstrip(_BLANK)),) * 2 + (branch,)
        return None

    def _next(self) -> yaml.Event:
        event = self.read()
        if event is None:
            raise ValueError("the text ends inside a value")
        return event

    def _node(self, event: yaml.Event, wanted: _Wanted | None) -> _Span:
        """The span of the node that `event` opens; of its members the wanted ones, or all where `wanted` is None."""
        start = event.start_mark.index if event.start_mark else 0
        if isinstance(event, AliasEvent):
            return start, self._end(event), self.anchored.get(event.anchor or "")
        if not isinstance(event, CollectionStartEvent):
            self._note(event)
            return start, self._end(event), None
        self._descend()
        if event.anchor is None and wanted is not None and not wanted:
            return start, self._skip(), None
        branch = _Branch(is_list=isinstance(event, SequenceStartEvent))
        walk = self._items if branch.is_list else self._members
        end = walk(wanted if event.anchor is None else None, branch)
        self.depth -= 1
        if event.anchor is not None:
            self.anchored[event.anchor] = branch
        return start, end, branch

    def _members(self, wanted: _Wanted | None, branch: _Branch) -> int:
        last = 0
        while not isinstance(event := self._next(), CollectionEndEvent):
            key, start = self._key(event), event.start_mark.index if event.start_mark else 0
            merging = key == "<<" and isinstance(event, ScalarEvent) and event.implicit[0]
            deeper = None if merging or wanted is None else wanted.get(key, {})
            _, value_end, inside = self._node(self._next(), deeper)
            end = max(start, self._end(event), value_end)
            last = max(last, end)
            if merging:
                branch.merge(inside)
            elif wanted is None or key in wanted:
                branch.members[key] = start, end, inside
        return max(last, self._end(event))

    def _items(self, wanted: _Wanted | None, branch: _Branch) -> int:
        last, index = 0, 0
        while not isinstance(event := self._next(), CollectionEndEvent):
            key = str(index)
            start, last, inside = self._node(event, None if wanted is None else wanted.get(key, {}))
            if wanted is None or key in wanted:
                branch.members[key] = start, last, inside
            index += 1
        return max(last, self._end(event))

    def _key(self, event: yaml.Event) -> str:
        if isinstance(event, ScalarEvent):
            self._note(event)
            return event.value
        if isinstance(event, AliasEvent) and event.anchor in self.texts:
            return self.texts[event.anchor]
        raise ValueError("a key is a mapping or a list")

    def _note(self, event: yaml.Event) -> None:
        if isinstance(event, ScalarEvent) and event.anchor is not None:
            self.texts[event.anchor] = event.value
            self.anchored.pop(event.anchor, None)

    def _descend(self) -> None:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise ValueError("nested too deep")

    def _skip(self) -> int:
        """Read on to the end of the collection just opened, but keep what is anchored inside."""
        read, outside, kept = self.read, self.depth - 1, 0
        last: yaml.Event | None = None
        before: yaml.Event | None = None
        while self.depth > outside:
            event = read()
            if isinstance(event, ScalarEvent):
                before, last = last, event
                if event.anchor is not None:
                    self._note(event)
            elif isinstance(event, AliasEvent):
                before, last = last, event
            elif not isinstance(event, CollectionStartEvent):
                self.depth -= 1
                before, last = (last, event) if self._end(event) else (before, last)
            elif event.anchor is None:
                self._descend()
            else:
                kept = self._node(event, None)[1]
        return max(kept, self._end(last), self._end(before))

    def _end(self, event: yaml.Event | None) -> int:
        """Where the content of an event ends; 0 where it has none, as at the end of a block."""
        if event is None or event.start_mark is None or event.end_mark is None:
            return 0
        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, ScalarEvent) and event.style in ("|", ">"):
            return start + len(self.text[start:end].rstrip(_BLANK))
        if isinstance(event, CollectionEndEvent):
            return end if start < end and self.text[end - 1] in "]}" else 0
        return end if start < end or self.text[end - 1 : end] in ("-", ":", "?") else 0
