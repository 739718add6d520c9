"""What we and every peer that is installed find on the same two planted backends, and what it costs; not part of the suite.

    python -m tests.benchmarks.peers FOLDER [--repeat N] [--without-app]

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
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from checker.model.unavailable import Unavailable
from checker.probe import postgres
from tests.scratch import ENVIRONMENT, FIXTURES, whole

ROOT = Path(__file__).resolve().parent.parent.parent
SPEC = "specs/openapi.yaml"
NEAR = 3  # lines
LEFT_OUT = ("--skip", "outputs", "--skip", "proofs")  # neither backend is a piece of agents' work
Spot = tuple[str, int]  # path, line; 0 is the whole file


@dataclass(frozen=True)
class Peer:
    """A program, the words that start it in a repository, and the places in its answer."""

    name: str
    program: str
    words: Callable[[Path, Path], list[str]]
    spots: Callable[[Path, str], Iterator[Spot]]
    good: tuple[int, ...] = (0, 1)


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
        for peer in PEERS:
            program = _find(options.folder, peer.program)
            if program is None:
                rows.append([peer.name, "not installed here", *[""] * 6])
                continue
            try:
                found = _ran(peer, program, broken, scratch, options.repeat)
                rows.append(_row(peer.name, found, static, alone, _ran(peer, program, clean, scratch, 1)))
            except (RuntimeError, ValueError, KeyError) as wrong:
                rows.append([peer.name, f"did not run: {str(wrong)[:80]}", *[""] * 6])
        if not options.without_app:
            rows += _against_the_app(options.folder, broken, clean, scratch, runtime)
    print(f"{len(static)} planted defects in files and migrations, {len(runtime)} that the running app shows\n")
    print("| tool | wall s | CPU s | MB | planted found | of them not by us | other reports | reports on clean |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--without-app", action="store_true")
    return parser.parse_args()


def _find(folder: Path, program: str) -> Path | None:
    places = [*folder.rglob(f"bin/{program}"), *folder.rglob(f".bin/{program}")]
    return next((one.absolute() for one in places if os.access(one, os.X_OK)), None)


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
    operations = _operations(broken)
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


def _operations(repo: Path) -> dict[str, set[Spot]]:
    """The lines of each operation of the contract."""
    root: Any = yaml.compose((repo / SPEC).read_text("utf-8"))
    found: dict[str, set[Spot]] = {}
    paths = next(value for key, value in root.value if key.value == "paths")
    for path, item in paths.value:
        for method, operation in item.value:
            name = f"{method.value.upper()} {path.value}"
            found[name] = {(SPEC, line + 1) for line in range(method.start_mark.line, operation.end_mark.line)}
    return found


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
    mine = "" if name.startswith("Backend") else str(len(found - alone))
    return [
        name,
        f"{ran.wall:.1f}",
        f"{ran.cpu:.1f}",
        f"{ran.memory:.0f}",
        f"{len(found)} of {len(static)}",
        mine,
        str(others),
        str(len(clean.spots)),
    ]


def _ran(peer: Peer, program: Path, repo: Path, scratch: Path, repeat: int) -> Ran:
    words = [str(program), *peer.words(repo, scratch)]
    best: Ran | None = None
    for _ in range(repeat):
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            started = time.monotonic()
            child = subprocess.Popen(words, cwd=repo, env=_environment(program), stdout=out, stderr=err)
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


def _environment(program: Path) -> dict[str, str]:
    return {
        **ENVIRONMENT,
        "PATH": f"{program.parent}:{ENVIRONMENT['PATH']}",
        "HOME": tempfile.gettempdir(),
        "PYTHONPATH": "",
    }


def _under(repo: Path, path: str) -> str:
    full = Path(path)
    return str(full.relative_to(repo)) if full.is_absolute() and full.is_relative_to(repo) else str(full)


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


def _of_redocly(repo: Path, text: str) -> Iterator[Spot]:
    operations = _operations(repo)
    for one in json.loads(text[text.index("{") :])["problems"]:
        pointer = (one["location"] or [{}])[0].get("pointer", "")
        yield from _of_pointer(operations, [part.replace("~1", "/") for part in pointer.split("/")[1:]])


def _of_pointer(operations: dict[str, set[Spot]], parts: list[str]) -> Iterator[Spot]:
    """The first line of the operation that a pointer leads into, else the whole contract."""
    name = f"{parts[2].upper()} {parts[1]}" if len(parts) > 2 and parts[0] == "paths" else ""
    yield min(operations[name]) if name in operations else (SPEC, 0)


def _of_spectral(repo: Path, text: str) -> Iterator[Spot]:
    for one in json.loads(text or "[]"):
        yield SPEC, one["range"]["start"]["line"] + 1


def _spectral(_: Path, scratch: Path) -> list[str]:
    rules = scratch / "spectral.yaml"
    rules.write_text('extends: ["spectral:oas"]\n', "utf-8")
    return ["lint", "--ruleset", str(rules), "--format", "json", "--quiet", SPEC]


def _of_ruff(repo: Path, text: str) -> Iterator[Spot]:
    for one in json.loads(text):
        yield _under(repo, one["filename"]), one["location"]["row"]


def _of_bandit(repo: Path, text: str) -> Iterator[Spot]:
    for one in json.loads(text)["results"]:
        yield _under(repo, one["filename"].removeprefix("./")), one["line_number"]


def _of_detect_secrets(_: Path, text: str) -> Iterator[Spot]:
    for path, found in json.loads(text)["results"].items():
        yield from ((path, one["line_number"]) for one in found)


def _squawk(repo: Path, scratch: Path) -> list[str]:
    """Each migration as the SQL that Alembic writes for it: squawk reads SQL."""
    folder = scratch / f"sql-{repo.name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    told = {"DATABASE_URL": "postgresql+psycopg://a@localhost/a", "PYTHONPATH": str(repo)}
    env = {**ENVIRONMENT, **_app_environment(repo), **told}
    for revision, (_, before) in _revisions(repo).items():
        code = f"from alembic.config import main; main(['upgrade', {before + ':' + revision!r}, '--sql'])"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=repo, env=env, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:  # one that reads rows cannot be written as SQL
            (folder / f"{revision}.sql").write_text(done.stdout, "utf-8")
    return ["--reporter", "json", *map(str, sorted(folder.glob("*.sql")))]


def _revisions(repo: Path) -> dict[str, tuple[str, str]]:
    """Each revision's file and the revision before it."""
    found = {}
    for file in sorted((repo / "alembic" / "versions").glob("*.py")):
        named = dict(re.findall(r"(?m)^(revision|down_revision)\b[^=]*= *[\"'](.+?)[\"']", file.read_text("utf-8")))
        found[named["revision"]] = (file.relative_to(repo).as_posix(), named.get("down_revision", "base"))
    return found


