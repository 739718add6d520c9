"""A request that may be sent twice can be recognised: POST and PATCH take an idempotency key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checker.model.base import Frozen
from checker.model.contract import Api, Operation
from checker.model.observation import Observation
from checker.model.purpose import READS, is_receipt, last_word
from checker.model.rule import Confidence
from checker.model.shape import shape
from checker.model.words import plain, vocabulary

_KEYS = vocabulary("idempotencykey idempotencytoken clientrequestid clienttoken clientreferenceid")
_SETTLED = vocabulary(  # actions that set a state, most likely the same one when repeated
    "follow unfollow like unlike favorite unfavorite star unstar enable disable activate deactivate archive unarchive "
    "lock unlock close reopen cancel publish unpublish mute unmute pin unpin block unblock read subscribe unsubscribe"
)


class Params(Frozen):
    """`methods` that need a key; `headers` that carry one; `exempt`: last words of paths that may be repeated freely."""

    methods: tuple[str, ...] = ("POST", "PATCH")
    headers: tuple[str, ...] = ("Idempotency-Key", "X-Idempotency-Key")
    exempt: tuple[str, ...] = (
        *(*READS, "graphql"),
        *("login", "logout", "sign-in", "sign-out", "token", "refresh", "introspect", "revoke"),
        *("validate", "check", "preview", "estimate", "calculate", "simulate", "dry-run"),
    )


def idempotency_key(api: Api, params: Params) -> Iterator[Observation]:
    """One observation for each operation of the named methods that is not safe to repeat by its nature.

    Sources: draft-ietf-httpapi-idempotency-key-header, Zalando #229 to #231, AIP-155, backend-engineer "Idempotency for
    mutating endpoints".
    """
    methods = {one.upper() for one in params.methods}
    exempt = {plain(one) for one in params.exempt}
    for _, operation in api.operations():
        if operation.method in methods and plain(last_word(operation)) not in exempt and not is_receipt(operation):
            yield _observed(operation, params)


def _observed(operation: Operation, params: Params) -> Observation:
    claim, holds = _claimed(operation)
    ok = (
        _takes_key(operation, params) or (operation.method == "PATCH" and "if-match" in operation.header_names) or holds
    )
    return Observation(
        subject=operation.name,
        ok=ok,
        place=operation.place,
        message=f"{operation.name} takes no idempotency key",
        evidence=claim or f"no header parameter {' or '.join(params.headers)}, and no such field in the body",
        confidence=Confidence.MEDIUM if claim or _may_settle(operation) else Confidence.HIGH,
    )


def _may_settle(operation: Operation) -> bool:
    """Whether a repetition may well leave everything as it is: any other method, or an action that sets a state."""
    return operation.method != "POST" or last_word(operation) in _SETTLED


def _takes_key(operation: Operation, params: Params) -> bool:
    if not operation.header_names.isdisjoint(name.lower() for name in params.headers):
        return True
    return any(plain(name) in _KEYS for name in (*_fields(operation), *operation.query))


def _claimed(operation: Operation) -> tuple[str, bool]:
    """What is wrong with `x-idempotent`, and whether it holds: it must name a field or parameter of the request."""
    if "x-idempotent" not in operation.node.value:
        return "", False
    said = operation.node.get("x-idempotent")
    key = said.get("key") if isinstance(said, Mapping) else said
    if not isinstance(key, str):
        return "`x-idempotent` names no natural key", False
    if key in {*_fields(operation), *(one.name for one in operation.parameters)}:
        return "", True
    return f"`x-idempotent` names {key!r}, which the operation does not take", False


def _fields(operation: Operation) -> set[str]:
    """The names of the top-level fields of every documented request body."""
    return {name for media in operation.request if media.schema is not None for name in shape(media.schema).properties}
