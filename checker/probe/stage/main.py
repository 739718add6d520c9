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
from pathlib import Path
from typing import Any

from checker.model.rehearsal import Fuzzing, Missing, Rehearsal, Stop
from checker.model.stage_plan import Plan
from checker.probe.stage.app import App, NotStarted, die_with_parent
from checker.probe.stage.client import Client, NoAnswer, decoded
from checker.probe.stage.elsewhere import RUNS_ELSEWHERE
from checker.probe.stage.explore import Explorer, with_examples
from checker.probe.stage.fuzz import Fuzzer
from checker.probe.stage.hand import Stagehand
from checker.probe.stage.limits import limit
from checker.probe.stage.probes import Probes
from checker.probe.stage.progress import Progress
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
_GRAPHQL = ("/graphql", "/api/graphql", "/v1/graphql", "/graphql/", "/query")
_UP = 0x1 | 0x40  # IFF_UP | IFF_RUNNING


def main() -> None:
    """Read a plan from stdin, write what was seen to stdout: a rehearsal, or `{"not_started": reason}`."""
    die_with_parent()
    plan = Plan.model_validate_json(sys.stdin.buffer.read())
    isolated = raise_loopback()
    try:
        done = rehearse(plan, alone=isolated).model_copy(update={"isolated": isolated})
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


def rehearse(plan: Plan, *, alone: bool) -> Rehearsal:
    """Everything, once, in a network of its own where `alone`. Raises NotStarted."""
    with (
        closing(Progress(plan.progress, plain=plan.plain)) as progress,
        closing(Fuzzer(Path(plan.scratch, "fuzz"), plan.profile, plan.seed)) as fuzzer,
    ):
        progress.say("the app is started")
        if plan.origin:
            linked = alone and sealed(Path(plan.origin))
            bring(Path(plan.root), Path(plan.origin), plan.beside, linked=linked)
        stagehand, dump = prepared(plan, alone=alone)
        with closing(stagehand):
            return rehearsed(plan, fuzzer, stagehand, dump, progress)


def rehearsed(plan: Plan, fuzzer: Fuzzer, stagehand: Stagehand, dump: Dump, progress: Progress) -> Rehearsal:
    """Everything that is asked of the app, and of a fresh one where it failed."""
    with closing(FreshApp(stagehand)) as fresh, stagehand.app() as app:
        routes = dump.routes()
        served_at, served = served_document(app.client)
        document = plan.document or served
        if plan.document is None and served is not None:
            plan = plan.model_copy(update={"operations": operations_of(served, plan.public)})
        app.client.base = base_path(plan, app.client)
        explorer = Explorer(plan, app.client)
        progress.say(f"Schemathesis asks {len(plan.operations)} operations")
        fuzzing = fuzzed(fuzzer, plan, app, explorer, document)
        settings = {} if plan.remote else {**plan.env, **stagehand.invented}
        fuzzed_before = fuzzing.exchanges if isinstance(fuzzing, Fuzzing) else ()
        probes = Probes(plan, app, explorer, fuzzed_before, [], settings=settings, count=stagehand.store.counter())
        if worst(probes.fuzzed):
            fresh.begin()
        known = [explorer.known()]
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
        died = "" if app.runs else f"the app was gone while it was asked: {app.ended_by}"
        failed = worst((*probes.fuzzed, *probes.exchanges))
        progress.say("the app is stopped in the middle of a request; what failed is asked again of a fresh one")
        with ThreadPoolExecutor(1) as beside:
            stopped = beside.submit(stop, plan, probes, stagehand, died)
            crashes = repeated(plan, fresh, known, app.client.base, failed)
            seen["stop"] = stopped.result()
        log = app.log.last_lines(LOG_TAIL)
        hidden = secrets(plan, settings, explorer.credentials)
        seen["watched"] = tuple(one.name for one in hidden)
        seen["spills"] = tuple(spills(hidden, (*probes.fuzzed, *probes.exchanges), app.log.since(0)))
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


def fuzzed(
    fuzzer: Fuzzer, plan: Plan, app: App, explorer: Explorer, document: Mapping[str, Any] | None
) -> Fuzzing | Missing:
    if document is None and plan.graphql:
        return fuzzed_graphql(fuzzer, plan, app, explorer)
    if document is None:
        return Missing(missing="there is no contract to hold the app to, neither committed nor served")
    filled = with_examples(document, explorer, plan.operations)
    url = app.client.origin + app.client.base
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    return fuzzer.run(filled, url, explorer.headers, [one.name for one in plan.operations if one.hashes], digest)


def fuzzed_graphql(fuzzer: Fuzzer, plan: Plan, app: App, explorer: Explorer) -> Fuzzing | Missing:
    """A GraphQL schema goes the same way, to the first usual path that answers a query."""
    for path in _GRAPHQL:
        try:
            answer = app.client.ask("POST", path, body={"query": "{ __typename }"}, headers=explorer.headers)
        except NoAnswer:
            continue
        value = decoded(answer)
        if isinstance(value, dict) and ("data" in value or "errors" in value):
            digest = hashlib.sha256(plan.graphql.encode()).hexdigest()
            return fuzzer.run(plan.graphql, app.client.origin + answer.url, explorer.headers, digest=digest)
    return Missing(missing=f"no GraphQL endpoint answered at {', '.join(_GRAPHQL)}")
