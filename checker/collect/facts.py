"""The only place that hands out facts: by type, each collected at most once, misses remembered too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, ClassVar, TypeVar, cast

from checker.collect.traced import Traces
from checker.injection import arguments
from checker.model.unavailable import NotApplicable, Unavailable

Fact = TypeVar("Fact")
Collector = Callable[..., Any]
_UNDERWAY = object()  # stands for a fact while its collector runs, and for good when that breaks


class Facts:
    """Facts about one repository. Collectors, listed by the name of their fact's type, are called when somebody asks."""

    underway: ClassVar[list[str]] = []  # types of facts that are being collected in this process, the innermost last

    def __init__(
        self, collectors: Mapping[str, Collector], given: Mapping[type[Any], Any], traces: Traces | None = None
    ) -> None:
        self._collectors = collectors
        self.traces = traces
        self._known: dict[type[Any], Any] = dict(given)
        self.seconds: dict[
            str, float
        ] = {}  # by fact: how long its own collector took, without those that it waited for
        self._waited = [0.0]

    def get(self, fact: type[Fact]) -> Fact:
        """The fact; raises Unavailable or NotApplicable when there is none, the same each time.

        A collector that breaks raises its own error once; who asks again is told so by a RuntimeError.
        """
        if fact not in self._known:
            self._known[fact] = _UNDERWAY
            self._known[fact] = self._collected(fact)
        found = self._known[fact]
        if found is _UNDERWAY:
            raise RuntimeError(f"{fact.__name__} could not be collected: its collector broke, or waits for itself")
        if isinstance(found, (Unavailable, NotApplicable)):
            raise found.with_traceback(None)
        return cast("Fact", found)

    def collected(self, name: str) -> Any:
        """The fact whose type has this name where somebody asked for it and it was found, else None."""
        found = next((found for fact, found in self._known.items() if fact.__name__ == name), None)
        return None if found is _UNDERWAY or isinstance(found, (Unavailable, NotApplicable)) else found

    def is_unavailable(self, name: str) -> bool:
        """Whether the fact whose type has this name was asked for and could not be looked at, which may not last."""
        return any(fact.__name__ == name and isinstance(found, Unavailable) for fact, found in self._known.items())

    def given(self, more: Mapping[type[Any], Any]) -> Facts:
        """The same facts, and some more that only a later step knows."""
        richer = Facts(self._collectors, {**self._known, **more}, self.traces)
        richer.seconds = self.seconds
        return richer

    def _collected(self, fact: type[Any]) -> Any:
        started = perf_counter()
        self._waited.append(0.0)
        self.underway.append(fact.__name__)
        try:
            collector = self._collectors[fact.__name__]
            get = self.get if self.traces is None else self.traces.asking(fact.__name__, self.get)
            return collector(**arguments(collector, get))
        except (Unavailable, NotApplicable) as missing:
            return missing
        finally:
            self.underway.pop()
            took = perf_counter() - started
            self.seconds[fact.__name__] = took - self._waited.pop()
            self._waited[-1] += took
