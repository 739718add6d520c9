"""The revisions form one history: one head, one base, every parent there, no id twice, no circle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.migrations import BodyState, Migrations, Tree
from checker.model.observation import Observation, Place


class Params(Frozen):
    """`heads`: how many ends a history may have."""

    heads: int = 1


def migration_graph(migrations: Migrations, params: Params) -> Iterator[Observation]:
    """One observation for each revision, each history's ends, and each file that cannot be read.

    Sources: backend-developer "Migrations tested"; Alembic refuses `upgrade head` with several heads.
    """
    for broken in migrations.unparsed:
        place = Place(broken.path, (broken.line, broken.line))
        yield Observation(
            broken.path, False, place, f"{broken.path} stands among the migrations and cannot be read", broken.why
        )
    for tree in migrations.trees:
        if not tree.revisions:
            yield Observation(
                tree.scripts, False, tree.place, f"{tree.scripts} holds no migration", "no file names a revision"
            )
            continue
        yield from _revisions(tree)
        yield _ends(tree, params)


def _revisions(tree: Tree) -> Iterator[Observation]:
    times = Counter(one.id for one in tree.revisions)
    circle = _in_circles(tree)
    for one in tree.revisions:
        problem, evidence = "", ""
        lost = [parent for parent in one.parents if parent not in tree.by_id and "@" not in parent and parent != "head"]
        lost += [other for other in one.depends_on if not _is_known(other, tree)]
        if times[one.id] > 1:
            others = ", ".join(other.name for other in tree.revisions if other.id == one.id and other is not one)
            problem, evidence = "has an id that another file has, too", f"revision {one.id!r} also in {others}"
        elif lost:
            problem, evidence = f"follows {', '.join(lost)}, which does not exist", f"down_revision names {lost[0]!r}"
        elif one.id in circle:
            problem, evidence = "follows itself in a circle", " -> ".join(circle)
        elif one.up.state is BodyState.MISSING:
            problem, evidence = "has no upgrade", "no function of that name in the module"
        yield Observation(f"{one.id} {one.name}", not problem, one.place, f"migration {one.name} {problem}", evidence)


def _is_known(other: str, tree: Tree) -> bool:
    """Whether Alembic finds what is depended on: a revision, the beginning of one's id, or a branch by its label."""
    begun = len(other) >= 4 and sum(one.startswith(other) for one in tree.by_id) == 1
    return other in tree.by_id or "@" in other or other == "head" or other in tree.labels or begun


def _in_circles(tree: Tree) -> tuple[str, ...]:
    """Revisions that never become free when those without an unseen parent are taken away again and again."""
    waits = {one.id: {parent for parent in one.parents if parent in tree.by_id} for one in tree.revisions}
    free = list(waits)
    while free:
        free = [one for one, parents in waits.items() if not parents & waits.keys()]
        for one in free:
            del waits[one]
    return tuple(sorted(one for one in waits if any(one in parents for parents in waits.values())))


def _ends(tree: Tree, params: Params) -> Observation:
    """Too many ends; a revision whose parent is lost is an end by that defect, which has a finding of its own."""
    lost = {one.id for one in tree.revisions if any(parent not in tree.by_id for parent in one.parents)}
    heads = [one for one in dict.fromkeys(tree.heads) if one not in lost]
    if len(heads) > params.heads:
        last = tree.by_id[heads[-1]]
        also = tuple(tree.by_id[one].place for one in heads[:-1])
        message = f"the migrations in {tree.scripts} have {len(heads)} heads"
        return Observation(f"{tree.scripts} heads", False, last.place, message, f"heads: {', '.join(heads)}", also=also)
    return Observation(f"{tree.scripts} heads", True, tree.place)
