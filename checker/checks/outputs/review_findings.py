"""ReviewFindings JSON: of the right shape, true to the tree, and ready only when it is."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from checker.model.base import Frozen
from checker.model.observation import Observation, Place
from checker.model.outputs.artefact import Artefact, Artefacts, Kind, TreePaths
from checker.model.outputs.fields import agent, is_blank, take, text_of
from checker.model.unavailable import Unavailable

SEVERITIES = ("critical", "major", "minor", "info")
OPEN = ("critical", "major")
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?|v?\d+(\.\d+){0,3}([-+.][\w.+-]+)?")
_LINES = re.compile(r"\s*L?(\d{1,9})\s*(?:-\s*L?(\d{1,9}))?\s*")
_SAYS_NOTHING = re.compile(
    r"(?i)\W*(?:see|in|check|look at)? ?(?:the )?(?:code|source|files?|diff|pr|above|below|comments?|n/?a|none|nothing"
    r"|unknown|obvious|self[- ]explanatory|as discussed)\W*"
)
_GRAVE = r"\b(?:[1-9]\d*|one|two|three|four|five|several|some) (?:[\w-]+ ){0,2}?(?:critical|major|blocking)\b"
_LEFT_OPEN = re.compile(
    rf"(?i){_GRAVE}[^.;\n]{{0,40}}\b(?:remains?(?= (?:open|un\w+|outstanding|to be)\b|\W*$|[.;])|still open"
    r"|(?:is|are) (?:still )?(?:open|unresolved|outstanding|unfixed|not (?:yet )?fixed))\b"
    rf"|\b(?:open|unresolved|outstanding|remaining)\b\W{{0,3}}{_GRAVE}"
    r"|\b[1-9]\d* (?:open|unresolved|outstanding|unfixed) (?:critical|major|blocking)\b"
)
_SUMMARIES = ("summary", "message", "notes", "conclusion", "overview")
_HOW_CLOSED = (
    "fixed_in",
    "fixed_by",
    "fix",
    "commit",
    "pull_request",
    "pr",
    "verified_by",
    "verified",
    "closed_by",
    "retest",
    "reason",
)


class Words(Frozen):
    """`severities`, `statuses`, `types`: the words that a file may use; an empty list of types lets any word stand."""

    severities: tuple[str, ...] = SEVERITIES
    statuses: tuple[str, ...] = ("ready", "blocked")
    types: tuple[str, ...] = ()


def review_findings_valid(artefacts: Artefacts, params: Words) -> Iterator[Observation]:
    """The file is there and has tool, version, status and findings, each with its seven fields in the right words."""
    files = list(artefacts.of(Kind.REVIEW_FINDINGS))
    if not files:
        message, evidence = "no ReviewFindings JSON was left", "looked through every JSON, YAML and Markdown file"
        yield Observation("review findings", False, Place("."), message, evidence)
    for file in files:
        problem = file.broken or _envelope(file, params)
        yield Observation(
            subject="shape",
            ok=not problem,
            place=file.at(),
            message=f"{file.path} {problem}",
            evidence=file.said(f"tool {text_of(file.value, 'tool')!r}, version {text_of(file.value, 'version')!r}"),
        )
        for number, finding in _findings(file):
            lacks = list(_lacks(finding, params))
            yield Observation(
                subject=f"finding {number} {text_of(finding, 'title')[:60]}",
                ok=not lacks,
                place=file.at("findings", str(number)),
                message=f"finding {number + 1} of {file.path} {', '.join(lacks)}",
                evidence=file.said(text_of(finding, "title") or "no title"),
            )


def review_findings_true(artefacts: Artefacts, tree: TreePaths | Unavailable) -> Iterator[Observation]:
    """Each path is in the tree and each line in its file; `ready` stands only where no critical or major finding is open."""
    for file in artefacts.of(Kind.REVIEW_FINDINGS):
        found = list(_findings(file))
        grave = [one for _, one in found if _first_word(one, "severity") in OPEN and not _closed(one, file)]
        ready, left = text_of(file.value, "status").lower() == "ready", _left_open(file)
        if not file.broken:
            yield Observation(
                subject="ready",
                ok=not (ready and (grave or left)),
                place=file.at("status"),
                message=f"{file.path} says ready with {len(grave)} critical or major findings open"
                if grave
                else f"{file.path} says ready, and in its own words {left!r}",
                evidence="; ".join(text_of(one, "title")[:60] for one in grave[:3]) or left,
            )
        if isinstance(tree, Unavailable):
            continue
        for number, finding in found:
            problem = _astray(finding, tree)
            yield Observation(
                subject=f"finding {number} {text_of(finding, 'title')[:60]}",
                ok=not problem,
                place=file.at("findings", str(number)),
                message=f"finding {number + 1} of {file.path} {problem}",
                evidence=file.said(text_of(finding, "title")),
            )


def _findings(file: Artefact) -> Iterator[tuple[int, Any]]:
    listed = take(file.value, "findings")
    if listed is not None and isinstance(listed.value, list):
        yield from enumerate(listed.value)


def _envelope(file: Artefact, params: Words) -> str:
    if not isinstance(file.value, Mapping):
        return "is no ReviewFindings JSON: no mapping at its top"
    listed, status = take(file.value, "findings"), text_of(file.value, "status").lower()
    if is_blank(text_of(file.value, "tool")):
        return "names no tool"
    if not _VERSION.fullmatch(text_of(file.value, "version")):
        return "has a version that is neither a date nor a version number"
    if status not in params.statuses:
        return f"has the status {status!r}, not one of {', '.join(params.statuses)}"
    return "" if listed is not None and isinstance(listed.value, list) else "has no list of findings"


def _lacks(finding: Any, params: Words) -> Iterator[str]:
    if not isinstance(finding, Mapping):
        yield "is no mapping"
        return
    for name in ("type", "category", "title", "evidence", "recommendation"):
        if is_blank(text_of(finding, name)):
            yield f"has no {name}"
    if _SAYS_NOTHING.fullmatch(said := text_of(finding, "evidence")):
        yield f"gives {said!r} for evidence, which shows nothing"
    if params.types and text_of(finding, "type") not in params.types:
        yield f"has the unknown type {text_of(finding, 'type')!r}"
    if (severity := text_of(finding, "severity").lower()) not in params.severities:
        yield f"has the severity {severity!r}, not one of {', '.join(params.severities)}"
    where = take(finding, "where")
    if where is None or not text_of(where.value, "path"):
        yield "names no path"
    elif (lines := text_of(where.value, "lines")) and not _LINES.fullmatch(lines):
        yield f"has the lines {lines!r}, not a-b"
    elif _LINES.fullmatch(lines) and _no_span(lines):
        yield f"has the lines {lines!r}, which are no span"
    if where is not None and _climbs_out(text_of(where.value, "path")):
        yield f"points at {text_of(where.value, 'path')!r}, which is outside of the repository"


def _no_span(lines: str) -> bool:
    first, last = _span(lines) or (1, 1)
    return first < 1 or last < first


def _span(lines: str) -> tuple[int, int] | None:
    found = _LINES.fullmatch(lines)
    return (int(found.group(1)), int(found.group(2) or found.group(1))) if found else None


def _climbs_out(path: str) -> bool:
    """Whether a path leads above the root that it starts from."""
    return posixpath.normpath(path.replace("\\", "/").lstrip("/")).split("/")[0] in ("..", "~")


def _left_open(file: Artefact) -> str:
    """What a file's own summary says is still open among what is critical or major; empty where it says nothing of that."""
    found = (_LEFT_OPEN.search(text_of(file.value, name)) for name in _SUMMARIES)
    return next((one.group()[:120] for one in found if one), "")


