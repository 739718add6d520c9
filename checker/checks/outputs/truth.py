"""The truth file: proofs that are what they say, gates approved before the code, progress told, specs left as they were locked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from checker.model.base import Frozen
from checker.model.observation import Observation, Place
from checker.model.outputs.artefact import TreePaths
from checker.model.outputs.session import Sessions
from checker.model.outputs.truth import NOTHING, CodeCommits, GateProof, Truth
from checker.model.outputs.work import AsOf
from checker.model.proof_records import ProofRecords
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable, Unavailable

_PASS = ("pass", "passed", "true", "success", "green", "ok", "0")
FILE = ".truth/truth.json"
ZONES = timedelta(hours=14)  # by which a time without its zone may lie ahead


class Gate(Frozen):
    """`gate`: whose proofs are asked for; `types`: which; `before`: the gates that are approved before any code."""

    gate: str = "G5"
    types: tuple[str, ...] = ("build_output", "lint_output", "test_output")


class Before(Frozen):
    """`gates`: those that are approved before any code is written."""

    gates: tuple[str, ...] = ("G1", "G2", "G3")


class SubGates(Frozen):
    """`gates`: the sub-gates after each of which progress is told."""

    gates: tuple[str, ...] = ("5.1", "5.2", "5.3", "5.4", "5.5")


def truth_proofs(
    truth: Truth | NotApplicable | Unavailable,
    records: ProofRecords | NotApplicable | Unavailable,
    code: CodeCommits | NotApplicable | Unavailable,
    as_of: AsOf,
    params: Gate,
) -> Iterator[Observation]:
    """Each type of proof is there, its newest passed, and it is newer than the last commit of code; signed proofs count too."""
    signed = (
        {one.type for one in records.records if one.state.state == "valid"}
        if isinstance(records, ProofRecords)
        else set()
    )
    proofs = truth.proofs if isinstance(truth, Truth) else ()
    for kind in params.types:
        mine = [one for one in proofs if one.type == kind and one.gate.partition(".")[0] in (params.gate, "")]
        newest = (
            max(mine, key=lambda one: (one.created is not None, one.created), default=None)
            if _timed(mine)
            else (mine[-1] if mine else None)
        )
        problem = _unproved(newest, code, as_of)
        yield Observation(
            subject=f"{params.gate} {kind}",
            ok=not problem or (newest is None and kind in signed),
            place=newest.place if newest else Place(truth.path if isinstance(truth, Truth) else "."),
            message=f"the proof {kind} of {params.gate} {problem}",
            evidence=_said(newest) if newest else _without(truth),
            cause="" if isinstance(truth, Truth) else "no proofs",
        )
    for one in proofs:
        if one.lacks:
            message = f"the proof {one.id or one.type or one.file} lacks {', '.join(one.lacks)}"
            yield Observation(
                f"fields {one.id or one.file}", False, one.place, message, _said(one), confidence=Confidence.MEDIUM
            )


def _timed(mine: list[GateProof]) -> bool:
    return bool(mine) and all(one.created for one in mine)


def _unproved(newest: GateProof | None, code: CodeCommits | NotApplicable | Unavailable, as_of: AsOf) -> str:
    if newest is None:
        return "is missing"
    if newest.says not in _PASS:
        return f"says {newest.says or 'nothing'}, not pass"
    if newest.created is None:
        return "does not say when it was made"
    if newest.created > as_of.moment + ZONES:
        return f"was made in the future ({newest.created:%Y-%m-%dT%H:%MZ})"
    if not newest.verified:
        return "is recorded as not verified"
    if isinstance(code, CodeCommits) and newest.created < code.last:
        return f"is older than the last commit of code ({code.last_id[:10]})"
    return ""


def _without(truth: Truth | NotApplicable | Unavailable) -> str:
    if isinstance(truth, Truth):
        return (
            f"{truth.path} cannot be read: {truth.broken}"
            if truth.broken
            else f"{len(truth.proofs)} proofs in {truth.path}"
        )
    return f"no {FILE}, and no signed proof of that type"


def _said(one: GateProof) -> str:
    when = f"{one.created:%Y-%m-%dT%H:%MZ}" if one.created else "no time"
    return f"{one.type} {one.says}, {one.file or 'no file'}, {when}"


def truth_proof_true(truth: Truth, tree: TreePaths | Unavailable) -> Iterator[Observation]:
    """The file of each proof is there, is not nothing, has the recorded sum, and says inside what the proof says of it."""
    if truth.broken:
        yield Observation(
            "truth", False, Place(truth.path), f"{truth.path} cannot be read: {truth.broken}", "no proof in it counts"
        )
    for one in truth.proofs:
        if one.size < 0 and one.file and isinstance(tree, Unavailable):
            continue  # judged alone, where nobody can look it up
        problem = _untrue(one)
        yield Observation(
            subject=f"proof {one.id or one.file}",
            ok=not problem,
            place=one.place,
            also=(Place(one.file, lines=_lines(one)),) if one.size >= 0 else (),
            message=f"the proof {one.id or one.type} {problem}",
            evidence=f"{_said(one)}; recorded {one.recorded[:16] or 'no sum'}, is {one.digest[:16] or 'not there'}"
            + (f"; exit code {one.code} inside" if one.code is not None else ""),
        )


def _lines(one: GateProof) -> tuple[int, int] | None:
    return (one.fault_line, one.fault_line) if one.fault_line else None


def _untrue(one: GateProof) -> str:
    if not one.file:
        return "names no file"
    if one.size < 0:
        return f"names {one.file}, which is not in the tree"
    if not one.size or one.recorded in NOTHING:
        return "is of an empty file"
    if not one.recorded or len(set(one.recorded)) < 6:
        return f"has no real sum: {one.recorded or 'none'}"
    if one.digest != one.recorded:
        return f"has another sum than {one.file}"
    if one.says in _PASS and one.code:
        return f"says pass, and {one.file} says exit code {one.code}"
    if one.says in _PASS and one.failed:
        return f"says pass, and {one.file} counts {one.failed} failures"
    if one.says in _PASS and one.fault:
        return f"says pass, and {one.file} {one.fault}"
    return ""


def gates_before_code(
    truth: Truth | NotApplicable | Unavailable, code: CodeCommits, params: Before
) -> Iterator[Observation]:
    """The gates that allow coding were approved, and before the first commit of code."""
    states = {one.gate: one for one in truth.gates} if isinstance(truth, Truth) else {}
    for gate in params.gates:
        state = states.get(gate)
        problem = f"no record says that {gate} was approved before the code" if state is None else ""
        if state is not None and state.approved is not True:
            problem = f"{gate} is not approved, and code was committed"
        elif state is not None and state.time is not None and state.time > code.first:
            problem = f"{gate} was approved after code was committed"
        when = f"{state.time:%Y-%m-%dT%H:%MZ}" if state and state.time else "no time"
        yield Observation(
            subject=f"gate {gate}",
            ok=not problem,
            place=state.place if state else Place(truth.path if isinstance(truth, Truth) else "."),
            message=problem,
            evidence=f"approved {when}; code first committed {code.first:%Y-%m-%dT%H:%MZ} ({code.first_id[:10]})",
            confidence=Confidence.MEDIUM if state and state.approved and state.time is None else None,
            cause="" if states else "no gates",
        )


def progress_updates(
    truth: Truth | NotApplicable | Unavailable, sessions: Sessions, params: SubGates
) -> Iterator[Observation]:
    """After each sub-gate there is an update on progress, in the truth file or in a session log."""
    told = set(truth.progress) if isinstance(truth, Truth) else set()
    updates = list(sessions.called("log_progress_update", "update_progress", "progress"))
    for one in updates:
        told |= {gate for gate in params.gates if f"G{gate}" in f"{one.words} {one.given}"}
    place = Place(truth.path) if isinstance(truth, Truth) else Place(next(iter(sessions.logs), "."))
    for gate in params.gates:
        message = f"no progress update after G{gate}"
        evidence = (
            f"updates after {', '.join(f'G{one}' for one in sorted(told)) or 'none'}; {len(sessions.logs)} session logs"
        )
        yield Observation(
            f"progress G{gate}", gate in told, place, message, evidence, cause="" if told else "no updates"
        )


def spec_checksum(truth: Truth) -> Iterator[Observation]:
    """Each spec whose sum was recorded when it was locked is still the same."""
    for one in truth.specs:
        problem = f"{one.path} is locked, and is gone" if not one.digest else f"{one.path} is locked, and was edited"
        yield Observation(
            subject=one.path,
            ok=one.digest == one.recorded,
            place=Place(one.path) if one.digest else one.place,
            also=(one.place,) if one.digest else (),
            message=problem,
            evidence=f"locked as {one.recorded[:16]}, is {one.digest[:16] or 'not there'}",
        )
