"""What a fleet costs: two hundred small repositories on one machine, then on a Dask cluster of two workers on loopback.

usage: python -m tests.benchmarks.fleet_scale [--repositories N] [--keep FOLDER]

The repositories are made: an API of FastAPI, Flask or Express with models, migrations and tests, no two alike, one in ten
with a secret. Runs, each with wall and CPU seconds: cold on this machine; again with nothing changed; again with one in
twenty changed; cold on the cluster with one of its two workers killed when a quarter is judged, and a third that joins when
half is (the run fails where that one judged nothing); again there. Afterwards it
compares: both cold runs must have judged each repository and said the same of it. Exit 1 where they did not.
The last lines extrapolate to ten thousand repositories: the measured CPU of a child, and what the parent takes for each.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from checker.fleet import listing, running
from checker.fleet.judging import Row
from tests.cluster import two_workers
from tests.fake_secrets import fake
from tests.scratch import commit, git

ROOT = Path(__file__).resolve().parent.parent.parent
WORDS = ("orders", "users", "items", "carts", "teams", "notes", "plans", "rooms", "trips", "tasks")
LARGE = 10_000
Answer = dict[str, tuple[Any, ...]]


def fleet(folder: Path, count: int) -> Path:
    """Make the repositories; the list that names them."""
    makers = (_fastapi, _flask, _express)
    for number in range(count):
        repo = folder / f"service-{number:04}"
        dice = random.Random(number)
        for path, text in makers[number % 3](dice.sample(WORDS, 4), number).items():
            (repo / path).parent.mkdir(parents=True, exist_ok=True)
            (repo / path).write_text(text, "utf-8")
        if number % 10 == 7:
            (repo / "settings.py").write_text(f'TOKEN = "{fake("github-pat", number)}"\n', "utf-8")
        git(repo.resolve(), "init", "-q", "-b", "main")
        commit(repo, "first")
    listed = folder / "repos.txt"
    listed.write_text("".join(f"service-{number:04}\n" for number in range(count)), "utf-8")
    return listed


def _fastapi(names: list[str], number: int) -> dict[str, str]:
    made = {"requirements.txt": "fastapi==0.115.0\nsqlalchemy==2.0.40\n", "README.md": f"# Service {number}\n"}
    routes = []
    for name in names:
        made[f"app/routes/{name}.py"] = (
            "from fastapi import APIRouter, Depends\n\nfrom app.db import session\n\nrouter = APIRouter()\n\n\n"
            f'@router.get("/v1/{name}")\ndef list_{name}(db=Depends(session)):\n'
            f'    return db.execute("SELECT id, name_{number} FROM {name}").all()\n\n\n'
            f'@router.post("/v1/{name}")\ndef create_{name}(body: dict, db=Depends(session)):\n'
            f'    db.execute("INSERT INTO {name} (name) VALUES (:name)", body)\n    return body\n'
        )
        made[f"tests/test_{name}.py"] = (
            f"def test_{name}_{number}(client):\n    assert client.get('/v1/{name}').status_code == 200\n"
        )
        routes.append(f"from app.routes import {name}\n")
    made["app/main.py"] = (
        "from fastapi import FastAPI\n"
        + "".join(routes)
        + "\napp = FastAPI()\n"
        + "".join(f"app.include_router({name}.router)\n" for name in names)
    )
    made["app/db.py"] = f"def session():\n    yield {number}\n"
    return {**made, **_migrations(names, number)}


def _migrations(names: list[str], number: int) -> dict[str, str]:
    made = {"alembic.ini": "[alembic]\nscript_location = alembic\n", "alembic/env.py": "from alembic import context\n"}
    before = "None"
    for position, name in enumerate(names):
        made[f"alembic/versions/{position:04}_{name}.py"] = (
            f'"""{name} {number}"""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n'
            f'revision = "{number:04}{position}"\ndown_revision = {before}\n\n\ndef upgrade():\n'
            f'    op.create_table("{name}", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))\n\n\n'
            f'def downgrade():\n    op.drop_table("{name}")\n'
        )
        before = f'"{number:04}{position}"'
    return made


def _flask(names: list[str], number: int) -> dict[str, str]:
    made = {
        "requirements.txt": "flask==3.0.0\n",
        "README.md": f"# Service {number}\n",
        "openapi.yaml": _contract(names, number),
    }
    for name in names:
        made[f"service/{name}.py"] = (
            f'from flask import Blueprint, jsonify, request\n\nblueprint = Blueprint("{name}", __name__)\n\n\n'
            f'@blueprint.get("/v1/{name}")\ndef list_{name}():\n    return jsonify([{number}])\n\n\n'
            f'@blueprint.post("/v1/{name}")\ndef create_{name}():\n    return jsonify(request.get_json()), 201\n'
        )
    made["service/app.py"] = "from flask import Flask\n\n" + "".join(f"from service import {name}\n" for name in names)
    made["service/app.py"] += "\napp = Flask(__name__)\n" + "".join(
        f"app.register_blueprint({name}.blueprint)\n" for name in names
    )
    return made


def _express(names: list[str], number: int) -> dict[str, str]:
    package = {"name": f"service-{number}", "version": "1.0.0", "dependencies": {"express": "4.21.0"}}
    made = {
        "package.json": json.dumps(package),
        "README.md": f"# Service {number}\n",
        "openapi.yaml": _contract(names, number),
    }
    for name in names:
        made[f"src/{name}.ts"] = (
            f"import {{ Router }} from 'express';\n\nexport const {name} = Router();\n\n"
            f"{name}.get('/v1/{name}', (req, res) => res.json([{number}]));\n"
            f"{name}.post('/v1/{name}', (req, res) => res.status(201).json(req.body));\n"
        )
    made["src/main.ts"] = "import express from 'express';\n" + "".join(
        f"import {{ {name} }} from './{name}';\n" for name in names
    )
    made["src/main.ts"] += (
        "\nconst app = express();\n" + "".join(f"app.use({name});\n" for name in names) + "app.listen(3000);\n"
    )
    return made


def _contract(names: list[str], number: int) -> str:
    listed = {
        "responses": {"200": {"description": "all", "content": {"application/json": {"schema": {"type": "array"}}}}}
    }
    paths = {f"/v1/{name}": {"get": {"operationId": f"list_{name}", **listed}} for name in names}
    return json.dumps(
        {"openapi": "3.1.0", "info": {"title": f"Service {number}", "version": "1"}, "paths": paths}, indent=1
    )


def local(listed: Path, out: str) -> tuple[float, float, Answer]:
    """`checker fleet` as a person runs it: (wall seconds, CPU seconds of it and its children, what it said)."""
    before, started = os.times(), time.monotonic()
    argv = [
        sys.executable,
        "-P",
        "-m",
        "checker",
        "fleet",
        str(listed),
        f"--out={listed.parent / out}",
        "--format=json",
    ]
    done = subprocess.run(argv, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)})
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    rows = json.loads(done.stdout)["repositories"]
    return time.monotonic() - started, used, {row["name"]: _said(row) for row in rows}


def clustered(listed: Path, out: str, *, kills: bool) -> tuple[float, Answer]:
    """The same over a cluster of two; one worker is killed when a quarter is judged, and a third joins when half is."""
    cluster = two_workers()
    names = listing.read(listed)
    first = set(cluster.workers)

    def told(row: Row, position: int, of: int) -> None:
        if kills and position == max(of // 4, 1):
            victim = next(iter(cluster.workers.values())).process.process.pid
            os.kill(victim, signal.SIGKILL)
            print(f"    worker {victim} killed after {position} of {of}", flush=True)
        if kills and position == max(of // 2, 1):
            cluster.scale(3)
            print(f"    a third worker joins after {position} of {of}", flush=True)

    folder = listed.parent / out
    (folder / running.REPORTS).mkdir(parents=True, exist_ok=True)
    with cluster, running.on_a_cluster(cluster.scheduler_address) as workers:
        started = time.monotonic()
        tasks = running.tasks(names, listed.parent, ("--profile=static",), 600.0, 2048, executes=False)
        rows = running.run(tasks, folder, workers, told)
        took = time.monotonic() - started
        if kills:
            _joined(cluster, first)
        return took, {row.name: _said(row.model_dump()) for row in rows}


def _joined(cluster: Any, first: set[Any]) -> None:
    """What the worker that joined has judged, as it says itself; AssertionError where that is nothing."""
    import distributed

    addresses = [one.worker_address for name, one in cluster.workers.items() if name not in first]
    with distributed.Client(cluster.scheduler_address) as client:  # type: ignore[no-untyped-call] # Dask has no types
        judged = client.run(_executed, workers=addresses)
    print(f"    the worker that joined judged {sum(judged.values())}", flush=True)
    assert sum(judged.values()) > 0, "a worker that joined in the middle was given nothing"


def _executed(dask_worker: Any) -> int:
    return int(dask_worker.state.executed_count)


def _said(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("status", "code", "critical", "major", "minor", "info", "score", "unseen"))


def main() -> int:
    """0 when all runs judged all, and said the same."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repositories", type=int, default=200, metavar="N")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    asked = parser.parse_args()
    with nullcontext(asked.keep) if asked.keep else tempfile.TemporaryDirectory(prefix="fleet-") as scratch:
        return _measured(Path(scratch), asked.repositories)


