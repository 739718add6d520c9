"""The only place that tells which answers are the service's own fault, whatever status they carry."""

from __future__ import annotations

import json
import re
from typing import Any

from checker.model.rehearsal import Exchange

_SAYS_SO = re.compile(
    r"(?i)\binternal[ _-]?server[ _-]?error\b|\bINTERNAL_ERROR\b|Traceback \(most recent call last\)"
    r"|\"(?:status|status_?code|code)\"\s*:\s*\"?5\d\d\b"
)
_CODES = ("status", "statusCode", "status_code", "code")
_SERVERS = frozenset({"INTERNAL_SERVER_ERROR", "DataFetchingException", "NullValueInNonNullableField"})
_LABELLED = ("code", "classification")
_FRAME = re.compile(r'File "([^"]+)", line \d+, in [^\n]*\n\s*([^\n]*)')
_RAISES = re.compile(r"raise\b(?!\s+(?:NotImplemented|Assertion)Error\b)")
_OF_GRAPHQL = re.compile(r"(?m)^\s*(?:\w+\.)*GraphQL\w*Error\b")


def is_fault(one: Exchange) -> bool:
    """A 5xx, one that is dressed as another status, or an error of a GraphQL resolver."""
    if is_of_graphql(one):
        return one.status >= 500 or bool(_resolver_errors(one))
    return one.status >= 500 or is_dressed(one)


def is_dressed(one: Exchange) -> bool:
    """A refusal whose body says that the server failed, or a success that does; what the request said does not count."""
    if 400 <= one.status < 500:
        return any(found[0] not in (one.body or "") + one.url for found in _SAYS_SO.finditer(one.answer))
    if not 200 <= one.status < 300:
        return False
    value = _parsed(one.answer) if '"5' in one.answer or ": 5" in one.answer or ":5" in one.answer else None
    codes = [value.get(name) for name in _CODES] if isinstance(value, dict) and "data" not in value else []
    return any(str(code).isdigit() and 500 <= int(str(code)) < 600 for code in codes if code is not None) and any(
        isinstance(value, dict) and name in value for name in ("error", "errors", "message", "detail", "title")
    )


def is_of_graphql(one: Exchange) -> bool:
    """Whether it asked a field of a schema, not an operation with a method."""
    return bool(one.operation) and " " not in one.operation and "." in one.operation


def is_deliberate(one: Exchange, trace: str, root: str) -> bool:
    """Whether a resolver meant its error: the audited code has raised it by a statement of its own.

    An error that the server itself labels as its own failure is none.
    """
    if any(_labels(error) & _SERVERS for error in _resolver_errors(one)):
        return False
    said = trace.replace("\\n", "\n").replace('\\"', '"')
    if _OF_GRAPHQL.search(said.rpartition("File ")[2]):
        return True
    frames = _FRAME.findall(said)
    mine = bool(frames) and frames[-1][0].startswith(root) and "site-packages" not in frames[-1][0]
    return mine and bool(_RAISES.match(frames[-1][1]))


def _resolver_errors(one: Exchange) -> list[Any]:
    """Errors that came while the query was carried out (GraphQL, 7.1.2: those have a path), and blame no caller."""
    value = _parsed(one.answer)
    errors = value.get("errors") if isinstance(value, dict) else None
    found = [error for error in errors if isinstance(error, dict) and error.get("path")] if errors else []
    return [error for error in found if not _labels(error) - _SERVERS]


def _labels(error: Any) -> set[str]:
    given = error.get("extensions")
    return {str(given[name]) for name in _LABELLED if given.get(name)} if isinstance(given, dict) else set()


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
