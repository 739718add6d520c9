"""The one base class of everything that crosses a boundary: configuration, catalogue, report."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Immutable, and unwilling to carry a field that nobody declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")
