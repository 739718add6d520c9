"""The only place that looks at what one statement of a SQL migration did: locks, files, scans, rows."""

from __future__ import annotations

from typing import Any

from checker.probe.inside.migration_steps.queries import FILES, LOCKS, MILD, SCANS, SETTINGS, written_rows
from checker.probe.inside.migration_steps.wire import Wire


def traced(
    wire: Wire, sql: str, old: set[str], last: dict[str, Any] | None, *, alone: bool
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What a statement did; `last` is how things stood after the one before it, None where that is not known.

    One that is `alone` has no transaction around it: it gets one, or its locks would be gone before anybody could look.
    """
    was = last or _look(wire)
    if alone:
        wire.ask("begin")
    wire.ask(sql)
    now = _look(wire)
    if alone:
        wire.ask("commit")
    seen = {
        "rows": wire.touched,
        "locks": sorted([table, mode] for table, mode in now["locks"] - was["locks"] if table in old),
        "held": sorted(table for table, mode in was["locks"] if mode == "AccessExclusiveLock" and table in old),
        "kept": sorted([table, mode] for table, mode in was["locks"] if mode not in MILD and table in old),
        "wrote": written_rows(was["writes"], now["writes"], old),
        "transaction": now["transaction"],
        "rewritten": sorted(
            one for one, node in now["files"].items() if one in old and was["files"].get(one, node) != node
        ),
        "scanned": sorted(
            one for one, read in now["scans"].items() if one in old and int(read) > int(was["scans"].get(one, 0))
        ),
        "timeouts": list(now["timeouts"]),
    }
    return seen, None if alone else now


def _look(wire: Wire) -> dict[str, Any]:
    touched = wire.touched
    scans, settings = wire.ask(SCANS), wire.ask(SETTINGS)[0]
    found = {
        "locks": {(row[0], row[1]) for row in wire.ask(LOCKS)},
        "files": {row[0]: row[1] for row in wire.ask(FILES)},
        "scans": {row[0]: row[1] for row in scans},
        "writes": {row[0]: row[2] for row in scans},
        "timeouts": settings[:2],
        "transaction": settings[2],
    }
    wire.touched = touched
    return found
