"""Facts about secrets: what detectors found, measured and redacted; no value is ever kept in one of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from checker.model.repo import Role


class Tier(StrEnum):
    """What a detector goes by: a form that only such a token has, a provider's name beside a form, or a name alone."""

    STRUCTURED = "structured"
    KEYWORD = "keyword"
    CONTEXTUAL = "contextual"


@dataclass(frozen=True, slots=True)
class Traits:
    """What a value looks like. `entropy` in bits per character; `checksum` None where the format has none.

    `doubt` says why the value is no secret (a placeholder, a published example, a reference), empty when nothing does.
    """

    length: int
    entropy: float
    checksum: bool | None = None
    doubt: str = ""
    generated: bool = False  # long, and no word in it: no person thought of it


@dataclass(frozen=True, slots=True)
class Token:
    """One value that a detector took for a secret.

    `name` is what the value is assigned to, where it is; `shown` is safe to print; `mark` tells two values apart without
    giving either away (see `redaction`). `where` says in which content it stands when that is not the file on disk.
    """

    kind: str
    tier: Tier
    path: str
    line: int
    role: Role
    name: str
    shown: str
    mark: str
    traits: Traits
    weak: bool = False  # its provider hands such values out to browsers, or they are often samples
    where: str = ""

    @property
    def subject(self) -> str:
        """A name free of line numbers."""
        return " ".join(part for part in (self.kind, self.name, self.mark) if part)


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of a `.env` file. `secret`: its name says so, or its value holds a password."""

    name: str
    line: int
    secret: bool
    traits: Traits


@dataclass(frozen=True, slots=True)
class EnvFile:
    """A `.env` file. `example`: its name says that it is one; `tracked` is None where there is no git to ask."""

    path: str
    example: bool
    tracked: bool | None
    role: Role
    settings: tuple[Setting, ...]


@dataclass(frozen=True)
class Secrets:
    """What the detectors found in the tree and in what is staged; `unread` names what they could not be shown, and why."""

    tokens: tuple[Token, ...]
    scanned: tuple[str, ...]
    env_files: tuple[EnvFile, ...] = ()
    unread: tuple[tuple[str, str], ...] = field(default=())


@dataclass(frozen=True)
class PastSecrets:
    """What the detectors found in contents that only history holds; `blobs` were read, `unread` were not."""

    tokens: tuple[Token, ...]
    blobs: int
    unread: tuple[tuple[str, str], ...] = field(default=())
