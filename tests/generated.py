"""The only list of files that are generated from the code, with what they should hold."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from checker import catalog
from checker.model.rule import Rule, Standard
from tests.generated_reports import report_files

ROOT = Path(__file__).resolve().parent.parent
FAMILIES = {
    "api": "the contract as it is written: OpenAPI, Swagger 2, GraphQL SDL; breaking changes against the base",
    "runtime": "the app, started on a stage of its own and asked over HTTP",
    "migrations": "Alembic and SQL migrations, read, and run up, down and up on databases that are thrown away",
    "schema": "what the schema in code and specs says of keys, tenants, times and personal data",
    "code": "Python, TypeScript and JavaScript: injection, guards, queries, operability, kinds of tests",
    "secrets": "tokens, keys, credentials and `.env` files in the tree, in what is staged and in history",
    "change": "the change by itself: size, order, foreign paths, judges that ask less, approvals",
    "outputs": "what coding agents write about their work, held against what is there",
    "proofs": "signed records of builds, lints and tests, and whether a suite ran",
    "config": "this tool's own configuration, waivers, and findings of other tools",
}


def files() -> dict[Path, str]:
    """Each generated file and its text."""
    readme = ROOT / "README.md"
    text = readme.read_text("utf-8")
    for name, table in {"families": family_table(), "standards": standard_table()}.items():
        text = between(text, name, table)
    rules = ROOT / "rules" / "README.md"
    return {
        readme: text,
        rules: between(rules.read_text("utf-8"), "rules", rule_table()),
        **report_files(ROOT),
        **schema_files(),
        ROOT / "rules" / "precision.json": precision(),
    }


def precision() -> str:
    """How many findings of each rule were judged by eye: right, wrong, and wrong ones that are not found any more.

    What was found with less than the rule's own confidence says nothing of it, and is marked so: `(medium)`.
    """
    counts: dict[str, dict[str, int]] = {}
    for line in (ROOT / "tests" / "benchmarks" / "precision.jsonl").read_text("utf-8").splitlines():
        one = json.loads(line)
        if re.search(r"\((?:medium|low)\)", one["why"]):
            continue
        mended = not one["right"] and re.search(r"(?i)\bmended|\bsince\b", one["why"])
        kind = "right" if one["right"] else "mended" if mended else "wrong"
        counts.setdefault(one["rule"], {"right": 0, "wrong": 0, "mended": 0})[kind] += 1
    return json.dumps(counts, indent=2, sort_keys=True) + "\n"


def between(text: str, name: str, inner: str) -> str:
    """Replace what stands between `<!-- name -->` and `<!-- /name -->`."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    assert pattern.search(text), f"there are no <!-- {name} --> markers"
    return pattern.sub(lambda match: f"{match.group(1)}{inner}\n{match.group(2)}", text)


def family_table() -> str:
    """The README's table of families: how many rules, how many that execute nothing, and what the family looks at."""
    rules = catalog.load().rules.values()
    rows = []
    for family, about in FAMILIES.items():
        known = [rule for rule in rules if rule.family == family]
        static = sum("static" in rule.profiles for rule in known)
        rows.append(f"| `{family}` | {len(known)} | {static} | {about} |")
    return "\n".join(["| family | rules | of them static | looks at |", "|---|---|---|---|", *rows])


def rule_table() -> str:
    """The table of all rules."""
    rules = sorted(catalog.load().rules.values(), key=lambda rule: (rule.family, rule.id))
    rows = [f"| `{rule.id}` | {rule.family} | {rule.severity} | {rule.confidence} | {rule.title} |" for rule in rules]
    return "\n".join(["| rule | family | severity | confidence | asks |", "|---|---|---|---|---|", *rows])


def standard_table() -> str:
    """The README's coverage table."""
    rows = []
    for standard in sorted(catalog.load().standards.values(), key=lambda one: one.name):
        states = [clause.state for clause in standard.clauses]
        counts = " | ".join(str(states.count(state)) for state in ("automated", "planned", "manual"))
        rows.append(f"| `{standard.name}` | {len(states)} | {counts} |")
    return "\n".join(
        [
            "| standard | clauses | automated, at least in part | planned | for a person |",
            "|---|---|---|---|---|",
            *rows,
        ]
    )


def schema_files() -> dict[Path, str]:
    """JSON Schemas of the catalogue's own files, for editors."""
    return {
        ROOT / "reports" / "rule.schema.json": _schema("rule", Rule.model_json_schema(by_alias=True)),
        ROOT / "reports" / "standard.schema.json": _schema("standard", Standard.model_json_schema(by_alias=True)),
    }


def _schema(name: str, body: dict[str, Any]) -> str:
    return (
        json.dumps(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{name}.schema.json", **body}, indent=2
        )
        + "\n"
    )
