"""The only place that sends the audited app to its stage: a child of ours, in a network of its own where the kernel allows."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from checker.model.rehearsal import Rehearsal
from checker.model.rule import Profile
from checker.model.stage_plan import Plan
from checker.model.unavailable import Unavailable
from checker.probe.command import CommandMissing, Completed, run

SECONDS: dict[Profile, float] = {"static": 0.0, "agent": 180.0, "gate": 1200.0, "nightly": 7200.0}
APP_FOLDER = b"/srv/app"  # stands in every answer and log for the scratch copy, whose name is another one each time
LARGEST_ANSWER = 512 * 1024 * 1024  # bytes
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8"}
_MAIN = "import sys; sys.path.insert(0, sys.argv[1]); from checker.probe.stage.main import main; main()"
_ALONE = (
    ("unshare", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--"),
    ("unshare", "--map-root-user", "--net", "--"),
)


@contextmanager
def scratch_copy(root: Path, paths: Iterable[str]) -> Iterator[tuple[Path, Path]]:
    """A folder for the rehearsal, and in it a copy of the audited files: the app may write where it likes."""
    with tempfile.TemporaryDirectory(prefix="checker-stage-", ignore_cleanup_errors=True) as folder:
        tree = Path(folder, "tree")
        tree.mkdir()
        for path in paths:
            target = tree / path
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copyfile(root / path, target)
                shutil.copymode(root / path, target)
            except OSError as refused:
                raise Unavailable(f"{path} cannot be copied for the rehearsal: {refused.strerror or refused}") from None
        yield Path(folder), tree


def rehearse(plan: Plan, started: Callable[[int], None] = lambda _: None) -> Rehearsal:
    """Run the plan; `started` is told the process group. Unavailable where the app did not start, or nothing came back."""
    done = _run(plan, started)
    if done.timed_out:
        raise Unavailable(f"the rehearsal did not end within {SECONDS[plan.profile]:.0f} s")
    try:
        value = json.loads(done.stdout.replace(plan.root.encode(), APP_FOLDER))
    except ValueError:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise Unavailable(f"the rehearsal broke: {said[-1] if said else f'code {done.code}, no output'}") from None
    if "not_started" in value:
        raise Unavailable(f"the app did not start: {value['not_started']}")
    return Rehearsal.model_validate(value)


def _run(plan: Plan, started: Callable[[int], None]) -> Completed:
    root = str(Path(__file__).resolve().parents[2])
    argv = [*(() if plan.remote else _alone(Path(plan.scratch))), sys.executable, "-I", "-c", _MAIN, root]
    told = os.dup(plan.progress) if plan.progress >= 0 else -1  # under another number than the child's own outputs
    try:
        return _fed(argv, plan.model_copy(update={"progress": told}), started)
    finally:
        if told >= 0:
            os.close(told)


def _fed(argv: list[str], plan: Plan, started: Callable[[int], None]) -> Completed:
    return run(
        argv,
        cwd=Path(plan.scratch),
        env=_ENVIRONMENT,
        timeout=SECONDS[plan.profile],
        max_output=LARGEST_ANSWER,
        stdin=plan.model_dump_json().encode(),
        started=started,
        inherit=(plan.progress,) if plan.progress >= 0 else (),
    )


def _alone(folder: Path) -> tuple[str, ...]:
    """What cuts the child off every network but its own loopback, and ends all that it has started when it ends.

    Nothing where neither is allowed.
    """
    for words in _ALONE:
        try:
            works = run([*words, "true"], cwd=folder, env=_ENVIRONMENT, timeout=10.0, max_output=4096)
        except CommandMissing:
            return ()
        if works.code == 0:
            return words
    return ()
