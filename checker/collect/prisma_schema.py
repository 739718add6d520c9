"""The only place that finds the packages that depend on Prisma, and reads the blocks of their schemas."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator

from checker.collect.files import Root, Unreadable
from checker.model.prisma import PrismaBlock, PrismaField, PrismaProject, PrismaProjects
from checker.model.repo import Inventory, Role
from checker.model.unavailable import NotApplicable, Unavailable

_LARGEST = 4 << 20  # bytes
_NEEDS = ("prisma", "@prisma/client")
_OPENS = re.compile(r"^\s*(model|enum|type|view|datasource|generator)\s+(\w+)\s*\{\s*(\})?\s*$")
_FIELD = re.compile(r"^\s*(\w+)\s+(Unsupported\s*\(|\w+)(\[\])?\??!?(.*)$")
_VALUE = re.compile(r"^\s*(\w+)\s*=\s*(.+?)\s*$")
_READ = (Role.RUNTIME, Role.GENERATED, Role.SCRIPT)


def prisma_projects(root: Root, inventory: Inventory) -> PrismaProjects:
    """Every package that names Prisma among its dependencies. NotApplicable where none does."""
    schemas = [one.path for one in inventory.files if one.path.endswith(".prisma") and one.role is not Role.VENDORED]
    packages = [
        one.path for one in inventory.files if posixpath.basename(one.path) == "package.json" and one.role in _READ
    ]
    found = [one for path in packages for one in _project(root, path, packages, schemas)]
    if not found:
        raise NotApplicable("no package.json depends on prisma or @prisma/client")
    return PrismaProjects(tuple(found))


def _project(root: Root, path: str, packages: list[str], schemas: list[str]) -> Iterator[PrismaProject]:
    text = _text(root, path)
    try:
        read = json.loads(text)
    except ValueError:
        return
    parts = [read.get(key) for key in ("dependencies", "devDependencies")] if isinstance(read, dict) else []
    named = next((name for part in parts if isinstance(part, dict) for name in _NEEDS if name in part), None)
    if named is None:
        return
    line = next((at for at, one in enumerate(text.splitlines(), 1) if f'"{named}"' in one), 1)
    folder = posixpath.dirname(path)
    own = [one for one in schemas if not folder or one.startswith(folder + "/")]
    files = own or (schemas if len(packages) > 1 else [])  # in a workspace one package may hold the schema of all
    blocks: list[PrismaBlock] = []
    broken: list[tuple[str, int, str]] = []
    for one in files:
        _read(one, _text(root, one), blocks, broken)
    yield PrismaProject(path, line, tuple(files), tuple(blocks), tuple(broken))


def _read(path: str, text: str, blocks: list[PrismaBlock], broken: list[tuple[str, int, str]]) -> None:
    open_at: tuple[str, str, int] | None = None
    body: list[tuple[int, str]] = []
    for number, raw in enumerate(re.sub(r"/\*.*?\*/", _blank, text, flags=re.DOTALL).splitlines(), 1):
        line = re.sub(r"(?<![:\"'])//.*$", "", raw).rstrip()
        opens = _OPENS.match(line)
        if opens:
            if open_at is not None:
                broken.append((path, open_at[2], f"{open_at[0]} {open_at[1]} is not closed"))
            open_at, body = (opens[1], opens[2], number), []
            if not opens[3]:
                continue
        if open_at is not None and (line.strip() == "}" or (opens and opens[3])):
            blocks.append(_block(path, *open_at, body))
            open_at = None
        elif open_at is not None:
            body.append((number, line))
        elif line.strip():
            broken.append((path, number, f"{line.strip()[:60]!r} stands outside of a block"))
    if open_at is not None:
        broken.append((path, open_at[2], f"{open_at[0]} {open_at[1]} is not closed"))


def _blank(comment: re.Match[str]) -> str:
    return "\n" * comment[0].count("\n")


def _block(path: str, kind: str, name: str, line: int, body: list[tuple[int, str]]) -> PrismaBlock:
    if kind in ("datasource", "generator"):
        values = tuple((found[1], found[2]) for _, text in body if (found := _VALUE.match(text)))
        return PrismaBlock(kind, name, path, line, values=values)
    fields = []
    for number, text in body:
        found = _FIELD.match(text)
        if found and kind != "enum":
            unique = bool(re.search(r"@(?:id|unique)\b", found[4]))
            fields.append(PrismaField(found[1], found[2].rstrip("( "), number, unique))
    keyed = any(re.match(r"\s*@@(?:id|unique)\b", text) for _, text in body) or any(one.unique for one in fields)
    ignored = any(re.match(r"\s*@@ignore\b", text) for _, text in body)
    return PrismaBlock(kind, name, path, line, tuple(fields), keyed or ignored)


def _text(root: Root, path: str) -> str:
    try:
        return root.text(path, _LARGEST).text
    except (Unreadable, Unavailable):
        return ""
