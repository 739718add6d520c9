with class as materialized (select oid, relname, relnamespace, relkind, xmin::text::int8 as x from pg_class where oid >= 16384),
part(owner, kind, versions) as (
select oid, '', relkind::text||','||x from class where relkind in ('r','p','v','m','f')
union all select attrelid, 'a', sum(xmin::text::int8)::text from pg_attribute where attrelid >= 16384 and attnum > 0 group by 1
union all select adrelid, 'd', count(*)||','||sum(oid::int8)||','||sum(xmin::text::int8) from pg_attrdef group by 1
union all select i.indrelid, 'i', count(*)||','||sum(i.indexrelid::int8)||','||sum(i.xmin::text::int8+k.xmin::text::int8)||','||sum(i.indisvalid::int) from pg_index i join pg_class k on k.oid=i.indexrelid where i.indrelid >= 16384 group by 1
union all select conrelid, 'c', count(*)||','||sum(oid::int8)||','||sum(xmin::text::int8)||coalesce(','||string_agg(confrelid::text, ' ' order by confrelid) filter (where contype='f'), '') from pg_constraint where conrelid >= 16384 group by 1
union all select inhrelid, 'h', count(*)||','||sum(inhparent::int8)||','||sum(xmin::text::int8) from pg_inherits where inhrelid >= 16384 group by 1
union all select tgrelid, 't', count(*)||','||sum(oid::int8)||','||sum(xmin::text::int8) from pg_trigger group by 1
union all select polrelid, 'p', count(*)||','||sum(oid::int8)||','||sum(xmin::text::int8) from pg_policy group by 1
union all select ev_class, 'r', count(*)||','||sum(oid::int8)||','||sum(xmin::text::int8) from pg_rewrite where ev_class >= 16384 group by 1
union all select objoid, 's', count(*)||','||sum(objsubid)||','||sum(xmin::text::int8) from pg_description where objoid >= 16384 and classoid='pg_class'::regclass group by 1
union all select stxrelid, 'x', count(*)||','||sum(oid::int8)||','||sum(xmin::text::int8) from pg_statistic_ext group by 1)
select 'table', c.oid, c.relnamespace||'.'||c.relname, p.versions, p.leans, p.refers
from class c join (select owner, string_agg(kind||versions, ';' order by kind) as versions, bool_or(kind in ('p','r')) as leans, max(case when kind='c' then split_part(versions,',',4) end) as refers from part group by 1) p on p.owner=c.oid
where c.relkind in ('r','p','v','m','f') and c.relname <> VERSION_TABLE
union all select 'sequence', c.oid, c.relnamespace||'.'||c.relname, c.x||','||(select s.xmin from pg_sequence s where s.seqrelid=c.oid), false, '' from class c where c.relkind='S'
union all select 'type', t.oid, t.typnamespace||'.'||t.typname, t.xmin::text||','||coalesce((select c.xmin::text||(select sum(a.xmin::text::int8) from pg_attribute a where a.attrelid=c.oid) from pg_class c where c.oid=t.typrelid and c.relkind='c'),'')||','||coalesce((select count(*)||','||sum(e.xmin::text::int8) from pg_enum e where e.enumtypid=t.oid),'')||','||coalesce((select count(*)||','||sum(k.oid::int8)||','||sum(k.xmin::text::int8) from pg_constraint k where k.contypid=t.oid),''), false, '' from pg_type t where t.oid >= 16384 and (t.typtype in ('e','d','r') or exists (select from pg_class c where c.oid=t.typrelid and c.relkind='c')) and not exists (select from pg_depend e where e.classid='pg_type'::regclass and e.objid=t.oid and e.deptype='e')
union all select 'function', oid, pronamespace||'.'||proname, xmin::text, false, '' from pg_proc where oid >= 16384 and not exists (select from pg_depend e where e.classid='pg_proc'::regclass and e.objid=pg_proc.oid and e.deptype='e')
union all select 'schema', oid, nspname, xmin::text, false, '' from pg_namespace where oid >= 16384 or nspname='public'
union all select 'comment', 0, '', count(*)||','||coalesce(sum(objoid::int8+objsubid),0)||','||coalesce(sum(xmin::text::int8),0), false, '' from pg_description where objoid >= 16384 and (classoid<>'pg_class'::regclass or objoid in (select oid from class where relkind in ('i','I','S')))
union all select 'member', 0, '', count(*)||','||coalesce(sum(objid::int8),0), false, '' from pg_depend where deptype='e' and refclassid='pg_extension'::regclass
union all select 'extension', oid, extname, xmin::text, false, '' from pg_extension
union all select 'publication', oid, pubname, xmin::text, false, '' from pg_publication
union all select 'event trigger', oid, evtname, xmin::text, false, '' from pg_event_trigger
union all select 'role', oid, rolname, xmin::text, false, '' from pg_authid where oid >= 16384
union all select 'operator', oid, oprname, xmin::text, false, '' from pg_operator where oid >= 16384 and not exists (select from pg_depend e where e.classid='pg_operator'::regclass and e.objid=pg_operator.oid and e.deptype='e')
union all select 'collation', oid, collname, xmin::text, false, '' from pg_collation where oid >= 16384
union all select 'operator class', oid, opcname, xmin::text, false, '' from pg_opclass where oid >= 16384 and not exists (select from pg_depend e where e.classid='pg_opclass'::regclass and e.objid=pg_opclass.oid and e.deptype='e')
union all select 'default grants', oid, defaclobjtype::text, xmin::text, false, '' from pg_default_acl
