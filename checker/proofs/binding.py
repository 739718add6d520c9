"""The only place that says which tree a proof binds, and which bundles the base revision remembers."""

from __future__ import annotations

from checker.model.proof import HEAD, WHOLE, WORKTREE, Descriptor
from checker.model.settings import Description
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git
from checker.proofs import bundle, gates
from checker.proofs.gates import Gates


def rules_at(base: Description | NotApplicable | Unavailable) -> Gates:
    """The gates, with the record paths that the base's layout names: what the change says of itself binds nothing."""
    known = gates.load()
    return known.recording(base.layout) if isinstance(base, Description) else known


def subjects(git: Git, rules: Gates) -> tuple[Descriptor, ...]:
    """The tree without record paths, which binds; the whole tree and HEAD beside it."""
    bound = Descriptor(name=WORKTREE, digest={"gitTree": bound_tree(git, rules)})
    whole = Descriptor(name=WHOLE, digest={"gitTree": git.tree()})
    commit = (Descriptor(name=HEAD, digest={"gitCommit": git.head}),) if git.head else ()
    return (bound, whole, *commit)


def bound_tree(git: Git, rules: Gates) -> str:
    recorded = rules.recorded
    return git.tree(lambda path: not recorded(path))


def base_commit(git: Git, fork: str | NotApplicable | Unavailable) -> str | None:
    """The commit that a change is made against, None where there is no base.

    Unavailable: it is not to be seen, as in a clone that is cut off; compared with nothing, everything would pass.
    """
    if isinstance(fork, Unavailable):
        raise fork
    return git.resolve(fork) if isinstance(fork, str) else None


def at_base(git: Git, revision: str | None) -> dict[str, bytes]:
    """The bundles where the change began: what of a chain is there already can never be dropped. Later ones of the base's
    branch are others' work, which is here once it is merged."""
    if revision is None:
        return {}
    names = [one.path for one in git.ls_tree(revision) if one.path.startswith(bundle.FOLDER + "/")]
    wanted = [name for name in names if name.endswith(bundle.ENDING)]
    return {name: data for name in wanted if (data := git.show(revision, name, bundle.LARGEST)) is not None}
