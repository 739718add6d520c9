"""The only place that decides what the running app is asked: the plan of the rehearsal, from contract and configuration."""

from __future__ import annotations

import os
import posixpath
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from checker.collect.app_database import app_database
from checker.collect.app_entries import app_entries
from checker.collect.files import Root, Unreadable
from checker.collect.graphql import LARGEST_SDL
from checker.collect.rehearsed_contract import document_of, left_out
from checker.model.contract import Api, Contract, Operation
from checker.model.database_plan import DatabasePlan
from checker.model.execution import Execution
from checker.model.graphql import GraphqlApi
from checker.model.installed import Installed
from checker.model.lists import listings
from checker.model.rehearsal import Rehearsal
from checker.model.repo import Inventory, RouteTraces
from checker.model.settings import App, Description, Policy
from checker.model.shape import shape, shapes
from checker.model.stage_plan import ListPlan, OperationPlan, Plan, UserPlan
from checker.model.stage_view import held
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.ground import ground
from checker.probe.rehearse import Stage
from checker.probe.underway import Underway

LARGEST_TREE = 512 * 1024 * 1024  # bytes that are copied
_KEYS = re.compile(r"(?i)^(?:x-)?idempotency[-_]?key$")
_PASSWORD = re.compile(r"(?i)pass(?:word|wd|phrase|code)")
_EXAMPLES = (".env.example", ".env.sample", ".env.template", "env.example", ".env.dist")
_SETTING = re.compile(r"(?m)^[^\S\n]*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$")


def rehearsal(underway: Underway) -> Rehearsal:
    """What was seen of the running app. Unavailable where it did not start."""
    return underway.result()


def stage(root: Root, inventory: Inventory, description: Description, execution: Execution) -> Stage:
    """A stage for the app, which is opened while nobody knows yet what will be asked; NotApplicable without an app."""
    wanted = description.app.start or execution.allow_remote or app_entries(root, inventory, description)
    if execution.profile == "static" or not wanted:
        raise NotApplicable("no app to rehearse")
    return Stage(execution.profile, remote=bool(execution.allow_remote), progress=execution.progress)


def underway(
    stage: Stage | NotApplicable,
    root: Root,
    inventory: Inventory,
    description: Description,
    policy: Policy,
    execution: Execution,
    api: Api | NotApplicable,
    graphql: GraphqlApi | NotApplicable | Unavailable,
    traces: RouteTraces | NotApplicable,
    installed: Installed | NotApplicable,
) -> Underway:
    """Begin to run the app and to ask it everything. Unavailable where there is no way to, NotApplicable without an app."""
    if execution.profile == "static":
        raise Unavailable("nothing of the repository is executed under --profile static; add --profile agent")
    entries = app_entries(root, inventory, description)
    if not entries and not description.app.start and not execution.allow_remote:
        if isinstance(api, Api) or (isinstance(traces, RouteTraces) and traces.places):
            raise Unavailable(
                'no way to start the app was found; say it in checker.toml: [app] start = ["…", "{port}"]'
            )
        raise NotApplicable("no app that answers HTTP, and no contract of one")
    contracts = held(api) if isinstance(api, Api) and api.contracts else ()
    contract = next(iter(contracts), None)
    files = [file for file in inventory.files if not file.symlink]
    if sum(file.size for file in files) > LARGEST_TREE:
        raise Unavailable("the tree is larger than 512 MiB and is not copied for a rehearsal; ignore what is generated")
    remote = execution.allow_remote or ""
    wanted = DatabasePlan() if remote else app_database(root, inventory, description)
    theirs = [file.path for file in files if file.path.rpartition("/")[2] == "schemathesis.toml"]
    if isinstance(stage, NotApplicable):
        raise stage
    plan = Plan(
        root="",
        scratch=str(stage.folder),
        progress=stage.progress,
        profile=execution.profile,
        interpreters=(installed.python,)
        if isinstance(installed, Installed)
        else tuple(_interpreters(root.path.resolve(), description, execution)),
        entries=entries,
        start=description.app.start,
        ready=description.app.ready or "",
        workdir=description.app.workdir,
        reset=description.app.reset,
        env=description.app.env,
        examples=_examples(root),
        database_env=description.database.url_env or "DATABASE_URL",
        alembic=_alembic(inventory),
        origin=str(root.path.resolve()),
        beside=tuple(_beside(root.path, inventory, description.app)),
        path=_path(root.path.resolve(), execution),
        base_paths=tuple(_bases(contract, remote)),
        remote=remote,
        document=document_of(contracts) if contracts else None,
        graphql=_sdl(root, graphql) if isinstance(graphql, GraphqlApi) else "",
        operations=tuple(_operations(contracts, policy)),
        public=tuple(one.operation for one in policy.public),
        users=tuple(UserPlan(**user.model_dump()) for user in description.app.users),
        plain=execution.plain,
        notes=(
            *(f"{path} of the repository was not obeyed" for path in theirs),
            *(left_out(api, contracts) if isinstance(api, Api) and contracts else ()),
            *((installed.told,) if isinstance(installed, Installed) else ()),
        ),
    )

    def run(seen: Callable[[Rehearsal], None]) -> None:
        with ExitStack() as stack:
            stack.callback(stage.close)
            tree = stage.copied(root.path, [file.path for file in files])
            configured = bool(description.database.engine)
            given = stack.enter_context(
                ground(
                    wanted,
                    execution.pg_bin,
                    configured=configured,
                    link=stage.folder / "postgresql",
                    templates=execution.templates,
                )
            )
            seen(stage.play(plan.model_copy(update={"root": str(tree), "database": given})))

    return Underway(run, stage.end)


