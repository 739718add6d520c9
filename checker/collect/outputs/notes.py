"""The only place that looks for what is written about reads, writes and slow queries: documents, outputs, migrations."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.collect.files import Root, Unreadable
from checker.model.migrations import Migrations
from checker.model.observation import Place
from checker.model.outputs.artefact import Artefacts, Kind
from checker.model.outputs.notes import SchemaNotes
from checker.model.repo import Inventory, Role
from checker.model.unavailable import NotApplicable, Unavailable

_LARGEST = 1 << 20  # bytes of one document
_MOST = 2000  # documents
_RATIO = re.compile(
    r"(?i)\bread\W{0,3}(?:/|to|vs\.?|and|:|-)?\W{0,3}writes?\b|\breads?\b[^.\n]{0,60}\bwrites?\b"
    r"|\bwrites?\b[^.\n]{0,60}\breads?\b|\b(?:read|write)[- ](?:heavy|mostly|only|dominated)\b"
)
_RISK = re.compile(
    r"(?i)\bslow[- ]quer|\bquery (?:plan|risk|cost|performance)|\b(?:seq(?:uential)?|full)[- ](?:table )?scan"
    r"|\bexplain\b|\bhot (?:path|query)|\bunindexed\b"
    r"|\bquer(?:y|ies)\b[^.\n]{0,60}\b(?:slow|index|risk|expensive)"
)


def schema_notes(
    root: Root, inventory: Inventory, artefacts: Artefacts, migrations: Migrations | NotApplicable | Unavailable
) -> SchemaNotes:
    """The first place of each of the two."""
    ratio = risk = None
    looked_at = 0
    for path, text in _texts(root, inventory, artefacts, migrations):
        looked_at += 1
        ratio = ratio or _first(_RATIO, path, text)
        risk = risk or _first(_RISK, path, text)
        if ratio and risk:
            break
    return SchemaNotes(ratio, risk, looked_at)


def _first(pattern: re.Pattern[str], path: str, text: str) -> Place | None:
    found = pattern.search(text)
    line = text.count("\n", 0, found.start()) + 1 if found else 0
    return Place(path, (line, line)) if found else None


def _texts(
    root: Root, inventory: Inventory, artefacts: Artefacts, migrations: Migrations | NotApplicable | Unavailable
) -> Iterator[tuple[str, str]]:
    for one in artefacts.of(Kind.OUTPUT_DOCUMENT, Kind.DELIVERY, Kind.RUN_REPORT):
        yield one.path, one.text
    if isinstance(migrations, Migrations):
        yield from ((revision.path, revision.written) for _, revision in migrations.revisions)
    documents = (
        one
        for one in inventory.files
        if one.role is Role.DOCS and one.path.endswith((".md", ".rst", ".adoc", ".txt")) and one.size < _LARGEST
    )
    for number, file in enumerate(documents):
        if number >= _MOST:
            return
        try:
            yield file.path, root.text(file.path, _LARGEST).text
        except (Unreadable, Unavailable):
            continue
