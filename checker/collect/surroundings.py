"""The only place that gathers what a page shows beside a report, from the tree and from facts that the audit collected."""

from __future__ import annotations

from collections.abc import Iterator

from checker.collect.excerpts import excerpts
from checker.collect.facts import Facts
from checker.collect.files import Root
from checker.model.migration_run import MigrationRun, MigrationRuns, RunStep
from checker.model.migrations import Migrations, Tree
from checker.model.quoted import without_secrets
from checker.model.report import Locked, LockTimeline, Report
from checker.model.surroundings import History, Step, Surroundings

MOST_TIMELINES, MOST_STATEMENTS, LONGEST = 50, 24, 400  # of a report; characters of a statement


def around(root: Root, facts: Facts, report: Report) -> Surroundings:
    """Excerpts for the report's findings; histories as far as some rule asked for them. Nothing is run."""
    taken = excerpts(root, report)
    migrations: Migrations | None = facts.collected("Migrations")
    trees = migrations.trees if migrations else ()
    return Surroundings(
        excerpts=taken.found,
        withheld=taken.withheld,
        histories=tuple(_history(tree) for tree in trees if tree.revisions),
        read=True,
    )


def _history(tree: Tree) -> History:
    steps = tuple(Step(one.id, one.name, one.path, (*one.parents, *one.depends_on)) for one in tree.revisions)
    return History(tree.tool, tree.scripts, steps)


def lock_timelines(runs: MigrationRuns) -> tuple[LockTimeline, ...]:
    """Of each revision the step over the fullest tables, where it took a lock that keeps others waiting; the first fifty."""
    found = [timeline for run in runs.runs for timeline in _of_run(run)]
    return tuple(found[:MOST_TIMELINES])


def _of_run(run: MigrationRun) -> Iterator[LockTimeline]:
    for revision in run.tree.revisions:
        step = next(run.ups(revision.id), None)
        if step is not None and any(one.strong for one in step.statements):
            yield LockTimeline(revision=revision.name, path=revision.path, statements=tuple(_statements(step)))


def _statements(step: RunStep) -> Iterator[Locked]:
    done = [one for one in step.statements if one.done]
    for one in done[:MOST_STATEMENTS]:
        yield Locked(sql=without_secrets(" ".join(one.sql.split()))[:LONGEST], locks=one.locks, strong=one.strong)
