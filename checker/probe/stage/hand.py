"""The only place that prepares what the audited app needs, and starts it afresh as often as a phase wants."""

from __future__ import annotations

import itertools
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from checker.model.stage_plan import Entry, Plan
from checker.probe.inside.migration_steps.wire import ServerError
from checker.probe.stage.app import READY_SECONDS, App, NotStarted, Process, last_line, run_once, spawn
from checker.probe.stage.client import free_port
from checker.probe.stage.scenery import Scenery
from checker.probe.stage.settings import described_names, dummy, missing, schemes, wants_another_driver
from checker.probe.stage.stores import Store, names_of, store
from checker.probe.stage.warm import Warm, can_be_kept, counted

_ROUNDS = 8  # starts that may each find one more thing missing
_NEIGHBOURS = {  # what the app's own words name, and how they do
    "a Redis": r"(?i)redis|:6379",
    "a MySQL": r"(?i)mysql|mariadb|:3306",
    "a MongoDB": r"(?i)mongo|:27017",
    "a RabbitMQ": r"(?i)amqp|pika|kombu|:5672",
    "a Kafka": r"(?i)kafka|:9092",
    "an Elasticsearch": r"(?i)elastic|opensearch|:9200",
}
_NOT_THERE = re.compile(
    r"(?i)connection refused|connect call failed|name or service not known|name resolution|getaddrinfo|ECONNREFUSED"
    r"|ENOTFOUND|EAI_AGAIN|can.t connect to|connection error|error \d+ connecting|ServerSelectionTimeout|NoBrokersAvailable"
)
_INI_URL = re.compile(r"(?m)^(sqlalchemy\.url\s*=\s*)\S*://\S*")


