"""Every format of one report: valid, told in the same words, and the same whatever order it was put together in."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest

from checker.model.report import Report
from checker.render import RENDERERS, verdict
from checker.render.order import settled
from tests.generated_reports import report_files, review_findings_schema
from tests.sample_report import crowded, empty, ready, sample

DATA = Path(__file__).parent / "data"
REPORTS: dict[str, Callable[[], Report]] = {
    "sample": sample,
    "ready": ready,
    "empty": empty,
    "crowded": lambda: crowded(60),
}


def sarif_schema() -> Any:
    """SchemaStore's copy, amended in the three places where the final OASIS schema differs in substance."""
    schema = json.loads((DATA / "sarif-schema-2.1.0.json").read_text("utf-8"))
    for owner in ("run", "toolComponent"):
        schema["definitions"][owner]["properties"]["language"]["pattern"] = "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$"
    starts = ("startLine", "charOffset", "byteOffset")
    schema["definitions"]["region"]["anyOf"] = [{"required": [start]} for start in starts]
    return schema


SCHEMAS: dict[str, Any] = {
    "gitlab": json.loads((DATA / "gitlab-code-quality.schema.json").read_text("utf-8")),
    "json": review_findings_schema(),
    "rdjson": json.loads((DATA / "rdjson.schema.json").read_text("utf-8")),
    "sarif": sarif_schema(),
}
LISTS = (
    "findings",
    "results",
    "not_asked",
    "waived",
    "baselined",
    "suppressions",
    "claims",
    "manual",
    "waivers",
    "proofs",
)


def test_formats_are_those_promised_in_order() -> None:
    promised = [
        "agent",
        "badge",
        "github",
        "gitlab",
        "html",
        "json",
        "junit",
        "markdown",
        "rdjson",
        "sarif",
        "summary",
        "text",
    ]
    assert list(RENDERERS) == promised == sorted(promised)


@pytest.mark.parametrize("path", sorted(report_files(Path())), ids=lambda path: path.name)
def test_what_is_generated_is_fresh(path: Path) -> None:
    root = Path(__file__).parent.parent
    assert (root / path).read_text("utf-8") == report_files(Path())[path], "run: python -m tests.regenerate_reports"


@pytest.mark.parametrize("made", REPORTS)
@pytest.mark.parametrize("name", SCHEMAS)
def test_json_formats_validate(name: str, made: str) -> None:
    errors = jsonschema_rs.validator_for(SCHEMAS[name]).iter_errors(json.loads(RENDERERS[name](REPORTS[made]())))
    assert [(error.message, error.instance_path) for error in errors] == []


def test_schemas_refuse_what_is_malformed() -> None:
    report = json.loads(RENDERERS["json"](sample()))
    report["findings"][0]["where"] = {"lines": "8-"}
    assert not jsonschema_rs.is_valid(SCHEMAS["json"], report)
    gitlab = json.loads(RENDERERS["gitlab"](sample()))
    gitlab[0]["location"]["lines"]["begin"] = 0
    assert not jsonschema_rs.is_valid(SCHEMAS["gitlab"], gitlab)
    sarif = json.loads(RENDERERS["sarif"](sample()))
    sarif["runs"][0]["results"][0]["level"] = "critical"
    assert not jsonschema_rs.is_valid(SCHEMAS["sarif"], sarif)
    sarif = json.loads(RENDERERS["sarif"](sample()))
    del sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"]
    assert not jsonschema_rs.is_valid(SCHEMAS["sarif"], sarif)
    rdjson = json.loads(RENDERERS["rdjson"](sample()))
    rdjson["diagnostics"][0]["rule"] = "x"
    assert not jsonschema_rs.is_valid(SCHEMAS["rdjson"], rdjson)


@pytest.mark.parametrize("made", REPORTS)
def test_every_format_says_the_verdict_first(made: str) -> None:
    report = REPORTS[made]()
    said = verdict.sentence(report)
    for name in ("agent", "github", "markdown", "summary", "text"):
        shown = " ".join(RENDERERS[name](report).decode().split())
        assert shown.removeprefix("### ").startswith(said), name
    assert ElementTree.fromstring(RENDERERS["junit"](report)).attrib["name"] == said
    assert json.loads(RENDERERS["gitlab"](report))[0]["description"] == said
    assert json.loads(RENDERERS["rdjson"](report))["diagnostics"][0]["message"] == said
    badge = ElementTree.fromstring(RENDERERS["badge"](report))
    assert badge.attrib["aria-label"] == badge.findtext("{*}title") == f"backend checker: {said}"
    run = json.loads(RENDERERS["sarif"](report))["runs"][0]
    assert run["properties"]["verdict"] == said
    assert run["invocations"][0]["exitCodeDescription"].startswith(said)


@pytest.mark.parametrize("name", RENDERERS)
@pytest.mark.parametrize("seed", range(3))
def test_order_of_the_input_does_not_show(name: str, seed: int) -> None:
    report = sample()
    twin = report.findings[1].model_copy(update={"title": "another word", "evidence": "other"})
    report = report.model_copy(update={"findings": (*report.findings, twin, *crowded(40).findings)})
    shuffled = {field: list(getattr(report, field)) for field in LISTS}
    for values in shuffled.values():
        random.Random(seed).shuffle(values)
    other = report.model_copy(update={field: tuple(values) for field, values in shuffled.items()})
    assert other.findings != report.findings
    assert RENDERERS[name](other) == RENDERERS[name](report)


def test_json_is_the_report_itself() -> None:
    written = RENDERERS["json"](sample())
    assert json.loads(written) == settled(sample()).as_json()
    assert Report.model_validate_json(written) == settled(sample())
    assert list(json.loads(written)) == list(sample().as_json())
    assert written.startswith(b'{\n  "tool"')
    assert "résumé".encode() in written


@pytest.mark.parametrize("name", RENDERERS)
@pytest.mark.parametrize("made", REPORTS)
def test_output_is_utf8_and_ends_with_one_newline(name: str, made: str) -> None:
    text = RENDERERS[name](REPORTS[made]()).decode("utf-8")
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("name", [name for name in RENDERERS if name not in ("badge", "summary")])  # these count them
def test_every_format_names_what_could_not_be_looked_at(name: str) -> None:
    text = RENDERERS[name](sample()).decode()
    for said in (
        "migration-rollback",
        "git fetch",
        "unshallow",
        "schema-drift",
        "RecursionError: maximum depth exceeded",
    ):
        assert said in text, said
