"""The results of checks against our own proofs: the last proof of this tree decides, one of another tree does not."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from checker.collect.outputs.checked import check_results
from checker.model.outputs.artefact import Artefact, Artefacts, Kind
from checker.model.outputs.session import RecordedRuns
from checker.model.proof_records import ProofRecord, ProofRecords
from checker.model.report import ProofState

CHECKS: dict[str, Any] = {"success": True, "lint": {"return_code": 0}, "tests": {"return_code": 0}, "build": 0}
HANDOFF: dict[str, Any] = {"handoff": {}, "verification": {"all_passed": True, "lint": 0, "test": 0, "build": 0}}
State = Literal["valid", "failed", "stale", "missing", "untrusted"]


def record(state: State, broken: str | None = None, line: int = 1) -> ProofRecord:
    kept = ProofState(type="test_output", state=state)
    return ProofRecord(".checker/proofs/local.intoto.jsonl", line, "test_output", "", broken, kept)


@pytest.mark.parametrize(("kind", "value"), [(Kind.RUN_CHECKS, CHECKS), (Kind.HANDOFF, HANDOFF)])
@pytest.mark.parametrize(
    ("records", "states"),
    [
        ([record("failed")], ["contradicted"]),
        ([record("valid")], ["confirmed"]),
        ([record("failed"), record("valid", line=2)], ["confirmed"]),
        ([record("valid"), record("failed", line=2)], ["contradicted"]),
        ([record("stale")], []),
        ([record("failed", broken="edited")], []),
    ],
)
def test_the_last_proof_of_a_step_decides(
    kind: Kind, value: dict[str, Any], records: list[ProofRecord], states: list[str]
) -> None:
    outputs = Artefacts((Artefact("docs/out.json", kind, "{}", value),))
    found = list(check_results(outputs, RecordedRuns(()), ProofRecords(tuple(records))))
    assert [one.state for one in found] == states
    assert all(one.against and one.against.lines == (len(records), len(records)) for one in found)
