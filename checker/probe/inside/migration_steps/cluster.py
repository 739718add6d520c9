"""The only place that puts back what migrations change beside their database: roles and settings of the whole server."""

from __future__ import annotations

from typing import Any, Callable, List, Tuple

Ask = Callable[[str], List[Tuple[Any, ...]]]
ROLES = "select rolname from pg_roles where oid >= 16384 order by oid desc"
DATABASES = "select datname from pg_database where datname not in ('postgres', 'template0', 'template1')"
CHANGED = "select 1 from pg_file_settings where sourcefile like '%/postgresql.auto.conf' limit 1"
OWN = "select 1 from pg_db_role_setting where setdatabase = 0 limit 1"
ENDED = "select pg_terminate_backend(pid) from pg_stat_activity where starts_with(datname, '%s')"


def put_back(ask: Ask) -> None:
    """Make the server as it was started, for a database that is to begin empty; `ask` asks the database `postgres`.

    Roles go with the databases of before, in which they may own something. ServerError when one of them cannot be dropped.
    """
    roles = ask(ROLES)
    if roles:
        for (name,) in ask(DATABASES):
            ask("drop database %s with (force)" % _quoted(name))
        for (name,) in roles:
            ask("drop role %s" % _quoted(name))
    if ask(OWN):
        ask("alter role postgres reset all")
    if ask(CHANGED):
        ask("alter system reset all")
        ask("select pg_reload_conf()")


def _quoted(name: str) -> str:
    return '"%s"' % name.replace('"', '""')
