"""The only place that decides whether a documented schema promises what an envelope asks of a body."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

from checker.model.contract import Node
from checker.model.negation import allows_nothing, negations
from checker.model.shape import Shape, shapes

EnvelopeName = Literal["backend-coder", "backend-engineer", "common"]
Asked = Mapping[str, Any]  # a JSON Schema of bodies, in the words that the files of rules/envelopes/ use
_KINDS: tuple[tuple[type, str], ...] = ((bool, "boolean"), (str, "string"), (int, "integer"), (float, "number"))


@dataclass(frozen=True)
class Envelopes:
    """The JSON Schemas of `rules/envelopes/`, by name; each describes the body of an error."""

    schemas: Mapping[str, Asked]

    def variants(self, name: str) -> tuple[Asked, ...]:
        """The envelope as schemas without `$ref` and `anyOf`: a body that fits one of them fits the envelope."""
        return tuple(_expanded(self.schemas[name], self.schemas[name]))

    def measured(self, name: str, node: Node) -> tuple[tuple[Gap, ...], ...]:
        """The gaps of a schema against each variant of an envelope, remembered per place."""
        key = "envelope", name, node.path, node.pointer
        return node.documents.recall(key, lambda: tuple(gaps(one, node) for one in self.variants(name)))

    def frame(self, name: str) -> Asked:
        """The outermost keys alone, which a success has as well."""
        return {"type": "object", "required": self.schemas[name].get("required", [])}


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that an envelope asks for and a schema does not promise; not `certain` where a body may still do it."""

    path: str  # error.code; empty for the body itself
    problem: str
    certain: bool = True

    def __str__(self) -> str:
        return f"{f'`{self.path}`' if self.path else 'the body'} {self.problem}"


def gaps(asked: Asked, node: Node, path: str = "") -> tuple[Gap, ...]:
    """What every alternative of a documented schema would have to promise and some does not; empty where it all fits.

    A pattern is held against the values that the contract names (`enum`, `const`, examples); whether other values
    match it cannot be told from a contract.
    """
    if allows_nothing(node):
        return (Gap(path, "has a schema that allows no value"),)
    found = shapes(node)
    if not found and "null" not in _types(asked):
        return (Gap(path, "is always null"),) if asked.get("type") else ()
    each = [tuple(_of_shape(asked, one, path)) for one in found]
    if not outline(asked) and any(is_possible(some) for some in each):  # a message may be a text or several
        each = [tuple(_softened(gap) for gap in some) for some in each]
    told = (gap for value in _examples(node) for gap in contradictions(asked, value, path))
    own = (*_of_null(asked, node, path), *_of_not(node, path), *told)
    return tuple(dict.fromkeys(gap for some in (own, *each) for gap in some))


def is_possible(found: Iterable[Gap]) -> bool:
    """Whether some body of the schema fits: nothing certain stands against it."""
    return not any(gap.certain for gap in found)


def contradictions(asked: Asked, value: object, path: str = "") -> Iterator[Gap]:
    """Where an example of a body names a value that the envelope's pattern refuses."""
    pattern = asked.get("pattern")
    if pattern and isinstance(value, str) and not re.search(pattern, value):
        yield Gap(path, f"has the example {value!r}, which the envelope's pattern refuses")
    if isinstance(value, Mapping):
        for name, inner in asked.get("properties", {}).items():
            if name in value:
                yield from contradictions(inner, value[name], _joined(path, name))


def outline(asked: Asked) -> str:
    """An envelope as a reader would sketch it: `{error: {code, message}}`."""
    inner = asked.get("properties", {})
    if "items" in asked:
        return f"[{outline(asked['items'])}]"
    parts = [f"{name}{_after_colon(outline(inner.get(name, {})))}" for name in asked.get("required", ())]
    return f"{{{', '.join(parts)}}}" if parts else ""


def _after_colon(text: str) -> str:
    return f": {text}" if text else ""


def _softened(gap: Gap) -> Gap:
    return replace(gap, certain=False, problem=re.sub(r"^is ", "may be ", gap.problem))


def _of_shape(asked: Asked, shape: Shape, path: str) -> Iterator[Gap]:
    wanted, given = _types(asked), _given(shape)
    if wanted and not given and path:
        yield Gap(path, f"has no type, where {_or(wanted)} is asked", certain=False)
    elif wanted and given and not any(_fits(one, wanted) for one in given):
        yield Gap(path, f"is {_or(given)}, not {_or(wanted)}")
        return
    elif wanted and not all(_fits(one, wanted) for one in given):
        yield Gap(path, f"may be {_or(one for one in given if not _fits(one, wanted))}", certain=False)
    yield from _of_words(asked, shape, path)
    yield from _of_properties(asked, shape, path)
    if "items" in asked:
        if shape.items is None:
            yield from _missing(asked["items"], f"{path}[]")
        else:
            yield from gaps(asked["items"], shape.items, f"{path}[]")


def _of_properties(asked: Asked, shape: Shape, path: str) -> Iterator[Gap]:
    inner = asked.get("properties", {})
    for name in dict.fromkeys((*asked.get("required", ()), *inner)):
        required = name in asked.get("required", ())
        below = _joined(path, name)
        if name not in shape.properties:
            yield from _missing(inner.get(name, {}), below) if required else ()
            continue
        if required and shape.properties[name].get("writeOnly") is True:
            yield Gap(below, "is `writeOnly`, so that no answer holds it")
            continue
        if required and name not in shape.required:
            yield Gap(below, "is not required", certain=False)
        yield from gaps(inner.get(name, {}), shape.properties[name], below)


