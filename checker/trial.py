"""Custom rules tried on their own fixtures, with the habit of ours: a folder is a case, its name says the outcome."""

from __future__ import annotations

import json
import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checker import catalog, custom
from checker.audit import audit
from checker.model.custom import CustomRules
from checker.model.finding import Finding
from checker.model.report import Report
from checker.toml_source import ConfigurationError
from checker.workplace import Request

OUTCOMES = {"pass": "passed", "fail": "failed", "near": "passed", "na": "not_applicable"}
_NEEDED = ("pass", "fail")


@dataclass(frozen=True)
class Case:
    """One fixture folder, and what is wrong with it; an empty `problem` where the rule did as the folder says."""

    rule: str
    name: str
    problem: str = ""


@dataclass(frozen=True)
class Trial:
    """Every case of a folder of rules, and the rules that have not enough of them."""

    rules: tuple[str, ...]
    cases: tuple[Case, ...]

    @property
    def ok(self) -> bool:
        return not any(case.problem for case in self.cases)


def tried(folder: Path) -> Trial:
    """Try each rule of `folder/*.toml` on `folder/fixtures/<rule>/<outcome>-<what>/{expect.toml,repo/…}`.

    ConfigurationError where a rule or an `expect.toml` is wrong.
    """
    listing, read = custom.on_disk(folder)
    rules = custom.load(["."], lambda _: [path.removeprefix("./") for path in listing(".")], read, catalog.load())
    found = sorted(one.parent for one in (folder / "fixtures").glob("*/*/expect.toml"))
    cases = [_case(case, rules) for case in found]
    for name in sorted(rules.rules):
        kinds = {case.name.partition("-")[0] for case in cases if case.rule == name}
        cases += [
            Case(name, f"{kind}-…", f"is missing: fixtures/{name}/{kind}-<what>/")
            for kind in _NEEDED
            if kind not in kinds
        ]
    return Trial(tuple(sorted(rules.rules)), tuple(cases))


def _case(folder: Path, rules: CustomRules) -> Case:
    rule, kind = folder.parent.name, folder.name.partition("-")[0]
    if rule not in rules.rules:
        return Case(rule, folder.name, "there is no such rule beside the fixtures")
    if kind not in OUTCOMES:
        return Case(rule, folder.name, f"begins with none of {', '.join(f'{one}-' for one in OUTCOMES)}")
    if not (folder / "repo").is_dir():
        return Case(rule, folder.name, "has no folder repo/")
    try:
        expect = tomllib.loads((folder / "expect.toml").read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as wrong:
        raise ConfigurationError(str(folder / "expect.toml"), None, str(wrong)) from None
    return Case(rule, folder.name, "; ".join(_problems(_report(folder, rule, rules, expect), rule, kind, expect)))


def _report(folder: Path, rule: str, rules: CustomRules, expect: Mapping[str, Any]) -> Report:
    with tempfile.TemporaryDirectory(
        prefix="checker-trial-"
    ) as scratch:  # a repository around the rules is none of the case
        target = Path(scratch, "repo")
        shutil.copytree(folder / "repo", target, symlinks=True)
        if expect.get("params"):
            lines = (f"{json.dumps(name)} = {json.dumps(value)}" for name, value in expect["params"].items())
            (target / "checker.toml").write_text(f"[params.{rule}]\n" + "\n".join(lines) + "\n", "utf-8")
        standards = tuple(expect.get("standards", (catalog.DEFAULT_STANDARD,)))
        return audit(Request(target, standards, only=(rule,), custom=rules)).report


def _problems(report: Report, rule: str, kind: str, expect: Mapping[str, Any]) -> Iterator[str]:
    (result,) = [one for one in report.results if one.rule == rule]
    outcome = str(expect.get("outcome", OUTCOMES[kind]))
    if result.outcome.value != outcome:
        yield f"{result.outcome.value}, not {outcome}{f' ({result.reason})' if result.reason else ''}"
    wanted = expect.get("finding", [])
    if kind == "fail" and not wanted:
        yield "a failing case names its findings: [[finding]] path, lines"
    seen = [{key: _value(one, key) for key in want} for one, want in zip(report.findings, wanted, strict=False)]
    if seen != wanted or len(report.findings) != len(wanted):
        yield f"found {[_value(one, 'path') + ':' + str(one.where.lines) for one in report.findings]}, wanted {wanted}"


def _value(finding: Finding, key: str) -> Any:
    if key in ("path", "lines"):
        return getattr(finding.where, key)
    if key == "clauses":
        return list(finding.clauses)
    return str(getattr(finding, key, ""))
