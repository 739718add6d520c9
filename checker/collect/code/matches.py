"""The only place that turns what was read of source into the facts that rules about single places ask for."""

from __future__ import annotations

from collections.abc import Iterator

from checker.collect.code.reading import Reading, matches_of, source_of
from checker.collect.code.sources import MOST_NAMED
from checker.model.code import CodeMatches, Match, Source, Unjudged
from checker.model.execution import ChangedOnly


def code_matches(reading: Reading, changed: ChangedOnly) -> CodeMatches:
    """Every match in runtime source; with `--changed`, those on added lines of changed files."""
    sources: list[Source] = []
    matches: list[Match] = []
    whole = []
    for file, record in reading.files:
        whole.append(source_of(file.path, file.language, record))
        if not changed.covers(file.path):
            continue
        sources.append(whole[-1])
        found = matches_of(file.path, file.language, record)
        matches += [one for one in found if changed.covers(file.path, one.lines)]
    return CodeMatches(
        tuple(sources), tuple(matches), _told(reading.skipped), tuple(whole), tuple(_unjudged(reading, changed))
    )


def _unjudged(reading: Reading, changed: ChangedOnly) -> Iterator[Unjudged]:
    yield from (one for one in reading.skipped if isinstance(one, Unjudged) and changed.covers(one.path))


def _told(found: tuple[str | Unjudged, ...]) -> tuple[str, ...]:
    skipped = tuple(map(str, found))
    more = len(skipped) - MOST_NAMED
    return skipped if more <= 0 else (*skipped[:MOST_NAMED], f"and {more} more files of source that were not judged")
