"""The whole run of `checker approve`: a person's consent to a gate, or its withdrawal, bound and signed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from checker.model.proof import BASE, POLICY, Approval, Consent, Descriptor
from checker.model.settings import Policy
from checker.model.unavailable import Unavailable
from checker.probe.git import Git
from checker.proofs import bundle, gates, keys, policy
from checker.proofs.binding import base_commit, rules_at, subjects
from checker.toml_source import ConfigurationError
from checker.workplace import Request, Workplace


@dataclass(frozen=True)
class Said:
    """What a person says at a gate. `accepts` are fingerprints of proofs that ask a person."""

    by: str
    text: str
    option: str | None = None
    accepts: Sequence[str] = ()
    withdraws: bool = False


def approve(name: str, request: Request, said: Said) -> tuple[Approval, str, tuple[str, ...]]:
    """Sign a person's consent to a gate, bound to tree, base and policy; the statement, where it stands, and what it lacks.

    ConfigurationError: an answer that does not mean "approved", an unknown gate. KeyRefused: no key.
    """
    gates.named(name)
    if said.withdraws:
        _refuse_mixed(said)
    else:
        _refuse_unclear(said)
    signer = keys.of(request.environment)
    if signer is None:
        raise ConfigurationError(keys.VARIABLE, None, "an approval is signed; name the file of a person's key")
    with ExitStack() as stack:
        place = Workplace.open(request, stack)
        if not isinstance(place.git, Git):
            raise Unavailable(f"an approval binds a git tree: {place.git}; run git init and commit")
        keys.refuse_inside(request.environment, place.root.path)
        bound = subjects(place.git, rules_at(place.settings.base_description))
        ruling = _configuration(place, place.git)
        given = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        path, statement = bundle.append(
            place.root.path,
            signer,
            lambda link: Approval(
                subject=bound,
                predicate=Consent(
                    gate=name,
                    by=said.by,
                    text=said.text,
                    option=said.option,
                    accepts=tuple(said.accepts),
                    withdraws=said.withdraws or None,
                    configuration=ruling,
                    given_on=given,
                    log=link,
                ),
            ),
        )
        assert isinstance(statement, Approval)
        return statement, path, _lacking(place.settings.policy, signer.public_key.keyid)


def _refuse_unclear(said: Said) -> None:
    known = gates.load().approval
    told = {"--text": said.text, **({"--option": said.option} if said.option else {})}
    for option, answer in told.items():
        if (meaning := known.meaning(answer)) != "approved":
            advice = (
                'say "approved", or nothing'
                if option == "--text"
                else "leave it out where its checkpoint calls it an approval"
            )
            raise ConfigurationError(option, None, f"{answer!r} is {meaning}, not an approval; {advice}")


def _refuse_mixed(said: Said) -> None:
    if said.accepts or said.option:
        raise ConfigurationError(
            "--withdraw", None, "takes every approval of the gate back, and names no proof and no option"
        )


def _configuration(place: Workplace, git: Git) -> tuple[Descriptor, ...]:
    ruling = Descriptor(name=POLICY, digest={"sha256": policy.sha256(place.settings.policy)})
    base = base_commit(git, place.base.fork)
    return (ruling, Descriptor(name=BASE, digest={"gitCommit": base})) if base else (ruling,)


def _lacking(ruling: Policy, keyid: str) -> tuple[str, ...]:
    known = policy.believed(ruling, (), anchored=True).known
    role = next((one.role for one in known if one.key.keyid == keyid), None)
    if role == "person":
        return ()
    said = f"its role is {role}" if role else "the base policy does not name it"
    return (f"claimed: only a key of role person approves, and {said}; it satisfies no gate by itself",)