def _missing(asked: Asked, path: str) -> Iterator[Gap]:
    """A missing holder lacks all that it should hold, so that the nearest of several envelopes can be told."""
    names = asked.get("required", ())
    for name in names:
        yield from _missing(asked.get("properties", {}).get(name, {}), _joined(path, name))
    if "items" in asked:
        yield from _missing(asked["items"], f"{path}[]")
    elif not names:
        yield Gap(path, "is missing")


def _of_words(asked: Asked, shape: Shape, path: str) -> Iterator[Gap]:
    """What the schema's own keywords say against the envelope: its values, and a format of another kind."""
    values = _values(shape)
    refused = [one for one in values if one is not None and not _allowed(asked, one)]
    if refused and ("pattern" in asked or len(refused) == len(values)):
        yield Gap(path, f"may be {refused[0]!r}, which the envelope refuses")
    if shape.keywords.get("maxLength") == 0 and "string" in _types(asked):
        yield Gap(path, "is always empty (`maxLength: 0`)")
    asked_format, given_format = asked.get("format"), shape.keywords.get("format")
    if asked_format and given_format and asked_format != given_format:
        yield Gap(path, f"has the format {given_format}, not {asked_format}")


def _of_null(asked: Asked, node: Node, path: str) -> Iterator[Gap]:
    if path and asked.get("type") and "null" not in _types(asked) and _may_be_null(node):
        yield Gap(path, "may be null", certain=False)


def _of_not(node: Node, path: str) -> Iterator[Gap]:
    """What a `not` beside the rest takes away cannot be told."""
    if negations(node):
        yield Gap(path, "carries a `not`, and cannot be told from what that leaves", certain=False)


def _may_be_null(node: Node) -> bool:
    """Whether null is allowed: `nullable` (3.0), a type list or an alternative `null` (3.1)."""
    named = node.get("type")
    if node.get("nullable") is True or named == "null" or (isinstance(named, list) and "null" in named):
        return True
    choices = [part for word in ("anyOf", "oneOf") if (holder := node.at(word)) for _, part in holder.members()]
    return any(part.get("type") == "null" for part in choices)


def _examples(node: Node) -> list[object]:
    plain, several = node.get("example"), node.get("examples")
    return [*([] if plain is None else [plain]), *(several if isinstance(several, list) else [])]


def _allowed(asked: Asked, value: object) -> bool:
    if "const" in asked and asked["const"] != value:
        return False
    kind = next((name for known, name in _KINDS if isinstance(value, known)), "")
    if kind and _types(asked) and not _fits(kind, _types(asked)):
        return False
    return not (isinstance(value, str) and "pattern" in asked) or re.search(asked["pattern"], value) is not None


def _values(shape: Shape) -> list[object]:
    """The only values that a schema allows, where it names them."""
    if "const" in shape.keywords:
        return [shape.keywords["const"]]
    named = shape.keywords.get("enum")
    return named if isinstance(named, list) else []


def _given(shape: Shape) -> frozenset[str]:
    if shape.types:
        return shape.types
    values = _values(shape)
    if values:
        return frozenset(name for value in values for known, name in _KINDS[:2] if isinstance(value, known))
    return frozenset({"object"} if shape.is_object else {"array"} if shape.is_array else ())


def _types(asked: Asked) -> frozenset[str]:
    named = asked.get("type", ())
    return frozenset({named} if isinstance(named, str) else named)


def _fits(given: str, wanted: frozenset[str]) -> bool:
    return given in wanted or (given == "integer" and "number" in wanted)


def _or(names: Iterable[str]) -> str:
    return " or ".join(sorted(names))


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _expanded(asked: Asked, whole: Asked) -> Iterator[Asked]:
    """Every choice among the `anyOf` of a schema, at any depth, as a schema of its own."""
    if "$ref" in asked:
        rest = {word: value for word, value in asked.items() if word != "$ref"}
        target = whole["$defs"][asked["$ref"].removeprefix("#/$defs/")]
        yield from _expanded(_merged(target, rest), whole)
        return
    if "anyOf" in asked:
        rest = {word: value for word, value in asked.items() if word != "anyOf"}
        for choice in asked["anyOf"]:
            for plain in _expanded(choice, whole):
                yield from _expanded(_merged(rest, plain), whole)
        return
    bare = {word: value for word, value in asked.items() if word not in ("properties", "items", "$defs")}
    names = list(asked.get("properties", {}))
    inner = [tuple(_expanded(asked["properties"][name], whole)) for name in names]
    items = tuple(_expanded(asked["items"], whole)) if "items" in asked else (None,)
    for *chosen, item in product(*inner, items):
        properties = {"properties": dict(zip(names, chosen, strict=True))} if names else {}
        yield {**bare, **properties, **({} if item is None else {"items": item})}


def _merged(one: Asked, other: Asked) -> Asked:
    required = [*one.get("required", ()), *other.get("required", ())]
    properties = {**one.get("properties", {}), **other.get("properties", {})}
    found = {**one, **other, "required": required, "properties": properties}
    return {word: value for word, value in found.items() if word not in ("required", "properties") or value}
