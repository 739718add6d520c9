"""Facts about continuous integration: the steps of each pipeline, and by what a failure of one would be lost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checker.model.observation import Place, Pointer

_CHECK = re.compile(
    r"\b(?:pytest|tox|nox|unittest|coverage (?:run|report)|ruff(?: check| format)?|flake8|pylint|mypy|pyright|black|isort|bandit"
    r"|pip-audit|alembic (?:check|upgrade)|schemathesis|dredd|spectral lint|redocly lint|openapi-spec-validator|import-linter"
    r"|lint-imports|jest|vitest|mocha|ava|playwright test|cypress run|eslint|biome (?:check|ci|lint)|tsc|prettier --check"
    r"|go (?:test|vet|build)|golangci-lint|cargo (?:test|clippy|fmt|build)|mvn|gradlew?|dotnet (?:test|build)|rspec|phpunit|semgrep"
    r"|trivy|checkov|gitleaks|trufflehog|detect-secrets(?:-hook)?|kingfisher|hadolint|sqlfluff lint|squawk|checker (?:audit|gate)"
    r"|pre-commit run|prisma (?:validate|migrate)|python3? -m (?:build|compileall))\b"
    r"|\b(?:npm|pnpm|yarn|bun)(?: run)?(?: -\S+| --\S+ \S+)* (?:test|lint|typecheck|type-check|check|build|audit|ci)(?::\S+)?\b"
    r"|\bmake(?: -\S+)* [\w\- ]*(?:test|lint|check|typecheck|audit)\w*"
)
_LOST = (
    (re.compile(r"\|\|\s*(?:true|:|exit 0|/bin/true)(?=\s|$|[;)&])"), "|| true"),
    (re.compile(r"\|\|\s*echo\b"), "|| echo"),
    (re.compile(r"--exit-zero\b"), "--exit-zero"),
    (re.compile(r";\s*(?:true|exit 0|:)\s*$"), "; true"),
)
_KEEPS = re.compile(r"\|\|\s*echo\b.*(?:exit\s+[1-9$]|GITHUB_OUTPUT|GITHUB_ENV|failed=)|\$\?")
_OTHERS = re.compile(
    r"\s*(?:sudo )?(?:pip3?|uv|apt(?:-get)?|brew|npm i|docker|kill|pkill|rm|which|command -v|grep|echo|cat|sed|awk|printf|ls|find"
    r"|curl|wget|git|mkdir|cp|mv)\b"
)
_RUNNERS = re.compile(r"\s*(?:uv run|docker(?:[- ]compose)? (?:run|exec))\b")
_UNSET = re.compile(r"^\s*set \+e\b|\bset \+o errexit\b")
_SET = re.compile(r"^\s*set -\w*e\b")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a pipeline. `lost` says by what its failure would be lost; empty where it would be seen."""

    path: str
    job: str
    name: str
    commands: str
    place: Place
    lost: str = ""
    line: str = ""  # the command that is checked and lost

    @property
    def checks(self) -> bool:
        """Whether it runs tests, a linter, a type checker, a build, or a scan."""
        return any(_CHECK.search(line) for line in logical_lines(self.commands))

    @property
    def subject(self) -> str:
        return f"{self.job} / {self.name}" if self.name else self.job


@dataclass(frozen=True)
class Pipelines:
    """Every step of the head's pipelines; `unread` are files that could not be parsed, with the reason."""

    steps: tuple[Step, ...]
    unread: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class BasePipelines:
    """Every step of the base's pipelines."""

    steps: tuple[Step, ...]


def logical_lines(commands: str) -> list[str]:
    """The lines of a script, continued ones joined, comments left out."""
    joined = re.sub(r"\\\n\s*", " ", commands)
    return [line for line in joined.split("\n") if line.strip() and not line.lstrip().startswith("#")]


def lost_in(commands: str) -> tuple[str, str]:
    """By what the failure of a check in a script is lost, and the line of that check; empty strings where nothing is."""
    lines = logical_lines(commands)
    unset = False
    for at, line in enumerate(lines):
        if _UNSET.search(line):
            unset = True
        elif _SET.search(line):
            unset = False
        if not _CHECK.search(line) or _only_installs(line):
            continue
        by = next((name for pattern, name in _LOST if pattern.search(line)), "")
        kept = any(_KEEPS.search(later) for later in lines[at:])
        if by and not kept:
            return by, line.strip()
        if unset and not kept and at + 1 < len(lines):
            return "set +e", line.strip()
    return "", ""


def _only_installs(line: str) -> bool:
    """Whether a line installs, looks for or removes what is named like a check, or asks for its version."""
    runs = _RUNNERS.match(line)
    return runs is None and (_OTHERS.match(line) is not None or "--version" in line or " -bench" in line)


