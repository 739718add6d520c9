"""The only place that holds the results of `run_checks`, and the codes of a hand-off, against other records of the same steps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from checker.collect.outputs import logs
from checker.model.observation import Place
from checker.model.outputs.artefact import Artefact, Artefacts, Kind
from checker.model.outputs.evidence import Assertion, State
from checker.model.outputs.fields import take, text_of, whole
from checker.model.outputs.session import RecordedRuns
from checker.model.outputs.steps import STEPS
from checker.model.proof_records import ProofRecords
from checker.model.unavailable import NotApplicable, Unavailable

_STEPS = {"lint": ("lint",), "test": ("tests", "test"), "build": ("build",)}
_PROOFS = {"lint": "lint_output", "test": "test_output", "build": "build_output"}
_EARLIER = re.compile(r"(?i)attempt|before|initial|first|baseline|previous|fail|red\b")
_GREEN, _RED = ("pass", "passed", "success", "succeeded", "green", "ok", "clean"), ("fail", "failed", "error", "red")


def check_results(
    artefacts: Artefacts, runs: RecordedRuns, proofs: ProofRecords | NotApplicable | Unavailable
) -> Iterator[Assertion]:
    """Each check that is given as green or red, against the last record of its step; a hand-off against our own proofs."""
    records = proofs if isinstance(proofs, ProofRecords) else ProofRecords(())
    for one in artefacts.of(Kind.RUN_CHECKS, Kind.HANDOFF):
        holder = one.value if one.kind is Kind.RUN_CHECKS else _inner(one.value, "verification")
        for step, names in _STEPS.items():
            field = take(holder, *names)
            green = _is_green(field.value) if field else None
            if field is None or green is None:
                continue
            said = text_of(field.value, "output", "stdout", "log", "summary")
            fault = logs.not_green("output.log", said, step) if green and said else None
            place = one.at(field.name) if one.kind is Kind.RUN_CHECKS else one.at("verification", field.name)
            if fault:
                yield Assertion(
                    "output", f"{field.name} passed", "contradicted", place, f"its own output {fault.reason}", place
                )
                continue
            told = _last_proof(step, records) or _last_run(step, one, runs)
            if told:
                ended, seen, where = told
                claim = f"{field.name} {'passed' if green else 'failed'}"
                state: State = "confirmed" if ended == green else "contradicted"
                yield Assertion("check", claim, state, place, seen, where)


def _inner(value: Any, name: str) -> Any:
    found = take(value, name)
    return found.value if found else None


def _is_green(value: Any) -> bool | None:
    """Whether a check is given as green; None where it does not say."""
    if isinstance(value, Mapping):
        code = take(value, "return_code", "exit_code", "code")
        if code and whole(code.value) is not None:
            return whole(code.value) == 0
        told = take(value, "success", "ok", "status", "result")
        return _is_green(told.value) if told and not isinstance(told.value, Mapping) else None
    if isinstance(value, bool):
        return value
    if (number := whole(value)) is not None:
        return number == 0
    said = str(value).strip().lower()
    return True if said in _GREEN else False if said in _RED else None


def _last_run(step: str, one: Artefact, runs: RecordedRuns) -> tuple[bool, str, Place] | None:
    """The last record of a step outside the output itself: a red log outweighs green ones, unless it is of an earlier try."""
    ran = [run for run in runs.found if run.code is not None and STEPS[step].search(run.command)]
    if one.kind is Kind.HANDOFF and any(not run.run for run in ran):
        return None  # its codes are held against the logs of the tree already, each with its exit code
    last = {run.place.path.rpartition("/")[2]: run for run in ran if run.place.path != one.path}
    told = sorted(last.values(), key=lambda run: run.code != 0 and not _EARLIER.search(run.place.path))
    if not told:
        return None
    run = told[-1]
    return run.code == 0, f"the {run.source} says that `{run.command[:80]}` exited {run.code}", run.place


def _last_proof(step: str, records: ProofRecords) -> tuple[bool, str, Place] | None:
    """Our own last proof of a step, where it still tells of this tree."""
    mine = [one for one in records.records if one.type == _PROOFS[step] and one.state.state in ("valid", "failed")]
    if not mine or mine[-1].broken:
        return None
    last = mine[-1]
    seen = f"the proof {last.type} says {'PASSED' if last.state.state == 'valid' else 'FAILED'}"
    return last.state.state == "valid", seen, Place(last.bundle, lines=(last.line, last.line))
