"""Rules that a repository or an organisation brings along: their form, and what their patterns matched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import Field, field_validator, model_validator

from checker.model.base import Frozen
from checker.model.repo import Role
from checker.model.rule import Rule

_SLOW = re.compile(r"(?<!\\)\((?:[^()\\]|\\.)*(?<!\\)[*+](?:[^()\\]|\\.)*\)(?:[*+]|\{\d+,)")  # a repeat of a repeat


class Pattern(Frozen):
    """What a custom rule asks of files: a line that must not be there, one that must, or that there is a file at all.

    `forbid`: each line that it matches is a finding, unless `unless` matches the line too. `require`: each file in which
    it matches nowhere is one. `present`: it is one where no file has such a name. `ast_grep`: each match of the syntax
    pattern in that YAML file, which lies beside the rule, is one (Python, TypeScript and JavaScript).
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
