"""The only place that reads lock files of Python packages, and walks from what a project asks for to all that it needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from packaging.markers import InvalidMarker, Marker, default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from checker.model.installed import Locked, Needs

SERVERS = ("uvicorn", "hypercorn", "gunicorn", "granian", "flask")
_OF_POETRY = re.compile(r"^([\^~])\s*(\d+(?:\.\d+)*)")


def of_uv(lock: Mapping[str, Any]) -> tuple[list[Needs], list[Locked]]:
    """What the projects of a `uv.lock` ask for, members of a workspace too, and every package from elsewhere."""
    packages = [one for one in lock.get("package", ()) if isinstance(one, dict)]
    ours = [one for one in packages if _place(one) is not None]
    asked = [need for one in ours for need in _needs_of_uv(one.get("dependencies"))]
    return asked, [_locked_by_uv(one) for one in packages if _place(one) is None]


def _place(package: Mapping[str, Any]) -> str | None:
    """The folder of a package that is part of the repository; None for one from elsewhere."""
    source = package.get("source") or {}
    return next((str(source[kind]) for kind in ("editable", "virtual", "directory") if kind in source), None)


def _locked_by_uv(package: Mapping[str, Any]) -> Locked:
    source = package.get("source") or {}
    files = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else [])]
    extras = package.get("optional-dependencies") or {}
    git = str(source.get("git", ""))
    return Locked(
        name=canonicalize_name(str(package.get("name"))),
        version=str(package.get("version", "")),
        address=f"git+{re.sub(r'[?].*#', '@', git).replace('#', '@')}" if git else str(source.get("url", "")),
        hashes=tuple(str(one["hash"]) for one in files if one.get("hash")),
        files=tuple(str(one.get("url", "")).rpartition("/")[2] for one in files),
        needs=tuple(_needs_of_uv(package.get("dependencies"))),
        extras={name: tuple(_needs_of_uv(some)) for name, some in extras.items()},
    )


def _needs_of_uv(rows: Any) -> Iterator[Needs]:
    for row in rows or ():
        yield Needs(
            canonicalize_name(str(row["name"])),
            str(row.get("marker", "")),
            tuple(row.get("extra", ())),
            str(row.get("version", "")),
        )


def of_poetry(lock: Mapping[str, Any], project: Mapping[str, Any]) -> tuple[list[Needs], list[Locked]]:
    """What `pyproject.toml` asks for in Poetry's words or the standard's, and every package of the `poetry.lock`."""
    table = project.get("tool", {}).get("poetry", {})
    asked = list(_needs_of_poetry(table.get("dependencies", {})))
    asked += [need for line in project.get("project", {}).get("dependencies", ()) if (need := requirement(line))]
    files = lock.get("metadata", {}).get("files", {})
    return asked, [_locked_by_poetry(one, files) for one in lock.get("package", ()) if isinstance(one, dict)]


def _locked_by_poetry(package: Mapping[str, Any], all_files: Mapping[str, Any]) -> Locked:
    files = package.get("files") or all_files.get(str(package.get("name")), ())
    source = package.get("source") or {}
    extras = package.get("extras") or {}
    is_git = source.get("type") == "git"
    return Locked(
        name=canonicalize_name(str(package.get("name"))),
        version=str(package.get("version", "")),
        address=f"git+{source.get('url')}@{source.get('resolved_reference')}" if is_git else "",
        hashes=tuple(str(one["hash"]) for one in files if str(one.get("hash", "")).startswith("sha256:")),
        files=tuple(str(one.get("file", "")) for one in files),
        needs=tuple(_needs_of_poetry(package.get("dependencies", {}))),
        extras={name: tuple(need for line in some if (need := requirement(line))) for name, some in extras.items()},
    )


def _needs_of_poetry(table: Mapping[str, Any]) -> Iterator[Needs]:
    for name, given in table.items():
        for one in given if isinstance(given, list) else [given]:
            row = one if isinstance(one, dict) else {}
            if name.lower() != "python" and not row.get("optional"):
                yield Needs(canonicalize_name(name), str(row.get("markers", "")), tuple(row.get("extras", ())))


def requirement(line: str) -> Needs | None:
    """A requirement as PEP 508 writes it; Poetry's locks put the version in brackets, which that allows."""
    try:
        one = Requirement(line)
    except InvalidRequirement:
        return None
    return Needs(canonicalize_name(one.name), str(one.marker or ""), tuple(sorted(one.extras)))


def pinned(asked: Iterable[Needs], packages: Iterable[Locked], python: str) -> list[Locked]:
    """All that is needed under one version of Python, and a server from the lock where none of it is one."""
    by_name: dict[str, list[Locked]] = {}
    for one in packages:
        by_name.setdefault(one.name, []).append(one)
    found = _reached(list(asked), by_name, python)
    if not set(SERVERS) & {one.name for one in found}:
        server = next((name for name in SERVERS if name in by_name), None)
        found = _reached([*asked, *([Needs(server)] if server else [])], by_name, python)
    return sorted(found, key=lambda one: one.name)


def _reached(waiting: list[Needs], by_name: Mapping[str, list[Locked]], python: str) -> list[Locked]:
    found: dict[str, Locked] = {}
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while waiting:
        need = waiting.pop()
        if (need.name, need.extras) in seen or not holds(need.marker, python, need.extras):
            continue
        seen.add((need.name, need.extras))
        versions = by_name.get(need.name, [])
        one = next((some for some in versions if some.version == need.version), versions[0] if versions else None)
        if one is None:
            continue
        found[one.name] = one
        waiting += one.needs
        waiting += [inner for extra in need.extras for inner in one.extras.get(extra, ())]
    return list(found.values())


def holds(marker: str, python: str, extras: Iterable[str] = ()) -> bool:
    """Whether a condition is met on this machine under a version of Python. One that cannot be read counts as met."""
    if not marker:
        return True
    environment = {
        **{name: str(value) for name, value in default_environment().items()},
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "implementation_version": python,
    }
    try:
        return any(Marker(marker).evaluate({**environment, "extra": extra}) for extra in (*extras, ""))
    except (InvalidMarker, KeyError, ValueError):
        return True


def fits(version: str, wanted: str) -> bool:
    """Whether a version is one of those that a project supports, in the standard's words or Poetry's (`^3.9`)."""
    parts = []
    for part in filter(None, (one.strip() for one in wanted.split(","))):
        caret = _OF_POETRY.match(part)
        parts.append(
            f">={caret[2]},<{_next(caret[2], caret[1])}" if caret else part if part[0] in "<>=!~" else f"=={part}"
        )
    try:
        return version in SpecifierSet(",".join(parts))
    except InvalidSpecifier:
        return True


def _next(version: str, sign: str) -> str:
    numbers = [int(one) for one in version.split(".")]
    if sign == "^" or len(numbers) == 1:
        return str(numbers[0] + 1)
    return f"{numbers[0]}.{numbers[1] + 1}"
