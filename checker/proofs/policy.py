"""The only place that says which policy a proof obeyed, and whom it believes how far."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from securesystemslib.signer import SSlibKey

from checker.model.settings import Policy, ProofKey
from checker.proofs import gates, keys
from checker.proofs.envelope import Sealed, canonical
from checker.proofs.gates import TRUST, Trust

_BY_ROLE: Mapping[str, Trust] = {"person": "claimed", "local": "captured", "ci-rerun": "rerun", "ci": "rerun-signed"}


def sha256(policy: Policy) -> str:
    """Over what decides how proofs are made and weighed: the commands of the policy, and our gates. Keys stand apart."""
    told = {"commands": {name: list(argv) for name, argv in policy.commands.items()}, "gates": gates.load().sha256}
    return hashlib.sha256(canonical(told)).hexdigest()


def keys_sha256(believed: Believed) -> str:
    """Over whose keys count, and as what: who could have made a proof or approved."""
    told = sorted([one.id, one.owner, one.role, one.key.keyid] for one in believed.known)
    return hashlib.sha256(canonical({"keys": told})).hexdigest()


@dataclass(frozen=True)
class Known:
    """One key that the policy, or the caller where the policy names none, believes."""

    key: SSlibKey
    owner: str
    role: str
    id: str


@dataclass(frozen=True)
class Believed:
    """All of them. Trust comes from here and never from a proof."""

    known: tuple[Known, ...]
    anchored: bool
    notes: tuple[str, ...] = ()

    def who(self, sealed: Sealed) -> Known | None:
        """Whose signature it is, verified."""
        return next((one for one in self.known if one.key.keyid == sealed.keyid and sealed.verified(one.key)), None)

    def trust(self, sealed: Sealed) -> Trust:
        """How far a proof counts; without a base revision at most `captured`, because the tree then trusts itself."""
        signer = self.who(sealed)
        earned = _BY_ROLE[signer.role] if signer else "claimed"
        return earned if self.anchored else min(earned, "captured", key=TRUST.index)


def believed(policy: Policy, supplied: Sequence[str], *, anchored: bool) -> Believed:
    """The policy's keys; where it names none, those that the caller supplies count as `local`. KeyRefused: one is none."""
    if policy.proofs.keys:
        notes = ("a supplied key is passed over: the policy names its own",) * bool(supplied)
        return Believed(tuple(map(_of_policy, policy.proofs.keys)), anchored, notes)
    found = tuple(Known(keys.read_public(text), "caller", "local", "supplied") for text in supplied)
    notes = ("the policy names no keys: the supplied key counts as role local",) * bool(found)
    return Believed(found, anchored, notes)


def _of_policy(one: ProofKey) -> Known:
    return Known(keys.read_public(one.public), one.owner, one.role, one.id)