class Stagehand:
    """Prepares a database and starts the app, as often as a phase wants a fresh one."""

    def __init__(
        self, plan: Plan, python: str, command: Sequence[str], *, alone: bool = False, kept: Store | None = None
    ) -> None:
        self.plan = plan
        self.python = python
        self.command = tuple(command)
        self.entry: Entry | None = None
        self.invented: dict[str, str] = {}
        self.notes: list[str] = []
        self.described: list[Mapping[str, Any]] = []
        self.drivers: tuple[str, ...] = ()
        self.serve: tuple[str, ...] = ()  # a script that lists the routes of the app, and then goes on as `python -m`
        self.learn: Callable[[], object] = lambda: None  # asks the project's interpreter what its settings are
        self.store = kept or store(plan, alone=alone)
        self.scenery = Scenery(Path(plan.root), Path(plan.origin) if plan.origin else None)
        self.warm: Warm | None = None
        self._scheme = 0
        self.has_own_port = False
        self._refused = ""
        self._marks = (f"{uuid.uuid4().hex}-{number}" for number in itertools.count())

    @contextmanager
    def app(self, *, beside: bool = False) -> Iterator[App]:
        """A fresh app over a fresh database, `beside` another one that runs on; stopped in any case."""
        try:
            self._prepare(beside=beside)
        except ServerError as refused:
            raise NotStarted(f"its database could not be made: {refused}") from None
        said = None
        for _ in range(_ROUNDS):
            running = self._started(self.environment())
            try:
                said = running.await_ready(self.plan.ready, READY_SECONDS[self.plan.profile])
                if said is None:
                    self.has_own_port |= running.has_own_port
                    self._refuse_without_tables()
                    yield running
                    return
            finally:
                running.stop(politely=not beside)
            if not (self._cooled() or self.mend(running.log.since(0))):
                self._refuse_without_tables()
                raise NotStarted(said + self._advice(running.log.since(0)))
        raise NotStarted(said or "it asks for one setting after the other")

    def leaves_in_peace(self) -> bool:
        """Whether another app can be started while one is asked: over data of its own, in a tree that nobody wrote to."""
        return not self.has_own_port and self.store.apart() and self.scenery.untouched()

    def environment(self, *, aside: bool = False) -> dict[str, str]:
        """All that the app gets to see: nothing of the caller's but where programs are. `aside`: another database."""
        home = Path(self.plan.scratch, "home")
        home.mkdir(exist_ok=True)
        return {
            "PATH": f"{Path(self.python).parent}:{self.plan.path}",
            "HOME": str(home),
            "TMPDIR": str(home),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": self._modules(),
            "PYTHONDONTWRITEBYTECODE": "1",  # what the packages have compiled is read, nothing is added to it
            **self.invented,
            **self.store.settings(self.scheme, self._named(), aside=aside),
            **self.plan.env,
        }

    @property
    def told(self) -> str:
        """What the app stores its data in, and which settings say so."""
        names = sorted(self.store.settings(self.scheme, self._named(), aside=False))
        why = f" ({self.plan.database.why})" if self.plan.database.why else ""
        return f"{self.store.shown}{why}, named to it by {', '.join(names)}"

    def _named(self) -> dict[str, str]:
        return {**names_of(self.plan), **described_names(self.described)}

    def _modules(self) -> str:
        """Where modules are looked for first: the copy, not the folder that an editable installation points to."""
        top = Path(self.plan.root, self.plan.workdir)
        places = [Path(self.plan.root, self.entry.folder)] if self.entry else []
        return ":".join(dict.fromkeys(str(one) for one in (*places, top, top / "src") if one.is_dir()))

    @property
    def scheme(self) -> str:
        """That of the database's URL which is tried now."""
        known = schemes(self.plan.database.engine, self._shown(), self.drivers)
        return known[self._scheme % len(known)]

    def _shown(self) -> list[str]:
        defaults = [url.partition("://")[0] for url in described_names(self.described).values() if url]
        return [*self.plan.database.schemes, *defaults]

    @property
    def folder(self) -> Path:
        """Where the app is run."""
        if self.entry is not None and self.plan.workdir == ".":
            return Path(self.plan.root, self.entry.workdir)
        return Path(self.plan.root, self.plan.workdir)

    def _prepare(self, *, beside: bool) -> None:
        """A database of its own, migrated and filled: once in earnest, then as a copy of that."""
        self.scenery.restore()
        if self.store.kept:
            self.store.clone(beside=beside)
            return
        self.store.create()
        migration, reset = self._migration(), self.plan.reset
        said = self._run(reset, self.folder) if reset else None
        if migration and (not reset or said is not None or not self._tables()):
            self._refused = self._run(migration, self._migrations_folder()) or ""
            if self._refused:
                self.store.create()
                self._note(migration, self._refused)
            said = self._run(reset, self.folder) if reset else None
        if said is not None:
            self._note(reset, said)
        self.store.keep()

    def _tables(self) -> int:
        return self.store.tables()

    def _refuse_without_tables(self) -> None:
        """An app whose migrations failed and that made no tables by itself would answer everything with an error."""
        if self._refused and not self._tables():
            command = " ".join(self._migration()[1:])
            raise NotStarted(
                f"its database is empty, because `{command}` failed: {last_line(self._refused)};"
                " mend the migrations, or name a command that prepares the database under [app] reset"
            )

    def _migration(self) -> tuple[str, ...]:
        """The command that takes the database to its newest revision; nothing where there are no migrations."""
        if not self.plan.alembic:
            return ()
        folder = Path(self.plan.root, self.plan.alembic)
        environment = folder / "env.py"
        of_flask = environment.is_file() and "current_app" in environment.read_text("utf-8", "replace")
        if of_flask and self.entry is not None:
            return (self.python, "-m", "flask", "--app", self.entry.spelled, "db", "upgrade", "-d", str(folder))
        return (self.python, "-m", "alembic", "upgrade", "head")

    def _migrations_folder(self) -> Path:
        folder = Path(self.plan.root, self.plan.alembic)
        return self.folder if "flask" in self._migration() else folder

    def _run(self, argv: Sequence[str], folder: Path) -> str | None:
        """Run a command that prepares; None when it went well. It may need another driver than the app itself."""
        before, said = self._scheme, None
        for _ in range(_ROUNDS):
            self._address_in_ini()
            said = run_once(self.resolved(argv), self.environment(), folder, next(self._marks), self._spawned)
            if said is None or not (self._cooled() or self.mend(said)):
                break
        self._scheme = before
        return said

    def _note(self, argv: Sequence[str], said: str) -> None:
        shown = " ".join(part.replace(self.plan.root, ".") for part in argv[-4:])
        self.notes.append(f"`{shown}` failed, the app was started all the same: {last_line(said)}")

    def _address_in_ini(self) -> None:
        """An address that stands in `alembic.ini` of the copy becomes that of the throw-away database."""
        ini = Path(self.plan.root, self.plan.alembic, "alembic.ini")
        with suppress(OSError, UnicodeError):
            text = ini.read_text("utf-8")
            url = self.store.url(self.scheme).replace("%", "%%")
            found = _INI_URL.sub(lambda match: match[1] + url, text)
            if found != text:
                ini.write_text(found, "utf-8")

    def resolved(self, argv: Sequence[str], port: int = 0) -> list[str]:
        """A command of the configuration with its port, and with `python` meaning the audited project's own."""
        filled = [part.replace("{port}", str(port)) for part in argv]
        if filled[0] in ("python", "python3"):
            return [self.python, *filled[1:]]
        beside = Path(self.python).parent / filled[0]
        return [str(beside) if "/" not in filled[0] and beside.exists() else filled[0], *filled[1:]]

    def _started(self, environment: Mapping[str, str]) -> App:
        port, mark = free_port(), next(self._marks)
        argv = self.resolved(self.command, port)
        if self.serve:
            argv = [argv[0], *self.serve, *argv[2:]]
        argv = counted(argv, self.python, self.store.tally())
        try:
            given = {**environment, "PORT": environment.get("PORT", str(port))}
            process = self._spawned(argv, given, self.folder, mark)
        except OSError as refused:
            raise NotStarted(f"{argv[0]}: {refused.strerror or refused}; say how it starts under [app] start") from None
        return App(process, port, mark)

    def keep_warm(self, modules: Sequence[str]) -> None:
        """Import what these modules import once for every process of the app, where time is short and Linux allows it."""
        if self.plan.profile == "agent" and can_be_kept():
            with suppress(OSError):
                self.warm = Warm(self.python, modules, self.environment(), self.folder)

    def _spawned(self, argv: Sequence[str], environment: Mapping[str, str], folder: Path, mark: str) -> Process:
        forked = self.warm.spawn(argv, environment, folder, mark) if self.warm else None
        return forked or spawn(argv, environment, folder, mark)

    def _cooled(self) -> bool:
        """Whether what failed was forked from a warm interpreter: it is tried once more in one of its own."""
        return self.warm is not None and self.warm.cool()

    def close(self) -> None:
        """End what was kept for more starts."""
        if self.warm is not None:
            self.warm.close()

    def mend(self, said: str) -> bool:
        """Give the app what it says that it lacks; whether there was anything to give."""
        self.learn()
        return self.invent(said) or self._another_driver(said)

    def invent(self, said: str) -> bool:
        """Give the settings that the app misses a value; whether there were any."""
        known = {*self.environment(), *self.plan.env}
        fresh = {
            name: dummy(name, self.plan.examples, kind)
            for name, kind in missing(said, self.described)
            if name not in known
        }
        self.invented.update(fresh)
        return bool(fresh)

    def _another_driver(self, said: str) -> bool:
        known = schemes(self.plan.database.engine, self._shown(), self.drivers)
        if not wants_another_driver(said) or self._scheme + 1 >= len(known):
            return False
        self._scheme += 1
        return True

    def _advice(self, said: str) -> str:
        """The line that would mend it, where the app's own words tell."""
        absent = re.search(r"ModuleNotFoundError: No module named '([\w.]+)'", said)
        if absent:
            return f"; {absent[1]} is not installed for {self.python}: install the requirements, or add --install"
        for name, pattern in _NEIGHBOURS.items():
            if re.search(pattern, said) and _NOT_THERE.search(said):
                return (
                    f"; that is the environment: it needs {name}, which is not started here: give [app] env settings that"
                    " do without, or let [app] start bring one up"
                )
        if _NOT_THERE.search(said):
            return "; that is the environment: it calls a service that is not there: give [app] env settings that do without"
        if "Address already in use" in said:
            return "; its command names a port of its own: write {port} for it under [app] start"
        return ""
