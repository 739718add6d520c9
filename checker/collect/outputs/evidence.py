"""The only place that reads measurements: JUnit, coverage.py, Cobertura, lcov, TAP, and the closing lines of test runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from checker.collect.files import Root, Unreadable
from checker.collect.outputs import tool_reports
from checker.collect.outputs.made_tables import made_tables
from checker.collect.outputs.text import readable
from checker.model.contract import Api
from checker.model.globs import covers
from checker.model.migrations import Migrations, NewMigrations
from checker.model.observation import Place
from checker.model.outputs.evidence import Figure, Figures, Measure
from checker.model.outputs.fields import percent, take
from checker.model.outputs.runs import Packs
from checker.model.repo import File, Inventory, Role
from checker.model.settings import Description
from checker.model.unavailable import NotApplicable, Unavailable

_NAMED = re.compile(
    r"(?i)(^|/)(.*junit.*\.xml|test-?results?.*\.(xml|json|txt|log)|(coverage|cobertura).*\.(xml|json|txt|log)|lcov\.info|.+\.tap"
    r"|.*(pytest|vitest|jest|test|lint|build|ci).*\.(log|out)|.*\.log)$"
)
_TEXT = re.compile(r"(?i)\.(txt|log|out|tap|md|info|xml|json)$")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_TAG = re.compile(
    r"<(/?)(testsuites?|testcase|failure|error|skipped)\b([^<>]*?)(/?)>|<!\[CDATA\[.*?\]\]>|<!--.*?-->", re.DOTALL
)
_NAME = re.compile(r'\bname="([^"]{1,300})"')
_FAILED_CASE = re.compile(r"^FAILED \S+::(\w+)")
_RATE = re.compile(r'<coverage\b[^<>]*?\bline-rate="([0-9.]+)"')
_COUNT = r"(\d+) {}\b"
_PYTEST = re.compile(r"^=* ?((?:\d+ [a-z]+,? ?)+) in [\d.:]+ ?s?.*$")
_CLOSING = (
    re.compile(r"^\s*Tests:?\s+((?:\d+ \w+\s*[,|]?\s*)+)(?:\(\d+\)|of \d+|\d+ total)?\s*$"),  # jest, vitest
    re.compile(r"^\s*((?:\d+ (?:passed|failed|passing|failing)\b[, ]*)+)(?:\([\d.smh ]+\))?\s*$"),  # playwright, mocha
)
_RUNNER = re.compile(
    r"^(?:TAP version|1\.\.\d|Ran \d+ tests?|test result:|ℹ pass|OK,? (?:but[^(]*)?\(\d+ test|Tests: \d+, Assert"
    r"|(?:\[\w+\]\s+)?Tests run: \d|\d+ (?:examples?|tests?|doctests?)(?:,| completed)|(?:Passed|Failed)!"
    r"|--- (?:PASS|FAIL): |FAIL\t|(?:ok|FAILED) \| \d| *\d+ (?:pass|fail)$)",
    re.MULTILINE,
)
_NONE_RAN = re.compile(r"(?i)^no tests ran in [\d.:]+ ?s|^No tests? (?:files? )?found")
_HINT = re.compile(r"(?i:no tests?)|pass|fail|TOTAL|total:|All files|Total coverage|error")
_TAP = re.compile(r"^# (pass|fail) +(\d+)$")
_TOTALS = (
    re.compile(r"^TOTAL\s+\d+.*?\s(\d+(?:\.\d+)?)%\s*$"),  # coverage.py
    re.compile(r"^All files\s*\|\s*(\d+(?:\.\d+)?)\s*\|"),  # istanbul
    re.compile(r"^Total coverage: (\d+(?:\.\d+)?)%$"),
    re.compile(r"^total:\s+\(statements\)\s+(\d+(?:\.\d+)?)%$"),  # go tool cover
)


def figures(
    root: Root,
    inventory: Inventory,
    packs: Packs,
    description: Description,
    api: Api | Unavailable | NotApplicable,
    migrations: Migrations | Unavailable | NotApplicable,
    new: NewMigrations | Unavailable | NotApplicable,
) -> Figures:
    """All that was measured: files of the tree, members of packs, the contract's operations, the migrations."""
    found: list[Figure] = []
    unread: list[tuple[str, str]] = []
    failing: list[tuple[str, Place]] = []
    for file in inventory.files:
        if named_as_evidence(file):
            found.extend(_of_file(root, file, unread, failing))
    for pack in packs.found:
        for member in pack.members:
            if member.text and _TEXT.search(member.name) and not _is_report(member.name):
                path = f"{pack.path}!{member.name}"
                found.extend(measured(path, member.text, pack.run))
                failing.extend(failed_cases(path, member.text))
    if isinstance(api, Api) and len({contract.path for contract in api.contracts}) == 1:
        count = sum(1 for _ in api.operations())
        found.append(Figure("operations", count, Place(api.contracts[0].path), f"{count} operations in the contract"))
    found.extend(_migrations(inventory, description))
    found.extend(list(_tables(root, inventory)) or made_tables(migrations, new))
    return Figures(tuple(found), tuple(unread), tuple(failing))


