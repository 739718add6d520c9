"""The only place that turns a secret into something that may be printed, or compared."""

from __future__ import annotations

import hashlib
import hmac

_PERSON = b"backend-checker secret mark 1"


def shown(value: str, *, public_start: int = 0) -> str:
    """A value as reports may show it: the first characters where they only name the provider, and its length."""
    start = value[: min(public_start, len(value) // 5)]
    return f"{start}… ({len(value)} characters)" if start else f"({len(value)} characters)"


def mark(value: str, kind: str, name: str, path: str, *, random: bool) -> str:
    """A keyed fingerprint that tells one value from another.

    Twelve hex digits of a random value, which nobody can guess back. Of a value that a person may have chosen only three,
    keyed by its place: enough to notice that it was replaced, too few to confirm a guess.
    """
    key = hashlib.sha256(
        b"\0".join([_PERSON, *([] if random else [_bytes(kind), _bytes(name), _bytes(path)])])
    ).digest()
    digits = hmac.new(key, _bytes(value), hashlib.sha256).hexdigest()
    return digits[: 12 if random else 3]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
