"""What an audit of a folder would find to work with, and what it would miss; nothing of the folder is executed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from shlex import quote
from typing import Any

from checker.collect.facts import Facts
from checker.model.contract import ContractFiles
from checker.model.project import Project
from checker.model.repo import Inventory, RouteTraces
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe import postgres
from checker.probe.git import Git
from checker.workplace import Request, Workplace


def examine(path: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """`detected`, `missing` (what, why, fix) and `next`, the one line to run."""
    return looked_at(path, environment)[0]


def looked_at(path: Path, environment: Mapping[str, str]) -> tuple[dict[str, Any], Project]:
    """What `examine` says, and the project as it was found, for who writes it down."""
    with ExitStack() as stack:
        place = Workplace.open(Request(path=path, environment=environment), stack)
        detected, missing = _repository(place)
        for look in (_files, _made_with, _contracts, _settings):
            seen, absent = look(place)
            detected.update(seen)
            missing.extend(absent)
        project = _project(place)
    step = (
        missing[0]["fix"] if missing and missing[0]["fix"].startswith("git ") else f"checker audit {quote(str(path))}"
    )
    if step.startswith(f"{_git(path)} init") and not detected["files"]:
        step = f"git init {quote(str(path))}"  # there is nothing yet that could be committed
    return {"detected": detected, "missing": missing, "next": step}, project


def _git(folder: Path) -> str:
    """How git is asked about the folder, wherever the line is run: it would begin a repository around whoever runs it."""
    return "git" if folder == Path() else f"git -C {quote(str(folder))}"


_ENVIRONMENTS = (".venv", "venv", "env")
Looked = tuple[dict[str, Any], list[dict[str, str]]]


def _repository(place: Workplace) -> Looked:
    git, ask = place.git, _git(place.root.path)
    if not isinstance(git, Git):
        is_damaged = isinstance(git, Unavailable)
        fix = f"{ask} fsck" if is_damaged else f"{ask} init && {ask} add -A && {ask} commit -m 'first'"
        reason = _missing("git history", str(git), fix)
        return {"git": None}, [reason]
    absent = []
    if git.shallow:
        absent.append(
            _missing(
                "full history",
                "the clone is shallow, rules that need history cannot look",
                f"{ask} fetch --unshallow",
            )
        )
    if place.base.revision is None:
        run = f"checker audit --base origin/main {quote(str(place.root.path))}"
        absent.append(_missing("a base revision", str(place.base.fork), run))
    return {
        "git": f"{git.branch or 'detached'} at {(git.head or 'no commit')[:12]}",
        "base": place.base.revision,
        "default_branch": next(filter(partial(_has_branch, git), ("main", "master", "trunk")), "main"),
        "below": None if git.top == place.root.path.resolve() else str(git.top),
    }, absent


def _has_branch(git: Git, name: str) -> bool:
    return any(git.resolve(f"refs/{where}/{name}") for where in ("remotes/origin", "heads"))


def _files(place: Workplace) -> Looked:
    try:
        files = place.facts.get(Inventory).files
    except (Unavailable, NotApplicable) as missing:
        return {"files": 0}, [_missing("files", missing.reason, "checker audit PATH")]
    roles = Counter(file.role.value for file in files)
    return {"files": f"{len(files)} ({', '.join(f'{count} {role}' for role, count in sorted(roles.items()))})"}, []


def _made_with(place: Workplace) -> Looked:
    """The framework, the package manager, how the app would be started, its database and its own commands."""
    found = _project(place)
    commands = found.commands or {}
    detected = {
        "framework": [str(one) for one in found.frameworks],
        "package_manager": [str(one) for one in found.managers],
        "start": str(found.start) if found.start else None,
        "database": found.database,
        "commands": [f"{kind}: {' '.join(one.argv)} ({one.found})" for kind, one in commands.items()],
    }
    return detected, list(_lacks(place, found))


def _project(place: Workplace) -> Project:
    try:
        return place.facts.get(Project)
    except (Unavailable, NotApplicable):
        return Project()


def _lacks(place: Workplace, found: Project) -> Iterator[dict[str, str]]:
    """What a run of the app would miss here, with the line that supplies it."""
    served = found.frameworks or _has_routes(place)
    if served and found.start is None:
        why = "an app is here, and nothing shows how it starts, so --profile agent cannot ask it"
        yield _missing("a way to start the app", why, 'checker.toml: [app] start = ["…", "--port", "{port}"]')
    if found.start and found.start.argv[0] == "python" and not _has_environment(place):
        run = f"checker audit --profile agent --install {quote(str(place.root.path))}"
        yield _missing("the app's packages", "no .venv or venv here, so --profile agent cannot import the app", run)
    if found.database and found.database.startswith("postgresql"):
        try:
            postgres.find(None)
        except Unavailable as missing:
            yield _missing("PostgreSQL", f"{missing.reason.partition(';')[0]}, and the app wants it", postgres.HOW)


def _has_routes(place: Workplace) -> bool:
    try:
        return bool(place.facts.get(RouteTraces).places)
    except (Unavailable, NotApplicable):
        return False


def _has_environment(place: Workplace) -> bool:
    described = place.settings.description.app
    return bool(described.python) or any((place.root.path / name / "bin" / "python").exists() for name in _ENVIRONMENTS)


def _contracts(place: Workplace) -> Looked:
    facts: Facts = place.facts
    try:
        found = facts.get(ContractFiles)
        routes = facts.get(RouteTraces).places
    except (Unavailable, NotApplicable) as missing:
        return {"contracts": []}, [_missing("a contract", missing.reason, "checker audit PATH")]
    detected = {"openapi": list(found.openapi), "graphql": list(found.graphql), "copies": sorted(found.copies)}
    absent = [_missing(one.subject, one.detail, "mend the file, then run again") for one in found.unreadable]
    absent += [
        _missing(path, "named under [layout], and not there", "commit it, or name another") for path in found.missing
    ]
    if len(found.openapi) > 1:
        fix = f'checker.toml: [layout] openapi = ["{found.openapi[0]}"]'
        absent.append(_missing("one contract", "several different ones were found, all are judged", fix))
    if not (found.openapi or found.graphql) and routes:
        why = f"routes are declared ({routes[0].path}), and no contract is committed"
        absent.append(
            _missing(
                "a contract", why, 'commit it, or name it: checker.toml: [layout] openapi = ["specs/openapi.yaml"]'
            )
        )
    return detected, absent


def _settings(place: Workplace) -> Looked:
    policy, source = place.settings.policy, place.settings.policy_source
    detected = {
        "configuration": source.path if source.text else None,
        "standards": list(policy.standards) or ["common"],
        "waivers": len(policy.waivers),
    }
    if source.text:
        return detected, []
    return detected, [
        _missing("checker.toml", "standard common is used", f"checker init {quote(str(place.root.path))}")
    ]


def _missing(what: str, why: str, fix: str) -> dict[str, str]:
    return {"what": what, "why": why, "fix": fix}
