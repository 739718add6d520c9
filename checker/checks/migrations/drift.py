"""The migrated schema is the one that the models declare."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from checker.model.migration_run import FOLLOWED, MigrationRun, MigrationRuns, Picture, settled
from checker.model.observation import Observation
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable, Unavailable

Facts = dict[tuple[str, str, str], str]  # kind, table, name: what it is
_NOISE = re.compile(r"::[\w\s\[\]\"()]+|[\s()\"]+")


def schema_drift(ran: MigrationRuns) -> Iterator[Observation]:
    """One observation for each table, column, reference, index, check and enumeration of the models or of the database.

    Compared by meaning, never by the name of an index or constraint. Sources: backend-engineer "avoid schema drift",
    backend-developer's `alembic check`, which sees a quarter of this.
    """
    followed = any(run.engine == FOLLOWED for run in ran.runs)
    if followed and not any(run.declared for run in ran.runs) and not any(run.blocked for run in ran.runs):
        raise NotApplicable("no env.py declares models (target_metadata), so there is nothing to compare with")
    yield from settled(ran, (one for run in ran.runs for one in _of(run)))


def _of(run: MigrationRun) -> Iterator[Observation]:
    if not run.declared or run.head is None:
        return
    if run.models is None:
        raise Unavailable(
            f"the models cannot be made into tables of their own: {run.models_failed or 'nothing was said'}"
        )
    declared, migrated = _facts(run.models), _facts(run.head)
    tables = {one["name"] for one in run.models["table"] or ()}
    alone = _columns_alone(declared, migrated)
    for key in sorted(declared.keys() | migrated.keys()):
        kind, table, name = key
        have, want = migrated.get(key), declared.get(key)
        known = table in tables
        if want is None and kind != "table" and not known:
            continue
        if want is None and kind in ("check", "default"):
            continue  # code may fill in what the database fills in as well
        if kind not in ("table", "column", "enum") and any(column in name for column in alone.get(table, ())):
            continue
        what = f"{kind} {_short(table, name)}"
        if want is None:
            problem = f"{what} is in the migrated database and not in the models"
        elif have is None:
            problem = f"{what} is in the models and no migration makes it"
        else:
            problem = f"{what} differs between the models and the migrated database"
        evidence = f"models: {want or 'nothing'}; database: {have or 'nothing'}"
        place = run.maker(table, name if kind in ("column", "default") else None)
        yield Observation(what, have == want, place, problem, evidence, confidence=_sure(run, kind, known))


def _columns_alone(declared: Facts, migrated: Facts) -> dict[str, list[str]]:
    """Columns that only one side has, by table: what stands on them differs for that reason alone."""
    found: dict[str, list[str]] = {}
    for kind, table, name in declared.keys() ^ migrated.keys():
        if kind == "column":
            found.setdefault(table, []).append(name)
    return found


def _sure(run: MigrationRun, kind: str, known: bool) -> Confidence | None:
    """A table that the models do not know may belong to something else; a filter in env.py says that some do."""
    return (
        Confidence.MEDIUM if run.filtered or kind in ("default", "check") or (kind == "table" and not known) else None
    )


def _short(table: str, name: str) -> str:
    bare = table.removeprefix("public.")
    return f"{bare}.{name}" if name else bare


def _facts(picture: Picture) -> Facts:
    found: Facts = {}
    for one in picture["table"] or ():
        if one["kind"] in ("r", "p") and not one["parent"]:
            found["table", one["name"], ""] = "a table"
    for one in picture["column"] or ():
        table, _, name = one["name"].rpartition(".")
        found["column", table, name] = f"{one['type']}{' not null' if one['not_null'] else ''}"
        if one["identity"] or one["generated"]:
            found["column", table, name] += " generated"
        elif one["default"] is not None and "nextval(" not in one["default"]:
            found["default", table, name] = str(one["default"])
    for one in picture["constraint"] or ():
        found.update(_constraint(one))
    for one in picture["index"] or ():
        if not one["primary"]:
            columns = re.sub(r"^.*? USING ", "", one["definition"])
            found["index", one["table"], columns] = "unique" if one["unique"] else "plain"
    for one in picture["type"] or ():
        if one["labels"]:
            found["enum", one["name"], ""] = ", ".join(one["labels"])
    return found


def _constraint(one: Mapping[str, Any]) -> Facts:
    table = one["table"]
    if table is None:
        return {}
    columns = ", ".join(one["columns"] or ())
    if one["kind"] == "f":
        return {("foreign key", table, columns): re.sub(r"^FOREIGN KEY \([^)]*\) ", "", one["definition"])}
    if one["kind"] == "p":
        return {("primary key", table, columns): "primary key"}
    if one["kind"] == "c":
        return {("check", table, _NOISE.sub("", one["definition"]).lower()): "check"}
    return {}
