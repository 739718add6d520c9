"""The only place that looks at the databases which a driven history has left, and says which migrations are in them."""

from __future__ import annotations

from checker.probe.inside.migration_steps.wire import ServerError, Wire
from checker.probe.keeping import Server

_DATABASES = "select datname from pg_database where starts_with(datname, '{}_')"
_KEPT = "select oid::regclass from pg_class where relname = '{}' and relkind = 'r'"
_PLACE = "select version_num from {}"  # its name as the server itself writes it
_COLUMNS = (
    "select n.nspname||'.'||c.relname||'.'||a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid"
    " join pg_namespace n on n.oid = c.relnamespace where c.oid >= 16384 and c.relkind in ('r', 'p') and a.attnum > 0"
    " and not a.attisdropped and n.nspname !~ '^pg_'"
)


def left_at(server: Server, database: str, version_table: str) -> list[tuple[frozenset[str], frozenset[str]]]:
    """For each database whose name begins so: what Alembic's table says of its place, and the columns that there are.

    Nothing for one that cannot be asked.
    """
    found = []
    try:
        with Wire(str(server.folder), "postgres") as wire:
            names = [str(row[0]) for row in wire.ask(_DATABASES.format(database))]
        for name in names:
            with Wire(str(server.folder), name) as wire:
                for (table,) in wire.ask(_KEPT.format(version_table.replace("'", "''"))):
                    placed = wire.ask(_PLACE.format(table))
                    versions = frozenset(str(row[0]) for row in placed)
                    found.append((versions, frozenset(str(row[0]) for row in wire.ask(_COLUMNS))))
    except (OSError, ServerError):
        return found
    return found
