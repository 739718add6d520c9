"""Static contract audit against `redocly lint`, CPU seconds side by side in one run.

usage: python -m tests.benchmarks.contract_speed SPEC [--redocly PATH] [--runs N]

SPEC is an OpenAPI document, for example dist/api.github.com.json of the npm package @github/openapi (666 operations);
PATH is the redocly command of the npm package @redocly/cli. Prints medians and ratios; it judges nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> int:
    options = _options()
    redocly = options.redocly or shutil.which("redocly")
    if redocly is None:
        print("redocly is missing: npm install @redocly/cli, then --redocly PATH", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        repo = Path(scratch) / "repo"
        repo.mkdir()
        target = repo / f"openapi{options.spec.suffix}"
        shutil.copyfile(options.spec, target)
        checker = [sys.executable, "-m", "checker"]
        audit = [
            *checker,
            "audit",
            "--only",
            "api",
            "--standard",
            "backend-engineer",
            "--standard",
            "backend-coder",
            "--format",
            "json",
            str(repo),
        ]
        (repo / "checker.toml").write_text('[resolve]\n"error-envelope.schema" = "backend-engineer"\n', "utf-8")
        empty = Path(scratch) / "empty"
        empty.mkdir()
        (empty / "README.md").write_text("# nothing\n", "utf-8")
        commands = {
            "checker --version": [*checker, "--version"],
            "checker audit, start-up alone": [*checker, "audit", "--only", "api", str(empty)],
            "checker audit": audit,
            "redocly lint": [redocly, "lint", "--extends", "recommended", "--format", "json", str(target)],
        }
        medians = {
            name: statistics.median(_cpu(command) for _ in range(options.runs)) for name, command in commands.items()
        }
        found = json.loads(subprocess.run(audit, capture_output=True, check=False).stdout)
    for name, seconds in medians.items():
        print(f"{name:<32} {seconds:7.3f} s CPU (median of {options.runs})")
    beyond = medians["checker audit"] - medians["checker audit, start-up alone"]
    print(f"beyond start-up                  {beyond:7.3f} s CPU for {len(found['findings'])} findings with lines")
    print(f"audit / redocly                  {medians['checker audit'] / medians['redocly lint']:7.3f}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", type=Path)
    parser.add_argument("--redocly")
    parser.add_argument("--runs", type=int, default=5)
    return parser.parse_args()


def _cpu(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, env={**os.environ, "NO_COLOR": "1"}
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    raise SystemExit(main())
