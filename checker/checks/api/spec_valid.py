"""A contract is a valid document of its version, and says nothing twice, nowhere, or about what is not there."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.contract import ContractDefects, Defect
from checker.model.graphql import GraphqlApi
from checker.model.observation import Observation, Place
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable

_SAYS = {
    "malformed": "cannot be read",
    "unreadable": "cannot be read",
    "unknown-version": "names no version that is known",
    "structure": "is not valid OpenAPI",
    "misplaced-ref": "stands where no reference may",
    "dangling-ref": "leads nowhere",
    "circular-ref": "leads back to itself",
    "outside-ref": "leads out of the audited folder",
    "remote-ref": "leads to another machine",
    "anchor-ref": "cannot be followed",
    "unseen-ref": "was not followed",
    "beside-ref": "is read in two ways",
    "too-many-files": "was not followed",
    "duplicate-key": "is written twice",
    "many-documents": "are several in one file",
    "ambiguous-path": "is two paths for one request",
    "undeclared-parameter": "is in the path and not declared",
    "absent-parameter": "is declared and not in the path",
    "repeated-parameter": "is declared twice",
    "unknown-scheme": "names no scheme of the document",
    "too-many-defects": "are there and not listed",
}
_ONCE = frozenset({"dangling-ref", "circular-ref", "outside-ref", "remote-ref", "anchor-ref", "unseen-ref"})


def spec_valid(defects: ContractDefects | NotApplicable, graphql: GraphqlApi | NotApplicable) -> Iterator[Observation]:
    """One observation for each clean document, one for each defect. Sources: OpenAPI 2.0 to 3.2, RFC 6901, GraphQL spec 3.

    References that may be whole and cannot be followed from here lower the confidence, unless operations, answers or bodies lie
    unseen behind them. Uses of one broken reference fold, and
    so do words of OpenAPI 3.1 in a 3.0 document: their one mistake is its version.
    """
    documents = defects if isinstance(defects, ContractDefects) else ContractDefects((), ())
    schema = graphql if isinstance(graphql, GraphqlApi) else GraphqlApi((), {})
    found = (*documents.defects, *schema.defects)
    broken = {defect.place.path for defect in found}
    for path in (*documents.checked, *schema.files):
        if path not in broken:
            yield Observation(path, ok=True, place=Place(path))
    yield from map(_observed, found)


def _observed(defect: Defect) -> Observation:
    return Observation(
        subject=defect.subject,
        ok=False,
        place=defect.place,
        message=f"{defect.subject} {_SAYS.get(defect.kind, 'is wrong')}",
        evidence=defect.detail,
        cause=defect.cause or (defect.subject if defect.kind in _ONCE else ""),
        confidence=None if defect.certain else Confidence.MEDIUM,
    )
