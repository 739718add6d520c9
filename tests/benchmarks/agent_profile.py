"""What `--profile agent` costs on the demo's backends: wall and processor seconds, the best of some runs.

`python -m tests.benchmarks.agent_profile [RUNS] [NAME…]`. Wall depends on what else the machine does; beside it stands
the load, and how long a fixed loop took here, so that figures of two machines can be compared.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.demo import COMMAND
from tests.scratch import whole


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as scratch:
        for name in sys.argv[2:] or ("broken", "clean"):
            repo = whole(name, Path(scratch, name))
            for label, options in (
                ("whole audit", COMMAND[1:]),
                ("runtime rules alone", ("--profile", "agent", "--only", "runtime")),
            ):
                seen = [_run(options, repo) for _ in range(runs)]
                wall, processor = min(one[0] for one in seen), min(one[1] for one in seen)
                print(f"{name:7} {label:20} wall {wall:5.2f} s, processor {processor:5.2f} s (best of {runs})")
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, fixed loop {_loop():.2f} s")


def _run(options: list[str] | tuple[str, ...], repo: Path) -> tuple[float, float]:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([sys.executable, "-m", "checker", "audit", *options, str(repo)], capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _loop() -> float:
    began, total = time.process_time(), 0
    for number in range(10_000_000):
        total += number
    return time.process_time() - began


if __name__ == "__main__":
    main()
