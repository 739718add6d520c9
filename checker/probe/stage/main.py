"""The whole rehearsal in one function, in reading order: routes, start, log-in, fuzzing, probes, crashes again."""

from __future__ import annotations

import fcntl
import hashlib
import json
import socket
import struct
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from checker.model.rehearsal import Fuzzing, Missing, Rehearsal, Stop
from checker.model.stage_plan import Plan
from checker.probe.stage.app import App, NotStarted, die_with_parent
from checker.probe.stage.client import Client, NoAnswer
from checker.probe.stage.elsewhere import RUNS_ELSEWHERE
from checker.probe.stage.explore import Explorer, with_examples
from checker.probe.stage.fuzz import Fuzzer, Run, outcome
from checker.probe.stage.graph import Endpoint, endpoint
from checker.probe.stage.halves import halved
from checker.probe.stage.hand import Stagehand
from checker.probe.stage.limits import limit
from checker.probe.stage.probes import Probes
from checker.probe.stage.progress import Progress
from checker.probe.stage.register import newcomer
from checker.probe.stage.replay import FreshApp, repeated, worst
from checker.probe.stage.scenery import bring, sealed
from checker.probe.stage.served import operations_of
from checker.probe.stage.spills import secrets, spills
from checker.probe.stage.start import Dump, prepared

LOG_TAIL = 40  # lines
_SPECS = (
    "/openapi.json",
    "/api/openapi.json",
    "/v1/openapi.json",
    "/api/v1/openapi.json",
    "/schema/openapi.json",
    "/swagger.json",
    "/apispec.json",
    "/api-docs",
    "/openapi.yaml",
)
_UP = 0x1 | 0x40  # IFF_UP | IFF_RUNNING


def main() -> None:
    """Read a plan from the descriptor that the last argument names, write what was seen to stdout: a rehearsal, or
    `{"not_started": reason}`; nothing where there is no plan after all.
    """
    die_with_parent()
    isolated = raise_loopback()
    with closing(Fuzzer(Path("fuzz").absolute())) as fuzzer:
        with open(int(sys.argv[-1]), "rb") as told:
            text = told.read()
        if not text:
            return
        plan = Plan.model_validate_json(text)
        try:
            done = rehearse(plan, fuzzer, alone=isolated).model_copy(update={"isolated": isolated})
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


def rehearse(plan: Plan, fuzzer: Fuzzer, *, alone: bool) -> Rehearsal:
    """Everything, once, in a network of its own where `alone`. Raises NotStarted."""
    with closing(Progress(plan.progress, plain=plan.plain)) as progress:
        progress.say("the app is started")
        if plan.origin:
            linked = alone and sealed(Path(plan.origin))
            bring(Path(plan.root), Path(plan.origin), plan.beside, linked=linked)
        stagehand, dump = prepared(plan, alone=alone)
        with closing(stagehand):
            return rehearsed(plan, fuzzer, stagehand, dump, progress)


@dataclass
class Asked:
    """An app that is asked, and who knows the way in it; `twin` is another of the same."""

    fuzzer: Fuzzer
    plan: Plan
    app: App
    explorer: Explorer
    twin: FreshApp
    known: list[dict[str, list[str]]]  # rows that were there when a run began
    others: list[App]  # that were asked too

    def begin(self, document: Mapping[str, Any]) -> Run:
        """Begin to hold a contract to this app."""
        filled = with_examples(document, self.explorer, self.plan.operations)
        url = self.app.client.origin + self.app.client.base
        run = self.fuzzer.begin(self.plan, filled, url, self.explorer.headers)
        self.known.append(self.explorer.known())
        return run

    def of_twin(self) -> Asked | None:
        """The same about the twin; None where it did not start."""
        try:
            app = self.twin.app()
        except NotStarted:
            return None
        app.client.base = self.app.client.base
        self.others.append(app)
        return replace(self, app=app, explorer=Explorer(self.plan, app.client))


