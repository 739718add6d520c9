"""What is asked of the server about one statement: locks, files, scans, time limits."""

from __future__ import annotations

import re
from typing import Any, Iterable, List, Mapping, Sequence

OURS = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"
TABLES = (
    "select n.nspname||'.'||c.relname from pg_class c join pg_namespace n on n.oid=c.relnamespace where c.relkind in ('r','p','m') and "
    + OURS
)
LOCKS = (
    "select n.nspname||'.'||c.relname, l.mode from pg_locks l join pg_class c on c.oid=l.relation"
    " join pg_namespace n on n.oid=c.relnamespace where l.pid=pg_backend_pid() and l.locktype='relation'"
    " and l.granted and l.mode <> 'AccessShareLock' and c.relkind in ('r','p','m') and " + OURS
)
FILES = (
    "select n.nspname||'.'||c.relname, pg_relation_filenode(c.oid) from pg_class c join pg_namespace n on n.oid=c.relnamespace where c.relkind in ('r','m') and "
    + OURS
)
SCANS = "select schemaname||'.'||relname, seq_tup_read, n_tup_upd+n_tup_del from pg_stat_xact_user_tables where seq_tup_read+n_tup_upd+n_tup_del>0"
SETTINGS = (
    "select current_setting('lock_timeout'), current_setting('statement_timeout'), txid_current_if_assigned()::text"
)
MILD = ("AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "AccessExclusiveLock")
ALONE = re.compile(  # what no transaction may hold, or what is about transactions
    r"(?i)\bconcurrently\b|^\s*(?:vacuum|begin|start|commit|end|rollback|abort|savepoint|release|set|reset|cluster|call|do|analyze)\b"
    r"|\b(?:create|drop|alter)\s+(?:database|tablespace|system|subscription)\b|\badd\s+value\b|\breindex\s+(?:database|system|schema)\b"
)
NUMBER = "the VERIFY query of %s answers a number, which says neither yes nor no"
COUNTERS = (
    "select n.nspname||'.'||t.relname, a.attname, sn.nspname||'.'||s.relname from pg_class s"
    " join pg_namespace sn on sn.oid=s.relnamespace"
    " join pg_depend d on d.objid=s.oid and d.classid='pg_class'::regclass and d.refclassid='pg_class'::regclass"
    " and d.deptype in ('a','i') and d.refobjsubid > 0"
    " join pg_class t on t.oid=d.refobjid join pg_attribute a on a.attrelid=t.oid and a.attnum=d.refobjsubid"
    " join pg_namespace n on n.oid=t.relnamespace where s.relkind='S'"
)


def written_rows(before: Mapping[str, Any], after: Mapping[str, Any], tables: Iterable[str]) -> List[List[Any]]:
    """Tables among these, and how many of their rows were changed or taken away between two looks."""
    counts = ((table, int(after[table]) - int(before.get(table, 0))) for table in tables if table in after)
    return sorted([table, count] for table, count in counts if count > 0)


def is_number(said: Sequence[Sequence[Any]]) -> bool:
    """Whether an answer is one number, which is no yes and no no: a count of bad rows is right when it is 0, one of good rows is not."""
    cell = said[0][0] if len(said) == 1 and len(said[0]) == 1 else None
    return not isinstance(cell, bool) and re.match(r"-?\d+(?:\.\d+)?$", str(cell)) is not None