def _sdl(root: Root, graphql: GraphqlApi) -> str:
    """All files of the schema in one text."""
    try:
        return "\n".join(root.text(path, LARGEST_SDL).text for path in graphql.files)
    except (Unreadable, Unavailable):
        return ""


def _interpreters(root: Path, description: Description, execution: Execution) -> Iterator[str]:
    """The configured interpreter alone, or every one that may hold the app's dependencies."""
    if description.app.python:
        yield str(root / description.app.python)
        return
    active = execution.environment.get("VIRTUAL_ENV")
    folders = [root / ".venv", root / "venv", *([Path(active)] if active else [])]
    for folder in folders:
        if os.access(folder / "bin" / "python", os.X_OK):
            yield str(folder / "bin" / "python")
    yield sys.executable


def _beside(root: Path, inventory: Inventory, app: App) -> Iterator[str]:
    """The folders of packages of Node, and what the start command names and git ignores."""
    known = {file.path for file in inventory.files}
    for path in known:
        folder = posixpath.join(posixpath.dirname(path), "node_modules")
        if path.rpartition("/")[2] == "package.json" and "node_modules/" not in path and (root / folder).is_dir():
            yield folder
    for part in app.start[1:]:
        path = posixpath.normpath(posixpath.join(app.workdir, part))
        is_ours = not path.startswith(("../", "/", "-")) and path != "." and (root / path).exists()
        if is_ours and not any(one == path or one.startswith(f"{path}/") for one in known):
            yield path.split("/")[0] if not any(one.startswith(path.split("/")[0] + "/") for one in known) else path


def _path(root: Path, execution: Execution) -> str:
    """Where the caller's programs are, but for folders of the audited repository."""
    given = [Path(one) for one in execution.environment.get("PATH", "").split(os.pathsep) if os.path.isabs(one)]
    known = [str(one) for one in given if not one.is_relative_to(root)]
    return os.pathsep.join(dict.fromkeys((*known, "/usr/local/bin", "/usr/bin", "/bin")))


def _examples(root: Root) -> dict[str, str]:
    """What the project's own example of an environment says."""
    for name in _EXAMPLES:
        if root.exists(name):
            try:
                text = root.text(name, 1024 * 1024).text
            except (Unreadable, Unavailable):
                continue
            return {key: value.strip("\"'") for key, value in _SETTING.findall(text)}
    return {}


def _alembic(inventory: Inventory) -> str:
    """The folder of the only `alembic.ini`; nothing where there are several, because none is picked in silence."""
    found = [file.path for file in inventory.files if file.path.rpartition("/")[2] == "alembic.ini"]
    return (found[0].rpartition("/")[0] or ".") if len(found) == 1 else ""


def _bases(contract: Contract | None, remote: str) -> Iterator[str]:
    """What may stand before the contract's paths: the path of the caller's URL, else what its own servers name."""
    given = urlsplit(remote).path.rstrip("/")
    if given:
        yield given
        return
    for base in contract.base_paths if contract else ():
        yield base.rstrip("/")
    yield ""


def _operations(contracts: Sequence[Contract], policy: Policy) -> Iterator[OperationPlan]:
    public = {one.operation for one in policy.public}
    lists = {one.operation.name: one for one in listings(Api(tuple(contracts)))}
    known = {name: one for contract in reversed(contracts) for name, one in contract.by_name.items()}
    named = dict.fromkeys(name for contract in contracts for name in contract.by_name)
    for operation in (known[name] for name in named):
        found = lists.get(operation.name)
        yield OperationPlan(
            method=operation.method,
            path=operation.path,
            protected=not operation.is_open and operation.name not in public,
            idempotency_header=_key(operation),
            listing=_list_plan(found.paging, found.largest_page) if found else None,
            hashes=_takes_password(operation),
            states=_states(operation) if operation.method in ("PATCH", "PUT") else {},
        )


def _takes_password(operation: Operation) -> bool:
    bodies = [one.schema for one in operation.request if one.schema]
    properties = [pair for body in bodies for pair in shape(body).properties.items()]
    return any(_PASSWORD.search(name) or shape(node).keywords.get("format") == "password" for name, node in properties)


def _states(operation: Operation) -> dict[str, tuple[str, ...]]:
    body = next((one.schema for one in operation.request if one.is_json and one.schema), None)
    found = {}
    for name, node in shape(body).properties.items() if body is not None else ():
        choices = [one for part in shapes(node) for one in part.keywords.get("enum", ()) if isinstance(one, str)]
        if choices:
            found[name] = tuple(choices)
    return found


def _key(operation: Operation) -> str:
    return next((one.name for one in operation.parameters if one.location == "header" and _KEYS.match(one.name)), "")


def _list_plan(paging: Any, largest: int | None) -> ListPlan:
    return ListPlan(
        size=next((one.name for one in paging.sizes), ""),
        cursor=next((one.name for one in paging.cursors), ""),
        offset=next((one.name for one in paging.offsets), ""),
        next_token=paging.next_token,
        next_link="" if " " in paging.next_link else paging.next_link,
        largest=largest,
    )
