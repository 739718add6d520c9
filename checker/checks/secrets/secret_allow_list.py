"""No scanner is told to pass over so much that a secret would stay unseen."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.allow_lists import AllowLists, Passed
from checker.model.base import Frozen
from checker.model.observation import Observation, Place
from checker.model.rule import Confidence


class Params(Frozen):
    """`share` of the runtime files from which on an exception by path hides too much."""

    share: float = 0.5


def secret_allow_list(lists: AllowLists, params: Params) -> Iterator[Observation]:
    """One observation for each exception of a scanner's configuration, tried on the repository's own files and on random values.

    Our own search obeys none of them; other scanners do.
    """
    for one in lists.exceptions:
        too_many = lists.files > 0 and one.covered >= max(2, params.share * lists.files)
        yield Observation(
            subject=f"{one.tool} {one.of} {one.pattern}",
            ok=one.judged and not too_many and not one.everything,
            place=one.place,
            message=_message(one, lists) if one.judged else f"An exception of {one.tool} is too involved to be tried",
            evidence=one.pattern[:120],
            confidence=None if one.judged else Confidence.LOW,
        )
    for path in lists.configurations:
        if not any(one.place.path == path for one in lists.exceptions):
            yield Observation(path, ok=True, place=Place(path))


def _message(one: Passed, lists: AllowLists) -> str:
    if one.of == "value":
        return f"An exception of {one.tool} passes over any value, so it reports nothing"
    return f"An exception of {one.tool} passes over {one.covered} of {lists.files} runtime files"
