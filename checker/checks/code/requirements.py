"""What is installed tomorrow is what was tested today, and nothing that was installed is committed."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.dependencies import Dependencies
from checker.model.observation import Observation, Place
from checker.model.repo import Inventory
from checker.model.rule import Confidence

_INSTALLED = ("node_modules", "site-packages", "__pypackages__", "bower_components")
_SAMPLES = frozenset("tests test fixtures fixture testdata test_data __tests__ examples".split())


def requirements_pinned(dependencies: Dependencies) -> Iterator[Observation]:
    """One observation for each file of requirements: it can be read, and its versions are settled there or by a lock."""
    settled = any(
        one.exact and one.dependencies and all(d.pinned for d in one.dependencies) for one in dependencies.manifests
    )
    for one in dependencies.manifests:
        if one.unread:
            yield Observation(
                one.path,
                False,
                Place(one.path),
                f"{one.path} cannot be read, so nobody can install it",
                one.unread[:160],
            )
            continue
        wanted = [found for found in one.dependencies if found.group == "runtime"]
        if not wanted:
            continue
        loose = [found for found in wanted if not found.pinned]
        ok = one.locked or not loose or (settled and not one.exact)
        yield Observation(
            subject=one.path,
            ok=ok,
            place=Place(one.path, (loose[0].line, loose[0].line) if loose and loose[0].line else None),
            message=f"{one.path} leaves {len(loose)} of {len(wanted)} packages without a version, and no lock file settles them",
            evidence=", ".join(found.requirement for found in loose[:5]),
            confidence=None if one.exact and len(loose) * 2 > len(wanted) else Confidence.MEDIUM,
        )


def committed_environment(inventory: Inventory) -> Iterator[Observation]:
    """One observation for each folder of installed packages or compiled files that is tracked; one for the tree without."""
    found: dict[str, list[str]] = {}
    for file in inventory.files:
        top = _installed(file.path) if file.tracked and _SAMPLES.isdisjoint(file.path.split("/")) else ""
        if top:
            found.setdefault(top, []).append(file.path)
    for top, paths in sorted(found.items()):
        yield Observation(
            subject=top,
            ok=False,
            place=Place(paths[0]),
            message=f"{top} is committed: {len(paths)} files that a tool installed or compiled",
            evidence=", ".join(paths[:3]),
        )
    if not found:
        yield Observation("tracked files", ok=True, place=Place("."))


def _installed(path: str) -> str:
    """The folder that holds a file because a tool put it there; empty for anything else."""
    *folders, name = path.split("/")
    for at, folder in enumerate(folders):
        if folder in _INSTALLED:
            return "/".join(folders[: at + 1])
        if folder == "__pycache__":
            return "/".join(folders[: at + 1])
    if name == "pyvenv.cfg":
        return "/".join(folders) or "pyvenv.cfg"
    return path if name.endswith(".pyc") else ""
