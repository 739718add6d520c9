"""The records of a repository's own proofs, each with what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from checker.model.report import ProofState


@dataclass(frozen=True, slots=True)
class ProofRecord:
    """One line of a bundle. `broken` says why it cannot be what its signer wrote; None where nothing speaks against it."""

    bundle: str
    line: int
    type: str
    reason: str
    broken: str | None
    state: ProofState
    passed: tuple[str, ...] = ()  # names of tests, as `path::name`
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProofRecords:
    """Every record, in the order of bundles and lines; `gone` are bundles of the base that the head has no more."""

    records: tuple[ProofRecord, ...]
    gone: tuple[str, ...] = ()
