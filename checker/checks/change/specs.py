"""The specifications that were locked are not edited by the change that implements them."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.change.specs import ChangeRecords, SpecChanges
from checker.model.change.touched import ChangeSet
from checker.model.observation import Observation


def locked_spec(specs: SpecChanges, change: ChangeSet, records: ChangeRecords) -> Iterator[Observation]:
    """One observation for each specification of the base that the change touches.

    Good: only words changed, or no code changed with it, or the change brings a decision or an escalation that names it.
    Sources: backend-developer "locked specs", backend-coder "must change after implementation starts".
    """
    touched = {one.path for one in specs.specs}
    code = [one.path for one in change.code if one.path not in touched]
    for one in specs.specs:
        recorded = records.naming(one.path, one.path.rpartition("/")[2], new_only=True)
        verb = "removes" if one.gone else "changes"
        yield Observation(
            subject=one.path,
            ok=not one.differs or not code or recorded is not None,
            place=one.place,
            message=f"The change {verb} the locked {one.path} together with {len(code)} files of code, without a recorded decision",
            evidence=f"{one.seen}; code: {', '.join(code[:3])}",
        )
