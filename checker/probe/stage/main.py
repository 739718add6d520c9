"""The whole rehearsal in one function, in reading order: routes, start, log-in, fuzzing, probes, crashes again."""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from checker.model.rehearsal import Entry, Fuzzing, Missing, Plan, Rehearsal, Route
from checker.probe.stage.app import App, NotStarted, Stagehand, die_with_parent, last_line
from checker.probe.stage.client import Client, NoAnswer
from checker.probe.stage.explore import Explorer, with_examples
from checker.probe.stage.fuzz import Fuzzer
from checker.probe.stage.probes import Probes
from checker.probe.stage.replay import FreshApp, inside, repeated, worst

LOG_TAIL = 40  # lines
_ROUTES = Path(__file__).parent.parent / "inside" / "routes.py"
_SPECS = (
    "/openapi.json",
    "/api/openapi.json",
    "/v1/openapi.json",
    "/api/v1/openapi.json",
    "/swagger.json",
    "/apispec.json",
    "/api-docs",
    "/openapi.yaml",
)
_UP = 0x1 | 0x40  # IFF_UP | IFF_RUNNING


def main() -> None:
    """Read a plan from stdin, write what was seen to stdout: a rehearsal, or `{"not_started": reason}`."""
    die_with_parent()
    plan = Plan.model_validate_json(sys.stdin.buffer.read())
    isolated = raise_loopback()
    try:
        done = rehearse(plan).model_copy(update={"isolated": isolated})
    except NotStarted as reason:
        sys.stdout.write(json.dumps({"not_started": str(reason)}))
        return
    sys.stdout.write(done.model_dump_json())


def raise_loopback() -> bool:
    """Whether this is a network of our own; its loopback interface is down at first and is raised."""
    names = [name for _, name in socket.if_nameindex()]
    if names != ["lo"]:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh14x", b"lo", _UP)
        fcntl.ioctl(handle, 0x8914, request)  # SIOCSIFFLAGS
    return True


def rehearse(plan: Plan) -> Rehearsal:
    """Everything, once. Raises NotStarted."""
    with closing(Fuzzer(Path(plan.scratch, "fuzz"), plan.profile, plan.seed)) as fuzzer:
        stagehand, dump = prepared(plan)
        return rehearsed(plan, fuzzer, stagehand, dump)


def rehearsed(plan: Plan, fuzzer: Fuzzer, stagehand: Stagehand, dump: Dump) -> Rehearsal:
    """Everything that is asked of the app, and of a fresh one where it failed."""
    with closing(FreshApp(stagehand)) as fresh, stagehand.app() as app:
        routes = dump.routes(stagehand)
        served_at, served = served_document(app.client)
        document = plan.document or served
        app.client.base = base_path(plan, app.client)
        explorer = Explorer(plan, app.client)
        fuzzing = fuzzed(fuzzer, plan, app, explorer, document)
        probes = Probes(plan, app, explorer, fuzzing.exchanges if isinstance(fuzzing, Fuzzing) else (), [])
        if worst(probes.fuzzed):
            fresh.begin()
        known = [explorer.known()]
        explorer.forget()
        seen: dict[str, Any] = {
            "foreign": probes.foreign(),
            "walks": probes.walks(),
            "repeats": probes.repeats(),
            "unrepeated": tuple(probes.unrepeated),
            "verdicts": probes.verdicts(),
            "refusals": probes.refusals(),
            "health": probes.health(),
            "preflights": probes.preflights(),
        }
        known.append(explorer.known())
        probes.ends()
        alive = app.runs
        died = "" if alive else f"the app ended with code {app.process.returncode} while it was asked"
        stop = (
            probes.stop()
            if alive and dump.kind != "flask"
            else Missing(missing=died or "the framework's development server was used")
        )
        log = app.log.last_lines(LOG_TAIL)
        base, seconds = app.client.base, round(app.seconds, 2)
        crashes = repeated(plan, fresh, known, base, (*probes.fuzzed, *probes.exchanges))
    return Rehearsal(
        command=stagehand.command,
        interpreter=stagehand.python,
        seconds=seconds,
        invented=tuple(sorted(stagehand.invented)),
        notes=tuple(dict.fromkeys((*stagehand.notes, *explorer.notes, *plan.notes, *([died] if died else [])))),
        base_path=base,
        served=served,
        served_at=served_at,
        users=tuple(explorer.credentials),
        routes=routes,
        fuzzing=fuzzing,
        crashes=crashes,
        exchanges=tuple(probes.exchanges),
        stop=stop,
        died=died,
        log=log,
        **seen,
    )


