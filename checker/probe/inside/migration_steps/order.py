"""The only place that finds another order in which a history with branches may just as well be run."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Set


def other_order(scripts: List[Any]) -> Optional[List[Any]]:
    """The scripts, given in one order that their parents allow, in another one; None where there is no other.

    What comes late is taken as early as parents and `depends_on` let it.
    """
    waits: Dict[str, Set[str]] = {one.revision: set(one._all_down_revisions) for one in scripts}
    found: List[Any] = []
    while waits:
        free = [one for one in scripts if one.revision in waits and not waits[one.revision] & waits.keys()]
        if not free:
            return None
        found.append(free[-1])
        del waits[free[-1].revision]
    return None if found == scripts else found
