"""The only place that looks for the markers by which code silences linters, scanners, type checkers and tests."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.collect.files import Root, Unreadable
from checker.model.finding import Where
from checker.model.repo import Changes, Inventory, Role, Suppressions
from checker.model.report import Suppression
from checker.model.unavailable import NotApplicable, Unavailable

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
_NAMES = {f"m{number}": engine for number, engine in enumerate(_MARKERS)}
_ANY = re.compile("|".join(f"(?P<m{number}>{pattern})" for number, pattern in enumerate(_MARKERS.values())))
_HINT = re.compile(r"noqa|nosec|ignore|disable|skip|xfail|todo\(|no\s*cover|allow|pyright|mypy:|@ts-|xit\(|xdescribe\(")


def suppressions(root: Root, inventory: Inventory, changes: Changes | NotApplicable | Unavailable) -> Suppressions:
    """Every marker in source that people write, with whether the change under judgement added it."""
    added = changes.added if isinstance(changes, Changes) else None
    found = [
        one
        for file in inventory.files
        if file.role in _READ and file.path.endswith(_SOURCE) and file.size <= LARGEST_SOURCE and not file.symlink
        for one in _in_file(root, file.path, added)
    ]
    return Suppressions(tuple(found))


def _in_file(root: Root, path: str, added: dict[str, tuple[tuple[int, int], ...]] | None) -> Iterator[Suppression]:
    try:
        text = root.text(path, LARGEST_SOURCE).text
    except (Unreadable, Unavailable):
        return
    if not _HINT.search(text):
        return
    for number, line in enumerate(text.split("\n"), 1):
        if _HINT.search(line):
            for match in _ANY.finditer(line[:2000]):
                in_change = (
                    None if added is None else any(first <= number <= last for first, last in added.get(path, ()))
                )
                marker = match.group().strip(" @#(*/-")[:120]
                where = Where(path=path, lines=str(number))
                yield Suppression(engine=_NAMES[match.lastgroup or ""], marker=marker, where=where, in_change=in_change)