def _of_squawk(repo: Path, text: str) -> Iterator[Spot]:
    files = {revision: path for revision, (path, _) in _revisions(repo).items()}
    for one in json.loads(text or "[]"):
        yield files[Path(one["file"]).stem], 0


PEERS = (
    Peer("Redocly CLI (recommended)", "redocly", lambda _, __: ["lint", SPEC, "--format=json"], _of_redocly),
    Peer("Spectral (spectral:oas)", "spectral", _spectral, _of_spectral),
    Peer("squawk", "squawk", _squawk, _of_squawk),
    Peer(
        "ruff (S, B, ASYNC, BLE, DTZ, E, F)",
        "ruff",
        lambda _, __: [
            "check",
            "--isolated",
            "--no-cache",
            "--select",
            "S,B,ASYNC,BLE,DTZ,E,F",
            "--output-format",
            "json",
            ".",
        ],
        _of_ruff,
    ),
    Peer("bandit", "bandit", lambda _, __: ["-q", "-r", ".", "-f", "json"], _of_bandit),
    Peer("detect-secrets", "detect-secrets", lambda _, __: ["scan", "--all-files"], _of_detect_secrets),
)


def _app_environment(repo: Path) -> dict[str, str]:
    told: dict[str, str] = tomllib.loads((repo / "checker.toml").read_text("utf-8"))["app"]["env"]
    return told