def rehearsed(plan: Plan, fuzzer: Fuzzer, stagehand: Stagehand, dump: Dump, progress: Progress) -> Rehearsal:
    """Everything that is asked of the app, and of a fresh one where it failed."""
    with closing(FreshApp(stagehand)) as fresh, closing(FreshApp(stagehand)) as twin, stagehand.app() as app:
        count = stagehand.store.counter()
        if plan.profile == "agent" and plan.document and len(halved(plan.document)) > 1:
            twin.begin()
        routes = dump.routes()
        served_at, served = served_document(app.client)
        document = plan.document or served
        if plan.document is None and served is not None:
            plan = plan.model_copy(update={"operations": operations_of(served, plan.public)})
        app.client.base = base_path(plan, app.client)
        user = newcomer(plan, document) if document else None
        plan = plan.model_copy(update={"users": (user,)}) if user else plan
        explorer = Explorer(plan, app.client)
        progress.say(f"Schemathesis asks {len(plan.operations)} operations")
        asked = Asked(fuzzer, plan, app, explorer, twin, [], [])
        fuzzing, graphql = fuzzed(asked, document, routes)
        settings = {} if plan.remote else {**plan.env, **stagehand.invented}
        fuzzed_before = [one for some in (fuzzing, graphql) if isinstance(some, Fuzzing) for one in some.exchanges]
        probes = Probes(plan, app, explorer, fuzzed_before, [], settings=settings, count=count)
        if worst(probes.fuzzed):
            fresh.begin()
        known = asked.known or [explorer.known()]
        died = next((one.ended_by for one in asked.others if not one.runs), "")
        twin.close()
        explorer.forget()
        progress.say("lists are walked, requests repeated, and sent by who may not send them")
        seen: dict[str, Any] = {
            "foreign": probes.foreign(),
            "walks": probes.walks(),
            "growths": probes.growths(),
            "repeats": probes.repeats(),
            "unrepeated": tuple(probes.unrepeated),
            "verdicts": probes.verdicts(),
            "refusals": probes.refusals(),
            "health": probes.health(),
            "preflights": probes.preflights(),
            "traced": probes.traced(),
            "injections": probes.injections(),
            "metrics": probes.metrics(),
        }
        known.append(explorer.known())
        probes.ends()
        died = died if app.runs else app.ended_by
        died = died and f"the app was gone while it was asked: {died}"
        failed = worst((*probes.fuzzed, *probes.exchanges))
        progress.say("the app is stopped in the middle of a request; what failed is asked again of a fresh one")
        with ThreadPoolExecutor(1) as beside:
            stopped = beside.submit(stop, plan, probes, stagehand, died)
            crashes = repeated(plan, fresh, known, app.client.base, failed)
            seen["stop"] = stopped.result()
        log = app.log.last_lines(LOG_TAIL)
        hidden = secrets(plan, settings, explorer.credentials)
        said = "\n".join(one.log.since(0) for one in (app, *asked.others))
        seen["watched"] = tuple(one.name for one in hidden)
        seen["spills"] = tuple(spills(hidden, (*probes.fuzzed, *probes.exchanges), said))
        base, seconds = app.client.base, round(app.seconds, 2)
    if plan.profile != "agent" and not plan.remote:
        progress.say("one operation is asked until it is refused")
        seen["limit"] = limit(plan, stagehand, base)
    return Rehearsal(
        command=stagehand.command,
        remote=plan.remote,
        interpreter=stagehand.python,
        versions=dump.versions,
        seconds=seconds,
        invented=tuple(sorted(stagehand.invented)),
        database=stagehand.told,
        notes=tuple(dict.fromkeys((*stagehand.notes, *explorer.notes, *plan.notes, *([died] if died else [])))),
        base_path=base,
        served=served,
        served_at=served_at,
        users=tuple(explorer.credentials),
        routes=routes,
        fuzzing=fuzzing,
        graphql=graphql,
        crashes=crashes,
        exchanges=tuple(probes.exchanges),
        died=died,
        log=log,
        **seen,
    )


def stop(plan: Plan, probes: Probes, stagehand: Stagehand, died: str) -> Stop | Missing:
    """What SIGTERM does, where there is a server of ours that is meant to obey it."""
    if plan.remote:
        return RUNS_ELSEWHERE
    if died:
        return Missing(missing=died)
    return (
        Missing(missing="the framework's development server was used")
        if "flask" in stagehand.command
        else probes.stop()
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


def fuzzed(asked: Asked, document: Mapping[str, Any] | None, routes: Any) -> tuple[Fuzzing | Missing, Any]:
    """What Schemathesis saw of the contract, and of a GraphQL schema beside it; of that alone where there is no other."""
    known = routes if isinstance(routes, tuple) else ()
    headers = asked.explorer.headers
    found = endpoint(asked.app.client, headers, known, asked.plan.graphql, alone=document is None)
    if document is None:
        none = Missing(missing="there is no contract to hold the app to, neither committed nor served")
        alone = fuzzed_graphql(asked, found) if isinstance(found, Endpoint) else found
        return alone or none, None
    first = fuzzed_contract(asked, document)
    return first, fuzzed_graphql(asked, found) if isinstance(found, Endpoint) else found


def fuzzed_contract(asked: Asked, document: Mapping[str, Any]) -> Fuzzing | Missing:
    """The contract, held to the app; half of it to a twin of the app, where there is one."""
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    first, *rest = halved(document) if asked.twin.is_begun else (document,)
    runs = [asked.begin(first)]
    other = asked.of_twin() if rest else None
    runs += [(other or asked).begin(one) for one in rest] if other else []
    done = [one.wait() for one in runs]
    if rest and other is None:
        done += [asked.begin(one).wait() for one in rest]
    return outcome(done, digest)


def fuzzed_graphql(asked: Asked, there: Endpoint) -> Fuzzing | Missing:
    digest = hashlib.sha256(there.sdl.encode()).hexdigest()
    run = asked.fuzzer.begin(asked.plan, there.sdl, asked.app.client.origin + there.path, asked.explorer.headers)
    return outcome([run.wait()], digest)
