"""Pictures of a schema by what was touched: after every kind of change the same text as one that is taken whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from checker.probe import keeping, postgres
from checker.probe.inside.migration_steps import snapshot
from checker.probe.inside.migration_steps.wire import ServerError, Wire

TABLES = """
create type mood as enum ('calm', 'loud');
create table team (id uuid primary key, name text not null default 'none');
create table person (id serial primary key, team_id uuid references team(id), mood mood, age int check (age >= 0));
create table loose (id int primary key, of int);
create view elders as select id, age from person where age > 60;
create function two() returns int language sql immutable as 'select 2';
create index person_age on person (age) where age > 1;
comment on table team is 'who';
create schema beside;
create table beside_rows (id int primary key, name text);
create function listed() returns bigint language sql begin atomic select count(*) from loose; end;
"""
CHANGES = """
alter table team add column size int default two()
alter table team rename column name to title
alter table person rename to people
alter view elders rename column age to years
alter type mood add value 'sad' before 'loud'
alter type mood rename to temper
alter type temper rename value 'calm' to 'still'
create table beside.team (id int primary key)
drop table beside.team
create index concurrently people_team on people (team_id)
alter index people_team rename to people_of_team
comment on index people_of_team is 'why'
comment on index people_of_team is null
comment on column people.age is 'years'
comment on table team is null
alter table people drop constraint person_age_check
alter table people add constraint old check (age < 200) not valid
alter table people validate constraint old
alter table people rename constraint old to oldest
comment on constraint oldest on people is 'limit'
drop index people_of_team
alter table team alter column title drop default
alter table team alter column title set default 'x'
alter table team alter column title type varchar(40)
alter table team alter column title drop not null
alter table loose rename column of to at
create policy own on loose using (exists (select from team where team.title = 'x'))
alter table team rename column title to label
alter table loose enable row level security
create function touch() returns trigger language plpgsql as 'begin return new; end'
create trigger touched before update on team for each row execute function touch()
alter table team disable trigger touched
create type address as (street text)
alter type address add attribute town text
alter type address rename attribute town to city
grant select (name) on beside_rows to public
revoke select (name) on beside_rows from public
grant execute on function two() to public
revoke execute on function two() from public
alter default privileges in schema public grant select on tables to public
alter default privileges in schema public revoke select on tables from public
alter function two() rename to deux
create or replace function deux() returns int language sql immutable as 'select 1 + 1'
create or replace function deux() returns int language sql immutable as 'select 2'
alter sequence person_id_seq rename to people_ids
alter sequence people_ids increment by 5
create rule quiet as on delete to loose do instead nothing
drop rule quiet on loose
create statistics pairs on id, at from loose
alter table people alter column team_id set not null
alter table team set (fillfactor = 70)
alter table loose replica identity full
create domain positive as int check (value > 0)
alter domain positive drop constraint positive_check
create table parted (id int, at date) partition by range (at)
create table parted_1 partition of parted for values from ('2024-01-01') to ('2025-01-01')
alter table parted detach partition parted_1
create table heir () inherits (loose)
alter table heir no inherit loose
create materialized view counted as select count(*) as n from people
alter table people rename to persons
alter schema beside rename to aside
alter table loose set schema aside
alter table aside.loose set schema public
grant select on team to public
grant usage on schema aside to public
create publication news for table team
alter publication news set (publish = 'insert')
create extension if not exists plpgsql
create event trigger seen on ddl_command_end execute function pg_catalog.pg_notify()
drop type temper cascade
drop table team cascade
drop view elders
drop table persons cascade
update pg_index set indisvalid = false where indexrelid = 'loose_pkey'::regclass
"""


@pytest.fixture(scope="module")
def server() -> Iterator[keeping.Server]:
    with postgres.running(postgres.find()) as found:
        yield found


def test_a_picture_of_what_was_touched_is_the_picture_of_the_whole(server: keeping.Server) -> None:
    with Wire(str(server.folder), "postgres") as wire:
        wire.ask("create database pictured template template0")
    changed = 0
    with Wire(str(server.folder), "pictured") as wire, closing(snapshot.Camera(str(server.folder))) as camera:
        wire.ask(TABLES)
        last = camera.picture("pictured", "alembic_version")
        for change in CHANGES.strip().splitlines():
            refused = _refused(wire, change)
            assert (refused == "") != ("event trigger" in change), (change, refused)
            now = camera.picture("pictured", "alembic_version")
            assert now == snapshot.whole(wire.ask, "alembic_version"), change
            changed += now != last
            last = now
    assert changed >= len(CHANGES.strip().splitlines()) - 4


def _refused(wire: Wire, sql: str) -> str:
    try:
        wire.ask(sql)
    except ServerError as refused:
        return str(refused)
    return ""


def test_only_what_changed_is_asked_for_again(server: keeping.Server) -> None:
    """A column more is one table; a new name of a table is everything, since references and views say it, too."""
    with Wire(str(server.folder), "postgres") as wire:
        wire.ask("create database marked template template0")
    with Wire(str(server.folder), "marked") as wire:
        wire.ask(TABLES)
        marks = "".join(part for name, part in snapshot.queries("alembic_version").items() if name == "marks")
        before = snapshot.marked(wire.ask(marks))
        listed = wire.ask("select relname, oid from pg_class where relkind in ('r', 'v')")
        oids = {str(name): str(oid) for name, oid in listed}
        wire.ask("alter table team add column size int")
        after = snapshot.marked(wire.ask(marks))
        assert snapshot.changed(before, after) == {oids["team"], oids["person"], oids["elders"]}
        wire.ask("alter table team rename to teams")
        assert snapshot.changed(after, snapshot.marked(wire.ask(marks))) is None
        assert snapshot.changed(after, after) == set()
