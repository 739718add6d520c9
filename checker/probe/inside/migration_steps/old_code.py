"""The only place that says what the code of the base says to the database, and what of it the new schema refuses."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from . import rows

Try = Callable[[str], Optional[str]]  # runs one statement and undoes it; the error's text, or None
Spoken = Tuple[str, str, str]  # table, verb, SQL
FAR = 5000  # beyond the numbers that seeded rows have


def spoken(attempt: Try, now: rows.Schema, after: rows.Schema, models: Mapping[str, Sequence[str]]) -> List[Spoken]:
    """A SELECT and an INSERT for each table, with the columns that the old models have, as far as they work now.

    `models` is table to columns; empty where no models are known, and then all columns count.
    """
    found: List[Spoken] = []
    for table, columns in now.columns.items():
        known = models.get(table, models.get(table.rpartition(".")[2])) if models else list(columns)
        names = [name for name in columns if known is not None and name in known]
        if not names:
            continue
        quoted = ", ".join('"%s"' % name.replace('"', '""') for name in names)
        for verb, sql in (
            ("SELECT", "select %s from %s limit 1" % (quoted, rows.quoted(table))),
            ("INSERT", rows.insert(now, after, table, "benign", FAR, names)),
        ):
            if attempt(sql) is None:
                found.append((table, verb, sql))
    return found


def refused(attempt: Try, said: List[Spoken]) -> List[Dict[str, Any]]:
    """Those that the schema of now refuses, one a table: what is not there is said once."""
    found: Dict[str, Dict[str, Any]] = {}
    for table, verb, sql in said:
        why = attempt(sql) if table not in found else None
        if why is not None and "violates check constraint" not in why:  # the values are made up, not the old code's
            found[table] = {"table": table, "verb": verb, "sql": sql[:300], "why": why}
    return list(found.values())
