"""The running app beside its contract: which operation an answer belongs to, and where to show what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from shlex import quote

from checker.model.contract import Api, Contract, Operation
from checker.model.observation import Observation, Place
from checker.model.rehearsal import Exchange, Fuzzing, Missing, Rehearsal, Route
from checker.model.unavailable import Unavailable

LONGEST_SHOWN = 300  # characters of a body in evidence
_SECRET = re.compile(r"(?i)^(?:authorization|cookie|x-api-key|.*token.*)$")
_UUID = re.compile(r"(?i)\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")  # made anew in every run
_MOMENT = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
_LEFT_OUT = frozenset({"accept", "accept-encoding", "connection", "user-agent", "x-schemathesis-testcaseid"})


@dataclass(frozen=True)
class StageView:
    """One rehearsal and the contract that it was held to."""

    rehearsal: Rehearsal
    contract: Contract | None
    others: tuple[Contract, ...] = ()

    @classmethod
    def of(cls, rehearsal: Rehearsal, api: object) -> StageView:
        """With the contracts that the app is held to, where the repository has any."""
        first, *others = held(api) if isinstance(api, Api) and api.contracts else (None,)
        return cls(rehearsal, first, tuple(one for one in others if one is not None))

    @cached_property
    def routes(self) -> Mapping[tuple[str, str], Route]:
        """Routes by method and path, names of parameters left out."""
        found = self.rehearsal.routes if isinstance(self.rehearsal.routes, tuple) else ()
        return {(one.method, nameless(one.path)): one for one in found}

    @cached_property
    def operations(self) -> Mapping[str, Operation]:
        """By name; the first contract that has an operation says what it is."""
        known: dict[str, Operation] = {}
        for one in (*reversed(self.others), *([self.contract] if self.contract else [])):
            known.update(one.by_name)
        return known

    def route(self, operation: str) -> Route | None:
        """The route in the code that serves an operation."""
        method, _, path = operation.partition(" ")
        return self.routes.get((method, nameless(self.rehearsal.base_path + path)))

    def is_served(self, operation: str) -> bool:
        """Whether the code has the operation; True where its routes are not known."""
        return not self.routes or self.route(operation) is not None

    def places(self, operation: str, *pointer: str) -> tuple[Place, tuple[Place, ...]]:
        """Where to show something about an operation: its code first, the contract (below a pointer) beside it."""
        found = self.operations.get(operation)
        spec = None
        if found is not None:
            node = found.node.at(*pointer) or found.node
            spec = node.place
        route = self.route(operation)
        code = Place(route.file, (route.line, route.line)) if route and route.file else None
        both = [place for place in (code, spec) if place is not None]
        return (both[0], tuple(both[1:])) if both else (Place(self.contract.path if self.contract else "."), ())

    def is_documented(self, operation: str) -> bool:
        """Whether the contract has the operation; True where there is no committed contract."""
        return self.contract is None or operation in self.operations

    def tried(self) -> StageView:
        """Itself, where the app was asked enough to say that something did not happen. Raises Unavailable."""
        if isinstance(self.rehearsal.fuzzing, Missing):
            raise Unavailable(self.rehearsal.fuzzing.missing)
        return self

    def judged(self, seen: Iterable[Observation]) -> Iterator[Observation]:
        """Every observation; of a run that its clock ended only the defects, because nothing else was proved.

        Raises Unavailable where there are none that weigh.
        """
        cut = self.rehearsal.fuzzing.cut if isinstance(self.rehearsal.fuzzing, Fuzzing) else ""
        if not cut:
            yield from seen
            return
        bad = [one for one in seen if not one.ok]
        if not any(one.confidence is None for one in bad):
            raise Unavailable(cut)
        yield from bad

    def answered(self) -> Iterator[tuple[Operation, Exchange]]:
        """Every answer of an operation of the contract that the code has."""
        for one in self.rehearsal.observed:
            operation = self.operations.get(one.operation)
            if operation is not None and one.method == operation.method and self.is_served(one.operation):
                yield operation, one


def held(api: Api) -> tuple[Contract, ...]:
    """The contracts that one running app is held to at once: the first, and all that stand under the same address."""
    first = api.contracts[0]

    def is_beside(other: Contract) -> bool:
        is_third = first.version.startswith("3.") and other.version.startswith("3.")
        return is_third and set(other.base_paths) == set(first.base_paths)

    return (first, *(one for one in api.contracts[1:] if is_beside(one)))


def nameless(path: str) -> str:
    """A path without the names of its parameters and without a slash at the end."""
    return re.sub(r"\{[^{}]*\}", "{}", path).rstrip("/") or "/"


def curl(one: Exchange) -> str:
    """The request as a command line; `$APP` is where the app listens, credentials stay out."""
    words = ["curl", "-i", *(["-X", one.method] if one.method != "GET" else [])]
    for name, value in sorted(one.sent.items()):
        if name.lower() not in _LEFT_OUT:
            kept = quote(f"{name}: {_UUID.sub('<uuid>', value)}")
            words += ["-H", f'"{name}: $TOKEN"' if _SECRET.match(name) else kept]
    if one.body is not None:
        words += ["-d", quote(one.body if len(one.body) <= LONGEST_SHOWN else f"{one.body[:LONGEST_SHOWN]}…")]
    url = "$ID".join(quote(part) if part else "" for part in _UUID.split(one.url))
    return " ".join([*words, f'"$APP"{url}'])


def shown(text: str, most: int = LONGEST_SHOWN) -> str:
    """A body in one short line."""
    line = _MOMENT.sub("<time>", _UUID.sub("<uuid>", " ".join(text.split())))
    return line if len(line) <= most else f"{line[:most]}…"
