"""The only place that says what a change did to its own judges: tests, helpers, hooks, configuration, suppressions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checker.model.proof import Signal
from checker.proofs.pytest_run import Suite
from checker.proofs.tests_there import Module, module

_SUPPRESSION = re.compile(
    rb"#\s*(?:noqa|type:\s*ignore|pragma:\s*no\s*cover|nosec|pyright:\s*ignore|mypy:\s*ignore|ruff:\s*noqa|pylint:\s*disable)"
)
_DETECTS = re.compile(
    rb"PYTEST_CURRENT_TEST|PYTEST_VERSION|['\"]_?pytest['\"]\s*(?:,[^\n]*)?\s*in\s+(?:sys\s*\.\s*modules|sys\s*\.\s*argv)"
    rb"|sys\s*\.\s*modules\s*(?:\.get\(|\[)\s*['\"](?:_?pytest|unittest)|_called_from_test|find_spec\(\s*['\"]_?pytest"
)


@dataclass(frozen=True)
class Side:
    """One revision: its suite, every Python file that judges (tests, conftest, helpers beside them), and its source."""

    suite: Suite
    judging: Mapping[str, bytes]
    source: Mapping[str, bytes]


def weakened(base: Side, head: Side) -> tuple[Signal, ...]:
    """Everything by which the head is judged less strictly than the base was; sorted, no verdict."""
    found = {
        *_tests(base, head),
        *_helpers(base, head),
        *_configuration(base, head),
        *_suppressions(base, head),
        *_detection(base, head),
    }
    return tuple(sorted(found, key=lambda one: (one.kind, one.about)))


def _tests(base: Side, head: Side) -> Iterator[Signal]:
    now = head.suite.tests
    for name, old in base.suite.tests.items():
        new = now.get(name)
        if new is None:
            yield Signal(kind="test-removed", about=name)
            continue
        if new.skips and not old.skips:
            yield Signal(kind="skip-added", about=name)
        if new.asserts < old.asserts:
            yield Signal(kind="assert-weakened", about=f"{name}: {old.asserts} assertions became {new.asserts}")


def _helpers(base: Side, head: Side) -> Iterator[Signal]:
    for path, source in head.judging.items():
        old = module(path, base.judging[path]) if path in base.judging else Module({})
        new = module(path, source)
        for one in sorted(new.tampers - old.tampers):
            yield Signal(kind="runner-tamper", about=one)
        for hook in sorted(new.hooks - old.hooks):
            yield Signal(kind="hook-added", about=f"{path}: {hook}")
        if path in base.judging and old.rest != new.rest:
            yield Signal(kind="helper-changed", about=path)
        elif path.rpartition("/")[2] == "conftest.py" and path not in base.judging:
            yield Signal(kind="helper-changed", about=f"{path} is new")
    for path in sorted(base.judging.keys() - head.judging.keys()):
        if module(path, base.judging[path]).rest and not module(path, base.judging[path]).tests:
            yield Signal(kind="helper-changed", about=f"{path} is gone")


def _configuration(base: Side, head: Side) -> Iterator[Signal]:
    old, new = base.suite.configured, head.suite.configured
    for name in sorted(old.judging.keys() | new.judging.keys()):
        if old.judging.get(name) != new.judging.get(name):
            yield Signal(kind="config-changed", about=name)
    if new.threshold < old.threshold:
        yield Signal(kind="threshold-lowered", about=f"coverage fail_under {old.threshold:g} became {new.threshold:g}")


def _suppressions(base: Side, head: Side) -> Iterator[Signal]:
    for path, source in head.source.items():
        before = base.source.get(path)
        if before == source:
            continue
        more = len(_SUPPRESSION.findall(source)) - len(_SUPPRESSION.findall(before or b""))
        if more > 0:
            yield Signal(kind="suppression-added", about=f"{path}: {more} more than before")


def _detection(base: Side, head: Side) -> Iterator[Signal]:
    for path, source in head.source.items():
        if source != base.source.get(path) and _detects(source) and not _detects(base.source.get(path, b"")):
            yield Signal(kind="source-detects-tests", about=f"{path} asks whether it is being tested")


def _detects(source: bytes) -> bool:
    """Source that looks for its tester: by the usual names, by importing it, or by walking the stack."""
    if _DETECTS.search(source):
        return True
    if not re.search(rb"pytest|unittest|_getframe|inspect", source):
        return False
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in ("pytest", "_pytest"):
            return True
        if isinstance(node, ast.Attribute) and ast.unparse(node) in (
            "sys._getframe",
            "inspect.stack",
            "inspect.currentframe",
        ):
            return True
        if isinstance(node, (ast.Import, ast.ImportFrom)) and "pytest" in ast.unparse(node):
            return True
    return False
