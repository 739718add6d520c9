"""The only place that seals statements in DSSE envelopes and opens them again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import Error, VerificationError
from securesystemslib.signer import Key, Signer

from checker.model.proof import APPROVAL, PAYLOAD, SUMMARY, TEST_RESULT, Approval, GateVerdict, Proof, Statement
from checker.model.unavailable import Unavailable

KINDS: Mapping[str, type[Proof | Approval | GateVerdict]] = {
    APPROVAL: Approval,
    SUMMARY: GateVerdict,
    TEST_RESULT: Proof,
}
LONGEST = 64 << 20  # bytes of one line


class NotAnEnvelope(ValueError):
    """The line is no DSSE envelope with a statement of ours; one clear line."""


@dataclass(frozen=True)
class Sealed:
    """One opened line: the statement, the envelope that carried it, and who says to have signed it."""

    statement: Proof | Approval | GateVerdict
    envelope: Envelope
    keyid: str | None

    def verified(self, key: Key) -> bool:
        """Whether this key signed it. A key that the envelope itself names is never believed for that."""
        try:
            return key.keyid in self.envelope.verify([key], 1)
        except (VerificationError, ValueError):
            return False


def seal(statement: Statement, signer: Signer | None) -> bytes:
    """One line of a bundle, without its line break; unsigned where there is no signer. Unavailable: the signer does not sign."""
    payload = canonical(statement.model_dump(mode="json", by_alias=True, exclude_none=True))
    envelope = Envelope(payload, PAYLOAD, {})
    if signer is not None:
        try:
            envelope.sign(signer)
        except (Error, RuntimeError, OSError, ValueError) as refused:
            said = str(refused)[:200] or type(refused).__name__
            raise Unavailable(f"nothing was signed: {said}; see what {signer.public_key.keyid[:16]} asks for") from None
    return canonical(envelope.to_dict())


def opened(line: bytes) -> Sealed:
    """The statement of one line. NotAnEnvelope for anything else, an unknown predicate and unknown fields included."""
    if len(line) > LONGEST:
        raise NotAnEnvelope(f"longer than {LONGEST >> 20} MiB")
    outer = _parsed(line, "the line")
    if not isinstance(outer, dict) or set(outer) != {"payload", "payloadType", "signatures"}:
        raise NotAnEnvelope("not a DSSE envelope: payload, payloadType and signatures, and nothing else")
    if outer["payloadType"] != PAYLOAD:
        raise NotAnEnvelope(f"payload type {str(outer['payloadType'])[:60]!r} is not {PAYLOAD}")
    try:
        envelope = Envelope.from_dict(outer)
    except (KeyError, ValueError, TypeError, AttributeError) as wrong:
        raise NotAnEnvelope(f"not a DSSE envelope: {str(wrong)[:100]}") from None
    return Sealed(_statement(envelope.payload), envelope, next(iter(envelope.signatures), None))


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no blanks; DSSE signs bytes, so nothing rests on its being canonical."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _statement(payload: bytes) -> Proof | Approval | GateVerdict:
    value = _parsed(payload, "the payload")
    said = value.get("predicateType") if isinstance(value, dict) else None
    kind = KINDS.get(said) if isinstance(said, str) else None
    if kind is None:
        raise NotAnEnvelope(f"predicate {str(said)[:80]!r} is not one that we write")
    try:
        return kind.model_validate(value)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        raise NotAnEnvelope(f"statement: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _parsed(data: bytes, what: str) -> Any:
    try:
        return json.loads(data, object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as wrong:
        raise NotAnEnvelope(f"{what} is not JSON: {str(wrong)[:100]}") from None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key that stands twice means two things to two readers."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