def named_as_evidence(file: File) -> bool:
    """Whether a file's name says that it is a report or a log of a run."""
    return file.role not in (Role.VENDORED, Role.FIXTURE) and _NAMED.search(file.path) is not None


def _is_report(name: str) -> bool:
    return name.lower().endswith(".md") and not re.search(r"(?i)log|test|ci|coverage", name.rpartition("/")[2])


def _of_file(
    root: Root, file: File, unread: list[tuple[str, str]], failing: list[tuple[str, Place]]
) -> Iterator[Figure]:
    try:
        text, _ = readable(file.path, root.read(file.path))
    except (Unreadable, Unavailable) as wrong:
        unread.append((file.path, str(wrong)))
        return
    if not text.strip():
        unread.append((file.path, "the file is empty"))
    failing.extend(failed_cases(file.path, text))
    yield from measured(file.path, text, "")


def measured(path: str, text: str, run: str) -> Iterator[Figure]:
    """The figures in one text, in the common forms, else in the others that are known."""
    found = list(_common(path, text, run))
    yield from found
    seen = {one.measure for one in found}
    if "passed" not in seen:
        for passed, failed, line in _counts(path, text):
            source = f"{passed} passed, {failed} failed" if passed >= 0 else f"{failed} failed"
            if passed >= 0:
                yield Figure("passed", passed, Place(path, (line, line)), source, run=run)
            yield Figure("failed", failed, Place(path, (line, line)), source, run=run)
    if "coverage" not in seen and (rate := tool_reports.covered(path, text)) is not None:
        yield Figure("coverage", rate, Place(path), f"coverage {rate:.4g}%", run=run)


def _counts(path: str, text: str) -> Iterator[tuple[int, int, int]]:
    if "<testsuite" in text[:2000]:
        told = (
            tool_reports.suite_attributes(text) if "<!ENTITY" not in text[:2000] and "<testcase" not in text else None
        )
        yield from [(*told, 1)] if told else []
    elif path.endswith(".json"):
        try:
            counted = tool_reports.counts_of(json.loads(text))
        except (ValueError, RecursionError):
            return
        yield from [(*counted, 1)] if counted else []
    elif not path.endswith((".xml", ".info")) and _RUNNER.search(text):
        yield from tool_reports.tallies(_ESCAPES.sub("", text))


def _common(path: str, text: str, run: str) -> Iterator[Figure]:
    """The common forms. A document with a type declaration is not read: entities are a trap."""
    head = text[:2000]
    if "<testsuite" in head and "<!ENTITY" not in head:
        yield from _junit(path, text, run)
    elif "<coverage" in head and (rate := _RATE.search(text)):
        yield Figure("coverage", float(rate.group(1)) * 100, Place(path, (1, 1)), "coverage XML", run=run)
    elif path.endswith(".json"):
        yield from _coverage_json(path, text, run)
    elif path.endswith(".info"):
        yield from _lcov(path, text, run)
    else:
        yield from _closing(path, text, run)


def failed_cases(path: str, text: str) -> Iterator[tuple[str, Place]]:
    """The test cases that a JUnit report, or the short summary of pytest, calls failed."""
    if "<testsuite" in text[:2000]:
        name = ""
        for tag in _TAG.finditer(text):
            closing, kind, attributes, _ = tag.groups()
            if kind == "testcase" and not closing:
                told = _NAME.search(attributes or "")
                name = told.group(1) if told else ""
            elif kind in ("failure", "error") and name and not closing:
                line = text.count("\n", 0, tag.start()) + 1
                yield name, Place(path, (line, line))
                name = ""
    elif "FAILED " in text:
        for number, said in enumerate(text.split("\n"), 1):
            if told := _FAILED_CASE.match(_ESCAPES.sub("", said)):
                yield told.group(1), Place(path, (number, number))


