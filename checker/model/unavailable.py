"""What stands in place of a fact: it could not be looked at, or there is nothing of the kind to look at."""

from __future__ import annotations

GAVE_UP = "the engine gave up on it"


class Unavailable(Exception):
    """A fact is missing. `reason` says why and, where someone can mend it, the line that would.

    A check may ask for `Fact | Unavailable` and degrade; one that asks for the plain fact makes its result unavailable.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotApplicable(Exception):
    """There is nothing of the kind here, and nobody demands it. `reason` says what was looked for."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
