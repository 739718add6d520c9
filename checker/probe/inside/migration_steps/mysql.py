"""The only place that knows how MySQL and MariaDB are reached, asked who they are, and asked for a whole schema."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, Tuple

Ask = Callable[[str], List[Tuple[Any, ...]]]
SYSTEM = "mysql"  # a database that every server has
PROOF = "select @@report_host"
HERE = "= database()"
TABLES = (
    "select table_name, table_type, engine, table_collation, table_comment from information_schema.tables where table_schema "
    + HERE
)
COLUMNS = (
    "select table_name, column_name, column_type, is_nullable, column_default, extra, collation_name, column_comment,"
    " generation_expression from information_schema.columns where table_schema " + HERE
)
INDEXES = (
    "select table_name, index_name, non_unique, index_type, index_comment, column_name, sub_part, collation"
    " from information_schema.statistics where table_schema " + HERE + " order by table_name, index_name, seq_in_index"
)
CONSTRAINTS = (
    "select table_name, constraint_name, constraint_type from information_schema.table_constraints where constraint_schema "
    + HERE
)
KEYS = (
    "select table_name, constraint_name, column_name, referenced_table_name, referenced_column_name"
    " from information_schema.key_column_usage where constraint_schema " + HERE + " order by ordinal_position"
)
RULES = (
    "select table_name, constraint_name, update_rule, delete_rule from information_schema.referential_constraints where constraint_schema "
    + HERE
)
CHECKS = (
    "select constraint_name, check_clause from information_schema.check_constraints where constraint_schema " + HERE
)
ALONE = {
    "view": "select table_name, view_definition, security_type from information_schema.views where table_schema "
    + HERE,
    "trigger": "select trigger_name, event_object_table, action_timing, event_manipulation, action_statement"
    " from information_schema.triggers where trigger_schema " + HERE,
    "function": "select routine_name, routine_type, dtd_identifier, routine_definition, is_deterministic, sql_data_access"
    " from information_schema.routines where routine_schema " + HERE,
    "parameter": "select concat(specific_name, '.', ordinal_position), parameter_name, dtd_identifier, parameter_mode"
    " from information_schema.parameters where specific_schema " + HERE,
    "event": "select event_name, event_definition, interval_value, interval_field, status from information_schema.events where event_schema "
    + HERE,
}


def parameters(driver: str, folder: str, database: str) -> Dict[str, Any]:
    """What a driver's connect function needs to reach a server of ours through its socket."""
    name = "database" if driver in ("mysqlconnector", "mariadbconnector") else "db"
    return {"unix_socket": folder + "/mysql.sock", "user": "root", "charset": "utf8mb4", name: database}


def picture(ask: Ask, version_table: str) -> str:
    """The schema of the database that `ask` asks, as JSON: kind of object -> objects with a `name`, in one order."""
    ours = [row for row in ask(TABLES) if row[0] != version_table]
    found: Dict[str, List[Dict[str, Any]]] = {
        "table": [
            {"name": row[0], "engine": row[2], "collation": row[3], "comment": _text(row[4])}
            for row in ours
            if row[1] != "VIEW"
        ],
        "column": [],
    }
    tables = {one["name"] for one in found["table"]}
    for row in ask(COLUMNS):
        if row[0] in tables:
            words = ("type", "nullable", "default", "extra", "collation", "comment", "generated")
            said = dict(zip(words, (_text(value) for value in row[2:])))
            found["column"].append({"name": "%s.%s" % (row[0], row[1]), **said})
    found["index"] = _indexes(ask, tables)
    found["constraint"] = _constraints(ask, tables)
    for kind, query in ALONE.items():
        found[kind] = [{"name": str(row[0]), "definition": [_text(value) for value in row[1:]]} for row in ask(query)]
    for objects in found.values():
        objects.sort(key=lambda one: str(one["name"]))
    return json.dumps(found)


def _indexes(ask: Ask, tables: Any) -> List[Dict[str, Any]]:
    found: Dict[str, Dict[str, Any]] = {}
    for table, name, other, kind, comment, column, part, order in ask(INDEXES):
        if table in tables:
            one = found.setdefault(
                "%s.%s" % (table, name),
                {
                    "columns": [],
                    "unique": not int(other),
                    "kind": _text(kind),
                    "comment": _text(comment),
                    "table": table,
                },
            )
            one["columns"].append([_text(column), part and int(part), _text(order)])
    return [{"name": name, **one} for name, one in found.items()]


def _constraints(ask: Ask, tables: Any) -> List[Dict[str, Any]]:
    rules = {(row[0], row[1]): list(map(_text, row[2:])) for row in ask(RULES)}
    checks = {row[0]: _text(row[1]) for row in ask(CHECKS)}
    columns: Dict[Tuple[str, str], List[Any]] = {}
    for table, name, *rest in ask(KEYS):
        columns.setdefault((table, name), []).append(list(map(_text, rest)))
    found = []
    for table, name, kind in ask(CONSTRAINTS):
        if table in tables:
            said = {"kind": _text(kind), "columns": columns.get((table, name), []), "rules": rules.get((table, name))}
            said.update(table=table, check=checks.get(name) if kind == "CHECK" else None)
            found.append({"name": "%s.%s" % (table, name), **said})
    return found


def _text(value: Any) -> Any:
    """What drivers give as bytes, as text."""
    return value.decode("utf-8", "replace") if isinstance(value, (bytes, bytearray)) else value
