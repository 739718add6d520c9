"""Passwords are hashed by a slow function: bcrypt at the asked rounds, Argon2, scrypt; never by a bare digest."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import Field

from checker.checks.code.judged import bad, told, where
from checker.model.base import Frozen
from checker.model.code import CodeMatches, Match
from checker.model.observation import Observation
from checker.model.rule import Confidence

_BREACH_LISTS = re.compile(r"(?i)pwned|hibp|breach")
_SLOW = re.compile(r"(?i)\b(?:pbkdf2\w*|scrypt|argon2\w*|bcrypt\w*)\b")
_TRIAL = re.compile(r"(?i)\b(?:test|testing|is_test|NODE_ENV)\b")


class Params(Frozen):
    """`min_rounds` is bcrypt's cost, the logarithm of its rounds."""

    min_rounds: int = Field(default=12, ge=4, le=12)


def password_hashing(code: CodeMatches, params: Params) -> Iterator[Observation]:
    """One observation for each cost that is too low and each bare digest of a password, and one for each file without."""
    yield from told(code, (*_rounds(code, params), *_digests(code)))


def _rounds(code: CodeMatches, params: Params) -> Iterator[Observation]:
    for match in code.of("bcrypt-rounds"):
        cost = re.findall(r"\b(\d{1,2})\b(?!.*\b\d{1,2}\b)", match.text)
        if not cost or int(cost[0]) >= params.min_rounds:
            continue
        named = match.language == "typescript" and "bcrypt" not in f"{match.text}{match.around}".lower()
        trial = _TRIAL.search(match.text) or re.search(r"Test|Dev(?:elopment)?(?:Config|Settings)", match.symbol)
        confidence = Confidence.LOW if trial else Confidence.MEDIUM if named else None
        yield bad(
            match, f"{where(match)} hashes with bcrypt at cost {cost[0]}; {params.min_rounds} is asked", confidence
        )


def _digests(code: CodeMatches) -> Iterator[Observation]:
    for match in code.of("password-digest"):
        if not _BREACH_LISTS.search(match.around) and not _SLOW.search(match.around):
            yield bad(match, f"{where(match)} hashes a password with a bare digest", _sureness(match))


def _sureness(match: Match) -> Confidence | None:
    """A bare digest beside HMAC or as a cache key may be meant; a function that says so by its name is."""
    return None if re.search(r"(?i)hash|password|verify|check|login|auth|regist", match.symbol) else Confidence.MEDIUM
