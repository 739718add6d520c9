"""Two-key approvals: what somebody asked to do, where, at which risk, and the two people who agreed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from checker.model.outputs.persons import is_machine, is_role, persons

_REFUSED = re.compile(
    r"(?i)\b(?:reject(?:ed|s)?|den(?:y|ied|ies)|refus(?:ed|es|e)|declin(?:ed|es|e)|veto(?:ed)?|withdrawn|revoked|expired|superseded|cancel+ed"
    r"|not approved|do not|disapproved?|no|nack|void|false|abgelehnt)\b|❌|👎"
)
_TO_COME = re.compile(r"(?i)\b(?:pending|awaiting|requested|draft|open|blocked|maybe|unsure)\b")


@dataclass(frozen=True, slots=True)
class Key:
    """One person's word. `time` is UTC; None where there is none, or none that can be read.

    `said` is the whole signature with what stands beside the name (an address, a handle), `role` the office beside it,
    `decision` what was decided where that is said.
    """

    name: str
    time: datetime | None
    line: int
    said: str = ""
    role: str = ""
    decision: str = ""

    @property
    def refuses(self) -> bool:
        """Whether this is no agreement: a refusal, or a word that is still to come."""
        return _REFUSED.search(self.decision) is not None or _TO_COME.search(self.decision) is not None


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
    decision: str = ""
    done: datetime | None = None  # when what it is about was done, where the record says so

    @property
    def agreed(self) -> tuple[Key, ...]:
        """The keys of people who agree, as their last word."""
        last = {key.said or key.name: key for key in self.keys if key.name}
        return tuple(key for key in last.values() if not key.refuses)

    @property
    def refused(self) -> str:
        """Who or what says that this was not agreed to; the empty string where nothing does."""
        if _REFUSED.search(self.decision):
            return f"is {self.decision.strip()[:40]}"
        agreeing = {id(key) for key in self.agreed}
        for key in self.keys:
            last = [one for one in self.keys if len(persons([one.said or one.name, key.said or key.name])) == 1][-1]
            if _REFUSED.search(key.decision) and last.refuses and id(key) not in agreeing:
                return f"is {key.decision.strip()[:40]} by {key.name}"
        return ""

    @property
    def signers(self) -> frozenset[str]:
        """The different people who signed, each by one of their names: no office, no program, and nobody where it was refused."""
        if self.refused:
            return frozenset()
        mine = [key for key in self.agreed if not is_machine(key.name, key.role) and not is_role(key.name)]
        return frozenset(min(one) for one in persons(key.said or key.name for key in mine))


@dataclass(frozen=True)
class Proposals:
    """Every approval record that holds a proposal or keys, sorted by path."""

    found: tuple[Proposal, ...]
