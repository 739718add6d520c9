"""The only place that runs the base's tests on the source under judgement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from checker.model.git import TrackedEntry
from checker.model.proof import BaseRun, Signal
from checker.model.unavailable import Unavailable
from checker.probe.git import Git
from checker.proofs import pytest_run
from checker.proofs.export import export
from checker.proofs.gates import Gates
from checker.proofs.revision import Revision
from checker.proofs.runner_settings import FILES
from checker.proofs.scratch import Scratch

MakeScratch = Callable[[str], Scratch]


def run(
    git: Git,
    base: Revision,
    head: Revision,
    words: Sequence[str],
    gates: Gates,
    seconds: float,
    make: MakeScratch,
    skipped: frozenset[str] = frozenset(),
) -> BaseRun:
    """Which tests of the base fail on the head's source, without those that fail on the base's own.

    `same` where the change touched nothing that judges: the head's own run has said it already, but for tests that it
    `skipped` though nothing in them says so; those must have been skipped on the base's source as well.
    """
    judges = {*base.judging, *head.judging, *FILES}
    old, new = _picked(base.entries, judges), _picked(head.entries, judges)
    if {(one.path, one.blob) for one in old} == {(one.path, one.blob) for one in new}:
        if not skipped:
            return BaseRun(ran="same")
        before, executed = _failing(git, list(base.entries), base, words, gates, seconds, make("base-on-base"))
        lost = tuple(sorted(skipped - before))
        return BaseRun(ran="yes", failed=lost) if executed else BaseRun(ran="no", why="none of the base's tests ran")
    suite = base.side().suite
    if not suite.tests:
        return BaseRun(ran="no", why="the base has no tests")
    mixed = [*old, *(one for one in head.entries if one.path not in judges)]
    failed, executed = _failing(git, mixed, base, words, gates, seconds, make("base-on-head"))
    if failed:
        before, _ = _failing(git, list(base.entries), base, words, gates, seconds, make("base-on-base"))
        failed = failed - before
    if not executed:
        return BaseRun(ran="no", why="none of the base's tests ran on this source")
    return BaseRun(ran="yes", failed=tuple(sorted(failed)))


def signals(done: BaseRun) -> tuple[Signal, ...]:
    return tuple(Signal(kind="base-test-failed", about=f"{name}, as the base has it") for name in done.failed)


def _picked(entries: Sequence[TrackedEntry], paths: set[str]) -> list[TrackedEntry]:
    return [one for one in entries if one.path in paths]


def _failing(
    git: Git,
    entries: list[TrackedEntry],
    base: Revision,
    words: Sequence[str],
    gates: Gates,
    seconds: float,
    scratch: Scratch,
) -> tuple[set[str], bool]:
    """The base's tests that did not pass though nothing lets them be skipped, and whether any ran."""
    export(git, _without_clashes(entries), scratch.tree)
    suite = base.side().suite
    try:
        outcome = pytest_run.run(scratch, suite, words, gates, seconds, canaries=False)
    except Unavailable:
        return set(), False
    passed = set(outcome.passed)
    missed = {name for name, test in suite.tests.items() if name not in passed and not test.skips}
    return missed | set(outcome.failed), bool(outcome.executed) or bool(missed)


def _without_clashes(entries: list[TrackedEntry]) -> list[TrackedEntry]:
    """The base's file wins where the head has a folder of its name, or the other way round."""
    taken = {one.path for one in entries}
    return [one for one in entries if not any(str(above) in taken for above in Path(one.path).parents)]
