"""Decides whether the tests of each kind ran and passed, by the proof of this tree and not by anybody's word."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.observation import Observation, Place
from checker.model.proof_records import ProofRecords
from checker.model.suites import Suites
from checker.model.unavailable import NotApplicable, Unavailable

_KINDS = ("unit", "integration", "contract", "property", "migration")
_LINE = "checker prove test_output"


def suite_ran(suites: Suites, proofs: ProofRecords | NotApplicable) -> Iterator[Observation]:
    """One observation for each kind of tests that there is: at least one of them passed, and none failed."""
    if not suites.files:
        raise NotApplicable("no tests that could run; whether there must be some is asked elsewhere")
    records = () if isinstance(proofs, NotApplicable) else proofs.records
    of_tests = [one for one in records if one.type == "test_output" and one.broken is None]
    current = [one for one in of_tests if one.state.state in ("valid", "failed")]
    if not current:
        why = of_tests[-1].reason if of_tests else "there is no proof of the tests"
        raise Unavailable(f"nobody can say what the tests of this tree did: {why}; {_LINE}")
    proof = current[-1]
    for kind in _KINDS:
        files = suites.of(kind)
        if not files:
            continue
        passed, failed = _of(files, proof.passed), _of(files, proof.failed)
        seen = f"{len(passed)} of them passed and {len(failed)} failed in {proof.state.path}"
        yield Observation(
            subject=f"{kind} tests",
            ok=bool(passed) and not failed,
            place=Place((failed or files)[0].partition("::")[0]),
            message=f"The {kind} tests {'fail' if failed else 'did not run'} on this tree",
            evidence=f"{seen}: {', '.join(failed[:3])}" if failed else seen,
        )


def _of(files: list[str], names: tuple[str, ...]) -> list[str]:
    known = frozenset(files)
    return [name for name in names if name.partition("::")[0] in known]
