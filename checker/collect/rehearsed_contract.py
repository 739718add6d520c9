"""The only place that makes one document of the contracts that the running app is held to, and of all their files."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from checker.model.contract import Api, Contract

Trail = tuple[tuple[str, tuple[str, ...]], ...]
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def document_of(contracts: Sequence[Contract]) -> dict[str, Any]:
    """The first contract as it is, with the operations of the others that it lacks, their references put in place."""
    first, *others = contracts
    whole = _whole(first)
    if not others:
        return whole
    whole = copy.deepcopy(whole)
    schemes = whole.setdefault("components", {}).setdefault("securitySchemes", {})
    for other in others:
        for name, path, method, node in _operations(other):
            if name not in first.by_name:
                whole["paths"].setdefault(path, {}).setdefault(method, node)
        for name, scheme in _inlined_whole(other, ("components", "securitySchemes")).items():
            schemes.setdefault(name, scheme)
    return whole


def left_out(api: Api, held: Sequence[Contract]) -> Iterator[str]:
    """A word about each contract that the app is not held to, because it stands under another address or version."""
    paths = {one.path for one in held}
    for other in api.contracts:
        if other.path not in paths:
            first = ", ".join(one.path for one in held)
            yield f"{other.path} was not held to the app: it has another base path or version of OpenAPI than {first}"


def _operations(contract: Contract) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Name, path, method and node of each operation, with what its path item and its document give to it."""
    everywhere = contract.root.value.get("security", [])
    for path, item in _inlined_whole(contract, ("paths",)).items():
        shared = item.get("parameters", []) if isinstance(item, dict) else []
        for method in _METHODS if isinstance(item, dict) else ():
            node = item.get(method)
            if isinstance(node, dict):
                parameters = [*node.get("parameters", []), *shared]
                whole = {"security": everywhere, **node, **({"parameters": parameters} if parameters else {})}
                yield f"{method.upper()} {path}", path, method, whole


def _inlined_whole(contract: Contract, keys: Sequence[str]) -> dict[str, Any]:
    value: Any = contract.root.value
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    found = _inlined(contract, contract.path, value or {}, (), own=True)
    return found if isinstance(found, dict) else {}


def _whole(contract: Contract) -> dict[str, Any]:
    if len(contract.root.documents.values) == 1:
        return dict(contract.root.value)
    return dict(_inlined(contract, contract.path, contract.root.value, ()))


def _inlined(contract: Contract, path: str, value: Any, trail: Trail, *, own: bool = False) -> Any:
    """A value with what lies in other files in place of its reference; with `own` what lies in its own file too."""
    if isinstance(value, list):
        return [_inlined(contract, path, one, trail, own=own) for one in value]
    if not isinstance(value, dict):
        return value
    ref = value.get("$ref")
    if isinstance(ref, str) and (own or not ref.startswith("#") or path != contract.path):
        found = contract.root.documents.find(path, ref)
        if found is None or found[:2] in trail:
            return {}
        return _inlined(contract, found[0], found[2], (*trail, found[:2]), own=own)
    return {key: _inlined(contract, path, one, trail, own=own) for key, one in value.items()}
