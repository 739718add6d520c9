"""The only place that says that a gate demands a base: without one nobody can say what the change is."""

from __future__ import annotations

from typing import TypeVar

from checker.model.execution import Execution
from checker.model.unavailable import NotApplicable, Unavailable

Found = TypeVar("Found")


def demanded(found: Found | NotApplicable, execution: Execution) -> Found:
    """What is known of the change. Without a base: NotApplicable in an audit, Unavailable where a gate asks."""
    if not isinstance(found, NotApplicable):
        return found
    if execution.profile == "gate":
        mended = ", or fetch the target branch" if "--base" in found.reason else ""
        raise Unavailable(f"a gate judges a change: {found.reason}{mended}")
    raise found