def _measured(folder: Path, count: int) -> int:
    listed = folder / "repos.txt" if (folder / "repos.txt").is_file() else fleet(folder, count)
    time.sleep(2.1)  # a change fresher than two seconds is never taken for a state that is known
    cold_wall, cold_cpu, cold = local(listed, "out")
    _line("one machine, cold", cold_wall, cold_cpu, cold)
    wall, cpu, warm = local(listed, "out")
    _line("one machine, again", wall, cpu, warm, cold_wall)
    index = sum(file.stat().st_size for file in (folder / "out").rglob("*") if file.is_file())
    again = cpu
    for number in range(0, count, 20):
        (folder / f"service-{number:04}" / "README.md").write_text("# Changed\n", "utf-8")
    time.sleep(2.1)
    wall, cpu, _ = local(listed, "out")
    _line("one machine, one in twenty changed", wall, cpu, {}, cold_wall)
    wall, there = clustered(listed, "cluster", kills=True)
    _line("two workers, cold, one killed", wall, None, there)
    wall, still = clustered(listed, "cluster", kills=False)
    _line("two workers, again", wall, None, still)
    print(
        f"{LARGE} such repositories: {cold_cpu / count * LARGE / 3600:.1f} CPU hours cold ({cold_cpu / count:.2f} s each), "
        f"{again / count * LARGE:.0f} s to see that nothing changed, {index / count * LARGE / 1e6:.0f} MB of reports"
    )
    differ = [name for name in cold if not cold[name] == warm.get(name) == there.get(name) == still.get(name)]
    if len(cold) != count or differ:
        print(f"{len(cold)} of {count} judged; these differ: {differ}")
    return 0 if len(cold) == count and not differ else 1


def _line(name: str, wall: float, cpu: float | None, said: Answer, cold: float | None = None) -> None:
    used = f"{cpu:7.1f} CPU s" if cpu is not None else " " * 13
    share = f", {wall / cold:.3f} of the cold wall time" if cold else ""
    blocked = sum(one[0] == "blocked" for one in said.values())
    told = f"; {len(said)} judged, {blocked} blocked" if said else ""
    print(f"{name:<36} {wall:7.1f} s {used}{share}{told}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
