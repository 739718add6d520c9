"""The only place that walks YAML events for the spans of wanted members."""

from __future__ import annotations

import yaml
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, NodeEvent, ScalarEvent, SequenceStartEvent

from checker.collect.data_spans import BLANK, Branch, Span, Wanted

_LOADER: type[yaml.CSafeLoader] | type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_DEPTH, _MAX_DIRECTIVES = 200, 1000  # as in parse: beyond them libyaml's time grows with the square


def root(text: str, wanted: Wanted) -> Span | None:
    """The span of the first document's root, wanted members inside it; None where the text is no YAML."""
    try:
        return _Yaml(text).root(wanted) if text.count("%TAG") <= _MAX_DIRECTIVES else None
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


class _Yaml:
    """Reads the events of the first document; keeps wanted members, and all of what an alias may come back to."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.read = _LOADER(text).get_event
        self.anchored: dict[str, Branch | None] = {}
        self.texts: dict[str, str] = {}
        self.depth = 0

    def root(self, wanted: Wanted) -> Span | None:
        while (event := self.read()) is not None:
            if isinstance(event, NodeEvent):
                start, end, branch = self._node(event, wanted)
                return (start, end, branch) if end else (len(self.text[:start].rstrip(BLANK)),) * 2 + (branch,)
        return None

    def _next(self) -> yaml.Event:
        event = self.read()
        if event is None:
            raise ValueError("the text ends inside a value")
        return event

    def _node(self, event: yaml.Event, wanted: Wanted | None) -> Span:
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
        branch = Branch(is_list=isinstance(event, SequenceStartEvent))
        walk = self._items if branch.is_list else self._members
        end = walk(wanted if event.anchor is None else None, branch)
        self.depth -= 1
        if event.anchor is not None:
            self.anchored[event.anchor] = branch
        return start, end, branch

    def _members(self, wanted: Wanted | None, branch: Branch) -> int:
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

    def _items(self, wanted: Wanted | None, branch: Branch) -> int:
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
            return start + len(self.text[start:end].rstrip(BLANK))
        if isinstance(event, CollectionEndEvent):
            return end if start < end and self.text[end - 1] in "]}" else 0
        return end if start < end or self.text[end - 1 : end] in ("-", ":", "?") else 0
