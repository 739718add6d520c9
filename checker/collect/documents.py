"""The only place that loads data files together with everything that their `$ref`s reach inside the repository."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from checker.collect.data_parsed import Malformed
from checker.collect.data_text import parse
from checker.collect.files import Unreadable
from checker.model.contract import Defect, Documents, is_anchor, split_ref
from checker.model.observation import Place, Pointer
from checker.model.repo import Text
from checker.model.unavailable import Unavailable

Read = Callable[[str], Text]
MOST_FILES = 2_000
_HALF = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_HOLDERS = (dict, list)
_PROSE = (".md", ".mdx", ".txt", ".html")
_OPAQUE = frozenset({"example", "default", "enum", "const", "value"})  # plain data, where `$ref` is only a word
_NAMED = frozenset(  # mappings whose keys are names that people chose: a response may be called `default`
    "properties patternProperties dependentSchemas schemas definitions $defs responses parameters headers requestBodies "
    "callbacks links examples securitySchemes paths pathItems webhooks content".split()
)


@dataclass
class Loaded:
    """What was read: values by path, what could not be read, references that lead nowhere, keys that stand twice."""

    values: dict[str, Any] = field(default_factory=dict)
    unreadable: list[Defect] = field(default_factory=list)
    broken_refs: list[Defect] = field(default_factory=list)
    duplicates: dict[str, tuple[Pointer, ...]] = field(default_factory=dict)
    streams: dict[str, int] = field(default_factory=dict)
    followed: int = 0  # files that were read because another refers to them
    failed: set[str] = field(default_factory=set)  # such files that could not be

    def forget(self, path: str) -> None:
        """Drop a file that was read and is not of interest."""
        for kept in (self.values, self.duplicates, self.streams):
            kept.pop(path, None)

    @property
    def documents(self) -> Documents:
        return Documents(self.values)


def read_value(path: str, read: Read, loaded: Loaded) -> bool:
    """Read one file into `loaded`; False, with a defect that names the line, when it is not JSON or YAML."""
    try:
        text = read(path).text
        parsed = parse(text)
        _refuse_half_characters(text, parsed.value)
    except Malformed as wrong:
        loaded.unreadable.append(Defect("malformed", _at(path, wrong.line), path, str(wrong)))
        return False
    except Unreadable as wrong:
        loaded.unreadable.append(Defect("unreadable", _at(path, wrong.line), path, str(wrong)))
        return False
    except Unavailable as wrong:
        loaded.unreadable.append(Defect("unreadable", Place(path), path, str(wrong), certain=False))
        return False
    loaded.values[path] = parsed.value
    if parsed.duplicates:
        loaded.duplicates[path] = parsed.duplicates
    if parsed.documents > 1:
        loaded.streams[path] = parsed.documents
    return True


def _at(path: str, line: int | None) -> Place:
    return Place(path, (line, line) if line else None)


def _refuse_half_characters(text: str, value: Any) -> None:
    """JSON can spell half of a surrogate pair (RFC 8259, section 8.2), which no text can hold; YAML refuses it itself."""
    spelt = "\\ud" in text or "\\uD" in text  # a plain search is many times quicker than the pattern
    found = _HALF.search(text) if spelt else None
    if found is None:
        return
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        line = text.count("\n", 0, found.start()) + 1
        raise Malformed(f"{found.group()} is half a character", line) from None


def follow(roots: Iterable[str], read: Read, known: Callable[[str], bool], loaded: Loaded) -> None:
    """Load every file that the documents at `roots` reach, and note the references that lead nowhere.

    `known` says whether a path is a file of the repository; nothing else is ever opened, and no URL is fetched.
    """
    waiting = list(roots)
    walked: dict[str, list[Reference]] = {path: [] for path in waiting}
    while waiting:
        path = waiting.pop()
        walked[path] = list(references(loaded.values[path]))
        for one in walked[path]:
            target, _ = split_ref(path, one.ref)
            defect = None if target in loaded.values else _unreachable(path, one, target, read, known, loaded)
            if defect is None and target not in walked:
                walked[target] = []
                waiting.append(target)
            if defect is not None:
                loaded.broken_refs.append(defect)
    documents = loaded.documents
    for path in sorted(walked):
        loaded.broken_refs.extend(_dangling(path, walked[path], documents))


@dataclass(frozen=True, slots=True)
class Reference:
    """A `$ref` and the way to the mapping that holds it, as (way to the holder, key) pairs: most are never asked for."""

    ref: str
    trail: Any

    @property
    def pointer(self) -> Pointer:
        keys, trail = [], self.trail
        while trail:
            trail, key = trail
            keys.append(key)
        return tuple(reversed(keys))


def references(value: Any) -> Iterator[Reference]:
    """Every `$ref` of a document; plain data is not searched."""
    stack: list[tuple[Any, Any, bool]] = [(value, (), False)]
    while stack:
        node, trail, names = stack.pop()  # `names`: the keys here are names of schemas, not words of the language
        if type(node) is dict:
            ref = node.get("$ref")
            if type(ref) is str:  # a property that is called `$ref` has a schema there, not text
                yield Reference(ref, trail)
            for key, child in node.items():
                if type(child) in _HOLDERS and (names or not (key in _OPAQUE or key.startswith("x-"))):
                    stack.append((child, (trail, key), key in _NAMED and not names))
        elif type(node) is list and not (trail and trail[1] == "examples"):
            for index, child in enumerate(node):
                if type(child) in _HOLDERS:
                    stack.append((child, (trail, str(index)), False))


def _unreachable(
    path: str, one: Reference, target: str, read: Read, known: Callable[[str], bool], loaded: Loaded
) -> Defect | None:
    """Load the file that a reference names; the defect when that cannot be."""
    ref = one.ref
    place, subject = Place(path, pointer=one.pointer), f"{path} $ref {ref}"
    if ref.startswith(("http:", "https:", "file:", "//")) or ":" in target.partition("/")[0]:
        return Defect("remote-ref", place, subject, f"$ref {ref!r} is a URL; nothing outside is fetched", certain=False)
    if target.startswith(("..", "/")):
        said = f"$ref {ref!r} leads out of the audited folder and is not followed; audit a folder that holds both, like the root"
        return Defect("outside-ref", place, subject, said)
    if not known(target):
        return Defect("dangling-ref", place, subject, f"$ref {ref!r} names no file of the repository")
    if target.lower().endswith(_PROSE):
        loaded.values[target] = ""  # descriptions that a bundler puts in; what they say is nobody's business here
        return None
    if target not in loaded.failed:
        loaded.followed += 1
        if loaded.followed > MOST_FILES:
            return Defect("too-many-files", place, subject, f"more than {MOST_FILES} files are referred to")
        if read_value(target, read, loaded):
            return None
        loaded.failed.add(target)
    said = f"$ref {ref!r} names a file that cannot be read"
    return Defect("dangling-ref", place, subject, said, cause=f"{path} $ref {target}")


def _dangling(path: str, found: Iterable[Reference], documents: Documents) -> Iterator[Defect]:
    for one in found:
        target, _ = split_ref(path, one.ref)
        aim = documents.find(path, one.ref)
        if aim is None and target in documents.values:
            place, subject = Place(path, pointer=one.pointer), f"{path} $ref {one.ref}"
            if is_anchor(one.ref):
                said = f"$ref {one.ref!r} names an anchor, and only pointers are followed"
                yield Defect("anchor-ref", place, subject, said, certain=False)
            else:
                yield Defect("dangling-ref", place, subject, f"$ref {one.ref!r} points to nothing")
        elif aim is not None and type(aim[2]) is dict and (circle := _circle(path, one.ref, documents)):
            place, said = Place(path, pointer=one.pointer), f"$ref {one.ref!r} refers to itself by way of others"
            yield Defect("circular-ref", place, f"{path} $ref {circle}", said)


def _circle(path: str, ref: str, documents: Documents) -> str:
    """The first of the places that a reference runs through when it ends nowhere; empty for every sound one."""
    seen: set[tuple[str, Pointer]] = set()
    while (found := documents.find(path, ref)) is not None and found[:2] not in seen:
        seen.add(found[:2])
        path, _, value = found
        if type(value) is not dict or type(value.get("$ref")) is not str:
            return ""
        ref = value["$ref"]
    return f"#/{'/'.join(min(seen)[1])}" if found is not None else ""
