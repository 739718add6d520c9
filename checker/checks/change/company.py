"""Code comes in the company of its tests, its documents and its runbooks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.change.touched import ChangeSet, Touched
from checker.model.globs import covers
from checker.model.observation import Observation, Place
from checker.model.repo import Role
from checker.model.rule import Confidence

_UNTESTED = frozenset({"sql", "prisma", "pyi"})  # judged by the rules about migrations, or typed only
_OWN_TESTS = re.compile(r"#\[(?:tokio::)?test\]|#\[cfg\(test\)\]")
_FEW = 3  # statements; a constant that is turned is seldom worth a test of its own
_ROUTE = re.compile(
    r"^\s*@[\w.]+\.(?:get|post|put|patch|delete|route|api_route|websocket)\(\s*[rf]?[\"']|^\s*@(?:Get|Post|Put|Patch|Delete)(?:Mapping)?\("
    r"|\.(?:add_api_route|add_url_rule)\(|^\s*[\w.]*(?:router|app|server|fastify)\.(?:get|post|put|patch|delete)\(\s*[\"'`]/"
)
_SETTING = re.compile(r"os\.environ|getenv\(|process\.env\b")
_COMMAND = re.compile(r"^\s*@[\w.]*\.command\(|add_parser\(|\.command\(\s*[\"']")
_FLOW = re.compile(
    r"@(?:[\w.]+\.)?(?:shared_task|task|actor|job|periodic_task|on_message|cron)\b|\bnew (?:Worker|Queue|QueueScheduler|CronJob)\("
    r"|@(?:Cron|Process|Processor|EventPattern|MessagePattern)\(|\.add_job\(|\bbasic_consume\(|\.subscribe\(\s*\[?[\"']|KafkaConsumer\("
    r"|AIOKafkaConsumer\(|\bBackgroundScheduler\(|@app\.(?:agent|timer)\b"
)


class Documents(Frozen):
    """`documents`: globs of what counts as documentation beside the files under docs/."""

    documents: tuple[str, ...] = ()


class Runbooks(Frozen):
    """`runbooks`: globs of runbooks, dashboards and alerts."""

    runbooks: tuple[str, ...] = ()


def tests_with_code(change: ChangeSet) -> Iterator[Observation]:
    """One observation for a change that does something new in the backend's source: tests change with it."""
    code = [one for one in change.code if one.role is Role.RUNTIME and one.statements and _asks_for_tests(one)]
    if not code:
        return
    tests = [one for one in change.of(Role.TEST) if one.status != "D" and (one.statements or not one.known)]
    inside = [one for one in code if one.ending == "rs" and any(_OWN_TESTS.search(line) for _, line in one.added)]
    few = sum(len(one.statements) for one in code) <= _FEW
    yield Observation(
        subject="tests of the change",
        ok=bool(tests or inside),
        place=_largest(code).place,
        message=f"The change does something new in {_files(code)}, and no test changes with it",
        evidence=f"{sum(len(one.statements) for one in code)} new lines; the most in {_largest(code).path}",
        confidence=Confidence.MEDIUM if few else None,
    )


def _asks_for_tests(one: Touched) -> bool:
    """Whether a test could fail for it: neither SQL nor types alone, nor a migration in a folder of another name."""
    return one.ending not in _UNTESTED and not any(line.startswith("down_revision") for _, line in one.statements)


def docs_with_code(change: ChangeSet, params: Documents) -> Iterator[Observation]:
    """One observation for each kind of thing that users and operators must be told of: routes, settings, commands."""
    told = [
        one for one in change.work if _documents(one, params) and one.status != "D" and (one.added or not one.known)
    ]
    code = [one for one in change.code if one.role is Role.RUNTIME]
    for kind, pattern in (("a route", _ROUTE), ("a setting", _SETTING), ("a command", _COMMAND)):
        places = [(one, number, line) for one in code for number, line in one.statements if pattern.search(line)]
        if places:
            first, number, line = places[0]
            yield Observation(
                subject=f"{kind} in {first.path}",
                ok=bool(told),
                place=Place(first.path, (number, number)),
                message=f"The change adds {kind} in {first.path}, and no document changes with it",
                evidence=line.strip()[:120],
                confidence=Confidence.MEDIUM if kind != "a route" else None,
            )


def runbook_with_flow(change: ChangeSet, params: Runbooks) -> Iterator[Observation]:
    """One observation for each file that adds a worker, a scheduled job or a consumer: whoever runs it at night is told how."""
    told = any(covers(glob, one.path) for one in change.work if one.status != "D" for glob in params.runbooks)
    for one in change.code:
        found = next(((number, line) for number, line in one.statements if _FLOW.search(line)), None)
        if found and one.role is Role.RUNTIME:
            yield Observation(
                subject=f"flow in {one.path}",
                ok=told,
                place=Place(one.path, (found[0], found[0])),
                message=f"{one.path} adds work that runs by itself, and no runbook, dashboard or alert changes with it",
                evidence=found[1].strip()[:120],
            )


def _documents(one: Touched, params: Documents) -> bool:
    return one.role is Role.DOCS or any(covers(glob, one.path) for glob in params.documents)


def _largest(files: list[Touched]) -> Touched:
    return max(files, key=lambda one: (len(one.statements), one.path))


def _files(files: list[Touched]) -> str:
    return files[0].path if len(files) == 1 else f"{len(files)} files"
