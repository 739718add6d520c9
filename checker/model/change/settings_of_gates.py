"""What a change does to the settings of the tools that judge it: linters, type checkers, coverage, tests, scanners."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_GROWS_LOOSER = re.compile(
    r"(?:^|\.)(?:extend-)?(?:ignore|ignores|exclude|excludes|omit|disable|disable_error_code|skips|exclude_lines|exclude_also|deselect"
    r"|per-file-ignores(?:\..+)?|extend-per-file-ignores(?:\..+)?|ignorePatterns|coveragePathIgnorePatterns|testPathIgnorePatterns"
    r"|exclude_dirs|allowlist\.\w+|ignored[-_]paths|exclude-patterns|partial_branches|ignore_missing_imports)$"
)
_SHRINKS_LOOSER = re.compile(
    r"(?:^|\.)(?:extend-)?(?:select|enable|enable_error_code|files|testpaths|source|plugins|include|filterwarnings|hooks|fail_on)$"
)
_TRUE_IS_STRICT = re.compile(
    r"(?:^|\.)(?:strict\w*|disallow_\w+|warn_\w+|check_untyped_defs|no_implicit_\w+|noImplicit\w+|noUnused\w+|noUnchecked\w+"
    r"|noFallthrough\w+|branch|xfail_strict|exactOptionalPropertyTypes|error_summary|report\w+Missing\w*)$"
)
_TRUE_IS_LOOSE = re.compile(
    r"(?:^|\.)(?:ignore_errors|ignore_missing_imports|allow_\w+|passWithNoTests|exit-zero|skip_empty|follow_untyped_imports"
    r"|noEmitOnError)$"
)
_HIGHER_IS_STRICT = re.compile(
    r"(?:^|\.)(?:fail_under|fail-under|min_coverage|threshold|coverageThreshold\..+|mutation_score|target)$"
)
_HIGHER_IS_LOOSE = re.compile(
    r"(?:^|\.)(?:max-complexity|max_complexity|max-args|max-branches|max-statements|max-warnings|maxWarnings)$"
)
_RULE = re.compile(r"(?:^|\.)rules\.[^.]+(?:\.[^.]+)*$")
_WEIGHT = {"off": 0, "0": 0, "warn": 1, "1": 1, "warning": 1, "info": 1, "error": 2, "2": 2, "none": 0}
_OPTION = re.compile(r"--(?:cov-fail-under|fail-under|max-warnings)[= ](\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class SettingChange:
    """One setting, before and after the change; None where it is not there. `line` of the file as it stands."""

    path: str
    key: str
    before: Any
    after: Any
    line: int | None = None

    @property
    def is_list(self) -> bool:
        """Whether only a list of exceptions differs, which honest changes touch as well."""
        return _GROWS_LOOSER.search(self.key) is not None or _SHRINKS_LOOSER.search(self.key) is not None

    @property
    def loosens(self) -> str:
        """In which way less is asked than before; empty where not, or where that cannot be told."""
        return _loosens(self.key, self.before, self.after)


@dataclass(frozen=True)
class GateSettings:
    """Every setting of a judging tool that the change alters; `gone` are configuration files that it removes."""

    changes: tuple[SettingChange, ...]
    gone: tuple[str, ...] = ()
    looked_at: tuple[str, ...] = ()


def _loosens(key: str, before: Any, after: Any) -> str:
    return next((judged(before, after) for pattern, judged in _JUDGED if pattern.search(key)), _option(before, after))


def _grown(before: Any, after: Any) -> str:
    more = _words(after) - _words(before)
    return f"{_list(more)} left out as well" if more else ""


def _shrunk(before: Any, after: Any) -> str:
    kept = _words(after)
    gone = _words(before) - kept if before is not None else set()
    less = {one for one in gone if not any(other.startswith(one) or one.startswith(other) for other in kept)}
    return f"{_list(less)} asked no more" if less else ""


def _lowered(before: Any, after: Any) -> str:
    was, now = _number(before), _number(after) or 0.0
    return f"lowered from {before} to {_shown(after)}" if was is not None and now < was else ""


def _raised(before: Any, after: Any) -> str:
    was, now = _number(before), _number(after)
    return f"raised from {before} to {_shown(after)}" if was is not None and (now is None or now > was) else ""


def _untrue(before: Any, after: Any) -> str:
    return f"{_shown(before)} became {_shown(after)}" if _is_true(before) and not _is_true(after) else ""


def _true(before: Any, after: Any) -> str:
    return f"{_shown(before)} became {_shown(after)}" if _is_true(after) and not _is_true(before) else ""


def _lighter(before: Any, after: Any) -> str:
    was, now = _weight(before), _weight(after)
    return f"{_shown(before)} became {_shown(after)}" if was is not None and now is not None and now < was else ""


def _overridden(before: Any, after: Any) -> str:
    """mypy's tables for some modules: those that stop it from looking at code, not those for libraries without types."""
    loose = re.compile(r"'(?:ignore_errors': True|disable_error_code|(?:disallow|check|strict|warn)\w*': False)")
    more = [one for one in after or () if one not in (before or ()) and loose.search(str(one))]
    return f"{str(more[0])[:100]} is new" if more else ""


def _option(before: Any, after: Any) -> str:
    """A threshold inside a command line, such as pytest's addopts."""
    was, now = (
        _OPTION.search(" ".join(sorted(_words(one))) if not isinstance(one, str) else one) for one in (before, after)
    )
    if was and (now is None or float(now[1]) < float(was[1])) and "max-warnings" not in was[0]:
        return f"{was[0]} became {now[0] if now else 'nothing'}"
    return ""


def _words(value: Any) -> set[str]:
    if isinstance(value, (list, tuple)):
        return {str(one) for one in value}
    if isinstance(value, str):
        return set(re.split(r"[\s,]+", re.sub(r"(?m)#.*$", "", value).strip())) - {""}
    return set() if value is None or isinstance(value, bool) else {str(value)}


def _list(words: set[str]) -> str:
    shown = sorted(words)
    return ", ".join(shown[:6]) + (f" and {len(shown) - 6} more" if len(shown) > 6 else "")


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) or value is None else float(str(value).rstrip("%"))
    except ValueError:
        return None


def _is_true(value: Any) -> bool:
    return value is True or str(value).lower() in ("true", "yes", "on", "1")


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)[:60]


def _weight(value: Any) -> int | None:
    first = value[0] if isinstance(value, list) and value else value
    return _WEIGHT.get(str(first).lower())


_JUDGED: tuple[tuple[re.Pattern[str], Callable[[Any, Any], str]], ...] = (
    (re.compile(r"(?:^|\.)mypy\.overrides$"), _overridden),
    (_GROWS_LOOSER, _grown),
    (_SHRINKS_LOOSER, _shrunk),
    (_HIGHER_IS_STRICT, _lowered),
    (_HIGHER_IS_LOOSE, _raised),
    (_TRUE_IS_STRICT, _untrue),
    (_TRUE_IS_LOOSE, _true),
    (_RULE, _lighter),
)


def flat(value: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The leaves of nested tables by dotted key; lists are leaves."""
    if isinstance(value, dict) and depth < 8:
        for key, inner in value.items():
            yield from flat(inner, f"{prefix}.{key}" if prefix else str(key), depth + 1)
    else:
        yield prefix, value
