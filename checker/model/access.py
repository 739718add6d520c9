"""What a contract says about who may call an operation, and what the policy lets everybody call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checker.model.contract import Contract, Node, Operation
from checker.model.servers import Server, document_servers, servers
from checker.model.settings import Policy
from checker.model.words import plain

_KINDS = frozenset({"apiKey", "http", "oauth2", "openIdConnect", "mutualTLS", "basic"})
_HTTP = re.compile(  # IANA "HTTP Authentication Schemes", and two that are widespread without being registered
    r"(?i)basic|bearer|concealed|digest|dpop|gnap|hoba|mutual|negotiate|oauth|privatetoken|scram-sha-\d+|vapid"
    r"|ntlm|aws4-hmac-sha256"
)
_UNREGISTERED = re.compile(r"(?i)token|api-?key|hmac(?:-sha\d+)?|hawk|jwt|kerberos")  # met, and nowhere registered
_CREDENTIAL = re.compile(  # as plain words: `apikey`, `xauthtoken`, `jsessionid`; not `author`
    r"keys?$|keyid$|token|auth(?!or(?!i[sz]))|sess|sid$|jwt|bearer|signature|hmac|secret|passw|credential|cookie"
)
_NO_CREDENTIAL = re.compile(r"idempoten|csrf|xsrf|captcha|request(?:id|key)|correlation|pagetoken|cursor")


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why no credentials are really demanded.

    `undefined` names the scheme that the document lacks, `doubted` the one that may authenticate nobody, where that is why.
    """

    seen: str
    undefined: str = ""
    doubted: str = ""

    @property
    def cause(self) -> str:
        """The scheme as the one defect that many operations share; empty where each operation is open by itself."""
        named = self.undefined or self.doubted
        return f"security scheme {named}" if named else ""

    @property
    def problem(self) -> str:
        """What a shared scheme makes of an operation; empty where it is open by itself."""
        if self.undefined:
            return f"demands the undefined security scheme {self.undefined!r}"
        return f"demands {self.doubted!r}, which may be no credential" if self.doubted else ""


def flaw(contract: Contract, operation: Operation) -> Flaw | None:
    """What makes an operation open to everybody; None where each alternative demands a credential that is defined."""
    return effective_flaw(contract.root, operation.node)


def effective_flaw(root: Node, operation: Node) -> Flaw | None:
    """The same for an operation as written in a document: its own `security`, else the document's."""
    if "security" in operation.value:
        return requirement_flaw(root, operation.get("security"), "its own `security`")
    if "security" in root.value:
        return requirement_flaw(root, root.get("security"), "the document's `security`")
    return Flaw("neither it nor the document has `security`")


def requirement_flaw(root: Node, raw: Any, where: str) -> Flaw | None:
    """The same for a `security` value as written (OpenAPI "Security Requirement Object", Swagger 2 alike).

    What is certain comes before what is doubted.
    """
    if not isinstance(raw, list):
        return Flaw(f"{where} is {_shown(raw)}, not a list of requirements")
    if not raw:
        return Flaw(f"{where} is an empty list")
    found = [one for alternative in raw if (one := _alternative_flaw(_schemes(root), alternative, where))]
    return min(found, key=lambda one: bool(one.doubted), default=None)


def _alternative_flaw(known: Mapping[str, Flaw | None], alternative: Any, where: str) -> Flaw | None:
    """Of the schemes that one alternative demands together, one that authenticates is enough; all must be defined."""
    if not isinstance(alternative, Mapping):
        return Flaw(f"{where} holds {_shown(alternative)}, which is no requirement")
    if not alternative:
        return Flaw(f"{where} has the empty alternative {{}}, which lets anonymous callers in")
    for name in alternative:
        if name not in known:
            return Flaw(f"{where} names the scheme {name!r}, which is not defined", undefined=str(name))
    found = [known[name] for name in alternative]
    return None if None in found else max(filter(None, found), key=lambda one: bool(one.doubted))


def _schemes(root: Node) -> Mapping[str, Flaw | None]:
    """The security schemes that a document really defines, each with why it is no credential where it is none."""
    return root.documents.recall(("schemes", root.path), lambda: dict(_defined(root)))


def _defined(root: Node) -> Iterator[tuple[str, Flaw | None]]:
    for name, node in _scheme_nodes(root):
        if str(node.get("type")) in _KINDS:
            yield name, _scheme_flaw(name, node)


def _scheme_flaw(name: str, node: Node) -> Flaw | None:
    """Why a scheme authenticates nobody: an HTTP scheme that is none, a key whose name is not that of a credential."""
    kind = node.get("type")
    if kind not in ("http", "apiKey"):
        return None
    said = node.get("scheme" if kind == "http" else "name")
    if not isinstance(said, str):
        return Flaw(f"the scheme {name!r} does not say {'which HTTP scheme' if kind == 'http' else 'what'} it is")
    if kind == "http" and _HTTP.fullmatch(said):
        return None
    if kind == "http":
        seen = f"{said!r} in {name!r} is no authentication scheme that is registered"
        return Flaw(seen, doubted=name if _UNREGISTERED.fullmatch(said) else "")
    if _CREDENTIAL.search(plain(said)) and not _NO_CREDENTIAL.search(plain(said)):
        return None
    return Flaw(f"the {node.get('in')} {said!r} of {name!r} is not named like a credential", doubted=name)


def takes_credentials(operation: Operation) -> str:
    """The header `Authorization` where it is required but declared as a plain parameter; else empty.

    Nothing weaker counts: whoever opens an operation can name a field `token` as well.
    """
    named = (one.name for one in operation.parameters if one.required and one.location == "header")
    return next((f"header {name}" for name in named if name.lower() == "authorization"), "")


def is_listed(contract: Contract, operation: Operation, policy: Policy) -> bool:
    """Whether the policy's `[[public]]` names the operation, wherever it is served.

    An entry names the path without a base path, or every server's path with its base. A server of the operation's or its
    path's own cannot make an entry fit that would not fit without it.
    """
    entries = {_listed(one.operation) for one in policy.public}
    shared = {_base(one) for one in document_servers(contract)} or {""}
    bases = {_base(one) for one in servers(contract, operation)} or {""}
    bare = _listed(f"{operation.method} {operation.path}") in entries
    return _covered(operation, shared, entries, bare) and _covered(operation, bases, entries, bare and bases <= shared)


def _covered(operation: Operation, bases: set[str], entries: set[str], bare: bool) -> bool:
    return bare or {_listed(f"{operation.method} {base}{operation.path}") for base in bases} <= entries


def _base(server: Server) -> str:
    path = server.base.strip("/")
    return f"/{path}" if path else ""


def _listed(entry: str) -> str:
    """Method and path with every template variable alike and no slash at the end."""
    method, _, path = entry.partition(" ")
    return f"{method} {re.sub(r'{[^{}]*}', '{}', path.strip()).rstrip('/') or '/'}"


def _scheme_nodes(root: Node) -> Iterator[tuple[str, Node]]:
    holder = root.at("securityDefinitions") if root.get("swagger") else root.at("components", "securitySchemes")
    return holder.members() if holder else iter(())


def _shown(value: Any) -> str:
    return "empty" if value is None else repr(value)[:60]
