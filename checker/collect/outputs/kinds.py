"""The only place that tells an output's kind: from its fixed path, or from the shape of what stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from checker.model.outputs.artefact import Kind, Section
from checker.model.outputs.fields import key
from checker.model.outputs.headings import TEN_PARTS, part_of, run_section

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
)
TELLING = re.compile(
    r"(?i)hand-?off|self.?healing|final_?status|\bfindings\b|done.?criteria|draft|\blint\b|conversation_?id|proof_artifacts|checkpoint"
    r"|baton|escalation"
)
_CHECKPOINT = re.compile(r"(?im)^[#>\s*_]*CHECKPOINT\W{0,4}\s*G\d+(?:\.\d+)?")
_ESCALATION = re.compile(r"(?im)^[#>\s*_]*SELF.?HEALING ESCALATION\b")


def by_path(path: str) -> Kind | None:
    """The kind that a fixed path means."""
    return next((kind for kind, pattern in _PATHS if pattern.search(path)), None)


def by_value(value: Any) -> Iterator[Kind]:
    """Every kind whose shape a mapping has, the likeliest first."""
    if not isinstance(value, Mapping):
        return
    keys = {key(name) for name in value if isinstance(name, str)}
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
    if "draft_pr_payload" in keys or len(keys & {"branch", "title", "body", "commits", "labels", "draft"}) >= 4:
        yield Kind.PR_PAYLOAD
    if len(keys & {"lint", "tests", "build"}) >= 2 and keys & {"success", "message"}:
        yield Kind.RUN_CHECKS
    if keys & {"preview", "questions"} and keys & {"conversation_id", "success"}:
        yield Kind.START_TASK
    if "gate" in keys and keys & {"approver", "approved_by"}:
        yield Kind.APPROVAL


def by_text(text: str, sections: tuple[Section, ...]) -> Iterator[Kind]:
    """Every kind whose headings a Markdown text has, the likeliest first."""
    if _ESCALATION.search(text):
        yield Kind.ESCALATION
    if _CHECKPOINT.search(text):
        yield Kind.CHECKPOINT
    if len({run_section(one.title) for one in sections} - {""}) >= 4:
        yield Kind.RUN_REPORT
    if len({part_of(one.title) for one in sections} - {""}) >= 5:
        yield Kind.OUTPUT_DOCUMENT
