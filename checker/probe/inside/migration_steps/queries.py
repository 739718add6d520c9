"""What is asked of the server about one statement: locks, files, scans, time limits."""

from __future__ import annotations

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
SETTINGS = "select current_setting('lock_timeout'), current_setting('statement_timeout')"
COUNTERS = (
    "select n.nspname||'.'||t.relname, a.attname, sn.nspname||'.'||s.relname from pg_class s"
    " join pg_namespace sn on sn.oid=s.relnamespace"
    " join pg_depend d on d.objid=s.oid and d.classid='pg_class'::regclass and d.refclassid='pg_class'::regclass"
    " and d.deptype in ('a','i') and d.refobjsubid > 0"
    " join pg_class t on t.oid=d.refobjid join pg_attribute a on a.attrelid=t.oid and a.attnum=d.refobjsubid"
    " join pg_namespace n on n.oid=t.relnamespace where s.relkind='S'"
)
