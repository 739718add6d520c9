"""A new migration destroys nothing that nobody has decided to destroy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from checker.checks.migrations.widening import widens
from checker.model.base import Frozen
from checker.model.decisions import Decision, Decisions, different, signers
from checker.model.migration_run import FOLLOWED, MigrationRun, MigrationRuns
from checker.model.migrations import LooseMigrations, Migrations, NewMigrations, Operation, Revision, Tree
from checker.model.observation import Observation, Place
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable, Unavailable

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


_HARMLESS = re.compile(
    r"(?i)\s*(?:(?:sa\.)?select\(|(?:grant|revoke|create|comment|set|reset|alter|analyze|vacuum|reindex|refresh|lock|notify|do)\b)"
)


class Params(Frozen):
    """`kinds` of operations that need a decision; `keys` how many persons must have signed it."""

    kinds: tuple[Literal["drop", "rename", "retype"], ...] = ("drop", "rename", "retype")
    keys: int = 1


def destructive_migration(
    new: NewMigrations | NotApplicable,
    loose: LooseMigrations,
    every: Migrations | NotApplicable,
    decisions: Decisions,
    ran: MigrationRuns | Unavailable | NotApplicable,
    params: Params,
) -> Iterator[Observation]:
    """One observation for each migration of the change, and for each destructive operation of its upgrade.

    Where migrations are run, what was there before a step and is gone after it counts, too, however it was written. A
    changed type is less sure where the old one is not written down, and so is a file outside every known layout where no
    base tells whether it is new; SQL that is put together as it runs is a note.

    Sources: backend-agent "No destructive operations performed without explicit approval", agent-2's two keys.
    """
    if isinstance(new, NotApplicable) and not loose.revisions:
        raise new
    mine = new.revisions if isinstance(new, NewMigrations) else ()
    held = [one for _, one in every.revisions] if isinstance(every, Migrations) else []
    told: list[tuple[Tree | None, Revision]] = [*mine, *((None, one) for one in loose.revisions)]
    tables = frozenset(
        step.table.lower() for one in (*held, *(one for _, one in told)) for step in one.up.operations if step.table
    )
    for tree, one in told:
        doubtful = not loose.anchored and tree is None
        found = [(kind, step) for step in one.up.operations for kind in [_kind(step, one)] if kind in params.kinds]
        about = [(decision, decision.named(tables)) for decision in decisions.about(one)]
        everybody = _signers(one, [decision for decision, _ in about])
        run = _run(ran, tree) if tree is not None else None
        lost = list(_lost(run, one)) if "drop" in params.kinds and run is not None else []
        unread = _unread(one) if run is None and tree is not None and everybody < params.keys else None
        if unread is not None:
            yield unread
        elif not found and not lost:
            yield Observation(one.id, True, one.place)
        for name, place, text in lost:
            message = f"migration {one.name} takes {name} away, and {_nobody(everybody, params)}"
            yield Observation(f"{one.id} {name}", everybody >= params.keys, place, message, text)
        for kind, step in found:
            signed = _signers(one, [decision for decision, named in about if decision.covers(step, named)])
            verb = _VERBS.get(step.name, _VERBS.get(kind, "changes"))
            message = f"migration {one.name} {verb} {step.target}, and {_nobody(signed, params)}"
            ok = signed >= params.keys
            sure = Confidence.MEDIUM if doubtful or (kind == "retype" and step.types[0] is None) else None
            yield Observation(f"{one.id} {step.target}", ok, one.at(step.lines), message, step.text, confidence=sure)


def _is_unread(step: Operation) -> bool:
    """Whether a statement is put together as it runs, and does not even begin with a word that tells what it is."""
    return step.name == "execute" and not step.literal and _HARMLESS.match(step.text) is None


def _unread(one: Revision) -> Observation | None:
    step = next((step for step in one.up.operations if _is_unread(step)), None)
    if step is None:
        return None
    message = f"migration {one.name} sends SQL that only running it shows; --profile agent looks at what it does"
    return Observation(f"{one.id} unread", False, one.at(step.lines), message, step.text, confidence=Confidence.LOW)


def _run(ran: MigrationRuns | Unavailable | NotApplicable, tree: Tree) -> MigrationRun | None:
    """How the history went, where it was run to its end on an engine on which rows are followed."""
    runs = ran.runs if isinstance(ran, MigrationRuns) else ()
    return next((one for one in runs if one.tree.key == tree.key and one.engine == FOLLOWED and not one.blocked), None)


def _lost(run: MigrationRun, one: Revision) -> Iterator[tuple[str, Place, str]]:
    """Tables and columns that had rows before the upgrade and are gone, or empty, after it, and that its source does not name."""
    named = {(step.table, step.column) for step in one.up.operations if step.name in _DROPS or step.renamed}
    for change in run.row_changes:
        gone = change.gone or (change.column is None and change.after in (None, "0"))
        table = change.table.rpartition(".")[2]
        known = (table, change.column) in named or (table, None) in named
        if (change.revision, change.direction, change.data) == (one.id, "up", "benign") and gone and not known:
            said = [
                stmt for step in run.ups(one.id) for stmt in step.statements if re.search(rf"\b{table}\b", stmt.sql)
            ]
            what = f"{table}.{change.column}" if change.column else f"the rows of {table}"
            text = f"{change.rows} rows before it; " + (said[0].sql[:200] if said else "seen when it ran")
            yield what, run.place(one.id, said[0].line if said else None), text


def _nobody(signed: int, params: Params) -> str:
    if params.keys == 1:
        return "nobody's decision about it is recorded"
    return f"{signed} of {params.keys} persons' approvals are recorded"


def _signers(one: Revision, about: Iterable[Decision]) -> int:
    """How many people signed: an agent and an office are nobody, and two spellings of a name are one."""
    return len(different(signers(one.written).union(*(found.signers for found in about))))


def _kind(step: Operation, one: Revision) -> str:
    made = {other.table for other in one.up.operations if other.name == "create_table" and other.lines < step.lines}
    if step.table is not None and step.table in made:
        return ""
    if step.name in _DROPS:
        harmless = step.name == "drop_type" and "cascade" not in step.text.lower()
        return "" if harmless else "drop"
    if step.renamed:
        return "" if _made_here(step, one) else "rename"
    retyped = step.name in ("alter_column", "retype_column") and step.types[1] is not None
    return "retype" if retyped and not widens(*step.types) else ""


def _made_here(step: Operation, one: Revision) -> bool:
    """Whether the column that is renamed came in this very migration, so that no code knows its old name."""
    return any(
        other.name == "add_column"
        and (other.table, other.column) == (step.table, step.column)
        and other.lines < step.lines
        for other in one.up.operations
    )
