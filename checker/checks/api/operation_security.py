"""Every operation that changes something demands credentials, unless the policy lists it as public."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.access import Flaw, flaw, is_listed, takes_credentials
from checker.model.contract import Api, Contract, Operation
from checker.model.observation import Observation, Place
from checker.model.purpose import is_sign_in, is_signed_receipt, only_reads
from checker.model.rule import Confidence
from checker.model.settings import Policy


def operation_security(api: Api, policy: Policy) -> Iterator[Observation]:
    """One observation for each operation whose method is not safe (RFC 9110 section 9.2.1).

    Open operations are never folded together: one that is added later must not hide behind one that is known. An
    undefined scheme is one defect, wherever it is named. Sources: OWASP API2:2023, Zalando #104, backend-coder "Protected
    resources require explicit auth".
    """
    for contract, operation in api.operations():
        if operation.mutates:
            found = None if is_listed(contract, operation, policy) else flaw(contract, operation)
            yield _observed(contract, operation, found)


def _observed(contract: Contract, operation: Operation, found: Flaw | None) -> Observation:
    if found is None:
        return Observation(operation.name, True, operation.place)
    if found.cause:
        inherited = "security" not in operation.node.value
        return Observation(
            subject=operation.name,
            ok=False,
            place=Place(contract.path, pointer=("security",)) if inherited else operation.place,
            message=f"{operation.name} {found.problem}",
            evidence=found.seen,
            cause=found.cause,
            confidence=Confidence.MEDIUM if found.doubted else None,
        )
    confidence, doubt = _doubt(operation)
    return Observation(
        subject=operation.name,
        ok=False,
        place=operation.place,
        message=f"{operation.name} changes something and demands no credentials",
        evidence=f"{found.seen}{doubt}",
        confidence=confidence,
    )


def _doubt(operation: Operation) -> tuple[Confidence | None, str]:
    """What speaks for an operation that is open on purpose, or not open at all."""
    credential = takes_credentials(operation)
    if credential:
        seen = f"its {credential} looks like a credential: declare it as a scheme, or"
    elif is_sign_in(operation):
        seen = "it looks like a sign-in: if it is public on purpose,"
    elif is_signed_receipt(operation):
        seen = "it looks like a webhook's receipt: if the signature guards it,"
    elif only_reads(operation):
        seen = "it looks like a question that changes nothing: if anybody may ask it,"
    else:
        return None, ""
    return Confidence.MEDIUM, f"; {seen} list it under [[public]]"
