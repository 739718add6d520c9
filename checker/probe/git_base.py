"""The only place that decides which revision a change is judged against when the caller names none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from checker.probe.git_dir import GitUnusable

# Where each CI keeps the target branch of a merge request; push builds leave these unset or empty.
_BRANCHES = (
    "GITHUB_BASE_REF",  # GitHub, Gitea, Forgejo
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",  # GitLab
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "SYSTEM_PULLREQUEST_TARGETBRANCH",  # Azure Pipelines, as refs/heads/NAME
    "CHANGE_TARGET",  # Jenkins
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
    "CI_COMMIT_TARGET_BRANCH",  # Woodpecker
)
_COMMITS = ("CI_MERGE_REQUEST_DIFF_BASE_SHA",)  # GitLab
VARIABLES = ("CHECKER_BASE", *_COMMITS, *_BRANCHES)

Resolve = Callable[[str], str | None]


def upstream_base(
    env: Mapping[str, str], resolve: Resolve, merge_base: Callable[[str, str], str | None], head: str | None
) -> str | None:
    """CHECKER_BASE, else the CI's target branch, else the merge base of `head` and origin/HEAD, else None.

    Answers a commit id. A variable that is set and names nothing here is GitUnusable, never passed over: a base that
    was asked for and silently replaced would judge by other rules.
    """
    if asked := env.get("CHECKER_BASE"):
        if found := resolve(asked):
            return found
        raise GitUnusable(f"CHECKER_BASE names {asked!r}, which is not a commit of this clone; fetch it, or unset it")
    named = list(_named(env))
    for _, revision in named:
        if found := resolve(revision):
            return found
    if named:
        variable = named[0][0]
        raise GitUnusable(
            f"{variable} names {env[variable]!r}, which is not in this clone; fetch the target branch with its history"
        )
    default = resolve("refs/remotes/origin/HEAD")
    return merge_base(head, default) if head and default else None


def _named(env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for variable in _COMMITS:
        if commit := env.get(variable):
            yield variable, commit
    for variable in _BRANCHES:
        if branch := env.get(variable, "").removeprefix("refs/heads/"):
            yield variable, f"refs/remotes/origin/{branch}"
            yield variable, f"refs/heads/{branch}"
