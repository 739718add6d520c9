"""The words for one type that a schema file, an ORM and PostgreSQL use."""

from __future__ import annotations

import re

_WORDS = {
    "uuid": "uuid|guid",
    "character varying": "varchar|character varying|string|nvarchar|varying",
    "character": "char|character|bpchar",
    "text": "text|string|longtext|mediumtext|clob",
    "smallint": "smallint|int2|smallserial|tinyint",
    "integer": "int|integer|int4|serial|number",
    "bigint": "bigint|int8|bigserial|long|biginteger|int|integer",
    "boolean": "bool|boolean",
    "numeric": "numeric|decimal|money|number",
    "real": "real|float4|float",
    "double precision": "double precision|double|float8|float|number",
    "timestamp with time zone": "timestamptz|timestamp with time zone|datetime|date-time|timestamp_tz|datetime with time zone",
    "timestamp without time zone": "timestamp|timestamp without time zone|datetime|date-time",
    "date": "date",
    "time without time zone": "time|time without time zone",
    "interval": "interval|duration",
    "jsonb": "jsonb|json|object",
    "json": "json|object",
    "bytea": "bytea|binary|blob|bytes",
    "inet": "inet|ip",
}
_NAMES = {name: frozenset(words.split("|")) for name, words in _WORDS.items()}
_PARTS = re.compile(
    r"^(?P<name>[a-z][a-z0-9_\- ]*?)\s*(?:\((?P<size>[\d,\s]+)\))?(?P<rest>[a-z ]*)(?P<array>(?:\[\d*\])*)$"
)


def same_type(said: str, made: str) -> bool | None:
    """Whether a declared type means the one that PostgreSQL shows. None where the declared word is not known.

    A size counts where both say one. `integer` for a bigint counts as another type, `int` does not.
    """
    one, other = (_PARTS.match(text.strip().lower()) for text in (said, made))
    if said.strip().lower() == made.strip().lower():
        return True
    if one is None or other is None:
        return None
    name, actual = (one["name"] + one["rest"]).strip(), (other["name"] + other["rest"]).strip()
    if bool(one["array"]) != bool(other["array"]):
        return False
    if name == "enum":
        return actual not in _NAMES or actual in ("character varying", "text")
    if not any(name in words for words in _NAMES.values()):
        return None
    if actual == "text" and not one["size"] and name in _NAMES["character varying"]:
        return True  # without a length they are one
    sizes = [re.sub(r"\s", "", found["size"] or "") for found in (one, other)]
    fits = name in _NAMES.get(actual, ()) and not (actual == "bigint" and name == "integer")
    return fits and (not all(sizes) or sizes[0] == sizes[1] or sizes[0] == sizes[1].removesuffix(",0"))
