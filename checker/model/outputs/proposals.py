"""Two-key approvals: what somebody asked to do, where, at which risk, and the two people who agreed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Key:
    """One person's agreement. `time` is UTC; None where there is none, or none that can be read."""

    name: str
    time: datetime | None
    line: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """One record under `ops/approvals/`. `lacks` names the fields that are absent or blank."""

    path: str
    id: str
    requester: str
    environment: str
    keys: tuple[Key, ...]
    lacks: tuple[str, ...]
    text: str
    assumed: tuple[str, ...] = ()
    broken: str = ""

    @property
    def signers(self) -> frozenset[str]:
        """The different people who signed, as they are compared."""
        return frozenset(" ".join(key.name.casefold().split()) for key in self.keys if key.name)


@dataclass(frozen=True)
class Proposals:
    """Every approval record that holds a proposal or keys, sorted by path."""

    found: tuple[Proposal, ...]
