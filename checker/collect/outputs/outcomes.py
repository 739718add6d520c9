"""The only place that holds how commands and steps ended, as an output says, against the records of their runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.collect.outputs.held import Evidence, plain
from checker.model.observation import Place
from checker.model.outputs.artefact import Artefact
from checker.model.outputs.evidence import Assertion, State
from checker.model.outputs.fields import take, whole
from checker.model.outputs.results import ended
from checker.model.outputs.steps import FIELDS, STEPS, said_green

_SPAN = re.compile(r"`([^`\n]{3,160})`")


def commands(line: str, place: Place, run: str, evidence: Evidence) -> Iterator[Assertion]:
    """Each command of a line that says how it ended, against the last record of that command."""
    said = ended(_SPAN.sub("", line))
    if said not in ("green", "red") or not evidence.last_runs:
        return
    for command in _SPAN.findall(line):
        last = evidence.last_runs.get((run, plain(command))) or evidence.last_runs.get(("", plain(command)))
        if last is None:
            continue
        agrees = (last.code == 0) == (said == "green")
        word = "passed" if said == "green" else "failed"
        seen = f"the {last.source} says that it exited {last.code}"
        yield Assertion(
            "command", f"`{command}` {word}", "confirmed" if agrees else "contradicted", place, seen, last.place
        )


def steps(line: str, place: Place, run: str, evidence: Evidence) -> Iterator[Assertion]:
    """That a step of the verification is green, in words alone, against the last run of that step."""
    for step, claim in said_green(_SPAN.sub("", line)):
        ran = [one for one in evidence.runs.found if one.code is not None and STEPS[step].search(one.command)]
        mine = [one for one in ran if run and one.run == run] or [one for one in ran if not one.run]
        if not mine:
            continue
        last = mine[-1]
        seen = f"the {last.source} says that `{last.command[:80]}` exited {last.code}"
        state: State = "contradicted" if last.code else "confirmed"
        yield Assertion("step", claim, state, place, seen, last.place)


def codes(one: Artefact, evidence: Evidence) -> Iterator[Assertion]:
    """The exit codes of a hand-off against the last record of each step."""
    checks = take(one.value, "verification")
    for step, names in FIELDS.items() if checks else ():
        field = take(checks.value, *names) if checks else None
        claimed = whole(field.value) if field else None
        ran = [
            run
            for run in evidence.runs.found
            if run.code is not None and not run.run and STEPS[step].search(run.command)
        ]
        if checks is None or field is None or claimed is None or not ran:
            continue
        last = ran[-1]
        agrees = (last.code == 0) == (claimed == 0)
        seen = f"`{last.command[:80]}` exited {last.code}"
        yield Assertion(
            "exit code",
            f"{field.name} exits {claimed}",
            "confirmed" if agrees else "contradicted",
            one.at(checks.name, field.name),
            seen,
            last.place,
        )
