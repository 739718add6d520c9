"""The only place that says how a command is started with processes of its own, where the kernel lets us."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

# The shell is the first process of the namespace, so that the command gets its signals as it does anywhere else, and the
# end of the shell ends whatever the command left behind.
_FIRST = ("/bin/sh", "-c", '"$@"; exit $?', "sh")
_OWN = ("--pid", "--fork", "--kill-child", "--mount-proc")
_WAYS = (("unshare", *_OWN), ("unshare", "--user", "--map-current-user", *_OWN))
_FOLDERS = ("/usr/bin", "/bin", "/usr/local/bin")


@cache
def confining() -> tuple[str, ...]:
    """Words to put before a command so that it sees no process but its own: not the environment of its parents, where a
    signing key may stand, nothing to stop but itself, and nothing of it that outlives it. Empty where that is denied."""
    program = next((one for folder in _FOLDERS if (one := Path(folder, "unshare")).exists()), None)
    if program is None:
        return ()
    for way in _WAYS:
        words = (str(program), *way[1:], *_FIRST)
        try:
            tried = subprocess.run([*words, "true"], capture_output=True, cwd="/", check=False, timeout=20)
        except (OSError, subprocess.SubprocessError):
            return ()
        if tried.returncode == 0:
            return words
    return ()
