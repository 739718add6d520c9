"""The only place that reads the blueprint indexes, whichever of their shapes they have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from checker.model.observation import Pointer
from checker.model.outputs.artefact import Artefact, Artefacts, Kind
from checker.model.outputs.blueprint import Blueprints, Index, IndexEntry
from checker.model.outputs.fields import text_of
from checker.model.outputs.work import task_key

_ID = re.compile(r"^(NT|TD)-\d+(?:\.\d+)*$")


def blueprints(artefacts: Artefacts) -> Blueprints:
    """The indexes and their ids; an index is a list of entries, a mapping from ids, or either of them under one key."""
    indexes = tuple(_index(one) for one in artefacts.of(Kind.BLUEPRINT_INDEX))
    ids = {task_key(entry.id) for index in indexes for entry in index.entries if _ID.match(entry.id)}
    return Blueprints(indexes, frozenset(ids))


def _index(one: Artefact) -> Index:
    named = "crosswalk" not in one.name and "toc" not in one.name
    entries = tuple(_entries(one, one.value, (), whole=named))
    return Index(one.path, entries, one.broken, one.broken_line)


def _entries(one: Artefact, value: Any, at: Pointer, *, whole: bool) -> Iterator[IndexEntry]:
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _entry(one, text_of(item, "id", "nt_id", "td_id", "ref"), item, (*at, str(number)), whole=whole)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            if _ID.match(name):
                yield from _entry(one, name, item, (*at, name), whole=whole)
            elif isinstance(item, (list, Mapping)) and len(at) < 3:
                yield from _entries(one, item, (*at, name), whole=whole)


def _entry(one: Artefact, name: str, item: Any, at: Pointer, *, whole: bool) -> Iterator[IndexEntry]:
    if not isinstance(item, Mapping):
        if whole:
            yield IndexEntry(name, item if isinstance(item, str) and "/" in item else "", one.at(*at))
        return
    fields = {
        "id": name,
        "title": text_of(item, "title", "name", "heading"),
        "file": text_of(item, "file", "path", "source"),
    }
    missing = tuple(field for field, value in fields.items() if not value) if whole else ()
    yield IndexEntry(name, fields["file"], one.at(*at), missing)
