"""The only place that says what a change did to the judges of JavaScript: tests, helpers, configuration, suppressions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checker.model.proof import Signal
from checker.proofs import js_tests
from checker.proofs.js_run import JsSuite
from checker.proofs.js_tests import JsTest

_CONFIG = re.compile(
    r"(?:^|/)(?:package\.json|(?:vitest|vite|jest|babel|eslint|playwright)\.config\.[cm]?[jt]s|jest\.config\.json|vitest\.workspace\.[cm]?[jt]s"
    r"|\.(?:eslintrc|mocharc|babelrc|swcrc|nycrc|c8rc)(?:\.[\w.]+)?|\.eslintignore|tsconfig[\w.-]*\.json)$"
)
_OF_LINT = re.compile(r"eslint|tsconfig")
_SETUP = re.compile(
    r"(?:^|/)(?:(?:jest|vitest|test)[._-]?(?:setup|global)[\w.-]*|setup[._-]?tests?|setupFiles?)\.[cm]?[jt]sx?$|(?:^|/)__mocks__/"
)
_ASKS = re.compile(r"assert|expect|should|check|verif|ensure|reject|throw|match|equal|^ok$|^done$", re.IGNORECASE)
_MATCHER = re.compile(r"^(?:to[A-Z]\w*|not|resolves|rejects)$")
_IMPORTS = re.compile(
    r"""\bimport\b[^;"'()=]*(?:"[^"]*"|'[^']*')\s*;?|\b(?:const|let|var)\b[^;=()]*=\s*require\s*\(\s*(?:"[^"]*"|'[^']*')\s*\)\s*;?"""
)
_PARTS = ("jest", "vitest", "mocha", "nyc", "c8", "eslintConfig", "eslintIgnore", "type", "imports")
_SUPPRESSION = re.compile(
    rb"eslint-disable|@ts-(?:ignore|expect-error|nocheck)|(?:istanbul|c8|v8)\s+ignore|NOSONAR|biome-ignore"
)
_DETECTS = re.compile(
    rb"JEST_WORKER_ID|VITEST(?:_WORKER_ID|_POOL_ID)?\b|import\.meta\.vitest|NODE_TEST_CONTEXT|NODE_ENV\s*[=!]==?\s*['\"`]test"
    rb"|['\"`]test['\"`]\s*[=!]==?\s*process\.env\.NODE_ENV|typeof\s+(?:jest|vi|describe|it)\b|new Error\(\)\.stack"
)


@dataclass(frozen=True)
class JsSide:
    """One revision: its tests, every file that judges, its source, and what its tools are told."""

    suite: JsSuite
    judging: Mapping[str, bytes]
    source: Mapping[str, bytes]
    config: Mapping[str, bytes]
    data: Mapping[str, str]


def judges(path: str) -> bool:
    """Whether a file's name says that it judges: a test, what prepares tests, a double."""
    return js_tests.is_test_file(path) or _SETUP.search(path) is not None


def configures(path: str) -> bool:
    """Whether a file tells a runner, a linter or a compiler what to look at."""
    return _CONFIG.search(path) is not None


def weakened(base: JsSide, head: JsSide, *, lint: bool) -> tuple[Signal, ...]:
    """Everything by which the head is judged less strictly than the base was; sorted, no verdict."""
    found = {*_configuration(base, head, lint=lint)}
    if lint:
        found |= set(_suppressions(base, head))
    else:
        found |= {*_tests(base, head), *_helpers(base, head), *_detection(base, head)}
    return tuple(sorted(found, key=lambda one: (one.kind, one.about)))


