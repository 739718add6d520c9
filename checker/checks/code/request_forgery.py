"""The service fetches no address that a request chose, unless it is checked against those that are meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.checks.code.judged import assigned, bad, call_arguments, keyword, parameter_type, told, where
from checker.model.code import CodeMatches, Match
from checker.model.observation import Observation
from checker.model.rule import Confidence

_CHECKED = re.compile(
    r"(?i)allow|whitelist|is_safe|is_valid|validate_?url|safe_?url|urlparse|urlsplit|hostname|netloc"
    r"|new URL\(|ssrf|private_?(?:ip|address)|ipaddress|startswith\("
)
_RAW = re.compile(
    r"(?:flask\.)?\b(?:request|req|ctx\.request)\.(?:args|json|form|values|query_params|get_json\(\)|body|query|params)\b\s*(?:\[\s*[\"']\w+[\"']\s*\]|\.get\([^)]*\)|\??\.\w+)"
)
_ADDRESS = re.compile(r"(?i)(?:url|uri|link|href|endpoint|webhook|callback|host|domain|address|target|src|source)$")
_SAFE_TYPE = re.compile(r"^(?:int|UUID|uuid|float|bool|date|Literal|\w*Enum)\b")
_OURS = re.compile(r"(?i)settings|config|client|service|session|Depends|state")


def request_forgery(code: CodeMatches) -> Iterator[Observation]:
    """One observation for each call to an address that a request chose, and one for each file without."""
    yield from told(code, (one for match in code.of("outgoing-request") if (one := _judged(match))))


def _judged(match: Match) -> Observation | None:
    arguments = call_arguments(match.text)
    if not arguments:
        return None
    by_method = re.match(r"(?s)[\w.]*\.(?:request|stream)\(", match.text)
    address = keyword(arguments, "url") or (arguments[1] if by_method and len(arguments) > 1 else arguments[0])
    if not _is_chosen(address, match):
        return None
    checked = _CHECKED.search(match.around)
    message = f"{where(match)} fetches {address[:60]}, an address that the request chose"
    return bad(match, message, Confidence.LOW if checked else None)


def _is_chosen(address: str, match: Match) -> bool:
    """Whether the beginning of an address, where its host is, comes from a request."""
    head = _head(address)
    if head is None or match.function is None:
        return False
    if _RAW.match(head):
        return True
    name = re.match(r"\w+", head)
    if name is None:
        return False
    given = assigned(name[0], match.around)
    if given is not None and head == name[0]:
        return bool(_RAW.match(given)) or (_is_chosen(given, match) if not given.startswith(name[0]) else False)
    if not match.function.is_route:
        return False
    kind = parameter_type(name[0], match.function.parameters)
    if kind is None or _SAFE_TYPE.match(kind) or _OURS.search(kind):
        return False
    return bool(_ADDRESS.search(head))


def _head(address: str) -> str | None:
    """The expression that an address begins with; None where it begins with text."""
    inside = re.match(r"""^(?:[rf]{1,2}["']|`)\$?\{([^{}]+)\}""", address)
    if inside:
        return inside[1].strip()
    return (
        re.sub(r"^(?:str|String)\((.*)\)$", r"\1", address)
        if re.match(r"[A-Za-z_]", address) and not re.match(r"""[rfbu]{1,2}["']""", address)
        else None
    )
