"""What the caller of this run allowed to be executed, and with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from checker.model.rule import Profile
from checker.model.unavailable import Unavailable

_BUDGET: Mapping[str, float] = {"agent": 60.0, "gate": 600.0, "nightly": 3600.0}


@dataclass(frozen=True)
class Execution:
    """Consent comes from the command line alone: `profile`, `install` (packages of the project), `allow_remote` (a URL).

    `pg_bin` names PostgreSQL's binaries, `mysql_bin` those of MariaDB or MySQL; `environment` is the caller's; `progress`
    is the descriptor that wants to be told how far it is, none where negative;
    `plain`: nothing is rewritten in place.
    """

    profile: Profile = "static"
    pg_bin: str | None = None
    mysql_bin: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    changed: bool = False  # only the change is to be judged, where a rule can
    install: bool = False
    allow_remote: str | None = None
    progress: int = -1
    plain: bool = False
    templates: str = ""  # a folder where what a database begins with may lie ready for the next one

    @property
    def seconds(self) -> float:
        """How long one thing may run. Raises Unavailable where nothing may be executed."""
        if self.profile == "static":
            raise Unavailable("nothing of the repository is executed under --profile static; add --profile agent")
        return _BUDGET[self.profile]


@dataclass(frozen=True, slots=True)
class CacheFolder:
    """Where this run may keep what it read of source, as an absolute path; empty where it may not."""

    path: str = ""


@dataclass(frozen=True)
class ChangedOnly:
    """Whether only a change is judged: the added lines of each path, or None for everything."""

    added: Mapping[str, tuple[tuple[int, int], ...]] | None = None
