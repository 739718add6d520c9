"""The only place that reads what packages and images a repository declares, at the head and at the base."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from checker import resources
from checker.collect.base_files import reader
from checker.collect.data_parsed import Malformed
from checker.collect.data_text import parse
from checker.collect.files import Root, Unreadable
from checker.collect.roles import roles_of
from checker.model.decisions import Decisions
from checker.model.dependencies import (
    BaseDependencies,
    Dependencies,
    Dependency,
    Image,
    Manifest,
    StackDocuments,
    Technologies,
    Technology,
    normal,
)
from checker.model.repo import Changes, Inventory, Role
from checker.model.settings import Description
from checker.model.unavailable import Unavailable
from checker.probe.git import Git

LARGEST = 2 << 20  # bytes
_REQUIREMENTS = re.compile(
    r"(?:.*/)?(?:[\w.-]*requirements[\w.-]*\.(?:txt|in)|requirements/[\w.-]+\.(?:txt|in))", re.IGNORECASE
)
_MANIFEST = re.compile(r"(?:.*/)?(?:pyproject\.toml|package\.json|Pipfile|setup\.cfg)")
_IMAGES = re.compile(
    r"(?:.*/)?(?:docker-)?compose[\w.-]*\.ya?ml|(?:.*/)?[^/]+\.tf|(?:.*/)?(?:k8s|kubernetes|deploy|manifests|helm)/.*\.ya?ml"
)
_LOCKS = frozenset(
    "uv.lock poetry.lock pdm.lock pipfile.lock package-lock.json npm-shrinkwrap.json pnpm-lock.yaml yarn.lock bun.lock bun.lockb"
    " pylock.toml".split()
)
_SKIPPED = frozenset({Role.VENDORED, Role.FIXTURE, Role.GENERATED, Role.TEST})
_LINE = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*([^;#]*)")
_PIN = re.compile(r"^\(?\s*(?:===?\s*[\w.!+-]+|@\s*\S+)\s*(?:--hash\S+\s*)*\)?\\?$")
_DEV = re.compile(r"(?i)dev|test|lint|doc|typing|ci|build|example|bench")
_RESOURCE = re.compile(r'(?m)^[^\S\n]*resource\s+"([\w-]+)"\s+"')
_IMAGE = re.compile(r"(?m)^[^\S\n]*(?:-\s+)?image:\s*[\"']?([^\s\"'#]+)")
_STACK = re.compile(
    r"(?:.*/)?(?:tech[-_ ]?stack|tech[-_ ]?spec|technology[-_ ]?stack|stack)\.(?:md|mdx|rst|txt|ya?ml|json)",
    re.IGNORECASE,
)
Read = Callable[[str], str | None]


def dependencies(root: Root, inventory: Inventory) -> Dependencies:
    """What the tree declares."""
    unread: dict[str, str] = {}

    def read(path: str) -> str | None:
        try:
            return root.text(path, LARGEST).text
        except (Unreadable, Unavailable) as wrong:
            unread[path] = str(wrong)
            return None

    return _declared([(file.path, file.role) for file in inventory.files if not file.symlink], read, unread)


def base_dependencies(git: Git, changes: Changes, description: Description) -> BaseDependencies:
    """What the base declared. NotApplicable without a base."""
    role = roles_of(description.layout)
    tree = [entry for entry in git.ls_tree(changes.base) if entry.mode.startswith("100")]
    read = reader(git, changes.base, (entry for entry in tree if _declares(entry.path)), LARGEST)
    paths = [(entry.path, role(entry.path)) for entry in tree]
    return BaseDependencies(_declared(paths, read, {}))


def technologies() -> Technologies:
    """What `rules/technologies.toml` knows."""
    table = tomllib.loads(resources.text("rules", "technologies.toml"))
    return Technologies(
        tuple(
            Technology(
                name, one["kind"], tuple(one["names"]), frozenset(one["packages"]), frozenset(one.get("images", ()))
            )
            for name, one in table.items()
        )
    )


def stack_documents(root: Root, inventory: Inventory, decisions: Decisions) -> StackDocuments:
    """The documents that name the stack, and the recorded decisions."""
    found = []
    for file in inventory.files:
        if _STACK.fullmatch(file.path) and not file.symlink and file.role in (Role.DOCS, Role.RUNTIME):
            try:
                found.append((file.path, root.text(file.path, LARGEST).text))
            except (Unreadable, Unavailable):
                continue
    return StackDocuments(tuple(found), tuple((one.path, one.text) for one in decisions.files))


def _declared(paths: Iterable[tuple[str, Role]], read: Read, unread: dict[str, str]) -> Dependencies:
    listed = list(paths)
    folders = {path.rpartition("/")[0] for path, _ in listed if path.rpartition("/")[2].lower() in _LOCKS}
    manifests: list[Manifest] = []
    images: list[Image] = []
    for path, role in listed:
        is_list = _REQUIREMENTS.fullmatch(path) is not None
        if role in _SKIPPED or not _declares(path):
            continue
        text = read(path)
        if _IMAGES.fullmatch(path):
            images.extend(_brought_up(path, text or ""))
            continue
        found = tuple(_packages(path, text, is_list)) if text is not None else ()
        folder = path.rpartition("/")[0]
        locked = any(folder == one or folder.startswith(f"{one}/") or not one for one in folders)
        manifests.append(Manifest(path, found, locked, unread.get(path, ""), is_list and not path.endswith(".in")))
    return Dependencies(tuple(manifests), tuple(images))


def _declares(path: str) -> bool:
    return any(one.fullmatch(path) for one in (_REQUIREMENTS, _MANIFEST, _IMAGES))


def _packages(path: str, text: str, is_list: bool) -> Iterator[Dependency]:
    if is_list:
        yield from _from_list(path, text)
        return
    try:
        if path.endswith("package.json"):
            yield from _from_package(path, text, parse(text).value)
        elif path.endswith((".toml", "Pipfile")):
            yield from _from_toml(path, text, tomllib.loads(text))
    except (Malformed, tomllib.TOMLDecodeError, RecursionError):
        return


def _from_list(path: str, text: str) -> Iterator[Dependency]:
    group = (
        "development"
        if _DEV.search(path.rpartition("/")[2].partition("requirements")[2]) or "/dev" in path
        else "runtime"
    )
    lines = text.replace("\\\n", "  ").split("\n")
    for number, line in enumerate(lines, 1):
        found = _LINE.match(line)
        if found and not line.lstrip().startswith(("-", "#")):
            wanted = found[2].strip()
            yield Dependency(normal(found[1]), path, number, line.strip()[:120], group, _PIN.match(wanted) is not None)


def _from_package(path: str, text: str, value: Any) -> Iterator[Dependency]:
    for key, group in (("dependencies", "runtime"), ("devDependencies", "development")):
        table = value.get(key) if isinstance(value, dict) else None
        for name, wanted in table.items() if isinstance(table, dict) else ():
            pinned = (
                re.fullmatch(
                    r"\d+\.\d+\.\d+(?:[-+][\w.-]+)?|(?:file|link|workspace|git|https?|github)[:+].*", str(wanted)
                )
                is not None
            )
            yield Dependency(str(name), path, _line(text, f'"{name}"'), f"{name}: {wanted}", group, pinned)


def _from_toml(path: str, text: str, value: dict[str, Any]) -> Iterator[Dependency]:
    project = _table(value, "project")
    poetry = _table(value, "tool", "poetry")
    groups: list[tuple[str, Any]] = [
        ("runtime", project.get("dependencies")),
        ("runtime", poetry.get("dependencies")),
        ("runtime", value.get("packages")),
    ]
    groups += [("development", value.get("dev-packages")), ("development", poetry.get("dev-dependencies"))]
    for table in (_table(project, "optional-dependencies"), _table(value, "dependency-groups")):
        groups += [("development" if _DEV.search(name) else "runtime", inner) for name, inner in table.items()]
    for name, inner in _table(poetry, "group").items():
        groups.append(
            (
                "development" if _DEV.search(name) else "runtime",
                _table(inner, "dependencies") if isinstance(inner, dict) else None,
            )
        )
    for group, declared in groups:
        for name, wanted in _pairs(declared):
            if name.lower() != "python":
                requirement = f"{name}{wanted}"[:120]
                pinned = _PIN.match(wanted) is not None or re.fullmatch(r"\d+(?:\.\d+)+", wanted) is not None
                yield Dependency(normal(name), path, _line(text, name), requirement, group, pinned)


def _pairs(declared: Any) -> Iterator[tuple[str, str]]:
    """Name and wanted version of each entry of a list of requirements, or of a table."""
    if isinstance(declared, dict):
        for name, wanted in declared.items():
            yield str(name), str(wanted.get("version", "@ elsewhere") if isinstance(wanted, dict) else wanted)
    for one in declared if isinstance(declared, list) else ():
        found = _LINE.match(one) if isinstance(one, str) else None
        if found:
            yield found[1], found[2].strip()


def _table(value: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _line(text: str, word: str) -> int | None:
    """The line on which a package is declared first."""
    found = re.search(rf"(?mi)^[^#\n]*(?<![\w.-]){re.escape(word)}(?![\w-])", text)
    return text.count("\n", 0, found.end()) + 1 if found else None


def _brought_up(path: str, text: str) -> Iterator[Image]:
    pattern = _RESOURCE if path.endswith(".tf") else _IMAGE
    for found in pattern.finditer(text):
        yield Image(found[1], path, text.count("\n", 0, found.start(1)) + 1)
