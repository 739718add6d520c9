"""How the credentials that an operation asks for differ for a client that has those of the base."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checker.model.contract import Contract, Node, Operation
from checker.model.difference.change import Change
from checker.model.rule import Confidence

_PLAIN = 5  # what a scheme is; a scope stands behind it
_Alternative = frozenset[tuple[object, ...]]


def security_change(base: tuple[Contract, Operation], head: tuple[Contract, Operation]) -> Change | None:
    """Credentials asked for where none were, or others than a client of the base has.

    Schemes are compared by what they are, not by their names. A base that says nothing about security at all is no promise
    that the operation was open.
    """
    (_, old), (_, new) = base, head
    if new.is_open:
        return None
    if old.security is None:
        return Change(
            "security added", "the base does not say whether it was open", new.node, confidence=Confidence.MEDIUM
        )
    if old.is_open:
        return Change("security added", f"open → {_shown(new)}", new.node)
    before, after = _alternatives(*base), _alternatives(*head)
    if all(any(wanted <= had for wanted in after) for had in before):
        return None
    sure = Confidence.HIGH if _asks_for_more(before, after) else Confidence.MEDIUM
    return Change("security changed", f"{_shown(old)} → {_shown(new)}", new.node, confidence=sure)


def _asks_for_more(before: list[_Alternative], after: list[_Alternative]) -> bool:
    """Whether a client that holds what the base asked for must now hold another credential beside it.

    A scope alone may be in its token already, and one scheme in the place of another may be the same token.
    """
    old, new = [_schemes(one) for one in before], [_schemes(one) for one in after]
    return any(any(had < wanted for wanted in new) and not any(wanted <= had for wanted in new) for had in old)


def _schemes(one: _Alternative) -> frozenset[tuple[object, ...]]:
    return frozenset(need[:_PLAIN] for need in one)


def _alternatives(contract: Contract, operation: Operation) -> list[_Alternative]:
    """Each alternative as the set of schemes and scopes that a client must hold."""
    return [
        frozenset(need for name, scopes in one.items() for need in _needs(_scheme(contract.root, name), name, scopes))
        for one in operation.security or ()
    ]


def _scheme(root: Node, name: str) -> Node | None:
    return root.at("components", "securitySchemes", name) or root.at("securityDefinitions", name)


def _needs(scheme: Node | None, name: str, scopes: Any) -> list[tuple[object, ...]]:
    if scheme is None or not isinstance(scheme.value, Mapping):
        return [(name,)]
    kind = str(scheme.get("type")).lower()
    words = [str(scheme.get(word)).lower() for word in ("scheme", "in", "name", "openIdConnectUrl")]
    what = ("basic", *words) if kind == "basic" else (kind, *words)
    return [what, *((*what, scope) for scope in scopes if isinstance(scopes, list) and isinstance(scope, str))]


def _shown(operation: Operation) -> str:
    each = [
        " and ".join(_with_scopes(name, scopes) for name, scopes in one.items()) for one in operation.security or ()
    ]
    return " or ".join(each)[:160]


def _with_scopes(name: str, scopes: Any) -> str:
    return f"{name} ({', '.join(map(str, scopes))})" if isinstance(scopes, list) and scopes else name
