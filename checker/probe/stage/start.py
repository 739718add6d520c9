"""The only place that finds out how the audited app is started, and with which interpreter."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from checker.model.rehearsal import Missing, Route
from checker.model.stage_plan import Entry, Plan
from checker.probe.stage.app import NotStarted, guest, last_line
from checker.probe.stage.elsewhere import RUNS_ELSEWHERE, Messenger
from checker.probe.stage.hand import Stagehand

_ROUTES = Path(__file__).parent.parent / "inside" / "routes.py"
_ROUNDS = 8
_TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*(?:\(\))?")


class Dump:
    """The script that lists routes and settings, in the project's own interpreter; over entries of one folder."""

    def __init__(self, stagehand: Stagehand, entries: Sequence[Entry], number: int) -> None:
        self.entries = entries
        self.output = Path(stagehand.plan.scratch, f"routes-{number}.json")
        self.kind = "asgi"
        self.versions: dict[str, str] = {}  # of what the app runs on
        self.process: subprocess.Popen[bytes] | None = None
        self.stagehand = stagehand
        self._found: dict[str, Any] | None = None

    def start(self) -> None:
        """Begin; the answer is fetched later."""
        self._found = None
        argv = [self.stagehand.python, str(_ROUTES), str(self.output), *(one.spelled for one in self.entries)]
        self.process = guest(argv, self.stagehand.environment(aside=True), self.stagehand.folder)

    def answer(self) -> dict[str, Any]:
        """What it found; with `errors` for the entries that could not be imported."""
        if self._found is None:
            self._found = self._read()
            self.kind = str(self._found.get("kind", "asgi"))
            self.versions = self._found.get("versions") or {}
            self.stagehand.described = self._found.get("settings") or self.stagehand.described
            self.stagehand.drivers = tuple(self._found.get("drivers") or self.stagehand.drivers)
        return self._found

    def _read(self) -> dict[str, Any]:
        if self.process is None and self.entries and not self.output.exists():
            self.start()
        if self.process is not None:
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        elif not self.entries:
            return {"errors": []}
        try:
            found = json.loads(self.output.read_text("utf-8"))
        except (OSError, ValueError):
            found = None
        self.output.unlink(missing_ok=True)
        ended = {"errors": [["", "the import ended the interpreter or took more than 30 s"]]}
        return found if isinstance(found, dict) else ended

    def routes(self) -> tuple[Route, ...] | Missing:
        """The routes with places in the audited tree."""
        if self.stagehand.plan.remote:
            return RUNS_ELSEWHERE
        if not self.entries:
            return Missing(missing="no application object was found in the source")
        found = self.answer()
        if "routes" not in found and self.stagehand.invented:
            self.start()
            found = self.answer()
        if "routes" not in found:
            said = found["errors"][-1][1] if found["errors"] else ""
            return Missing(missing=f"the application object could not be imported: {last_line(said)}")
        root = self.stagehand.plan.root
        return tuple(Route(**{**row, "file": inside(root, row["file"])}) for row in found["routes"])


def prepared(plan: Plan, *, alone: bool) -> tuple[Stagehand, Dump]:
    """Who starts the app with what: as configured, or by the first interpreter that can import an entry."""
    if plan.remote:
        messenger = Messenger(plan)
        return messenger, Dump(messenger, (), 0)
    if plan.start:
        return _as_configured(plan, alone=alone)
    if not plan.entries:
        raise NotStarted(
            "no FastAPI, Flask, Litestar or Starlette application was found; say how it starts under [app] start"
        )
    said: dict[str, list[str]] = {}
    stagehand = Stagehand(plan, plan.interpreters[0], (), alone=alone)
    for number, (python, entries) in enumerate(_tries(plan)):
        stagehand = Stagehand(plan, python, (), alone=alone, kept=stagehand.store)
        stagehand.entry = entries[0]
        dump = Dump(stagehand, entries, number)
        found = _imported(dump)
        if "entry" in found:
            entry = next(one for one in entries if one.spelled == found["entry"])
            stagehand.entry = entry
            stagehand.command = tuple(server_command(entry, found))
            stagehand.keep_warm(modules_of(plan.model_copy(update={"start": stagehand.command})))
            return stagehand, dump
        said.setdefault(python, []).extend(f"{name}: {last_line(trace)}" for name, trace in found["errors"][:3])
    tried = " | ".join(f"{python} says {'; '.join(dict.fromkeys(lines))}" for python, lines in said.items())
    mend = "install its dependencies into .venv, name [app] python, or add --install"
    if "SyntaxError" in tried:
        mend = "where that is the syntax of a newer Python, name one under [app] python, or add --install"
    raise NotStarted(f"no interpreter could import it ({tried}); {mend}")


