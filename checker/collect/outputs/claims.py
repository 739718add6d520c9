"""The only place that reads numbers out of outputs as claims and puts the evidence beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from checker.collect.files import Root
from checker.collect.outputs import checks
from checker.collect.outputs.assertions import assertions
from checker.collect.outputs.checked import check_results
from checker.collect.outputs.held import evidence_of
from checker.collect.outputs.prose import of_units, statements
from checker.collect.outputs.told import LONGEST, SPEAKING, Told
from checker.model.contract import Api
from checker.model.migrations import Migrations
from checker.model.observation import Place
from checker.model.outputs.artefact import Artefact, Artefacts, Kind, TreePaths
from checker.model.outputs.evidence import ClaimLedger, Figures, Measure, Statement, hold
from checker.model.outputs.fields import percent, take, whole
from checker.model.outputs.runs import RunReports
from checker.model.outputs.session import RecordedRuns
from checker.model.outputs.work import Queue, WorkHistory
from checker.model.proof_records import ProofRecords
from checker.model.repo import Changes, Inventory
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git


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
    changes: Changes | Unavailable | NotApplicable,
    history: WorkHistory | Unavailable | NotApplicable,
    proofs: ProofRecords | NotApplicable | Unavailable,
) -> ClaimLedger:
    """Every number that an output claims, held against what was measured, and every other claim against what is there."""
    run_of = {one.path: one.run for one in reports.found}
    current = {one.path for one in reports.current}
    only_run = reports.current[0].run if len(reports.current) == 1 else ""
    found: list[Statement] = []
    drafts: list[Statement] = []
    for one in artefacts.found:
        if one.kind is Kind.HANDOFF:
            found.extend((*_handoff(one), *(statements(one, only_run) if isinstance(one.value, dict) else ())))
        elif one.kind is Kind.RUN_CHECKS:
            found.extend((*_run_checks(one), *(statements(one, only_run) if isinstance(one.value, dict) else ())))
        elif one.kind is Kind.RUN_REPORT and one.path in current:
            found.extend(statements(one, run_of.get(one.path, "")))
        elif one.kind is Kind.PR_PAYLOAD and not one.broken:
            drafts.extend(statements(one, only_run))
        elif one.kind in SPEAKING and one.kind is not Kind.RUN_REPORT and not one.broken:
            found.extend(statements(one, only_run))
    if isinstance(queue, Queue) and isinstance(history, WorkHistory):
        found.extend(of_units(_notes(queue, history), only_run, in_part=True))
    figures, runs = _of_the_change(figures, runs, changes, only_run)
    evidence = evidence_of(root, inventory, tree, api, queue, migrations, git, figures, runs, changes)
    checked = checks.beside(evidence, artefacts)
    others, mine = checks.apart(artefacts)
    judged = (*hold(_of_the_run(found, reports, figures), figures), *hold(drafts, checked.figures))
    told = (*assertions(others, reports, evidence), *assertions(mine, reports, checked))
    return ClaimLedger(judged, (*told, *check_results(artefacts, runs, proofs)))


def _of_the_run(found: list[Statement], reports: RunReports, figures: Figures) -> Iterator[Statement]:
    """Statements, those of data as of the one run under judgement where only its pack holds figures of their measure."""
    in_tree = {one.measure for one in figures.found if not one.run}
    run = reports.current[0].run if len(reports.current) == 1 else ""
    for one in found:
        yield replace(one, run=run) if one.firm and not one.run and one.measure not in in_tree else one


def _notes(queue: Queue, history: WorkHistory) -> list[Told]:
    """What the change writes into the notes of tasks."""
    before = {task.id: task.notes for task in history.queue.tasks} if history.queue else {}
    return [
        Told(task.notes[:LONGEST], Place(queue.path, lines=(task.line, task.line)), task.line)
        for task in queue.tasks
        if task.notes and task.notes != before.get(task.id, "")
    ]


def _of_the_change(
    figures: Figures, runs: RecordedRuns, changes: Changes | Unavailable | NotApplicable, run: str
) -> tuple[Figures, RecordedRuns]:
    """What the change itself brings along in the tree was measured by its one run, beside what lies in the run's pack."""
    if not run or not isinstance(changes, Changes):
        return figures, runs
    mine = {one.path for one in changes.files if one.status != "D"}
    found = tuple(
        replace(one, run=run) if not one.run and one.place.path in mine and one.measure in _OF_A_RUN else one
        for one in figures.found
    )
    ran = tuple(replace(one, run=run) if not one.run and one.place.path in mine else one for one in runs.found)
    return replace(figures, found=found), RecordedRuns(ran)


_OF_A_RUN = ("passed", "failed", "coverage")
_RUN: tuple[Measure, ...] = ("passed", "failed")
_COUNTED: tuple[
    tuple[str, str, str, Measure], ...
] = (  # part and field of the hand-off, what it says, what measures it
    ("endpoints", "total", "endpoints", "operations"),
    ("database", "migrations", "migrations", "migrations"),
    ("database", "tables", "tables", "tables"),
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
    code, coverage = take(tests.value, "return_code", "exit_code", "code"), take(tests.value, "coverage")
    if code and whole(code.value) == 0 and take(tests.value, "failed") is None:
        yield _firm("tests exit 0", "failed", 0, one.at(tests.name, code.name))
    if coverage and (number := percent(coverage.value)) is not None:
        yield _firm(f"coverage {coverage.value}", "coverage", number, one.at(tests.name, coverage.name))


def _firm(claim: str, measure: Measure, value: float, place: Place) -> Statement:
    return Statement(claim, measure, value, place, firm=True)
