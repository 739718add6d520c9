"""The migrated schema is the one that the models declare."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
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
    declared, migrated = (_facts(picture, run.left_out) for picture in (run.models, run.head))
    yield from _defaults(run, declared, migrated)
    tables = {one["name"] for one in run.models["table"] or ()}
    alone = _columns_alone(declared, migrated)
    for key in sorted(declared.keys() | migrated.keys()):
        kind, table, name = key
        have, want = migrated.get(key), declared.get(key)
        known = table in tables
        if want is None and kind != "table" and not known:
            continue
        if want is None and kind == "check":
            continue
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
        place = run.maker(table, name if kind == "column" else None)
        yield Observation(what, have == want, place, problem, evidence, confidence=_sure(run, kind, known))


def _defaults(run: MigrationRun, declared: Facts, migrated: Facts) -> Iterator[Observation]:
    """One for each default that the models declare; what the database has more is for rows that were there before."""
    differing = {one.column: one for one in run.defaults}
    for column in (run.models or {}).get("column") or ():
        table, _, name = column["name"].rpartition(".")
        key = ("column", table, name)
        if column["default"] is None or column["generated"] or key not in declared or key not in migrated:
            continue
        what, place = f"default {_short(table, name)}", run.maker(table, name)
        one = differing.get(column["name"])
        if one is None:
            yield Observation(what, True, place)
            continue
        how = "differs between the models and the migrated database"
        problem = f"{what} {how if one.migrated else 'is in the models and no migration makes it'}"
        evidence = f"models: {one.declared}; database: {one.migrated or 'nothing'}"
        sure = None if one.sure and not run.filtered else Confidence.MEDIUM
        yield Observation(what, False, place, problem, evidence, confidence=sure)


def _columns_alone(declared: Facts, migrated: Facts) -> dict[str, list[str]]:
    """Columns that only one side has, by table: what stands on them differs for that reason alone."""
    found: dict[str, list[str]] = {}
    for kind, table, name in declared.keys() ^ migrated.keys():
        if kind == "column":
            found.setdefault(table, []).append(name)
    return found


def _sure(run: MigrationRun, kind: str, known: bool) -> Confidence | None:
    """A table that the models do not know may belong to something else; a filter in env.py that cannot be asked says so."""
    return Confidence.MEDIUM if run.filtered or kind == "check" or (kind == "table" and not known) else None


def _short(table: str, name: str) -> str:
    bare = table.removeprefix("public.")
    return f"{bare}.{name}" if name else bare


def _facts(picture: Picture, left_out: Collection[tuple[str, str]]) -> Facts:
    """What there is, without what env.py's own filters leave out of comparing."""
    found: Facts = {}

    def kept(kind: str, one: Mapping[str, Any], table: str | None) -> bool:
        return (kind, one["name"]) not in left_out and ("table", table) not in left_out

    for one in picture["table"] or ():
        if one["kind"] in ("r", "p") and not one["parent"] and kept("table", one, None):
            found["table", one["name"], ""] = "a table"
    for one in picture["column"] or ():
        table, _, name = one["name"].rpartition(".")
        if kept("column", one, table):
            found["column", table, name] = _column(one)
    for one in picture["constraint"] or ():
        if kept("constraint", one, one["table"]):
            found.update(_constraint(one))
    for one in picture["index"] or ():
        if not one["primary"] and kept("index", one, one["table"]):
            columns = re.sub(r"^.*? USING ", "", one["definition"])
            found["index", one["table"], columns] = "unique" if one["unique"] else "plain"
    for one in picture["type"] or ():
        if one["labels"]:
            found["enum", one["name"], ""] = ", ".join(one["labels"])
    return found


def _column(one: Mapping[str, Any]) -> str:
    made = f" generated as {one['default']}" if one["generated"] else " generated" if one["identity"] else ""
    return f"{one['type']}{' not null' if one['not_null'] else ''}{made}"


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
