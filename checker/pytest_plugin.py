"""A pytest plugin that runs families of rules as tests: convenient while working, and no proof of anything."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

_SECONDS = 3600.0
_HANDED = "checker_report"  # in a worker's input
_REPORT = pytest.StashKey[dict[str, Any]]()
_LARGEST = 200 * 1024 * 1024  # bytes of a report


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--checker FAMILY`, once for each family or rule."""
    group = parser.getgroup("checker", "Backend Checker")
    group.addoption(
        "--checker", action="append", metavar="FAMILY|RULE", default=[], help="Audit, and make a test of each rule."
    )
    group.addoption("--checker-profile", default="static", metavar="PROFILE", help="What the audit may execute.")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Under pytest-xdist the audit is made once, before the first worker starts, and handed to each of them."""
    if node.config.getoption("--checker"):
        node.workerinput[_HANDED] = json.dumps(_told_once(node.config))


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add a test for each rule that was asked."""
    if config.getoption("--checker"):
        handed = getattr(config, "workerinput", {}).get(_HANDED)
        items.extend(_items(session, json.loads(handed) if handed else _told_once(config)))


def _told_once(config: pytest.Config) -> dict[str, Any]:
    """What the tests need of the report; a run of pytest audits once."""
    if _REPORT not in config.stash:
        report = _audited(config, config.getoption("--checker"))
        config.stash[_REPORT] = {name: report[name] for name in ("results", "findings")}
    return config.stash[_REPORT]


def _audited(config: pytest.Config, asked: list[str]) -> dict[str, Any]:
    """The audit runs in a process of its own: what the tests load must not reach the judge."""
    from checker.probe import command

    words = [f"--profile={config.getoption('--checker-profile')}", *(f"--only={name}" for name in asked)]
    argv = [sys.executable, "-P", "-m", "checker", "audit", "--format=json", *words, "--", str(config.rootpath)]
    around = command.for_our_own(os.environ)
    done = command.run(argv, cwd=config.rootpath, env=around, timeout=_SECONDS, max_output=_LARGEST)
    if done.timed_out or not done.stdout.startswith(b"{"):
        raise pytest.UsageError(f"checker: {done.stderr.decode('utf-8', 'replace').strip() or 'no answer in time'}")
    report = json.loads(done.stdout)
    assert isinstance(report, dict)
    return report


def _items(session: pytest.Session, report: dict[str, Any]) -> Iterator[pytest.Item]:
    for result in report["results"]:
        found = [one for one in report["findings"] if one["rule"] == result["rule"]]
        yield RuleItem.from_parent(session, name=f"checker::{result['rule']}", result=result, findings=found)


class RuleFailed(Exception):
    """A rule that does not hold, or could not be looked at."""


class RuleItem(pytest.Item):
    """One rule: fails for open critical and major findings and for what could not be looked at."""

    def __init__(self, *, result: dict[str, Any], findings: list[dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._result = result
        self._findings = findings

    def runtest(self) -> None:
        from checker.render.visible import visible  # names of files are theirs, and a terminal obeys what is in them

        outcome, reason = self._result["outcome"], visible(self._result["reason"])
        if outcome in ("unavailable", "error"):
            raise RuleFailed(f"{outcome}: {reason}")
        if outcome == "not_applicable":
            pytest.skip(reason or "nothing to examine")
        grave = [one for one in self._findings if one["severity"] in ("critical", "major")]
        if grave:
            raise RuleFailed("\n".join(visible(line) for one in grave for line in _told(one)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, RuleFailed):
            return f"{excinfo.value}\nmore: checker explain {self._result['rule']}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str], None, str]:
        return self.path, None, self.name


def _told(finding: dict[str, Any]) -> Iterator[str]:
    where = finding["where"]
    lines = f":{where['lines']}" if where.get("lines") else ""
    yield f"{finding['severity']} {where['path']}{lines}  {finding['title']}"
    yield f"  mend: {finding['recommendation']}"
