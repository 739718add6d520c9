"""The truth file of a project that keeps one: proofs of gates, gates that were approved, progress, and sums of locked specs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from checker.model.observation import Place

NOTHING = frozenset(
    {
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",  # SHA-256 of no bytes
        "d41d8cd98f00b204e9800998ecf8427e",  # MD5 of no bytes
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",  # SHA-1 of no bytes
        "01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b",  # SHA-256 of a line end
    }
)


@dataclass(frozen=True, slots=True)
class GateProof:
    """One proof artefact. `digest` is of the file as it stands, empty where there is none; `code` the exit code written inside.

    `failed` counts failures that the file itself reports; None where it reports no count. `fault` says why what stands in
    the file does not show that anything passed, at `fault_line`; `verified` is false where the record says so.
    """

    id: str
    gate: str
    type: str
    file: str
    recorded: str
    digest: str
    size: int
    says: str
    created: datetime | None
    by: str
    lacks: tuple[str, ...]
    place: Place
    code: int | None = None
    failed: int | None = None
    fault: str = ""
    fault_line: int | None = None
    verified: bool = True


@dataclass(frozen=True, slots=True)
class GateState:
    """What the file says of one gate. `approved` is None where it does not say."""

    gate: str
    approved: bool | None
    time: datetime | None
    place: Place


@dataclass(frozen=True, slots=True)
class LockedSpec:
    """A spec whose sum was recorded when it was locked; `digest` is of the file as it stands, empty where it is gone."""

    path: str
    recorded: str
    digest: str
    place: Place


@dataclass(frozen=True)
class Truth:
    """One truth file."""

    path: str
    proofs: tuple[GateProof, ...] = ()
    gates: tuple[GateState, ...] = ()
    progress: tuple[str, ...] = ()  # sub-gates that an update speaks of
    specs: tuple[LockedSpec, ...] = ()
    broken: str = ""


@dataclass(frozen=True, slots=True)
class CodeCommits:
    """When the code under judgement was first and last committed, UTC, with the commits' ids."""

    first: datetime
    last: datetime
    first_id: str
    last_id: str
