"""The code, the committed contract and the served contract name the same operations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checker.model.base import Frozen
from checker.model.contract import Api, Contract
from checker.model.modules import CodeStructure
from checker.model.observation import Observation, Place
from checker.model.rehearsal import Missing, Rehearsal, Route
from checker.model.rule import Confidence
from checker.model.stage_view import StageView, held, nameless
from checker.model.unavailable import NotApplicable, Unavailable

_METHODS = ("get", "put", "post", "delete", "patch", "options", "head", "trace")
MOST_NAMED = 6


class Params(Frozen):
    """`ignore`: paths that need no contract, as regular expressions."""

    ignore: tuple[str, ...] = (r"^/(?:docs|redoc|swagger\w*|schema|static|openapi(?:\.json|\.yaml)?)(?:/|$)",)


def undocumented_route(
    rehearsal: Rehearsal | Unavailable, structure: CodeStructure | Unavailable | NotApplicable, api: Api, params: Params
) -> Iterator[Observation]:
    """One observation for each route in the code: some contract documents it.

    Where the app cannot be imported, its routes are those of the source, and what they lack weighs less. Sources:
    backend-developer 1.3, agent-2 0.23, backend-engineer 2.15, OWASP API9:2023 (inventory).
    """
    listed = Listed.of(rehearsal, structure, api)
    documented = _documented(api, listed.base)
    for route in listed.routes:
        if not route.file or any(re.search(one, route.path) for one in params.ignore):
            continue
        name = f"{route.method} {route.path}"
        yield Observation(
            subject=name,
            ok=(route.method, nameless(route.path)) in documented,
            place=Place(route.file, (route.line, route.line)),
            message=f"{name} exists in the code and in no contract",
            evidence=f"{sum(1 for _ in api.operations())} operations in {_names(api)}, none of them {name}"
            + ("" if route.listed else "; the code hides it from the served contract")
            + listed.told,
            confidence=listed.confidence,
        )


def unimplemented_operation(
    rehearsal: Rehearsal | Unavailable, structure: CodeStructure | Unavailable | NotApplicable, api: Api
) -> Iterator[Observation]:
    """One observation for each documented operation: the code has a route for it, and the app does not answer 404.

    Where the app cannot be imported, its routes are those of the source. Sources: backend-developer 1.3 ("none
    missing"), agent-2 0.23.
    """
    listed = Listed.of(rehearsal, structure, api)
    known = {(one.method, nameless(one.path)) for one in listed.routes}
    statuses: dict[str, set[int]] = {}
    for one in rehearsal.observed if isinstance(rehearsal, Rehearsal) else ():
        statuses.setdefault(one.operation, set()).add(one.status)
    together = held(api) if api.contracts else ()
    for contract, operation in ((one, each) for one in together for each in one.by_name.values()):
        bases = dict.fromkeys((listed.base, *(contract.base_paths if listed.told else ()), ""))
        served = any((operation.method, nameless(base.rstrip("/") + operation.path)) in known for base in bases)
        seen = statuses.get(operation.name, set())
        answers = bool(seen - {404, 405, 501})
        yield Observation(
            subject=operation.name,
            ok=served or answers,
            place=operation.place,
            message=f"{operation.name} is documented and implemented nowhere",
            evidence=f"no route of the app has this method and path; it answered {_list(seen) if seen else 'nothing'}"
            + listed.told,
            confidence=listed.confidence if seen or known else Confidence.MEDIUM,
        )


def served_contract_differs(rehearsal: Rehearsal, api: Api) -> Iterator[Observation]:
    """One observation for each operation in the committed or the served contract: both have it, with the same statuses
    and parameters.

    Nothing to compare where the app serves no contract. Sources: backend-engineer 2.15, 1.3.
    """
    view = StageView.of(rehearsal, api)
    if rehearsal.served is None or view.contract is None:
        return
    served = _operations(rehearsal.served)
    mine = {(one.method, nameless(rehearsal.base_path + one.path)): one for one in view.contract.operations}
    for key, operation in mine.items():
        other = served.get(key)
        gaps = (
            ["the served contract does not have it"]
            if other is None
            else list(_gaps(view.contract, operation.name, other))
        )
        yield Observation(
            subject=operation.name,
            ok=not gaps,
            place=operation.place,
            message=f"{operation.name} is not the same in the served contract",
            evidence=f"{rehearsal.served_at}: {'; '.join(gaps[:MOST_NAMED])}",
        )
    for key in served.keys() - mine.keys():
        name = f"{key[0]} {served[key]['path']}"
        yield Observation(
            subject=name,
            ok=False,
            place=view.contract.root.place,
            message=f"{name} is served as part of the contract and is not in the committed one",
            evidence=f"{rehearsal.served_at} has it, {view.contract.path} does not",
            confidence=Confidence.MEDIUM,
        )


@dataclass(frozen=True)
class Listed:
    """The routes of the code, and how they were seen: `told` is empty where the app itself listed them."""

    routes: tuple[Route, ...]
    base: str = ""
    told: str = ""

    @property
    def confidence(self) -> Confidence | None:
        return Confidence.MEDIUM if self.told else None

    @classmethod
    def of(
        cls, rehearsal: Rehearsal | Unavailable, structure: CodeStructure | Unavailable | NotApplicable, api: Api
    ) -> Listed:
        """Unavailable where neither the app nor the source says; nor where the source's paths are not the contract's."""
        seen = rehearsal.routes if isinstance(rehearsal, Rehearsal) else Missing(missing=rehearsal.reason)
        if isinstance(rehearsal, Rehearsal) and isinstance(seen, tuple):
            return cls(seen, rehearsal.base_path)
        why = seen.missing if isinstance(seen, Missing) else ""
        routes = tuple(_of_source(structure)) if isinstance(structure, CodeStructure) else ()
        found = {(one.method, nameless(one.path)) for one in routes}
        matched = sum(1 for one in _documented(api, "") if one in found)
        if not routes or matched * 2 < sum(1 for _ in api.operations()):
            left = f"; of the source's {len(routes)} routes {matched} have a path of the contract" if routes else ""
            raise Unavailable(f"{why}{left}")
        return cls(routes, "", f"; told by the source, because the app could not be asked: {why[:160]}")


def _of_source(structure: CodeStructure) -> Iterator[Route]:
    for one in structure.routes:
        path = re.sub(r"<(?:\w+:)?(\w+)>|:(\w+)", r"{\1\2}", one.path)
        yield Route(method=one.method, path=path, file=one.file, line=one.lines[0])


def _documented(api: Api, base: str) -> set[tuple[str, str]]:
    found = set()
    for contract, operation in api.operations():
        for prefix in dict.fromkeys((base, *contract.base_paths, "")):
            found.add((operation.method, nameless(prefix.rstrip("/") + operation.path)))
    return found


def _names(api: Api) -> str:
    return ", ".join(contract.path for contract in api.contracts)


def _list(statuses: set[int]) -> str:
    return ", ".join(map(str, sorted(statuses)))


def _operations(document: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    base = ""
    servers = document.get("servers")
    if isinstance(servers, list) and servers and isinstance(servers[0], Mapping):
        base = re.sub(r"^\w+://[^/]*", "", str(servers[0].get("url") or "")).rstrip("/")
    found = {}
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if isinstance(item, Mapping) and isinstance(item.get(method), Mapping):
                shared = item.get("parameters") if isinstance(item.get("parameters"), list) else []
                found[method.upper(), nameless(base + path)] = {
                    "path": path,
                    "node": item[method],
                    "parameters": [*(shared or []), *(item[method].get("parameters") or [])],
                    "document": document,
                }
    return found


def _gaps(contract: Contract, name: str, other: Mapping[str, Any]) -> Iterator[str]:
    """Statuses, query and header parameters and the demand for credentials, as both sides have them."""
    operation = contract.by_name[name]
    mine, theirs = _statuses(operation.node.get("responses")), _statuses(other["node"].get("responses"))
    if mine - theirs:
        yield f"it lacks the answers {', '.join(sorted(mine - theirs))}"
    if theirs - mine:
        yield f"it adds the answers {', '.join(sorted(theirs - mine))}"
    known = {(one.location, one.name) for one in operation.parameters if one.location in ("query", "header")}
    served = set(_parameters(other))
    if known - served:
        yield f"it lacks the parameters {', '.join(sorted(one for _, one in known - served))}"
    if served - known:
        yield f"it adds the parameters {', '.join(sorted(one for _, one in served - known))}"
    own = other["node"].get("security", other["document"].get("security"))
    is_open = not own or any(not one for one in own)
    if is_open != operation.is_open:
        yield "it asks for no credentials" if is_open else "it asks for credentials"


def _statuses(responses: Any) -> set[str]:
    """As written: an answer whose reference dangles is documented all the same."""
    names = {str(one) for one in responses} if isinstance(responses, Mapping) else set()
    return {one if one == "default" else one.upper() for one in names if not one.startswith("x-")}


def _parameters(other: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in other["parameters"]:
        target = one
        ref = one.get("$ref") if isinstance(one, Mapping) else None
        if isinstance(ref, str) and ref.startswith("#/"):
            target = other["document"]
            for key in ref[2:].split("/"):
                target = target.get(key, {}) if isinstance(target, Mapping) else {}
        if isinstance(target, Mapping) and target.get("in") in ("query", "header"):
            yield str(target["in"]), str(target.get("name"))
