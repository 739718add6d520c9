"""The migrated schema is the one that `database-schema.json` writes down."""

from __future__ import annotations

from collections.abc import Iterator

from checker.checks.schema.type_words import same_type
from checker.model.base import Frozen
from checker.model.declared_schema import DeclaredColumn, DeclaredSchema, DeclaredSchemas, DeclaredTable
from checker.model.migration_run import MigrationRuns
from checker.model.observation import Observation, Place
from checker.model.rule import Confidence
from checker.model.tables import Table, tables
from checker.model.unavailable import NotApplicable, Unavailable

Groups = set[tuple[str, ...]]


class Params(Frozen):
    """`required`: whether a project that has migrations must have such a file."""

    required: bool = False


def database_schema(declared: DeclaredSchemas, ran: MigrationRuns, params: Params) -> Iterator[Observation]:
    """One observation for each table, column, key, reference, unique and plain index and named check of either side.

    What the file does not speak of is not compared. Sources: backend-developer "SQLAlchemy models match
    database-schema.json exactly", "Source of truth for all database structure".
    """
    if not declared.files:
        if not params.required:
            raise NotApplicable("no database-schema.json, so there is nothing to compare with")
        message = "the schema is written down nowhere: there is no database-schema.json"
        yield Observation("database-schema.json", False, Place("."), message, "looked for [layout] database_schema")
    for one in declared.files:
        if one.broken:
            place = Place(one.path, (one.line, one.line) if one.line else None)
            yield Observation(one.path, False, place, f"{one.path} cannot be read", one.broken)
    readable = [one for one in declared.files if not one.broken]
    strange = next((one for one in readable if one.unknown), None)
    if strange is not None:
        raise Unavailable(f"{strange.path} is not comparable: {strange.unknown}")
    found = {table.short: table for table in tables(ran)} if readable else {}
    for one in readable:
        yield from _compared(one, found)


def _compared(declared: DeclaredSchema, found: dict[str, Table]) -> Iterator[Observation]:
    for name in sorted(declared.tables.keys() | found.keys()):
        want, have = declared.tables.get(name), found.get(name)
        subject = f"table {name}"
        if have is None and want is not None:
            message = f"table {name} stands in {declared.path} and no migration makes it"
            yield Observation(subject, False, declared.at(want.pointer), message, f"columns: {', '.join(want.columns)}")
        elif want is None and have is not None:
            message = f"table {name} is made by the migrations and does not stand in {declared.path}"
            seen = f"columns: {', '.join(have.columns)[:200]}"
            yield Observation(subject, False, have.run.maker(have.name), message, seen)
        elif want is not None and have is not None:
            yield Observation(subject, True, declared.at(want.pointer))
            yield from _columns(declared, want, have)
            yield from _sets(declared, want, have)


def _columns(declared: DeclaredSchema, want: DeclaredTable, have: Table) -> Iterator[Observation]:
    tied = {one.columns[0]: one for one in have.references if len(one.columns) == 1}
    for name in sorted(want.columns.keys() | have.columns.keys()):
        subject = f"{want.name}.{name}"
        said, made = want.columns.get(name), have.columns.get(name)
        place = have.run.maker(have.name, name)
        if made is None and said is not None:
            message = f"column {subject} stands in {declared.path} and no migration makes it"
            yield Observation(subject, False, declared.at(said.pointer), message, f"declared as {said.type}")
        elif said is None and made is not None:
            message = f"column {subject} is made by the migrations and does not stand in {declared.path}"
            yield Observation(subject, False, place, message, f"it is {made.type}")
        elif said is not None and made is not None:
            to = tied.get(name)
            target = (to.target.rpartition(".")[2], (to.target_columns or ("",))[0]) if to else None
            differs, sure = _differences(said, made.type, not made.not_null, target, ties=declared.ties)
            message = f"column {subject} is not what {declared.path} says"
            also = (declared.at(said.pointer),) if differs else ()
            yield Observation(subject, not differs, place, message, "; ".join(differs), confidence=sure, also=also)


def _differences(
    said: DeclaredColumn, kind: str, nullable: bool, target: tuple[str, str] | None, *, ties: bool
) -> tuple[list[str], Confidence | None]:
    found, sure = [], None
    same = same_type(said.type, kind) if said.type else True
    if not same:
        found.append(f"type: declared {said.type}, is {kind}")
        sure = Confidence.LOW if same is None else None
    if said.nullable is not None and said.nullable != nullable:
        found.append(f"declared {_null(said.nullable)}, is {_null(nullable)}")
        sure = None
    if ties and said.references != target and not _same_target(said.references, target):
        found.append(f"reference: declared {_to(said.references)}, is {_to(target)}")
        sure = None
    return found, sure


def _same_target(said: tuple[str, str] | None, made: tuple[str, str] | None) -> bool:
    return said is not None and made is not None and said[0] == made[0] and said[1] in ("", made[1])


def _null(nullable: bool) -> str:
    return "nullable" if nullable else "not null"


def _to(target: tuple[str, str] | None) -> str:
    return "none" if target is None else ".".join(part for part in target if part)


def _sets(declared: DeclaredSchema, want: DeclaredTable, have: Table) -> Iterator[Observation]:
    """Key, uniqueness, indexes and checks, as far as the file speaks of them."""
    place, at = have.run.maker(have.name), (declared.at(want.pointer),)
    unique = {one.columns for one in have.indexes if one.unique and one.columns != have.key}
    plain = {one.columns for one in have.indexes if not one.unique}
    pairs: list[tuple[str, Groups | None, Groups]] = [
        ("primary key", None if want.key is None else {want.key}, {have.key} if have.key else set()),
        ("unique", _known(want.unique, want), unique),
        ("index", None if want.indexes is None else set(want.indexes), plain),
        ("check", None if want.checks is None else {(one,) for one in want.checks}, {(one,) for one in have.checks}),
    ]
    for kind, wanted, made in pairs:
        if wanted is None:
            continue
        for one in sorted(wanted ^ made):
            what = f"{kind} ({', '.join(one)}) of {want.name}"
            if one in wanted:
                message = f"{what} stands in {declared.path} and no migration makes it"
            else:
                message = f"{what} is made by the migrations and does not stand in {declared.path}"
            evidence = f"declared: {_shown(wanted)}; made: {_shown(made)}"
            yield Observation(what, False, place, message, evidence, also=at)


def _known(unique: tuple[tuple[str, ...], ...] | None, want: DeclaredTable) -> Groups | None:
    return None if unique is None else {one for one in unique if one != want.key}


def _shown(groups: Groups) -> str:
    return ", ".join(f"({', '.join(one)})" for one in sorted(groups)) or "none"
