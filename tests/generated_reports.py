"""The only place that says what is generated in `reports/`: the published schema, and an example of each format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from checker.model.finding import Where
from checker.model.report import Report
from checker.render import RENDERERS
from tests.sample_report import sample

SUFFIXES = {
    "agent": "agent.txt",
    "badge": "svg",
    "github": "github.txt",
    "gitlab": "gitlab.json",
    "html": "html",
    "json": "json",
    "junit": "junit.xml",
    "markdown": "md",
    "rdjson": "rdjson.json",
    "sarif": "sarif.json",
    "summary": "summary.txt",
    "text": "txt",
}


def report_files(root: Path) -> dict[Path, str]:
    """Each generated file below `root`/reports, and its text."""
    examples = root / "reports" / "examples"
    made = {examples / f"report.{SUFFIXES[name]}": render(sample()).decode() for name, render in RENDERERS.items()}
    schema = json.dumps(review_findings_schema(), indent=2, ensure_ascii=False) + "\n"
    return {root / "reports" / "review-findings.schema.json": schema, **made}


def review_findings_schema() -> dict[str, Any]:
    """The shape of `--format json`. A place leaves out unknown lines, which its own serializer hides from pydantic."""
    schema = Report.model_json_schema(by_alias=True, mode="serialization")
    place = Where.model_json_schema(mode="validation")
    place["properties"]["lines"] = {"title": "Lines", "type": "string", "pattern": r"^[1-9][0-9]*(-[1-9][0-9]*)?$"}
    schema["$defs"]["Where"] = place
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "review-findings.schema.json"}
    return {**head, **schema, "title": "ReviewFindings"}
