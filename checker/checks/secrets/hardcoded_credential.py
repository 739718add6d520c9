"""No password, connection string or key is written into code or configuration."""

from __future__ import annotations

from collections.abc import Iterator

from checker.checks.secrets.judged import clean, contextual_confidence, described
from checker.model.observation import Observation, Place
from checker.model.secrets import Secrets, Tier, Token


def hardcoded_credential(secrets: Secrets) -> Iterator[Observation]:
    """One observation for each value beside a name that says secret, and one for each file without.

    What stands in a `.env` file is left to the rule about those.
    """
    env_files = {file.path for file in secrets.env_files}
    tokens = [one for one in secrets.tokens if one.tier is not Tier.STRUCTURED and one.path not in env_files]
    bad = [
        one for one in tokens if not one.traits.doubt and (one.role.value not in ("test", "fixture") or _random(one))
    ]
    for token in bad:
        yield Observation(
            subject=token.subject,
            ok=False,
            place=Place(
                token.path.partition("!")[0], None if token.where or "!" in token.path else (token.line, token.line)
            ),
            message=_message(token),
            evidence=described(token),
            cause=token.subject,
            confidence=contextual_confidence(token),
        )
    yield from clean([path for path in secrets.scanned if path not in env_files], bad)


def _random(token: Token) -> bool:
    return token.traits.length >= 20 and token.traits.entropy >= 3.8


def _message(token: Token) -> str:
    where = f"{token.path}{', as staged' if token.where else ''}"
    if token.kind.startswith("connection"):
        return f"A connection string with its password stands in {where}"
    if token.tier is Tier.KEYWORD:
        return f"What looks like a {token.kind} stands in {where}"
    return f"{token.name} is given its value in {where}"
