"""The only place that looks for the markers by which code silences linters, scanners, type checkers and tests."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from checker.collect.code.cache import Cache, outside
from checker.collect.code.unedited import unedited
from checker.collect.files import Root, Unreadable, decoded
from checker.model.execution import CacheFolder
from checker.model.finding import Where
from checker.model.repo import Changes, Inventory, Role, Suppressions
from checker.model.report import Suppression
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git

LARGEST_SOURCE = 2 * 1024 * 1024
_READ = frozenset(Role) - {Role.VENDORED, Role.GENERATED, Role.DOCS}
_SOURCE = (
    ".py",
    ".pyi",
    ".ts",
    ".tsx",
    ".js",
    ".jsx",
    ".mjs",
    ".cjs",
    ".sql",
    ".tf",
    ".yaml",
    ".yml",
    ".sh",
    ".graphql",
    ".go",
)
_MARKERS = {
    "ast-grep": r"ast-grep-ignore\b[^\n]*",
    "bandit": r"#\s*nosec\b[^\n]*",
    "biome": r"biome-ignore\b[^\n]*",
    "checkov": r"checkov:skip=[^\n]*",
    "coverage": r"#\s*pragma:\s*no\s*cover\b|(?:c8|v8|istanbul)\s+ignore\s+\w+",
    "eslint": r"eslint-disable(?:-next-line|-line)?\b[^\n*]*",
    "gitleaks": r"gitleaks:allow\b",
    "graphql-eslint": r"#\s*eslint-disable[^\n]*",
    "mypy": r"#\s*type:\s*ignore(?:\[[^\]]*\])?|#\s*mypy:\s*[^\n]*",
    "node-test": r"\b(?:it|test|describe)\.(?:skip|todo)\(|\bx(?:it|describe)\(",
    "prettier": r"prettier-ignore\b",
    "pylint": r"#\s*pylint:\s*(?:disable|skip-file)[^\n]*",
    "pyright": r"#\s*pyright:\s*[^\n]*",
    "pytest": r"@?pytest\.mark\.(?:skip|skipif|xfail)\b|\bpytest\.(?:skip|xfail|importorskip)\(|@unittest\.skip\w*",
    "ruff": r"#\s*(?:ruff:\s*)?noqa\b(?::\s*[A-Z0-9, ]+)?",
    "semgrep": r"nosemgrep\b[^\n]*",
    "shellcheck": r"#\s*shellcheck\s+disable=[^\n]*",
    "sqlfluff": r"--\s*noqa\b[^\n]*",
    "squawk": r"squawk-ignore\b[^\n]*",
    "typescript": r"@ts-(?:ignore|expect-error|nocheck)\b",
}
_NAMES_KNOWN = {engine: engine for engine in _MARKERS}
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NAMES = {f"m{number}": engine for number, engine in enumerate(_MARKERS)}
_ANY = re.compile("|".join(f"(?P<m{number}>{pattern})" for number, pattern in enumerate(_MARKERS.values())))
_HINTS = tuple(
    b"noqa nosec nosemgrep ignore disable skip xfail todo( pragma: allow pyright mypy: @ts- xit( xdescribe(".split()
)  # one of them stands in every marker
_LONGEST_LINE = 2000  # characters that are looked at
Found = tuple[int, str, str]  # line, engine, marker


def suppressions(
    root: Root,
    inventory: Inventory,
    git: Git | NotApplicable | Unavailable,
    folder: CacheFolder,
    changes: Changes | NotApplicable | Unavailable,
) -> Suppressions:
    """Every marker in source that people write, with whether the change under judgement added it."""
    added = changes.added if isinstance(changes, Changes) else None
    files = [
        file
        for file in inventory.files
        if file.role in _READ and file.path.endswith(_SOURCE) and file.size <= LARGEST_SOURCE and not file.symlink
    ]
    with Cache(outside(folder, root), _key(), "markers") as kept:
        blobs = unedited(files, git)
        known = {blob: found for blob, one in kept.get(blobs.values()).items() if (found := _sound(one)) is not None}
        fresh: dict[str, list[Found]] = {}
        by_path = []
        for file in files:
            blob = blobs.get(file.path, "")
            found = known.get(blob)
            if found is None and (found := _in_file(root, file.path)) is not None and blob:
                known[blob] = fresh[blob] = found
            by_path.append((file.path, found or ()))
        kept.put(fresh)
    return Suppressions(tuple(_shown(path, one, added) for path, found in by_path for one in found))


def _shown(path: str, found: Found, added: dict[str, tuple[tuple[int, int], ...]] | None) -> Suppression:
    line, engine, marker = found
    in_change = None if added is None else any(first <= line <= last for first, last in added.get(path, ()))
    return Suppression(engine=engine, marker=marker, where=Where(path=path, lines=str(line)), in_change=in_change)


def _in_file(root: Root, path: str) -> list[Found] | None:
    """The markers of one file; None for what cannot be read."""
    try:
        data = root.read(path, LARGEST_SOURCE)
        hinted = data.startswith(_WIDE) or any(hint in data for hint in _HINTS)
        text = decoded(path, data).text if hinted else ""
    except (Unreadable, Unavailable):
        return None
    hints = [hint.decode() for hint in _HINTS if hint.decode() in text]
    found: list[Found] = []
    number, before = 1, 0
    for start in sorted({text.rfind("\n", 0, at) + 1 for hint in hints for at in _places(text, hint)}):
        number, before = number + text.count("\n", before, start), start
        line = text[start : start + _LONGEST_LINE].partition("\n")[0]
        matches = _ANY.finditer(line)
        found += [(number, _NAMES[one.lastgroup or ""], one.group().strip(" @#(*/-")[:120]) for one in matches]
    return found


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + len(word))


def _key() -> str:
    """What the markers of a content depend on: how they are looked for."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def _sound(record: object) -> list[Found] | None:
    """Kept markers, where they have the shape that we write: a cache is not trusted."""
    try:
        rows: Any = record
        return [(int(line), _NAMES_KNOWN[engine], str(marker)[:120]) for line, engine, marker in rows]
    except (TypeError, ValueError, KeyError):
        return None
