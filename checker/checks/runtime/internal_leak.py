"""No answer shows the inside of the service: no stack trace, no path of the server, no SQL, no driver's own words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.contract import Api
from checker.model.observation import Observation
from checker.model.rehearsal import Exchange, Rehearsal, Traced
from checker.model.rule import Confidence
from checker.model.stage_view import StageView, curl, shown
from checker.model.unavailable import NotApplicable

_LEAKS = (
    ("a Python traceback", re.compile(r"Traceback \(most recent call last\)|File \\?\"[^\"\\]+\.py\\?\", line \d+")),
    (
        "a stack trace",
        re.compile(r"\bat [\w.$<>]+ ?\((?:/|node:|[A-Za-z]:\\)?[\w./\\-]+\.(?:js|ts|java|kt|cs|rb|go):\d+"),
    ),
    (
        "a path of the server",
        re.compile(
            r"(?<![\w/:.])/(?:home|usr|var|opt|srv|app|tmp|root|etc)/[\w.@-]+/[\w./@-]+|[A-Z]:\\\\(?:Users|inetpub)\\\\"
        ),
    ),
    (
        "an error of the database",
        re.compile(
            r"(?i)\b(?:sqlalche\.me|psycopg2?\.|sqlite3\.\w*Error|asyncpg\.|pymysql\.|SQLSTATE\[|ORA-\d{5}|IntegrityError"
            r"|OperationalError|ProgrammingError|UNIQUE constraint failed"
            r"|violates (?:unique|foreign key|not-null|check) constraint)"
        ),
    ),
    (
        "a statement of SQL",
        re.compile(r"\b(?:SELECT [\w\"*., ]+ FROM |INSERT INTO \w+ ?\(|UPDATE \w+ SET |DELETE FROM \w+)"),
    ),
)


def internal_leak(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation for each operation that answered an error; what the request itself sent does not count.

    Sources: backend-coder 3.18, backend-engineer 2.18, CWE-209, OWASP API8:2023.
    """
    view = StageView.of(rehearsal, api).tried()
    yield from view.judged(_each(view, rehearsal))


def _each(view: StageView, rehearsal: Rehearsal) -> Iterator[Observation]:
    crashes = [one.exchange for one in rehearsal.crashes]
    errors = [one for one in (*rehearsal.observed, *crashes) if one.status >= 400]
    for name in filter(view.is_documented, dict.fromkeys(one.operation for one in errors)):
        leaks = [found for one in errors if one.operation == name and (found := _leak(one))]
        place, also = view.places(name)
        if not leaks:
            yield Observation(subject=name, ok=True, place=place)
            continue
        what, seen, one = leaks[0]
        yield Observation(
            subject=name,
            ok=False,
            place=place,
            message=f"{name} shows {what} to the caller",
            evidence=f"{shown(seen, 200)}; {curl(one)} → {one.status}",
            cause=_cause(rehearsal, what),
            confidence=Confidence.MEDIUM if what == "a path of the server" else None,
            also=also,
        )


def _leak(one: Exchange) -> tuple[str, str, Exchange] | None:
    for what, pattern in _LEAKS:
        for found in pattern.finditer(one.answer):
            if found[0] not in (one.body or "") and found[0] not in one.url:
                return what, one.answer[max(found.start() - 20, 0) : found.end() + 120], one
    return None


def _cause(rehearsal: Rehearsal, what: str) -> str:
    """Leaks of one kind from several crashes come from one error handler."""
    return f"{what} in answers" if len(rehearsal.crashes) > 1 and what == "a Python traceback" else ""


def error_logged(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation for each crash: its log holds the traceback, and the id that the caller was given.

    A request that was refused is looked up as well: that its id is in no line is a note. Source: backend-coder 3.19.
    Where the answer carries no id at all there is none to look for, which the envelope's rule says.
    """
    view = StageView.of(rehearsal, api)
    for one in rehearsal.traced:
        yield from _refused(view, one)
    for crash in rehearsal.crashes:
        name = crash.exchange.operation
        ids = _ids(crash.exchange)
        if not crash.repeated or not ids:
            continue
        place, also = view.places(name)
        traced = "Traceback" in crash.trace or bool(crash.frame)
        tied = any(one in crash.trace for one in ids)
        lack = "the id that the caller got" if traced else "a traceback"
        yield Observation(
            subject=name,
            ok=traced and tied,
            place=place,
            message=f"{name} fails, and the log lacks {lack}",
            evidence=f"the caller got {shown(ids[0])}; logged meanwhile: {shown(crash.trace, 200) or 'nothing'}",
            also=also,
        )


def _refused(view: StageView, one: Traced) -> Iterator[Observation]:
    ids = _ids(one.exchange)
    if not ids:
        return
    place, also = view.places(one.exchange.operation)
    yield Observation(
        subject=f"{one.exchange.operation} {one.exchange.status}",
        ok=any(known in one.logged for known in ids),
        place=place,
        message=f"{one.exchange.operation} refuses, and no line of the log holds the id that the caller got",
        evidence=f"the caller got {shown(ids[0])}; logged meanwhile: {shown(one.logged, 200) or 'nothing'}",
        confidence=Confidence.LOW,
        also=also,
    )


def _ids(answer: Exchange) -> list[str]:
    found = [value for name, value in answer.headers.items() if re.search(r"(?:correlation|request|trace)-?id", name)]
    inside = re.findall(r'"(?:correlation|request|trace)_?[iI]d"\s*:\s*"([^"]+)"', answer.answer)
    return list(dict.fromkeys((*inside, *found)))
