"""The only place that looks up what a run report quotes of the blueprint in the files that its indexes name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.collect.files import Root, Unreadable
from checker.model.outputs import headings
from checker.model.outputs.artefact import Artefacts, Kind
from checker.model.outputs.blueprint import Blueprints
from checker.model.outputs.quotes import Quote, Quotes, Source, words_of
from checker.model.outputs.runs import RunReport, RunReports, cited
from checker.model.outputs.work import task_key
from checker.model.unavailable import Unavailable

LARGEST = 1 << 20  # bytes of a blueprint
MOST = 200  # quotes that are looked up
_FOLDER = "docs/blueprints/"
_QUOTED = re.compile(
    r"\"([^\"\n]{8,600})\"|“([^”\n]{8,600})”|«([^»\n]{8,600})»|„([^“”\n]{8,600})[“”]|‘([^‘\n]{8,600}?)’(?!\w)"
)
_ON = re.compile(
    r"(?i)\W*(?:(?:and|also|then|further|und|et|y|[A-Z]{2}-\d[\d.]*)\b\W*)*"
)  # between quotes of one place
_OF_OTHERS = re.compile(
    r"(?i)\b(?:owner|user|customer|client|stakeholder|issue|ticket|chat|we|I)\b(?: (?:here|also))? "
    r"(?:ask(?:s|ed)?|said|says|wrote|writes|want(?:s|ed)?|read|call(?:s|ed)?|name[sd]?|meant?)\b"
)
_BLOCK = re.compile(r"^\s*(?:[-*]\s+)?>\s?(.*)$")


def quotes(root: Root, artefacts: Artefacts, reports: RunReports, blueprints: Blueprints) -> Quotes:
    """The quotes beside ids in the context snapshots of current reports, as far as an index says where the ids stand."""
    files: dict[str, set[str]] = {}
    for index in blueprints.indexes:
        for entry in index.entries:
            if entry.file:
                files.setdefault(task_key(entry.id), set()).add(entry.file.partition("#")[0])
    told = Source(tuple(word for one in artefacts.of(Kind.BLUEPRINT_INDEX) for word in words_of(one.text)))
    read: dict[str, Source | None] = {}
    found: list[Quote] = []
    for report in reports.current:
        for line, ids, text in _said(report)[: MOST - len(found)]:
            paths = sorted({path for one in ids for path in files.get(task_key(one), ())})
            texts = [source for path in paths if (source := _source(root, path, read)) is not None]
            if texts and len(texts) == len(paths):
                there = any(source.has(text) for source in (*texts, told))
                found.append(Quote(report.path, line, tuple(ids), text, tuple(paths), there))
    return Quotes(tuple(found))


def _said(report: RunReport) -> list[tuple[int, list[str], str]]:
    """Line, ids and words of each quote; a quotation of its own line belongs to the ids above it."""
    section = report.sections.get(headings.SNAPSHOT)
    found: list[tuple[int, list[str], str]] = []
    if section is None or report.artefact.broken:
        return found
    ids: list[str] = []
    block_at = 0  # the line on which a quotation of several lines began
    for number, line in enumerate(section.body.split("\n"), section.line + 1):
        mine = [one.id for one in cited(line) if one.family != "WBS"]
        block = _BLOCK.match(line)
        if block and ids and not mine:
            if block_at:
                found[-1] = (block_at, ids, f"{found[-1][2]} {block.group(1).strip()}")
            else:
                found.append((number, ids, block.group(1).strip()))
                block_at = number
            continue
        block_at = 0
        if mine or not line[:1].isspace():
            ids = mine
        if ids:
            found += [(number, ids, text) for text in _of_the_place(line)]
    return [(number, mine, text.strip(' "“”«»*_`')) for number, mine, text in found if len(words_of(text)) > 1]


def _of_the_place(line: str) -> Iterator[str]:
    """The quotes of a line that are told of the ids in it: the first, and those that go on it; others gloss or cite somebody."""
    end = 0
    for one in _QUOTED.finditer(line):
        between = line[end : one.start()]
        if _OF_OTHERS.search(between) or (end and not _ON.fullmatch(between)):
            return
        end = one.end()
        yield next(part for part in one.groups() if part)


def _source(root: Root, path: str, read: dict[str, Source | None]) -> Source | None:
    if path not in read:
        read[path] = None
        for place in (path, _FOLDER + path):
            try:
                read[path] = Source(tuple(words_of(root.text(place, LARGEST).text)))
                break
            except (Unreadable, Unavailable):
                continue
    return read[path]
