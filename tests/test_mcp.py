"""The MCP server as a coding agent meets it: the SDK's client on standard input and output, real commands behind it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from checker.proofs import keys
from tests.fake_secrets import fake
from tests.scratch import FIXTURES, commit, git, whole

ROOT = Path(__file__).resolve().parent.parent
FIVE = ["agent-2", "backend-agent", "backend-coder", "backend-developer", "backend-engineer"]
TOOLS = [
    "audit",
    "capture_command_output",
    "check_outputs",
    "explain_rule",
    "get_gate_proof_status",
    "next_step",
    "validate_against_spec",
    "validate_approval_response",
]


def at_desk(folder: Path, talk: Callable[[Client], Awaitable[None]], *options: str, **environment: str) -> None:
    """Start `checker mcp` in a folder, and talk to it."""

    async def run() -> None:
        async with client(folder, *options, **environment) as server:
            await talk(server)

    asyncio.run(run())


@asynccontextmanager
async def client(folder: Path, *options: str, **environment: str) -> AsyncIterator[Client]:
    """A client of a server of its own."""
    around = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = StdioServerParameters(
        command=sys.executable, args=["-P", "-m", "checker", "mcp", *options], env=around, cwd=folder
    )
    async with Client(command) as server:
        yield server


async def answer(server: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    done = await server.call_tool(tool, arguments)
    assert not done.is_error, done.content
    assert isinstance(done.structured_content, dict)
    return done.structured_content


async def remembered(server: Client, **arguments: Any) -> dict[str, Any]:
    """An audit that was asked for before; an answer is remembered for its minute, and that may have ended since."""
    again = await answer(server, "audit", **arguments)
    return again if again["cached"] else await answer(server, "audit", **arguments)


async def refusal(server: Client, tool: str, **arguments: Any) -> str:
    done = await server.call_tool(tool, arguments)
    assert done.is_error
    return str(getattr(done.content[0], "text", ""))


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole("broken", tmp_path_factory.mktemp("mcp") / "broken")


def test_the_tools_are_typed_and_take_nothing_else(broken: Path) -> None:
    async def talk(server: Client) -> None:
        tools = (await server.list_tools()).tools
        assert [tool.name for tool in tools] == TOOLS
        for tool in tools:
            assert tool.input_schema["additionalProperties"] is False
            assert tool.output_schema is not None
            assert "next_step" in tool.output_schema["properties"]
            assert not {"command", "force", "proof"} & set(tool.input_schema["properties"])
        said = await refusal(server, "capture_command_output", proof_type="test_output", command="true")
        assert said == "capture_command_output has no argument 'command'; it takes proof_type, path"
        assert "did you mean 'path'" in await refusal(server, "audit", paht=".")
        assert "'agent', 'gate' or 'nightly'" in await refusal(server, "audit", profile="all")

    at_desk(broken, talk)


def test_an_audit_is_short_and_says_where_the_rest_is(broken: Path) -> None:
    async def talk(server: Client) -> None:
        steps: list[str | None] = []

        async def progress(progress: float, total: float | None, message: str | None) -> None:
            steps.append(message)

        done = await server.call_tool("audit", {"standards": FIVE}, progress_callback=progress)
        found = done.structured_content
        assert isinstance(found, dict)
        assert steps[0] == "checker audit"
        assert found["status"] == "blocked"
        assert found["verdict"].startswith("BLOCKED (static; ")
        assert len(found["findings"]) == 20
        assert found["remaining"] > 0
        whole_report = json.loads(Path(found["report"]).read_bytes())
        assert len(whole_report["findings"]) == 20 + found["remaining"]
        assert found["findings"][0]["severity"] == "critical"
        assert found["findings"][0]["mend"]
        brief = await remembered(server, standards=FIVE, response_format="concise")
        assert brief["cached"]
        assert brief["findings"][0]["mend"] == ""
        assert brief["verdict"] == found["verdict"]

    time.sleep(2.1)  # a change fresher than two seconds is never taken for a state that can be remembered
    at_desk(broken, talk)


def test_what_is_remembered_is_dropped_by_any_change(broken: Path, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    shutil.copytree(broken, repo)
    time.sleep(2.1)

    async def talk(server: Client) -> None:
        first = await answer(server, "audit", only=["secrets"])
        assert not first["cached"]
        assert (await remembered(server, only=["secrets"]))["cached"]
        (repo / "notes.py").write_text(f'KEY = "{fake("github-pat")}"\n', "utf-8")
        again = await answer(server, "audit", only=["secrets"])
        assert not again["cached"]
        assert again["status"] == "blocked"
        assert not (await answer(server, "audit", only=["secrets"]))["cached"], "two seconds are not over"

    at_desk(repo, talk)


def test_an_executing_audit_is_never_remembered_and_may_be_forbidden(broken: Path) -> None:
    async def talk(server: Client) -> None:
        said = await refusal(server, "audit", profile="agent")
        assert "started with --profile static" in said
        assert "started with --profile static" in await refusal(
            server, "capture_command_output", proof_type="lint_output"
        )

    at_desk(broken, talk, "--profile", "static")


def test_a_gate_whose_audit_executes_is_no_way_around(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    marker = tmp_path / "executed"
    (repo / "main.py").write_text(f"open({str(marker)!r}, 'w').close()\nfrom fastapi import FastAPI\napp = FastAPI()\n")
    git(repo, "init", "-q", "-b", "main")
    commit(repo, "first")

    async def talk(server: Client) -> None:
        assert "started with --profile static" in await refusal(server, "get_gate_proof_status")
        step = await answer(server, "next_step")
        assert step["state"]
        assert (await answer(server, "get_gate_proof_status", gate="G5"))["decision"] == "block"

    at_desk(repo, talk, "--profile", "static")
    assert not marker.exists()


def test_odd_arguments_are_refused_in_words(broken: Path) -> None:
    async def talk(server: Client) -> None:
        assert "cannot be looked at" in await refusal(server, "audit", path="a\0b")
        assert "cannot be run" in await refusal(server, "audit", base="a\0b")
        assert "at least 1 item" in await refusal(server, "check_outputs", files=[])

    at_desk(broken, talk)


def test_refusals_are_those_of_the_command_line(broken: Path) -> None:
    async def talk(server: Client) -> None:
        assert "nowhere: no such folder" in await refusal(server, "audit", path="nowhere")
        assert "did you mean 'pagination'" in await refusal(server, "audit", only=["paginaton"])
        assert "--as KIND" in await refusal(server, "check_outputs", files=["README.md"])
        assert "unknown gate" in await refusal(server, "get_gate_proof_status", gate="G55")
        assert "did you mean 'pagination'" in await refusal(server, "explain_rule", rule="paginaton")
        page = await answer(server, "explain_rule", rule="pagination")
        assert page["page"].startswith("pagination\nEvery list is paginated")

    at_desk(broken, talk)


def test_nothing_outside_the_folder_of_the_server_is_read_or_run(broken: Path, tmp_path: Path) -> None:
    served, outside = tmp_path / "served", tmp_path / "outside"
    served.mkdir()
    outside.mkdir()
    (outside / "handoff.json").write_text("{}", "utf-8")
    (served / "link").symlink_to(outside)

    async def talk(server: Client) -> None:
        for path in ("..", "../outside", str(outside), "link", "link/../../outside"):
            for tool in ("audit", "validate_against_spec", "get_gate_proof_status", "next_step"):
                assert "lies outside" in await refusal(server, tool, path=path), (tool, path)
            said = await refusal(server, "capture_command_output", proof_type="test_output", path=path)
            assert "lies outside" in said, path
        assert "lies outside" in await refusal(server, "check_outputs", files=["link/handoff.json"])

    at_desk(served, talk)


def test_only_clear_words_are_an_approval(broken: Path) -> None:
    async def talk(server: Client) -> None:
        for text, meaning in (("ok", "ambiguous"), ("Approved.", "approved"), ("no", "rejected"), ("hm", "unknown")):
            found = await answer(server, "validate_approval_response", text=text)
            assert (found["meaning"], found["may_proceed"]) == (meaning, False)

    at_desk(broken, talk)


def test_a_cancelled_call_leaves_nothing_running(broken: Path) -> None:
    async def talk(server: Client) -> None:
        with anyio.move_on_after(0.4) as waited:
            await server.call_tool("audit", {"path": str(broken)})
        assert waited.cancelled_caught
        for _ in range(100):
            if not audits_of(broken):
                return
            await anyio.sleep(0.1)
        raise AssertionError(f"still running: {audits_of(broken)}")

    at_desk(broken.parent, talk)


def audits_of(folder: Path) -> list[str]:
    """The command lines of processes that audit a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if "-m checker audit" in line and str(folder) in line:
            found.append(line)
    return found


