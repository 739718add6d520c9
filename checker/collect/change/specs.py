"""The only place that compares the locked specifications with the base, and finds what a change records about itself."""

from __future__ import annotations

import ast
import re
from typing import Any

from checker.collect.data_parsed import Malformed
from checker.collect.data_text import parse
from checker.collect.files import Root, Unreadable, decoded
from checker.model.change.specs import ChangeRecords, Record, SpecChange, SpecChanges
from checker.model.change.touched import ChangeSet, Touched
from checker.model.contract import ContractFiles
from checker.model.decisions import Decisions
from checker.model.globs import covers
from checker.model.observation import Place
from checker.model.repo import Role
from checker.model.settings import Description
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git

LARGEST = 8 << 20  # bytes
_SPECS = (
    "specs/**", "**/openapi.yaml", "**/openapi.yml", "**/openapi.json", "**/swagger.yaml", "**/swagger.yml", "**/swagger.json",
    "**/database-schema.json", "**/schema.graphql",
)  # fmt: skip
_WORDS = frozenset(
    {
        "description",
        "summary",
        "title",
        "example",
        "examples",
        "externalDocs",
        "$comment",
        "contact",
        "license",
        "termsOfService",
    }
)
_PROSE = (".md", ".mdx", ".rst", ".txt", ".adoc")
_ESCALATES = re.compile(
    r"(?i)\bescalat|\barchitecture decision\b|\bADR[- ]?\d|^[^\S\n]*status:\s*accepted", re.MULTILINE
)
_RECORDING = (".md", ".json", ".yaml", ".yml", ".txt", ".toml", ".jsonl")


def spec_changes(
    git: Git,
    root: Root,
    change: ChangeSet,
    description: Description,
    contracts: ContractFiles | NotApplicable | Unavailable,
) -> SpecChanges:
    """The specifications that the base has and the change touches. NotApplicable without a base."""
    layout = description.layout
    known = contracts.openapi + contracts.graphql if isinstance(contracts, ContractFiles) else ()
    globs = (*_SPECS, *layout.openapi, *layout.graphql, *layout.database_schema, *known)
    found = []
    for one in change.files:
        path = one.old_path or one.path
        is_spec = any(covers(glob, path) for glob in globs) and not path.endswith(_PROSE)
        if is_spec and one.status != "A" and one.role not in (Role.TEST, Role.FIXTURE, Role.VENDORED):
            found.append(_compared(git, root, change.base, one, path))
    return SpecChanges(tuple(found))


def _compared(git: Git, root: Root, base: str, one: Touched, path: str) -> SpecChange:
    if one.status == "D":
        return SpecChange(path, True, Place("."), "the file is gone", gone=True)
    try:
        data = git.show(base, path, LARGEST)
        before = "" if data is None else decoded(path, data).text
        after = root.text(one.path, LARGEST).text
    except (Unreadable, Unavailable) as wrong:
        return SpecChange(one.path, True, one.place, f"cannot be compared: {wrong}"[:160])
    differs = _meaning(one.path, before) != _meaning(one.path, after)
    seen = next((line.strip() for _, line in one.statements), "lines are gone")
    return SpecChange(one.path, differs, one.place, seen[:120])


def _meaning(path: str, text: str) -> Any:
    """What a specification says, without the words that only explain it."""
    try:
        if path.endswith((".yaml", ".yml", ".json")):
            return _bare(parse(text).value)
        if path.endswith(".py"):
            return ast.dump(_without_docstrings(ast.parse(text)))
    except (Malformed, SyntaxError, ValueError, RecursionError, MemoryError):
        return text
    return re.sub(
        r"\s+", " ", re.sub(r"//[^\n]*|/\*.*?\*/|(?m:^\s*#[^\n]*)|\"\"\".*?\"\"\"", "", text, flags=re.DOTALL)
    ).strip()


def _bare(value: Any, within_names: bool = False) -> Any:
    if isinstance(value, dict):
        kept = {
            key: _bare(inner, key in ("properties", "schemas", "parameters", "responses", "paths", "columns", "tables"))
            for key, inner in value.items()
            if within_names or (key not in _WORDS and not str(key).startswith("x-"))
        }
        return {key: inner for key, inner in kept.items() if key != "info"}
    return [_bare(one) for one in value] if isinstance(value, list) else value


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:]
    return tree


def change_records(change: ChangeSet, decisions: Decisions) -> ChangeRecords:
    """Decisions and escalations: those that the change brings along, and the decisions that were there."""
    touched = {one.path: one for one in change.files if one.status != "D"}
    new = [Record(one.path, f"{one.path}\n{one.text}") for one in decisions.files if one.path in touched]
    old = [Record(one.path, f"{one.path}\n{one.text}") for one in decisions.files if one.path not in touched]
    known = {one.path for one in decisions.files}
    for path, one in touched.items():
        text = "\n".join(line for _, line in one.added)
        if (
            path not in known
            and path.endswith(_RECORDING)
            and _ESCALATES.search(text)
            and one.role in (Role.DOCS, Role.RUNTIME)
        ):
            new.append(Record(path, text))
    return ChangeRecords(tuple(new), tuple(old))
