"""What a contract says about where its operations are served."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from checker.model.contract import Contract, Node, Operation


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
    if contract.version.startswith("2"):
        base = contract.root.get("basePath")
        if isinstance(base, str):
            yield Server(base, base, contract.root)
        return
    item = contract.root.at("paths", operation.path)
    holders = (operation.node.at("servers"), item.at("servers") if item else None, contract.root.at("servers"))
    named = next((holder for holder in holders if holder is not None and holder.value), None)
    for _, node in named.members() if named else ():
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
