"""The only place that asks the base revision's own `env.py` which tables and columns its models have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from checker.model.unavailable import Unavailable
from checker.probe import alembic
from checker.probe.alembic import Order
from checker.probe.git import Git
from checker.probe.keeping import Server
from checker.probe.scratch_copy import base_copy

MOST_SECONDS = 20.0


def base_models(git: Git, base: str, order: Order, server: Server) -> Mapping[str, Sequence[str]]:
    """Table to columns, as the code of the base declares them; nothing where it declares none or cannot be asked."""
    try:
        with base_copy(git, base) as copy:
            seconds = min(order.seconds, MOST_SECONDS)
            asked = replace(
                order, root=copy, declare=True, seconds=seconds, traced=(), verify={}, database=f"{order.database}_base"
            )
            heard = alembic.drive(asked, server)
    except Unavailable:
        return {}
    found = heard.of("declared")
    return found[-1]["tables"] if found else {}