class Dump:
    """The script that lists the routes, in the project's own interpreter."""

    def __init__(self, plan: Plan, python: str, number: int) -> None:
        self.plan = plan
        self.output = Path(plan.scratch, f"routes-{number}.json")
        self.kind = "asgi"
        self.process: subprocess.Popen[bytes] | None = None
        self.stagehand = Stagehand(plan, python, ())

    def start(self, invented: Mapping[str, str]) -> None:
        """Begin; the answer is fetched later."""
        targets = [f"{one.target}{'()' * one.factory}" for one in self.plan.entries]
        environment = self.stagehand.environment(Path(self.plan.scratch, "routes.db"))
        self.process = subprocess.Popen(
            [self.stagehand.python, str(_ROUTES), str(self.output), *targets],
            cwd=self.stagehand.folder,
            env={**environment, **invented},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - no lock of ours is needed in the child
        )

    def answer(self) -> dict[str, Any]:
        """What it found; with `errors` for the entries that could not be imported."""
        if self.process is None:
            return {"errors": []}
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        try:
            found = json.loads(self.output.read_text("utf-8"))
        except (OSError, ValueError):
            return {"errors": [["", "the import ended the interpreter or took more than 30 s"]]}
        self.kind = str(found.get("kind", "asgi"))
        return found if isinstance(found, dict) else {"errors": []}

    def routes(self, stagehand: Stagehand) -> tuple[Route, ...] | Missing:
        """The routes with places in the audited tree."""
        if not self.plan.entries:
            return Missing(missing="no application object was found in the source")
        found = self.answer()
        if "routes" not in found and stagehand.invented:
            self.start(stagehand.invented)
            found = self.answer()
        if "routes" not in found:
            said = found["errors"][-1][1] if found["errors"] else ""
            return Missing(missing=f"the application object could not be imported: {last_line(said)}")
        return tuple(Route(**{**row, "file": inside(self.plan.root, row["file"])}) for row in found["routes"])


def prepared(plan: Plan) -> tuple[Stagehand, Dump]:
    """Who starts the app with what: as configured, or by the first interpreter that can import an entry."""
    if plan.start:
        python = plan.interpreters[0]
        dump = Dump(plan, python, 0)
        if plan.entries:
            dump.start({})
        return Stagehand(plan, python, plan.start), dump
    if not plan.entries:
        raise NotStarted(
            "no FastAPI, Flask, Litestar or Starlette application was found; say how it starts under [app] start"
        )
    said: dict[str, str] = {}
    for number, python in enumerate(plan.interpreters):
        dump = Dump(plan, python, number)
        invented: dict[str, str] = {}
        for _ in range(4):
            dump.start(invented)
            found = dump.answer()
            if "entry" in found:
                entry = Entry(target=found["entry"].removesuffix("()"), factory=found["entry"].endswith("()"))
                stagehand = Stagehand(plan, python, server_command(entry, found))
                stagehand.invented.update(invented)
                return stagehand, dump
            said[python] = "; ".join(f"{target}: {last_line(trace)}" for target, trace in found["errors"][:3])
            helper = Stagehand(plan, python, ())
            helper.invented.update(invented)
            if not helper.invent("\n".join(one[1] for one in found["errors"])):
                break
            invented = dict(helper.invented)
    tried = " | ".join(f"{python} says {lines}" for python, lines in said.items())
    mend = "install its dependencies into .venv, or name [app] python"
    raise NotStarted(f"no interpreter could import it ({tried}); {mend}")


def server_command(entry: Entry, found: Mapping[str, Any]) -> list[str]:
    """The command that serves an entry with what the project has installed."""
    servers = found.get("servers", ())
    if found.get("kind") == "flask":
        target = f"{entry.target}{'()' * entry.factory}"
        return ["python", "-m", "flask", "--app", target, "run", "--host", "127.0.0.1", "--port", "{port}"]
    if "uvicorn" in servers:
        factory = ["--factory"] if entry.factory else []
        return ["python", "-m", "uvicorn", entry.target, *factory, "--host", "127.0.0.1", "--port", "{port}"]
    if "hypercorn" in servers:
        return ["python", "-m", "hypercorn", f"{entry.target}{'()' * entry.factory}", "--bind", "127.0.0.1:{port}"]
    raise NotStarted(
        "the app imports, but neither uvicorn nor hypercorn is installed beside it; add one, or say [app] start"
    )


def served_document(client: Client) -> tuple[str, dict[str, Any] | None]:
    """The contract that the app itself serves, and where."""
    for path in _SPECS:
        try:
            answer = client.raw("GET", path, {}, None, 10.0)
        except NoAnswer:
            continue
        try:
            value = json.loads(answer[2]) if answer[0] == 200 else None
        except ValueError:
            continue
        if isinstance(value, dict) and isinstance(value.get("paths"), dict):
            return path, value
    return "", None


def base_path(plan: Plan, client: Client) -> str:
    """What stands before the contract's paths in this app: the first base under which a documented GET exists."""
    plain = [one.path for one in plan.operations if one.method == "GET" and "{" not in one.path]
    bases = list(dict.fromkeys((*plan.base_paths, "")))
    for base in bases:
        for path in plain[:8]:
            try:
                status, _, _ = client.raw("GET", base.rstrip("/") + path, {}, None, 10.0)
            except NoAnswer:
                continue
            if status not in (404, 405):
                return base
    return bases[0]


def fuzzed(
    fuzzer: Fuzzer, plan: Plan, app: App, explorer: Explorer, document: Mapping[str, Any] | None
) -> Fuzzing | Missing:
    if document is None:
        return Missing(missing="there is no contract to hold the app to, neither committed nor served")
    filled = with_examples(document, explorer, plan.operations)
    url = f"http://127.0.0.1:{app.port}{app.client.base}"
    return fuzzer.run(filled, url, explorer.headers, [one.name for one in plan.operations if one.hashes])