def test_a_whole_self_check(broken: Path, tmp_path: Path) -> None:
    """Audit, mend, audit again, prove, pass the gate: the order that the standards ask for."""
    repo, key = tmp_path / "repo", tmp_path / "agent.pem"
    shutil.copytree(FIXTURES / "proofs" / "base", repo)
    git(repo, "init", "-q", "-b", "main")
    commit(repo, "base")
    (repo / "leak.py").write_text(f'KEY = "{fake("github-pat")}"\n', "utf-8")
    keys.create(key)

    async def talk(server: Client) -> None:
        assert (await answer(server, "audit", skip=["outputs"]))["status"] == "blocked"
        (repo / "leak.py").unlink()
        step = await answer(server, "next_step", gate="G5")
        said = "record the proof build_output, which is missing; run: checker prove build_output"
        assert step["next_step"] == said, step
        for kind in ("build_output", "lint_output", "test_output"):
            proof = await answer(server, "capture_command_output", proof_type=kind)
            assert (proof["type"], proof["decision"]) == (kind, "pass"), proof
        gate = await answer(server, "get_gate_proof_status", gate="G5")
        assert (gate["decision"], gate["next_step"]) == ("pass", "gate G5 is satisfied: take the step"), gate
        with open(next(repo.glob("src/**/*.py"), repo / "app.py"), "a", encoding="utf-8") as source:
            source.write("\nADDED = 1\n")
        stale = await answer(server, "get_gate_proof_status", gate="G5")
        assert stale["decision"] == "block"
        assert any(one.startswith("test_output: stale") for one in stale["proofs"]), stale

    at_desk(repo, talk, CHECKER_SIGNING_KEY=str(key))


