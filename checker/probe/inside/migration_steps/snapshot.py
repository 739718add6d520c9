"""The only place that takes a picture of a whole schema from the catalogue, and says how two pictures differ."""

from __future__ import annotations

import functools
import json
import os
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Set, Tuple

from .wire import Row, Wire

Ask = Callable[[str], List[Tuple[Any, ...]]]
Picture = str  # JSON: kind of object -> objects with a `name`, in one order
MOST_DIFFERENCES = 60
TELLING = ("definition", "type", "not_null", "default")  # what is said first of a change
REST = "0"  # the owner of what belongs to no table
KINDS = (
    "schema extension table column index constraint sequence type trigger function policy rule publication statistics"
).split() + ["event trigger", "default grants"]
Parts = Dict[str, Dict[Tuple[str, str], str]]  # kind -> owner and name -> JSON


class Mark(NamedTuple):
    """What stands for the state of an object: its name, the versions of its rows, what of others is written in it.

    `leans` where that can be any table (views, policies), `refers` the tables of its foreign keys.
    """

    label: str
    versions: str
    leans: bool
    refers: Tuple[str, ...]


Marks = Dict[Tuple[str, str], Mark]


class Lens:
    """Takes pictures of the one database that `ask` asks; the queries stay prepared there.

    A picture costs by what a step has touched: each object is marked with the versions of its rows in the catalogue, and
    only marked ones that changed are written out again. What was done must be committed; `search_path` is the default, so
    that names are written one way.
    """

    def __init__(self, ask: Callable[[str], List[Row]], version_table: str) -> None:
        self._ask = ask
        self._marks: Marks = {}
        self._parts: Parts = {}
        for name, query in queries(version_table).items():
            ask("prepare %s as %s" % (name, query))

    def picture(self) -> Picture:
        """The schema now. ServerError when something keeps it locked."""
        marks = marked(self._ask("execute marks"))
        if marks != self._marks:
            self._renew(marks)
            self._marks = marks
        return written(self._parts)

    def _renew(self, marks: Marks) -> None:
        touched = changed(self._marks, marks)
        if touched is None:
            self._parts = gathered([*self._ask("execute every_table"), *self._ask("execute rest")])
            return
        rows: List[Row] = self._ask("execute tables('{%s}')" % ",".join(sorted(touched))) if touched else []
        gone = set(touched)
        if any(key[0] == "function" for key in marks) or _apart(marks) != _apart(self._marks):
            rows += self._ask("execute rest")
            gone.add(REST)
        for objects in self._parts.values():
            for key in [key for key in objects if key[0] in gone]:
                del objects[key]
        for kind, objects in gathered(rows).items():
            self._parts[kind].update(objects)


