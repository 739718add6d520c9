"""The only place that sends the audited app to its stage: a child of ours, in a network of its own where the kernel allows."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterable
from concurrent.futures import Future
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
_OURS = Path(__file__).resolve().parents[2]
_MAIN = "import sys; sys.path.insert(0, sys.argv[1]); from checker.probe.stage.main import main; main()"
_ALONE = (
    ("unshare", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--"),
    ("unshare", "--map-root-user", "--net", "--"),
)


class Stage:
    """A child that waits for a plan. It is opened before there is one, so that by then it has imported what it needs.

    What is in `folder` is gone when it is closed.
    """

    def __init__(self, profile: Profile, *, remote: bool = False, progress: int = -1) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="checker-stage-"))
        self._profile, self._group, self._closed = profile, 0, False
        self._reader, self._writer = os.pipe()
        self.progress = os.dup(progress) if progress >= 0 else -1  # another number than the child's own outputs have
        self._theirs = [one for one in (self._reader, self.progress) if one >= 0]
        self._done: Future[Completed] = Future()
        # one thread to its end: the kernel ends a child with its parent thread
        threading.Thread(target=self._run, args=(remote,), daemon=True).start()

    def copied(self, root: Path, paths: Iterable[str]) -> Path:
        """A copy of the audited files: the app may write where it likes. Unavailable for one that cannot be read."""
        tree = self.folder / "tree"
        tree.mkdir()
        for path in paths:
            target = tree / path
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copyfile(root / path, target)
                shutil.copymode(root / path, target)
            except OSError as refused:
                raise Unavailable(f"{path} cannot be copied for the rehearsal: {refused.strerror or refused}") from None
        return tree

    def play(self, plan: Plan) -> Rehearsal:
        """Run the plan. Unavailable where the app did not start, or nothing came back."""
        with contextlib.suppress(BrokenPipeError):  # it ended before: its last words say why
            data = memoryview(plan.model_dump_json().encode())
            while data:
                data = data[os.write(self._writer, data) :]
        self._hang_up()
        done = self._done.result()
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

    def end(self) -> None:
        """End what goes on, in the middle if need be."""
        self._closed = True
        if self._group and not self._done.done():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._group, signal.SIGKILL)

    def close(self) -> None:
        """End it, and clear away what it has left."""
        self.end()
        self._hang_up()
        self._done.exception()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, remote: bool) -> None:
        try:
            self._done.set_result(self._ran(() if remote else _alone(self.folder)))
        except (CommandMissing, OSError) as refused:
            self._done.set_exception(Unavailable(f"the rehearsal could not be begun: {refused}"))
        finally:
            if not self._done.done():
                self._done.set_exception(Unavailable("the rehearsal could not be begun"))

    def _ran(self, alone: tuple[str, ...]) -> Completed:
        try:
            return run(
                [*alone, sys.executable, "-I", "-c", _MAIN, str(_OURS), str(self._reader)],
                cwd=self.folder,
                env=_ENVIRONMENT,
                timeout=SECONDS[self._profile],
                max_output=LARGEST_ANSWER,
                started=self._started,
                inherit=tuple(self._theirs),
            )
        finally:
            self._release()

    def _started(self, group: int) -> None:
        self._group = group
        self._release()
        if self._closed:
            self.end()

    def _release(self) -> None:
        """Close what is the child's alone, so that we notice when it is gone."""
        while self._theirs:
            os.close(self._theirs.pop())

    def _hang_up(self) -> None:
        if self._writer >= 0:
            os.close(self._writer)
            self._writer = -1


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
