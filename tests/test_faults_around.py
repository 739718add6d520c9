"""A disk that is full or read-only, children that are killed: the same verdict, or a plain word, never a better one."""

from __future__ import annotations

import json
import os
import random
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_faults import around, repo, run, words

__all__ = ["repo"]
MOUNTS = ("unshare", "--user", "--map-root-user", "--mount")


def _mounts() -> bool:
    try:
        tried = subprocess.run([*MOUNTS, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    except OSError:
        return False
    return tried.returncode == 0


mounting = pytest.mark.skipif(not _mounts(), reason="the kernel gives no mounts of their own here")


def mounted(script: str, argv: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command after a script that mounts something, in a name space of its own."""
    return run([*MOUNTS, "sh", "-c", f"{script} && exec {shlex.join(argv)}"], env)


@mounting
@pytest.mark.parametrize("room", ["16k", "200k", "1m", "4m"])
def test_a_full_disk_makes_no_better_verdict_and_no_half_report(repo: Path, tmp_path: Path, room: str) -> None:
    """Cache, temporary folder and report lie on a disk that has so much room."""
    whole = json.loads(run(words(repo, "--format", "json"), around(tmp_path / "whole")).stdout)
    small = tmp_path / "small"
    small.mkdir()
    env = around(small, PYTHONDONTWRITEBYTECODE="1")
    script = f"mount -t tmpfs -o size={room} none {small} && mkdir -p {small}/tmp {small}/cache && echo earlier > {small}/out"
    kept = tmp_path / "kept"
    argv = [
        "sh",
        "-c",
        f"{shlex.join(words(repo, '--output', f'json:{small}/out'))}; echo $? > {kept}.code; cp {small}/out {kept}",
    ]
    done = mounted(script, argv, env)
    code, text = int(Path(f"{kept}.code").read_text()), kept.read_text("utf-8")
    assert code in (1, 2, 3, 4), done.stderr
    assert "Traceback" not in done.stderr
    if code == 1:
        assert json.loads(text)["findings"] == whole["findings"]
    elif text != "earlier\n":
        assert json.loads(text)["status"] == "blocked"


@mounting
def test_a_read_only_disk_changes_no_byte(repo: Path, tmp_path: Path) -> None:
    env = around(tmp_path / "around")
    whole = run(words(repo, "--format", "json"), env)
    other = around(tmp_path / "other")
    (tmp_path / "other" / "cache").mkdir()
    script = " && ".join(f"mount --bind -o ro {one} {one}" for one in (repo, tmp_path / "other" / "cache"))
    done = mounted(script, words(repo, "--format", "json"), other)
    assert (done.returncode, done.stdout) == (whole.returncode, whole.stdout), done.stderr
    assert list((tmp_path / "other" / "cache").iterdir()) == []


def _children(parent: int) -> Iterator[int]:
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            yield int(entry.parent.name)


@pytest.mark.parametrize("seed", range(4))
def test_a_child_that_is_killed_makes_no_better_verdict(repo: Path, tmp_path: Path, seed: int) -> None:
    """Whatever child is there at some moment is killed, once or again and again."""
    env = around(tmp_path)
    whole = {one["fingerprint"] for one in json.loads(run(words(repo, "--format", "json"), env).stdout)["findings"]}
    child = subprocess.Popen(
        words(repo, "--format", "json", "--no-cache"),
        env=env,
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    dice, killed = random.Random(seed), 0
    while child.poll() is None and killed < (1 if seed % 2 else 1000):
        for one in _children(child.pid):
            if dice.random() < 0.5:
                try:
                    os.kill(one, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                killed += 1
        time.sleep(0.002)
    out, err = child.communicate(timeout=120)
    assert child.returncode in (1, 2, 3, 4), err
    assert "Traceback" not in err
    if out:
        made = json.loads(out)
        assert made["status"] == "blocked"
        unseen = {one["outcome"] for one in made["results"]} & {"unavailable", "error"}
        assert unseen or whole <= {one["fingerprint"] for one in made["findings"]}
