"""What a page shows beside a saved report: the lines of the tree that was judged, where that very tree is at hand."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from checker.collect.surroundings import around
from checker.model.migrations import Migrations
from checker.model.report import Report
from checker.model.surroundings import Surroundings
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git
from checker.workplace import Request, Workplace


def read(folder: Path, report: Report, environment: Mapping[str, str]) -> Surroundings:
    """Excerpts and histories of migrations; nothing is run, so no locks. Unavailable where `folder` is not what was judged."""
    judged = report.subject.tree
    if judged is None:
        raise Unavailable("the report names no tree, so nobody can tell which lines were judged")
    with ExitStack() as stack:
        place = Workplace.open(Request(path=folder, environment=environment), stack)
        if not isinstance(place.git, Git):
            raise Unavailable(f"{folder} has no git history, so nobody can tell whether it is what was judged")
        found = place.git.tree()
        if found != judged:
            raise Unavailable(f"{folder} is tree {found[:12]}, and tree {judged[:12]} was judged")
        with suppress(Unavailable, NotApplicable):
            place.facts.get(Migrations)
        return around(place.root, place.facts, report)
