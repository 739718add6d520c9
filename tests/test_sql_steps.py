"""Migrations written as SQL, run on a throw-away server: none of them has more time than was given."""

from __future__ import annotations

from checker.probe import postgres
from checker.probe.inside.migration_steps.wire import Wire
from checker.probe.sql_steps import SqlStep, SqlSteps

LEFT = "select count(*) from pg_stat_activity where query like '%pg_sleep(30)' and state = 'active'"


def test_a_statement_without_end_is_ended_with_its_time() -> None:
    """`SET statement_timeout = 0` is how every dump begins."""
    up = [("SET statement_timeout = 0", 1), ("SELECT pg_sleep(30)", 2)]
    with postgres.running(postgres.find()) as server:
        said = SqlSteps(server, "clock", [SqlStep("1", up, None, traced=True)], (), seconds=1.0).run()
        with Wire(str(server.folder), "postgres") as wire:
            left = wire.ask("select pg_sleep(0.05); " + LEFT)
    assert [one["event"] for one in said] == ["start", "begin", "out_of_time", "bye"]
    assert left == [("0",)]