def _junit(path: str, text: str, run: str) -> Iterator[Figure]:
    passed = failed = left_out = 0
    bad = skipped = inside = False
    for tag in _TAG.finditer(text):
        closing, name, _, empty = tag.groups()
        if name == "testcase" and not closing:
            inside, bad, skipped = True, False, False
        elif name in ("failure", "error") and inside and not closing:
            bad = True
        elif name == "skipped" and inside and not closing:
            skipped = True
        if name == "testcase" and (closing or empty):
            failed, passed, inside = failed + bad, passed + (not bad and not skipped), False
            left_out += skipped and not bad
    source = f"JUnit: {passed} passed, {failed} failed" + (f", {left_out} skipped" if left_out else "")
    if passed or failed:
        yield Figure("passed", passed, Place(path, (1, 1)), source, run=run)
        yield Figure("failed", failed, Place(path, (1, 1)), source, run=run)


def _coverage_json(path: str, text: str, run: str) -> Iterator[Figure]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return
    totals, total = take(value, "totals"), take(value, "total")
    lines = take(total.value, "lines") if total else None
    rate = take(totals.value, "percent_covered") if totals else take(lines.value, "pct") if lines else None
    number = percent(rate.value) if rate else None
    if number is not None:
        yield Figure("coverage", number, Place(path), "coverage JSON", run=run)


def _lcov(path: str, text: str, run: str) -> Iterator[Figure]:
    found, hit = (sum(int(n) for n in re.findall(rf"^{tag}:(\d+)", text, re.MULTILINE)) for tag in ("LF", "LH"))
    if found:
        yield Figure("coverage", 100 * hit / found, Place(path, (1, 1)), f"lcov: {hit} of {found} lines", run=run)


def _closing(path: str, text: str, run: str) -> Iterator[Figure]:
    if not _HINT.search(text):
        return
    for number, raw in enumerate(text.split("\n"), 1):
        if len(raw) > 400 or not _HINT.search(raw):
            continue
        line = _ESCAPES.sub("", raw).rstrip().strip("=").strip()
        here = Place(path, (number, number))
        if tap := _TAP.match(line):
            measure: Measure = "passed" if tap.group(1) == "pass" else "failed"
            yield Figure(measure, int(tap.group(2)), here, line, run=run)
        elif counts := next((found for one in (_PYTEST, *_CLOSING) if (found := one.match(line))), None):
            passed, failed = (
                _number(counts.group(1), *words) for words in (("passed", "passing"), ("failed", "failing", "errors?"))
            )
            if passed or failed:
                yield Figure("passed", passed, here, line, run=run)
                yield Figure("failed", failed, here, line, run=run)
        elif _NONE_RAN.match(line):
            yield Figure("passed", 0, here, line, run=run)
        elif total := next((found for one in _TOTALS if (found := one.match(line))), None):
            yield Figure("coverage", float(total.group(1)), here, line, run=run)


def _number(text: str, *words: str) -> int:
    return sum(int(found.group(1)) for word in words for found in re.finditer(_COUNT.format(word), text))


def _tables(root: Root, inventory: Inventory) -> Iterator[Figure]:
    """How many tables the tree declares, where one Prisma schema tells."""
    schemas = [
        file.path for file in inventory.files if file.path.endswith("schema.prisma") and file.role is not Role.FIXTURE
    ]
    if len(schemas) != 1:
        return
    try:
        text = root.text(schemas[0]).text
    except (Unreadable, Unavailable):
        return
    count = len(re.findall(r"(?m)^model \w+", text))
    if count:
        yield Figure("tables", count, Place(schemas[0]), f"{count} models in {schemas[0]}")


def _migrations(inventory: Inventory, description: Description) -> Iterator[Figure]:
    """How many migrations the tree holds, where the place of them is told or is Alembic's or Prisma's own."""
    places = description.layout.migrations or ("**/alembic/versions", "**/prisma/migrations")
    files = [
        file.path
        for file in inventory.files
        if any(covers(place, file.path) for place in places)
        and re.search(r"(?<!__init__)\.py$|migration\.sql$", file.path)
    ]
    revisions = [path for path in files if "versions/" in path or path.endswith(".sql")] or files
    if revisions:
        folder = revisions[0].rpartition("/")[0]
        yield Figure("migrations", len(revisions), Place(revisions[0]), f"{len(revisions)} migrations in {folder}")
