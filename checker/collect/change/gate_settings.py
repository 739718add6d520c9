"""The only place that compares how the base and the head configure the tools that judge a change."""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from checker.collect.change.demanded import demanded
from checker.collect.data_parsed import Malformed
from checker.collect.data_text import parse
from checker.collect.files import Root, Unreadable, decoded
from checker.model.change.settings_of_gates import GateSettings, SettingChange, flat
from checker.model.execution import Execution
from checker.model.repo import Changes
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git

LARGEST = 1 << 20  # bytes
_TOML_SECTIONS = re.compile(
    r"tool\.(?:ruff|mypy|pytest|coverage|pylint|pyright|basedpyright|black|bandit|flake8|importlinter|deptry|mutmut|isort|semgrep"
    r"|sqlfluff|vulture|ty)\b"
)
_INI_SECTIONS = re.compile(
    r"mypy|flake8|pylint|tool:pytest|pytest|coverage|run$|report$|pycodestyle|isort|bandit|importlinter"
    r"|MESSAGES CONTROL|MASTER|MAIN",
    re.IGNORECASE,
)
_JSON_SECTIONS = re.compile(r"jest|eslintConfig|nyc|c8|vitest|ava|mocha|stryker")
_INI = (
    "setup.cfg",
    "tox.ini",
    "pytest.ini",
    ".pytest.ini",
    "mypy.ini",
    ".mypy.ini",
    ".coveragerc",
    ".flake8",
    ".pylintrc",
    "pylintrc",
    ".bandit",
    ".importlinter",
    ".sqlfluff",
)
_TOML = (
    "pyproject.toml",
    "ruff.toml",
    ".ruff.toml",
    "pylintrc.toml",
    ".gitleaks.toml",
    "gitleaks.toml",
    "biome.toml",
    ".coveragerc.toml",
    "sgconfig.toml",
)
_DATA = tuple(
    (
        "tsconfig.json .eslintrc .eslintrc.json .eslintrc.yml .eslintrc.yaml biome.json biome.jsonc jest.config.json "
        ".nycrc .nycrc.json codecov.yml .codecov.yml codecov.yaml .pre-commit-config.yaml .spectral.yaml .spectral.yml "
        ".gitguardian.yaml package.json .secrets.baseline .golangci.yml .golangci.yaml pyrightconfig.json .mocharc.json "
        "redocly.yaml stryker.conf.json"
    ).split()
)
_COMMENTED = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)


def gate_settings(git: Git, root: Root, changed: Changes | NotApplicable, execution: Execution) -> GateSettings:
    """Every setting that differs. NotApplicable without a base, Unavailable where a gate asks."""
    changes = demanded(changed, execution)
    altered: list[SettingChange] = []
    gone: list[str] = []
    looked: list[str] = []
    left: list[str] = []
    arrived: set[str] = set()
    for one in changes.files:
        path = one.old_path or one.path
        if not _judges(path) or one.status == "A":
            continue
        before = _at_base(git, changes.base, path)
        if one.status == "D":
            if before is None or list(_settings(path, before)):
                gone.append(path)
            continue
        after = _now(root, one.path)
        if before is None or after is None:
            continue
        looked.append(one.path)
        compared = _compared(one.path, before, after)
        altered.extend(compared.altered)
        arrived |= compared.arrived
        left += [f"{one.path} [{tool}]" for tool in sorted(compared.left)]
    arrived |= {
        tool for one in changes.files if one.status == "A" and _judges(one.path) for tool in _tools_of(root, one.path)
    }
    return GateSettings(tuple(altered), tuple([*gone, *left] if not arrived else []), tuple(looked))


def _judges(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name in (*_INI, *_TOML, *_DATA)


def _at_base(git: Git, base: str, path: str) -> str | None:
    try:
        data = git.show(base, path, LARGEST)
        return None if data is None else decoded(path, data).text
    except (Unreadable, Unavailable):
        return None


def _now(root: Root, path: str) -> str | None:
    try:
        return root.text(path, LARGEST).text
    except (Unreadable, Unavailable):
        return None


@dataclass(frozen=True)
class _Compared:
    """One file: settings that differ, of tools that both revisions configure, and the tools that only one does."""

    altered: list[SettingChange]
    arrived: frozenset[str]
    left: frozenset[str]


def _compared(path: str, before: str, after: str) -> _Compared:
    old, new = dict(_settings(path, before)), dict(_settings(path, after))
    was, now = {_tool(path, key) for key in old}, {_tool(path, key) for key in new}
    altered = [
        SettingChange(path, key, old.get(key), new.get(key), _line(after, key))
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key) and _tool(path, key) in was & now
    ]
    return _Compared(altered, frozenset(now - was), frozenset(was - now))


def _tool(path: str, key: str) -> str:
    """The tool that a setting is for: one that comes into use brings its exceptions along, which loosens nothing."""
    name = path.rpartition("/")[2]
    if name == "pyproject.toml":
        return key.split(".")[1]
    return re.split(r"[.:\-]", key)[0] if name in _INI or name == "package.json" else name


def _tools_of(root: Root, path: str) -> set[str]:
    text = _now(root, path)
    return {_tool(path, key) for key, _ in _settings(path, text)} if text else set()


def _settings(path: str, text: str) -> Iterator[tuple[str, Any]]:
    """Settings by dotted key, those of tools that judge alone; none from a file that cannot be parsed."""
    name = path.rpartition("/")[2]
    try:
        if name in _TOML:
            wanted = _TOML_SECTIONS if name == "pyproject.toml" else re.compile("")
            for key, value in flat(tomllib.loads(text)):
                if wanted.match(key):
                    yield re.sub(r"^((?:tool\.ruff\.)?)lint\.", r"\1", key), value  # where ruff 0.2 moved them
        elif name in _INI:
            parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
            parser.read_string(text)
            yield from (
                (f"{section}.{key}", value)
                for section in parser.sections()
                if _INI_SECTIONS.search(section)
                for key, value in parser.items(section)
            )
        else:
            yield from _data(name, parse(_COMMENTED.sub(lambda found: found[1] or "", text)).value)
    except (tomllib.TOMLDecodeError, configparser.Error, Malformed, RecursionError, ValueError):
        return


def _data(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if name == ".pre-commit-config.yaml":
        repos = value.get("repos") if isinstance(value, dict) else None
        hooks = [
            hook.get("id")
            for repo in repos or ()
            if isinstance(repo, dict)
            for hook in repo.get("hooks") or ()
            if isinstance(hook, dict)
        ]
        yield "hooks", [str(hook) for hook in hooks]
    elif name == ".secrets.baseline":
        yield "allowlist.results", sorted(value.get("results") or {}) if isinstance(value, dict) else []
    elif name == "package.json":
        yield from (one for one in flat(value) if _JSON_SECTIONS.match(one[0]))
    else:
        yield from flat(value)


def _line(text: str, key: str) -> int | None:
    """The line on which the last part of a key is set, where it stands there once at least."""
    last = re.escape(key.rpartition(".")[2])
    found = re.search(rf"(?m)^[^\S\n]*[\"']?{last}[\"']?\s*[:=]|[\"']{last}[\"']\s*:", text)
    return text.count("\n", 0, found.end()) + 1 if found else None
