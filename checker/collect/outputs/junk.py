"""The only place that tells which output a file was to be that cannot be read as one: by its name, or by the keys in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from checker.collect.outputs import kinds
from checker.model.outputs.artefact import Kind
from checker.model.outputs.fields import key
from checker.model.outputs.headings import TEN_PARTS

FIELDS: dict[Kind, frozenset[str]] = {
    Kind.HANDOFF: frozenset({"handoff", "deliverables", "verification", "self_healing_log", "next_agent"}),
    Kind.SELF_HEALING: frozenset({"self_healing_log", "attempts", "final_status"}),
    Kind.REVIEW_FINDINGS: frozenset({"findings", "tool"}),
    Kind.RUN_CHECKS: frozenset({"success"}),  # lint, tests and build are jobs of many a configuration
    Kind.PR_PAYLOAD: frozenset({"branch", "body", "commits", "labels", "draft", "draft_pr_payload"}),
    Kind.START_TASK: frozenset({"preview", "questions", "conversation_id"}),
    Kind.TASKS_OVERVIEW: frozenset({"tasks"}),
    Kind.OUTPUT_DOCUMENT: frozenset(TEN_PARTS),
}
_NAMED = tuple(
    (kind, re.compile(rf"(?:^|_)(?:{words})(?:_|$)"))
    for kind, words in (
        (Kind.HANDOFF, "hand_?off"),
        (Kind.SELF_HEALING, "self_?healing"),
        (Kind.REVIEW_FINDINGS, "review_?findings"),
        (Kind.RUN_CHECKS, "run_?checks"),
        (Kind.PR_PAYLOAD, "pr_payload|draft_pr"),
        (Kind.START_TASK, "start_task"),
        (Kind.TASKS_OVERVIEW, "tasks_overview"),
        (Kind.OUTPUT_DOCUMENT, "output_document"),
    )
)
_ANY_NAME = re.compile(r"hand_?off|healing|findings|run_?checks|payload|draft|start_task|overview|output_document")
_ABOUT = re.compile(  # a file that says how such an output looks, or words of a user interface
    r"(?:^|_)(?:schemas?|templates?|tmpl|examples?|samples?|formats?|specs?|config|settings|types?|fields|i18n|locales?|messages)(?:_|$)"
)
_ELIDED = re.compile(r"[\[{,:]\s*(?:\.\.\.|…)|<[a-z][\w -]*>|\{\{|^[ \t]*//|[,\[{]\s*//|/\*|\$\{", re.MULTILINE)
_TOKEN = re.compile(r'"((?:[^"\\\n]|\\.)*)"[ \t\r\n]*(:?)|([\[{])|([\]}])')
_YAML_KEY = re.compile(r"(?m)^[\"']?([A-Za-z][\w -]{1,40}?)[\"']?[ \t]*:(?=[ \t\n]|$)")
_BEFORE_COLON = re.compile(r"([A-Za-z]\w{4,30})[\"']?[ \t]*:")  # however many quotes were lost before it
_DISTINCT = (
    Kind.HANDOFF,
    Kind.SELF_HEALING,
    Kind.TRUTH,
)  # told by keys that hardly anything else has, wherever they stand
_VOCABULARY = sorted({*FIELDS[Kind.HANDOFF], *FIELDS[Kind.SELF_HEALING], "proof_artifacts"})


def named(path: str) -> Kind | None:
    """The kind that a file's name says, in a folder that does not hold examples."""
    stem = key(path.rpartition("/")[2].rpartition(".")[0])
    if not _ANY_NAME.search(stem) or is_about(path):
        return None
    return next((kind for kind, pattern in _NAMED if pattern.search(stem)), None)


def is_about(path: str) -> bool:
    """Whether a file's name, or a folder of it, says that it shows how outputs look, or holds words or settings."""
    *folders, name = path.split("/")
    return any(_ABOUT.search(key(one)) for one in (*folders, name.rpartition(".")[0]))


def meant(path: str, text: str) -> Kind | None:
    """What a text that does not parse was to be: by the keys at its top, else by its name."""
    return None if is_about(path) else by_keys(text) or named(path)


def by_keys(text: str) -> Kind | None:
    """The kind that the keys at the top of broken data tell, or, where they are rare enough, its keys anywhere."""
    told = by_top(text)
    if told is not None:
        return told
    anywhere = {key(name) for name in _BEFORE_COLON.findall(text)}
    return next((kind for kind in kinds.by_keys(anywhere & set(_VOCABULARY)) if kind in _DISTINCT), None)


def by_top(text: str) -> Kind | None:
    """The kind that the keys at the top of broken data tell."""
    return next(kinds.by_keys(_top(text)), None)


def _top(text: str) -> set[str]:
    """The keys of JSON at the least depth that has any (no text spans lines, so a lost quote harms one line), or of YAML."""
    depth, levels = 0, dict[int, set[str]]()
    for found in _TOKEN.finditer(text):
        name, colon, opens, closes = found.groups()
        if colon:
            levels.setdefault(depth, set()).add(key(name))
        depth += bool(opens) - bool(closes)
    first = levels[min(levels)] if levels else set()
    return first | {key(name) for name in _YAML_KEY.findall(text)}


def shows_a_form(text: str) -> bool:
    """Whether a block of data shows how an output looks rather than one: no JSON, with dots, comments or placeholders in it."""
    if _ELIDED.search(text) is None:
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return True
    return False


def in_bytes(data: bytes) -> Kind | None:
    """The kind of what is too large to parse: its rare keys, each standing once, which no table of such records has."""
    seen = {name for name in _VOCABULARY if data.count(b'"%s"' % name.encode()) == 1}
    return next((kind for kind in kinds.by_keys(seen) if kind in _DISTINCT), None)


def holds_fields(kind: Kind, value: object) -> bool:
    """Whether a mapping has at least one field of the kind that its file's name says."""
    return isinstance(value, dict) and any(key(name) in FIELDS[kind] for name in value if isinstance(name, str))


def has_steps(value: Any, depth: int = 3) -> bool:
    """Whether data holds a list with something in it, at its top or a little below."""
    if isinstance(value, list):
        return bool(value)
    return depth > 0 and isinstance(value, Mapping) and any(has_steps(one, depth - 1) for one in value.values())
