"""The only place that reads numbers out of outputs as claims and puts the evidence beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.collect.files import Root
from checker.collect.outputs.assertions import assertions
from checker.collect.outputs.held import evidence_of
from checker.model.contract import Api
from checker.model.migrations import Migrations
from checker.model.observation import Place
from checker.model.outputs.artefact import Artefact, Artefacts, Kind, TreePaths
from checker.model.outputs.evidence import ClaimLedger, Figures, Measure, Statement, hold
from checker.model.outputs.fields import percent, take, whole
from checker.model.outputs.headings import ACCESS, PLAN, SNAPSHOT, run_section
from checker.model.outputs.results import ended
from checker.model.outputs.runs import RunReports
from checker.model.outputs.session import RecordedRuns
from checker.model.outputs.work import Queue
from checker.model.repo import Inventory
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git

_COVERAGE = (
    re.compile(r"(?i)\bcoverage\b[^.%\n|]{0,40}?[\s:|~=](\d{1,3}(?:\.\d+)?)\s?%"),
    re.compile(r"(?i)\b(\d{1,3}(?:\.\d+)?)\s?% (?:line |test |statement |code |unit |overall )*coverage\b"),
)
_COUNTS: tuple[tuple[Measure, re.Pattern[str]], ...] = (
    (
        "passed",
        re.compile(
            r"(?i)\b(\d{1,6}) (?:(?:tests? )?(?:passed|passing|pass)\b|tests?,? (?:(?:all|are|is) ){0,2}(?:green|ok)\b)"
        ),
    ),
    ("failed", re.compile(r"(?i)\b(\d{1,6}) (?:tests? )?(?:failed|failing|failures?)\b")),
)
_NOT_A_RESULT = re.compile(r"(?i)\bmust\b|\bshould\b|\baim|\bbranch|\bdiff\b|\bminimum of\b")
_WANTED = re.compile(  # the number that a threshold is, before or behind its word
    r"(?i)(?:target|threshold|goal|minimum|at least|above|below|\bover\b|gate\b|fail.under|[>≥]=?)[^%\n\d,;]{0,20}\d[\d.]*\s?%?"
    r"|\d[\d.]*\s?%[ -](?:target|threshold|goal|minimum|gate|floor)"
)
_OF_ANOTHER_RUN = re.compile(
    r"(?i)previous|before|initial|\bfirst\b|earlier|attempt|last run|\bwas\b|\bhad\b|from \d|baseline|expected"
)
_AT_ONCE = re.compile(
    r"(?i)(?<=pass|ssed|sing|reen) (?:on|at|in|with) the (?:very )?first (?:go|try|attempt|run)\b(?!.*\d)"
)
_CLAUSES = re.compile(r"[,;()]|\. | [—–-] |→|->")
_ALL_GREEN = re.compile(
    r"(?i)\b(?:all|every|each|the)\b(?: of)?(?: the| our)?(?: \d+)?(?: \w+)? (?:tests?|suites?) (?:(?:now|still|is|are|all) )*"
    r"(?:pass(?:es|ed|ing)?|green|succeed(?:s|ed)?|ok)\b"
    r"|\btests? (?:all |now |still )?(?:pass|passed|passing|green|(?:are|is) (?:all )?(?:green|passing|ok))\b"
    r"|`[^`]*\b(?:pytest|vitest|jest|(?:npm|yarn|pnpm|make|go|cargo) (?:run )?test)\b[^`]*`\W{0,4}"
    r"(?:exit(?:ed|s)?(?: with)?(?: code)?:? 0\b|pass(?:ed|es)\b|(?:is )?green\b|✅)"
)
_OF_A_PART = re.compile(
    r"(?i)\b(?:unit|integration|contract|smoke|e2e|end.to.end)\b(?=[^.]*\b(?:tests?|suite|exit|pass|fail|green|red))(?!.*one suite)"
    r"|`[^`]*test[^`]*(?:/| -[km] |::)[^`]*`"
)
_CONDITION = re.compile(
    r"(?i)\[ \]|\b(?:if|when|once|until|unless|must|should|will|would|not|never|can|make sure|ensure|so that|to be|before)\b"
)


def claim_ledger(
    artefacts: Artefacts,
    reports: RunReports,
    figures: Figures,
    root: Root,
    inventory: Inventory,
    tree: TreePaths | Unavailable | NotApplicable,
    api: Api | Unavailable | NotApplicable,
    queue: Queue | Unavailable | NotApplicable,
    migrations: Migrations | Unavailable | NotApplicable,
    git: Git | Unavailable | NotApplicable,
    runs: RecordedRuns,
) -> ClaimLedger:
    """Every number that an output claims, held against what was measured, and every other claim against what is there."""
    run_of = {one.path: one.run for one in reports.found}
    current = {one.path for one in reports.current}
    found: list[Statement] = []
    for one in artefacts.found:
        if one.kind is Kind.HANDOFF:
            found.extend(_handoff(one))
        elif one.kind is Kind.RUN_CHECKS:
            found.extend(_run_checks(one))
        elif one.kind is Kind.RUN_REPORT and one.path in current:
            found.extend(_prose(one, one.text, 1, run_of.get(one.path, "")))
        elif one.kind in (Kind.OUTPUT_DOCUMENT, Kind.CHECKPOINT) and one.sections:
            found.extend(_prose(one, one.text, 1, ""))
    evidence = evidence_of(root, inventory, tree, api, queue, migrations, git, figures, runs)
    return ClaimLedger(tuple(hold(found, figures)), tuple(assertions(artefacts, reports, evidence)))


_RUN: tuple[Measure, ...] = ("passed", "failed")
_COUNTED: tuple[
    tuple[str, str, str, Measure], ...
] = (  # part and field of the hand-off, what it says, what measures it
    ("endpoints", "total", "endpoints", "operations"),
    ("database", "migrations", "migrations", "migrations"),
)


def _handoff(one: Artefact) -> Iterator[Statement]:
    done, checks = take(one.value, "deliverables"), take(one.value, "verification")
    if done:
        coverage = take(done.value, "test_coverage", "coverage")
        number = percent(coverage.value) if coverage else None
        if coverage and number is not None:
            yield _firm(f"coverage {coverage.value}", "coverage", number, one.at(done.name, coverage.name))
        for part, field, said, measure in _COUNTED:
            group = take(done.value, part)
            count = take(group.value, field) if group else None
            value = whole(count.value) if count else None
            if group and count and value is not None:
                place = one.at(done.name, group.name, count.name)
                yield _firm(f"{value} {said}", measure, value, place)
    code = take(checks.value, "test", "tests") if checks else None
    if checks and code and whole(code.value) == 0:
        yield _firm("test exits 0", "failed", 0, one.at(checks.name, code.name))


def _run_checks(one: Artefact) -> Iterator[Statement]:
    tests = take(one.value, "tests", "test")
    if tests is None:
        return
    for measure in _RUN:
        count = take(tests.value, measure)
        value = whole(count.value) if count else None
        if count and value is not None:
            yield _firm(f"{value} tests {measure}", measure, value, one.at(tests.name, count.name))


def _firm(claim: str, measure: Measure, value: float, place: Place) -> Statement:
    return Statement(claim, measure, value, place, firm=True)


def _prose(one: Artefact, text: str, first: int, run: str) -> Iterator[Statement]:
    """Numbers in sentences, left alone where they are a target or of another run, and that all tests pass."""
    wanted = [part.lines for part in one.sections if run_section(part.title) in (SNAPSHOT, PLAN, ACCESS)]
    # Which suite is red a log seldom tells: suites that are told apart are held together, and not where one is told as red.
    parts_told = any(_OF_A_PART.search(said) and ended(said) == "red" for said in text.split("\n") if len(said) < 2000)
    for number, said in enumerate(text.split("\n"), first):
        if len(said) > 2000:
            continue
        here, line = one.lines(number), _of_this_run(said)
        if not _NOT_A_RESULT.search(line):
            bare = _WANTED.sub("", line)
            seen = {found.group(1) for pattern in _COVERAGE for found in pattern.finditer(bare)}
            for value in sorted(seen):
                yield Statement(f"coverage {value}%", "coverage", float(value), here, firm=False, run=run)
        counted = [(measure, found) for measure, pattern in _COUNTS for found in pattern.finditer(line)]
        for measure, found in counted:
            yield Statement(found.group(), measure, int(found.group(1)), here, firm=False, run=run)
        if one.kind is Kind.OUTPUT_DOCUMENT or any(start <= number <= end for start, end in wanted):
            continue
        partial = _OF_A_PART.search(line) is not None
        if not (partial and parts_told):
            told = list(_green(line, [(measure, int(found.group(1))) for measure, found in counted], here, run))
            parts_told = parts_told or bool(partial and told)
            yield from told


def _of_this_run(line: str) -> str:
    """What of a line speaks of the run itself: without emphasis, and without the clauses that tell of another run."""
    bare = re.sub(r"(?i)\bfrom \d+(?: passed)? to (?=\d)", "", _AT_ONCE.sub("", line.replace("**", "")))
    if not _OF_ANOTHER_RUN.search(bare):
        return bare
    number = re.search(r"\d", bare)
    if number and _OF_ANOTHER_RUN.search(bare[: number.start()]):
        return ""
    return ", ".join(clause for clause in _CLAUSES.split(bare) if not _OF_ANOTHER_RUN.search(clause))


def _green(line: str, counted: list[tuple[Measure, int]], here: Place, run: str) -> Iterator[Statement]:
    """That nothing fails, where a line says so in words, or counts what passed and ends green."""
    if any(value for measure, value in counted if measure == "failed") or ended(line) != "green":
        return
    told = _ALL_GREEN.search(line)
    if told and not _CONDITION.search(line):
        yield Statement(told.group().strip(), "failed", 0, here, firm=False, run=run)
    elif any(measure == "passed" for measure, _ in counted) and not any(measure == "failed" for measure, _ in counted):
        yield Statement("no test failing", "failed", 0, here, firm=False, run=run)
