"""What is run for a judgement attacks its judge: the parent, its key, other processes, its files, the network."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from checker.probe.network import closed_network, own_processes
from checker.proofs import gates, keys
from tests.proved_project import Project, quick_gates
from tests.scratch import commit
from tests.test_migrations_hostile import ENV, audited, outcome, project
from tests.test_stage import GOOD, SERVER, SPEC, START, rehearsed, written

__all__ = ["project"]
HERE = Path(__file__).resolve().parent.parent
SECRET = "only-the-judge-knows-this"
# Says in a file what it got at. It aims at what it was told of by number and name, so that a machine on which nothing
# stands against it is not harmed.
ATTACK = """
import os, signal, socket
from pathlib import Path
def _attack(loot=Path({loot!r}), victim={victim}, port={port}, secret={secret!r}, inside=Path({inside!r})):
    got = []
    for one in Path("/proc").glob("[0-9]*/environ"):
        try:
            if secret.encode() in one.read_bytes():
                got.append("key")
        except OSError:
            pass
    if victim > 0:
        try:
            os.kill(victim, signal.SIGKILL)
            got.append("process")
        except OSError:
            pass
    try:
        socket.create_connection(("127.0.0.1", port), 2).close()
        got.append("network")
    except Exception:
        pass
    try:
        (inside / "planted").write_text("x")
        got.append("repository")
    except OSError:
        pass
    if {parent}:
        try:
            os.kill(os.getppid(), signal.SIGKILL)
        except OSError:
            pass
    try:
        loot.write_text(" ".join(sorted(set(got))) or "nothing")
    except OSError:
        pass
_attack()
"""


@dataclass(frozen=True)
class Prey:
    """A process that is no business of the audit's, a port that listens, and the file where an attack says what it got."""

    process: subprocess.Popen[bytes]
    port: int
    loot: Path
    reached: list[str]

    def attack(self, inside: Path, *, parent: bool = False) -> str:
        return ATTACK.format(
            loot=str(self.loot),
            victim=self.process.pid,
            port=self.port,
            secret=SECRET,
            inside=str(inside),
            parent=parent,
        )

    def taken(self) -> set[str]:
        return set(self.loot.read_text("utf-8").split()) if self.loot.exists() else set()

    def lives(self) -> bool:
        return self.process.poll() is None


@pytest.fixture
def prey(tmp_path: Path) -> Iterator[Prey]:
    reached: list[str] = []
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], env={"SECRET": SECRET})
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            while True:
                try:
                    listening.accept()[0].close()
                except OSError:
                    return
                reached.append("one")

        threading.Thread(target=accept, daemon=True).start()
        (tmp_path / "loot").mkdir()
        yield Prey(process, listening.getsockname()[1], tmp_path / "loot" / "taken", reached)
        listening.shutdown(socket.SHUT_RDWR)
    process.kill()
    process.wait()


def test_the_attack_works_where_nothing_stands_against_it(prey: Prey, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", prey.attack(tmp_path)], env={"KEY": SECRET}, check=True)
    assert prey.taken() == {"key", "network", "process", "repository"}
    assert prey.process.wait(30) < 0


def test_an_env_py_reaches_no_process_no_key_and_no_network(
    project: Path, prey: Prey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "--pid" not in closed_network():
        pytest.skip("the kernel gives no processes of their own here")
    monkeypatch.setenv(keys.VARIABLE, SECRET)
    (tmp_path / "elsewhere").mkdir()
    attack = prey.attack(tmp_path / "elsewhere", parent=True)
    (project / "migrations" / "env.py").write_text(ENV + attack, "utf-8")
    report = audited(project)
    state, reason = outcome(report, "migration-applies")
    assert (state, "opens a network connection of its own" in reason) == ("unavailable", True), reason
    assert prey.taken() <= {"nothing", "repository"}  # what the caller may write, it may: see the threat model
    assert prey.taken(), "the attack ran"
    assert prey.lives()
    assert prey.reached == []


@pytest.fixture
def proved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    more = quick_gates()
    monkeypatch.setattr(gates, "load", lambda: more)
    return Project(tmp_path)


def prove(project: Project, kind: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(HERE), "HOME": str(project.root.parent)}
    environment |= {keys.VARIABLE: str(project.keys["local"]), "A_TOKEN_OF_THE_JOB": SECRET}
    command = [sys.executable, "-m", "checker", "prove", kind, str(project.root), "--base", project.base]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("place", ["tests/test_attack.py", "tests/conftest.py", "conftest.py"])
def test_a_test_or_a_plugin_reaches_no_process_and_no_key(proved: Project, prey: Prey, place: str) -> None:
    if not own_processes():
        pytest.skip("the kernel gives no processes of their own here")
    (prey.loot.parent / "repo").mkdir()
    more = "\n\ndef test_attack() -> None:\n    assert True\n" if place.startswith("tests/test_") else ""
    file = proved.root / place
    kept = file.read_text("utf-8") if file.exists() else ""
    file.write_text(kept + prey.attack(prey.loot.parent / "repo", parent=True) + more, "utf-8")
    commit(proved.root, "an attack")
    done = prove(proved, "test_output")
    assert done.returncode in (0, 1), done.stderr
    assert "recorded in .checker/proofs" in done.stdout, "the judge lives, and writes its record"
    assert not prey.taken() & {"key", "process"}
    assert prey.lives()


def test_what_a_test_writes_into_the_tree_makes_the_proof_stale(proved: Project, prey: Prey) -> None:
    """A test has the rights of who runs it. What it changes in the tree is another tree, which the proof does not bind."""
    (proved.root / "tests" / "test_attack.py").write_text(
        prey.attack(proved.root) + "\n\ndef test_attack() -> None:\n    assert True\n", "utf-8"
    )
    commit(proved.root, "an attack")
    prove(proved, "test_output")
    if "repository" not in prey.taken():
        pytest.skip("the tree cannot be written to here")
    assert (proved.root / "planted").exists()
    (seen,) = [one for one in proved.gate("T").proofs if one.type == "test_output"]
    assert seen.state == "stale"


def test_an_app_reaches_no_process_no_key_no_network_and_no_tree(
    tmp_path: Path, prey: Prey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(keys.VARIABLE, SECRET)
    folder = tmp_path / "audited"
    attack = prey.attack(folder, parent=True).replace(
        "        loot.write_text(", "        print('TAKEN', *got, flush=True); loot.write_text("
    )
    seen = rehearsed(written(folder, {"app.py": attack + SERVER % GOOD, "openapi.yaml": SPEC, "checker.toml": START}))
    if not seen.isolated:
        pytest.skip("the kernel gives no network and no processes of their own here")
    assert prey.taken() <= {"nothing"}
    assert any(line.strip() == "TAKEN" for line in seen.log.splitlines()), seen.log
    assert not (folder / "planted").exists()
    assert prey.lives()
    assert prey.reached == []
