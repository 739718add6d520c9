"""Figures that somebody measured, and claims that somebody made of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from checker.model.finding import Where
from checker.model.observation import Place
from checker.model.report import Claim

Measure = Literal["coverage", "passed", "failed", "ran", "skipped", "operations", "migrations", "tables"]
State = Literal["confirmed", "contradicted", "unverified"]
IMPLIED = "no test failing"  # what a count of passed tests alone says of the others
_EARLIER = re.compile(  # in the name of evidence of an earlier try
    r"(?i)attempt|before|initial|first|baseline|fail|(?<![a-z])red(?![a-z])"
)
_OF_THE_BASE = re.compile(  # the same, in the name of a log alone: folders are called so for other reasons
    r"(?i)(?<![a-z])(?:main|master|base|old|prev|previous|pre[-_]?(?:fix|change)|original|tdd)(?![a-z])"
)
COVERAGE_POINTS = 1.0  # how far a claimed coverage may lie from the measured one (1.24, 1.26)
BRANCH_POINTS = 10.0  # how far a total with branches, as a log has it, may lie from the rate of lines of the same run
_OF_A_SUITE = re.compile(r"(?i)unit|integration|contract|e2e|diff|patch|front|part")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number in a piece of evidence: a test report, a coverage report, a log, the contract, the tree. Percent for coverage."""

    measure: Measure
    value: float
    place: Place
    source: str
    run: str = ""  # the run whose pack holds it


@dataclass(frozen=True)
class Figures:
    """All that was measured; `unread` are pieces of evidence that are there and are none (empty, broken)."""

    found: tuple[Figure, ...]
    unread: tuple[tuple[str, str], ...] = ()
    failing: tuple[tuple[str, Place], ...] = ()  # names of test cases that a JUnit report calls failed


@dataclass(frozen=True, slots=True)
class Statement:
    """A number that an output claims. `firm` is false for prose, where a number may be of another run.

    `in_part`: it may count the tests of one step alone, so that only a number above what was measured is untrue. `apart`: its
    words name a part (a module, a suite, the frontend), of which there may be no evidence. `or_more`: so much at the least.
    """

    claim: str
    measure: Measure
    value: float
    place: Place
    firm: bool
    run: str = ""
    in_part: bool = False
    apart: bool = False
    or_more: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim, what became of it, and the evidence that decided."""

    statement: Statement
    state: State
    against: Figure | None = None


@dataclass(frozen=True, slots=True)
class Assertion:
    """A claim that is no number: that a file, an endpoint, a migration, a test, a commit is there, or that something ended so.

    `seen` says what stands against it, or for it; `sure` is false where words may mean something else.
    """

    about: str
    claim: str
    state: State
    place: Place
    seen: str = ""
    against: Place | None = None
    sure: bool = True


@dataclass(frozen=True)
class ClaimLedger:
    """Every claim found in outputs, held against the evidence that is there."""

    judged: tuple[Judged, ...]
    assertions: tuple[Assertion, ...] = ()

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The claims as a report lists them, sorted by place."""
        listed = (*(_claim(one) for one in self.judged), *(_asserted(one) for one in self.assertions))
        return tuple(sorted(listed, key=lambda one: (one.where.path, one.where.first or 0, one.claim)))


def _claim(one: Judged) -> Claim:
    against = _where(one.against.place) if one.against and one.state != "unverified" else None
    return Claim(claim=one.statement.claim, where=_where(one.statement.place), state=one.state, against=against)


def _asserted(one: Assertion) -> Claim:
    against = _where(one.against) if one.against and one.state != "unverified" else None
    return Claim(claim=one.claim, where=_where(one.place), state=one.state, against=against)


def _where(place: Place) -> Where:
    lines = f"{place.lines[0]}-{place.lines[1]}" if place.lines and place.lines[0] != place.lines[1] else None
    return Where(path=place.path, lines=lines or (str(place.lines[0]) if place.lines else None))


def hold(statements: Iterable[Statement], figures: Figures) -> Iterator[Judged]:
    """Each claim against the figures of its measure: of its own run's pack where there are some, else of the tree.

    A figure, or the sum of all figures of one measure (suites reported apart), confirms. Beside a confirmed claim of the same
    measure in the same file a lower number in prose may speak of a part or of an earlier run; a higher one speaks of nothing
    that was measured.
    """
    first = _of_suites([_held(one, figures) for one in statements], figures)
    true = {(one.statement.place.path, one.statement.measure) for one in first if one.state == "confirmed"}
    false = {
        one.statement.place
        for one in first
        if one.state == "contradicted"
        and one.statement.measure == "passed"
        and (one.statement.place.path, "passed") not in true
    }
    for one in first:
        about = (one.statement.place.path, one.statement.measure)
        told = (
            one.statement.measure == "failed" and one.statement.place in false
        )  # the count on that line is found false
        if (
            one.state == "contradicted"
            and not one.statement.firm
            and ((about in true and not _above(one, figures)) or told)
        ):
            yield Judged(one.statement, "unverified", one.against)
        else:
            yield one


def _above(one: Judged, figures: Figures) -> bool:
    """Whether a claim tells of more than all that was measured, or says that nothing fails: no part and no earlier run."""
    claim = one.statement
    if claim.measure == "failed" and claim.value == 0 and claim.claim != IMPLIED:
        return True  # who owns up to failures elsewhere denies them here all the same
    if claim.apart or claim.measure not in ("passed", "coverage"):
        return False
    near = _near(claim, figures, claim.measure)
    if claim.measure == "coverage":
        return claim.value > max(figure.value for figure in near) + COVERAGE_POINTS
    return claim.value > sum(figure.value for figure in near)


