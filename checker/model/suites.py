"""Facts about the tests of a repository: which kinds there are, and which addresses they call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Suites:
    """`files` holds each test file's kinds; `addresses` the paths that tests write out, with `{}` for what is filled in.

    `follows_contract` is a test that asks every operation of a contract which it reads, or None.
    """

    files: Mapping[str, frozenset[str]]
    addresses: frozenset[str]
    follows_contract: str | None = None
    topics: Mapping[str, str] = field(default_factory=dict)  # what tests assert, with the first file of each
    elsewhere: Mapping[str, int] = field(
        default_factory=dict
    )  # files of tests by the ending of languages that are not read

    @property
    def unread(self) -> str:
        """What is said of tests in languages that are not read; empty where there are none."""
        endings = ", ".join(sorted(self.elsewhere))
        return f"{sum(self.elsewhere.values())} files of tests ({endings}) are not read" if endings else ""

    def of(self, kind: str) -> list[str]:
        """The test files of one kind."""
        return [path for path, kinds in self.files.items() if kind in kinds]