def steps_of(path: str, value: Any) -> Iterator[Step]:
    """The steps that a parsed pipeline file declares: GitHub Actions, GitLab CI, CircleCI, package.json's scripts."""
    if not isinstance(value, Mapping):
        return
    if path.endswith("package.json"):
        yield from _scripts(path, value)
    elif path.startswith(".github/"):
        yield from _github(path, value)
    elif "gitlab-ci" in path:
        yield from _gitlab(path, value)
    elif path.startswith(".circleci/"):
        yield from _circle(path, value)


def _step(path: str, job: str, name: str, commands: str, pointer: Pointer, waved: str = "") -> Step:
    lost, line = lost_in(commands)
    checks = any(_CHECK.search(one) for one in logical_lines(commands))
    if waved and checks:
        lost, line = waved, next(one.strip() for one in logical_lines(commands) if _CHECK.search(one))
    return Step(path, job, name, commands, Place(path, pointer=pointer), lost, line)


def _github(path: str, value: Mapping[str, Any]) -> Iterator[Step]:
    jobs = value.get("jobs")
    for job, body in jobs.items() if isinstance(jobs, Mapping) else ():
        if not isinstance(body, Mapping):
            continue
        job_waved = "continue-on-error of the job" if body.get("continue-on-error") is True else ""
        steps = body.get("steps")
        for at, one in enumerate(steps if isinstance(steps, list) else ()):
            if isinstance(one, Mapping):
                waved = "continue-on-error" if one.get("continue-on-error") is True else job_waved
                if waved and _outcome_is_read(one, steps, at):
                    waved = ""
                commands = str(one.get("run") or "") or _known_action(str(one.get("uses") or ""))
                name = str(one.get("name") or commands.strip().partition("\n")[0])[:80]
                if not waved and _piped_away(commands) and "bash" not in _shell(value, body, one):
                    waved = "a pipe to tee without pipefail"
                yield _step(path, str(job), name, commands, ("jobs", str(job), "steps", str(at)), waved)


def _piped_away(commands: str) -> bool:
    """Whether a check's output goes through `tee` and its exit code is that of `tee`."""
    return "pipefail" not in commands and any(
        _CHECK.search(line) and re.search(r"(?<!\|)\|&?\s*tee\b", line) for line in logical_lines(commands)
    )


def _shell(workflow: Mapping[str, Any], job: Mapping[str, Any], step: Mapping[str, Any]) -> str:
    """The shell that is named; where none is, GitHub runs `bash -e`, without pipefail, and with it where `bash` is named."""
    for level in (job, workflow):
        defaults = level.get("defaults")
        run = defaults.get("run") if isinstance(defaults, Mapping) else None
        if not step.get("shell") and isinstance(run, Mapping) and run.get("shell"):
            return str(run["shell"])
    return str(step.get("shell") or "")


def _outcome_is_read(step: Mapping[str, Any], steps: Any, at: int) -> bool:
    """Whether a later step looks at how this one ended, and so may still fail for it."""
    name = step.get("id")
    return bool(name) and any(f"steps.{name}.outcome" in str(later) for later in steps[at + 1 :])


def _known_action(uses: str) -> str:
    """The command that a well-known action stands for."""
    known = {
        "github/codeql-action/analyze": "semgrep",
        "astral-sh/ruff-action": "ruff check",
        "pre-commit/action": "pre-commit run",
        "golangci/golangci-lint-action": "golangci-lint",
        "aquasecurity/trivy-action": "trivy",
        "gitleaks/gitleaks-action": "gitleaks",
        "schemathesis/action": "schemathesis",
    }
    return known.get(uses.partition("@")[0], "")


def _gitlab(path: str, value: Mapping[str, Any]) -> Iterator[Step]:
    for job, body in value.items():
        if isinstance(body, Mapping) and ("script" in body or "extends" in body):
            waved = "allow_failure" if body.get("allow_failure") is True else ""
            yield _step(path, str(job), "", _script(body.get("script")), (str(job),), waved)


def _circle(path: str, value: Mapping[str, Any]) -> Iterator[Step]:
    jobs = value.get("jobs")
    for job, body in jobs.items() if isinstance(jobs, Mapping) else ():
        steps = body.get("steps") if isinstance(body, Mapping) else None
        for at, one in enumerate(steps if isinstance(steps, list) else ()):
            run = one.get("run") if isinstance(one, Mapping) else None
            if run:
                commands = str(run.get("command") or "") if isinstance(run, Mapping) else str(run)
                name = str(run.get("name") or "") if isinstance(run, Mapping) else ""
                yield _step(
                    path,
                    str(job),
                    name or commands.partition("\n")[0][:80],
                    commands,
                    ("jobs", str(job), "steps", str(at)),
                )


def _scripts(path: str, value: Mapping[str, Any]) -> Iterator[Step]:
    scripts = value.get("scripts")
    for name, command in scripts.items() if isinstance(scripts, Mapping) else ():
        if isinstance(command, str):
            yield _step(path, "scripts", str(name), command, ("scripts", str(name)))


def _script(value: Any) -> str:
    return "\n".join(_script(one) for one in value) if isinstance(value, list) else str(value or "")
