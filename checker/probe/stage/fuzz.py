"""The only place that runs Schemathesis: a child over HTTP, under our configuration and hooks alone."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from checker.model.rehearsal import Fuzzing, Missing
from checker.model.rule import Profile
from checker.model.stage_plan import Plan
from checker.probe.stage.app import die_with_parent
from checker.probe.stage.client import AGENT
from checker.probe.stage.evidence import Evidence

_SCRIPT = Path(__file__).parent.parent / "inside" / "fuzzer.py"
_ASKED_BY_PROBES = "ignored_auth,object_level_authorization,unsupported_method,allow_header_conformance"
_CHECKS = (  # of Schemathesis 4; `max_response_time` asks for a figure that no standard names
    "allow_header_conformance",
    "content_type_conformance",
    "ensure_resource_availability",
    "ignored_auth",
    "missing_required_header",
    "negative_data_rejection",
    "not_a_server_error",
    "object_level_authorization",
    "positive_data_acceptance",
    "response_headers_conformance",
    "response_schema_conformance",
    "status_code_conformance",
    "unsupported_method",
    "use_after_free",
)


@dataclass(frozen=True)
class Budget:
    """Options of Schemathesis, the seconds after which it is ended, and how many cases of one operation are enough.

    The number of cases is the limit. `--max-time` is no option here: with it the stateful phase goes on until the time is
    over, however little there is to ask, and what is asked hangs on the machine's load. Whoever handles a password is
    slow by design, and gets few in the shortest profile.
    """

    options: tuple[str, ...]
    seconds: float
    cases: int = 0  # valid ones; 0 is without limit
    slow_cases: int = 0
    configuration: str = ""


_NOTHING_LEARNED = """
[phases]
examples.extra-data-sources.responses = false
coverage.extra-data-sources.responses = false
coverage.unexpected-methods = []
"""
MOST_REFUSED = 0.1  # share of answers that may be a 429
_OVER = "nothing in time"
_POLL = 0.005  # seconds
BUDGET: Mapping[Profile, Budget] = {
    "agent": Budget(
        ("--phases", "examples,coverage", "--exclude-checks", _ASKED_BY_PROBES), 60.0, 8, 2, _NOTHING_LEARNED
    ),
    "gate": Budget(("-n", "20"), 420.0),
    "nightly": Budget(("-n", "200"), 4200.0),
}


_OF_GRAPHQL: Mapping[Profile, tuple[str, ...]] = {
    "agent": ("--phases", "fuzzing", "-n", "8"),  # a GraphQL schema has no other phases
    "gate": (),
    "nightly": (),
}


class Fuzzer:
    """Schemathesis, imported before the app answers; each run is a process that is forked from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._runs = 0
        folder.mkdir()
        with (folder / "out.txt").open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-I", str(_SCRIPT), str(folder)],
                cwd=folder,
                env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - no lock of ours is needed in the child
            )

    def begin(self, plan: Plan, document: Mapping[str, Any] | str, url: str, headers: Mapping[str, str]) -> Run:
        """Begin to hold a contract against `url`: an OpenAPI document, or a GraphQL schema as text."""
        self._runs += 1
        run = Run(self, self.folder / str(self._runs), plan)
        run.folder.mkdir()
        if isinstance(document, str):
            run.graphql()
        run.schema.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):  # it ended before: its last words say why
            self.process.stdin.write(json.dumps(run.told(url, headers)).encode() + b"\n")
            self.process.stdin.flush()
        return run

    def close(self) -> None:
        """End it, whatever it is doing."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()


class Run:
    """One run of Schemathesis, in a folder of its own."""

    def __init__(self, fuzzer: Fuzzer, folder: Path, plan: Plan) -> None:
        self.fuzzer, self.folder, self.plan, self.budget = fuzzer, folder, plan, BUDGET[plan.profile]
        self.schema = folder / "schema.json"
        self.evidence = folder / "evidence.ndjson"
        self.verdict: dict[str, Any] | None = None
        self.code = ""
        self.said = ""

    @property
    def shown(self) -> str:
        return f"schemathesis run <contract> --seed {self.plan.seed} {' '.join(self.budget.options)}"

    def graphql(self) -> None:
        """What is asked is a schema of GraphQL, which has no other phases."""
        self.schema = self.folder / "schema.graphql"
        options = (*self.budget.options, *_OF_GRAPHQL[self.plan.profile])
        self.budget = replace(self.budget, options=options, cases=0)

    def told(self, url: str, headers: Mapping[str, str]) -> dict[str, Any]:
        (self.folder / "ours.toml").write_text(self.budget.configuration, "utf-8")
        slow = [one.name for one in self.plan.operations if one.hashes]
        most = {"": self.budget.cases, **dict.fromkeys(slow, self.budget.slow_cases)} if self.budget.cases else {}
        argv = [
            *("--no-color", "--config-file", str(self.folder / "ours.toml"), "run", str(self.schema)),
            *("--url", url, "--seed", str(self.plan.seed), "-w", "1", "--continue-on-failure"),
            *("--generation-database", "none", "--request-timeout", "10", "--output-sanitize", "false"),
            *("--report", "json,ndjson", "--report-json-path", str(self.folder / "verdict.json")),
            *("--report-ndjson-path", str(self.evidence), *self.budget.options),
            *(part for name, value in headers.items() for part in ("-H", f"{name}: {value}")),
        ]
        return {"folder": str(self.folder), "argv": argv, "most": most, "agent": AGENT}

    def wait(self) -> Run:
        """Itself, at its end: by itself, by its clock, or with the process that it was forked from."""
        until, ended = time.monotonic() + self.budget.seconds, self.folder / "code"
        while not self.code:
            if ended.exists():
                self.code = ended.read_text("utf-8")
            elif self.fuzzer.process.poll() is not None:
                self.code = str(self.fuzzer.process.returncode)
            elif time.monotonic() > until:
                self.code = _OVER
                self.fuzzer.close()
            else:
                time.sleep(_POLL)
        self.verdict = _read(self.folder / "verdict.json")
        self.said = _last_words(self.folder / "out.txt") or _last_words(self.fuzzer.folder / "out.txt")
        return self


def outcome(runs: Sequence[Run], digest: str) -> Fuzzing | Missing:
    """What runs over the parts of one contract saw together.

    Missing where the reports of Schemathesis do not prove that it looked.
    """
    for one in runs:
        if one.code == _OVER:
            return _cut_short([run.evidence for run in runs], one)
        if one.verdict is None:
            return Missing(missing=f"Schemathesis ended with {one.code} and wrote no report: {one.said}")
    found = _judged(runs)
    if isinstance(found, Missing):
        return found
    left: Counter[str] = Counter()
    for one in runs:
        left.update(_read(one.folder / "left_out.json") or {})
    return found.model_copy(update={"left_out": dict(left), "sha256": digest})


def _last_words(file: Path) -> str:
    try:
        lines = file.read_bytes()[-3000:].decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    return " ".join(line.strip() for line in lines if line.strip())[-600:]


def _read(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _judged(runs: Sequence[Run]) -> Fuzzing | Missing:
    verdicts = [one.verdict or {} for one in runs]
    operations, cases = (_sums(verdicts, name) for name in ("operations", "test_cases"))
    errors = tuple(f"{e.get('title')} ({e.get('count')} times)" for one in verdicts for e in one.get("errors", ()))
    for one, verdict in zip(runs, verdicts, strict=True):
        if not verdict.get("complete"):
            why = "; ".join(errors) or one.said
            return Missing(missing=f"Schemathesis did not finish ({verdict.get('stop_reason')}): {why}")
    if not operations["tested"]:
        skipped = [str(reason) for one in verdicts for reason in one.get("operations", {}).get("skip_reasons", ())]
        reasons = ", ".join(dict.fromkeys(skipped)) or "no operation was tested"
        return Missing(missing=f"Schemathesis checked nothing: {'; '.join(errors) or reasons}")
    found = Evidence()
    for one in runs:
        found.read(one.evidence)
    if cases["generated"] <= cases["errored"]:
        return Missing(missing=f"no request of Schemathesis was answered: {'; '.join(errors)}")
    if not any(200 <= one.status < 300 for one in found.exchanges):
        counts = ", ".join(f"{count} × {status}" for status, count in sorted(found.statuses.items()))
        return Missing(
            missing=f"no request reached a 2xx ({counts}): give it credentials under [[app.users]], or data by [app] reset"
        )
    skipped_phases = [{name for name, p in v.get("phases", {}).items() if p.get("status") == "skip"} for v in verdicts]
    return Fuzzing(
        version=str(verdicts[0].get("schemathesis_version")),
        command=runs[0].shown,
        seed=int(verdicts[0].get("seed") or 0),
        cases=cases["generated"],
        selected=operations["selected"],
        tested=operations["tested"],
        checks=dict(sorted(found.checks.items())),
        failures=tuple(found.failures.values()),
        exchanges=tuple(found.exchanges),
        errors=errors,
        unfinished=found.unfinished,
        unchecked=(
            *(f"check {name}" for name in _CHECKS if name not in found.checks),
            *(f"phase {name}" for name in sorted(set.intersection(*skipped_phases))),
        ),
        dropped=found.dropped,
        cut=_held_off(found),
    )


def _sums(verdicts: Sequence[Mapping[str, Any]], name: str) -> Counter[str]:
    """The figures of one part of some reports, added up."""
    found: Counter[str] = Counter()
    for one in verdicts:
        found.update({key: value for key, value in one.get(name, {}).items() if isinstance(value, int)})
    return found


def _held_off(found: Evidence) -> str:
    """Whether the app refused to be asked so often: then its own limit decided what was looked at."""
    refused, answers = found.statuses[429], sum(found.statuses.values())
    if refused <= MOST_REFUSED * answers:
        return ""
    return (
        f"the app answered 429 to {refused} of {answers} requests, so what it held off is not proved: raise its limits for"
        " the rehearsal under [app] env (the rate limit itself is tried without what raises it, by --profile gate)"
    )


def _cut_short(evidence: Sequence[Path], run: Run) -> Fuzzing | Missing:
    """What a run has found that was ended by its clock: no more than that, because nobody knows what was left."""
    found = Evidence()
    for file in evidence:
        with contextlib.suppress(OSError):
            found.read(file)
    cut = (
        f"Schemathesis was not through after {run.budget.seconds:.0f} s and {len(found.exchanges)} answers, so what it did"
        " not ask is not proved: make the app faster under test (hashing of passwords, calls to others), or use a longer"
        " profile"
    )
    if not found.exchanges:
        return Missing(missing=cut)
    asked = {one.operation for one in found.exchanges}
    return Fuzzing(
        command=run.shown,
        seed=run.plan.seed,
        cases=len(found.exchanges) + found.dropped,
        selected=len(asked),
        tested=len(asked),
        checks=dict(sorted(found.checks.items())),
        failures=tuple(found.failures.values()),
        exchanges=tuple(found.exchanges),
        unfinished=found.unfinished,
        dropped=found.dropped,
        cut=cut,
    )
