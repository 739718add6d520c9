"""Facts about source code: what the patterns matched, and in which function of which file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from checker.model.observation import Observation, Place

Language = Literal["python", "typescript"]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Function:
    """The function around a match. `symbol` is `Class.method`; `text` is cut at a length; `lines` are 1-based, inclusive.

    A callback that is given to a call is called after it: `router.post('/orders')`.
    """

    symbol: str
    lines: Span
    text: str
    is_async: bool = False
    parameters: str = ""
    decorators: tuple[str, ...] = ()

    @property
    def is_route(self) -> bool:
        """Whether a web framework calls it: by a decorator that names a verb or a route, or as a router's callback."""
        return any(_names_a_route(one) for one in (*self.decorators, "@" + self.symbol))


_VERBS = ("get", "post", "put", "patch", "delete", "route", "api_route", "all", "api_view")


def _names_a_route(decorator: str) -> bool:
    name = decorator.removeprefix("@").partition("(")[0].strip()
    return "(" in decorator and name.rpartition(".")[2].lower() in _VERBS


@dataclass(frozen=True, slots=True)
class Match:
    """One place that a pattern matched. `text` is the matched code, cut at a length; `function` is None at module level."""

    pattern: str
    language: Language
    path: str
    lines: Span
    text: str
    names: Mapping[str, str] = field(default_factory=dict)
    symbol: str = ""
    function: Function | None = None

    @property
    def place(self) -> Place:
        return Place(self.path, self.lines)

    @property
    def subject(self) -> str:
        """Where it stands, as a name that outlives a moved line."""
        return self.symbol or "module"

    @property
    def around(self) -> str:
        """The code of the function around it, or the match alone at module level."""
        return self.function.text if self.function else self.text


@dataclass(frozen=True, slots=True)
class Source:
    """One file that was judged. `broken_at` is the first line that the grammar could not read."""

    path: str
    language: Language
    broken_at: int | None = None
    broken_text: str = ""
    web: bool = False  # it names a web framework
    imports: tuple[str, ...] = ()  # the modules that it names, each with the name taken from it
    traits: frozenset[str] = frozenset()  # by what the service can be operated: `metrics`, `health`, `rate-limit`, …


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A file of runtime source that no rule about source looked at, and why; `serves` where its text speaks of a server."""

    path: str
    why: str
    serves: bool = True

    def __str__(self) -> str:
        return f"{self.path} {self.why} and was not judged as source"


@dataclass(frozen=True)
class CodeMatches:
    """Everything the patterns matched in runtime source, in the order of paths and lines.

    `skipped` names, in a sentence each, what was not judged and why; `unjudged` are the files of the backend among them.
    """

    sources: tuple[Source, ...]
    matches: tuple[Match, ...]
    skipped: tuple[str, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()

    def of(self, *patterns: str) -> Iterator[Match]:
        """The matches of some patterns."""
        for pattern in patterns:
            yield from self._by_pattern.get(pattern, ())

    def clean(self, bad: frozenset[str]) -> Iterator[Observation]:
        """One good observation for each file in which a rule found nothing."""
        for path, observation in self._good:
            if path not in bad:
                yield observation

    @cached_property
    def _by_pattern(self) -> dict[str, list[Match]]:
        by_pattern: dict[str, list[Match]] = {}
        for match in self.matches:
            by_pattern.setdefault(match.pattern, []).append(match)
        return by_pattern

    @cached_property
    def _good(self) -> list[tuple[str, Observation]]:
        return [(one.path, Observation(one.path, True, Place(one.path))) for one in self.sources]

    @cached_property
    def by_path(self) -> dict[str, Source]:
        return {one.path: one for one in self.sources}
