"""The only place that reads what Schemathesis writes: its events, line by line and with a cap, as exchanges and failures."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from checker.model.rehearsal import Exchange, Failure
from checker.probe.stage.client import LONGEST_BODY

MOST_EXCHANGES = 4_000
LARGEST_EVIDENCE = 256 * 1024 * 1024  # bytes of NDJSON that are read


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
    """`METHOD path` of the request that was made; a field of a GraphQL schema keeps its name."""
    known = " " in label and "path" in value and "method" in value
    return f"{value['method'].upper()} {value['path']}" if known else label


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
        seconds=round(float(response.get("elapsed") or 0.0), 3),
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
