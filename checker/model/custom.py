"""Rules that a repository or an organisation brings along: their form, and what their patterns matched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Annotated

from pydantic import Field, StrictInt, field_validator, model_validator

from checker.model.base import Frozen
from checker.model.repo import Role
from checker.model.rule import Rule

Word = Annotated[str, Field(min_length=1, max_length=200)]
Value = StrictInt | Word | Annotated[tuple[Word, ...], Field(min_length=1, max_length=200)]
_HOLE = re.compile(r"\{\{(\w+)\}\}")
_REPEATED = re.compile(r"\{\{\w+\}\}\)*[+*{]")
_SLOW = re.compile(r"(?<!\\)\((?:[^()\\]|\\.)*(?<!\\)[*+](?:[^()\\]|\\.)*\)(?:[*+]|\{\d+,)")  # a repeat of a repeat


class Pattern(Frozen):
    """What a custom rule asks of files: a line that must not be there, one that must, or that there is a file at all.

    `forbid`: each line that it matches is a finding, unless `unless` matches the line too. `require`: each file in which
    it matches nowhere is one. `present`: it is one where no file has such a name. `ast_grep`: each match of the syntax
    pattern in that YAML file, which lies beside the rule, is one (Python, TypeScript and JavaScript). `{{name}}` in `files`,
    in an expression or in `message` stands for a parameter of the rule.
    """

    files: tuple[str, ...] = Field(min_length=1)
    roles: tuple[Role, ...] = (Role.RUNTIME, Role.MIGRATION, Role.SCRIPT)
    forbid: str = ""
    unless: str = ""
    require: str = ""
    present: bool = False
    ast_grep: str = Field(default="", pattern=r"^$|^[\w.-]+\.ya?ml$")
    message: str = ""

    @field_validator("forbid", "unless", "require")
    @classmethod
    def _is_a_pattern(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as wrong:
            raise ValueError(f"not a regular expression: {wrong}") from None
        if len(pattern) > 1000 or _SLOW.search(pattern):
            raise ValueError("a repeat inside a repeat could take forever; write it without")
        return pattern

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Pattern:
        if [bool(self.forbid), bool(self.require), self.present, bool(self.ast_grep)].count(True) != 1:
            raise ValueError("name one of `forbid`, `require`, `present` and `ast_grep`")
        return self


class CustomRule(Rule):
    """A rule as it stands in a custom catalogue: what every rule says of itself, and its pattern."""

    check: Pattern
    params: Mapping[str, Value] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _holes_are_filled(self) -> CustomRule:
        check = self.check
        patterns = (check.forbid, check.unless, check.require)
        holes = {name for text in (*check.files, *patterns, check.message) for name in _HOLE.findall(text)}
        if holes != self.params.keys():
            name = min(holes ^ self.params.keys())
            raise ValueError(
                f"parameter {name!r} " + ("has no default under [params]" if name in holes else "is used nowhere")
            )
        if any(_REPEATED.search(pattern) for pattern in patterns):
            raise ValueError("a repeat of a parameter could take forever; write it without")
        return self

    def settled(self, params: Mapping[str, Value]) -> Pattern:
        """The check with a policy's values in its holes: in expressions as plain words, in names of files as they stand."""
        values = {**self.params, **params}
        words = {name: _words(value) for name, value in values.items()}
        plain = {name: " or ".join(some) for name, some in words.items()}
        either = {name: f"(?:{'|'.join(map(re.escape, some))})" for name, some in words.items()}
        files = (
            _filled(glob, dict(zip(words, chosen, strict=True)))
            for glob in self.check.files
            for chosen in product(*words.values())
        )
        patterns = {name: _filled(getattr(self.check, name), either) for name in ("forbid", "unless", "require")}
        told = {"files": tuple(dict.fromkeys(files)), "message": _filled(self.check.message, plain), **patterns}
        return self.check.model_copy(update=told)


def _words(value: Value) -> tuple[str, ...]:
    return (str(value),) if isinstance(value, (int, str)) else tuple(value)


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _HOLE.sub(lambda found: values[found[1]], text)


@dataclass(frozen=True)
class CustomRules:
    """The custom rules of a run, by id; `sha256` of all that was read; `syntax` holds the patterns of ast-grep by rule."""

    rules: Mapping[str, CustomRule]
    sha256: str = ""
    syntax: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CustomMatch:
    """One place that a custom rule's pattern speaks about; `ok` where it speaks well of it."""

    path: str
    ok: bool
    line: int | None = None
    text: str = ""


@dataclass(frozen=True)
class CustomMatches:
    """What each custom rule's pattern saw, by the rule's id; `unread` names files that could not be looked at.

    `missing` says of a rule why nothing could be looked at for it.
    """

    seen: Mapping[str, tuple[CustomMatch, ...]]
    unread: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
