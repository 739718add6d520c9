"""A change does not loosen what judges it in the same breath."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.change.settings_of_gates import GateSettings, SettingChange
from checker.model.change.touched import ChangeSet
from checker.model.observation import Observation, Place
from checker.model.pipelines import BasePipelines, Pipelines, Step
from checker.model.repo import Suppressions
from checker.model.report import Suppression
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable

_BLANKET = re.compile(
    r"^(?:noqa|(?:ruff|flake8): noqa|type: {0,1}ignore|nosec|pylint: (?:disable=all|skip-file)|mypy: ignore-errors|pyright: ignore"
    r"|eslint-disable|nosemgrep|ts-nocheck|biome-ignore-all.*)\s*$"
)


def gate_loosened(
    settings: GateSettings, pipelines: Pipelines, base: BasePipelines, change: ChangeSet
) -> Iterator[Observation]:
    """One observation for each setting of a judging tool, and each CI step, that the change alters beside code."""
    if not change.code:
        raise NotApplicable("the change touches no code, so a looser setting would judge nothing in it")
    with_code = f"beside {len(change.code)} files of code"
    for one in settings.changes:
        yield _setting(one, with_code)
    for path in settings.gone:
        yield Observation(
            path, False, Place("."), f"{path} is removed {with_code}", "a configuration of a tool that judges"
        )
    yield from _steps(pipelines, base, with_code)


def _setting(one: SettingChange, with_code: str) -> Observation:
    inherited = one.after is None and one.path.endswith(".json")  # another file that it extends may say it
    return Observation(
        subject=f"{one.path} {one.key}",
        ok=not one.loosens,
        place=Place(one.path, (one.line, one.line) if one.line else None),
        message=f"{one.path}: {one.key} asks less than before, {with_code}",
        evidence=one.loosens,
        confidence=Confidence.MEDIUM if one.is_list or inherited else None,
    )


def _steps(pipelines: Pipelines, base: BasePipelines, with_code: str) -> Iterator[Observation]:
    """Checks of CI that are gone, or whose failure is lost now."""
    now = {(one.path, one.subject): one for one in pipelines.steps}
    commands = " ".join(one.commands for one in pipelines.steps)
    for step in base.steps:
        if not step.checks or step.lost or step.job == "scripts":
            continue
        same = now.get((step.path, step.subject))
        if same is None:
            kept = _runs_elsewhere(step, commands)
            message = f"{step.path}: the step {step.subject!r} is gone, {with_code}"
            yield Observation(
                f"{step.path} {step.subject}",
                kept,
                Place(step.path),
                message,
                step.commands.strip().partition("\n")[0][:120],
            )
        else:
            message = f"{step.path}: a failure of {step.subject!r} is swallowed now, {with_code}"
            yield Observation(
                f"{step.path} {step.subject}", not same.lost, same.place, message, f"by {same.lost}: {same.line[:100]}"
            )


def _runs_elsewhere(step: Step, commands: str) -> bool:
    """Whether what the step ran is still run, under another name."""
    first = [word for word in step.commands.split() if not word.startswith("-")][:2]
    return " ".join(first) in " ".join(commands.split())


def suppression_added(suppressions: Suppressions, change: ChangeSet) -> Iterator[Observation]:
    """One observation for each inline marker that the change adds: it names what it silences, and says why."""
    texts = {one.path: dict(one.added) for one in change.files}
    for one in suppressions.found:
        if one.in_change:
            line = one.where.first or 0
            text = texts.get(one.where.path, {})
            why = _says_why(one, text.get(line, ""), text.get(line - 1, ""))
            blanket = _BLANKET.match(one.marker) is not None
            yield Observation(
                subject=f"{one.engine} {one.marker}",
                ok=why,
                place=Place(one.where.path, (line, line)),
                message=f"{one.where.path} silences {one.engine} {'altogether' if blanket else 'without a reason'}",
                evidence=one.marker,
                confidence=None if blanket else Confidence.LOW,
            )


def _says_why(one: Suppression, line: str, above: str) -> bool:
    """Whether words stand behind the marker, or in a comment of their own above it."""
    at = line.find(one.marker[:12])
    behind = re.sub(r"^[\w\-@:/.,()\[\]=]*", "", line[at + len(one.marker) :].strip()) if at >= 0 else ""
    inside = (
        re.search(r"(?:--|//|#|:|\breason=|\")\s*[A-Za-z].*\s\w+.*\s\w+", line[at:].partition(one.marker[:6])[2])
        if at >= 0
        else None
    )
    commented = re.match(r"\s*(?:#|//|/\*|\*)\s*\w+\s+\w+\s+\w+", above)
    return bool(inside or commented or len(re.findall(r"[A-Za-z]{2,}", behind)) >= 3)
