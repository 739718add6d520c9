"""No credential is compared with a value that stands in the code."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.checks.code.judged import bad, told, where
from checker.model.code import CodeMatches, Match
from checker.model.observation import Observation
from checker.model.rule import Confidence

_WORDS = re.compile(
    r"(?i)^(?:|none|null|undefined|bearer|basic|token|password|passwd|secret|api_?key|refresh|access|default|unset|changeme|change-me|"
    r"string|hidden|redacted|\*+|x+|text|email|username|jwt|cookie|session|oauth2?|anonymous|public|true|false|"
    r"[a-z]{1,3}|bearer |\W*|"
    r"authorization_code|client_credentials|refresh_token|placeholder|encrypted|plain|invalid|expired|required|unknown|apikey|header|query|body|"
    r"user|service|system|object|number|boolean|integer|file|code|id|on|off|yes|no|dummy|test|mock)$"
)
_KIND = re.compile(
    r"(?i)(?:type|kind|name|field|mode|method|grant|scheme|status|state|prefix|hint|format|label|column|param|location)$"
)


def back_door(code: CodeMatches) -> Iterator[Observation]:
    """One observation for each credential compared with a literal, and one for each file without."""
    yield from told(code, (one for match in code.of("literal-credential") if (one := _judged(match))))


def _judged(match: Match) -> Observation | None:
    value, literal = (
        match.names.get("VALUE", ""),
        re.sub(r"""^[bru]{0,2}["'`]+|["'`]+$""", "", match.names.get("LITERAL", "")),
    )
    if _WORDS.match(literal) or _KIND.search(value.rstrip("])\"'")) or len(literal) < 4 or _is_syntax(literal):
        return None
    looks_made = len(literal) >= 8 or bool(re.search(r"\d", literal))
    strong = re.search(r"(?i)password|api[_-]?key|secret|authorization|access_key", value) is not None
    confidence = None if looks_made and strong else Confidence.MEDIUM if looks_made else Confidence.LOW
    message = f"{where(match)} compares {value[:50]} with a value that stands in the code"
    return bad(match, message, confidence, f"{value[:60]} == {literal[:2]}… ({len(literal)} characters)")


def _is_syntax(literal: str) -> bool:
    """Punctuation and sentences are what a parser or a form compares with."""
    return re.fullmatch(r"\W+", literal) is not None or literal.count(" ") > 1
