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
    found = list(_calls(code, _Named(code)))
    named = {(one.place.path) for one in found}
    yield from told(code, [*found, *(one for one in _stars(code) if one.place.path not in named)])


class _Named:
    """What is declared elsewhere: wildcards and options by their names, in this module or in one that it imports."""

    def __init__(self, code: CodeMatches) -> None:
        self._imports = {one.path: one.imports for one in code.sources}
        self._stars = [(one.path, one.text.partition("=")[0].partition(":")[0].strip()) for one in code.of("cors-star")]
        self._options = [(one.path, one.names.get("NAME", ""), one.text) for one in code.of("cors-options")]

    def is_star(self, path: str, value: str) -> bool:
        """Whether a value is a name that stands for the wildcard; `settings.ORIGINS` where a module beside imports it."""
        last = value.rpartition(".")[2]
        return any(
            (where == path and name == value) or (name == last and self._reaches(path, where))
            for where, name in self._stars
        )

    def options(self, path: str, arguments: list[str]) -> str | None:
        """The options that another module declares under a name among some arguments."""
        found = (text for where, name, text in self._options if name in arguments and self._reaches(path, where))
        return next(found, None)

    def _reaches(self, path: str, other: str) -> bool:
        stem = re.sub(r"(?:/(?:index|__init__))?\.\w+$", "", other).rpartition("/")[2]
        return path != other and any(stem in re.split(r"[./]", one)[-2:] for one in self._imports.get(path, ()))


def _calls(code: CodeMatches, named: _Named) -> Iterator[Observation]:
    for match in code.of("cors-call"):
        options = match.names.get("OPTIONS") or named.options(match.path, call_arguments(match.text)) or ""
        surely = _is_open(match, named, options)
        if surely is None:
            continue
        with_credentials = bool(_CREDENTIALS.search(match.text + options)) or (
            "Access-Control" in match.text and _WITH_CREDENTIALS.search(match.around) is not None
        )
        if _DEVELOPMENT.search(match.around.partition(match.text[:40])[0]):
            yield bad(match, f"{where(match)} allows every origin where it is not production", Confidence.LOW)
        elif with_credentials:
            yield bad(match, f"{where(match)} allows every origin, with credentials")
        else:
            yield bad(match, f"{where(match)} allows every origin", None if surely else Confidence.MEDIUM)


def _is_open(match: Match, named: _Named, options: str) -> bool | None:
    """True where a wildcard is written, False where it is the default, None where origins are named."""
    arguments = call_arguments(match.text)
    if match.language == "python":
        return _python(match, arguments, named)
    if re.search(r"""["']Access-Control-Allow-Origin""", match.text):
        return True
    options = options or next((one for one in arguments if one.startswith("{")), "")
    if "NestFactory" in match.text:
        return _nest(options)
    if not options:
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


def _python(match: Match, arguments: list[str], named: _Named) -> bool | None:
    if (
        "CORSMiddleware" in match.text
        or keyword(arguments, "allow_origins")
        or keyword(arguments, "allow_origin_regex")
    ):
        for name in ("allow_origins", "allow_origin_regex"):
            value = keyword(arguments, name)
            if value is not None and (_STAR.match(value) or named.is_star(match.path, value)):
                return True
        return None
    origins = keyword(arguments, "origins") or keyword(arguments, "resources")
    if origins is None:
        return False
    return True if _STAR.match(origins) or re.search(r"""["']origins["']\s*:\s*\[?\s*["']\*["']""", origins) else None


def _stars(code: CodeMatches) -> Iterator[Observation]:
    """Settings whose default is the wildcard, and headers written by hand."""
    for match in code.of("debug-setting"):
        if match.text.startswith("ALLOWED_HOSTS"):
            yield bad(match, f"{match.path} answers to every host name", Confidence.MEDIUM)
    for match in code.of("cors-star"):
        header = "Access-Control-Allow-Origin" in match.text or match.text.startswith("CORS_")
        message = "allows every origin" if header else "makes every origin the default"
        echoed = (
            re.search(r"\.headers\b", match.text) is not None and _WITH_CREDENTIALS.search(match.around) is not None
        )
        yield bad(match, f"{where(match)} {message}", None if echoed else Confidence.MEDIUM)
