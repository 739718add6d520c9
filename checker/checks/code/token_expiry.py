"""Signed tokens expire, and are read with their signature and their expiry checked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.checks.code.judged import assigned, bad, call_arguments, parameter_type, told, where
from checker.model.code import CodeMatches, Match
from checker.model.observation import Observation
from checker.model.rule import Confidence

_EXPIRY = re.compile(
    r"""(?i)["']?\bexp\b["']?\s*[:=\]]|\bexp\b|expir|setExpirationTime|lifetime|\bttl\b|max_age|valid_until"""
)
_NONE = re.compile(r"""(?i)algorithms?\s*[=:]\s*(?:\[[^\]]*)?["']none["']""")
_UNVERIFIED = re.compile(
    r"""(?i)verify\s*[=:]\s*False|["']?verify_signature["']?\s*[:=]\s*False|["']verify_exp["']\s*:\s*False|ignoreExpiration\s*:\s*true"""
)
_BY_NAME = re.compile(r"(?:\.\.\.)?[\w.]+$")
_EXPIRY_ONLY = re.compile(r"""(?i)["']verify_exp["']\s*:\s*False|ignoreExpiration\s*:\s*true""")
# Claims that are nothing but the name of a record of ours, which may end by itself.
_WRAPPED = re.compile(
    r"""\{\s*["']?(?:token|jti|sid|session_?(?:id|token))["']?\s*:\s*[^,:{}]+,?\s*\}$""", re.IGNORECASE
)
_ITS_END = re.compile(r"""\[\s*["']exp["']\s*\]|\.get\(\s*["']exp["']|\.exp\b""")
_AN_END = re.compile(r"(?i)revoke|log_?out|sign_?out|black_?list|deny_?list|invalidate|refresh|expired")
_VERIFIES = re.compile(r"(?i)\bverif\w*|jwks|introspect|getUser\(")
_IS_CALLER = re.compile(
    r"(?:req|request|ctx|context|c|res|socket)\.(?:\w+\.)*\w*"
    r"(?:[uU]ser|[aA]uth|[iI]dentity|[pP]rincipal|[tT]enant|[aA]ccount)\w*$"
)


def token_expiry(code: CodeMatches) -> Iterator[Observation]:
    """One observation for each token that is made to last for ever or read unchecked, and one for each file without."""
    yield from told(code, (*_made(code), *_read(code), *_believed(code)))


def _made(code: CodeMatches) -> Iterator[Observation]:
    for match in code.of("jwt-encode"):
        if _NONE.search(match.text):
            yield bad(match, f"{where(match)} signs a token with the algorithm none")
            continue
        lasting = _lasts(match)
        if lasting is not None:
            yield bad(match, f"{where(match)} signs a token without an expiry", lasting)


def _lasts(match: Match) -> Confidence | None:
    """How sure it is that there is no expiry; None where one is set, or where nobody can tell."""
    if any(_EXPIRY.search(text) for text in (match.around, match.text, match.names.get("OPTIONS", ""))):
        return None
    arguments = call_arguments(match.text)
    if not arguments:
        return None
    if (
        len(arguments) > 2
        and match.language == "typescript"
        and "OPTIONS" not in match.names
        and _BY_NAME.match(arguments[2])
    ):
        return None  # options that another module declares may end it
    named = len(arguments) > 1 and re.match(
        r"""\{\s*["']alg["']\s*:""", arguments[0]
    )  # a header, and the claims after it
    claims = re.sub(r"^dict\(", "{", arguments[1 if named else 0])
    if _WRAPPED.match(claims):
        return Confidence.MEDIUM
    if claims.startswith("{"):
        return None if re.search(r"\*\*|\.\.\.", claims) and _comes_from_outside(claims, match) else Confidence.HIGH
    name = re.match(r"^\w+$", claims)
    given = assigned(claims, match.around) if name else None
    if given is not None and given.startswith("{"):
        return Confidence.HIGH
    if name and match.function and parameter_type(claims, match.function.parameters) is not None:
        options = any(re.search(r"(?i)option|config|\.\.\.", one) for one in arguments[2:])
        return None if match.language == "python" or options else Confidence.MEDIUM
    return None


def _comes_from_outside(claims: str, match: Match) -> bool:
    spread = re.search(r"(?:\*\*|\.\.\.)\s*(\w+)", claims)
    return bool(spread and match.function and parameter_type(spread[1], match.function.parameters) is not None)


def _read(code: CodeMatches) -> Iterator[Observation]:
    for match in code.of("jwt-decode"):
        if _NONE.search(match.text):
            yield bad(match, f"{where(match)} reads tokens of the algorithm none")
        elif _EXPIRY_ONLY.search(match.text) and _AN_END.search(match.symbol):
            continue  # a token that has ended may be ended, and renewed
        elif _EXPIRY_ONLY.search(match.text):
            yield bad(match, f"{where(match)} reads tokens whatever their expiry", Confidence.MEDIUM)
        elif _UNVERIFIED.search(match.text) and not re.search(r"(?i)unverified|insecure|peek|header", match.symbol):
            elsewhere = _VERIFIES.search(match.around.replace(match.text, ""))
            asked = re.search(
                r"(?:^|\.)(?:is|has)_", match.symbol
            )  # a question about the token, whose answer is no identity
            confidence = Confidence.LOW if elsewhere or asked or _ITS_END.search(match.around) else Confidence.MEDIUM
            yield bad(match, f"{where(match)} reads a token without checking its signature", confidence)


def _believed(code: CodeMatches) -> Iterator[Observation]:
    """Claims of a decoded token that become who the caller is, where nothing in the function verifies the token."""
    for match in code.of("jwt-peek"):
        claims = match.names.get("CLAIMS", "")
        if _VERIFIES.search(match.around.replace(match.text, "")):
            continue
        if _IS_CALLER.match(claims) or any(_IS_CALLER.match(to) for to in _given_to(claims, match.around)):
            message = f"{where(match)} takes the caller's identity from a token that is decoded and not verified"
            yield bad(match, message, Confidence.MEDIUM)


def _given_to(claims: str, around: str) -> Iterator[str]:
    """What is assigned from a name or from one of its claims: `req.user` of `req.user = claims.sub`."""
    if re.fullmatch(r"\w+", claims):
        yield from re.findall(rf"([\w.]+)\s*=\s*(?:await\s+)?(?:[\w.]+\()?(?:\{{[^{{}}]*?)?\b{claims}\b", around)
