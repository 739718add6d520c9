"""The only place that runs Schemathesis: a child over HTTP, under our configuration and hooks alone."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from checker.model.rehearsal import Fuzzing, Missing
from checker.model.rule import Profile
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
    """Schemathesis, started before the app answers, and told later what to ask."""

    def __init__(self, folder: Path, profile: Profile, seed: int) -> None:
        self.folder, self.seed, self.profile, self.budget = folder, seed, profile, BUDGET[profile]
        self._schema = folder / "schema.json"
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

    def run(
        self,
        document: Mapping[str, Any] | str,
        url: str,
        headers: Mapping[str, str],
        slow: Iterable[str] = (),
        digest: str = "",
    ) -> Fuzzing | Missing:
        """Hold a contract against `url`: an OpenAPI document, or a GraphQL schema as text.

        Missing where the reports of Schemathesis do not prove that it looked.
        """
        if isinstance(document, str):
            self._schema = self.folder / "schema.graphql"
            self.budget = replace(self.budget, options=(*self.budget.options, *_OF_GRAPHQL[self.profile]), cases=0)
        self._schema.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
        (self.folder / "ours.toml").write_text(self.budget.configuration, "utf-8")
        most = {"": self.budget.cases, **dict.fromkeys(slow, self.budget.slow_cases)} if self.budget.cases else {}
        code, said = self._told(json.dumps({"argv": self._arguments(url, headers), "most": most, "agent": AGENT}))
        verdict = _read(self.folder / "verdict.json")
        shown = f"schemathesis run <contract> --seed {self.seed} {' '.join(self.budget.options)}"
        if code == _OVER:
            return _cut_short(self.folder / "evidence.ndjson", shown, self.budget.seconds, self.seed)
        if verdict is None:
            return Missing(missing=f"Schemathesis ended with {code} and wrote no report: {said}")
        seen = _judged(verdict, self.folder / "evidence.ndjson", shown, said)
        if isinstance(seen, Missing):
            return seen
        left = {"left_out": _read(self.folder / "left_out.json") or {}, "sha256": digest}
        return seen.model_copy(update=left)

    def close(self) -> None:
        """End it, whatever it is doing."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()

    def _arguments(self, url: str, headers: Mapping[str, str]) -> list[str]:
        return [
            *("--no-color", "--config-file", str(self.folder / "ours.toml"), "run", str(self._schema)),
            *("--url", url, "--seed", str(self.seed), "-w", "1", "--continue-on-failure"),
            *("--generation-database", "none", "--request-timeout", "10", "--output-sanitize", "false"),
            *("--report", "json,ndjson", "--report-json-path", str(self.folder / "verdict.json")),
            *("--report-ndjson-path", str(self.folder / "evidence.ndjson"), *self.budget.options),
            *(part for name, value in headers.items() for part in ("-H", f"{name}: {value}")),
        ]

    def _told(self, line: str) -> tuple[str, str]:
        """Let it run to its end; its exit code, and its last words."""
        assert self.process.stdin is not None
        try:
            with contextlib.suppress(OSError):  # it ended before: its last words say why
                self.process.stdin.write(line.encode() + b"\n")
                self.process.stdin.close()
            code = str(self.process.wait(self.budget.seconds))
        except subprocess.TimeoutExpired:
            code = _OVER
        finally:
            self.close()
        lines = (self.folder / "out.txt").read_bytes()[-3000:].decode("utf-8", "replace").split("\n")
        return code, " ".join(line.strip() for line in lines if line.strip())[-600:]


def _read(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _judged(verdict: Mapping[str, Any], evidence: Path, command: str, said: str) -> Fuzzing | Missing:
    operations, cases = verdict.get("operations", {}), verdict.get("test_cases", {})
    errors = tuple(f"{one.get('title')} ({one.get('count')} times)" for one in verdict.get("errors", ()))
    if not verdict.get("complete"):
        return Missing(
            missing=f"Schemathesis did not finish ({verdict.get('stop_reason')}): {'; '.join(errors) or said}"
        )
    if not operations.get("tested"):
        reasons = ", ".join(map(str, operations.get("skip_reasons", ()))) or "no operation was tested"
        return Missing(missing=f"Schemathesis checked nothing: {'; '.join(errors) or reasons}")
    found = Evidence()
    found.read(evidence)
    if cases.get("generated", 0) <= cases.get("errored", 0):
        return Missing(missing=f"no request of Schemathesis was answered: {'; '.join(errors)}")
    if not any(200 <= one.status < 300 for one in found.exchanges):
        seen = ", ".join(f"{count} × {status}" for status, count in sorted(found.statuses.items()))
        return Missing(
            missing=f"no request reached a 2xx ({seen}): give it credentials under [[app.users]], or data by [app] reset"
        )
    return Fuzzing(
        version=str(verdict.get("schemathesis_version")),
        command=command,
        seed=int(verdict.get("seed") or 0),
        cases=int(cases.get("generated", 0)),
        selected=int(operations.get("selected", 0)),
        tested=int(operations.get("tested", 0)),
        checks=dict(sorted(found.checks.items())),
        failures=tuple(found.failures.values()),
        exchanges=tuple(found.exchanges),
        errors=errors,
        unfinished=found.unfinished,
        unchecked=(
            *(f"check {name}" for name in _CHECKS if name not in found.checks),
            *(f"phase {name}" for name, one in verdict.get("phases", {}).items() if one.get("status") == "skip"),
        ),
        dropped=found.dropped,
        cut=_held_off(found),
    )


def _held_off(found: Evidence) -> str:
    """Whether the app refused to be asked so often: then its own limit decided what was looked at."""
    refused, answers = found.statuses[429], sum(found.statuses.values())
    if refused <= MOST_REFUSED * answers:
        return ""
    return (
        f"the app answered 429 to {refused} of {answers} requests, so what it held off is not proved: raise its limits for"
        " the rehearsal under [app] env (the rate limit itself is tried without what raises it, by --profile gate)"
    )


def _cut_short(evidence: Path, command: str, seconds: float, seed: int) -> Fuzzing | Missing:
    """What a run has found that was ended by its clock: no more than that, because nobody knows what was left."""
    found = Evidence()
    with contextlib.suppress(OSError):
        found.read(evidence)
    cut = (
        f"Schemathesis was not through after {seconds:.0f} s and {len(found.exchanges)} answers, so what it did not ask is"
        " not proved: make the app faster under test (hashing of passwords, calls to others), or use a longer profile"
    )
    if not found.exchanges:
        return Missing(missing=cut)
    asked = {one.operation for one in found.exchanges}
    return Fuzzing(
        command=command,
        seed=seed,
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
