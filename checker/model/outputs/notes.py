"""What documents say about reading and writing the data."""

from __future__ import annotations

from dataclasses import dataclass

from checker.model.observation import Place


@dataclass(frozen=True, slots=True)
class SchemaNotes:
    """Where the ratio of reads to writes, and where the risk of slow queries, is written down; None where it is not."""

    ratio: Place | None
    risk: Place | None
    looked_at: int
