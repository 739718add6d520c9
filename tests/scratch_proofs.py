"""The only place where a fixture gets proofs of its own tree, as its `proved.toml` says them; the key is everybody's."""

from __future__ import annotations

import tomllib
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner

from checker.model.proof import POLICY, RESULT_OF, Decision, Descriptor, Link, Proof, Run
from checker.model.proof import TestResult as Tested
from checker.probe.git import Git
from checker.proofs import bundle, keys, policy
from checker.proofs.binding import rules_at, subjects
from checker.workplace import Request, Workplace

_KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = keys.written(_KEY.public_key())  # as the fixtures' [[proofs.keys]] have it
_WHEN = "2026-11-01T12:00:00Z"


def prove(told: Path, root: Path, base: str | None) -> None:
    """One record for each table of `told`: `decision`, `passed`, `failed`, and `unsigned` where nobody signed it."""
    signer = CryptoSigner(_KEY, keys.named(_KEY.public_key()))
    with ExitStack() as stack:
        place = Workplace.open(Request(path=root, base=base), stack)
        assert isinstance(place.git, Git)
        subject = subjects(place.git, rules_at(place.settings.base_description))
        rules = Descriptor(name=POLICY, digest={"sha256": policy.sha256(place.settings.policy)})
        for one in tomllib.loads(told.read_text("utf-8"))["record"]:
            bundle.append(root, None if one.get("unsigned") else signer, partial(_record, one, subject, rules))


def _record(told: dict[str, Any], subject: tuple[Descriptor, ...], rules: Descriptor, link: Link) -> Proof:
    decision: Decision = told.get("decision", "pass")
    run = Run(
        proof_type="test_output",
        argv=("pytest",),
        exit_code=0,
        decision=decision,
        log=link,
        stdout_sha256="0" * 64,
        nonce="0",
        started_on=_WHEN,
        finished_on=_WHEN,
    )
    passed, failed = tuple(told.get("passed", ())), tuple(told.get("failed", ()))
    tested = Tested(
        result=RESULT_OF[decision], configuration=(rules,), passed_tests=passed, failed_tests=failed, checker=run
    )
    return Proof(subject=subject, predicate=tested)
