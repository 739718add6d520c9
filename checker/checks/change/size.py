"""A change is small enough to be read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.change.touched import ChangeSet
from checker.model.decisions import Decisions
from checker.model.observation import Observation, Place

_ORDER = re.compile(
    r"(?i)\bsplit\b[^.\n]{0,80}\b(?:change|work|files|task)|\bmore than (?:15|fifteen) files\b|\bchange-size\b"
)


class Params(Frozen):
    """`most`: how many files one change may touch."""

    most: int = 15


def change_size(change: ChangeSet, decisions: Decisions, params: Params) -> Iterator[Observation]:
    """One observation for the change: generated files, locks, vendored code, records of work and mere moves do not count."""
    count = len(change.work)
    told = next((one for one in decisions.files if one.signers and _ORDER.search(one.text)), None)
    folders: dict[str, int] = {}
    for one in change.work:
        folder = one.path.rpartition("/")[0] or "."
        folders[folder] = folders.get(folder, 0) + 1
    largest = sorted(folders.items(), key=lambda pair: (-pair[1], pair[0]))[:5]
    yield Observation(
        subject="the change",
        ok=count <= params.most or told is not None,
        place=Place("."),
        message=f"The change touches {count} files, more than {params.most}",
        evidence=", ".join(f"{folder}: {number}" for folder, number in largest),
    )
