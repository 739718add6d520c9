"""The only reader of a list of repositories, and of the part of it that is one shard's."""

from __future__ import annotations

import hashlib
from pathlib import Path

from checker.toml_source import ConfigurationError


def read(file: Path) -> tuple[str, ...]:
    """The folders that a file names, one a line, as they are written; blank lines and `#` comments are passed over.

    They are relative to the folder of the file. One that is not there becomes a row of its own, not the end of the others.
    ConfigurationError, with the line, for an address (nothing is fetched) and one named twice.
    """
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as refused:
        reason = refused.strerror if isinstance(refused, OSError) else "is not UTF-8"
        raise ConfigurationError(str(file), None, reason or "cannot be read") from None
    named: list[str] = []
    places: dict[Path, int] = {}
    for number, line in enumerate(lines, 1):
        name = line.strip()
        if not name or name.startswith("#"):
            continue
        if "://" in name or name.startswith("git@"):
            raise ConfigurationError(str(file), number, f"{name} is an address; clone it, and name the folder")
        place = (file.parent / name).resolve()  # `a`, `a/` and `./a` are one repository
        if place in places:
            raise ConfigurationError(str(file), number, f"{name} stands on line {places[place]} already")
        places[place] = number
        named.append(name)
    if not named:
        raise ConfigurationError(str(file), None, "names no repository")
    return tuple(named)


def shard(names: tuple[str, ...], part: str | None) -> tuple[str, ...]:
    """The names of shard `i/n` (1 to n): by the digest of the name, so that a longer list moves none to another shard."""
    if part is None:
        return names
    first, slash, last = part.partition("/")
    if not (slash and first.isdigit() and last.isdigit() and 1 <= int(first) <= int(last)):
        raise ConfigurationError("--shard", None, f"{part!r} is no i/n with i from 1 to n")
    return tuple(name for name in names if _number(name) % int(last) == int(first) - 1)


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[:8], "big")
