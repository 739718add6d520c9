"""No traceback and no exception's own text leaves in a response."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.checks.code.judged import bad, parameter_type, told, where
from checker.model.code import CodeMatches, Match
from checker.model.observation import Observation
from checker.model.rule import Confidence

_ANSWER = re.compile(
    r"(?:Response|HTTPException|jsonify|make_response|abort|failure|problem|error_response|\.json|\.send)\s*\(|\breturn\b|\braise\b|[\"'](?:detail|error|message|traceback|trace|stack)[\"']\s*:"
)
_BROAD = re.compile(r"except\s*+(?:\(?+\s*+(?:Base)?Exception\b[^:\n]*)?:")
_SERVER_ERROR = re.compile(r"(?i)\b5\d\d\b|HTTP_5\d\d|INTERNAL_SERVER_ERROR|InternalServerError")
_DEBUG = re.compile(r"(?i)\bif\b[^\n]*\b(?:debug|dev|development|is_dev|is_local)\b|NODE_ENV|isDev|isProduction")
_LOG = re.compile(r"(?i)\b(?:log|logger|logging|print|capture\w*|sentry\w*|span)\b[\w.]*\(")

_AT_HAND = re.compile(
    r"(?i)(?:^|[/_.-])(?:dev|devel|development|local|debug|test|testing|ci|example|sample|demo)(?:[/_.-]|$)"
)


def error_exposed(code: CodeMatches) -> Iterator[Observation]:
    """One observation for each trace or exception text on its way out, and one for each file without."""
    yield from told(code, (*_traces(code), *_texts(code), *_debugging(code)))


def _traces(code: CodeMatches) -> Iterator[Observation]:
    for match in code.of("traceback-text"):
        line = _answering_line(match)
        if line is not None and code.by_path[match.path].web:
            confidence = Confidence.LOW if _DEBUG.search(_before(match)) else None
            yield bad(match, f"{where(match)} puts a traceback into an answer", confidence, line)
    for match in code.of("stack-text"):
        confidence = Confidence.LOW if _DEBUG.search(match.text) or _DEBUG.search(_before(match)) else None
        yield bad(match, f"{where(match)} puts a stack trace into an answer", confidence)


def _before(match: Match) -> str:
    """The three lines before the match, and its own."""
    if match.function is None:
        return match.text
    at = match.lines[0] - match.function.lines[0]
    return "\n".join(match.function.text.splitlines()[max(0, at - 3) : at + 1])


def _answering_line(match: Match) -> str | None:
    """The line by which the trace leaves: its own, or that of the name that it was given. None for a log's."""
    if match.function is None:
        return None
    lines = match.function.text.splitlines()
    at = match.lines[0] - match.function.lines[0]
    if at >= len(lines):
        return None
    own = lines[at]
    if _LOG.search(own) or any(
        _LOG.search(line) and line.rstrip().endswith("(") for line in lines[max(0, at - 3) : at]
    ):
        return None
    name = re.match(r"\s*(\w+)\s*(?::[^=]+)?=", own)
    if name is None:
        return own.strip() if _ANSWER.search(own) else None
    used = re.compile(rf"\b{name[1]}\b")
    later = (line for line in lines[at + 1 :] if used.search(line) and not _LOG.search(line))
    return next((line.strip() for line in later if _ANSWER.search(line)), None)


def _texts(code: CodeMatches) -> Iterator[Observation]:
    for match in code.of("exception-text"):
        broad = match.language == "typescript" or _is_broad(match) or _is_handler(match)
        server = bool(_SERVER_ERROR.search(match.text))
        if _DEBUG.search(match.text) or not (broad or server) or not _is_of_exception(match):
            continue
        confidence = Confidence.MEDIUM if server else Confidence.LOW
        yield bad(match, f"{where(match)} answers with the exception's own text", confidence)


def _is_broad(match: Match) -> bool:
    """Whether the nearest `except` above catches everything, so that the text may be anybody's."""
    if match.function is None:
        return False
    at = match.lines[0] - match.function.lines[0]
    above = [line for line in match.function.text.splitlines()[: at + 1] if line.lstrip().startswith("except")]
    return bool(above) and bool(_BROAD.search(above[-1]))


def _is_handler(match: Match) -> bool:
    """Whether a framework calls the function for whatever was not caught."""
    handles = re.compile(r"\.(?:exception_handler|(?:app_)?errorhandler)\(\s*(?:(?:Base)?Exception|500)\s*\)$")
    return match.function is not None and any(handles.search(one) for one in match.function.decorators)


def _is_of_exception(match: Match) -> bool:
    """Whether `str(x)` is of what was caught, or of what a handler was given; a plain dictionary must leave by a route."""
    name = match.names.get("E")
    if match.text.startswith("return") and not (match.function and match.function.is_route):
        return False
    if name is None or match.function is None:
        return True
    caught = re.search(rf"\bas\s+{re.escape(name)}\s*:", match.around)
    return caught is not None or (_is_handler(match) and parameter_type(name, match.function.parameters) is not None)


def _debugging(code: CodeMatches) -> Iterator[Observation]:
    """Servers that answer every crash with its traceback."""
    for match in code.of("debug-setting"):  # of Django, in a module that holds its other settings
        if match.text.startswith("DEBUG"):
            surely = Confidence.LOW if _AT_HAND.search(match.path) else None
            yield bad(match, f"{match.path} sets DEBUG = True, which answers a crash with its traceback", surely)
    for match in code.of("debug-server"):
        when = match.names.get("WHEN", "")
        if not code.by_path[match.path].web:
            continue
        development = _DEBUG.search(f"if {when}") if when else _DEBUG.search(_before(match))
        by_hand = "__main__" in when or match.symbol == "main"
        confidence = Confidence.LOW if development else Confidence.MEDIUM if by_hand else None
        yield bad(match, f"{where(match)} runs with debug=True, which answers a crash with its traceback", confidence)
