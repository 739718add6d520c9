"""The inputs that work stands on: each is in the tree, or is named as missing and asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.observation import Observation, Place
from checker.model.outputs import headings
from checker.model.outputs.artefact import Artefact, Artefacts, Kind, TreePaths
from checker.model.outputs.headings import delivery_section
from checker.model.unavailable import Unavailable

_INPUTS = (
    (
        "TechSpec",
        r"tech[-_ ]?spec|tech[-_ ]?stack|architecture|technical[-_ ]?(?:spec|design)|(?:^|/)spec\.md|design[-_ ]?doc",
        r"tech ?spec|tech(?:nical|nology)? (?:spec|stack|design)",
    ),
    (
        "APIContract",
        r"api[-_ ]?contract|openapi|swagger|asyncapi|\.graphqls?$|schema\.gql|\.proto$|(?:^|/)api\.(?:ya?ml|json|md)$",
        r"api ?contract|openapi|graphql|endpoint spec",
    ),
    (
        "DataModel",
        r"data[-_ ]?model|database[-_ ]?schema|\.prisma$|(?:^|/)erd?\b|schema\.(?:sql|dbml|json)$|entities\.md|domain[-_ ]?model",
        r"data ?model|database schema|entit(?:y|ies)|erd\b",
    ),
    ("SecurityPolicy", r"security", r"security ?(?:policy|requirements|guide)?"),
    (
        "PerfTargets",
        r"perf(?:ormance)?[-_ ]?(?:targets?|budget|goals)?|\bslos?\b|(?:^|/)slos?[-_.]|service[-_ ]?level|nfr|non[-_ ]?functional",
        r"perf(?:ormance)? ?targets?|slos?\b|service level|peak load",
    ),
    (
        "Ops Guides",
        r"ops[-_ ]?guide|runbooks?|operations|(?:^|/)ops\.md|on[-_ ]?call|playbooks?|rollout",
        r"ops ?guides?|runbooks?|alerts|rollout",
    ),
)
_SAID = re.compile(
    r"(?i)\bmissing\b|\bnot (?:provided|found|given|supplied|available|specified|defined)\b|\babsent\b"
    r"|\bno \w+(?: \w+)? (?:was )?(?:provided|given|found)|\bunclear\b|\bneed(?:ed|s)?\b|\?"
)
_DOCUMENT = re.compile(r"(?i)\.(?:md|mdx|rst|adoc|txt|ya?ml|json|pdf|docx|graphqls?|gql|proto|prisma|sql|dbml)$")
_NOT_AN_INPUT = re.compile(
    r"(?i)(^|/)(tests?|node_modules|vendor|fixtures?|\.git)/|run-\d|handoff|package(?:-lock)?\.json"
)


def required_inputs(artefacts: Artefacts, tree: TreePaths | Unavailable) -> Iterator[Observation]:
    """Each of the six inputs is a document of the tree, or an output says that it is missing and asks for it."""
    if not isinstance(tree, TreePaths):
        raise tree
    outputs = [
        one
        for one in artefacts.found
        if one.kind
        in (Kind.DELIVERY, Kind.OUTPUT_DOCUMENT, Kind.RUN_REPORT, Kind.CHECKPOINT, Kind.SESSION_LOG, Kind.START_TASK)
    ]
    mine = {one.path for one in outputs}
    documents = sorted(
        path for path in tree.files if _DOCUMENT.search(path) and not _NOT_AN_INPUT.search(path) and path not in mine
    )
    for name, in_path, in_words in _INPUTS:
        there = next((path for path in documents if re.search(f"(?i){in_path}", path)), "")
        asked = next((place for one in outputs if (place := _asked_for(one, in_words))), None) if not there else None
        yield Observation(
            subject=name,
            ok=bool(there or asked),
            place=Place(there) if there else asked or Place("."),
            message=f"{name} is not in the tree, and no output lists it as missing",
            evidence=there or f"looked at the names of {len(documents)} documents and through {len(outputs)} outputs",
        )


def _asked_for(one: Artefact, words: str) -> Place | None:
    """Where an output says that an input is missing: in a section on missing inputs, or in a line that says so."""
    pattern = re.compile(rf"(?i)\b(?:{words})")
    if not pattern.search(one.text):
        return None
    spans = [section.lines for section in one.sections if delivery_section(section.title) == headings.MISSING_INPUTS]
    for number, line in enumerate(one.text.split("\n"), 1):
        if pattern.search(line) and (_SAID.search(line) or any(first <= number <= last for first, last in spans)):
            return one.lines(number)
    return None
