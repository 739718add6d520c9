"""The only place that says what a change did to its own judges: tests, helpers, hooks, configuration, suppressions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from checker.model.proof import Signal
from checker.proofs.additions import only_added, says_nothing
from checker.proofs.own_helpers import loosened
from checker.proofs.pytest_run import Suite
from checker.proofs.runner_settings import configured_at
from checker.proofs.source_traits import traits
from checker.proofs.tests_there import Module, Test, is_test_file, module
from checker.proofs.unasserted import unasserted

_SUPPRESSION = re.compile(
    rb"#\s*(?:noqa|flake8:\s*noqa|type:\s*ignore|pragma:\s*no\s*(?:cover|branch)|nosec|pyright:\s*(?:ignore|basic|off)"
    rb"|mypy:\s*(?:ignore|disable)|ruff:\s*(?:noqa|disable|ignore|file-ignore)|pylint:\s*(?:disable|skip-file))",
    re.IGNORECASE,
)


_NAMES_RULES = re.compile(
    rb"#\s*(?:ruff:\s*|flake8:\s*)?(?:noqa|type:\s*ignore|pyright:\s*ignore|nosec|pylint:\s*disable)"
    rb"(?:\s*[:=]?\s*\[?\s*((?:[A-Z]+[0-9]+|[a-z]+(?:-[a-z]+)+)(?:[\s,]+(?:[A-Z]+[0-9]+|[a-z]+(?:-[a-z]+)+))*))?",
    re.IGNORECASE,
)
_RULE = re.compile(rb"[A-Za-z]+[0-9]+|[a-z]+(?:-[a-z]+)+")
_NEVER = frozenset(
    {"skip", "xfail", "expectedFailure"}
)  # without a condition: for a platform or a package there is one
_IMPORT = re.compile(rb"^\s*(?:from|import)\s[^\n]*", re.MULTILINE)


@dataclass(frozen=True)
class Side:
    """One revision: its suite, every Python file that judges (tests, conftest, helpers beside them), and its source."""

    suite: Suite
    judging: Mapping[str, bytes]
    source: Mapping[str, bytes]
    data: Mapping[str, str] = field(default_factory=dict)  # blobs of what tests compare with
    nested: Mapping[str, bytes] = field(default_factory=dict)  # configuration of tools below the root
    vendored: Mapping[str, bytes] = field(default_factory=dict)  # the source of others, carried along


def weakened(base: Side, head: Side) -> tuple[Signal, ...]:
    """Everything by which the head is judged less strictly than the base was; sorted, no verdict."""
    found = {
        *_tests(base, head),
        *unasserted(base.suite.tests, head.suite.tests, head.judging.values()),
        *_helpers(base, head),
        *_configuration(base, head),
        *_suppressions(base, head),
        *loosened(base.source, head.source, base.suite.tests.values()),
        *_detection(base, head),
        *_data(base, head),
    }
    return tuple(sorted(found, key=lambda one: (one.kind, one.about)))


def _tests(base: Side, head: Side) -> Iterator[Signal]:
    now = head.suite.tests
    before = base.suite.tests
    moved = [one for name, one in now.items() if name not in before or before[name].text != one.text]
    for name, old in before.items():
        new = now.get(name)
        if new is None:
            others = [test for one, test in now.items() if one not in before and _shares(test, old)]
            if _replaced(old, others):
                yield Signal(kind="test-replaced", about=f"{name} is gone, and {len(others)} new ask the same")
                continue
            yield Signal(kind="test-removed", about=name)
            if old.asserts and not old.skips and not _kept(old, moved):
                yield Signal(kind="test-dropped", about=f"{name} is gone, and no test says the same")
            continue
        if new.skips and not old.skips:
            yield Signal(kind="skip-added", about=name)
            if old.asserts and (new.marks - old.marks) & _NEVER:
                yield Signal(kind="test-dropped", about=f"{name} is there and is never asked any more")
        for mark in sorted(new.marks - old.marks - {"parametrize", "usefixtures", "skip", "skipif", "xfail"}):
            yield Signal(kind="narrowed", about=f"{name} has the mark {mark} now, by which it can be left out")
        if new.asserts < old.asserts:
            yield Signal(kind="assert-weakened", about=f"{name}: {old.asserts} assertions became {new.asserts}")


def _kept(old: Test, now: Sequence[Test]) -> bool:
    """Whether a new or changed test says what a test said that is gone: under another name, moved, or one of several in one."""
    return any(one.asserts and old.claims <= one.claims for one in now)


def _shares(new: Test, old: Test) -> bool:
    return bool(new.claims & old.claims) and bool(new.asserts) and _no_freer(new, old)


def _replaced(old: Test, others: Sequence[Test]) -> bool:
    """Whether new tests ask all that an old one asked, as often, and can be left out no more easily."""
    asked = frozenset().union(*(one.claims for one in others))
    return bool(others) and old.claims <= asked and 0 < old.asserts <= sum(one.asserts for one in others)


def _no_freer(new: Test, old: Test) -> bool:
    return (old.skips or not new.skips) and new.marks - {"parametrize", "usefixtures"} <= old.marks


def _helpers(base: Side, head: Side) -> Iterator[Signal]:
    taken = frozenset(one for path, source in base.judging.items() for one in module(path, source).asks)
    for path, source in head.judging.items():
        old = module(path, base.judging[path]) if path in base.judging else Module({})
        new = module(path, source)
        for one in sorted(new.tampers - old.tampers):
            yield Signal(kind="runner-tamper", about=one)
        for hook in sorted(new.hooks - old.hooks):
            yield Signal(kind="hook-added", about=f"{path}: {hook}")
        if path in base.judging and old.rest != new.rest:
            more = (
                not old.broken and not new.broken and only_added(old.rest, new.rest, taken, values=is_test_file(path))
            )
            yield Signal(kind="helper-extended" if more else "helper-changed", about=path)
        elif path.rpartition("/")[2] == "conftest.py" and path not in base.judging:
            yield Signal(kind="helper-changed", about=f"{path} is new")
    for path in sorted(base.judging.keys() - head.judging.keys()):
        if module(path, base.judging[path]).rest and not module(path, base.judging[path]).tests:
            yield Signal(kind="helper-changed", about=f"{path} is gone")


def _configuration(base: Side, head: Side) -> Iterator[Signal]:
    old, new = base.suite.configured, head.suite.configured
    for name in sorted(old.judging.keys() | new.judging.keys()):
        if old.judging.get(name) != new.judging.get(name):
            more = name.endswith("pytest") and _says_nothing(old.judging.get(name, {}), new.judging.get(name, {}))
            yield Signal(kind="config-extended" if more else "config-changed", about=name)
    for path in sorted(base.nested.keys() | head.nested.keys()):
        before, after = configured_at(path, base.nested), configured_at(path, head.nested)
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) != after.get(name):
                yield Signal(kind="config-changed", about=f"{path.rpartition('/')[0]}/{name}")
    if new.threshold < old.threshold:
        yield Signal(kind="threshold-lowered", about=f"coverage fail_under {old.threshold:g} became {new.threshold:g}")


def _says_nothing(old: object, new: object) -> bool:
    """Whether the settings of pytest differ in nothing but in what chooses no test and changes no outcome."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return False
    return all(says_nothing(str(one)) for one in old.keys() | new.keys() if old.get(one) != new.get(one))


