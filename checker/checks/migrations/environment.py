"""A migration does the same wherever it runs."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.migrations import BodyState, NewMigrations
from checker.model.observation import Observation


def migration_environment(new: NewMigrations) -> Iterator[Observation]:
    """One observation for each new migration that does something: no condition in it reads its surroundings.

    Sources: backend-engineer "avoid schema drift"; a branch on a setting is drift that is planned, because two databases
    with the same revision then have different schemas.
    """
    for _, one in new.revisions:
        if one.up.state is BodyState.EMPTY:
            continue
        text, line = next(iter(one.conditions), ("", one.line))
        message = f"migration {one.name} does one thing or another, depending on where it runs"
        yield Observation(one.id, not text, one.at((line, line)), message, text)
