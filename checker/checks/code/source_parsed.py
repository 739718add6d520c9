"""Every file of source can be read by the grammar of its language, so that no rule passes for not having looked."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.code import CodeMatches
from checker.model.observation import Observation, Place
from checker.model.rule import Confidence


def source_parsed(code: CodeMatches) -> Iterator[Observation]:
    """One observation for each file of source: good when all of it could be read, bad when nobody could look at it."""
    for file in code.unjudged:
        yield Observation(
            subject=file.path,
            ok=False,
            place=Place(file.path),
            message=str(file),
            evidence="it speaks of a server" if file.serves else "nothing in it speaks of a server",
            confidence=None if file.serves else Confidence.LOW,
        )
    for one in code.sources:
        if one.broken_at is None:
            yield Observation(one.path, True, Place(one.path))
            continue
        yield Observation(
            subject=one.path,
            ok=False,
            place=Place(one.path, (one.broken_at, one.broken_at)),
            message=f"{one.path} could not be read from line {one.broken_at} on, and was judged in part",
            evidence=" ".join(one.broken_text.split()),
            confidence=Confidence.MEDIUM if one.language == "python" else Confidence.LOW,
        )
