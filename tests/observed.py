"""The only place where tests let a rule observe what they choose, and have the engine judge it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checker import engine
from checker.collect.facts import Facts
from checker.engine import Verdict
from checker.model.observation import Check, Observation, Place
from checker.model.rule import BoundRule
from tests.findings import bound


@dataclass(frozen=True)
class Fact:
    """What checks ask for here: the observations that they shall make."""

    seen: tuple[Observation, ...]


@dataclass(frozen=True)
class Other:
    """A fact that is never there."""


def shows(fact: Fact) -> Iterator[Observation]:
    yield from fact.seen


def judged(
    *seen: Observation, rule: BoundRule | None = None, lines: Mapping[Any, tuple[int, int]] | None = None
) -> Verdict:
    """The verdict of one rule over the observations."""
    one = rule or bound()
    (verdict,) = engine.run([one], {one.id: shows}, Facts({}, {Fact: Fact(seen)}), lambda _: lines or {}, contain=False)
    return verdict


def bad(subject: str = "GET /a", path: str = "a.yaml", **words: Any) -> Observation:
    return Observation(
        subject, ok=False, place=words.pop("place", Place(path)), **{"message": f"{subject} is bad", **words}
    )


def good(subject: str = "GET /ok") -> Observation:
    return Observation(subject, ok=True, place=Place("a.yaml"))


def run(pairs: Sequence[tuple[BoundRule, Check]], facts: Facts | None = None, **words: Any) -> tuple[Verdict, ...]:
    checks = {rule.id: check for rule, check in pairs}
    return engine.run([rule for rule, _ in pairs], checks, facts or Facts({}, {}), lambda _: {}, **words)


def yielding(observations: Sequence[Observation]) -> Check:
    def check() -> Iterator[Observation]:
        yield from observations

    return check
