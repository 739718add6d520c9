"""The one way in which a function is given the facts that its parameters name by type."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from checker.model.unavailable import NotApplicable, Unavailable

Get = Callable[[type[Any]], Any]
_MISSING = (Unavailable, NotApplicable)


def arguments(function: Callable[..., Any], get: Get) -> dict[str, Any]:
    """Each parameter's fact. Raises what `get` raises, unless the parameter is `Fact | Unavailable` and so degrades."""
    return {name: _fact(kind, get) for name, kind in _facts_of(function).items()}


def facts_named(function: Callable[..., Any]) -> set[type[Any]]:
    """The facts that a function asks for, to check that no two of them wait for each other."""
    return {part for kind in _facts_of(function).values() for part in (_parts(kind) or (kind,)) if part not in _MISSING}


@cache
def hints(function: Callable[..., Any]) -> dict[str, Any]:
    """The types of a function's parameters and of what it returns; annotations are text, and evaluating text is slow."""
    return get_type_hints(function)


def _facts_of(function: Callable[..., Any]) -> dict[str, Any]:
    return {name: kind for name, kind in hints(function).items() if name not in ("return", "params")}


def _fact(kind: Any, get: Get) -> Any:
    accepted = tuple(part for part in _parts(kind) if part in _MISSING)
    if not accepted:
        return get(kind)
    wanted = next(part for part in _parts(kind) if part not in _MISSING)
    try:
        return get(wanted)
    except accepted as missing:
        return missing


def _parts(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else ()
