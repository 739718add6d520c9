"""The only place that gathers what a page shows beside a report, from the tree and from facts that the audit collected."""

from __future__ import annotations

from checker.collect.excerpts import excerpts
from checker.collect.facts import Facts
from checker.collect.files import Root
from checker.model.migration_run import MigrationRun, MigrationRuns, RunStep
from checker.model.migrations import Migrations, Tree
from checker.model.report import Report
from checker.model.surroundings import History, Locked, LockTimeline, Step, Surroundings


def around(root: Root, facts: Facts, report: Report) -> Surroundings:
    """Excerpts for the report's findings; histories and locks as far as some rule asked for them. Nothing is run."""
    taken = excerpts(root, report)
    migrations: Migrations | None = facts.collected("Migrations")
    runs: MigrationRuns | None = facts.collected("MigrationRuns")
    trees = migrations.trees if migrations else ()
    return Surroundings(
        excerpts=taken.found,
        withheld=taken.withheld,
        histories=tuple(_history(tree, runs.runs if runs else ()) for tree in trees if tree.revisions),
        read=True,
    )


def _history(tree: Tree, runs: tuple[MigrationRun, ...]) -> History:
    ran = next((run for run in runs if run.tree.scripts == tree.scripts and run.tree.folder == tree.folder), None)
    steps = tuple(Step(one.id, one.name, one.path, (*one.parents, *one.depends_on)) for one in tree.revisions)
    return History(tree.tool, tree.scripts, steps, _timelines(ran) if ran else ())


def _timelines(run: MigrationRun) -> tuple[LockTimeline, ...]:
    """Of each revision the step over the fullest tables, where it took a lock that keeps others waiting."""
    found = []
    for revision in run.tree.revisions:
        step = next(run.ups(revision.id), None)
        if step is not None and any(one.strong for one in step.statements):
            found.append(LockTimeline(revision.name, revision.path, _statements(step)))
    return tuple(found)


def _statements(step: RunStep) -> tuple[Locked, ...]:
    return tuple(Locked(" ".join(one.sql.split()), one.locks, one.strong) for one in step.statements if one.done)
