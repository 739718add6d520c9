"""The only place that holds contract documents against the metaschema that OpenAPI publishes for their version."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema_rs

from checker.collect.documents import references
from checker.model.contract import METHODS, Contract, Defect, Node
from checker.model.observation import Place, Pointer

MOST_DEFECTS = 200  # structural defects shown of one document; the rest is counted
_VERSIONS = (("2.0", "v2.0"), ("3.0", "v3.0"), ("3.1", "v3.1"), ("3.2", "v3.2"))
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ITEMS = {  # what the members of a mapping or list of this name are
    "paths": "pathItem",
    "pathItems": "pathItem",
    "webhooks": "pathItem",
    "parameters": "parameter",
    "responses": "response",
    "requestBodies": "requestBody",
    "headers": "header",
    "schemas": "schema",
    "definitions": "schema",
    "$defs": "schema",
    "properties": "schema",
    "patternProperties": "schema",
    "allOf": "schema",
    "anyOf": "schema",
    "oneOf": "schema",
    "prefixItems": "schema",
}
_VALUES = {
    "requestBody": "requestBody",
    "schema": "schema",
    "items": "schema",
    "additionalProperties": "schema",
    "not": "schema",
}
_NEWER = frozenset("const examples $defs $id $anchor $comment if then else contains prefixItems propertyNames".split())


def structure(found: Contract) -> Iterator[Defect]:
    """What the document, and each fragment of another file that it refers to, has against its version's metaschema.

    One defect for each place, at most MOST_DEFECTS of a document; `unknown-version` where there is no metaschema.
    """
    version = next((folder for prefix, folder in _VERSIONS if found.version.startswith(prefix)), None)
    if version is None:
        named = f"version {found.version!r} is" if found.version else "it names no version, so"
        said = f"{named} none of 2.0, 3.0, 3.1, 3.2"
        yield Defect("unknown-version", Place(found.path, pointer=()), f"{found.path} version", said)
        return
    dialect = found.root.get("jsonSchemaDialect")
    own = dialect is not None and dialect != _DIALECT and "spec.openapis.org" not in str(dialect)
    parts = [_Part("", found.root), *_fragments(found.root)]
    misplaced: dict[Place, str] = {}
    everything = [defect for part in parts for defect in _part_defects(part, version, own, misplaced)]
    everything += _misplaced(found.path, misplaced)
    yield from _listed([defect for defect in everything if not defect.cause])
    shared = [defect for defect in everything if defect.cause]
    for defect in shared[:MOST_DEFECTS]:
        yield replace(defect, detail=f"{defect.detail} ({len(shared)} such places)") if len(shared) > 1 else defect


def _listed(defects: list[Defect]) -> Iterator[Defect]:
    for path, count in Counter(defect.place.path for defect in defects).items():
        yield from [defect for defect in defects if defect.place.path == path][:MOST_DEFECTS]
        if count > MOST_DEFECTS:
            said = f"{count - MOST_DEFECTS} more structural defects are not listed"
            yield Defect("too-many-defects", Place(path, pointer=()), f"{path} more structural defects", said)


@dataclass(frozen=True)
class _Part:
    """A value that must have one shape: the whole document (no kind), or what a `$ref` into another file names."""

    kind: str
    node: Node


def _fragments(root: Node) -> Iterator[_Part]:
    """What the document refers to in other files, and those in turn, each once."""
    if len(root.documents.values) == 1:
        return
    waiting = [(root.path, one.ref, one.pointer, "") for one in references(root.value) if one.ref[:1] != "#"]
    seen: set[tuple[str, Pointer, str]] = set()
    while waiting:
        path, ref, holder, inherited = waiting.pop()
        kind = _kind(holder) or inherited
        target = root.documents.find(path, ref)
        if target is None or target[0] == root.path or not kind or (*target[:2], kind) in seen:
            continue
        seen.add((*target[:2], kind))
        part = _Part(kind, Node(root.documents, *target))
        if not _is_reference(part.node.value):
            yield part
        inner = [(one.ref, one.pointer) for one in references(part.node.value)]
        waiting.extend((target[0], ref, at, "" if at else kind) for ref, at in inner)


def _kind(holder: Pointer) -> str:
    """What stands where a reference stood; a property may be called `responses`, so its own name says nothing."""
    above = holder[-2] if len(holder) > 1 else ""
    named = len(holder) > 2 and holder[-3] in ("properties", "patternProperties")
    if len(holder) > 2 and holder[-3] == "paths" and holder[-1] in METHODS:
        return "operation"
    return _ITEMS.get("" if named else above) or _VALUES.get(holder[-1] if holder else "", "")


def _is_reference(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("$ref"), str)


def _part_defects(part: _Part, version: str, own_dialect: bool, misplaced: dict[Place, str]) -> list[Defect]:
    """What one part has against the metaschema; references where none may stand are gathered in `misplaced`."""
    validator = _validator(version, part.kind, own_dialect)
    if validator is None:
        return []
    said: dict[Pointer, list[str]] = {}
    newer: dict[Pointer, str] = {}
    for error in validator.iter_errors(part.node.value):
        for one in _told(error):
            ref = _ref_at(part.node.value, one.instance_path)
            beside = bool(ref) and "$ref" not in one.kind.as_dict().get("unexpected", ("$ref",))
            if ref and not beside:
                pointer = (*part.node.pointer, *map(str, one.instance_path))
                misplaced.setdefault(Place(part.node.path, pointer=pointer), ref)
                continue
            for pointer, message in _messages(one):
                if version == "v3.0" and (instead := _newer(pointer, one)):
                    newer[pointer] = instead
                else:
                    said.setdefault(pointer, []).append(f"{message} beside a $ref" if beside else message)
    found = [_defect(part.node, pointer, "; ".join(dict.fromkeys(each[:3]))) for pointer, each in said.items()]
    cause = f"{part.node.path} words of OpenAPI 3.1"
    return found + [_defect(part.node, pointer, instead, cause) for pointer, instead in newer.items()]


def _ref_at(value: Any, steps: list[str | int]) -> str:
    """The `$ref` of the value that an error is about, or the empty string."""
    for step in steps[:-1] if steps[-1:] == ["$ref"] else steps:
        value = value[int(step)] if isinstance(value, list) else value.get(step, value.get(str(step)))
    ref = value.get("$ref") if isinstance(value, Mapping) else None
    return ref if isinstance(ref, str) else ""


def _misplaced(path: str, refs: Mapping[Place, str]) -> list[Defect]:
    """One defect for all references that stand where OpenAPI has none: bundlers follow them, other readers do not."""
    if not refs:
        return []
    place, ref = next(iter(refs.items()))
    more = f", and {len(refs) - 1} more" if len(refs) > 1 else ""
    said = f"a $ref stands where OpenAPI allows none ({ref!r}{more}); bundlers follow it, other readers do not"
    return [Defect("misplaced-ref", place, f"{path} misplaced $ref", said, certain=False)]


def _defect(node: Node, below: Pointer, message: str, cause: str = "") -> Defect:
    pointer = (*node.pointer, *below)
    name = Node(node.documents, node.path, pointer, None).name
    return Defect("structure", Place(node.path, pointer=pointer), f"{node.path} {name}", message, cause=cause)


def _told(error: Any) -> Iterator[Any]:
    """Of an `anyOf` or `oneOf` error, the errors of the branch that was meant; other errors as they are."""
    branches = [branch for branch in getattr(error.kind, "context", None) or () if branch]
    if not branches:
        yield error
        return
    here = len(error.instance_path)
    for one in min(branches, key=lambda branch: (_misses(branch, here), len(branch))):
        yield from _told(one)


def _misses(branch: list[Any], here: int) -> int:
    """How plainly a branch was not meant: it wants a reference, another type, or another fixed word (`in: query`)."""
    misses = 0
    for error in branch:
        kind, known = error.kind.name, error.kind.as_dict()
        misses += kind == "required" and known.get("property") == "$ref"
        misses += kind == "type" and len(error.instance_path) == here
        misses += kind in ("enum", "constant", "const") and len(known.get("options") or [None]) == 1
    return misses


def _messages(error: Any) -> Iterator[tuple[Pointer, str]]:
    """An error in plain words, at the key it is about (numbers in `instance_path` may be keys: they are made text)."""
    pointer = tuple(str(part) for part in error.instance_path)
    kind, known = error.kind.name, error.kind.as_dict()
    if kind in ("additionalProperties", "unevaluatedProperties"):
        yield from (((*pointer, str(key)), f"{str(key)[:80]!r} is not allowed here") for key in known["unexpected"])
    elif kind == "required":
        yield pointer, f"{known['property']!r} is missing"
    elif kind == "type":
        yield pointer, f"must be {' or '.join(known['types'])}, is {_short(error.instance)}"
    elif kind == "enum":
        yield pointer, f"{_short(error.instance)} is none of {', '.join(map(str, known['options']))[:160]}"
    elif kind == "pattern" and isinstance(error.instance, str):
        yield pointer, f"{_short(error.instance)} does not match {known['pattern']}"
    else:
        message = error.message
        yield pointer, message if len(message) <= 160 else f"{message[:80]} … {message[-60:]}"


def _newer(pointer: Pointer, error: Any) -> str:
    """What a schema of a 3.0 document should say instead of what only 3.1 lets it say; empty where that is not the matter."""
    word = pointer[-1] if pointer else ""
    if "Schema" not in [str(part) for part in error.schema_path]:
        return ""
    if word == "type" and (isinstance(error.instance, list) or error.instance == "null"):
        return "lists of types and the type null are OpenAPI 3.1; in 3.0 write one type, and nullable: true"
    if word in ("exclusiveMaximum", "exclusiveMinimum") and isinstance(error.instance, (int, float)):
        return f"a number here is OpenAPI 3.1; in 3.0 write m{word[10:]} and {word}: true"
    return f"{word!r} is a word of OpenAPI 3.1, and not of 3.0" if word in _NEWER else ""


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"


@cache
def _validator(version: str, kind: str, own_dialect: bool) -> Any:
    """The validator of a version, as openapi-spec-validator ships its metaschema, for the whole or one kind of part.

    From 3.1 on a schema is JSON Schema 2020-12, unless the document chose a dialect of its own. None: no such part.
    """
    meta = _metaschema(version)
    holder = "$defs" if "$defs" in meta else "definitions"
    if holder == "$defs" and not own_dialect:
        meta = {**meta, holder: {**meta[holder], "schema": {"$dynamicAnchor": "meta", "$ref": _DIALECT}}}
    if kind:
        names = {name.replace("-", "").lower(): name for name in meta[holder]}
        name = names.get(kind.lower())
        if name is None:
            return None
        meta = {key: meta[key] for key in ("$id", "id", "$schema", holder) if key in meta} | {
            "$ref": f"#/{holder}/{name}"
        }
        if holder == "definitions":
            meta = {"$schema": meta["$schema"], holder: meta[holder], "allOf": [{"$ref": meta["$ref"]}]}
    return jsonschema_rs.validator_for(meta, validate_formats=False)


@cache
def _metaschema(version: str) -> dict[str, Any]:
    spec = find_spec("openapi_spec_validator")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("openapi-spec-validator is not installed, and the metaschemas are its resources")
    file = Path(spec.submodule_search_locations[0]) / "resources" / "schemas" / version / "schema.json"
    loaded: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return loaded
