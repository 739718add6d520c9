"""No provider's token and no private key is left in history after it was taken out of the tree."""

from __future__ import annotations

from collections.abc import Iterator

from checker.checks.secrets.judged import described, provider_confidence, unread
from checker.model.observation import Observation, Place
from checker.model.secrets import PastSecrets


def secret_in_history(past: PastSecrets) -> Iterator[Observation]:
    """One observation for each token, and one for what was looked through without finding any."""
    bad = [one for one in past.tokens if not one.traits.doubt]
    for token in bad:
        blob = token.where.removeprefix("blob ")
        yield Observation(
            subject=token.subject,
            ok=False,
            place=Place(token.path),
            message=f"History still holds a {token.kind} that once stood in {token.path}",
            evidence=f"{described(token)}; its commits: git log --all --find-object={blob}",
            cause=token.subject,
            confidence=provider_confidence(token),
        )
    yield from unread(past.unread)
    if not bad:
        yield Observation(f"{past.blobs} contents of history", ok=True, place=Place("."))
