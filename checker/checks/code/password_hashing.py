"""Passwords are hashed by a slow function: bcrypt at the asked rounds, Argon2, scrypt; never by a bare digest."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import Field

from checker.checks.code.judged import assigned, bad, call_arguments, keyword, told, where
from checker.model.base import Frozen
from checker.model.code import CodeMatches, Match
from checker.model.observation import Observation
from checker.model.rule import Confidence

FEWEST_ITERATIONS = 100_000  # of PBKDF2; OWASP asks for several times as many
_BREACH_LISTS = re.compile(r"(?i)pwned|hibp|breach")
_SLOW = re.compile(r"(?i)\b(?:pbkdf2\w*|scrypt|argon2\w*|bcrypt\w*)\b")
_TRIAL = re.compile(r"(?i)\b(?:test|testing|is_test|NODE_ENV)\b")
# Constants that are found where they are given their value.
_SAYS_COST = re.compile(r"(?i)bcrypt\w*(?:rounds|cost)|^(?:password_?)?(?:salt|hash)_?rounds$")
_BARE_SCHEME = re.compile(
    r"(?:\w*md5_crypt|sha1_crypt|des_crypt|bsdi_crypt|ldap_(?:salted_)?(?:md5|sha1)|hex_\w+|(?:ldap_)?plaintext"
    r"|mysql\d+|nthash|lmhash|django_salted_\w+|postgres_md5)"
)
_OF_PASSWORDS = re.compile(r"(?i)password|passwd|\bpwd\b|passphrase")


class Params(Frozen):
    """`min_rounds` is bcrypt's cost, the logarithm of its rounds."""

    min_rounds: int = Field(default=12, ge=4, le=12)


def password_hashing(code: CodeMatches, params: Params) -> Iterator[Observation]:
    """One observation for each cost that is too low and each bare digest of a password, and one for each file without."""
    yield from told(code, (*_rounds(code, params), *_derivations(code), *_digests(code)))


def _rounds(code: CodeMatches, params: Params) -> Iterator[Observation]:
    for match in code.of("bcrypt-rounds"):
        cost = _cost(match)
        if cost is None or cost >= params.min_rounds:
            continue
        named = match.language == "typescript" and "bcrypt" not in f"{match.text}{match.around}".lower()
        trial = _TRIAL.search(match.text) or re.search(r"Test|Dev(?:elopment)?(?:Config|Settings)", match.symbol)
        confidence = Confidence.LOW if trial else Confidence.MEDIUM if named else None
        yield bad(match, f"{where(match)} hashes with bcrypt at cost {cost}; {params.min_rounds} is asked", confidence)


def _cost(match: Match) -> int | None:
    """The cost that is written, in the call or where its constant or its variable is given a value."""
    if name := match.names.get("CONSTANT"):
        return None if _SAYS_COST.search(name) else _number(match.names.get("COST", ""))
    if name := match.names.get("LOCAL"):
        return _number(assigned(name, match.around) or "")
    written = re.findall(r"\b(\d{1,2})\b(?!.*\b\d{1,2}\b)", match.text)
    return int(written[0]) if written else None


def _number(text: str) -> int | None:
    return int(text.replace("_", "")) if re.fullmatch(r"\d[\d_]{0,11}", text) else None


def _derivations(code: CodeMatches) -> Iterator[Observation]:
    for match in code.of("password-derivation"):
        function = match.text.partition("(")[0]
        scheme = _scheme(match, function)
        if scheme:
            yield bad(match, f"{where(match)} hashes a password with {scheme}")
        iterations = _iterations(match, function)
        if iterations is not None and iterations < FEWEST_ITERATIONS:
            about = _OF_PASSWORDS.search(match.around)
            message = (
                f"{where(match)} derives from a password with {iterations} iterations; {FEWEST_ITERATIONS} is the least"
            )
            yield bad(match, message, None if about else _sureness(match))


def _scheme(match: Match, function: str) -> str | None:
    """The quick scheme that new passwords are hashed with; one that is kept to check old hashes is none."""
    arguments = call_arguments(match.text)
    if function.endswith("CryptContext"):
        listed = re.findall(r"[\"'](\w+)[\"']", keyword(arguments, "schemes") or (arguments[0] if arguments else ""))
        chosen = (keyword(arguments, "default") or (listed[0] if listed else "")).strip("\"'")
    elif function.endswith("generate_password_hash"):
        chosen = (keyword(arguments, "method") or "").strip("\"'")
        return chosen if re.fullmatch(r"plain|md5|sha\d+", chosen) else None
    else:
        chosen = function.split(".")[-2] if "." in function else ""
    return chosen if _BARE_SCHEME.fullmatch(chosen) else None


def _iterations(match: Match, function: str) -> int | None:
    """How often PBKDF2 goes round; None where that is not written."""
    arguments = call_arguments(match.text)
    if function.endswith("generate_password_hash"):
        written = re.fullmatch(r"[\"']pbkdf2:\w+:(\d+)[\"']", keyword(arguments, "method") or "")
        return int(written[1]) if written else None
    if "pbkdf2" not in function.lower():
        return None
    place = 2 if match.language == "typescript" else 3
    given = next((one for name in ("iterations", "count") if (one := keyword(arguments, name))), None)
    in_options = re.search(r"\biterations\s*:\s*(\w+)", arguments[2]) if function.startswith("CryptoJS") else None
    text = in_options[1] if in_options else given or (arguments[place] if len(arguments) > place else "")
    return _number(match.names.get("COST", "") if text == match.names.get("CONSTANT") else text)


def _digests(code: CodeMatches) -> Iterator[Observation]:
    for match in code.of("password-digest"):
        if not _BREACH_LISTS.search(match.around) and not _SLOW.search(match.around):
            yield bad(match, f"{where(match)} hashes a password with a bare digest", _sureness(match))


def _sureness(match: Match) -> Confidence | None:
    """A bare digest beside HMAC or as a cache key may be meant; a function that says so by its name is."""
    return None if re.search(r"(?i)hash|password|verify|check|login|auth|regist", match.symbol) else Confidence.MEDIUM
