"""What protects is strong: ciphers, digests, certificates and random values."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.checks.code.judged import bad, first_line, told, where
from checker.model.code import CodeMatches
from checker.model.observation import Observation
from checker.model.rule import Confidence

_PROTECTS = re.compile(
    r"(?i)sign|token|password|secret|auth|verif|hmac|session|integrit|certificate|encrypt|credential"
)
_NO_PROTECTION = re.compile(
    r"(?i)etag|cache|dedup|checksum|gravatar|bucket|color|colour|shard|fingerprint|partition|usedforsecurity|file_?hash|content_?hash|slug"
)
_AT_HAND = re.compile(r"(?i)\bif\b[^\n]*(?:dev|local|debug|test|insecure|ssl|verify|sslmode)|isDev|NODE_ENV")


def weak_cryptography(code: CodeMatches) -> Iterator[Observation]:
    """One observation for each weak means of protection, and one for each file without."""
    yield from told(code, (*_ciphers(code), *_digests(code), *_guessable(code)))


def _ciphers(code: CodeMatches) -> Iterator[Observation]:
    for match in code.of("weak-cipher", "unverified-tls"):
        confidence = Confidence.LOW if _AT_HAND.search(match.around) else None
        checked = match.pattern == "unverified-tls" or re.search(r"(?i)unauthorized|unverified|CERT_NONE", match.text)
        said = "does not check certificates" if checked else "uses a weak cipher or protocol"
        yield bad(match, f"{where(match)} {said}", confidence)


def _digests(code: CodeMatches) -> Iterator[Observation]:
    for match in code.of("weak-hash"):
        text = f"{match.symbol} {first_line(match)}"
        if _NO_PROTECTION.search(text) or not _PROTECTS.search(text):
            continue
        yield bad(
            match, f"{where(match)} protects something by a broken digest", Confidence.MEDIUM, first_line(match)[:160]
        )


def _guessable(code: CodeMatches) -> Iterator[Observation]:
    for match in code.of("guessable"):
        yield bad(
            match,
            f"{where(match)} makes a secret from random numbers that can be guessed",
            evidence=first_line(match)[:160],
        )