def _of_suites(judged: list[Judged], figures: Figures) -> list[Judged]:
    """Counts of suites that one output tells apart, where together they are what was measured in one."""
    apart: dict[str, list[Judged]] = {}
    for one in judged:
        claim = one.statement
        if claim.measure == "passed" and not claim.firm and one.state == "contradicted":
            apart.setdefault(claim.place.path, []).append(one)
    whole: set[int] = set()
    for told in apart.values():
        summed = sum(one.statement.value for one in told)
        if len(told) > 1 and _held(replace(told[0].statement, value=summed), figures).state == "confirmed":
            whole |= {id(one) for one in told}
    return [Judged(one.statement, "confirmed", one.against) if id(one) in whole else one for one in judged]


def _near(claim: Statement, figures: Figures, *measures: Measure) -> list[Figure]:
    """The figures of the claim's own run's pack where there are some, else of the tree."""
    same = [one for one in figures.found if one.measure in measures]
    return [one for one in same if claim.run and one.run == claim.run] or [one for one in same if not one.run]


def _held(claim: Statement, figures: Figures) -> Judged:
    if claim.measure == "ran":
        return _executed(claim, _near(claim, figures, "passed", "failed"))
    if claim.measure == "skipped":
        return _left_out(claim, _near(claim, figures, "passed"))
    near = _near(claim, figures, claim.measure)
    if not near:
        return Judged(claim, "unverified")
    if claim.measure == "failed" and claim.value == 0:
        return _all_green(claim, near)
    for one in near:
        if _agrees(claim, one.value):
            other = _another_rate(claim, near)
            return Judged(claim, "contradicted", other) if other else Judged(claim, "confirmed", one)
    total = sum(one.value for one in near)
    if claim.measure in ("passed", "failed") and _agrees(claim, total):
        return Judged(claim, "confirmed", near[0])
    if claim.measure == "failed" and not claim.firm and claim.value > total:
        return Judged(claim, "unverified", near[0])  # who tells of more failures than are there tells of another run
    if claim.measure == "passed" and claim.in_part and claim.value < total:
        return Judged(claim, "unverified", near[0])
    return Judged(claim, "contradicted", near[0])


def _executed(claim: Statement, near: list[Figure]) -> Judged:
    """That so many tests ran: no more than passed, failed and were skipped; fewer may be one step of them."""
    passed = [one for one in near if one.measure == "passed"]
    if not passed:
        return Judged(claim, "unverified")
    whole: dict[tuple[str, str], float] = {}
    for one in near:
        name = (one.place.path, one.source)
        whole[name] = whole.get(name, 0) + one.value
    skipped = sum(int(number) for _, source in whole for number in _NOT_COUNTED.findall(source))
    if claim.value in (sum(whole.values()), *whole.values(), *(one.value for one in passed)):
        return Judged(claim, "confirmed", passed[0])
    more = claim.value > sum(whole.values()) + skipped and not claim.apart
    return Judged(claim, "contradicted" if more else "unverified", passed[0])


def _left_out(claim: Statement, near: list[Figure]) -> Judged:
    """That so many tests were skipped, or none: as a log says, or all of them together. Other numbers may be of a part."""
    told = [one for one in near if not is_earlier(one.place.path)]
    counts = [sum(int(number) for number in _SKIPPED.findall(one.source)) for one in told]
    if not told or not (claim.value in (*counts, sum(counts)) or claim.value == 0):
        return Judged(claim, "unverified")
    agrees = claim.value in (*counts, sum(counts))
    return Judged(claim, "confirmed" if agrees else "contradicted", told[counts.index(max(counts))])


_SKIPPED = re.compile(r"(\d+) (?:skipped|todo|pending|ignored)\b")
_NOT_COUNTED = re.compile(  # what a log tells beside passed and failed
    r"(\d+) (?:skipped|todo|pending|ignored|x-?failed|x-?passed|deselected|rerun|flaky|filtered out)\b"
)


def _another_rate(claim: Statement, near: list[Figure]) -> Figure | None:
    """The coverage report of the claim's own run, where it is of all suites and none such says what the log does."""
    if claim.measure != "coverage":
        return None
    reports = [
        one
        for one in near
        if one.run
        and one.place.path.endswith((".xml", ".json", ".info"))
        and not _OF_A_SUITE.search(one.place.path.rpartition("!")[2])
        and not is_earlier(one.place.path)
    ]
    far = [one for one in reports if abs(one.value - claim.value) > BRANCH_POINTS]
    return far[0] if far and len(far) == len(reports) else None


def _all_green(claim: Statement, near: list[Figure]) -> Judged:
    """That nothing fails: each file of evidence must end green; one that says by its name that it is of an earlier try may not."""
    red = [one for one in last_words(near) if one.value]
    return Judged(claim, "contradicted", red[0]) if red else Judged(claim, "confirmed", near[0])


def last_words(found: Iterable[Figure]) -> list[Figure]:
    """The last figure of each file of evidence; of an earlier try, or of the base, only where there is nothing else."""
    last = {one.place.path: one for one in found}
    return [one for path, one in last.items() if not is_earlier(path)] or list(last.values())


def is_earlier(path: str) -> bool:
    """Whether evidence is by its name, inside of its pack, of an earlier try or of what was there before the change."""
    pack, _, inside = path.rpartition("!")
    *_, folder, name = ("", *inside.split("/"))
    near = inside if pack else f"{folder}/{name}"
    return _EARLIER.search(near) is not None or _OF_THE_BASE.search(inside if pack else name) is not None


def _agrees(claim: Statement, measured: float) -> bool:
    if claim.measure == "coverage":
        return (
            measured >= claim.value - COVERAGE_POINTS
            if claim.or_more
            else abs(claim.value - measured) <= COVERAGE_POINTS
        )
    return claim.value == measured
