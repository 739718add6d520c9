"""Contract and tests are there before, or with, the routes that they are for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.change.touched import ChangeCommits, ChangeSet, Touched
from checker.model.contract import Api, ContractFiles
from checker.model.observation import Observation, Place
from checker.model.repo import Role
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable, Unavailable

_ROUTE = re.compile(
    r"^\s*@[\w.]+\.(?:get|post|put|patch|delete|route|api_route)\(\s*[rf]?[\"'](?P<python>[^\"']*)|^\s*@(?:Get|Post|Put|Patch|Delete)\(\s*"
    r"(?:[\"'`](?P<nest>[^\"'`]*))?|^\s*[\w.]*(?:router|app|server|fastify)\.(?:get|post|put|patch|delete)\(\s*[\"'`](?P<node>/[^\"'`]*)"
)
_UPKEEP = re.compile(r"(?i)/(?:health\w*|ready\w*|live\w*|metrics|ping|status)/?$")
_LAST = 10**9  # what is not committed yet comes after every commit


def contract_first(
    change: ChangeSet,
    commits: ChangeCommits,
    contracts: ContractFiles | NotApplicable | Unavailable,
    api: Api | NotApplicable | Unavailable,
) -> Iterator[Observation]:
    """One observation for each file that gains routes: the contract knows them, and neither it nor a test comes later.

    Source: agent-2 "Update openapi.yaml … Only then implement or update endpoints".
    """
    files = contracts.openapi + contracts.graphql if isinstance(contracts, ContractFiles) else ()
    known = [operation.path for _, operation in api.operations()] if isinstance(api, Api) else None
    contract = _first(commits, [one.path for one in change.files if one.path in files])
    tests = _first(commits, [one.path for one in change.of(Role.TEST) if one.status != "D"])
    for one in change.code:
        routes = list(_routes(one)) if one.role is Role.RUNTIME else []
        if not routes:
            continue
        mine = _first(commits, [one.path]) or 0
        line, path = routes[0]
        missing = next(
            ((line, path) for line, path in routes if known is not None and not _in_contract(path, known)), None
        )
        if missing and contract is None:
            line, path = missing
            problem = f"adds a route {path!r} that no contract knows, and no contract changes"
        elif contract is not None and contract > mine:
            problem = "gains routes in a commit before the one that changes the contract"
        elif tests is not None and tests > mine:
            problem = "gains routes in a commit before the one that brings their tests"
        else:
            problem = ""
        yield Observation(
            subject=f"routes of {one.path}",
            ok=not problem,
            place=Place(one.path, (line, line)),
            message=f"{one.path} {problem}",
            evidence=f"{len(routes)} new routes, the first {path!r}",
            confidence=Confidence.MEDIUM if missing and contract is None and "{" in path else None,
        )


def _routes(one: Touched) -> Iterator[tuple[int, str]]:
    for number, line in one.statements:
        found = _ROUTE.search(line)
        if found:
            path = found["python"] or found["nest"] or found["node"] or ""
            if not _UPKEEP.search(path):
                yield number, path


def _in_contract(path: str, known: list[str]) -> bool:
    """Whether some operation's path ends like a route's, whatever the parameters are called; prefixes are added elsewhere."""
    wanted = _plain(path)
    return not wanted or any(_plain(one).endswith(wanted) for one in known)


def _plain(path: str) -> str:
    return re.sub(r"\{[^}]*\}|<[^>]*>|:[A-Za-z_]\w*", "{}", path).strip("/").lower()


def _first(commits: ChangeCommits, paths: list[str]) -> int | None:
    """The position of the first commit that touches one of some paths; None where there are none."""
    if not paths:
        return None
    wanted = set(paths)
    return next((at for at, one in enumerate(commits.commits) if wanted & set(one.paths)), _LAST)