def under_common(repo: Path) -> None:
    """The demo's backend is judged by what needs no word of an agent; its slow tests are left out."""
    for name in ("integration", "property", "migration"):
        shutil.rmtree(repo / "tests" / name, ignore_errors=True)
    rest = (repo / "checker.toml").read_text("utf-8").partition("\n")[2]
    (repo / "checker.toml").write_text(f'standards = ["common"]\n{rest}', "utf-8")
    commit(repo, "another policy")


def mend(repo: Path) -> None:
    """What an agent does with the findings: the defects that the demo has on purpose are taken out again."""
    good, planted = FIXTURES / "repos" / "clean" / "repo", FIXTURES / "repos" / "broken" / "overlay"
    for file in (one for one in planted.rglob("*") if one.is_file()):
        (repo / file.relative_to(planted)).unlink()
        if (good / file.relative_to(planted)).is_file():
            shutil.copy(good / file.relative_to(planted), repo / file.relative_to(planted))
    for name in (FIXTURES / "repos" / "broken" / "delete.txt").read_text("utf-8").split():
        if (repo / name).parent.is_dir():
            shutil.copy(good / name, repo / name)


def test_the_demo_repository_from_the_first_audit_to_the_gate(tmp_path: Path) -> None:
    """Start, audit, mend what is named, audit, prove, gate: each step is the one that the answer before it asked for."""
    repo, key = whole("broken", tmp_path / "broken"), tmp_path / "agent.pem"
    under_common(repo)
    keys.create(key)

    async def talk(server: Client) -> None:
        stopped = await answer(server, "audit")
        assert (stopped["status"], stopped["recommendation"]) == ("blocked", "escalate"), "a migration drops a column"
        assert stopped["next_step"].startswith("stop; a person must decide this")
        assert (await answer(server, "next_step"))["next_step"] == stopped["next_step"]
        found = await answer(server, "audit", skip=["migrations"])
        first = found["findings"][0]
        assert found["next_step"].startswith(f"mend {first['where']} ({first['rule']}: {first['title']}). ")
        assert found["next_step"].endswith(f"; then run: checker audit --only {first['rule']} --skip=migrations")
        assert (repo / first["where"].partition(":")[0]).is_file()
        again = [sys.executable, "-P", "-m", "checker", "audit", "--skip=migrations", "--format", "agent"]
        done = subprocess.run(
            again, cwd=repo, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False
        )
        assert done.stdout.decode().splitlines()[-1] == f"Next: {found['next_step']}", "the same words at both doors"
        mend(repo)
        commit(repo, "mended")
        mended = await answer(server, "audit", only=[first["rule"]])
        assert mended["status"] == "ready", mended
        assert (await answer(server, "audit"))["status"] == "ready"
        for kind in ("build_output", "lint_output", "test_output"):
            step = (await answer(server, "next_step"))["next_step"]
            assert step.endswith(f"run: checker prove {kind}"), step
            proof = await answer(server, "capture_command_output", proof_type=kind)
            assert proof["decision"] == "pass", proof
        gate = await answer(server, "get_gate_proof_status")
        assert (gate["gate"], gate["decision"]) == ("handoff", "pass"), gate
        assert gate["next_step"] == "gate handoff is satisfied: take the step"

    at_desk(repo, talk, CHECKER_SIGNING_KEY=str(key))


def test_a_long_audit_says_how_far_it_is_and_can_be_called_off(tmp_path: Path) -> None:
    """The rehearsal of the demo's app takes seconds: it is called off when it has said that the app is started."""
    repo = whole("broken", tmp_path / "broken")

    async def talk(server: Client) -> None:
        said: list[str] = []
        with anyio.CancelScope() as scope:

            async def progress(progress: float, total: float | None, message: str | None) -> None:
                said.append(message or "")
                if "rehearsal" in said[-1]:
                    scope.cancel()

            await server.call_tool("audit", {"path": str(repo), "profile": "agent"}, progress_callback=progress)
        assert scope.cancelled_caught
        assert said[0] == "checker audit"
        assert "the app is started" in said[-1]
        for _ in range(200):
            if not [*audits_of(repo), *serving(repo)]:
                break
            await anyio.sleep(0.1)
        assert [*audits_of(repo), *serving(repo)] == []
        page = await answer(server, "explain_rule", rule="pagination")
        assert page["rule"] == "pagination", "the server itself goes on"

    at_desk(repo.parent, talk)


def serving(folder: Path) -> list[str]:
    """Processes that stand in a folder, or in one below it, the server of this test aside."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        try:
            place = os.readlink(entry)
        except OSError:
            continue
        if f"{place}/".startswith(f"{folder}/"):
            found.append(f"{entry.parent.name} {place}")
    return found
