"""`make demo`: audit a small backend with planted defects, show the report, and see that the audit said no."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.scratch import whole

COMMAND = ["audit", "--profile", "agent", "--skip", "outputs", "--skip", "proofs"]


def main() -> int:
    """0 when the audit of the broken backend exited 1, as it must."""
    with tempfile.TemporaryDirectory() as scratch:
        repo = whole("broken", Path(scratch) / "broken")
        print("$ checker", *COMMAND, "broken", flush=True)
        code = subprocess.run([sys.executable, "-m", "checker", *COMMAND, str(repo)], check=False).returncode
    print(f"\nThe audit exited {code}: 1 means that findings of severity major or graver are open.")
    if code != 1:
        print("It should have exited 1.", file=sys.stderr)
    return 0 if code == 1 else 1


if __name__ == "__main__":
    raise SystemExit(main())
