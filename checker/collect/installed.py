"""The only place that decides which packages an environment for the audited project is built from."""

from __future__ import annotations

import json
import posixpath
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from checker.collect.app_entries import app_entries
from checker.collect.files import Root, Unreadable
from checker.collect.locks_of_packages import fits, of_poetry, of_uv, pinned
from checker.model.execution import Execution
from checker.model.installed import Installed, Locked, Needs, Pins
from checker.model.repo import Inventory
from checker.model.settings import Description
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.environments import environment

LARGEST_LOCK = 16 * 1024 * 1024  # bytes
_PLAIN = (
    "requirements.txt",
    "requirements/prod.txt",
    "requirements/production.txt",
    "requirements/base.txt",
    "requirements/main.txt",
    "requirements/requirements.txt",
    "requirements/local.txt",
)
_INCLUDED = re.compile(r"^(?:-r|--requirement|-c|--constraint)[\s=]*(\S+)")
_LOCAL = re.compile(r"^(?:-e\b|--editable\b|\.{1,2}(?:/|\[|$)|file:|/)")
_IMAGE = re.compile(r"(?im)^[^\S\n]*from\s+(?:\S+/)?python:(3\.\d+)")


def installed(root: Root, inventory: Inventory, description: Description, execution: Execution) -> Installed:
    """Build it, or find it built. NotApplicable without --install; Unavailable with the last words of what failed."""
    if not execution.install or execution.profile == "static":
        raise NotApplicable("no environment was asked for with --install")
    entries = app_entries(root, inventory, description)
    places = [place for one in entries for place in (*_upward(one.workdir), *_upward(one.folder))]
    folders = list(dict.fromkeys((*places, ".")))
    tried = (read(root, folder) for read in (locked_by, declared_by) for folder in folders)
    pins = next((found for found in tried if found is not None), None)
    if pins is None and not entries and root.exists("package.json"):
        if description.app.start:
            raise NotApplicable(
                "--install builds environments for Python, and [app] start says how this app is started"
            )
        raise Unavailable(
            "--install builds environments for Python, and what package.json asks for is Node's: run npm ci (or what the"
            ' lock is of) in it, and say how the app is started in checker.toml: [app] start = ["node", "…", "{port}"]'
        )
    if pins is None:
        raise Unavailable(
            "--install found no uv.lock, poetry.lock, Pipfile.lock, requirements.txt or pyproject.toml to build from;"
            " add one, or name an interpreter: [app] python"
        )
    return environment(pins, execution.environment, fits)


def _upward(folder: str) -> Iterator[str]:
    """A folder and those above it: a lock may be that of a workspace."""
    while folder not in (".", ""):
        yield folder
        folder = posixpath.dirname(folder)


def locked_by(root: Root, folder: str) -> Pins | None:
    """What the lock of a folder pins; None where it has none."""
    project = _toml(root, _in(folder, "pyproject.toml")) or {}
    wanted, hinted = _wanted(project), _hint(root, folder)
    lock = _toml(root, _in(folder, "uv.lock"))
    if lock is not None:
        return _locked(_in(folder, "uv.lock"), *of_uv(lock), str(lock.get("requires-python") or wanted), hinted)
    lock = _toml(root, _in(folder, "poetry.lock"))
    if lock is not None:
        return _locked(_in(folder, "poetry.lock"), *of_poetry(lock, project), wanted, hinted)
    lines = _of_pipenv(root, folder)
    return None if lines is None else _plain(_in(folder, "Pipfile.lock"), lines, wanted, hinted, exact=True)


def declared_by(root: Root, folder: str) -> Pins | None:
    """What the requirements of a folder ask for, else its project; None where neither says anything."""
    project = _toml(root, _in(folder, "pyproject.toml")) or {}
    declared, wanted, hinted = project.get("project", {}), _wanted(project), _hint(root, folder)
    for name in _PLAIN:
        if root.exists(_in(folder, name)):
            return _plain(_in(folder, name), tuple(_flat(root, _in(folder, name), set())), wanted, hinted, exact=False)
    if declared.get("dependencies"):
        lines = tuple(map(str, declared["dependencies"]))
        return _plain(_in(folder, "pyproject.toml"), lines, wanted, hinted, exact=False)
    return None


def _wanted(project: Mapping[str, Any]) -> str:
    """The versions of Python that a project supports, in the standard's words or Poetry's."""
    of_poetry = project.get("tool", {}).get("poetry", {}).get("dependencies", {})
    return str(project.get("project", {}).get("requires-python") or of_poetry.get("python") or "")


def _locked(source: str, asked: list[Needs], packages: list[Locked], wanted: str, hinted: str) -> Pins:
    def lines(python: str) -> tuple[str, ...]:
        found = pinned(asked, packages, python)
        hashed = all(one.hashes and not one.address for one in found)
        return tuple(_line(one, hashed=hashed) for one in found)

    return Pins(source, lines, True, wanted, hinted, tuple(one.files for one in pinned(asked, packages, "3.11.0")))


def _line(one: Locked, *, hashed: bool) -> str:
    if one.address:
        return f"{one.name} @ {one.address}"
    hashes = "".join(f" --hash={found}" for found in one.hashes) if hashed else ""
    return f"{one.name}=={one.version}{hashes}"


def _plain(source: str, lines: tuple[str, ...], wanted: str, hinted: str, *, exact: bool) -> Pins:
    return Pins(source, lambda _: lines, exact, wanted, hinted)


def _of_pipenv(root: Root, folder: str) -> tuple[str, ...] | None:
    try:
        packages: Mapping[str, Any] = json.loads(_text(root, _in(folder, "Pipfile.lock")) or "").get("default", {})
    except (ValueError, AttributeError):
        return None
    return tuple(
        f"{name}{row['version']}{' ; ' + row['markers'] if 'markers' in row else ''}"
        for name, row in sorted(packages.items())
        if isinstance(row, dict) and "version" in row
    )


def _flat(root: Root, path: str, seen: set[str]) -> Iterator[str]:
    """The lines of a requirements file and of those that it includes; what is part of the repository is left out."""
    if path in seen:
        return
    seen.add(path)
    for raw in (_text(root, path) or "").replace("\\\n", " ").splitlines():
        line = " ".join(re.sub(r"(?:^|\s)#.*", "", raw).split())
        included = _INCLUDED.match(line)
        if included:
            yield from _flat(root, posixpath.normpath(posixpath.join(posixpath.dirname(path), included[1])), seen)
        elif line and not _LOCAL.match(line):
            yield line


def _hint(root: Root, folder: str) -> str:
    """The version of Python that the project runs on, as its tools and its image say."""
    for name in (".python-version", "runtime.txt"):
        for place in dict.fromkeys((_in(folder, name), name)):
            found = re.search(r"3\.\d+", _text(root, place) or "")
            if found:
                return found[0]
    for place in dict.fromkeys((_in(folder, "Dockerfile"), "Dockerfile")):
        found = _IMAGE.search(_text(root, place) or "")
        if found:
            return found[1]
    return ""


def _in(folder: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(folder, name))


def _toml(root: Root, path: str) -> dict[str, Any] | None:
    text = _text(root, path)
    try:
        return tomllib.loads(text) if text is not None else None
    except tomllib.TOMLDecodeError:
        return None


def _text(root: Root, path: str) -> str | None:
    if not root.exists(path):
        return None
    try:
        return root.text(path, LARGEST_LOCK).text
    except (Unreadable, Unavailable):
        return None
