"""Findings of other tools, as their SARIF tells them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImportedResult:
    """One result. `level` is SARIF's: error, warning, note, none; `path` is empty where it lies outside the audited tree."""

    tool: str
    rule: str
    level: str
    message: str
    path: str
    lines: tuple[int, int] | None = None
    said_path: str = ""  # as the tool wrote it
    suppressed: bool = False


@dataclass(frozen=True)
class Imported:
    """Everything that was imported, in the order of the files; `runs` name each tool with the file it came from."""

    results: tuple[ImportedResult, ...]
    runs: tuple[tuple[str, str], ...]