def _closed(finding: Any, file: Artefact) -> bool:
    """Whether a finding is mended, or somebody else took it on: an author who accepts their own leaves it open.

    A critical one is mended only where the file also says how: a commit, who verified it, words on the fix.
    """
    said = _first_word(finding, "state", "resolution", "status")
    if said in ("closed", "fixed", "resolved", "mitigated"):
        told = any(not is_blank(text_of(finding, name)) for name in _HOW_CLOSED)
        return told or _first_word(finding, "severity") != "critical" or len(_resolution(finding).split()) > 2
    by = text_of(finding, "approved_by", "accepted_by", "waived_by", "approver")
    return said in ("waived", "accepted") and not is_blank(by) and agent(by) not in _authors(finding, file)


def _resolution(finding: Any) -> str:
    return max((text_of(finding, name) for name in ("state", "resolution", "status")), key=len)


def _first_word(finding: Any, *names: str) -> str:
    return next(iter(re.findall(r"[a-z]+", text_of(finding, *names).lower())), "")


def _authors(finding: Any, file: Artefact) -> set[str]:
    named = [
        text_of(held, name)
        for held in (finding, file.value)
        for name in ("author", "agent", "reviewer", "tool", "created_by")
    ]
    return {agent(one) for one in named if one}


def _astray(finding: Any, tree: TreePaths) -> str:
    where = take(finding, "where")
    path = text_of(where.value, "path") if where else ""
    bare = path.partition("!")[0]
    if not bare or bare == ".":
        return ""
    if not tree.has(bare):
        return f"points at {path}, which is not in the tree"
    span = _span(text_of(where.value, "lines")) if where else None
    length = tree.lines.get(bare.removeprefix("./").lstrip("/"))
    if span is None or length is None or "!" in path:
        return ""
    first, last = span
    if first < 1 or last < first:
        return f"points at the lines {first}-{last} of {path}, which is no span"
    return f"points at line {last} of {path}, which has {length}" if last > length else ""
