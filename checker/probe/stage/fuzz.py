"""The only place that runs Schemathesis: a child over HTTP, under our configuration alone, its reports read with a cap."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from checker.model.rehearsal import Exchange, Failure, Fuzzing, Missing
from checker.model.rule import Profile
from checker.probe.stage.app import die_with_parent
from checker.probe.stage.client import LONGEST_BODY

MOST_EXCHANGES = 4_000
LARGEST_EVIDENCE = 256 * 1024 * 1024  # bytes of NDJSON that are read
_ASKED_BY_PROBES = "ignored_auth,object_level_authorization,unsupported_method,allow_header_conformance"
BUDGET: Mapping[str, tuple[list[str], float]] = {
    "agent": (
        ["--phases", "examples,coverage", "-n", "5", "--max-time", "20", "--exclude-checks", _ASKED_BY_PROBES],
        60.0,
    ),
    "gate": (["-n", "20", "--max-time", "300"], 420.0),
    "nightly": (["-n", "200", "--max-time", "3600"], 4200.0),
}
_NO_ODD_METHODS = "[phases.coverage]\nunexpected-methods = []\n"
_OURS = {
    "agent": _NO_ODD_METHODS,
    "gate": "",
    "nightly": "",
}  # the audited repository's own configuration is not obeyed
_RUN = "from schemathesis.cli import schemathesis; schemathesis()"


def fuzz(
    document: Mapping[str, Any], url: str, folder: Path, profile: Profile, seed: int, headers: Mapping[str, str]
) -> Fuzzing | Missing:
    """Run it over a copy of the contract against `url`; Missing where its reports do not prove that it looked."""
    folder.mkdir()
    (folder / "schema.json").write_text(json.dumps(document), "utf-8")
    (folder / "ours.toml").write_text(_OURS[profile], "utf-8")
    options, seconds = BUDGET[profile]
    argv = [
        *(sys.executable, "-I", "-c", _RUN, "--no-color", "--config-file", str(folder / "ours.toml")),
        *("run", str(folder / "schema.json"), "--url", url, "--seed", str(seed), "-w", "1", "--continue-on-failure"),
        *("--generation-database", "none", "--request-timeout", "10", "--output-sanitize", "false"),
        *("--report", "json,ndjson", "--report-json-path", str(folder / "verdict.json")),
        *("--report-ndjson-path", str(folder / "evidence.ndjson"), *options),
        *(part for name, value in headers.items() for part in ("-H", f"{name}: {value}")),
    ]
    code, said = _run(argv, folder, seconds)
    verdict = _read(folder / "verdict.json")
    shown = f"schemathesis run <contract> --seed {seed} {' '.join(options)}"
    if verdict is None:
        return Missing(missing=f"Schemathesis ended with {code} and wrote no report: {said}")
    return _judged(verdict, folder / "evidence.ndjson", shown, said)


def _run(argv: list[str], folder: Path, seconds: float) -> tuple[str, str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}
    with (folder / "out.txt").open("wb") as output:
        process = subprocess.Popen(
            argv,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - no lock of ours is needed in the child
        )
    try:
        code = str(process.wait(seconds))
    except subprocess.TimeoutExpired:
        code = f"nothing after {seconds:.0f} s"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    lines = (folder / "out.txt").read_bytes()[-3000:].decode("utf-8", "replace").split("\n")
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
    if not verdict.get("complete") and verdict.get("stop_reason") not in ("max_time", "time_limit", "max_time_reached"):
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
        dropped=found.dropped,
    )


class Evidence:
    """The NDJSON of one run, read line by line."""

    def __init__(self) -> None:
        self.failures: dict[tuple[str, ...], Failure] = {}
        self.exchanges: list[Exchange] = []
        self.checks: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.dropped = 0
        self.unfinished: dict[str, str] = {}

    def read(self, path: Path) -> None:
        """Take in a report; a last line that was cut off is passed over."""
        size = 0
        with path.open("rb") as file:
            for line in file:
                size += len(line)
                if size > LARGEST_EVIDENCE:
                    self.dropped += 1
                    continue
                try:
                    event = json.loads(line)
                except ValueError:
                    continue
                scenario = event.get("ScenarioFinished") if isinstance(event, dict) else None
                if scenario:
                    self._scenario(scenario["recorder"])
                error = event.get("NonFatalError") if isinstance(event, dict) else None
                if error and error.get("related_to_operation"):
                    value = error.get("value") or {}
                    self.unfinished.setdefault(
                        str(error.get("label")), f"{value.get('type')}: {value.get('message')}"[:500]
                    )

    def _scenario(self, recorder: Mapping[str, Any]) -> None:
        label, cases = recorder["label"], recorder.get("cases") or {}
        for case_id, interaction in (recorder.get("interactions") or {}).items():
            if not interaction.get("response"):
                continue
            value = cases.get(case_id, {}).get("value", {})
            one = _exchange(_label(value, label), value, interaction)
            self.statuses[one.status] += 1
            for failure in self._failures((recorder.get("checks") or {}).get(case_id, ()), one):
                key = failure.operation, failure.code, failure.message[:400]
                known = self.failures.get(key)
                self.failures[key] = failure if known is None else _smaller(known, failure)
            if len(self.exchanges) < MOST_EXCHANGES:
                self.exchanges.append(one)
            else:
                self.dropped += 1

    def _failures(self, checks: Any, one: Exchange) -> Iterator[Failure]:
        for check in checks:
            self.checks[check["name"]] += 1
            failed = (check.get("failure_info") or {}).get("failure")
            if failed:
                yield Failure(
                    code=str(failed.get("code") or "ST901"),
                    operation=one.operation,
                    title=str(failed.get("title")),
                    message=str(failed.get("message"))[:2000],
                    exchange=one,
                )


def _label(value: Mapping[str, Any], label: str) -> str:
    return f"{value['method'].upper()} {value['path']}" if "path" in value and "method" in value else label


def _smaller(known: Failure, other: Failure) -> Failure:
    sizes = [
        (len(one.exchange.body or ""), len(one.exchange.url)) if one.exchange else (0, 0) for one in (known, other)
    ]
    kept = other if sizes[1] < sizes[0] else known
    return kept.model_copy(update={"count": known.count + 1})


def _exchange(operation: str, value: Mapping[str, Any], interaction: Mapping[str, Any]) -> Exchange:
    request, response = interaction["request"], interaction["response"]
    parts = urlsplit(request["uri"])
    answer = _text(response.get("content")) or ""
    mode = ((value.get("meta") or {}).get("generation") or {}).get("mode") or ""
    return Exchange(
        operation=operation,
        method=request["method"],
        url=parts.path + (f"?{parts.query}" if parts.query else ""),
        sent=_flat(request.get("headers")),
        body=_text(request.get("body")),
        status=int(response["status_code"]),
        headers={name.lower(): text for name, text in _flat(response.get("headers")).items()},
        answer=answer[:LONGEST_BODY],
        mode=str(mode),
        cut=len(answer) > LONGEST_BODY,
    )


def _flat(headers: Any) -> dict[str, str]:
    found = {}
    for name, value in (headers or {}).items():
        found[name] = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return {name: text for name, text in found.items() if name.lower() not in ("host", "content-length")}


def _text(content: Any) -> str | None:
    coded = content.get("$base64") if isinstance(content, dict) else content
    if coded is None:
        return None
    try:
        return base64.b64decode(coded).decode("utf-8", "replace")
    except ValueError:
        return str(coded)
