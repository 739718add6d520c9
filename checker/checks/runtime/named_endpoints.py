"""The endpoints that backend-agent names by their paths do what it says of them, where an app has them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from checker.model.contract import Api, Operation
from checker.model.observation import Observation
from checker.model.rehearsal import Exchange, Rehearsal
from checker.model.shape import shape
from checker.model.stage_view import StageView, curl, shown
from checker.model.unavailable import NotApplicable

THEMES = frozenset({"light", "dark"})
_PREFERENCES = re.compile(r"/me/preferences/?$")
_STATISTICS = re.compile(r"/dashboard/stats/?$")
_PRIVATE = re.compile(r"(?i)\bprivate\b")
_MINUTE = re.compile(r"(?i)\bmax-age=60\b")
_TOTALS = ("totalViews", "totalEngagement")


def preferences_endpoint(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation for the methods of `/me/preferences`, and one for the words that its `theme` takes.

    Source: backend-agent 4.13.
    """
    view = StageView.of(rehearsal, api)
    mine = {one.method: one for one in view.operations.values() if _PREFERENCES.search(one.path)}
    if not mine:
        return
    first = next(iter(mine.values()))
    lacks = sorted({"GET", "PATCH"} - set(mine))
    yield _observation(view, first.name, first.path, f"lacks {' and '.join(lacks)}" if lacks else "")
    change = mine.get("PATCH") or mine.get("PUT")
    if change is not None:
        yield _observation(view, change.name, f"{change.name} theme", *_theme(view, change))


def _theme(view: StageView, change: Operation) -> tuple[str, str]:
    """What is wrong with the theme, and the request that shows it."""
    for one in view.rehearsal.observed:
        if one.operation == change.name and 200 <= one.status < 300:
            value = _object(one.body).get("theme", "light")
            if value not in THEMES:
                return f"takes the theme {value!r}", f"{curl(one)} → {one.status}"
    body = next((one.schema for one in change.request if one.is_json and one.schema), None)
    node = shape(body).properties.get("theme") if body is not None else None
    words = set(shape(node).keywords.get("enum", ())) if node is not None else set()
    if words != THEMES:
        return (
            "does not say that the theme is light or dark",
            f"its contract says {sorted(map(str, words)) or 'nothing'}",
        )
    return "", ""


def dashboard_statistics(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation each for the totals, for the cache and for the default range of `GET /dashboard/stats`.

    Raises NotApplicable where it was not answered. Source: backend-agent 4.15.
    """
    view = StageView.of(rehearsal, api)
    answers = [
        one
        for one in rehearsal.observed
        if one.method == "GET"
        and one.status == 200
        and _STATISTICS.search(one.operation)
        and view.is_documented(one.operation)
    ]
    if not answers:
        raise NotApplicable("GET /dashboard/stats is not there, or was not answered with 200")
    name, one = answers[0].operation, answers[0]
    lacks = [total for total in _TOTALS if f'"{total}"' not in one.answer]
    yield _observation(
        view, name, f"{name} totals", f"does not tell {' and '.join(lacks)}" if lacks else "", _seen(one)
    )
    kept = one.headers.get("cache-control", "")
    cached = _PRIVATE.search(kept) and _MINUTE.search(kept)
    wrong = "" if cached else "is not cached privately for 60 seconds"
    yield _observation(view, name, f"{name} cache", wrong, f"Cache-Control: {kept or 'none'}")
    operation = view.operations.get(name)
    if operation is not None:
        span = operation.query.get("range")
        default = span.schema.get("default") if span is not None and span.schema is not None else None
        wrong = "" if default == "7d" else "does not default to the last 7 days"
        yield _observation(view, name, f"{name} range", wrong, f"the default of `range` is {default or 'not said'}")


def _seen(one: Exchange) -> str:
    return f"{curl(one)} → {one.status} {shown(one.answer, 160)}"


def _object(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _observation(view: StageView, operation: str, subject: str, wrong: str, evidence: str = "") -> Observation:
    place, also = view.places(operation)
    return Observation(
        subject=subject,
        ok=not wrong,
        place=place,
        message=f"{operation} {wrong}",
        evidence=evidence,
        also=also,
    )