class Camera:
    """Takes pictures through a connection of its own, whatever the project's driver does with its statements."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._at: Tuple[str, str] = ("", "")
        self._wire: Optional[Wire] = None
        self._lens: Optional[Lens] = None

    def picture(self, database: str, version_table: str) -> Picture:
        """The schema of a database now. ServerError when something keeps it locked."""
        if self._wire is None or self._lens is None or self._at != (database, version_table):
            self.close()
            self._wire, self._at = Wire(self._folder, database), (database, version_table)
            self._wire.ask("set statement_timeout = '20s'")
            self._lens = Lens(self._wire.ask, version_table)
        return self._lens.picture()

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = self._lens = None


def changed(old: Marks, new: Marks) -> Optional[Set[str]]:
    """The tables to write out again; None for everything, since what was renamed is written in what others say, too."""
    if not old:
        return None
    both = old.keys() & new.keys()
    if any(old[key].label != new[key].label or (key[0] != "table" and old[key] != new[key]) for key in both):
        return None
    if old.keys() != new.keys() and len({one.label.split(".")[0] for key, one in new.items() if key[0] == "table"}) > 1:
        return None  # a name that came or went can change which of two schemas a bare name means
    tables = {key[1]: one for key, one in new.items() if key[0] == "table"}
    found = {oid for oid, one in tables.items() if old.get(("table", oid)) != one}
    found |= {key[1] for key in old.keys() - new.keys() if key[0] == "table"}
    return (
        found | {oid for oid, one in tables.items() if one.leans or found.intersection(one.refers)} if found else found
    )


def marked(rows: Iterable[Row]) -> Marks:
    return {
        (str(kind), str(oid)): Mark(str(label), str(versions), leans == "t", tuple((refers or "").split()))
        for kind, oid, label, versions, leans, refers in rows
    }


def _apart(marks: Marks) -> Marks:
    """What belongs to no table."""
    return {key: one for key, one in marks.items() if key[0] != "table"}


def gathered(rows: Iterable[Row]) -> Parts:
    """Rows of kind, owner, name and JSON, by kind."""
    found: Parts = {kind: {} for kind in KINDS}
    for kind, owner, name, text in rows:
        found[str(kind)][str(owner), str(name)] = str(text)
    return found


def written(parts: Parts) -> Picture:
    """One text for equal schemas."""
    by_name = {kind: sorted((name, text) for (_, name), text in objects.items()) for kind, objects in parts.items()}
    kinds = ('"%s": [%s]' % (kind, ", ".join(text for _, text in objects)) for kind, objects in by_name.items())
    return "{%s}" % ", ".join(kinds)


def whole(ask: Callable[[str], List[Row]], version_table: str) -> Picture:
    """The picture of the database that `ask` asks, without anything prepared or kept."""
    asked = queries(version_table)
    return written(gathered([*ask(asked["every_table"]), *ask(asked["rest"])]))


def queries(version_table: str) -> Dict[str, str]:
    """The queries of a picture by name; the table that Alembic keeps its place in is left out of it."""
    tables, rest, marks = (_read(name) for name in ("tables", "rest", "marks"))
    quoted = "'%s'" % version_table.replace("'", "''")
    texts = {
        "tables(oid[])": tables.replace("WANTED", "= any($1)"),
        "every_table": tables.replace("WANTED", ">= 16384"),  # what initdb makes is below
        "rest": rest,
        "marks": marks,
    }
    return {name: text.replace("VERSION_TABLE", quoted) for name, text in texts.items()}


@functools.lru_cache(maxsize=None)
def _read(name: str) -> str:
    with open(os.path.join(os.path.dirname(__file__), "snapshot_%s.sql" % name), encoding="utf-8") as file:
        return file.read()


def of_sqlite(ask: Ask, version_table: str) -> Picture:
    """The same picture of a SQLite file, by meaning: batch mode rewrites the text of a table without changing it."""
    names = ask("select name, type, sql from sqlite_master where name not like 'sqlite_%' order by name")
    tables = [name for name, kind, _ in names if kind == "table" and name != version_table]
    found: Dict[str, List[Dict[str, Any]]] = {
        "table": [{"name": name} for name in tables],
        "column": [],
        "index": [],
        "constraint": [],
        "view": [{"name": name, "definition": _spaced(sql)} for name, kind, sql in names if kind == "view"],
        "trigger": [{"name": name, "definition": _spaced(sql)} for name, kind, sql in names if kind == "trigger"],
    }
    for table in tables:
        quoted = '"%s"' % table.replace('"', '""')
        for row in ask("pragma table_xinfo(%s)" % quoted):
            fields = {"type": str(row[2]).upper(), "not_null": bool(row[3]), "default": row[4], "primary": row[5]}
            found["column"].append({"name": "%s.%s" % (table, row[1]), **fields})
        for row in ask("pragma foreign_key_list(%s)" % quoted):
            key = "%s.%s -> %s.%s" % (table, row[3], row[2], row[4])
            found["constraint"].append({"name": key, "update": row[5], "delete": row[6]})
        for row in ask("pragma index_list(%s)" % quoted):
            columns = [one[2] for one in ask('pragma index_info("%s")' % row[1])]
            name = row[1] if row[3] == "c" else "%s unique (%s)" % (table, ", ".join(map(str, columns)))
            found["index"].append({"name": name, "columns": columns, "unique": bool(row[2]), "partial": bool(row[4])})
    for objects in found.values():
        objects.sort(key=lambda one: str(one["name"]))
    return json.dumps(found)


def differences(before: Picture, after: Picture) -> List[Dict[str, Any]]:
    """What `after` has more, has not, or has otherwise: kind, name, change (left, missing, changed), before, after."""
    if before == after:
        return []
    old, new = json.loads(before), json.loads(after)
    found: List[Dict[str, Any]] = []
    for kind in old:
        one, other = _by_name(old[kind]), _by_name(new.get(kind))
        for name in sorted(set(one) | set(other)):
            if name not in other:
                found.append({"kind": kind, "name": name, "change": "missing", "before": one[name], "after": None})
            elif name not in one:
                found.append({"kind": kind, "name": name, "change": "left", "before": None, "after": other[name]})
            elif one[name] != other[name]:
                parts = [key for key in one[name] if one[name][key] != other[name].get(key)]
                parts.sort(key=lambda part: TELLING.index(part) if part in TELLING else len(TELLING))
                was, now = ({key: side.get(key) for key in parts} for side in (one[name], other[name]))
                found.append({"kind": kind, "name": name, "change": "changed", "before": was, "after": now})
    return found[:MOST_DIFFERENCES]


def _by_name(objects: Any) -> Dict[str, Any]:
    return {str(one["name"]): {key: value for key, value in one.items() if key != "name"} for one in objects or ()}


def _spaced(sql: Any) -> str:
    return " ".join(str(sql).split())
