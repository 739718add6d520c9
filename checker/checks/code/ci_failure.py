"""A check that runs in continuous integration fails it when it fails."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.observation import Observation, Place
from checker.model.pipelines import Pipelines
from checker.model.rule import Confidence


def ci_failure_swallowed(pipelines: Pipelines) -> Iterator[Observation]:
    """One observation for each step that tests, lints, builds or scans. Scripts of package.json count where CI may call them."""
    for step in pipelines.steps:
        if not step.checks:
            continue
        yield Observation(
            subject=step.subject,
            ok=not step.lost,
            place=step.place,
            message=f"{step.path}: a failure of {step.name or step.job!r} is swallowed by {step.lost}",
            evidence=step.line[:160],
            confidence=Confidence.MEDIUM if step.job == "scripts" else None,
        )
    for path, reason in pipelines.unread:
        yield Observation(
            path,
            False,
            Place(path),
            f"{path} could not be read, so its steps were not judged",
            reason[:160],
            confidence=Confidence.LOW,
        )
