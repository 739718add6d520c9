"""The only reader of our own TOML: values, and the line of each key for a message that points at it."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)

_HEADER = re.compile(r"^\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_LINE_OF_ERROR = re.compile(r"\(at line (\d+), column \d+\)")


class ConfigurationError(Exception):
    """A file of ours or of the user's is wrong; says where, what was seen, and the nearest right name."""

    def __init__(self, path: str, line: int | None, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}" if line else f"{path}: {message}")


@dataclass(frozen=True)
class TomlSource:
    """Parsed TOML that remembers its name and its text. `prefix` is the table that the values came from."""

    path: str
    text: str
    values: Mapping[str, Any]
    prefix: tuple[str, ...] = ()

    def line(self, keys: Sequence[str | int]) -> int | None:
        """The line of a key, or of its nearest known parent; array members are counted from 0."""
        known = _lines_of(self.text)
        wanted = (*self.prefix, *keys)
        while wanted:
            if wanted in known:
                return known[wanted]
            wanted = wanted[:-1]
        return None

    def error(self, keys: Sequence[str | int], message: str) -> ConfigurationError:
        return ConfigurationError(self.path, self.line(keys), message)


def parse(path: str, text: str, prefix: tuple[str, ...] = ()) -> TomlSource:
    """Parse TOML, and step into the table `prefix` where one is named; ConfigurationError names the broken line."""
    try:
        values: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as broken:
        found = _LINE_OF_ERROR.search(str(broken))
        message = f"not TOML: {_LINE_OF_ERROR.sub('', str(broken)).strip()}"
        raise ConfigurationError(path, int(found.group(1)) if found else None, message) from None
    except RecursionError:
        raise ConfigurationError(path, None, "not TOML: nested too deeply") from None
    for key in prefix:
        values = values.get(key, {}) if isinstance(values, dict) else {}
    if not isinstance(values, dict):
        raise ConfigurationError(path, None, f"[{'.'.join(prefix)}] is not a table")
    return TomlSource(path, text, values, prefix)


def load(model: type[Model], source: TomlSource) -> Model:
    """Validate into `model`; the first thing wrong becomes one ConfigurationError with line and nearest name."""
    try:
        return model.model_validate(source.values)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        keys = tuple(first["loc"])
        raise source.error(keys, _explain(model, keys, first["type"], first["msg"], first.get("input"))) from None


def nearest(name: str, known: Iterable[str]) -> str:
    """A clause that names the nearest right name, or the empty string where none is near."""
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def _explain(model: type[BaseModel], keys: tuple[str | int, ...], kind: str, message: str, seen: object) -> str:
    name = ".".join(str(key) for key in keys)
    if kind == "extra_forbidden":
        return f"unknown key {name!r}{nearest(str(keys[-1]), _siblings(model, keys))}"
    if kind == "missing":
        return f"{name!r} is missing"
    shown = repr(seen)
    return f"{name}: {message.removeprefix('Value error, ')}, got {shown if len(shown) <= 60 else shown[:57] + '...'}"


def _siblings(model: type[BaseModel], keys: tuple[str | int, ...]) -> list[str]:
    """The names that would have been right beside the last of `keys`."""
    for key in keys[:-1]:
        field = next((f for n, f in model.model_fields.items() if key in (n, f.alias)), None)
        inner = _model_in(field.annotation) if field else None
        model = inner or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in getattr(annotation, "__args__", ()) if (found := _model_in(part))), None)


def _lines_of(text: str) -> dict[tuple[str | int, ...], int]:
    """Each key's line. Reads headers and the first line of each assignment; inside longer values the parent stands."""
    lines: dict[tuple[str | int, ...], int] = {}
    counts: dict[tuple[str, ...], int] = {}
    table: tuple[str | int, ...] = ()
    closing = ""
    for number, line in enumerate(text.splitlines(), 1):
        if closing:
            closing = "" if closing in line else closing
            continue
        if header := _HEADER.match(line):
            table = _indexed(_parts(header.group(2)), header.group(1) == "[[", counts)
            lines.setdefault(table, number)
        elif assignment := _KEY.match(line):
            lines.setdefault((*table, *_parts(assignment.group(1))), number)
            rest = line[assignment.end() :]
            closing = next((mark for mark in ('"""', "'''") if rest.count(mark) == 1), "")
    return lines


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _indexed(parts: tuple[str, ...], starts_member: bool, counts: dict[tuple[str, ...], int]) -> tuple[str | int, ...]:
    """Insert the running index after each array of tables in a header's name."""
    if starts_member:
        counts[parts] = counts.get(parts, -1) + 1
    keys: list[str | int] = []
    for end in range(1, len(parts) + 1):
        keys.append(parts[end - 1])
        if parts[:end] in counts:
            keys.append(counts[parts[:end]])
    return tuple(keys)
