"""Whether a changed type of a column holds every value that the old one held."""

from __future__ import annotations

import re

_PREFIX = re.compile(r"\b(?:sa|sqlalchemy|postgresql|pg|mysql|sqltypes|types|dialects)\.")
_NUMBERS = re.compile(r"\d+")
_NAMES = {
    "string": "varchar",
    "unicode": "varchar",
    "character varying": "varchar",
    "char varying": "varchar",
    "character": "char",
    "unicodetext": "text",
    "datetime": "timestamp",
    "timestamptz": "timestamp",
    "timestamp with time zone": "timestamp",
    "timestamp without time zone": "timestamp",
    "decimal": "numeric",
    "integer": "int4",
    "int": "int4",
    "biginteger": "int8",
    "bigint": "int8",
    "smallinteger": "int2",
    "smallint": "int2",
    "float": "float8",
    "double": "float8",
    "double_precision": "float8",
    "double precision": "float8",
    "real": "float4",
    "bool": "boolean",
}
_WIDER = frozenset(
    {("int2", "int4"), ("int2", "int8"), ("int4", "int8"), ("float4", "float8"), ("varchar", "text"), ("char", "text")}
    | {("char", "varchar"), ("int2", "numeric"), ("int4", "numeric"), ("int8", "numeric")}
)
_SIZED = frozenset({"varchar", "char", "text", "bit", "varbit", "largebinary"})


def widens(old: str | None, new: str | None) -> bool:
    """Whether every value of the old type is one of the new: `VARCHAR(length=20)` to `Text()` is, `NUMERIC(12, 2)` to
    `Numeric(4, 0)` is not. Types as they are written; what was written for neither is not known to widen."""
    if old is None or new is None:
        return False
    was, now = _plain(old), _plain(new)
    if was == now:
        return True
    name, other = _name(was), _name(now)
    if name != other and (name, other) not in _WIDER:
        return False
    if name in _SIZED:
        return _longer(was, now)
    if other == "timestamp":
        return not (_zoned(was) and not _zoned(now))
    if other == "numeric":
        return _finer(name, was, now)
    if other == "enum":
        return set(_labels(old)) <= set(_labels(new))
    return "array" not in other or was.partition("(")[2] == now.partition("(")[2] or _inner(was, now)


def _plain(text: str) -> str:
    return " ".join(_PREFIX.sub("", text).lower().split())


def _name(text: str) -> str:
    bare = text.split("(", maxsplit=1)[0].strip()
    return _NAMES.get(bare, bare)


def _longer(was: str, now: str) -> bool:
    before, after = _NUMBERS.search(was.partition("(")[2]), _NUMBERS.search(now.partition("(")[2])
    return after is None or (before is not None and int(before[0]) <= int(after[0]))


def _zoned(text: str) -> bool:
    return "timezone=true" in text or "timestamptz" in text or "with time zone" in text


def _finer(name: str, was: str, now: str) -> bool:
    """Whether there is room for as many digits before the point and after it."""
    after = [int(one) for one in _NUMBERS.findall(now.partition("(")[2])]
    if not after:
        return True
    digits = {"int2": [5], "int4": [10], "int8": [19]}.get(name)
    before = digits or [int(one) for one in _NUMBERS.findall(was.partition("(")[2])]
    if not before:
        return False
    (most, scale), (room, finer) = ((*one, 0)[:2] for one in (before, after))
    return most - scale <= room - finer and scale <= finer


def _labels(text: str) -> list[str]:
    return re.findall(r"'([^']*)'", text.partition("name=")[0])


def _inner(was: str, now: str) -> bool:
    before, after = (re.search(r"array\((.*)\)$", one) for one in (was, now))
    return before is not None and after is not None and widens(before[1], after[1])
