"""CORS names its origins: no wildcard, and never one with credentials."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.checks.code.judged import bad, call_arguments, keyword, told, where
from checker.model.code import CodeMatches, Match
from checker.model.observation import Observation
from checker.model.rule import Confidence

_STAR = re.compile(r"""^[\[\(]?\s*["']\*["']\s*,?\s*[\]\)]?$|^(?:r?["']\.\*["']|/\.\*/\w*)$""")
_DEVELOPMENT = re.compile(
    r"""(?i)\bif\b[^\n]*\b(?:debug|dev|development|local|is_dev|is_local|testing)\b|NODE_ENV\s*[!=]==?\s*["'](?:development|test|production)"""
)
_CREDENTIALS = re.compile(r"(?i)(?:allow_credentials|supports_credentials|credentials)\s*[=:]\s*true\b")
_WITH_CREDENTIALS = re.compile(r"(?i)Access-Control-Allow-Credentials[\"'][^\n]{0,20}true")
# A function that answers yes, or with the origin it was asked about, whatever that is.
_SAYS_YES = re.compile(
    r"""(?x) (?:async\s+)? (?:function\b\s*\w*\s*|origin\s*)? \(? \s* (?P<asked>\w*) (?:\s*:\s*[^,()=]+)? \s*
    (?: , \s* (?P<done>\w+) (?:\s*:\s*[^()=]+)? \s* )? \)? \s* (?:=>)? \s*
    (?: \{? \s* (?:return\s+)? (?P=done)\( \s* null \s* , \s* (?:true|(?P=asked)|["'`]\*["'`]) \s* \)
      | (?:\{\s*return\s+)? (?:true|["'`]\*["'`]|(?P=asked)) (?=[;\s}]*$) )
    [;\s]* \}?"""
)


def cors_wildcard(code: CodeMatches) -> Iterator[Observation]:
    """One observation for each place that sets CORS up, and one for each file that does not."""
    stars = {(one.path, one.text.partition("=")[0].partition(":")[0].strip()) for one in code.of("cors-star")}
    found = list(_calls(code, stars))
    named = {(one.place.path) for one in found}
    yield from told(code, [*found, *(one for one in _stars(code) if one.place.path not in named)])


def _calls(code: CodeMatches, stars: set[tuple[str, str]]) -> Iterator[Observation]:
    for match in code.of("cors-call"):
        surely = _is_open(match, stars)
        if surely is None:
            continue
        with_credentials = bool(_CREDENTIALS.search(match.text + match.names.get("OPTIONS", ""))) or (
            "Access-Control" in match.text and _WITH_CREDENTIALS.search(match.around) is not None
        )
        if _DEVELOPMENT.search(match.around.partition(match.text[:40])[0]):
            yield bad(match, f"{where(match)} allows every origin where it is not production", Confidence.LOW)
        elif with_credentials:
            yield bad(match, f"{where(match)} allows every origin, with credentials")
        else:
            yield bad(match, f"{where(match)} allows every origin", None if surely else Confidence.MEDIUM)


def _is_open(match: Match, stars: set[tuple[str, str]]) -> bool | None:
    """True where a wildcard is written, False where it is the default, None where origins are named."""
    arguments = call_arguments(match.text)
    if match.language == "python":
        return _python(match, arguments, stars)
    if re.search(r"""["']Access-Control-Allow-Origin""", match.text):
        return True
    options = match.names.get("OPTIONS") or next((one for one in arguments if one.startswith("{")), None)
    if "NestFactory" in match.text:
        return _nest(options or "")
    if options is None:
        bare = all(re.fullmatch(r"(?i)(?:\w*[._])?(?:fastify)?cors(?:plugin)?", one) for one in arguments)
        return False if bare else None
    return _origin(options)


def _nest(options: str) -> bool | None:
    given = keyword(_entries(options), "cors") or ""
    return False if given == "true" else _origin(given) if given.startswith("{") else None


def _origin(options: str) -> bool | None:
    entries = _entries(options)
    if any(re.match(r"origin\s*\(", one) and _SAYS_YES.fullmatch(one) for one in entries):
        return True
    origin = keyword(entries, "origin")
    if origin is None:
        return None if "..." in options or re.search(r"\borigin\b", options) else False
    return True if origin == "true" or _STAR.match(origin) or _SAYS_YES.fullmatch(origin) else None


def _entries(options: str) -> list[str]:
    return call_arguments(f"({options.strip().removeprefix('{').removesuffix('}')})")


def _python(match: Match, arguments: list[str], stars: set[tuple[str, str]]) -> bool | None:
    if (
        "CORSMiddleware" in match.text
        or keyword(arguments, "allow_origins")
        or keyword(arguments, "allow_origin_regex")
    ):
        for name in ("allow_origins", "allow_origin_regex"):
            value = keyword(arguments, name)
            if value is not None and (_STAR.match(value) or (match.path, value) in stars):
                return True
        return None
    origins = keyword(arguments, "origins") or keyword(arguments, "resources")
    if origins is None:
        return False
    return True if _STAR.match(origins) or re.search(r"""["']origins["']\s*:\s*\[?\s*["']\*["']""", origins) else None


def _stars(code: CodeMatches) -> Iterator[Observation]:
    """Settings whose default is the wildcard, and headers written by hand."""
    for match in code.of("cors-star"):
        header = "Access-Control-Allow-Origin" in match.text or match.text.startswith("CORS_")
        message = "allows every origin" if header else "makes every origin the default"
        echoed = (
            re.search(r"\.headers\b", match.text) is not None and _WITH_CREDENTIALS.search(match.around) is not None
        )
        yield bad(match, f"{where(match)} {message}", None if echoed else Confidence.MEDIUM)
