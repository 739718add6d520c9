"""There are tests of the kinds that are asked for, and each operation of the contract is called by one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from checker.model.code import CodeMatches
from checker.model.contract import Api
from checker.model.observation import Observation, Place
from checker.model.rule import Confidence
from checker.model.suites import Suites
from checker.model.unavailable import NotApplicable

_SHOWN = {
    "unit": "units of the business logic are tested by themselves",
    "integration": "the parts are tested together",
    "contract": "the contract is tested",
    "property": "properties are tested on generated data",
    "migration": "migrations are tested",
}


def unit_tests(code: CodeMatches, suites: Suites) -> Iterator[Observation]:
    """One observation for the repository: whether a test looks at a part by itself."""
    yield from _of_kind("unit", code, suites)


def integration_tests(code: CodeMatches, suites: Suites) -> Iterator[Observation]:
    """One observation for the repository: whether a test looks at the parts together."""
    yield from _of_kind("integration", code, suites)


def contract_tests(code: CodeMatches, suites: Suites, api: Api) -> Iterator[Observation]:
    """One observation for the repository: whether a test holds the service against its contract."""
    if not any(True for _ in api.operations()):
        raise NotApplicable("no contract with operations that a test could hold the service against")
    yield from _of_kind("contract", code, suites)


def property_tests(code: CodeMatches, suites: Suites) -> Iterator[Observation]:
    """One observation for the repository: whether a test looks at properties."""
    yield from _of_kind("property", code, suites)


def _of_kind(kind: str, code: CodeMatches, suites: Suites) -> Iterable[Observation]:
    if not code.sources:
        raise NotApplicable("no source that could be tested")
    found = suites.of(kind)
    yield Observation(
        subject=f"{kind} tests",
        ok=bool(found),
        place=Place(found[0] if found else "."),
        message=f"No test shows that {_SHOWN[kind]}",
        evidence=f"{len(suites.files)} files of tests, none of the kind"
        if suites.files
        else suites.unread or "no file of tests at all",
        confidence=_sureness(suites),
    )


def _sureness(suites: Suites) -> Confidence | None:
    """What tests in a language that is not read look at, nobody here can say."""
    if suites.elsewhere:
        return Confidence.LOW
    return Confidence.MEDIUM if suites.files else None


def operations_tested(api: Api, suites: Suites) -> Iterator[Observation]:
    """One observation for each operation of the contract: whether a test writes its address out, or asks all of them."""
    operations = list(api.operations())
    if not operations:
        raise NotApplicable("no contract with operations")
    for contract, operation in operations:
        prefixes = ("", *(one.rstrip("/") for one in contract.base_paths))
        called = suites.follows_contract is not None or any(
            _is_called(f"{one}{operation.path}", suites) for one in prefixes
        )
        yield Observation(
            subject=operation.name,
            ok=called,
            place=operation.place,
            message=f"No test calls {operation.name}",
            cause="" if suites.files else "no tests at all",
            evidence=suites.unread
            or f"{len(suites.files)} files of tests write out {len(suites.addresses)} addresses, and not this one",
            confidence=_sureness(suites),
        )


def _is_called(path: str, suites: Suites) -> bool:
    """Whether an address of a test is this path, with anything in place of its parameters and before it."""
    parts = [r"[^/]+" if part.startswith("{") else re.escape(part) for part in path.strip("/").split("/")]
    wanted = re.compile("(?:^|/|\\})" + "/".join(parts) + "$")
    return any(wanted.search(address) for address in suites.addresses)
