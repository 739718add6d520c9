"""The only place that says which files of a tree take part in a command that we do not read ourselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from checker.model.git import TrackedEntry
from checker.model.repo import Role

JUNIT = "{junit}"  # in a command: the file that it shall write
_OBEYED = re.compile(  # what runners and builds read by themselves
    r"(?:package|composer|project)\.json|pyproject\.toml|tox\.ini|setup\.cfg|pom\.xml|phpunit\.xml(?:\.dist)?|go\.(?:mod|work)"
    r"|Cargo\.toml|\.?justfile|Taskfile\.ya?ml|Rakefile|Procfile|CMakeLists\.txt|meson\.build|build\.sbt|BUILD(?:\.bazel)?"
    r"|WORKSPACE|\.mocharc\.\w+|pytest\.ini|\.pytest\.ini|(?:docker-)?compose[\w.-]*\.ya?ml"
    r"|.+\.(?:gradle|gradle\.kts|mk|csproj|sln|config\.[cm]?[jt]s|conf\.[cm]?js)",
    re.IGNORECASE,
)


def taking_part(
    words: Sequence[str], entries: Sequence[TrackedEntry], role: Callable[[str], Role], *, compared: bool
) -> list[TrackedEntry]:
    """The files that a command names; of one whose cases are believed, what it may call as well: scripts, settings of builds,
    tests. `compared`: what a change does to tests in Python is told elsewhere.
    """
    named = {*(word.removeprefix("./") for word in words), *_modules(words)}
    if not any(JUNIT in word for word in words):
        return [one for one in entries if one.path in named]
    beside = {_folder(one.path) for one in entries if one.path in named} - {""}
    return [
        one
        for one in entries
        if one.path in named or _folder(one.path) in beside or _judges(one.path, role(one.path), compared)
    ]


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _modules(words: Sequence[str]) -> Iterator[str]:
    """The files of `python -m package.module`."""
    for flag, word in pairwise(words):
        if flag == "-m":
            stem = word.replace(".", "/")
            yield from (
                f"{root}{stem}{end}" for root in ("", "src/") for end in (".py", "/__main__.py", "/__init__.py")
            )


def _judges(path: str, role: Role, compared: bool) -> bool:
    if role in (Role.TEST, Role.FIXTURE):
        return not (compared and path.endswith(".py"))
    if role is Role.SCRIPT:
        return not path.startswith(".github/")
    return role is Role.RUNTIME and _OBEYED.fullmatch(path.rpartition("/")[2]) is not None
