"""The only place that tells an output's kind: from its fixed path, or from the shape of what stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from checker.model.outputs.artefact import Kind, Section
from checker.model.outputs.fields import key
from checker.model.outputs.headings import (
    DELIVERY_ASIDE,
    DELIVERY_ORDER,
    NEXT_STAGE,
    PLAN_PREVIEW,
    SELF_CHECK,
    TEN_PARTS,
    delivery_section,
    part_of,
    run_section,
)

_PATHS = (
    (Kind.LOCK, re.compile(r"(^|/)ops/locks/[^/]+\.lock$|(^|/)agent-\d+\.lock$", re.IGNORECASE)),
    (Kind.QUEUE, re.compile(r"(^|/)ops/queue\.jsonl$|(^|/)queue\.jsonl$", re.IGNORECASE)),
    (Kind.PACK, re.compile(r"(^|/)from-agents/.+\.zip$|-attach\.zip$", re.IGNORECASE)),
    (Kind.RUN_REPORT, re.compile(r"(^|/)docs/runs/.+\.md$|(^|/)run-\d[\w.:T+-]*\.md$", re.IGNORECASE)),
    (Kind.APPROVAL, re.compile(r"(^|/)ops/approvals/.+\.(json|ya?ml|md|txt)$", re.IGNORECASE)),
    (
        Kind.BLUEPRINT_INDEX,
        re.compile(r"(^|/)docs/blueprints/(nt-index|td-index|toc-cache|crosswalk)\.json$", re.IGNORECASE),
    ),
    (Kind.TOOLS_MANIFEST, re.compile(r"(^|/)ops/tools-manifest\.json$", re.IGNORECASE)),
    (Kind.TRUTH, re.compile(r"(^|/)\.truth/truth\.json$")),
    (
        Kind.SESSION_LOG,
        re.compile(
            r"(^|/)(?:agent-sessions?|session-logs?|agent-logs?|transcripts)/[^/]+\.(jsonl|ndjson|json|md)$"
            r"|(^|/)(?:agent-session|session-log|transcript|agent-log)([-_.][^/]*)?\.(jsonl|ndjson|json|md)$",
            re.IGNORECASE,
        ),
    ),
)
MOST_FIELDS = 40  # of a payload; a table of words of a user interface has them all, and hundreds more
TELLING = re.compile(
    r"(?i)hand-?off|self.?healing|final_?status|\bfindings\b|done.?criteria|draft|\blint\b|conversation_?id|proof_artifacts|checkpoint"
    r"|baton|escalation|file: ?\S+[./]|self.?check|plan preview|next_tasks|log_progress_update|\btasks\b"
)
_CALLS = re.compile(
    r"\b(?:next_tasks_overview|start_task|run_checks|confirm_and_prepare_pr|log_progress_update|capture_command_output"
    r"|check_can_generate_code|validate_approval_response)\b"
)
_FILE_HEAD = re.compile(r"(?m)^[ \t]*(?://|#|--|/\*|<!--|;)\s*(?:file|path)\W{0,4}:\W{0,4}[\w./-]+\.\w+", re.IGNORECASE)
_FILE_ABOVE = re.compile(
    r"(?m)^(?:[#*_`> \t:]|\d+\.|[Ff]ile)*(?:[\w.@-]+/)+[\w.@-]+\.\w{1,8}[*_`: \t]*\n\s*```"
    r"|^```\w*[: ](?:[\w.@-]+/)+[\w.@-]+\.\w{1,8}"
)
_ANY_GUIDE = re.compile(
    r"(?i)overview|at a glance|^steps?$|next steps?$|to.?do|^inputs?$|^results?$|^approach$|^questions?$"
)
_CHECKPOINT = re.compile(r"(?im)^[#>\s*_]*CHECKPOINT\W{0,4}\s*G\d+(?:\.\d+)?")
_ESCALATION = re.compile(r"(?im)^[#>\s*_]*SELF.?HEALING ESCALATION\b")


def by_path(path: str) -> Kind | None:
    """The kind that a fixed path means."""
    return next((kind for kind, pattern in _PATHS if pattern.search(path)), None)


def by_value(value: Any) -> Iterator[Kind]:
    """Every kind whose shape a value has, the likeliest first."""
    if is_session(value):
        yield Kind.SESSION_LOG
    if isinstance(value, Mapping):
        for kind in by_keys({key(name) for name in value if isinstance(name, str)}):
            if kind is not Kind.TASKS_OVERVIEW or isinstance(value.get("tasks"), list):
                yield kind


def by_keys(keys: set[str]) -> Iterator[Kind]:
    """Every kind that the keys of a mapping tell, in the form in which fields are compared."""
    if "proof_artifacts" in keys:
        yield Kind.TRUTH
    if len(keys & {"handoff", "deliverables", "verification", "self_healing_log", "next_agent"}) >= 3:
        yield Kind.HANDOFF
    elif ("attempts" in keys and "final_status" in keys) or keys == {"self_healing_log"}:
        yield Kind.SELF_HEALING
    if "findings" in keys and len(keys & {"tool", "version", "status"}) >= 2:
        yield Kind.REVIEW_FINDINGS
    if len(keys & set(TEN_PARTS)) >= 5:
        yield Kind.OUTPUT_DOCUMENT
    payload = len(keys & {"branch", "title", "body", "commits", "labels", "draft"}) >= 4 and len(keys) <= MOST_FIELDS
    if "draft_pr_payload" in keys or payload:
        yield Kind.PR_PAYLOAD
    if len(keys & {"lint", "tests", "build"}) >= 2 and keys & {"success", "message"}:
        yield Kind.RUN_CHECKS
    if keys & {"preview", "questions"} and keys & {"conversation_id", "success"}:
        yield Kind.START_TASK
    if {"success", "tasks"} <= keys:
        yield Kind.TASKS_OVERVIEW
    if "gate" in keys and keys & {"approver", "approved_by"}:
        yield Kind.APPROVAL


def is_delivery(text: str, sections: tuple[Section, ...]) -> bool:
    """Whether a text hands over code: files in blocks of their own, beside a checklist, a plan or a check of it.

    A guide shows files as well, so that files that are only named above their blocks need two such headings.
    """
    marked, shown = len(_FILE_HEAD.findall(text)), len(_FILE_ABOVE.findall(text))
    told = {delivery_section(one.title) for one in sections if not _ANY_GUIDE.search(one.title)} - {""}
    aside = told & set(DELIVERY_ASIDE)
    planned = bool(aside & {PLAN_PREVIEW, SELF_CHECK, NEXT_STAGE})
    in_order = len(told & set(DELIVERY_ORDER)) >= 3
    return (marked >= 2 and (planned or in_order)) or (marked + shown >= 2 and planned and len(aside) >= 2)


def calls(text: str) -> bool:
    """Whether a text names a call of one of the methods that the standards name."""
    return _CALLS.search(text) is not None


def is_session(value: Any) -> bool:
    """Whether a list holds calls of the methods that the standards name."""
    records = value if isinstance(value, list) else ()
    return any(
        isinstance(one, Mapping) and _CALLS.search(" ".join(str(one.get(name, "")) for name in _CALLED))
        for one in records[:2000]
    )


_CALLED = ("method", "tool", "tool_name", "function", "action", "event", "name", "call")


def by_text(text: str, sections: tuple[Section, ...]) -> Iterator[Kind]:
    """Every kind whose headings a Markdown text has, the likeliest first."""
    if _ESCALATION.search(text):
        yield Kind.ESCALATION
    if _CHECKPOINT.search(text):
        yield Kind.CHECKPOINT
    if len({run_section(one.title) for one in sections} - {""}) >= 4:
        yield Kind.RUN_REPORT
    if is_delivery(text, sections):
        yield Kind.DELIVERY
    if len({part_of(one.title) for one in sections} - {""}) >= 5:
        yield Kind.OUTPUT_DOCUMENT
