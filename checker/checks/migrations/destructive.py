"""A new migration destroys nothing that nobody has decided to destroy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from checker.model.base import Frozen
from checker.model.decisions import Decisions, signers
from checker.model.migrations import NewMigrations, Operation, Revision
from checker.model.observation import Observation
from checker.model.rule import Confidence

_DROPS = {"drop_table", "drop_column", "drop_schema", "drop_database", "drop_type", "truncate", "delete"}
_VERBS = {
    "drop_table": "drops the table",
    "drop_column": "drops the column",
    "drop_schema": "drops the schema",
    "drop_database": "drops the database",
    "drop_type": "drops the type with all that depends on it,",
    "truncate": "empties the table",
    "delete": "deletes every row of",
    "rename": "renames",
    "retype": "changes the type of",
}
_SIZE = re.compile(r"\(\D*(\d+)")
_WIDER = (("smallint", "integer"), ("smallint", "bigint"), ("integer", "bigint"), ("real", "double"))


class Params(Frozen):
    """`kinds` of operations that need a decision; `keys` how many persons must have signed it."""

    kinds: tuple[Literal["drop", "rename", "retype"], ...] = ("drop", "rename", "retype")
    keys: int = 1


def destructive_migration(new: NewMigrations, decisions: Decisions, params: Params) -> Iterator[Observation]:
    """One observation for each migration of the change, and for each destructive operation of its upgrade.

    A changed type is less sure where the old one is not written down.

    Sources: backend-agent "No destructive operations performed without explicit approval", agent-2's two keys.
    """
    for _, one in new.revisions:
        found = [(kind, step) for step in one.up.operations for kind in [_kind(step, one)] if kind in params.kinds]
        if not found:
            yield Observation(one.id, True, one.place)
        signed = _signers(one, decisions)
        for kind, step in found:
            verb = _VERBS.get(step.name, _VERBS.get(kind, "changes"))
            message = f"migration {one.name} {verb} {step.target}, and {_nobody(len(signed), params)}"
            ok = len(signed) >= params.keys
            sure = Confidence.MEDIUM if kind == "retype" and step.types[0] is None else None
            yield Observation(f"{one.id} {step.target}", ok, one.at(step.lines), message, step.text, confidence=sure)


def _nobody(signed: int, params: Params) -> str:
    if params.keys == 1:
        return "nobody's decision about it is recorded"
    return f"{signed} of {params.keys} persons' approvals are recorded"


def _signers(one: Revision, decisions: Decisions) -> frozenset[str]:
    own = signers(one.written)
    return own.union(*(found.signers for found in decisions.about(one)))


def _kind(step: Operation, one: Revision) -> str:
    made = {other.table for other in one.up.operations if other.name == "create_table" and other.lines < step.lines}
    if step.table in made:
        return ""
    if step.name in _DROPS:
        harmless = step.name == "drop_type" and "cascade" not in step.text.lower()
        return "" if harmless else "drop"
    if step.renamed:
        return "" if _made_here(step, one) else "rename"
    retyped = step.name in ("alter_column", "retype_column") and step.types[1] is not None
    return "retype" if retyped and not _widens(*step.types) else ""


def _made_here(step: Operation, one: Revision) -> bool:
    """Whether the column that is renamed came in this very migration, so that no code knows its old name."""
    return any(
        other.name == "add_column"
        and (other.table, other.column) == (step.table, step.column)
        and other.lines < step.lines
        for other in one.up.operations
    )


def _widens(old: str | None, new: str | None) -> bool:
    """Whether every value of the old type is one of the new."""
    if old is None or new is None:
        return False
    before, after = (re.sub(r"\b(?:sa|postgresql|pg)\.", "", one).lower() for one in (old, new))
    if before.split("(")[0] == after.split("(")[0] == "string" or (
        before.startswith("string") and after.startswith("text")
    ):
        was, now = _SIZE.search(before), _SIZE.search(after)
        return now is None or (was is not None and int(was[1]) <= int(now[1]))
    names = {"biginteger": "bigint", "smallinteger": "smallint", "float": "real"}
    pair = tuple(names.get(one.split("(")[0], one.split("(")[0]) for one in (before, after))
    return pair[0] == pair[1] or pair in _WIDER
