"""The only reader of our own TOML: values, and the line of each key for a message that points at it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

import tomli
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)

_TOKEN = re.compile(
    r'''#[^\n]*|(?P<long>"""(?:[^\\]|\\.)*?"{3,5}|\'{3}.*?\'{3,5})|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[\[\]{}=,.\n]|[^\s\[\]{}=,.#"']+''',
    re.DOTALL,
)
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
    revision: str = ""  # said in messages where this is not the file as it stands

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
        return ConfigurationError(self.path, self.line(keys), f"{message}{self.revision}")


def parse(path: str, text: str, prefix: tuple[str, ...] = (), revision: str = "") -> TomlSource:
    """Parse TOML, and step into the table `prefix` where one is named; ConfigurationError names the broken line."""
    try:
        values: Any = tomli.loads(text)
    except tomli.TOMLDecodeError as broken:
        found = _LINE_OF_ERROR.search(str(broken))
        line = int(found.group(1)) if found else text.count("\n") + 1
        message = f"not TOML: {_LINE_OF_ERROR.sub('', str(broken)).strip()}"
        raise ConfigurationError(path, line, message + revision) from None
    except RecursionError:
        raise ConfigurationError(path, None, f"not TOML: nested too deeply{revision}") from None
    except ValueError:
        raise ConfigurationError(path, None, f"not TOML: a number with too many digits{revision}") from None
    source = TomlSource(path, text, {}, prefix, revision)
    for key in prefix:
        values = values.get(key, {}) if isinstance(values, dict) else None
    if not isinstance(values, dict):
        raise source.error([], f"[{'.'.join(prefix)}] is not a table")
    return TomlSource(path, text, values, prefix, revision)


def load(model: type[Model], source: TomlSource) -> Model:
    """Validate into `model`; the first thing wrong becomes one ConfigurationError with line and nearest name."""
    try:
        return model.model_validate(source.values)
    except ValidationError as wrong:
        first = min(wrong.errors(), key=lambda one: one["type"] != "extra_forbidden")  # a typo explains what is missing
        keys = tuple(_written(source.values, first["loc"], first["type"] == "missing"))
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
    said = message.removeprefix("Value error, ").replace("valid tuple", "valid array").replace("dictionary", "table")
    return f"{name}: {said}, got {shown if len(shown) <= 60 else shown[:57] + '...'}"


def _written(values: Any, place: Sequence[str | int], missing: bool) -> Iterator[str | int]:
    """The keys of a place as they stand in the file, without the validator's own names for alternatives."""
    for part in place:
        known = part in values if isinstance(values, Mapping) else isinstance(values, list) and isinstance(part, int)
        if not known:
            yield from (part,) * missing
            return
        yield part
        values = values[part]


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


@dataclass
class _Open:
    """A table, inline table or array while its text is read; only an array counts its members."""

    base: tuple[str | int, ...]
    member: int | None = None
    parts: list[str] = field(default_factory=list)
    key: tuple[str | int, ...] = ()  # set while its value is read


@lru_cache(maxsize=8)
def _lines_of(text: str) -> Mapping[tuple[str | int, ...], int]:
    """The line on which each key, and each member of an array, first stands. The text is TOML already."""
    lines: dict[tuple[str | int, ...], int] = {}
    counts: dict[tuple[str | int, ...], int] = {}
    stack = [_Open(())]
    header = 0  # how many brackets open the header that is being read
    for word, line in _words(text):
        now = stack[-1]
        if header and word == "]":
            now.base = _indexed(tuple(now.parts), header == 2, counts)
            _note(lines, now.base, line)
            now.parts, header = [], 0
        elif header or (now.member is None and not now.key):
            if word == "[" and not now.parts:
                header, now.base = header + 1, ()
            elif word == "=":
                now.key, now.parts = (*now.base, *now.parts), []
                _note(lines, now.key, line)
            elif word == "}":
                stack.pop()
            elif word not in ".,]\n":
                now.parts.append(_plain(word))
        else:
            _value(stack, word, line, lines)
    return lines


def _value(stack: list[_Open], word: str, line: int, lines: dict[tuple[str | int, ...], int]) -> None:
    """Read one word of a value; the stack grows and shrinks with brackets."""
    now = stack[-1]
    keys = now.key if now.member is None else (*now.base, now.member)
    if word in "]}":
        stack.pop()
    elif word == ",":
        now.member, now.key = None if now.member is None else now.member + 1, ()
    elif word == "\n":
        now.key = () if len(stack) == 1 else now.key
    else:
        _note(lines, keys, line)
        if word in "[{":
            stack.append(_Open(keys, 0 if word == "[" else None))


def _note(lines: dict[tuple[str | int, ...], int], keys: tuple[str | int, ...], line: int) -> None:
    for length in range(1, len(keys) + 1):
        lines.setdefault(keys[:length], line)


def _words(text: str) -> Iterator[tuple[str, int]]:
    """What TOML is made of, with its line; comments and blanks left out."""
    line, position = 1, 0
    for found in _TOKEN.finditer(text):
        line += text.count("\n", position, found.start())
        position = found.start()
        if not found.group().startswith("#"):
            yield '""' if found.group("long") else found.group(), line


def _plain(word: str) -> str:
    return str(tomli.loads(f"key = {word}")["key"]) if word[0] in "\"'" else word


def _indexed(
    parts: tuple[str, ...], starts_member: bool, counts: dict[tuple[str | int, ...], int]
) -> tuple[str | int, ...]:
    """Insert the running index after each array of tables in a header's name."""
    keys: tuple[str | int, ...] = ()
    for position, part in enumerate(parts, 1):
        keys = (*keys, part)
        if starts_member and position == len(parts):
            counts[keys] = counts.get(keys, -1) + 1
        if keys in counts:
            keys = (*keys, counts[keys])
    return keys
