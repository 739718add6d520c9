"""The only place that reads a database schema written as JSON, in whichever of the usual shapes it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from checker.collect.data_parsed import Malformed
from checker.collect.data_text import parse
from checker.collect.files import Root, Unreadable
from checker.model.declared_schema import DeclaredColumn, DeclaredSchema, DeclaredSchemas, DeclaredTable
from checker.model.observation import Pointer
from checker.model.repo import Inventory, Role
from checker.model.settings import Description
from checker.model.unavailable import Unavailable

LARGEST = 8 << 20  # bytes
_NAMES = re.compile(r"(?:^|/)(?:database|db)[-_.]schema\.json$")
_READ = frozenset(Role) - {Role.VENDORED, Role.FIXTURE, Role.TEST}
_TABLES = ("tables", "entities", "models")
_COLUMNS = ("columns", "fields")
_TARGET = re.compile(r"^[\"`]?(?:[\w]+\.)??(?P<table>\w+)[\"`]?(?:\.(?P<dotted>\w+)|\s*\(\s*(?P<inside>\w+)\s*\))?$")
_SHAPE = "known are `tables` with `columns` by name or in a list"


def declared_schemas(root: Root, inventory: Inventory, description: Description) -> DeclaredSchemas:
    """The files that the configuration names, else those called `database-schema.json`."""
    told = description.layout.database_schema
    named = [one.path for one in inventory.files if one.path in told]
    found = [one.path for one in inventory.files if one.role in _READ and not one.symlink and _NAMES.search(one.path)]
    return DeclaredSchemas(tuple(_file(root, path) for path in (named or found)))


def _file(root: Root, path: str) -> DeclaredSchema:
    try:
        value = parse(root.text(path, LARGEST).text).value
    except (Malformed, Unreadable) as wrong:
        return DeclaredSchema(path, {}, broken=str(wrong), line=wrong.line)
    except Unavailable as wrong:
        return DeclaredSchema(path, {}, unknown=wrong.reason)
    return read(path, value)


def read(path: str, value: Any) -> DeclaredSchema:
    """The schema that a value holds. `unknown` where it holds none that can be recognised."""
    within: Pointer = ()
    if isinstance(value, dict) and isinstance(value.get("schema"), dict) and not _holder(value):
        value, within = value["schema"], ("schema",)
    name = _holder(value)
    if name is None:
        keys = ", ".join(sorted(map(str, value))[:6]) if isinstance(value, dict) else type(value).__name__
        return DeclaredSchema(path, {}, unknown=f"its shape is not known ({keys}); {_SHAPE}")
    tables = {}
    for key, one, pointer in _items(value[name], (*within, name)):
        table = _table(key, one, pointer)
        if table is None:
            return DeclaredSchema(path, {}, unknown=f"{'.'.join(pointer)} has no columns; {_SHAPE}")
        tables[table.name] = table
    unknown = "" if tables else "it names no table"
    return DeclaredSchema(path, tables, unknown=unknown)


def _holder(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    return next((one for one in _TABLES if isinstance(value.get(one), (dict, list)) and value[one]), None)


def _items(value: Any, pointer: Pointer) -> Iterator[tuple[str, Any, Pointer]]:
    """Name, value and pointer of each member of a mapping, or of a list whose members have names."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield str(key), one, (*pointer, str(key))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            name = (one.get("name") or one.get("table") or one.get("tableName")) if isinstance(one, dict) else None
            yield str(name or ""), one, (*pointer, str(at))


