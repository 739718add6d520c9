"""A new migration destroys nothing that nobody has decided to destroy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from checker.model.base import Frozen
from checker.model.decisions import Decision, Decisions, signers
from checker.model.migrations import LooseMigrations, Migrations, NewMigrations, Operation, Revision
from checker.model.observation import Observation
from checker.model.outputs.persons import is_machine, is_role, persons
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable

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


def destructive_migration(
    new: NewMigrations | NotApplicable,
    loose: LooseMigrations,
    every: Migrations | NotApplicable,
    decisions: Decisions,
    params: Params,
) -> Iterator[Observation]:
    """One observation for each migration of the change, and for each destructive operation of its upgrade.

    A changed type is less sure where the old one is not written down, and so is a file outside every known layout where no
    base tells whether it is new.

    Sources: backend-agent "No destructive operations performed without explicit approval", agent-2's two keys.
    """
    if isinstance(new, NotApplicable) and not loose.revisions:
        raise new
    mine = new.revisions if isinstance(new, NewMigrations) else ()
    told = [one for _, one in mine] + list(loose.revisions)
    held = [one for _, one in every.revisions] if isinstance(every, Migrations) else []
    tables = frozenset(step.table.lower() for one in (*held, *told) for step in one.up.operations if step.table)
    for one in told:
        doubtful = not loose.anchored and one in loose.revisions
        found = [(kind, step) for step in one.up.operations for kind in [_kind(step, one)] if kind in params.kinds]
        if not found:
            yield Observation(one.id, True, one.place)
        about = [(decision, decision.named(tables)) for decision in decisions.about(one)] if found else []
        for kind, step in found:
            signed = _signers(one, [decision for decision, named in about if decision.covers(step, named)])
            verb = _VERBS.get(step.name, _VERBS.get(kind, "changes"))
            message = f"migration {one.name} {verb} {step.target}, and {_nobody(signed, params)}"
            ok = signed >= params.keys
            sure = Confidence.MEDIUM if doubtful or (kind == "retype" and step.types[0] is None) else None
            yield Observation(f"{one.id} {step.target}", ok, one.at(step.lines), message, step.text, confidence=sure)


def _nobody(signed: int, params: Params) -> str:
    if params.keys == 1:
        return "nobody's decision about it is recorded"
    return f"{signed} of {params.keys} persons' approvals are recorded"


def _signers(one: Revision, about: Iterable[Decision]) -> int:
    """How many people signed: an agent and an office are nobody, and two spellings of a name are one."""
    named = signers(one.written).union(*(found.signers for found in about))
    return len(persons(name for name in named if not is_machine(name) and not is_role(name)))


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
