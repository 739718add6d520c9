"""What a contract says about where its operations are served."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from checker.model.contract import Contract, Node, Operation
from checker.model.overlay import path_item


@dataclass(frozen=True, slots=True)
class Server:
    """One base URL, its variables filled in with their defaults; `base` is its path."""

    url: str
    base: str
    node: Node

    def __hash__(self) -> int:
        return hash((self.url, self.node.path, self.node.pointer))


def servers(contract: Contract, operation: Operation) -> Iterator[Server]:
    """The servers of an operation: its own, else its path's, else the document's; Swagger 2 has `basePath` alone."""
    item = path_item(contract.root, operation.path)
    holders = (operation.node.at("servers"), item.at("servers") if item else None)
    own = next((holder for holder in holders if holder is not None and holder.value), None)
    return document_servers(contract) if own is None or contract.version.startswith("2") else _each(own)


def document_servers(contract: Contract) -> Iterator[Server]:
    """The servers that the document gives to every operation without its own."""
    base = contract.root.get("basePath")
    if not contract.version.startswith("2"):
        return _each(contract.root.at("servers"))
    return iter((Server(base, base, contract.root),) if isinstance(base, str) else ())


def _each(holder: Node | None) -> Iterator[Server]:
    for _, node in holder.members() if holder else ():
        url = _filled(node)
        yield Server(url, _path(url), node)


def _filled(server: Node) -> str:
    variables = server.get("variables")
    defaults = {
        name: str(one.get("default", ""))
        for name, one in (variables.items() if isinstance(variables, Mapping) else ())
        if isinstance(one, Mapping)
    }
    return re.sub(r"{([^{}]*)}", lambda found: defaults.get(found[1], found[0]), str(server.get("url") or ""))


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""
