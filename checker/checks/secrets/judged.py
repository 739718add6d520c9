"""The only place that says how sure we are that a token is a secret somebody can use."""

from __future__ import annotations

from collections.abc import Iterable

from checker.model.observation import Observation, Place
from checker.model.repo import Role
from checker.model.rule import Confidence
from checker.model.secrets import Tier, Token

NOT_DEPLOYED = frozenset({Role.TEST, Role.FIXTURE, Role.DOCS, Role.VENDORED, Role.GENERATED})


def provider_confidence(token: Token) -> Confidence:
    """A checksum that fits was never made up; one that does not was. Keys for tests are common, and mostly just that."""
    if token.traits.checksum is False or token.weak:
        return Confidence.LOW if token.role in NOT_DEPLOYED else Confidence.MEDIUM
    if token.traits.checksum or token.role not in NOT_DEPLOYED:
        return Confidence.HIGH
    return Confidence.LOW if token.kind == "private-key" or token.role is Role.VENDORED else Confidence.MEDIUM


def contextual_confidence(token: Token) -> Confidence:
    """A password for a host with a domain, or a long random value, in what is deployed, is as good as known.

    Scripts and CI hold many a fixed value of a throw-away service, which cannot be told from a real one.
    """
    if token.role in NOT_DEPLOYED:
        return Confidence.LOW
    if token.tier is Tier.CONTEXTUAL and not token.kind.startswith("assigned-"):
        return Confidence.HIGH if token.traits.length >= 8 else Confidence.MEDIUM
    named = any(word in token.name.lower() for word in ("passw", "pwd", "secret", "private", "signing", "encryption"))
    deployed = token.role is not Role.SCRIPT
    return (
        Confidence.HIGH
        if deployed and token.traits.generated and named and token.tier is Tier.CONTEXTUAL
        else Confidence.MEDIUM
    )


def clean(scanned: Iterable[str], bad: Iterable[Token]) -> list[Observation]:
    """One good observation for each file that was looked through and holds nothing bad."""
    blamed = {token.path for token in bad}
    return [Observation(path, ok=True, place=Place(path)) for path in scanned if path not in blamed]


def unread(left_out: Iterable[tuple[str, str]]) -> list[Observation]:
    """What could not be looked through is said, and is no pass."""
    return [
        Observation(
            subject=path,
            ok=False,
            place=Place(path),
            message=f"{path} was not searched for secrets",
            evidence=reason,
            confidence=Confidence.LOW,
        )
        for path, reason in left_out
    ]


def described(token: Token) -> str:
    """What was seen, without the value."""
    traits = token.traits
    parts = [
        f"{token.name} = {token.shown}" if token.name and token.tier is Tier.CONTEXTUAL else token.shown,
        f"entropy {traits.entropy:.1f} bits",
        {True: "its checksum fits", False: "its checksum does not fit", None: ""}[traits.checksum],
        f"mark {token.mark}",
        token.where,
    ]
    return ", ".join(part for part in parts if part)
