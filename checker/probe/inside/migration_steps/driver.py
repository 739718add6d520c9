"""Entry of the process that drives a project's migrations: reads what is asked, and says what happened."""

from __future__ import annotations

import gc
import itertools
import json
import os
import sys
from typing import Any, Dict

from .speak import Speaker

COLLECT_AFTER = 100_000  # objects; loading a long history makes many, and hardly one of them is garbage
PATIENCE = 4  # nice(2); more would starve it where the machine is busy with other things
STATEMENT_TIMEOUT = "55s"  # told apart from whatever the project sets itself


def main() -> None:
    """Arguments: one JSON object; see `checker.probe.alembic`."""
    gc.set_threshold(COLLECT_AFTER)
    yield_to_others()
    asked = json.loads(sys.argv[1])
    del sys.argv[1:]
    sys.argv[0] = "alembic"
    say = Speaker(int(asked["descriptor"]))
    sys.path += [os.getcwd(), *asked.get("beside", ())]
    try:
        _drive(asked, say)
    except BaseException as raised:
        from .session import Failed, error, missing

        cause = raised.raised if isinstance(raised, Failed) else raised
        kind = "out_of_time" if type(cause).__name__ == "OutOfTime" else "broke"
        say(kind, error=error(cause, None), missing=missing(cause))
    say("bye")


def yield_to_others() -> None:
    """Have what the rehearsal of the app leaves of the processor, for which there is more to wait."""
    try:
        os.nice(PATIENCE)
        with open(
            "/proc/self/autogroup", "w"
        ) as share:  # where sessions share (sched(7)), niceness counts in each alone
            share.write(str(PATIENCE))
    except OSError:
        pass


def _drive(asked: Dict[str, Any], say: Speaker) -> None:
    import alembic
    import sqlalchemy

    from .declare import declare
    from .guard import Guard
    from .passes import Passes, ends
    from .session import Failed, Session

    guard = Guard(asked, say)
    guard.install()
    session = Session(asked, guard, say)
    heads, bases = ends(session.scripts)
    revisions = [
        [one.revision, os.path.relpath(os.path.realpath(one.path), os.path.realpath(asked["root"]))]
        for one in session.scripts.walk_revisions()
    ]
    versions = {"alembic": alembic.__version__, "sqlalchemy": sqlalchemy.__version__, "python": sys.version.split()[0]}
    say("hello", versions=versions, heads=heads, bases=bases, revisions=revisions)
    if asked.get("declare"):
        declare(session, say, _databases(asked, session)())
        return
    passes = Passes(session, say, _databases(asked, session), asked)
    try:
        passes.run()
    except Failed as failed:
        raise failed.raised from None
    finally:
        if guard.refusal:
            say("refused", why=guard.refusal)


def _databases(asked: Dict[str, Any], session: Any) -> Any:
    """A function that makes a fresh, empty database and says its name; those of before need not be left unless it is `beside`."""
    numbers = itertools.count()

    def new_file(beside: bool = False) -> str:
        return "%s/migrated-%d.sqlite" % (asked["scratch"], next(numbers))

    def new_database(beside: bool = False) -> str:
        from .cluster import put_back
        from .wire import ServerError, Wire

        name = "%s_%d" % (asked["database"], next(numbers))
        with Wire(asked["folder"], "postgres") as wire:
            if not beside:
                put_back(wire.ask)
            try:
                wire.ask("create database %s template template0 strategy file_copy" % name)
            except ServerError:
                wire.ask("create database %s template template0" % name)
            wire.ask("alter database %s set statement_timeout = '%s'" % (name, STATEMENT_TIMEOUT))
        if asked.get("extensions"):
            with Wire(asked["folder"], name) as wire:
                for extension in asked["extensions"]:
                    wire.ask('create extension if not exists "%s"' % extension.replace('"', '""'))
        return name

    def new_of_mysql(beside: bool = False) -> str:
        name = "%s_%d" % (asked["database"], next(numbers))
        session.outside("create database %s" % name)
        return name

    return {"postgresql": new_database, "mysql": new_of_mysql}.get(asked["engine"], new_file)