@contextmanager
def _served(repo: Path, port: int) -> Iterator[str]:
    """The backend, seeded and started on a throw-away PostgreSQL."""
    with postgres.running(postgres.find()) as server:
        url = f"postgresql+psycopg://postgres@/postgres?host={server.folder}&port={postgres.PORT}"
        env = {**ENVIRONMENT, **_app_environment(repo), "DATABASE_URL": url, "PYTHONPATH": str(repo)}
        for words in (["-c", "from alembic.config import main; main(['upgrade', 'head'])"], ["-m", "seeds.load"]):
            subprocess.run([sys.executable, *words], cwd=repo, env=env, capture_output=True, check=True)
        argv = [sys.executable, "-m", "uvicorn", "src.main:app", "--port", str(port), "--log-level", "error"]
        app = subprocess.Popen(argv, cwd=repo, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(300):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            app.terminate()
            app.wait()


def _against_the_app(
    folder: Path, broken: Path, clean: Path, scratch: Path, runtime: list[dict[str, Any]]
) -> list[list[str]]:
    """Schemathesis alone and our own rehearsal, which stands on it; found: the planted operation is named by a failure."""
    rows = []
    program = _find(folder, "schemathesis") or shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    known = {one["subject"] for one in runtime if re.match(r"[A-Z]+ /", one["subject"])}
    for name in ("schemathesis alone", "Backend Checker, agent (runtime rules alone)"):
        try:
            if name.startswith("schema"):
                if program is None:
                    rows.append([name, "not installed here", *[""] * 6])
                    continue
                first = _schemathesis(Path(program), broken, scratch, 8731)
                second = _schemathesis(Path(program), clean, scratch, 8732)
            else:
                first, second = _rehearsed(broken), _rehearsed(clean)
        except (Unavailable, RuntimeError, ValueError, subprocess.CalledProcessError) as wrong:
            rows.append([name, f"did not run: {str(wrong)[:80]}", *[""] * 6])
            continue
        wall, cpu, memory, failures = first
        found = known & failures
        figures = [f"{wall:.1f}", f"{cpu:.1f}", f"{memory:.0f}", f"{len(found)} of {len(known)} operations", ""]
        rows.append([name, *figures, str(len(failures - known)), str(len(second[3]))])
    return rows


def _schemathesis(program: Path, repo: Path, scratch: Path, port: int) -> tuple[float, float, float, set[str]]:
    report = scratch / f"schemathesis-{repo.name}.ndjson"
    with _served(repo, port) as url:
        login = {"tenant": "acme", "email": "adam@acme.example", "password": "for-tests-only"}
        code = (
            "import json,sys,urllib.request as u;kind={'Content-Type':'application/json'};"
            "asked=u.Request(sys.argv[1]+'/v1/sessions',sys.argv[2].encode(),kind);"
            "print(json.load(u.urlopen(asked))['data']['access_token'])"
        )
        asked = subprocess.run(
            [sys.executable, "-c", code, url, json.dumps(login)], capture_output=True, text=True, check=True
        )
        argv = [
            str(program),
            "run",
            SPEC,
            "--url",
            url,
            "-H",
            f"Authorization: Bearer {asked.stdout.strip()}",
            "--seed",
            "1",
        ]
        argv += ["--max-examples", "50", "--report", "ndjson", "--report-ndjson-path", str(report)]
        started = time.monotonic()
        child = subprocess.Popen(
            argv, cwd=repo, env=_environment(program), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - started
    text = report.read_text("utf-8") if report.exists() else ""
    failed = set()
    for line in text.splitlines():
        if '"failure"' in line or '"status":"failure"' in line.replace(" ", ""):
            failed |= set(re.findall(r'"label": ?"([A-Z]+ /[^"]*)"', line))
    if not text:
        raise RuntimeError(f"it left no report and ended with {child.returncode}")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, failed


def _rehearsed(repo: Path) -> tuple[float, float, float, set[str]]:
    argv = [
        sys.executable,
        "-m",
        "checker",
        "audit",
        str(repo),
        "--base",
        "HEAD~1",
        "--profile",
        "agent",
        "--only",
        "runtime",
    ]
    started = time.monotonic()
    child = subprocess.Popen(
        [*argv, "--format", "json"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    text = child.stdout.read() if child.stdout else ""
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    named = {one["subject"] for one in json.loads(text)["findings"]}
    operations = {match[0] for one in named if (match := re.match(r"[A-Z]+ /\S*", one))}
    return time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, operations


if __name__ == "__main__":
    raise SystemExit(main())
