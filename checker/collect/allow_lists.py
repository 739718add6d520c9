"""The only place that reads how other secret scanners are configured, and tries what they pass over."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

from checker.collect.data_parsed import Malformed
from checker.collect.data_text import parse
from checker.collect.files import Root, Unreadable
from checker.model.allow_lists import AllowLists, Passed, hides_everything, named
from checker.model.observation import Place
from checker.model.repo import Inventory, Role
from checker.model.unavailable import Unavailable

LARGEST = 4 << 20  # bytes
MOST_FILES = 2000  # runtime files that patterns are tried on
_TOOLS = (
    (re.compile(r"(?:.*/)?\.?(?:gitleaks|betterleaks)(?:[.-][\w.-]+)?\.toml"), "gitleaks"),
    (re.compile(r"(?:.*/)?\.secrets\.baseline"), "detect-secrets"),
    (re.compile(r"(?:.*/)?\.?gitguardian\.ya?ml"), "ggshield"),
    (re.compile(r"\.github/secret_scanning\.yml"), "GitHub"),
    (re.compile(r"(?:.*/)?\.?trufflehog[.-]?(?:ignore|exclude)[\w.-]*"), "trufflehog"),
    (re.compile(r"(?:.*/)?\.talismanrc"), "talisman"),
)  # fmt: skip


def allow_lists(root: Root, inventory: Inventory) -> AllowLists:
    """What the configurations pass over, tried on the repository's own runtime files."""
    runtime = tuple(file.path for file in inventory.files if file.role in (Role.RUNTIME, Role.SCRIPT, Role.MIGRATION))
    runtime = tuple(path for path in runtime if not any(pattern.fullmatch(path) for pattern, _ in _TOOLS))
    sample = runtime[:: max(1, len(runtime) // MOST_FILES)]
    found: list[Passed] = []
    read = []
    for file in inventory.files:
        tool = next((name for pattern, name in _TOOLS if pattern.fullmatch(file.path)), "")
        if tool and not file.symlink and file.role not in (Role.VENDORED, Role.FIXTURE):
            try:
                text = root.text(file.path, LARGEST).text
                found.extend(_tried(file.path, tool, text, sample))
                read.append(file.path)
            except (Unreadable, Unavailable, Malformed, tomllib.TOMLDecodeError, RecursionError):
                continue
    return AllowLists(tuple(found), len(sample), tuple(read))


def _tried(path: str, tool: str, text: str, runtime: tuple[str, ...]) -> Iterator[Passed]:
    for of, pattern in _passed(tool, text):
        at = text.find(pattern)
        line = text.count("\n", 0, at) + 1 if at >= 0 else None
        place = Place(path, (line, line) if line else None)
        if of == "value":
            all_values = hides_everything(pattern)
            yield Passed(tool, of, pattern, place, everything=bool(all_values), judged=all_values is not None)
        elif of == "rule":
            yield Passed(tool, of, pattern, place)
        else:
            count = named(pattern, of, runtime)
            yield Passed(tool, of, pattern, place, covered=count or 0, judged=count is not None)


def _passed(tool: str, text: str) -> Iterator[tuple[str, str]]:
    """What is passed over and how it is written, one by one."""
    if tool == "gitleaks":
        yield from _gitleaks(tomllib.loads(text))
    elif tool == "detect-secrets":
        yield from _detect_secrets(parse(text).value)
    elif tool == "trufflehog":
        yield from (("path", line.strip()) for line in text.split("\n") if line.strip() and not line.startswith("#"))
    else:
        value = parse(text).value
        table = value if isinstance(value, dict) else {}
        nested = table.get("secret") if isinstance(table.get("secret"), dict) else {}
        for key in ("paths-ignore", "ignored_paths", "ignored-paths", "paths_ignore"):
            yield from (("glob", one) for one in (*_texts(table.get(key)), *_texts((nested or {}).get(key))))


def _gitleaks(table: dict[str, Any]) -> Iterator[tuple[str, str]]:
    rules = [one for one in table.get("rules") or () if isinstance(one, dict)]
    for holder in (table, *rules):
        lists = [holder.get("allowlist"), *(holder.get("allowlists") or ())]
        for one in lists:
            if isinstance(one, dict) and not one.get("commits") and one.get("condition") != "AND":
                yield from (("path", pattern) for pattern in _texts(one.get("paths")))
                yield from (("value", pattern) for pattern in _texts(one.get("regexes")))
    extend = table.get("extend")
    for rule in _texts(extend.get("disabledRules")) if isinstance(extend, dict) else ():
        yield "rule", rule


def _detect_secrets(value: Any) -> Iterator[tuple[str, str]]:
    table = value if isinstance(value, dict) else {}
    for one in table.get("filters_used") or ():
        if isinstance(one, dict) and "pattern" in one:
            of = "path" if "exclude_file" in str(one.get("path")) else "value"
            yield from ((of, pattern) for pattern in _texts(one["pattern"]))


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