def _data(base: Side, head: Side) -> Iterator[Signal]:
    for path, blob in base.data.items():
        if head.data.get(path) != blob:
            said = "is gone" if path not in head.data else "is not what it was"
            yield Signal(kind="test-data-changed", about=f"{path} {said}")


def _suppressions(base: Side, head: Side) -> Iterator[Signal]:
    for path, source in head.source.items():
        before = base.source.get(path)
        if before == source:
            continue
        more = len(_SUPPRESSION.findall(source)) - len(_SUPPRESSION.findall(before or b""))
        if more > 0:
            yield Signal(kind="suppression-added", about=f"{path}: {more} more than before")
        elif _reach(source) > _reach(before or b""):
            yield Signal(
                kind="suppression-widened", about=f"{path}: one that named its rules names none, or more of them"
            )


def _reach(source: bytes) -> tuple[int, int]:
    """How many suppressions name no rule, and how many rules all others name together."""
    told = [found[1] for found in _NAMES_RULES.finditer(source)]
    return sum(one is None for one in told), sum(len(_RULE.findall(one)) for one in told if one)


def _detection(base: Side, head: Side) -> Iterator[Signal]:
    read = {**head.vendored, **used(head), **head.source}
    known = {**base.vendored, **base.judging, **base.source}
    for path, source in read.items():
        before = known.get(path)
        if source != before:
            for kind, about in sorted(traits(source) - (traits(before) if before is not None else frozenset())):
                yield Signal(kind=kind, about=f"{path} {about}")


def used(side: Side) -> dict[str, bytes]:
    """What lies among tests and is none, and is imported by source: called `testing`, it is part of what is judged."""
    beside = {
        path: data for path, data in side.judging.items() if not is_test_file(path) and not path.endswith("conftest.py")
    }
    names = {
        path: path.removesuffix(".py").removesuffix("/__init__").replace("/", ".").removeprefix("src.").encode()
        for path in beside
    }
    told = b"\n".join(line for data in side.source.values() for line in _IMPORT.findall(data)) if names else b""
    return {
        path: beside[path] for path, name in names.items() if name in told or name.rpartition(b".")[0] in told.split()
    }
