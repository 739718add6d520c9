"""The only place that tells from the name of a setting what it says about a database."""

from __future__ import annotations

import re
from typing import Literal

Part = Literal["url", "host", "port", "user", "password", "database"]
SCHEME = re.compile(r"\b((?:postgres(?:ql)?|sqlite|mysql|mariadb|oracle|mssql|mongodb)(?:\+\w+)?)://", re.IGNORECASE)
_ABOUT = {"DATABASE", "DB", "POSTGRES", "POSTGRESQL", "PG", "PSQL", "SQL", "SQLALCHEMY", "ALCHEMICAL"}
_OTHERS = {"REDIS", "MONGO", "MONGODB", "MYSQL", "MARIADB", "CLICKHOUSE", "VECTOR", "GRAPH", "NEO4J"}
_PARTS: dict[str, Part] = {
    **dict.fromkeys(("URL", "URI", "DSN"), "url"),
    **dict.fromkeys(("HOST", "HOSTNAME", "SERVER", "ADDR", "ADDRESS"), "host"),
    "PORT": "port",
    **dict.fromkeys(("USER", "USERNAME"), "user"),
    **dict.fromkeys(("PASSWORD", "PASS", "PASSWD", "PWD"), "password"),
    **dict.fromkeys(("NAME", "DBNAME", "DB", "DATABASE"), "database"),
}
_OF_LIBPQ: dict[str, Part] = {
    "PGHOST": "host",
    "PGPORT": "port",
    "PGUSER": "user",
    "PGPASSWORD": "password",
    "PGDATABASE": "database",
}


def part_of(name: str) -> Part | None:
    """What a setting holds: `POSTGRES_SERVER` a host, `DATABASE__DB` the name of a database; None where neither is told."""
    upper = name.upper()
    if upper in _OF_LIBPQ:
        return _OF_LIBPQ[upper]
    words = [word for word in upper.split("_") if word]
    if len(words) < 2 or not _ABOUT.intersection(words[:-1]) or _OTHERS.intersection(words):
        return None
    return _PARTS.get(words[-1])


def is_postgres(scheme: str) -> bool:
    """Whether the scheme of a URL means PostgreSQL, with whatever driver."""
    return scheme.lower().partition("+")[0] in ("postgres", "postgresql")
