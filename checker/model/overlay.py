"""What a reference means when fields stand beside it: path items and operations as the most generous reader takes them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from checker.model.contract import Node

_MOST_LINKS = 50
_WORDS = ("$ref", "summary", "description")
_HOLD_REFERENCES = ("parameters", "servers")  # the lists of a path item or operation that may do so


def written(node: Node, key: str) -> Node | None:
    """The member below a key as it is written: a reference stays one."""
    if isinstance(node.value, dict) and key in node.value:
        return Node(node.documents, node.path, (*node.pointer, key), node.value[key])
    return None


def refers(node: Node) -> bool:
    """Whether a node is a reference."""
    return isinstance(node.value, dict) and isinstance(node.value.get("$ref"), str)


def links(node: Node) -> tuple[Node, ...]:
    """A node, and each that it refers to in turn; the last one is a reference where that cannot be followed."""
    nodes = [node]
    while refers(nodes[-1]) and len(nodes) <= _MOST_LINKS:
        found = node.documents.find(nodes[-1].path, nodes[-1].value["$ref"])
        if found is None:
            break
        nodes.append(Node(node.documents, *found))
    return tuple(nodes)


def beside_ref(node: Node) -> tuple[str, ...]:
    """The fields that stand beside a `$ref` and mean something: neither words about it nor extensions."""
    if not refers(node):
        return ()
    return tuple(key for key in node.value if key not in _WORDS and not key.startswith("x-"))


def overlaid(node: Node) -> Node | None:
    """What a node refers to, with the fields beside each `$ref` laid over it; None where there is neither.

    Readers disagree about such fields (OpenAPI 3.0.3, Path Item Object), and what one of them serves has to be judged.
    """
    *above, last = links(node)
    result = None if refers(last) else last
    for one in reversed([*above, last] if result is None else above):
        if beside_ref(one):
            own = {key: value for key, value in one.value.items() if key != "$ref"}
            result = Node(one.documents, one.path, one.pointer, _seen_from(one, result) | own)
    return result


def path_item(root: Node, path: str) -> Node | None:
    """The path item of a path, with what stands beside its `$ref`."""
    paths = root.at("paths")
    item = written(paths, path) if paths else None
    return overlaid(item) if item else None


def _seen_from(holder: Node, under: Node | None) -> dict[str, Any]:
    """The members of a node as they can stand at `holder`: what may hold references of its own is referred to."""
    if under is None or not isinstance(under.value, dict):
        return {}
    return {
        key: {"$ref": _reference(holder, under, key)} if isinstance(value, dict) or key in _HOLD_REFERENCES else value
        for key, value in under.value.items()
    }


def _reference(holder: Node, under: Node, key: str) -> str:
    file = "" if under.path == holder.path else "../" * holder.path.count("/") + quote(under.path)
    return f"{file}#{quote(Node(under.documents, under.path, (*under.pointer, key), None).name[1:])}"
