"""The MCP server over HTTP: for this machine, and for who holds the token."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from checker.mcp import loopback
from checker.toml_source import ConfigurationError
from tests.scratch import whole
from tests.test_mcp import ROOT, answer


def test_it_is_for_this_machine_and_who_holds_the_token(tmp_path: Path) -> None:
    repo = whole("broken", tmp_path / "broken")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = tmp_path / "token"
    command = [sys.executable, "-P", "-m", "checker", "mcp", "--http", str(port), "--token-file", str(kept)]
    server = subprocess.Popen(command, cwd=repo, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE)

    async def talk() -> None:
        bearer = {"Authorization": f"Bearer {kept.read_text('ascii')}"}
        url = f"http://127.0.0.1:{port}/mcp"
        async with (
            create_mcp_http_client(headers=bearer) as http,
            Client(streamable_http_client(url, http_client=http)) as over_http,
        ):
            page = await answer(over_http, "explain_rule", rule="pagination")
            assert page["rule"] == "pagination"

    try:
        _until_it_listens(port)
        asyncio.run(talk())
        assert kept.stat().st_mode & 0o777 == 0o600
        sent = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        token = {"Authorization": f"Bearer {kept.read_text('ascii')}"}
        for refused, headers in (
            ("401", {}),  # another user of this machine
            ("401", {"Authorization": "Bearer guessed"}),
            ("421", {"Host": "rebound.example", **token}),
            ("403", {"Origin": "http://evil.example", **token}),  # a page in the browser of whoever runs the server
        ):
            request = urllib.request.Request(f"http://127.0.0.1:{port}/mcp", b"{}", {**sent, **headers})
            with pytest.raises(urllib.error.HTTPError, match=refused):
                urllib.request.urlopen(request, timeout=10)
        with socket.socket() as probe:
            assert probe.connect_ex((_outer_address(), port)) != 0, "it listens on loopback alone"
    finally:
        server.send_signal(signal.SIGINT)
        said = server.communicate(timeout=20)[1].decode()
    assert f"http://127.0.0.1:{port}/mcp, the token in {kept}" in said


def test_a_token_that_others_can_read_is_refused(tmp_path: Path) -> None:
    kept = tmp_path / "token"
    first = loopback.token_of(kept)
    assert loopback.token_of(kept) == first
    kept.chmod(0o644)
    with pytest.raises(ConfigurationError, match="is open to others"):
        loopback.token_of(kept)
    kept.chmod(0o600)
    kept.write_text("short")
    with pytest.raises(ConfigurationError, match="holds no token"):
        loopback.token_of(kept)


def _outer_address() -> str:
    """An address of this machine other than loopback; one that nobody has where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))
        except OSError:
            return "192.0.2.1"
        return str(asked.getsockname()[0])


def _until_it_listens(port: int) -> None:
    for _ in range(200):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("nobody listens")
