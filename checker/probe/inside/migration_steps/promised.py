"""The only place that asks a migrated database for what was promised of it: the VERIFY queries, the counters of its tables."""

from __future__ import annotations

from typing import Callable, Iterable

from . import rows
from .queries import COUNTERS, NUMBER, is_number
from .session import Step


def verify(step: Step, say: Callable[..., None], revision: str, queries: Iterable[str]) -> None:
    """The migration's own queries on its success, in a transaction that can only read."""
    for query in queries:
        try:
            step.execute("set transaction read only")
            said = step.ask(query)
            held = not said or (len(said) == 1 and len(said[0]) == 1 and str(said[0][0]) in ("True", "t", "true"))
            if is_number(said):
                say("note", text=NUMBER % revision)
            else:
                say("verified", revision=revision, query=query, held=held, said=str(said[:2])[:200])
        except Exception as refused:
            say("verified", revision=revision, query=query, held=False, said=str(refused)[:200])
        step.settle()


def counters(step: Step, say: Callable[..., None]) -> None:
    """Counters that stand behind the rows that the migrations themselves have put in."""
    for table, column, sequence in step.ask(COUNTERS):
        query = 'select max("%s"), (select case when is_called then last_value else last_value-1 end from %s) from %s'
        ((most, last),) = step.ask(query % (column, rows.quoted(sequence), rows.quoted(table)))
        if most is not None and most > last:
            say("behind", table=table, column=column, most=most, last=last)
    step.settle()
