"""The only place that tells where references hide, or leave open, what rules ask a contract for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checker.model.contract import METHODS, Contract, Defect, Node
from checker.model.observation import Place, Pointer
from checker.model.overlay import beside_ref, links, overlaid, refers, written

_EACH = "*"
_METHODS = (*METHODS, "query")
_STEPS: Mapping[str, Mapping[str, str]] = {  # what is asked of a part, by the names of its fields
    "document": {"paths": "paths"},
    "paths": {_EACH: "path item"},
    "path item": {"parameters": "parameters", "additionalOperations": "operations"}
    | dict.fromkeys(_METHODS, "operation"),
    "operations": {_EACH: "operation"},
    "operation": {"parameters": "parameters", "requestBody": "body", "responses": "responses"},
    "parameters": {_EACH: "parameter"},
    "parameter": {"schema": "schema", "content": "content"},
    "responses": {_EACH: "response"},
    "response": {"content": "content", "schema": "schema"},
    "body": {"content": "content"},
    "content": {_EACH: "media"},
    "media": {"schema": "schema"},
    "schema": {"items": "schema"} | dict.fromkeys(("allOf", "anyOf", "oneOf"), "schemas"),
    "schemas": {_EACH: "schema"},
}


def hiding(found: Contract) -> dict[Place, tuple[str, str]]:
    """The references that cannot be followed and hide what rules ask for, by place: what is behind them, and the `$ref`.

    That is every path item, operation, parameter, response and body down to its schema; what a single property holds is not.
    """
    hidden: dict[Place, tuple[str, str]] = {}
    seen: set[tuple[str, Pointer, str]] = set()
    waiting = [(found.root, "document")]
    while waiting:
        node, kind = waiting.pop()
        key = node.path, node.pointer, kind
        if key in seen:
            continue
        seen.add(key)
        chain = links(node)
        if refers(chain[-1]):
            hidden[chain[-1].place] = kind, chain[-1].value["$ref"]
        waiting.extend(step for link in chain for step in _steps(link, kind))
    return hidden


def _steps(node: Node, kind: str) -> Iterator[tuple[Node, str]]:
    steps = _STEPS[kind]
    if isinstance(node.value, list):
        for index, value in enumerate(node.value) if _EACH in steps else ():
            yield Node(node.documents, node.path, (*node.pointer, str(index)), value), steps[_EACH]
    for key in node.value if isinstance(node.value, dict) else ():
        inner = steps.get(key) or (steps.get(_EACH) if key != "$ref" and not key.startswith("x-") else None)
        child = written(node, key) if inner else None
        if child is not None and inner is not None:
            yield child, inner


def beside_references(found: Contract) -> Iterator[Defect]:
    """Operations beside the `$ref` of their path item, and what stands beside the `$ref` of an operation."""
    paths = found.root.at("paths")
    for path in paths.value if paths and isinstance(paths.value, Mapping) else ():
        item = written(paths, path) if paths else None
        if item is None:
            continue
        for method in (*_METHODS, "additionalOperations"):
            for link in links(item):
                if method in beside_ref(link):
                    place = Place(link.path, pointer=(*link.pointer, method))
                    yield _defect(f"{method.upper()} {path} beside $ref", place, method, link)
        for method, own in _operations(item):
            for link in links(own):
                if beside := beside_ref(link):
                    yield _defect(f"{method.upper()} {path} beside $ref", link.place, ", ".join(beside), link)


def _operations(item: Node) -> Iterator[tuple[str, Node]]:
    whole = overlaid(item)
    for holder, names in ((whole, _METHODS), (whole.at("additionalOperations") if whole else None, None)):
        held = holder.value if holder and isinstance(holder.value, Mapping) else {}
        for name in held if names is None else names:
            own = written(holder, name) if holder else None
            if own is not None:
                yield name, own


def _defect(name: str, place: Place, what: str, link: Node) -> Defect:
    detail = f"{what} beside $ref {link.get('$ref')!r}: one reader takes it, another drops it; write it in what is referred to"
    return Defect("beside-ref", place, name, detail)
