"""The only place that shows history to the secret detectors: every content once, the audited tree's own left out."""

from __future__ import annotations

from checker.collect.detectors import Detectors, detectors
from checker.collect.roles import roles_of
from checker.collect.secrets import is_binary
from checker.model.repo import Role
from checker.model.secrets import PastSecrets, Tier, Token
from checker.model.settings import Description
from checker.model.unavailable import Unavailable
from checker.probe.git import Git

LARGEST = 5 << 20  # bytes of one content


def past_secrets(git: Git, description: Description) -> PastSecrets:
    """Provider's tokens and private keys in contents that no file of the index holds. Unavailable: a shallow clone."""
    if git.shallow:
        raise Unavailable("the clone is shallow, so most of history is not here; git fetch --unshallow")
    present = {entry.blob for entry in git.tracked()}
    names = {blob: path for blob, path in git.history().items() if blob not in present}
    role = roles_of(description.layout)
    found_by = detectors()
    tokens: list[Token] = []
    unread: list[tuple[str, str]] = []
    for blob, data in git.blobs(sorted(names), LARGEST):
        path = names[blob]
        if data is None:
            unread.append((path, f"larger than {LARGEST >> 20} MiB in history ({blob[:10]})"))
        elif not is_binary(data):
            tokens.extend(_found(found_by, path, blob, data, unread, role(path)))
    return PastSecrets(tuple(_once(tokens)), len(names), tuple(unread))


def _found(by: Detectors, path: str, blob: str, data: bytes, unread: list[tuple[str, str]], role: Role) -> list[Token]:
    try:
        return [one for one in by.tokens(path, role, data, f"blob {blob[:12]}") if one.tier is Tier.STRUCTURED]
    except Unavailable as slow:
        unread.append((path, slow.reason))
        return []


def _once(tokens: list[Token]) -> list[Token]:
    """One token for each value and path, however many versions of the file held it."""
    return list({(one.path, one.kind, one.mark): one for one in tokens}.values())
