"""The verification sequence: every command of it was run, and ended with 0, by a record and not by a word alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.observation import Observation, Place
from checker.model.outputs.artefact import Artefacts, Kind, TreePaths
from checker.model.outputs.evidence import Figures
from checker.model.outputs.fields import take, whole
from checker.model.outputs.session import RecordedRuns, Run
from checker.model.outputs.steps import FIELDS, STEPS
from checker.model.outputs.truth import GateProof, Truth
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable, Unavailable

_EARLIER = re.compile(r"(?i)attempt|before|initial|first|baseline|previous|fail|red\b")


class Sequence(Frozen):
    """`node`, `python`: the steps that each stack asks for; those about Prisma and Alembic only where the tree uses them."""

    node: tuple[str, ...] = ("typecheck", "lint", "build", "test", "prisma validate")
    python: tuple[str, ...] = ("lint", "typecheck", "test", "alembic check")


def verification_sequence(
    artefacts: Artefacts,
    runs: RecordedRuns,
    truth: Truth | NotApplicable | Unavailable,
    figures: Figures,
    tree: TreePaths,
    params: Sequence,
) -> Iterator[Observation]:
    """Each step has a record of its run that ends with 0; one that the hand-off alone claims is minor, and a red one is not."""
    claims = _claims(artefacts)
    proofs = truth.proofs if isinstance(truth, Truth) else ()
    for step in _asked(tree, params):
        pattern = STEPS[step]
        ran = [one for one in runs.found if pattern.search(one.command)]
        proved = [one for one in proofs if pattern.search(one.type.replace("_", " "))]
        last = _last(ran, proved) or (_tested(figures) if step == "test" else None)
        claim = claims.get(step)
        problem = "was not run, by any record" if last is None and claim is None else ""
        problem = problem or (f"ended with {last[0]}" if last and last[0] else "")
        problem = problem or (f"ended with {claim[0]}" if last is None and claim and claim[0] else "")
        problem = problem or ("is said to have ended with 0, and no log or proof shows it" if last is None else "")
        yield Observation(
            subject=step,
            ok=not problem,
            place=last[1] if last else claim[1] if claim else Place("."),
            message=f"{step} of the verification sequence {problem}",
            evidence=last[2] if last else "looked through logs, packs, proofs, session logs and hand-offs",
            confidence=Confidence.MEDIUM if last is None and claim and not claim[0] else None,
            cause="" if last or claim or claims or runs.found else "nothing on record",
        )


def _tested(figures: Figures) -> tuple[int, Place, str] | None:
    """The closing line of a test log, where no command stands in it."""
    red = [one for one in figures.found if one.measure == "failed"]
    return (int(red[-1].value > 0), red[-1].place, red[-1].source) if red else None


def _asked(tree: TreePaths, params: Sequence) -> Iterator[str]:
    node = any(path.rpartition("/")[2] == "package.json" for path in tree.files)
    python = any(path.rpartition("/")[2] in ("pyproject.toml", "requirements.txt", "setup.py") for path in tree.files)
    steps = (*(params.python if python else ()), *(params.node if node and not python else ()))
    for step in steps or tuple(one for one in params.node if one in params.python):
        if step == "prisma validate" and not any(path.endswith(".prisma") for path in tree.files):
            continue
        if step == "alembic check" and not any(path.rpartition("/")[2] == "alembic.ini" for path in tree.files):
            continue
        yield step


def _last(ran: list[Run], proved: list[GateProof]) -> tuple[int, Place, str] | None:
    """The last record of a step: its exit code, place and words. A red log or proof outweighs green ones beside it."""
    last = {}  # of each log, by its name: the same log of a later run lies in a later folder
    for one in ran:
        if one.code is not None:
            last[one.place.path.rpartition("/")[2]] = (one.code, one.place, f"`{one.command[:80]}`, {one.source}")
    told = sorted(last.values(), key=lambda found: found[0] != 0 and not _EARLIER.search(found[1].path))
    newest = max(
        enumerate(proved), key=lambda found: (found[1].created is not None, found[1].created, found[0]), default=None
    )
    proof = _proof(newest[1]) if newest else None
    return proof if proof and (proof[0] or not told) else told[-1] if told else None


def _proof(one: GateProof) -> tuple[int, Place, str]:
    """What a proof shows; 1 where its file shows no run that passed, its own word where nothing stands inside."""
    said = 0 if one.says in ("pass", "passed", "true", "success") else 1
    code = one.code or int(bool(one.fault)) or (said if one.code is None else 0)
    return code, one.place, f"proof {one.id or one.type}{f', and its file {one.fault}' if one.fault else ''}"


def _claims(artefacts: Artefacts) -> dict[str, tuple[int, Place]]:
    found: dict[str, tuple[int, Place]] = {}
    for one in artefacts.of(Kind.HANDOFF):
        checks = take(one.value, "verification")
        for step, names in FIELDS.items() if checks else ():
            code = take(checks.value, *names) if checks else None
            value = whole(code.value) if code else None
            if checks and code and value is not None:
                found.setdefault(step, (value, one.at(checks.name, code.name)))
    return found
