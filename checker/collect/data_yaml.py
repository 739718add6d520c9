"""The only place that builds plain values from YAML events, every limit checked before memory is spent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml
from yaml.events import AliasEvent, CollectionStartEvent, DocumentStartEvent, MappingStartEvent, ScalarEvent

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

MAX_DIRECTIVES = 1000
_LOADER: type[yaml.CSafeLoader] | type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_RESOLVERS: dict[str, list[tuple[str, re.Pattern[str]]]] = dict(yaml.SafeLoader.yaml_implicit_resolvers)
_CONSTRUCTOR = yaml.constructor.SafeConstructor()
_CONSTRUCT = {_TAG + name: yaml.SafeLoader.yaml_constructors[_TAG + name] for name in ("null", "bool", "int", "float")}
_SCALAR_TAGS = frozenset(_CONSTRUCT) | {_TAG + name for name in ("str", "binary", "timestamp", "merge", "value")}
_SEQUENCE_TAGS = frozenset(_TAG + name for name in ("seq", "omap", "pairs"))
_MAPPING_TAGS = frozenset(_TAG + name for name in ("map", "set"))
_MERGE = object()
_COMPLEX_KEY = "a mapping key is a mapping or a list, only plain keys can be read"
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def from_yaml(text: str, max_nodes: int, no_json: json.JSONDecodeError | None = None) -> Parsed:
    """The first document of a YAML text; Malformed for what is none. `no_json` says why it is not JSON, where it looks so."""
    try:
        return _from_yaml(text, max_nodes)
    except (yaml.YAMLError, UnicodeEncodeError) as fault:
        raise _neither(text, fault, no_json) from None


def _from_yaml(text: str, max_nodes: int) -> Parsed:
    if text.count("%TAG") > MAX_DIRECTIVES:  # libyaml compares each with all before it
        raise Malformed(f"more than {MAX_DIRECTIVES} %TAG directives")
    loader = _LOADER(text)
    builder = _Builder(text, loader.get_event, max_nodes)
    value, documents = None, 0
    while (event := loader.get_event()) is not None:
        if isinstance(event, DocumentStartEvent):
            documents += 1
            value = builder.build() if documents == 1 else value
    if not documents:
        raise Malformed("the text is empty: it holds comments at most")
    return Parsed(value, "yaml", pointers_of(value, builder.repeats), documents)


@dataclass(slots=True)
class _Anchored:
    """What an alias stands for: a value, the nodes and levels that it unfolds to, and its text where it is a scalar."""

    value: Any
    nodes: int
    levels: int
    text: str | None = None
    open: bool = False


@dataclass(slots=True)
class _Builder:
    """Builds one node from YAML events without recursion; every limit is checked before memory is spent."""

    text: str
    read: Callable[[], yaml.Event | None]
    max_nodes: int
    repeats: Repeats = field(default_factory=list)
    stack: list[tuple[CollectionStartEvent, list[Any], _Anchored | None]] = field(default_factory=list)
    anchors: dict[str, _Anchored] = field(default_factory=dict)
    resolved: dict[str, Any] = field(default_factory=dict)
    nodes: int = 0
    deepest: int = 0

    def build(self) -> Any:
        """The value of the next node; a mapping gathers keys and values by turns until its end."""
        read, resolved = self.read, self.resolved
        root: list[Any] = []
        items, in_mapping = root, False
        while not root:
            event = read()
            as_key = in_mapping and not len(items) & 1
            if isinstance(event, ScalarEvent):
                text = event.value
                if event.anchor is not None or event.tag is not None or text == "<<":
                    items.append(self._marked(event, as_key))
                elif as_key or not event.implicit[0]:
                    items.append(text)
                else:
                    items.append(resolved[text] if text in resolved else self._resolve(event))
            elif isinstance(event, CollectionStartEvent):
                self._open(event, items, as_key)
                items, in_mapping = [], isinstance(event, MappingStartEvent)
            elif isinstance(event, AliasEvent):
                items.append(self._alias(event, as_key))
            else:
                value, items = self._close(items)
                items.append(value)
                in_mapping = bool(self.stack) and isinstance(self.stack[-1][0], MappingStartEvent)
        return root[0]

    def _marked(self, event: ScalarEvent, as_key: bool) -> Any:
        """A scalar with an anchor or a tag, or the sign of a merge; local tags (`!name`) count for nothing."""
        text, tag = event.value, event.tag
        self._check_tag(event, _SCALAR_TAGS)
        if tag is not None and not tag.startswith("!"):
            value = self._construct(tag, event)
        else:
            value = self._resolve(event) if event.implicit[0] or (tag is not None and not event.style) else text
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchored(value, 1, 0, text)
        key = _MERGE if text == "<<" and event.implicit[0] else text
        return key if as_key else value

    def _resolve(self, event: ScalarEvent) -> Any:
        """The value that YAML 1.1 gives to a plain scalar (yaml.org/type), by PyYAML's own table."""
        text = event.value
        tag = next((tag for tag, pattern in _RESOLVERS.get(text[:1], ()) if pattern.match(text)), "")
        return self.resolved.setdefault(text, self._construct(tag, event))

    def _construct(self, tag: str, event: ScalarEvent) -> Any:
        """Numbers, booleans and null; every other type, dates and bytes among them, stays text."""
        construct = _CONSTRUCT.get(tag)
        if construct is None:
            return event.value
        if len(event.value) > MAX_DIGITS:
            self._refuse(f"a number has more than {MAX_DIGITS} digits", event)
        try:
            return construct(_CONSTRUCTOR, yaml.ScalarNode(tag, event.value))
        except (ValueError, KeyError, IndexError):
            self._refuse(f"{event.value[:40]!r} is not of the type {tag.removeprefix(_TAG)}", event)

    def _open(self, event: CollectionStartEvent, items: list[Any], as_key: bool) -> None:
        if as_key:
            self._refuse(_COMPLEX_KEY, event)
        if event.tag is not None:
            self._check_tag(event, _MAPPING_TAGS if isinstance(event, MappingStartEvent) else _SEQUENCE_TAGS)
        anchored = None
        if event.anchor is not None:
            anchored = self.anchors[event.anchor] = _Anchored(None, self.nodes, self.deepest, open=True)
            self.deepest = 0
        self._reach(len(self.stack) + 1, event)
        self.stack.append((event, items, anchored))

    def _close(self, items: list[Any]) -> tuple[Any, list[Any]]:
        """The collection that ends, and the items of the one around it."""
        start, outer, anchored = self.stack.pop()
        self.nodes += len(items)
        value = self._mapping(items, start) if isinstance(start, MappingStartEvent) else items
        if anchored is not None:
            anchored.value, anchored.open = value, False
            anchored.nodes = 1 + self.nodes - anchored.nodes
            anchored.levels, self.deepest = self.deepest - len(self.stack), max(self.deepest, anchored.levels)
        return value, outer

    def _reach(self, depth: int, event: yaml.Event) -> None:
        if depth > MAX_DEPTH:
            self._refuse(TOO_DEEP, event)
        self.deepest = max(self.deepest, depth)

    def _mapping(self, items: list[Any], start: yaml.Event) -> dict[str, Any]:
        keys, values = items[::2], items[1::2]
        mapping = dict(zip(keys, values, strict=True))
        if _MERGE in mapping:
            mapping = self._merged(keys, values, start)
            keys = [key for key in keys if key is not _MERGE]
        elif len(mapping) == len(keys):
            return mapping
        if repeated := repeated_keys(keys):
            self.repeats.append((mapping, repeated))
        return mapping

    def _merged(self, keys: list[Any], values: list[Any], start: yaml.Event) -> dict[str, Any]:
        """The mapping's own keys over those that it merges; in a list the first wins (yaml.org/type/merge)."""
        merged: dict[str, Any] = {}
        for value in (value for key, value in zip(keys, values, strict=True) if key is _MERGE):
            for source in reversed(value if isinstance(value, list) else [value]):
                if not isinstance(source, dict):
                    self._refuse("the merge key << takes a mapping or a list of mappings", start)
                merged.update(source)
        return merged | {key: value for key, value in zip(keys, values, strict=True) if key is not _MERGE}

    def _alias(self, event: AliasEvent, as_key: bool) -> Any:
        name = event.anchor or ""
        anchored = self.anchors.get(name)
        if anchored is None:
            self._refuse(f"the alias *{name[:80]} has no anchor before it", event)
        if anchored.open:
            self._refuse(f"the anchor &{name[:80]} contains itself", event)
        if as_key:
            return self._refuse(_COMPLEX_KEY, event) if anchored.text is None else anchored.text
        self.nodes += anchored.nodes
        if self.nodes > self.max_nodes:
            self._refuse(f"the aliases unfold to more than {self.max_nodes} values", event)
        self._reach(len(self.stack) + anchored.levels, event)
        return anchored.value

    def _check_tag(self, event: ScalarEvent | CollectionStartEvent, known: frozenset[str]) -> None:
        if event.tag is not None and not event.tag.startswith("!") and event.tag not in known:
            self._refuse(f"the tag {event.tag[:80]} does not belong here, and nothing is constructed from it", event)

    def _refuse(self, message: str, event: yaml.Event) -> NoReturn:
        raise Malformed(message, line_at(self.text, event.start_mark.index) if event.start_mark else None)


def _neither(text: str, fault: Exception, no_json: json.JSONDecodeError | None) -> Malformed:
    if not isinstance(fault, yaml.MarkedYAMLError):
        junk = _UNPRINTABLE.search(text)
        seen, line = (f"U+{ord(junk[0]):04X}", line_at(text, junk.start())) if junk else ("one of them", 1)
        return Malformed(f"characters that are no text, {seen} the first: is this a binary file?", line)
    mark = fault.problem_mark or fault.context_mark
    line = line_at(text, mark.index) if mark else 1
    message = " ".join(" ".join(part for part in (fault.context, fault.problem) if part).split())[:200]
    if no_json is None:
        return Malformed(f"not YAML: {message}", line)
    json_line = line_at(text, no_json.pos)
    message = f"neither JSON ({no_json.msg}, line {json_line}) nor YAML ({message}, line {line})"
    return Malformed(message, max(line, json_line))
