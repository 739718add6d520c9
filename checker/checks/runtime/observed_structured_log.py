"""What the app logs can be read by a machine: one JSON object a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.contract import Api
from checker.model.observation import Observation, Place
from checker.model.rehearsal import Rehearsal
from checker.model.stage_view import StageView, shown
from checker.model.unavailable import NotApplicable

LEAST = 5  # lines, below which there is nothing to say
_OF_SERVERS = re.compile(r"^(?:INFO|WARNING|DEBUG|ERROR|CRITICAL): {2,}|^\S+ - - \[|^\[[-\d :+,T.]+\] \[\d+\] \[")
_PAIRS = re.compile(r"(?:^|\s)[A-Za-z_][\w.]*=(?:\"[^\"]*\"|\S+)")


class Params(Frozen):
    """`share`: the part of the app's own lines that must be objects, or at least three pairs `name=value`."""

    share: float = 0.9


def observed_structured_log(rehearsal: Rehearsal, api: Api | NotApplicable, params: Params) -> Iterator[Observation]:
    """One observation over the last lines of the log; lines that a server writes in its own format do not count.

    Source: backend-coder 3.30.
    """
    lines = [line for line in rehearsal.log.splitlines() if line.strip() and not _OF_SERVERS.search(line)]
    if len(lines) < LEAST:
        raise NotApplicable(f"the app wrote {len(lines)} lines of its own at the end, too few to tell")
    plain = [line for line in lines if not _is_structured(line)]
    view = StageView.of(rehearsal, api)
    route = next((one for one in view.routes.values() if one.file), None)
    yield Observation(
        subject="the log",
        ok=len(plain) <= len(lines) * (1 - params.share),
        place=Place(route.file) if route else view.places("")[0],
        message="The log is not structured",
        evidence=f"{len(plain)} of the last {len(lines)} lines are neither JSON nor name=value: {shown(''.join(plain[:1]), 160)}",
    )


def _is_structured(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return len(_PAIRS.findall(line)) >= 3
