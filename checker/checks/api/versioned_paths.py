"""Every path carries a version, in the path itself or in the base path of each server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pydantic import field_validator

from checker.model.base import Frozen
from checker.model.contract import Api, Contract, Node, Operation
from checker.model.observation import Observation, Place
from checker.model.purpose import is_about_itself, is_oauth, is_probe
from checker.model.rule import Confidence
from checker.model.servers import Server, servers
from checker.model.shape import shape


class Params(Frozen):
    """`pattern`: what a whole path segment must match to be a version, in any case. `exempt`: paths that need none."""

    pattern: str = r"v[0-9]+(\.[0-9]+)*((alpha|beta|rc)[0-9]*)?|[0-9]+\.[0-9]+|20[0-9]{2}-[0-9]{2}(-[0-9]{2})?"
    exempt: tuple[str, ...] = ()

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as wrong:
            raise ValueError(f"not a regular expression: {wrong}") from None
        return pattern


def versioned_paths(api: Api, params: Params) -> Iterator[Observation]:
    """One observation for each path; where only some servers have a version, the fault is laid at one that has not.

    Sources: backend-coder "Version APIs from day one (`/v1/...`)", AIP-185; Zalando #115 asks for the opposite.
    """
    version = re.compile(params.pattern, re.IGNORECASE)
    for contract in api.contracts:
        by_path: dict[str, list[Operation]] = {}
        for operation in contract.operations:
            by_path.setdefault(operation.path, []).append(operation)
        for path, operations in by_path.items():
            if path not in params.exempt and not all(map(_needs_none, operations)):
                yield _observed(contract, path, operations, version)


def _needs_none(operation: Operation) -> bool:
    return is_probe(operation) or is_about_itself(operation) or is_oauth(operation)


def _observed(contract: Contract, path: str, operations: list[Operation], version: re.Pattern[str]) -> Observation:
    place = Place(contract.path, pointer=("paths", path))
    if _is_versioned(path, version):
        return Observation(path, True, place)
    variable = _version_variable(operations[0], version)
    if variable is not None:
        return _with_variable(path, place, *variable)
    found = list(dict.fromkeys(one for operation in operations for one in servers(contract, operation)))
    bare = [one for one in found if not _is_versioned(one.base, version)]
    if found and not bare:
        return Observation(path, True, place)
    if len(bare) < len(found):
        return _through(bare[0], path)
    paths = ", ".join(sorted({one.base or "/" for one in bare}))
    seen = f"no server's path ({paths}) has one" if found else "no server is named"
    return Observation(path, False, place, f"{path} carries no version", f"no segment of the path is one, and {seen}")


def _through(server: Server, path: str) -> Observation:
    return Observation(
        subject=path,
        ok=False,
        place=server.node.place,
        message=f"{path} carries no version under the server {server.url}",
        evidence="other servers of the same document have a version in their path",
        cause=f"server {server.url}",
    )


def _is_versioned(path: str, version: re.Pattern[str]) -> bool:
    return any(version.fullmatch(part) for part in path.split("/"))


def _version_variable(operation: Operation, version: re.Pattern[str]) -> tuple[str, bool] | None:
    """A path parameter that stands for the version, and whether its schema allows versions alone."""
    for one in operation.parameters:
        if one.location == "path" and f"/{{{one.name}}}" in operation.path:
            values = list(_values(one.schema))
            if values and all(version.fullmatch(value) for value in values):
                return one.name, True
            leads = operation.path.startswith(f"/{{{one.name}}}")
            if leads and not values and re.fullmatch(r"(?i)(api[-_]?)?version", one.name):
                return one.name, False
    return None


def _with_variable(path: str, place: Place, name: str, certain: bool) -> Observation:
    evidence = f"the parameter {name!r} may be a version; nothing in its schema says so"
    return Observation(path, certain, place, f"{path} may carry no version", evidence, confidence=Confidence.MEDIUM)


def _values(schema: Node | None) -> Iterator[str]:
    words: Mapping[str, object] = shape(schema).keywords if schema is not None else {}
    choices = words.get("enum", [words["const"]] if "const" in words else [])
    yield from (str(one) for one in choices) if isinstance(choices, list) else ()