def _table(name: str, value: Any, pointer: Pointer) -> DeclaredTable | None:
    holder = next((one for one in _COLUMNS if isinstance(value, dict) and value.get(one)), None)
    if not name or holder is None:
        return None
    raw = list(_items(value[holder], (*pointer, holder)))
    columns = {key: _column(key, one, at) for key, one, at in raw if key}
    if not columns or len(columns) != len(raw):
        return None
    key = _names(value.get("primary_key", value.get("primaryKey")))
    marked = tuple(
        key for key, one, _ in raw if isinstance(one, dict) and _flag(one, "primary_key", "primaryKey", "primary", "pk")
    )
    unique = _groups(value, "unique", "unique_constraints", "uniques", "uniqueConstraints")
    alone = tuple((key,) for key, one, _ in raw if isinstance(one, dict) and one.get("unique") is True)
    indexes = _groups(value, "indexes", "indices")
    by_index = tuple(
        tuple(_names(one.get("columns", one.get("fields"))) or ())
        for one in _list(value.get("indexes", value.get("indices")))
        if isinstance(one, dict) and one.get("unique") is True
    )
    if unique is not None or alone or by_index:
        unique = tuple(dict.fromkeys((*(unique or ()), *alone, *by_index)))
    if indexes is not None:
        indexes = tuple(one for one in indexes if one not in by_index)
    tied = _tied(columns, value)
    checks = _checks(value)
    return DeclaredTable(name.rpartition(".")[2], tied, key or marked or None, unique, indexes, checks, pointer)


def _column(name: str, value: Any, pointer: Pointer) -> DeclaredColumn:
    if isinstance(value, str):
        return DeclaredColumn(name, value, None, None, pointer)
    given = value if isinstance(value, dict) else {}
    kind = next((given[one] for one in ("type", "data_type", "dataType", "sql_type") if given.get(one)), None)
    length = given.get("length", given.get("max_length", given.get("maxLength")))
    if isinstance(kind, str) and isinstance(length, int) and "(" not in kind:
        kind = f"{kind}({length})"
    target = given.get("references", given.get("foreign_key", given.get("foreignKey", given.get("fk"))))
    return DeclaredColumn(name, kind if isinstance(kind, str) else None, _nullable(given), _target(target), pointer)


def _nullable(given: Mapping[str, Any]) -> bool | None:
    for name, turned in (
        ("nullable", False),
        ("null", False),
        ("not_null", True),
        ("notNull", True),
        ("required", True),
    ):
        if isinstance(given.get(name), bool):
            return bool(given[name]) != turned
    return False if _flag(given, "primary_key", "primaryKey", "primary", "pk") else None


def _flag(given: Mapping[str, Any], *names: str) -> bool:
    return any(given.get(one) is True for one in names)


def _target(value: Any) -> tuple[str, str] | None:
    if isinstance(value, str) and (found := _TARGET.match(value.strip())):
        return found["table"], found["dotted"] or found["inside"] or ""
    if isinstance(value, dict) and isinstance(value.get("table"), str):
        column = value.get("column") or next(iter(_names(value.get("columns")) or ()), "")
        return value["table"].rpartition(".")[2], str(column)
    return None


def _tied(columns: dict[str, DeclaredColumn], value: Mapping[str, Any]) -> dict[str, DeclaredColumn]:
    """The columns with the references that the table lists apart from them."""
    listed = value.get("foreign_keys", value.get("foreignKeys"))
    for _, one, _ in _items(listed, ()):
        if not isinstance(one, dict):
            continue
        names = _names(one.get("columns", one.get("column"))) or ()
        target = _target(one.get("references", one.get("ref"))) or _target(one.get("referenced_table"))
        for name in names if len(names) == 1 and target else ():
            if name in columns:
                old = columns[name]
                columns[name] = DeclaredColumn(old.name, old.type, old.nullable, target, old.pointer)
    return columns


def _groups(value: Mapping[str, Any], *names: str) -> tuple[tuple[str, ...], ...] | None:
    """Lists of columns, whichever way they are written; None where the table does not speak of them."""
    name = next((one for one in names if isinstance(value.get(one), (list, dict))), None)
    if name is None:
        return None
    found = []
    for _, one, _ in _items(value[name], ()):
        columns = one.get("columns", one.get("fields", one.get("column"))) if isinstance(one, dict) else one
        columns = _names(columns)
        if columns:
            found.append(columns)
    return tuple(found)


def _checks(value: Mapping[str, Any]) -> tuple[str, ...] | None:
    listed = value.get("checks", value.get("check_constraints"))
    if not isinstance(listed, (list, dict)):
        return None
    return tuple(name for name, _, _ in _items(listed, ()) if name)


def _names(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and value:
        names = [one.get("name") if isinstance(one, dict) else one for one in value]
        return tuple(str(one) for one in names) if all(isinstance(one, str) for one in names) else None
    return None


def _list(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
