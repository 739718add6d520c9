"""No provider's token and no private key stands in the tree, or is staged."""

from __future__ import annotations

from collections.abc import Iterator

from checker.checks.secrets.judged import clean, described, provider_confidence, unread
from checker.model.observation import Observation, Place
from checker.model.secrets import Secrets, Tier


def secret_in_tree(secrets: Secrets) -> Iterator[Observation]:
    """One observation for each token, and one for each file without."""
    tokens = [one for one in secrets.tokens if one.tier is Tier.STRUCTURED]
    bad = [one for one in tokens if not one.traits.doubt]
    for token in bad:
        staged = " is staged, though it is gone from the file on disk" if token.where else ""
        yield Observation(
            subject=token.subject,
            ok=False,
            place=Place(
                token.path.partition("!")[0], None if token.where or "!" in token.path else (token.line, token.line)
            ),
            message=f"{_article(token.kind)} {token.kind}{staged or ' stands in ' + token.path}",
            evidence=described(token),
            cause=token.subject,
            confidence=provider_confidence(token),
        )
    yield from unread(secrets.unread)
    yield from clean(secrets.scanned, bad)


def _article(noun: str) -> str:
    return "An" if noun[0] in "aeio" else "A"
