"""A change stays within what its author is there for."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.change.touched import ChangeSet, Touched
from checker.model.globs import covers
from checker.model.observation import Observation, Place


class Params(Frozen):
    """`paths`: globs of what belongs to somebody else; `allowed`: what is left to the backend all the same."""

    paths: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()


def foreign_paths(change: ChangeSet, params: Params) -> Iterator[Observation]:
    """One observation for each written file of the change, folded by glob: frontend, end-to-end tests, product documents."""
    yield from _within(change, params, "belongs to the frontend, to QA or to product")


def progress_untouched(change: ChangeSet, params: Params) -> Iterator[Observation]:
    """One observation for each written file of the change: the progress summary and the outline are for reading."""
    yield from _within(change, params, "is read-only for the agent", records=True)


def deploy_untouched(change: ChangeSet, params: Params) -> Iterator[Observation]:
    """One observation for each written file of the change: what deploys belongs to DevOps."""
    yield from _within(change, params, "deploys, and belongs to DevOps")


def _within(change: ChangeSet, params: Params, whose: str, *, records: bool = False) -> Iterator[Observation]:
    foreign: dict[str, list[Touched]] = {}
    for one in change.files:
        if not one.written or (change.is_record(one.path) and not records):
            continue
        glob = next((glob for glob in params.paths if covers(glob, one.path)), "")
        if glob and not any(covers(allowed, one.path) for allowed in params.allowed):
            foreign.setdefault(glob, []).append(one)
        else:
            yield Observation(one.path, ok=True, place=Place(one.path))
    for glob, files in foreign.items():
        first, *others = files
        more = f" and {len(others)} more files of {glob}" if others else ""
        yield Observation(
            subject=glob,
            ok=False,
            place=_place(first),
            message=f"The change {_verb(first)} {first.path}{more}, which {whose}",
            evidence=f"matches {glob}: {', '.join(one.path for one in files[:5])}",
            also=tuple(_place(one) for one in others),
        )


def _place(one: Touched) -> Place:
    return Place(".") if one.status == "D" else one.place


def _verb(one: Touched) -> str:
    return {"A": "adds", "D": "removes", "R": "moves"}.get(one.status, "edits")
