"""The demo does what the README's first screen says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_demo_prints_what_the_readme_shows() -> None:
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/nonexistent"}
    command = [sys.executable, "-m", "tests.demo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0
    assert [line for line in done.stderr.splitlines() if not line.startswith("rehearsal, ")] == []
    shown = re.search(r"<!-- demo -->\n```console\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert shown
    printed = done.stdout.splitlines()
    absent = [line for line in shown[1].splitlines() if line not in (*printed, "…")]
    assert absent == []
    assert len(shown[1].splitlines()) > 10
