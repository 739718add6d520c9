"""The only place that puts rows into a migrated schema, and tells whether they are still what they were."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any, Callable, Dict, List, Optional, Tuple

Ask = Callable[[str], List[Tuple[Any, ...]]]
Do = Callable[[str], Optional[str]]  # runs one statement in a savepoint; the error's text, or None
ROWS = 6
TRIES = (0, 20, 1000)  # a check may want grown-up numbers
_LITERALS = re.compile(r"'((?:[^']|'')*)'::")
_LENGTH = re.compile(r"\((\d+)")
_BY_TYPE = {
    "uuid": "md5({i}::text||'{name}')::uuid",
    "boolean": "{i}%2=0",
    "timestamp with time zone": "timestamptz '2024-01-01'+{i}*interval '1 day'",
    "timestamp without time zone": "timestamp '2024-01-01'+{i}*interval '1 day'",
    "date": "date '2024-01-01'+{i}",
    "time without time zone": "time '10:00'+{i}*interval '1 minute'",
    "interval": "{i}*interval '1 hour'",
    "jsonb": "jsonb_build_object('k',{i})",
    "json": "json_build_object('k',{i})",
    "bytea": "decode(md5({i}::text),'hex')",
    "inet": "'10.0.0.1'::inet+{i}",
}
_NUMBERS = ("integer", "bigint", "smallint", "numeric", "double precision", "real")
_TEXTS = ("character varying", "character", "text", "citext")


class Schema:
    """What seeding needs to know of a picture: columns, references, checks and uniqueness by table."""

    def __init__(self, picture: str) -> None:
        read = json.loads(picture)
        self.tables = [one["name"] for one in read["table"] or () if one["kind"] in ("r", "p") and not one["parent"]]
        self.columns: Dict[str, Dict[str, Dict[str, Any]]] = {table: {} for table in self.tables}
        for one in read["column"] or ():
            table, _, name = one["name"].rpartition(".")
            if table in self.columns:
                self.columns[table][name] = one
        self.constraints = [one for one in read["constraint"] or () if one["table"] in self.columns]
        self.enums = {one["name"]: one["labels"] for one in read["type"] or () if one["labels"]}
        self.unique = {
            (one["table"], column)
            for one in read["index"] or ()
            if one["unique"] and len(one["columns"] or ()) == 1
            for column in one["columns"]
        }

    def labels(self, type_name: str) -> List[str]:
        return self.enums.get(type_name) or self.enums.get("public." + type_name.strip('"')) or []

    def references(self, table: str) -> Dict[str, Tuple[str, str]]:
        """Column to the table and column that it refers to."""
        found = {}
        for one in self.constraints:
            if one["table"] == table and one["kind"] == "f":
                to = re.search(r"REFERENCES [^(]*\(([^)]*)\)", one["definition"])
                for column, target in zip(one["columns"], to[1].split(", ") if to else ()):
                    found[column] = (one["target"], target.strip('"'))
        return found

    def allowed(self, table: str, column: str) -> List[str]:
        """The texts that a check lets through, where it lists them."""
        for one in self.constraints:
            if one["table"] == table and one["kind"] == "c" and one["columns"] == [column]:
                found = _LITERALS.findall(one["definition"])
                if found and ("ANY" in one["definition"] or " = " in one["definition"]):
                    return list(dict.fromkeys(found))
        return []

    def in_order(self) -> List[str]:
        """Tables after those that they refer to."""
        waits = {table: {to for to, _ in self.references(table).values()} - {table} for table in self.tables}
        order: List[str] = []
        while waits:
            free = [table for table in waits if not waits[table] - set(order)] or [sorted(waits)[0]]
            order += free
            for table in free:
                del waits[table]
        return order


def seed(ask: Ask, do: Do, now: Schema, after: Optional[Schema], kind: str) -> Tuple[List[str], List[List[str]]]:
    """Fill the empty tables: `benign` rows agree with the schema that comes next, `adversarial` ones are merely legal.

    The tables that were filled, and those that could not be with the reason.
    """
    filled, refused = [], []
    for table in now.in_order():
        if ask("select 1 from %s limit 1" % quoted(table)):
            continue
        why: Optional[str] = ""
        kinds = [kind] if kind == "benign" else [kind, "benign"]
        for how, start, defaults in itertools.product(kinds, TRIES, (True, False)):
            why = do(insert(now, after, table, how, start, defaults=defaults))
            if why is None:
                break
        if why is None:
            filled.append(table)
        else:
            refused.append([table, why])
    return filled, refused


def quoted(name: str) -> str:
    return ".".join('"%s"' % part.replace('"', '""') for part in name.split(".", 1))


def insert(
    now: Schema,
    after: Optional[Schema],
    table: str,
    kind: str,
    start: int,
    only: Optional[List[str]] = None,
    defaults: bool = False,
) -> str:
    """The statement that fills a table; `only` are the columns that it may speak of, None for all.

    `defaults` says whether columns with a default get other values, too, in every second row.
    """
    names, values = [], []
    for name, column in now.columns[table].items():
        if only is not None and name not in only:
            continue
        usual = column["default"]
        counts = usual is not None and "nextval(" in usual
        if column["generated"] or column["identity"] or counts or (usual is not None and not defaults):
            continue
        value = _value(now, after, table, name, kind, start)
        if usual is not None and value == "null":
            continue
        if usual is not None and (table, name) not in now.unique and name not in now.references(table):
            value = "case when i%%2=0 then %s else %s end" % (value, usual)
        names.append('"%s"' % name.replace('"', '""'))
        values.append(value)
    if not names:
        return "insert into %s select from generate_series(1,%d)" % (quoted(table), ROWS)
    into = "%s(%s)" % (quoted(table), ",".join(names))
    return "insert into %s select %s from generate_series(1,%d) i" % (into, ",".join(values), ROWS)


def _value(now: Schema, after: Optional[Schema], table: str, name: str, kind: str, start: int) -> str:
    column = now.columns[table][name]
    later = after.columns.get(table, {}).get(name) if after and kind == "benign" else None
    references = dict(now.references(table))
    if after and kind == "benign":
        references.update({key: to for key, to in after.references(table).items() if to[0] in now.columns})
    must = column["not_null"] or (later is not None and later["not_null"])
    if name in references:
        return _reference(references[name], table, must)
    value = _of_type(now, after if later else None, table, name, kind, start)
    if must or kind == "adversarial" and (table, name) in now.unique:
        return value
    return "case when i%%%d=0 then null else %s end" % (3 if kind == "benign" else 2, value)


def _reference(to: Tuple[str, str], table: str, must: bool) -> str:
    target, column = to
    if target == table:
        return "null"
    chosen = '(select "%s" from %s order by 1 offset (i-1)%%%d limit 1)' % (column, quoted(target), ROWS)
    return chosen if must else "case when i%%3=0 then null else %s end" % chosen


def _of_type(now: Schema, after: Optional[Schema], table: str, name: str, kind: str, start: int) -> str:
    column = now.columns[table][name]
    type_name = str(column["type"])
    base = type_name.split("(")[0]
    later = str(after.columns[table][name]["type"]) if after else type_name
    allowed = now.allowed(table, name) or (after.allowed(table, name) if after else [])
    labels = now.labels(type_name) or (after.labels(later) if after else [])
    if labels or allowed:
        return "(array[%s])[1+i%%%d]::%s" % (
            ",".join("'%s'" % one.replace("'", "''") for one in labels or allowed),
            len(labels or allowed),
            type_name,
        )
    number = "(%d+i)" % start
    if base in _NUMBERS:
        return number if kind == "benign" or start else ("-i" if (table, name) in now.unique else "-7")
    if base in _TEXTS:
        return _text(type_name, later, name, kind, number, (table, name) in now.unique)
    if base in _BY_TYPE:
        same = kind == "adversarial" and base.startswith(("timestamp", "date"))
        return _BY_TYPE[base].format(
            i="1" if same and (table, name) not in now.unique else number, name=name.replace("'", "")
        )
    if type_name.endswith("[]"):
        return "'{}'::" + type_name
    return "null"


def _text(type_name: str, later: str, name: str, kind: str, number: str, unique: bool) -> str:
    limits = [int(found[1]) for one in (type_name, later) if (found := _LENGTH.search(one))]
    limit = min(limits) if limits else 60
    if later.split("(")[0] in _NUMBERS:
        return "%s::text" % number
    if later.split("(")[0] in _BY_TYPE:
        return "(%s)::text" % _BY_TYPE[later.split("(")[0]].format(i=number, name=name)
    if kind == "adversarial":
        longest = int(found[1]) if (found := _LENGTH.search(type_name)) else 300
        if unique:
            return "left(i::text||repeat('ü',%d),%d)" % (longest, longest)
        return "repeat('ü',%d)" % longest
    return "left(%s::text||' %s',%d)" % (number, name.replace("'", ""), limit)


def digests(ask: Ask, schema: Schema) -> Dict[str, Dict[str, Any]]:
    """For each table its count of rows, and for each column what its values are together: alone, and by primary key."""
    keys = {
        one["table"]: one["columns"] for one in schema.constraints if one["kind"] == "p" and one["columns"] is not None
    }
    found: Dict[str, Dict[str, Any]] = {}
    for table, columns in schema.columns.items():
        key = keys.get(table) or []
        by = "||'|'||".join('"%s"::text' % one for one in key) or "''"
        parts = ["count(*)"]
        for name in columns:
            text = 'coalesce("%s"::text,chr(1))' % name
            parts.append("md5(string_agg(%s,chr(2) order by %s))" % (text, text))
            parts.append("md5(string_agg(%s||chr(3)||%s,chr(2) order by %s,%s))" % (by, text, by, text))
            parts.append('left((array_agg("%s"::text order by %s))[1],60)' % (name, by))
        (row,) = ask("select %s from %s" % (",".join(parts), quoted(table)))
        values = {
            name: {"alone": row[1 + 3 * at], "keyed": row[2 + 3 * at], "first": row[3 + 3 * at], "key": key}
            for at, name in enumerate(columns)
        }
        found[table] = {"rows": int(row[0]), "columns": values}
    return found


def changes(
    before: Dict[str, Dict[str, Any]], after: Dict[str, Dict[str, Any]], tables: List[str]
) -> List[Dict[str, Any]]:
    """What became of the seeded rows: tables or columns that are gone, counts and values that differ."""
    found = []
    for table in tables:
        was, now = before.get(table), after.get(table)
        if was is None or not was["rows"]:
            continue
        if now is None or now["rows"] < was["rows"]:
            left = None if now is None else now["rows"]
            found.append(
                {"table": table, "column": None, "before": str(was["rows"]), "after": left, "rows": was["rows"]}
            )
            if now is None:
                continue
        for name, value in was["columns"].items():
            other = now["columns"].get(name)
            keyed = other is not None and other["key"] == value["key"]
            same = other is not None and (
                other["keyed"] == value["keyed"] if keyed else other["alone"] == value["alone"]
            )
            if not same and now["rows"] >= was["rows"]:
                gone = other is None
                found.append(
                    {
                        "table": table,
                        "column": name,
                        "gone": gone,
                        "before": value["first"],
                        "after": None if other is None else other["first"],
                        "rows": was["rows"],
                    }
                )
    return found
