"""The only place that knows the less common forms in which tools report: TAP points, unittest, Jest's JSON, Clover, JaCoCo."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from checker.model.outputs.fields import take, whole

Counts = tuple[int, int, int]  # passed, failed, line
_POINT = re.compile(r"^(not )?ok\b[ \t]*\d*(?:[ \t]*-)?[^#\n]*(?:#[ \t]*(skip|todo)\b)?", re.IGNORECASE)
_RAN = re.compile(r"^Ran (\d+) tests? in [\d.]+s")
_UNITTEST = re.compile(r"^(OK|FAILED)\b(?: \(([^)]*)\))?\s*$")
_NODE = re.compile(r"^(?:ℹ|#|i)\s+(pass|fail)\s+(\d+)\s*$")
_CARGO = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed;")
_CLOSINGS = (  # passed and failed are told by name, or follow from all and what went wrong
    re.compile(r"^OK,? (?:but[^(]*)?\((?P<all>\d+) tests?, \d+ assertions?[^)]*\)"),  # PHPUnit
    re.compile(r"^Tests: (?P<all>\d+), Assertions: \d+(?P<rest>(?:, [A-Z][\w ]+: \d+)*)\.?$"),
    re.compile(
        r"^(?:\[\w+\]\s+)?Tests run: (?P<all>\d+), Failures: (?P<bad>\d+), Errors: (?P<worse>\d+), Skipped: (?P<skipped>\d+)\s*$"
    ),  # Maven
    re.compile(
        r"^(?:\d+ doctests?, )?(?P<all>\d+) (?:examples?|tests?), (?P<bad>\d+) failures?"
        r"(?:, (?P<skipped>\d+) (?:pending|skipped|excluded))?"
    ),  # RSpec, ExUnit
    re.compile(r"^(?:Passed|Failed)!\s+- Failed:\s+(?P<bad>\d+), Passed:\s+(?P<good>\d+),"),  # .NET
    re.compile(r"^(?P<all>\d+) tests completed(?:, (?P<bad>\d+) failed)?(?:, (?P<skipped>\d+) skipped)?"),  # Gradle
    re.compile(r"^(?:ok|FAILED) \| (?P<good>\d+) passed(?: \([^)]*\))? \| (?P<bad>\d+) failed"),  # Deno
)
_BEGINNINGS = ("Pas", "Fai", "FAI", "ok ", "OK ", "OK,", "---")
_GO = re.compile(r"^--- (PASS|FAIL): \w")
_GO_AGAIN = re.compile(r"^\S{0,40}[$#>] ?go test\b")  # what an earlier run counted is over
_GO_PACKAGE = re.compile(r"^FAIL\t\S+")
_BUN = re.compile(r"^\s*(\d+) (pass|fail)$")
_SUITE = re.compile(r"<testsuites?\b([^<>]*)>")
_METRICS = re.compile(r"<metrics\b([^<>]*)/?>")
_JACOCO = re.compile(r'<counter type="LINE" missed="(\d+)" covered="(\d+)"\s*/>')
_LINES = re.compile(r"^Lines\s*:\s*(\d+(?:\.\d+)?)%")
_HIT = re.compile(r"^DA:\d+,(\d+)", re.MULTILINE)


def tallies(text: str) -> Iterator[Counts]:
    """What test runners print beside the common closing lines, one for each run; counts of one run stand together."""
    yield from _points(text)
    yield from _pairs(text)
    yield from _by_line(text)
    yield from _of_bun(text)
    ran = 0
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > 300:
            continue
        if told := _RAN.match(line):
            ran = int(told.group(1))
        elif ran and (ended := _UNITTEST.match(line.strip())):
            bad, skipped = _of_unittest(ended.group(2) or "")
            yield ran - bad - skipped, bad, number
            ran = 0
        elif cargo := _CARGO.match(line):
            yield int(cargo.group(1)), int(cargo.group(2)), number


def _by_line(text: str) -> Iterator[Counts]:
    """What stands in one line; of Go's runner, which counts nothing, the tests that it names. -1 passed: nobody can tell."""
    go = {"PASS": 0, "FAIL": 0}
    last = packages = 0
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > 300 or not ("est" in line or "xample" in line or line[:3] in _BEGINNINGS):
            continue
        bare = line.rstrip().strip("=").strip() if line[:1] == "=" else line.rstrip()
        if _GO_AGAIN.match(bare):
            go, packages = {"PASS": 0, "FAIL": 0}, 0
        elif told := _GO.match(bare):
            go[told.group(1)], last = go[told.group(1)] + 1, number
        elif _GO_PACKAGE.match(bare):
            packages, last = packages + 1, number
        elif closing := next((found for one in _CLOSINGS if (found := one.match(bare))), None):
            yield (*_of_closing(closing.groupdict()), number)
    if go["PASS"] or go["FAIL"] or packages:
        yield (go["PASS"] or -1), go["FAIL"] or packages, last


