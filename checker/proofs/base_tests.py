"""The only place that runs the base's tests on the source under judgement, and the new tests on the base's source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from checker.model.git import TrackedEntry
from checker.model.proof import BaseRun, Signal
from checker.model.unavailable import Unavailable
from checker.probe.git import Git
from checker.proofs.decision import AS_THE_BASE_HAS_IT
from checker.proofs.export import export
from checker.proofs.outcome import Outcome
from checker.proofs.revision import Revision
from checker.proofs.scratch import Scratch

MakeScratch = Callable[[str], Scratch]


class Known(Protocol):
    """One test as the source has it."""

    @property
    def skips(self) -> bool: ...


@dataclass(frozen=True)
class Judge:
    """A kind of tests: which there are, which files judge, and how they are run without canaries."""

    tests: Callable[[Revision], Mapping[str, Known]]
    files: Callable[[Revision], set[str]]
    run: Callable[[Scratch, Revision], Outcome]


@dataclass(frozen=True)
class _Ran:
    """What a run of the base's tests left: what did not pass, files that could not be loaded, and whether any ran."""

    failed: frozenset[str]
    unloaded: frozenset[str]
    executed: bool


def run(
    git: Git, base: Revision, head: Revision, judge: Judge, make: MakeScratch, skipped: frozenset[str] = frozenset()
) -> BaseRun:
    """Which tests of the base fail on the head's source, without those that fail on the base's own.

    `same` where the change touched nothing that judges: the head's own run has said it already, but for tests that it
    `skipped` though nothing in them says so; those must have been skipped on the base's source as well.
    """
    judges = judge.files(base) | judge.files(head)
    old, new = _picked(base.entries, judges), _picked(head.entries, judges)
    if {(one.path, one.blob) for one in old} == {(one.path, one.blob) for one in new}:
        if not skipped:
            return BaseRun(ran="same")
        before = _ran(git, list(base.entries), base, judge, make("base-on-base"))
        lost = tuple(sorted(skipped - before.failed))
        return BaseRun(ran="yes", failed=lost) if before.executed else _not("none of the base's tests ran")
    if not judge.tests(base):
        return _not("the base has no tests")
    mixed = [*old, *(one for one in head.entries if one.path not in judges)]
    after = _ran(git, mixed, base, judge, make("base-on-head"))
    if not after.failed and not after.unloaded:
        return BaseRun(ran="yes") if after.executed else _not("none of the base's tests ran on this source")
    before = _ran(git, list(base.entries), base, judge, make("base-on-base"))
    if not before.executed:
        return _not("none of the base's tests ran")
    failed = tuple(sorted(after.failed - before.failed))
    broken = tuple(sorted(after.unloaded - before.unloaded))
    return BaseRun(ran="yes", failed=failed, unloaded=broken)


def prove_little(
    git: Git, base: Revision, head: Revision, judge: Judge, make: MakeScratch, passed: Sequence[str]
) -> tuple[Signal, ...]:
    """New tests that pass on the base's source as well: they say nothing about the change. Only where the source changed."""
    judges = judge.files(base) | judge.files(head)
    changed = {(one.path, one.blob) for one in base.entries if one.path not in judges} != {
        (one.path, one.blob) for one in head.entries if one.path not in judges
    }
    new = (judge.tests(head).keys() - judge.tests(base).keys()) & set(passed)
    if not new or not changed:
        return ()
    mixed = [*_picked(head.entries, judges), *(one for one in base.entries if one.path not in judges)]
    scratch = make("head-on-base")
    export(git, _without_clashes(mixed), scratch.tree)
    try:
        both = sorted(new & set(judge.run(scratch, head).passed))
    except Unavailable:
        return ()
    about = f"{len(both)} of {len(new)} new tests pass on the base's source too: {', '.join(both[:3])}"
    return (Signal(kind="new-tests-prove-little", about=about),) if both else ()


def unasked(
    git: Git, base: Revision, head: Revision, judge: Judge, make: MakeScratch, outcome: Outcome
) -> tuple[Signal, ...]:
    """Tests that may be skipped, passed on the base's source, and did not run on the head's: the source decided it."""
    if base.entries == head.entries:
        return ()
    ran, now = {*outcome.passed, *outcome.failed}, judge.tests(head)
    told = {name for name, test in judge.tests(base).items() if test.skips and name in now and name not in ran}
    if not told:
        return ()
    scratch = make("base-asked")
    export(git, _without_clashes(list(base.entries)), scratch.tree)
    try:
        before = judge.run(scratch, base)
    except Unavailable:
        return ()
    return tuple(
        Signal(kind="test-unasked", about=f"{name} passed on the base and is not asked on this source")
        for name in sorted(told & set(before.passed))
    )


def signals(done: BaseRun, outdated: Mapping[str, str]) -> tuple[Signal, ...]:
    """What the run says; `outdated` are tests that no source like this one could pass, with why."""
    failed = (
        Signal(kind="base-test-outdated", about=f"{name}{AS_THE_BASE_HAS_IT}, {outdated[name]}")
        if name in outdated
        else Signal(kind="base-test-failed", about=f"{name}{AS_THE_BASE_HAS_IT}")
        for name in done.failed
    )
    broken = (
        Signal(kind="base-test-broken", about=f"{name}{AS_THE_BASE_HAS_IT}, cannot be loaded") for name in done.unloaded
    )
    return (*failed, *broken)


def _not(why: str) -> BaseRun:
    return BaseRun(ran="no", why=why)


def _picked(entries: Sequence[TrackedEntry], paths: set[str]) -> list[TrackedEntry]:
    return [one for one in entries if one.path in paths]


def _ran(git: Git, entries: list[TrackedEntry], base: Revision, judge: Judge, scratch: Scratch) -> _Ran:
    """The base's tests that did not pass though nothing lets them be skipped; a suite that does not even start is unloaded."""
    export(git, _without_clashes(entries), scratch.tree)
    tests = judge.tests(base)
    try:
        outcome = judge.run(scratch, base)
    except Unavailable:
        return _Ran(frozenset(), frozenset(), False)
    files = {name.partition("::")[0] for name in tests}
    unloaded = outcome.unloaded if outcome.executed else frozenset(files)
    passed = set(outcome.passed)
    missed = {name for name, test in tests.items() if name not in passed and not test.skips} | set(outcome.failed)
    failed = {one for one in missed - outcome.unexpected if one.partition("::")[0] not in unloaded}
    return _Ran(frozenset(failed), unloaded, bool(outcome.executed) or bool(tests))


def _without_clashes(entries: list[TrackedEntry]) -> list[TrackedEntry]:
    """A judging file wins where the source has a folder of its name, or the other way round."""
    taken = {one.path for one in entries}
    return [one for one in entries if not any(str(above) in taken for above in Path(one.path).parents)]
