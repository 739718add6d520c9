"""The only place that reads a `.env` file: its names, and what its values look like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from checker.model.repo import File
from checker.model.secret_traits import assigned_traits, connection_traits
from checker.model.secrets import EnvFile, Setting, Traits

_FILE = re.compile(r"(?:.*/)?(?:\.env(?:\.[\w.\-]+)?|[\w\-]+\.env)", re.IGNORECASE)
_EXAMPLE = re.compile(r"example|sample|template|dist$|default|schema|\.ci$|test", re.IGNORECASE)
_LINE = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.]*)[ \t]*=[ \t]*(.*?)[ \t\r]*")
_SECRET = re.compile(
    r"pass(?:word|wd|phrase|code)?(?:$|_)|pwd|secret|token|api_?key|access_?key|private_?key|signing_?key|encryption_?key|"
    r"auth_?key|credential|salt$|_key$|^key$|dsn$",
    re.IGNORECASE,
)
_CONNECTION = re.compile(r"\w[\w+.\-]*://([^\s:/@]*):([^\s@]+)@([\w.\-]+)")


def is_env_file(path: str) -> bool:
    """Whether a path is that of a file of environment variables (`.env`, `.env.local`, `prod.env`)."""
    return _FILE.fullmatch(path) is not None


def env_file(file: File, tracked: bool | None, data: bytes, is_documented: Callable[[str], bool]) -> EnvFile:
    """The settings of a `.env` file; what is no assignment is passed over, as the readers of such files do."""
    name = file.path.rpartition("/")[2]
    example = _EXAMPLE.search(name) is not None
    return EnvFile(
        file.path, example, tracked, file.role, tuple(_settings(data.decode("utf-8", "replace"), is_documented))
    )


def _settings(text: str, is_documented: Callable[[str], bool]) -> Iterator[Setting]:
    for number, line in enumerate(text.split("\n"), 1):
        found = _LINE.fullmatch(line)
        if found:
            name, value = found[1], _bare(found[2])
            connection = _CONNECTION.match(value)
            if connection:
                traits = connection_traits(connection[2], connection[1], connection[3])
            elif is_documented(value):
                traits = Traits(len(value), 0.0, doubt="printed in its provider's documentation")
            else:
                traits = assigned_traits(value, name) if value else Traits(0, 0.0, doubt="empty")
            yield Setting(name, number, bool(connection or _SECRET.search(name)), traits)


def _bare(value: str) -> str:
    """A value without its quotes, or without the comment behind it."""
    if value[:1] in ("'", '"'):
        return value[1:].partition(value[0])[0]
    return re.split(r"\s+#", f" {value}" if value.startswith("#") else value)[0].strip()