def _tests(base: JsSide, head: JsSide) -> Iterator[Signal]:
    now = head.suite.tests
    for name, old in base.suite.tests.items():
        new = now.get(name)
        if new is None:
            others = [test for one, test in now.items() if one not in base.suite.tests and _shares(test, old)]
            if _replaced(old, others):
                yield Signal(kind="test-replaced", about=f"{name} is gone, and {len(others)} new ask the same")
            else:
                yield Signal(kind="test-removed", about=name)
            continue
        if new.skips and not old.skips:
            yield Signal(kind="skip-added", about=name)
        if new.asserts < old.asserts:
            yield Signal(kind="assert-weakened", about=f"{name}: {old.asserts} assertions became {new.asserts}")
    for name, one in now.items():
        had = base.suite.tests.get(name)
        if not one.asserts and not one.skips and (had is None or had.asserts) and not any(map(_ASKS.search, one.words)):
            yield Signal(kind="test-empty", about=f"{name} asserts nothing; say in it what must hold")
    for path in head.suite.paths:
        before = js_tests.module(path, base.suite.files[path]).narrowed if path in base.suite.files else ()
        for place in js_tests.module(path, head.suite.files[path]).narrowed:
            if place not in before:
                yield Signal(kind="narrowed", about=f"{path}: only {place!r} runs")


def _shares(new: JsTest, old: JsTest) -> bool:
    return bool(_claims(new) & _claims(old)) and bool(new.asserts) and (old.skips or not new.skips) and not new.only


def _replaced(old: JsTest, others: Sequence[JsTest]) -> bool:
    """Whether new tests call all that an old one called, and assert as often."""
    asked = frozenset().union(*map(_claims, others))
    return bool(others) and _claims(old) <= asked and 0 < old.asserts <= sum(one.asserts for one in others)


def _claims(test: JsTest) -> frozenset[str]:
    return frozenset(one for one in test.words if not _MATCHER.match(one))


def _helpers(base: JsSide, head: JsSide) -> Iterator[Signal]:
    for path, source in head.judging.items():
        if path not in base.judging:
            if _SETUP.search(path):
                yield Signal(kind="helper-changed", about=f"{path} is new")
            continue
        old, new = (js_tests.module(path, one).rest for one in (base.judging[path], source))
        if old != new:
            imports = js_tests.is_test_file(path) and _IMPORTS.sub("", old).split() == _IMPORTS.sub("", new).split()
            yield Signal(kind="helper-extended" if imports else "helper-changed", about=path)
    for path in base.judging.keys() - head.judging.keys():
        if not js_tests.is_test_file(path):
            yield Signal(kind="helper-changed", about=f"{path} is gone")
    for path, blob in base.data.items():
        if head.data.get(path) != blob:
            said = "is gone" if path not in head.data else "is not what it was"
            yield Signal(kind="test-data-changed", about=f"{path} {said}")


def _configuration(base: JsSide, head: JsSide, *, lint: bool) -> Iterator[Signal]:
    for path in sorted(base.config.keys() | head.config.keys()):
        name = path.rpartition("/")[2]
        if name != "package.json" and bool(_OF_LINT.search(name)) != lint and not name.startswith("tsconfig"):
            continue
        if _told(path, base.config.get(path), lint=lint) != _told(path, head.config.get(path), lint=lint):
            yield Signal(kind="config-changed", about=path)


def _told(path: str, data: bytes | None, *, lint: bool) -> Any:
    """What of a file is obeyed: of `package.json` the tools' own parts and the scripts that run them."""
    if data is None or not path.endswith("package.json"):
        return None if data is None else b" ".join(data.split())
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return data
    if not isinstance(value, dict):
        return data
    scripts = value.get("scripts")
    names = ("lint",) if lint else ("test", "pretest", "posttest")
    kept = [name for name in _PARTS if ("eslint" in name) == lint]
    return [value.get(name) for name in kept], [scripts.get(name) for name in names] if isinstance(
        scripts, dict
    ) else None


def _suppressions(base: JsSide, head: JsSide) -> Iterator[Signal]:
    for path, source in {**head.source, **head.judging}.items():
        before = base.source.get(path, base.judging.get(path, b""))
        more = len(_SUPPRESSION.findall(source)) - len(_SUPPRESSION.findall(before))
        if more > 0:
            yield Signal(kind="suppression-added", about=f"{path}: {more} more than before")


def _detection(base: JsSide, head: JsSide) -> Iterator[Signal]:
    for path, source in head.source.items():
        if (
            source != base.source.get(path)
            and _DETECTS.search(source)
            and not _DETECTS.search(base.source.get(path, b""))
        ):
            yield Signal(kind="source-detects-tests", about=f"{path} asks whether it is being tested")
