"""What a contract says about who may call an operation, and what the policy lets everybody call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checker.model.contract import Contract, Node, Operation
from checker.model.servers import servers
from checker.model.settings import Policy
from checker.model.shape import shape
from checker.model.words import plain

_KINDS = frozenset({"apiKey", "http", "oauth2", "openIdConnect", "mutualTLS", "basic"})
_CREDENTIALS = frozenset(
    {"authorization", "x-api-key", "api-key", "apikey", "x-auth-token", "x-access-token", "x-token", "x-authorization"}
)

_CLIENT = frozenset({"clientsecret", "clientassertion", "refreshtoken"})


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why no credentials are really demanded; `undefined` names the scheme that the document lacks, where that is why."""

    seen: str
    undefined: str = ""


def flaw(contract: Contract, operation: Operation) -> Flaw | None:
    """What makes an operation open to everybody; None where each alternative demands a scheme that is defined."""
    own = operation.node.get("security")
    where = "its own" if "security" in operation.node.value else "the document's"
    raw = own if where == "its own" else contract.root.get("security")
    if where == "the document's" and "security" not in contract.root.value:
        return Flaw("neither it nor the document has `security`")
    return requirement_flaw(contract, raw, f"{where} `security`")


def requirement_flaw(contract: Contract, raw: Any, where: str) -> Flaw | None:
    """The same for a `security` value as written (OpenAPI "Security Requirement Object", Swagger 2 alike)."""
    if not isinstance(raw, list):
        return Flaw(f"{where} is {_shown(raw)}, not a list of requirements")
    if not raw:
        return Flaw(f"{where} is an empty list")
    known = schemes(contract)
    for alternative in raw:
        if not isinstance(alternative, Mapping):
            return Flaw(f"{where} holds {_shown(alternative)}, which is no requirement")
        if not alternative:
            return Flaw(f"{where} has the empty alternative {{}}, which lets anonymous callers in")
        for name in alternative:
            if name not in known:
                return Flaw(f"{where} names the scheme {name!r}, which is not defined", str(name))
    return None


def schemes(contract: Contract) -> frozenset[str]:
    """The names of the security schemes that a document really defines."""
    memory, key = contract.root.documents.memory, ("schemes", contract.path)
    if key not in memory:
        memory[key] = frozenset(name for name, node in _scheme_nodes(contract) if str(node.get("type")) in _KINDS)
    return memory[key]  # type: ignore[no-any-return]


def takes_credentials(operation: Operation) -> str:
    """What of the request looks like a credential though no security scheme says so; empty where nothing does.

    A required header such as `Authorization`, a secret in the path (a capability URL), or an OAuth client's secret in the body.
    """
    for one in operation.parameters:
        if one.required and one.location == "header" and one.name.lower() in _CREDENTIALS:
            return f"header {one.name}"
        if one.location == "path" and plain(one.name).endswith(("token", "secret", "signature")):
            return f"path parameter {one.name}"
    fields = (
        name for media in operation.request if media.schema is not None for name in shape(media.schema).properties
    )
    return next((f"body field {name}" for name in fields if plain(name) in _CLIENT), "")


def is_listed(contract: Contract, operation: Operation, policy: Policy) -> bool:
    """Whether the policy's `[[public]]` names the operation, with or without the server's base path."""
    return not _names(contract, operation).isdisjoint(_listed(one.operation) for one in policy.public)


def _names(contract: Contract, operation: Operation) -> set[str]:
    bases = {"", *(server.base.rstrip("/") for server in servers(contract, operation))}
    return {_listed(f"{operation.method} {base}{operation.path}") for base in bases}


def _listed(entry: str) -> str:
    """Method and path with every template variable alike and no slash at the end."""
    method, _, path = entry.partition(" ")
    return f"{method} {re.sub(r'{[^{}]*}', '{}', path.strip()).rstrip('/') or '/'}"


def _scheme_nodes(contract: Contract) -> Iterator[tuple[str, Node]]:
    old = contract.version.startswith("2")
    holder = contract.root.at("securityDefinitions") if old else contract.root.at("components", "securitySchemes")
    return holder.members() if holder else iter(())


def _shown(value: Any) -> str:
    return "empty" if value is None else repr(value)[:60]
