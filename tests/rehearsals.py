"""The only place where tests have a repository's app rehearsed, outside of an audit."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path

from checker.model.rehearsal import Rehearsal
from checker.model.rule import Profile
from checker.model.unavailable import NotApplicable
from checker.probe.rehearse import Stage
from checker.probe.underway import Underway
from checker.workplace import Request, Workplace


def seen_of(folder: Path, profile: Profile = "agent") -> Rehearsal:
    """What was seen of the app, when all that it left is cleared away. Raises Unavailable or NotApplicable."""
    with ExitStack() as stack:
        facts = Workplace.open(Request(path=folder, profile=profile), stack).facts
        with suppress(NotApplicable):
            stack.callback(facts.get(Stage).close)
        underway = facts.get(Underway)
        try:
            return facts.get(Rehearsal)
        finally:
            underway.close()
