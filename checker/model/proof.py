"""The nouns of a proof: an in-toto Statement v1 with a test-result predicate, and what only we say in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from checker.model.base import Frozen

STATEMENT = "https://in-toto.io/Statement/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
SUMMARY = "https://in-toto.io/attestation/svr/v0.2"
APPROVAL = "urn:backend-checker:approval:v1"
PAYLOAD = "application/vnd.in-toto+json"
NOTHING_BEFORE = "0" * 64
WORKTREE, WHOLE, HEAD, POLICY, BASE = "worktree", "worktree with records", "HEAD", "policy", "base"

Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def _of_the_calendar(text: str) -> str:
    datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return text


Moment = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"), AfterValidator(_of_the_calendar)
]
Passing = Literal["PASSED", "WARNED", "FAILED"]
Decision = Literal["pass", "review", "block"]
RESULT_OF: Mapping[Decision, Passing] = {"pass": "PASSED", "review": "WARNED", "block": "FAILED"}


class _Named(Frozen):
    """Frozen, and readable under the names that JSON gives the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, alias_generator=to_camel)


class Descriptor(_Named):
    """An in-toto ResourceDescriptor: a name, and digests in lower-case hex."""

    name: str = Field(min_length=1)
    digest: Mapping[Literal["gitTree", "gitCommit", "sha256"], Hex]


class Link(_Named):
    """The place in the chain: number from 0, and the SHA-256 of the line before; signed with everything else.

    `also` are the other lines that it follows, where work on two branches came together.
    """

    n: int = Field(ge=0)
    previous: Sha256
    also: tuple[Sha256, ...] | None = None


class Signal(_Named):
    """One thing that was seen in a run or in its difference from the base; the decision rule weighs its kind."""

    kind: str
    about: str


class Counts(_Named):
    """What ran, counted from the tool's own results: tests, files or findings, as the proof type has it."""

    collected: int = 0
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    xfailed: int = 0


class BaseRun(_Named):
    """The base's tests on the source under judgement; `ran` is "no", and `why` says why, where they did not run."""

    ran: Literal["yes", "same", "no"]
    why: str = ""
    failed: tuple[str, ...] = ()
    unloaded: tuple[str, ...] = ()


class Run(_Named):
    """What the test-result predicate has no field for: how the run was made, and what was seen beside the results."""

    proof_type: str
    argv: tuple[str, ...]
    interpreter: Mapping[str, str] = Field(default_factory=dict)
    exit_code: int
    counts: Counts = Counts()
    decision: Decision
    reasons: tuple[str, ...] = ()
    signals: tuple[Signal, ...] = ()
    base_commit: Hex | None = None
    base_tests_on_head: BaseRun = BaseRun(ran="no")
    canary: Mapping[Literal["planted", "asExpected"], int] = Field(default_factory=dict)
    mutants: Mapping[Literal["made", "killed"], int] = Field(default_factory=dict)
    stdout_sha256: Sha256
    env: Mapping[str, str] = Field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    confined: bool = False  # the command saw no process but its own
    log: Link
    nonce: str
    started_on: Moment
    finished_on: Moment


class TestResult(_Named):
    """The predicate `test-result/v0.1`; `result` and `configuration` are the specification's required fields."""

    __test__ = False

    result: Passing
    configuration: tuple[Descriptor, ...] = Field(min_length=1)
    url: str | None = None
    passed_tests: tuple[str, ...] = ()
    warned_tests: tuple[str, ...] = ()
    failed_tests: tuple[str, ...] = ()
    checker: Run


class Consent(_Named):
    """A person's answer at a gate: a whole answer that means "approved", or that one given before is withdrawn.

    `configuration` holds the policy that ruled and the base that the change was seen against.
    """

    gate: str
    by: str = Field(min_length=1)
    text: str
    withdraws: Literal[True] | None = None
    configuration: tuple[Descriptor, ...] = ()
    option: str | None = None
    accepts: tuple[str, ...] = ()
    channel: str = "command line"
    given_on: Moment
    log: Link


class Policies(_Named):
    id: str
    policies: tuple[Descriptor, ...] = ()


class Summary(_Named):
    """A Simple Verification Result (SVR v0.2): only what passed is named."""

    verifier: Policies
    time_created: Moment
    properties: tuple[str, ...]


def _named(told: Sequence[Descriptor], name: str, kind: Literal["gitTree", "gitCommit", "sha256"]) -> str | None:
    return next((one.digest.get(kind) for one in told if one.name == name), None)


class Statement(_Named):
    """An in-toto Statement v1: what the predicate says, of which subjects."""

    type_: Literal["https://in-toto.io/Statement/v1"] = Field(default="https://in-toto.io/Statement/v1", alias="_type")
    subject: tuple[Descriptor, ...] = Field(min_length=1)

    def tree(self, name: str = WORKTREE) -> str | None:
        """The git tree that the statement binds, without record paths unless `name` says otherwise."""
        return _named(self.subject, name, "gitTree")


class Proof(Statement):
    """A run's record."""

    predicate_type: Literal["https://in-toto.io/attestation/test-result/v0.1"] = (
        "https://in-toto.io/attestation/test-result/v0.1"
    )
    predicate: TestResult

    @property
    def log(self) -> Link:
        return self.predicate.checker.log

    @property
    def policy(self) -> str | None:
        """The SHA-256 of the policy that the run obeyed."""
        return _named(self.predicate.configuration, POLICY, "sha256")

    @property
    def base(self) -> str | None:
        """The commit that the change was judged against."""
        return self.predicate.checker.base_commit


class Approval(Statement):
    """A person's consent, bound to a tree, a gate, a base and a policy."""

    predicate_type: Literal["urn:backend-checker:approval:v1"] = "urn:backend-checker:approval:v1"
    predicate: Consent

    @property
    def log(self) -> Link:
        return self.predicate.log

    @property
    def policy(self) -> str | None:
        """The SHA-256 of the policy that ruled when it was given."""
        return _named(self.predicate.configuration, POLICY, "sha256")

    @property
    def base(self) -> str | None:
        """The commit that the change was seen against."""
        return _named(self.predicate.configuration, BASE, "gitCommit")


class GateVerdict(Statement):
    """What a gate found satisfied."""

    predicate_type: Literal["https://in-toto.io/attestation/svr/v0.2"] = "https://in-toto.io/attestation/svr/v0.2"
    predicate: Summary
