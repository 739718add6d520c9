"""The only place that takes a picture of a whole schema from the catalogue, and says how two pictures differ."""

from __future__ import annotations

import json
import os
import re
from typing import Any, Callable, Dict, List, Tuple

Ask = Callable[[str], List[Tuple[Any, ...]]]
Picture = str  # JSON: kind of object -> objects with a `name`, in one order
MOST_DIFFERENCES = 60


def postgresql_query(version_table: str) -> str:
    """The one query of the picture; the table that Alembic keeps its place in is left out of it."""
    with open(os.path.join(os.path.dirname(__file__), "snapshot.sql"), encoding="utf-8") as file:
        sql = file.read()
    ours = r"(\1.nspname !~ '^pg_' and \1.nspname <> 'information_schema')"
    sql = re.sub(r"OURS\((\w)\)", ours, sql)
    free = r"(\1.relname <> '%s' and not exists (select 1 from pg_depend e where e.classid='pg_class'::regclass and e.objid=\1.oid and e.deptype='e'))"
    return re.sub(r"FREE\((\w)\)", free % version_table.replace("'", "''"), sql)


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
