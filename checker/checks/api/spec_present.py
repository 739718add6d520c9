"""An API has a contract file that a machine can read, where it belongs."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.contract import Api, ContractFiles
from checker.model.observation import Observation, Place
from checker.model.repo import RouteTraces
from checker.model.rule import Confidence
from checker.model.settings import Description
from checker.model.unavailable import NotApplicable, Unavailable


class Params(Frozen):
    """`demanded`: a contract is missed even where no route is seen. `paths`: where the standard wants it; any place if empty."""

    demanded: bool = False
    paths: tuple[str, ...] = ()


def spec_present(
    files: ContractFiles,
    api: Api | Unavailable | NotApplicable,
    traces: RouteTraces | Unavailable,
    description: Description,
    params: Params,
) -> Iterator[Observation]:
    """One observation for each contract that is there, or should be. Nothing where there is no API to be seen.

    Sources: agent-2 0.23, backend-developer 1.3, backend-engineer 2.2 and 2.33. Unavailable when there is no contract and the
    source cannot be searched for routes.
    """
    there = tuple(sorted({*files.openapi, *files.copies, *files.graphql, *_unreadable(files)} - {*files.missing}))
    for path in files.missing:
        message = f"{path} is named as the API's contract and is not there"
        yield Observation(path, ok=False, place=Place(path), message=message, evidence="named under [layout], absent")
    if there:
        named = {*description.layout.openapi, *description.layout.graphql}
        yield from _at_their_place(there, files, named, params)
        yield from _empty(files, api, traces)
    elif not files.missing:
        yield from _missed(traces, params)


def _unreadable(files: ContractFiles) -> set[str]:
    """Contracts that are there and malformed: `spec-valid` says what is wrong with them."""
    return {defect.place.path for defect in files.unreadable}


def _at_their_place(
    there: tuple[str, ...], files: ContractFiles, named: set[str], params: Params
) -> Iterator[Observation]:
    openapi = [path for path in there if path not in files.graphql]
    misplaced = bool(params.paths and openapi) and not ({*there} & {*params.paths} or named)
    for path in there:
        if not misplaced or path not in openapi[:1]:
            yield Observation(path, ok=True, place=Place(path))
    if misplaced:
        first, *others = openapi
        yield Observation(
            subject=first,
            ok=False,
            place=Place(first),
            message=f"{first} is not where the standard wants the contract",
            evidence=f"wanted: {' or '.join(params.paths)}; [layout] openapi in checker.toml can name another place",
            confidence=Confidence.MEDIUM,
            also=tuple(Place(path) for path in others),
        )


def _empty(
    files: ContractFiles, api: Api | Unavailable | NotApplicable, traces: RouteTraces | Unavailable
) -> Iterator[Observation]:
    """A contract without operations describes nothing: where the source declares routes, it is as good as absent."""
    seen = traces.places if isinstance(traces, RouteTraces) else ()
    if isinstance(api, Api) and not any(contract.operations for contract in api.contracts):
        path = files.openapi[0]
        evidence = (
            f"no operation under `paths`; routes are declared in {_shown(seen)}"
            if seen
            else "no operation under `paths`"
        )
        message = f"{path} describes no operation"
        confidence = None if seen else Confidence.MEDIUM
        yield Observation(
            f"{path} operations", False, Place(path), message, evidence, confidence=confidence, also=seen[:10]
        )
    elif isinstance(api, NotApplicable) and files.graphql and len(seen) > 1:
        path = files.graphql[0]
        message = f"routes are declared, and {path}, a GraphQL schema, is the only contract"
        evidence = f"routes are declared in {_shown(seen)}"
        yield Observation("routes", False, seen[0], message, evidence, confidence=Confidence.MEDIUM, also=seen[1:10])


def _shown(places: tuple[Place, ...]) -> str:
    return ", ".join(f"{one.path}:{one.lines[0]}" if one.lines else one.path for one in places[:3])


def _missed(traces: RouteTraces | Unavailable, params: Params) -> Iterator[Observation]:
    message = "no contract describes the API: neither an OpenAPI document nor a GraphQL schema is in the repository"
    if isinstance(traces, Unavailable):
        if not params.demanded:
            raise traces
        yield Observation("contract", ok=False, place=Place("."), message=message, evidence="the standard demands one")
    elif traces.places:
        first, *others = traces.places
        yield Observation(
            subject="contract",
            ok=False,
            place=Place(".") if params.demanded else first,
            message=message,
            evidence=f"routes are declared in {_shown(traces.places)}",
            also=tuple(traces.places if params.demanded else others)[:10],
        )
    elif params.demanded:
        yield Observation("contract", ok=False, place=Place("."), message=message, evidence="the standard demands one")
