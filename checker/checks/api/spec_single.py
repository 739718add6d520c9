"""One contract holds for an API, and where there are several the configuration says which."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.contract import Api, Contract, ContractFiles
from checker.model.difference.matching import called_paths
from checker.model.observation import Observation, Place
from checker.model.rule import Confidence
from checker.model.settings import Description
from checker.model.unavailable import NotApplicable, Unavailable


def spec_single(
    files: ContractFiles, api: Api | Unavailable | NotApplicable, description: Description
) -> Iterator[Observation]:
    """One observation for all OpenAPI documents together; exact copies of one are one.

    Several that the configuration names are meant to be several. Several that have no operation in common may be the
    contracts of several APIs: that they are not named is a note then, no more. Source: agent-2 0.23, STANDARDS "contract file".
    """
    if not files.openapi:
        return
    first, *others = files.openapi
    named = set(files.openapi) <= set(description.layout.openapi)
    shared = _shared(api.contracts) if isinstance(api, Api) else []
    yield Observation(
        subject="contracts",
        ok=named or not others,
        place=Place(first),
        message=f"{len(files.openapi)} different contracts are in the repository, and nothing says which one holds",
        evidence=_seen(files, shared),
        confidence=Confidence.MEDIUM if shared or not isinstance(api, Api) else Confidence.LOW,
        also=tuple(Place(path) for path in others),
    )


def _shared(contracts: tuple[Contract, ...]) -> list[str]:
    """The operations that more than one contract describes, as a client calls them."""
    seen: dict[str, list[Contract]] = {}
    shared: dict[str, None] = {}
    for contract in contracts:
        for operation in contract.operations:
            for path in called_paths(contract, operation):
                others = seen.setdefault(f"{operation.method} {path}", [])
                if any(other is not contract and _may_share_host(other, contract) for other in others):
                    shared[operation.name] = None
                others.append(contract)
    return list(shared)


def _may_share_host(one: Contract, other: Contract) -> bool:
    """Whether two contracts may speak of one server; those that name no host may speak of any."""
    hosts = _hosts(one), _hosts(other)
    return not all(hosts) or not hosts[0].isdisjoint(hosts[1])


def _hosts(contract: Contract) -> frozenset[str]:
    servers = contract.root.get("servers")
    urls = [one.get("url") for one in servers if isinstance(one, dict)] if isinstance(servers, list) else []
    named = [url.partition("//")[2].partition("/")[0] for url in urls if isinstance(url, str)]
    return frozenset(name for name in (*named, contract.root.get("host")) if isinstance(name, str) and name)


def _seen(files: ContractFiles, shared: list[str]) -> str:
    parts = [", ".join(files.openapi)]
    parts += [f"{copy} is a copy of {original}" for copy, original in sorted(files.copies.items())]
    if shared:
        parts.append(f"in more than one of them: {', '.join(shared[:3])}{' and others' if len(shared) > 3 else ''}")
    elif len(files.openapi) > 1:
        parts.append("they have no operation in common")
    return "; ".join(parts)
