"""The records around a run: that each can be read, blueprint indexes and the tools manifest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from checker.model.observation import Observation, Place
from checker.model.outputs.artefact import Artefact, Artefacts, Kind, TreePaths
from checker.model.outputs.blueprint import Blueprints
from checker.model.outputs.fields import is_blank, text_of
from checker.model.outputs.session import Sessions

INDEXES = ("nt-index.json", "td-index.json", "toc-cache.json", "crosswalk.json")
_FOLDER = "docs/blueprints/"
_OF_AN_AGENT = re.compile(r"(?i)agent|session")  # a transcript alone may be of anything that people say
_SUBJECTS = {  # under which the rule on that kind names the same defect
    Kind.HANDOFF: "hand-off",
    Kind.PR_PAYLOAD: "payload",
    Kind.REVIEW_FINDINGS: "shape",
    Kind.OUTPUT_DOCUMENT: "output document",
    Kind.TRUTH: "truth",
    Kind.TOOLS_MANIFEST: "tools manifest",
    Kind.RUN_REPORT: "run report",
}


def output_readable(artefacts: Artefacts, sessions: Sessions) -> Iterator[Observation]:
    """Every output that was left can be read as what its place, its name or its keys say that it is."""
    broken = {one.path for one in artefacts.found if one.broken}
    for log in sessions.unread:
        if log.grave and log.path not in broken and _OF_AN_AGENT.search(log.path):
            yield Observation(
                subject=f"session log {log.path}",
                ok=False,
                place=Place(log.path, lines=(log.line, log.line)),
                message=f"{log.missed} of {log.total} records of {log.path} cannot be read, so nobody can tell what was done there",
                evidence=log.why,
            )
    for one in artefacts.found:
        if one.kind in (Kind.LOCK, Kind.QUEUE, Kind.PACK):
            continue
        yield Observation(
            subject=_subject(one),
            ok=not (one.broken or one.doubled),
            place=one.at(),
            message=f"{one.path} was to be a {one.kind} and cannot be read: {one.broken}"
            if one.broken
            else f"{one.path} holds {one.doubled!r} twice, so that readers see different things",
            evidence=one.said(_first_words(one)),
        )


def _subject(one: Artefact) -> str:
    if one.kind is Kind.BLUEPRINT_INDEX:
        return one.name
    return f"approval {one.path}" if one.kind is Kind.APPROVAL else _SUBJECTS.get(one.kind, str(one.kind))


def _first_words(one: Artefact) -> str:
    lines = one.text.split("\n")
    line = lines[one.broken_line - 1].strip() if one.broken_line and one.broken_line <= len(lines) else ""
    return f"line {one.broken_line}: {line[:120]}" if line else ""


def blueprint_index(blueprints: Blueprints, tree: TreePaths) -> Iterator[Observation]:
    """The four indexes are there and parse; each entry has an id, a title and a file that exists."""
    there = {index.path.rpartition("/")[2]: index for index in blueprints.indexes}
    for name in INDEXES:
        index = there.get(name)
        if index is None:
            message = f"{_FOLDER}{name} is missing"
            yield Observation(name, False, Place("."), message, f"there are {', '.join(sorted(there)) or 'no indexes'}")
            continue
        line = index.broken_line or 1
        message = f"{index.path} cannot be read: {index.broken}"
        yield Observation(name, not index.broken, Place(index.path, lines=(line, line)), message, index.broken)
        for entry in index.entries:
            path = entry.file.partition("#")[0]
            problem = f"lacks {', '.join(entry.missing)}" if entry.missing else ""
            if path and not tree.has(path) and not tree.has(_FOLDER + path):
                problem = f"points at {path}, which is not in the tree"
            message = f"{entry.id} in {index.path} {problem}"
            yield Observation(entry.id or "entry", not problem, entry.place, message, f"file {entry.file!r}")


def tools_manifest(artefacts: Artefacts) -> Iterator[Observation]:
    """The manifest is there, parses, and names each tool."""
    files = list(artefacts.of(Kind.TOOLS_MANIFEST))
    if not files:
        message = "ops/tools-manifest.json is missing"
        yield Observation("tools manifest", False, Place("."), message, "the run's plugins are to be entered there")
    for file in files:
        tools = file.value
        if isinstance(tools, Mapping):
            tools = next((value for name, value in tools.items() if name in ("tools", "plugins", "entries")), tools)
        unnamed = (
            [one for one in tools if isinstance(one, Mapping) and is_blank(text_of(one, "name", "id", "tool"))]
            if isinstance(tools, list)
            else []
        )
        problem = file.broken and f"cannot be read: {file.broken}"
        problem = problem or (
            "names no tool" if not tools else f"holds {len(unnamed)} tools without a name" if unnamed else ""
        )
        count = len(tools) if isinstance(tools, (list, dict)) else 0
        yield Observation(
            "tools manifest", not problem, file.at(), f"{file.path} {problem}", file.said(f"{count} entries")
        )