def _of_closing(told: dict[str, str | None]) -> tuple[int, int]:
    count = {name: int(value) for name, value in told.items() if value and name != "rest"}
    rest = {name.strip(): int(number) for name, number in re.findall(r", ([A-Z][\w ]+): (\d+)", told.get("rest") or "")}
    bad = count.get("bad", 0) + count.get("worse", 0) + rest.get("Failures", 0) + rest.get("Errors", 0)
    skipped = count.get("skipped", 0) + rest.get("Skipped", 0) + rest.get("Incomplete", 0)
    return count.get("good", count.get("all", 0) - bad - skipped), bad


def _of_bun(text: str) -> Iterator[Counts]:
    """Bun's runner, which prints ` 4 pass` and ` 1 fail` on lines of their own."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) < 30 and (told := _BUN.match(line)):
            found[told.group(2)] = int(told.group(1))
            if len(found) == 2:
                yield found["pass"], found["fail"], number
                found = {}


def _of_unittest(words: str) -> tuple[int, int]:
    counts = {name.strip(): int(number) for name, number in re.findall(r"([\w ]+)=(\d+)", words)}
    bad = sum(counts.get(name, 0) for name in ("failures", "errors", "unexpected successes"))
    return bad, counts.get("skipped", 0)


def _points(text: str) -> Iterator[Counts]:
    """TAP: its points at the outer level, where no summary follows that is read elsewhere."""
    if not re.search(r"(?m)^TAP version \d+|^1\.\.\d+", text) or re.search(r"(?m)^# pass +\d", text):
        return
    passed = failed = last = 0
    for number, line in enumerate(text.split("\n"), 1):
        point = _POINT.match(line)
        if point and not point.group(2):
            failed, passed, last = failed + bool(point.group(1)), passed + (not point.group(1)), number
    if last:
        yield passed, failed, last


def _pairs(text: str) -> Iterator[Counts]:
    """Node's own runner, which prints `ℹ pass 4` and `ℹ fail 1` on lines of their own."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if line[:1] == "ℹ" and (told := _NODE.match(line)):
            found[told.group(1)] = int(told.group(2))
            if len(found) == 2:
                yield found["pass"], found["fail"], number
                found = {}


def counts_of(value: Any) -> tuple[int, int] | None:
    """Passed and failed of Jest's and Vitest's JSON and of pytest-json-report; None for other data."""
    jest = [
        whole(found.value) if (found := take(value, name)) else None
        for name in ("num_passed_tests", "num_failed_tests")
    ]
    if jest[0] is not None and jest[1] is not None:
        return jest[0], jest[1]
    summary = take(value, "summary")
    total = take(summary.value, "total") if summary else None
    if summary is None or total is None or whole(total.value) is None:
        return None
    counts = {
        name: whole(found.value) or 0
        for name in ("passed", "failed", "error", "errors")
        if (found := take(summary.value, name))
    }
    return counts.get("passed", 0), counts.get("failed", 0) + counts.get("error", 0) + counts.get("errors", 0)


def suite_attributes(text: str) -> tuple[int, int] | None:
    """Passed and failed of a JUnit report that lists no cases, from the attributes of its outermost suite."""
    found = _SUITE.search(text)
    counts = {name: int(number) for name, number in re.findall(r'\b(\w+)="(\d+)"', found.group(1))} if found else {}
    if "tests" not in counts:
        return None
    bad = counts.get("failures", 0) + counts.get("errors", 0)
    return counts["tests"] - bad - counts.get("skipped", 0), bad


def covered(path: str, text: str) -> float | None:
    """Percent of lines in Cobertura's counts, Clover, JaCoCo, lcov without sums, and Istanbul's summary."""
    head = text[:4000]
    if "<coverage" in head or "<report" in head:
        return _of_xml(text)
    if path.endswith(".info"):
        hits = [int(one) for one in _HIT.findall(text)]
        return 100 * sum(map(bool, hits)) / len(hits) if hits else None
    lines = (line for line in text.split("\n") if "%" in line)
    return next((float(told.group(1)) for line in lines if (told := _LINES.match(line))), None)


def _of_xml(text: str) -> float | None:
    lines = re.search(r"<coverage\b([^<>]*)>", text)
    counts = {name: int(number) for name, number in re.findall(r'([\w-]+)="(\d+)"', lines.group(1))} if lines else {}
    if counts.get("lines-valid"):
        return 100 * counts.get("lines-covered", 0) / counts["lines-valid"]
    if metrics := _METRICS.search(text):
        clover = {name: int(number) for name, number in re.findall(r'(\w+)="(\d+)"', metrics.group(1))}
        return 100 * clover.get("coveredstatements", 0) / clover["statements"] if clover.get("statements") else None
    whole_report = _JACOCO.findall(text)[-1:]  # the last counter is the report's own
    return next(
        (100 * int(hit) / (int(hit) + int(missed)) for missed, hit in whole_report if int(hit) + int(missed)), None
    )
