"""The contract denies by default, and only listed operations opt out."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.access import Flaw, flaw, is_listed, requirement_flaw, takes_credentials
from checker.model.contract import Api, Contract, Operation
from checker.model.observation import Observation, Place
from checker.model.purpose import is_about_itself, is_probe, is_sign_in, is_signed_receipt
from checker.model.rule import Confidence
from checker.model.settings import Policy


def deny_by_default(api: Api, policy: Policy) -> Iterator[Observation]:
    """One observation for each document's `security`, and one for each operation that has a `security` of its own.

    What inherits the document's `security` stands or falls with it. Sources: backend-engineer "deny by default", OWASP
    API5:2023 ("the enforcement mechanism(s) should deny all access by default").
    """
    for contract in api.contracts:
        if contract.operations:
            yield _default(contract, policy)
        for operation in contract.operations:
            if "security" in operation.node.value:
                yield _own(contract, operation, policy)


def _default(contract: Contract, policy: Policy) -> Observation:
    declared = "security" in contract.root.value
    found = (
        requirement_flaw(contract.root, contract.root.get("security"), "the document's `security`")
        if declared
        else None
    )
    inheriting = [one for one in contract.operations if "security" not in one.node.value]
    unlisted = [one for one in inheriting if not is_listed(contract, one, policy)]
    exposed = [one.name for one in unlisted if not (is_probe(one) or is_about_itself(one))]
    seen = found.seen if found else "the document has no `security` of its own"
    return Observation(
        subject="#/security",
        ok=declared and found is None,
        place=Place(contract.path, pointer=("security" if declared else _version_key(contract),)),
        message=f"{contract.path} does not deny by default",
        evidence=f"{seen}; {_exposed(exposed)}",
        cause=found.cause if found else "",
        confidence=None if exposed and not (found and found.doubted) else Confidence.MEDIUM,
    )


def _version_key(contract: Contract) -> str:
    """The line at the top to point at where the document has no `security` to point at."""
    return "swagger" if contract.version.startswith("2") else "openapi"


def _exposed(names: list[str]) -> str:
    if not names:
        return "every operation demands credentials by itself, is listed, or is a probe"
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"open by that: {', '.join(names[:3])}{more}"


def _own(contract: Contract, operation: Operation, policy: Policy) -> Observation:
    found = None if is_listed(contract, operation, policy) else flaw(contract, operation)
    problem = (found.problem if found else "") or "needs no credentials and is not listed as public"
    return Observation(
        subject=operation.name,
        ok=found is None,
        place=operation.place,
        message=f"{operation.name} {problem}",
        evidence=found.seen if found else "",
        cause=found.cause if found else "",
        confidence=_confidence(operation, found),
    )


def _confidence(operation: Operation, found: Flaw | None) -> Confidence | None:
    if is_probe(operation) or is_about_itself(operation):
        return Confidence.LOW
    likely = is_sign_in(operation) or is_signed_receipt(operation) or takes_credentials(operation)
    return Confidence.MEDIUM if likely or (found and found.doubted) else None
