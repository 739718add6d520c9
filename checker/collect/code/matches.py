"""The only place that turns what was read of source into the facts that rules about single places ask for."""

from __future__ import annotations

from checker.collect.code.reading import Reading, matches_of, source_of
from checker.collect.code.sources import MOST_NAMED
from checker.model.code import CodeMatches, Unjudged


def code_matches(reading: Reading) -> CodeMatches:
    """Every match in runtime source. All of it with `--changed` too: what a change takes away shows on lines it left alone."""
    sources = tuple(source_of(file.path, file.language, record) for file, record in reading.files)
    found = (matches_of(file.path, file.language, record) for file, record in reading.files)
    unjudged = tuple(one for one in reading.skipped if isinstance(one, Unjudged))
    return CodeMatches(sources, tuple(match for some in found for match in some), _told(reading.skipped), unjudged)


def _told(found: tuple[str | Unjudged, ...]) -> tuple[str, ...]:
    skipped = tuple(map(str, found))
    more = len(skipped) - MOST_NAMED
    return skipped if more <= 0 else (*skipped[:MOST_NAMED], f"and {more} more files of source that were not judged")
