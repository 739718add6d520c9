"""The whole rehearsal in one function, in reading order: routes, start, log-in, fuzzing, probes, crashes again."""

from __future__ import annotations

import fcntl
import json
import re
import socket
import struct
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from checker.model.rehearsal import Crash, Exchange, Fuzzing, Missing, Plan, Rehearsal
from checker.probe.stage.app import App, NotStarted, die_with_parent
from checker.probe.stage.client import Client, NoAnswer
from checker.probe.stage.explore import Explorer, translated, with_examples
from checker.probe.stage.fuzz import fuzz
from checker.probe.stage.hand import Stagehand
from checker.probe.stage.probes import Probes
from checker.probe.stage.start import inside, prepared

MOST_CRASHES = 12
LOG_TAIL = 40  # lines
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
_FRAME = re.compile(r'File \\?"([^"\\]+)\\?", line (\d+)')
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
    stagehand, dump = prepared(plan, alone=alone)
    with stagehand.app() as app:
        routes = dump.routes()
        served_at, served = served_document(app.client)
        document = plan.document or served
        app.client.base = base_path(plan, app.client)
        explorer = Explorer(plan, app.client)
        fuzzing = fuzzed(plan, app, explorer, document)
        probes = Probes(plan, app, explorer, fuzzing.exchanges if isinstance(fuzzing, Fuzzing) else (), [])
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
        died = "" if alive else f"the app was gone while it was asked: {app.ended_by}"
        stop = (
            probes.stop()
            if alive and "flask" not in stagehand.command
            else Missing(missing=died or "the framework's development server was used")
        )
        log = app.log.last_lines(LOG_TAIL)
        base, seconds = app.client.base, round(app.seconds, 2)
    crashes = repeated(plan, stagehand, known, base, (*probes.fuzzed, *probes.exchanges))
    return Rehearsal(
        command=stagehand.command,
        interpreter=stagehand.python,
        seconds=seconds,
        invented=tuple(sorted(stagehand.invented)),
        database=stagehand.told,
        notes=tuple(dict.fromkeys((*stagehand.notes, *explorer.notes, *([died] if died else [])))),
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


def fuzzed(plan: Plan, app: App, explorer: Explorer, document: Mapping[str, Any] | None) -> Fuzzing | Missing:
    if document is None:
        return Missing(missing="there is no contract to hold the app to, neither committed nor served")
    filled = with_examples(document, explorer, plan.operations)
    url = f"http://127.0.0.1:{app.port}{app.client.base}"
    return fuzz(filled, url, Path(plan.scratch, "fuzz"), plan.profile, plan.seed, explorer.headers)


def repeated(
    plan: Plan, stagehand: Stagehand, known: Sequence[Mapping[str, list[str]]], base: str, seen: Sequence[Exchange]
) -> tuple[Crash, ...]:
    """Each operation's smallest request that ended in a 5xx, asked again on a fresh app."""
    worst: dict[str, Exchange] = {}
    for one in seen:
        known_one = worst.get(one.operation)
        if one.status >= 500 and (known_one is None or _size(one) < _size(known_one)):
            worst[one.operation] = one
    if not worst:
        return ()
    with stagehand.app() as app:
        app.client.base = base
        explorer = Explorer(plan, app.client)
        for path in dict.fromkeys(path for some in known for path in some):
            explorer.url(re.sub(r"<\d+>", "{id}", path) + "/{id}")
        return tuple(_again(plan, app, explorer, known, one) for one in list(worst.values())[:MOST_CRASHES])


def _again(plan: Plan, app: App, explorer: Explorer, known: Sequence[Mapping[str, list[str]]], one: Exchange) -> Crash:
    sent = {**one.sent, **(explorer.headers if {"Authorization"} & set(one.sent) else {})}
    for url in dict.fromkeys(_moved(explorer, known, one)):
        mark = app.log.total
        try:
            answer = app.client.again(one.model_copy(update={"url": url}), headers=sent)
        except NoAnswer as silent:
            return Crash(exchange=one, repeated=True, trace=f"{silent}\n{app.log.last_lines()}")
        if answer.status >= 500:
            trace = _trace(app, mark)
            return Crash(exchange=answer, repeated=True, trace=trace[-6000:], frame=frame(plan.root, trace))
    return Crash(exchange=one, repeated=False)


def _moved(explorer: Explorer, known: Sequence[Mapping[str, list[str]]], one: Exchange) -> Iterator[str]:
    """Where the same request goes on the fresh app: to the row in the same position, or else to the first one."""
    fresh, url = explorer.known(), one.url
    for some in known:
        url = translated(url, some, fresh)
    yield url
    path = one.operation.partition(" ")[2]
    first = explorer.url(path) if "{" in path else None
    if first is not None:
        query = one.url.partition("?")[2]
        yield explorer.client.base + first + (f"?{query}" if query else "")


def _trace(app: App, mark: int) -> str:
    """What was logged meanwhile; the log may lag behind the answer a little."""
    said = ""
    for _ in range(20):
        said = app.log.since(mark)
        if _FRAME.search(said):
            break
        time.sleep(0.02)
    return said


def frame(root: str, trace: str) -> str:
    """The innermost line of the audited tree in a traceback."""
    places = [(inside(root, path), line) for path, line in _FRAME.findall(trace)]
    mine = [f"{path}:{line}" for path, line in places if path and "site-packages" not in path]
    return mine[-1] if mine else ""


def _size(one: Exchange) -> int:
    return len(one.body or "") + len(one.url)
