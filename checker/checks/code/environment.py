"""Whoever runs the service is told of every variable that it reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checker.model.base import Frozen
from checker.model.environment import Environment
from checker.model.globs import covers
from checker.model.observation import Observation, Place
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable


class Params(Frozen):
    """`known`: globs of variables that the platform sets and nobody has to document."""

    known: tuple[str, ...] = ()


def env_documented(environment: Environment, params: Params) -> Iterator[Observation]:
    """One observation for each variable that runtime source reads by name: an example file or a document names it.

    Where nothing documents any of them, that is one finding. What has a default in the source is of medium confidence: the
    service starts without it. Source: backend-engineer "env vars" among "Docs & Ops".
    """
    variables = [one for one in environment.variables if not any(covers(glob, one.name) for glob in params.known)]
    if not variables:
        raise NotApplicable("the source reads no environment variable by a literal name")
    nothing = not any(one.name in environment.documented for one in variables)
    for one in variables:
        yield Observation(
            subject=one.name,
            ok=one.name in environment.documented,
            place=Place(".") if nothing else one.place,
            message=_all(variables) if nothing else f"{one.name} is read and documented nowhere",
            evidence=_read_at(one.place)
            if nothing
            else f"read in {one.place.path}; not in an example .env, nor in a document",
            cause="no variable is documented" if nothing else "",
            confidence=Confidence.MEDIUM if one.setting or one.optional else None,
            also=() if nothing else one.also,
        )


def _all(variables: Sequence[object]) -> str:
    return f"None of the {len(variables)} environment variables that the source reads is documented"


def _read_at(place: Place) -> str:
    return f"the first one in {place.path}, line {place.lines[0] if place.lines else 1}"
