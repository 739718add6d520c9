"""The only place that holds how commands and steps ended, as an output says, against the records of their runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.collect.outputs.held import Evidence, plain
from checker.collect.outputs.recorded import TESTED, TOOLS
from checker.model.observation import Place
from checker.model.outputs.artefact import Artefact
from checker.model.outputs.evidence import Assertion, State, is_earlier
from checker.model.outputs.fields import take, whole
from checker.model.outputs.results import ended
from checker.model.outputs.session import Run
from checker.model.outputs.steps import FIELDS, STEPS, said_green

_EARLIER = re.compile(
    r"(?i)previous|\bbefore\b|initial|\bfirst\b|earlier|attempt|last run|baseline|expected|red.?green"
)
_AHEAD = re.compile(
    r"(?i)\b(?:should|would|will|must|could|if|once|until|when|plan(?:s|ned)? to|to be|todo|pending|next|make sure|ensure)\b"
)
_SENTENCES, _CLAUSES = re.compile(r"(?<=[.;!?])\s+"), re.compile(r",\s|\s[—–-]\s|[()|]")
_SPAN = re.compile(r"`([^`\n]{3,160})`")


def commands(line: str, place: Place, run: str, evidence: Evidence) -> Iterator[Assertion]:
    """Each command of a line that says how it ended, against the last record of that command."""
    said = ended(_SPAN.sub("", line))
    if said not in ("green", "red") or not evidence.last_runs or _EARLIER.search(line):
        return
    for command in _SPAN.findall(line):
        last = evidence.last_runs.get((run, plain(command))) or evidence.last_runs.get(("", plain(command)))
        last = last or _by_closing_line(command, run, evidence)
        if last is None:
            continue
        agrees = (last.code == 0) == (said == "green")
        word = "passed" if said == "green" else "failed"
        seen = f"the {last.source} says that it exited {last.code}"
        yield Assertion(
            "command", f"`{command}` {word}", "confirmed" if agrees else "contradicted", place, seen, last.place
        )


def _by_closing_line(command: str, run: str, evidence: Evidence) -> Run | None:
    """The run of a command whose log names it only by its tool's closing line, where all such logs end alike."""
    ran = [one for one in evidence.runs.found if one.code is not None and one.run == run and one.command in TOOLS]
    mine = {one.place.path: one for one in ran if _names(command, one.command) and not is_earlier(one.place.path)}
    return next(iter(mine.values())) if len({one.code for one in mine.values()}) == 1 else None


def _names(command: str, tool: str) -> bool:
    if tool == TESTED:
        return STEPS["test"].search(command) is not None
    return re.search(rf"(?:^|[\s/]){re.escape(tool)}(?:\s|$)", command) is not None


def _told_now(line: str) -> Iterator[tuple[str, str]]:
    """The steps that a line calls green as they are, by the clause that does: no plan, no wish, and no earlier run."""
    if next(said_green(line), None) is None:  # a verdict at the end of the line is of all of it
        return
    for sentence in _SENTENCES.split(line):
        for step, claim in said_green(sentence):
            mine = (part for part in _CLAUSES.split(sentence) if any(name == step for name, _ in said_green(part)))
            clause = next(mine, sentence)
            if not _EARLIER.search(clause) and not _AHEAD.search(clause):
                yield step, claim


def steps(line: str, place: Place, run: str, evidence: Evidence) -> Iterator[Assertion]:
    """That a step of the verification is green, in words alone, against the last run of that step."""
    for step, claim in _told_now(_SPAN.sub("", line)):
        ran = [one for one in evidence.runs.found if one.code is not None and STEPS[step].search(one.command)]
        mine = [one for one in ran if run and one.run == run] or [one for one in ran if not one.run]
        if not mine:
            continue
        at_last = list({one.place.path: one for one in mine}.values())
        red = [one for one in at_last if one.code and not is_earlier(one.place.path)]
        last = red[0] if red else at_last[-1]
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
