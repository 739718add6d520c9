"""The only place that finds the GraphQL endpoint of a running app, and asks it for its schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from checker.model.rehearsal import Missing, Route
from checker.probe.stage.client import Client, NoAnswer, decoded

USUAL = ("/graphql", "/api/graphql", "/v1/graphql", "/graphql/", "/query")
_TYPE_NAME = {"query": "{ __typename }"}


@dataclass(frozen=True)
class Endpoint:
    """Where queries are sent, and the schema in its own language."""

    path: str
    sdl: str


def endpoint(
    client: Client, headers: Mapping[str, str], routes: Iterable[Route], committed: str, *, alone: bool
) -> Endpoint | Missing | None:
    """The first path that answers a query: one that the code or the usual has. The committed schema holds before the
    served one. None where nothing speaks of GraphQL: no schema, no route, and (not `alone`) another contract to ask.
    """
    named = [one.path for one in routes if one.path.rstrip("/").endswith("graphql")]
    if not committed and not named and not alone:
        return None
    places = list(dict.fromkeys((*named, *USUAL)))
    for place in places:
        answer = _asked(client, place, _TYPE_NAME, headers)
        if isinstance(answer, dict) and ("data" in answer or "errors" in answer):
            sdl = committed or _served(client, place, headers)
            if sdl:
                return Endpoint(place, sdl)
            return Missing(missing=f"{place} does not show its schema: commit it as .graphql, or allow introspection")
    return Missing(missing=f"no GraphQL endpoint answered at {', '.join(places)}") if committed or named else None


def _asked(client: Client, place: str, body: Mapping[str, str], headers: Mapping[str, str]) -> Any:
    try:
        return decoded(client.ask("POST", place, body=dict(body), headers=headers, bare=True, whole=True))
    except NoAnswer:
        return None


def _served(client: Client, place: str, headers: Mapping[str, str]) -> str:
    """The schema by introspection (GraphQL, 4); empty where it is refused, or is none."""
    from graphql import build_client_schema, get_introspection_query, print_schema

    answer = _asked(client, place, {"query": get_introspection_query()}, headers)
    data = answer.get("data") if isinstance(answer, dict) else None
    try:
        return print_schema(build_client_schema(data)) if data else ""
    except (TypeError, ValueError, KeyError):
        return ""
