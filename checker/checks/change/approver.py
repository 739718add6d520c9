"""Nobody approves what they made."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.change.touched import ChangeCommits, ChangeSet
from checker.model.decisions import Decisions
from checker.model.observation import Observation
from checker.model.settings import same_person


def change_self_approved(change: ChangeSet, commits: ChangeCommits, decisions: Decisions) -> Iterator[Observation]:
    """One observation for each decision that the change brings along and somebody signed: the signer made no commit of it.

    Source: backend-developer "You do NOT: … Approve your own work".
    """
    touched = {one.path: one for one in change.files if one.status != "D"}
    authors = sorted(
        {
            name
            for one in commits.commits
            for name in (one.author_name, one.author_email, one.author_email.partition("@")[0])
        }
    )
    made = {one.author_name for one in commits.commits}
    for one in decisions.files:
        if one.path in touched and one.signers and commits.commits:
            alone = [who for who in sorted(one.signers) if any(same_person(who, name) for name in authors if name)]
            yield Observation(
                subject=one.path,
                ok=len(alone) < len(one.signers),
                place=touched[one.path].place,
                message=f"{one.path} is approved by nobody but who made the change",
                evidence=f"signed by {', '.join(sorted(one.signers))}; commits by {', '.join(sorted(made))}",
            )