def _as_configured(plan: Plan, *, alone: bool) -> tuple[Stagehand, Dump]:
    stagehand = Stagehand(plan, plan.interpreters[0], plan.start, alone=alone)
    stagehand.entry = next(iter(plan.entries), None)
    dump = Dump(stagehand, [one for one in plan.entries if one.folder == plan.entries[0].folder], 0)
    server = plan.start[:3]
    if server == ("python", "-m", "uvicorn") and dump.entries and not dump.entries[0].factory:
        stagehand.serve = (str(_ROUTES), str(dump.output), dump.entries[0].spelled, "--then")  # one import for both
    elif plan.entries:
        dump.start()
    stagehand.learn = dump.answer
    stagehand.keep_warm(modules_of(plan))
    return stagehand, dump


def modules_of(plan: Plan) -> list[str]:
    """The modules with which the commands of a plan begin."""
    commands = [*plan.start, *plan.reset]
    named = [after for before, after in pairwise(commands) if before == "-m"]
    targets = [one.partition(":")[0] for one in commands if _TARGET.fullmatch(one)]
    migrations = ["alembic.command"] if plan.alembic else []
    return list(dict.fromkeys([*named, *targets, *(one.target.partition(":")[0] for one in plan.entries), *migrations]))


def _tries(plan: Plan) -> Iterator[tuple[str, list[Entry]]]:
    """Each interpreter with the entries of each folder, which are imported in one go."""
    for python in plan.interpreters:
        for _, entries in groupby(plan.entries, key=lambda one: (one.folder, one.workdir)):
            yield python, list(entries)


def _imported(dump: Dump) -> dict[str, Any]:
    """What an import says in the end, after each thing that it says to miss was given to it."""
    found: dict[str, Any] = {"errors": []}
    for _ in range(_ROUNDS):
        dump.start()
        found = dump.answer()
        if "entry" in found or not dump.stagehand.mend("\n".join(one[1] for one in found["errors"])):
            break
    return found


def server_command(entry: Entry, found: Mapping[str, Any]) -> list[str]:
    """The command that serves an entry with what the project has installed."""
    servers, of_flask = found.get("servers", ()), found.get("kind") == "flask"
    bound = "127.0.0.1:{port}"
    if of_flask and "gunicorn" in servers:
        return ["python", "-m", "gunicorn", entry.spelled, "--bind", bound, "--threads", "4"]
    if of_flask:
        return ["python", "-m", "flask", "--app", entry.spelled, "run", "--host", "127.0.0.1", "--port", "{port}"]
    if "uvicorn" in servers:
        factory = ["--factory"] if entry.factory else []
        return ["python", "-m", "uvicorn", entry.target, *factory, "--host", "127.0.0.1", "--port", "{port}"]
    if "hypercorn" in servers:
        return ["python", "-m", "hypercorn", entry.spelled, "--bind", bound]
    raise NotStarted(
        "the app imports, but neither uvicorn nor hypercorn is installed beside it; add one, or say [app] start"
    )


def inside(root: str, path: str) -> str:
    """A path relative to the audited tree; empty for one outside."""
    try:
        return Path(path).resolve().relative_to(Path(root).resolve()).as_posix()
    except ValueError:
        return ""
