"""The only reader of what a repository configures for its tools: what a run may take over, and what loosens a judgement."""

from __future__ import annotations

import configparser
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import tomli

FILES = (
    "pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    ".pytest.toml",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
    ".coveragerc",
    "ruff.toml",
    ".ruff.toml",
    "mypy.ini",
)
Read = Callable[[str], bytes | None]


@dataclass(frozen=True)
class Configured:
    """pytest's settings, and those of every tool that judges, by section: what a change of them is compared by."""

    pytest: Mapping[str, Any]
    judging: Mapping[str, Any]

    @property
    def testpaths(self) -> tuple[str, ...]:
        return tuple(one.strip("/").removeprefix("./") for one in _words(self.pytest.get("testpaths")))

    def addopts(self, allowed: tuple[str, ...]) -> tuple[str, ...]:
        """The options that change no choice and no outcome; every other one is left out."""
        words = _words(self.pytest.get("addopts"))
        return tuple(word for word in words if word.partition("=")[0] in allowed and ("=" in word or _is_flag(word)))

    @property
    def omitted(self) -> tuple[str, ...]:
        """What coverage is told to leave out, as globs of paths."""
        parts = (one for name, one in self.judging.items() if "coverage" in name and isinstance(one, Mapping))
        return tuple(word for one in parts for word in _words(one.get("omit")))

    @property
    def threshold(self) -> float:
        """`fail_under` of coverage, 0 where none is set."""
        values = (
            one.get("fail_under")
            for name, one in self.judging.items()
            if "coverage" in name and isinstance(one, Mapping)
        )
        return max((_number(value) for value in values), default=0.0)


def configured(read: Read) -> Configured:
    """Read every file that tools read; a broken one counts as its own text, so that breaking it is a change too."""
    sections: dict[str, Any] = {}
    for name in FILES:
        data = read(name)
        if data is not None:
            sections.update({f"{name} {section}": value for section, value in _sections(name, data)})
    chosen = (
        "pytest.ini pytest",
        ".pytest.ini pytest",
        "pytest.toml pytest",
        ".pytest.toml pytest",
        "pyproject.toml pytest",
        "tox.ini pytest",
        "setup.cfg tool:pytest",
    )
    ours: Mapping[str, Any] = next((sections[name] for name in chosen if isinstance(sections.get(name), Mapping)), {})
    return Configured(ours, sections)


def configured_at(path: str, files: Mapping[str, bytes]) -> Mapping[str, Any]:
    """The sections of one file below the root, which tools obey for what lies beside it."""
    name = path.rpartition("/")[2]
    return {f"{name} {section}": value for section, value in _sections(name, files[path])} if path in files else {}


def _sections(name: str, data: bytes) -> Iterator[tuple[str, Any]]:
    text = data.decode("utf-8", "replace")
    try:
        if name.endswith(".toml"):
            yield from _of_toml(name, tomli.loads(text))
            return
        parser = configparser.RawConfigParser(strict=False)
        parser.read_string(text)
    except (tomli.TOMLDecodeError, configparser.Error, RecursionError, ValueError):
        yield "broken", text
        return
    for section in parser.sections():
        if any(word in section for word in ("pytest", "coverage", "run", "report", "ruff", "flake8", "mypy")):
            yield section, dict(parser.items(section))


def _of_toml(name: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if name != "pyproject.toml":
        yield "pytest" if "pytest" in name else "ruff", values.get("pytest", values) if "pytest" in name else values
        return
    tools = values.get("tool")
    for tool in ("pytest", "coverage", "ruff", "mypy") if isinstance(tools, Mapping) else ():
        settings = dict(tools or {}).get(tool)
        if tool == "pytest" and isinstance(settings, Mapping):
            settings = settings.get("ini_options", settings)
        if tool == "coverage" and isinstance(settings, Mapping):
            yield from ((f"coverage.{part}", value) for part, value in settings.items())
        elif settings is not None:
            yield tool, settings


def _words(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    try:
        return shlex.split(str(value or ""), comments=False)
    except ValueError:
        return []


def _is_flag(word: str) -> bool:
    return word.startswith("--strict-")


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return 0.0
