"""The only place that takes a picture of a whole schema from the catalogue, and says how two pictures differ."""

from __future__ import annotations

import json
import os
from typing import Any, Callable, Dict, List, Optional, Tuple

from .wire import Wire

Ask = Callable[[str], List[Tuple[Any, ...]]]
Picture = str  # JSON: kind of object -> objects with a `name`, in one order
MOST_DIFFERENCES = 60


class Camera:
    """Takes pictures through a connection of its own: the query stays prepared there, whatever the project's driver forgets.

    What the project has done must be committed; `search_path` is the default, so that names are written one way.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._at: Tuple[str, str] = ("", "")
        self._wire: Optional[Wire] = None

    def picture(self, database: str, version_table: str) -> Picture:
        """The schema of a database now. ServerError when something keeps it locked."""
        if self._wire is None or self._at != (database, version_table):
            if self._wire is not None:
                self._wire.close()
            self._wire = Wire(self._folder, database)
            self._wire.ask("set statement_timeout = '20s'; prepare picture as " + postgresql_query(version_table))
            self._at = (database, version_table)
        return str(self._wire.ask("execute picture")[0][0])


def postgresql_query(version_table: str) -> str:
    """The one query of the picture; the table that Alembic keeps its place in is left out of it."""
    with open(os.path.join(os.path.dirname(__file__), "snapshot.sql"), encoding="utf-8") as file:
        return file.read().replace("VERSION_TABLE", "'%s'" % version_table.replace("'", "''"))


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
                was, now = ({key: side.get(key) for key in parts} for side in (one[name], other[name]))
                found.append({"kind": kind, "name": name, "change": "changed", "before": was, "after": now})
    return found[:MOST_DIFFERENCES]


def _by_name(objects: Any) -> Dict[str, Any]:
    return {str(one["name"]): {key: value for key, value in one.items() if key != "name"} for one in objects or ()}


def _spaced(sql: Any) -> str:
    return " ".join(str(sql).split())
