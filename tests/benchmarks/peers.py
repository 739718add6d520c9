"""What we and every peer that is installed find on the same two planted backends, and what it costs; not part of the suite.

    python -m tests.benchmarks.peers FOLDER [--repeat N] [--without-app] [--only NAME …]

FOLDER is where the peers are: every `bin` and `node_modules/.bin` below it is looked through. Prints a Markdown table: wall and
CPU seconds and memory (children included, the best of N runs) on the broken backend; how many of the defects that were planted
there have a report at their place, how many of those we do not report, how many other reports there are, and how many reports the
clean backend gets. A planted defect counts as found where anything is reported at its file within three lines of it (for a
contract: of its operation; for SQL: of its migration), whatever the report says: by place, which favours the peer. What a peer was
made for is less than what was planted, so a share says what it adds beside us, not how good it is. A peer that is not there has a
line that says so.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checker.model.unavailable import Unavailable
from checker.probe import postgres
from tests.benchmarks.peer_apps import against_the_app
from tests.benchmarks.peer_tools import (
    PEERS,
    RULES,
    SERVER,
    Peer,
    Spot,
    environment_of,
    find,
    operations_of,
)
from tests.scratch import FIXTURES, whole

ROOT = Path(__file__).resolve().parent.parent.parent
NEAR = 3  # lines
HEADER = ("tool", "wall s", "CPU s", "MB", "planted found", "we too", "not we", "we alone", "other reports", "on clean")
COLUMNS = len(HEADER)
LEFT_OUT = ("--skip", "outputs", "--skip", "proofs")  # neither backend is a piece of agents' work


@dataclass(frozen=True)
class Ran:
    wall: float
    cpu: float
    memory: float
    spots: frozenset[Spot]


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="checker-peers-") as name:
        scratch = Path(name)
        broken, clean = whole("broken", scratch / "broken"), whole("clean", scratch / "clean")
        (scratch / RULES).write_text(str((options.folder / "semgrep-rules").absolute()), "utf-8")
        static, runtime = _planted(broken)
        rows: list[list[str]] = []
        ours = _ran(_ours("static"), Path(sys.executable), broken, scratch, options.repeat)
        alone = {at for at, near in static.items() if near & _near(ours.spots)}
        rows.append(
            _row(
                "Backend Checker, static",
                ours,
                static,
                alone,
                _ran(_ours("static"), Path(sys.executable), clean, scratch, 1),
            )
        )
        agent = _ran(_ours("agent"), Path(sys.executable), broken, scratch, 1)
        rows.append(
            _row(
                "Backend Checker, agent",
                agent,
                static,
                alone,
                _ran(_ours("agent"), Path(sys.executable), clean, scratch, 1),
            )
        )
        for peer in (one for one in PEERS if not options.only or one.name.startswith(tuple(options.only))):
            rows.append(_of_peer(peer, options, (broken, clean), scratch, static, alone))
        if not options.without_app:
            rows += against_the_app(options.folder, broken, clean, scratch, runtime)
    print(f"{len(static)} planted defects in files and migrations, {len(runtime)} that the running app shows\n")
    print(f"| {' | '.join(HEADER)} |\n|{'---|' * COLUMNS}")
    for row in rows:
        print(f"| {' | '.join([*row, *[''] * (COLUMNS - len(row))])} |")
    return 0


def _of_peer(
    peer: Peer,
    options: argparse.Namespace,
    repos: tuple[Path, Path],
    scratch: Path,
    static: dict[tuple[str, ...], set[Spot]],
    alone: set[tuple[str, ...]],
) -> list[str]:
    program = find(options.folder, peer.program)
    if program is None:
        return [peer.name, "not installed here"]
    try:
        with _ready(peer, scratch):
            found = _ran(peer, program, repos[0], scratch, options.repeat)
            return _row(peer.name, found, static, alone, _ran(peer, program, repos[1], scratch, 1))
    except (RuntimeError, ValueError, KeyError, Unavailable) as wrong:
        return [peer.name, f"did not run: {str(wrong)[:80]}"]


@contextmanager
def _ready(peer: Peer, scratch: Path) -> Iterator[None]:
    """A throw-away PostgreSQL where the peer wants one; its address stands in a file."""
    if not peer.server:
        yield
        return
    with postgres.running(postgres.find()) as server:
        (scratch / SERVER).write_text(f"postgresql+psycopg://postgres@/{{}}?host={server.folder}&port={postgres.PORT}")
        yield


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--without-app", action="store_true")
    parser.add_argument("--only", action="append", default=[], help="peers whose name begins so; ours are always there")
    return parser.parse_args()


def _planted(broken: Path) -> tuple[dict[tuple[str, ...], set[Spot]], list[dict[str, Any]]]:
    """Each planted defect that files show, with the places that count as its own; and those of the running app."""
    entries = tomllib.loads((FIXTURES / "repos" / "broken" / "expect.toml").read_text("utf-8"))["finding"]
    command = [
        sys.executable,
        "-m",
        "checker",
        "audit",
        "--base",
        "HEAD~1",
        "--profile",
        "agent",
        *LEFT_OUT,
        "--skip",
        "runtime",
    ]
    done = subprocess.run(
        [*command, "--format", "json", str(broken)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    where = {(one["rule"], one["where"]["path"], one["subject"]): one for one in json.loads(done.stdout)["findings"]}
    static: dict[tuple[str, ...], set[Spot]] = {}
    operations = operations_of(broken)
    for one in entries:
        key = (one["rule"] or one.get("run", ""), one["path"], one["subject"])
        if one["family"] == "runtime":
            continue
        lines = where.get(key, {}).get("where", {}).get("lines", "") or "0"
        first, _, last = lines.partition("-")
        spots = {(one["path"], line) for line in range(int(first), int(last or first) + 1) if line}
        of_a_migration = {(one["path"], 0)} if "/versions/" in one["path"] else set()
        static[key] = spots | of_a_migration | operations.get(one["subject"], set())
    return static, [one for one in entries if one["family"] == "runtime"]


def _near(spots: frozenset[Spot]) -> set[Spot]:
    """Places within a few lines; of a migration, the whole file, because SQL made of it has other lines."""
    lines = {(path, line + off) for path, line in spots for off in (range(-NEAR, NEAR + 1) if line else (0,))}
    return lines | {(path, 0) for path, _ in spots if "/versions/" in path}


def _row(
    name: str, ran: Ran, static: dict[tuple[str, ...], set[Spot]], alone: set[tuple[str, ...]], clean: Ran
) -> list[str]:
    near = _near(ran.spots)
    found = {key for key, spots in static.items() if spots & near}
    at_planted = {one for spots in static.values() for one in spots}
    others = sum(1 for one in ran.spots if not _near(frozenset([one])) & at_planted)
    both = ["", "", ""] if name.startswith("Backend") else [len(found & alone), len(found - alone), len(alone - found)]
    return [
        name,
        f"{ran.wall:.1f}",
        f"{ran.cpu:.1f}",
        f"{ran.memory:.0f}",
        f"{len(found)} of {len(static)}",
        *map(str, both),
        str(others),
        str(len(clean.spots)),
    ]


def _ran(peer: Peer, program: Path, repo: Path, scratch: Path, repeat: int) -> Ran:
    words = [str(program), *peer.words(repo, scratch)]
    best: Ran | None = None
    for _ in range(repeat):
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            started = time.monotonic()
            child = subprocess.Popen(words, cwd=repo, env=environment_of(program), stdout=out, stderr=err)
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            wall = time.monotonic() - started
            out.seek(0)
            err.seek(0)
            text, said = out.read().decode("utf-8", "replace"), err.read().decode("utf-8", "replace")
        if child.returncode not in peer.good:
            raise RuntimeError(f"it ended with {child.returncode}: {' '.join((said or text)[-200:].split())}")
        one = Ran(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, frozenset(peer.spots(repo, text)))
        best = one if best is None or one.wall < best.wall else best
    assert best is not None
    return best


def _ours(profile: str) -> Peer:
    def words(repo: Path, _: Path) -> list[str]:
        code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from checker.cli import main; main()"
        return [
            "-c",
            code,
            "audit",
            ".",
            *(("--base", "HEAD~1") if profile == "static" else ()),  # without one, landed migrations are judged
            "--no-cache",
            "--profile",
            profile,
            *LEFT_OUT,
            "--skip",
            "runtime",
            "--format",
            "json",
        ]

    def spots(__: Path, text: str) -> Iterator[Spot]:
        for one in json.loads(text)["findings"]:
            for place in (one["where"], *one["also"]):
                first, _, last = (place.get("lines") or "0").partition("-")
                yield from ((place["path"], line) for line in {int(first), int(last or first)})

    return Peer("Backend Checker", "python", words, spots)


if __name__ == "__main__":
    raise SystemExit(main())
