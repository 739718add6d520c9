"""Runs in a process of its own: Schemathesis, imported before there is anything to ask, thinned where time is short."""

import contextlib
import ctypes
import gc
import gzip
import importlib
import json
import os
import signal
import sys
import traceback
import unicodedata
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Any, Dict, List, Optional, Set, Tuple

_NEEDED = (
    "schemathesis.cli.commands.run.executor",
    "schemathesis.engine.core",
    "schemathesis.engine.run.unit",
    "schemathesis.specs.openapi.schemas",
    "schemathesis.specs.openapi.checks",
    "schemathesis.specs.openapi.coverage._operation",
    "schemathesis.specs.openapi.auth_inference",
    "schemathesis.specs.openapi.auth_flow.detection",
    "schemathesis.specs.openapi.object_authorization",
    "schemathesis.specs.openapi._ordering",
    "schemathesis.python._constants.warnings",
    "schemathesis.engine.run.analysis",
    "schemathesis.engine.run.stateful",
    "schemathesis.transport.asgi",
    "schemathesis.transport.wsgi",
    "hypothesis.strategies._internal.flatmapped",
    "hypothesis.strategies._internal.random",
    "hypothesis.strategies._internal.regex",
    "rich._unicode_data.unicode17-0-0",
    "rich.console",
    "rich.live",
    "rich.progress",
    "rich.table",
    "requests",
)

PDEATHSIG = 1
SHARES = {"positive": 1.0, "negative": 2.5, "type": 0.5}


def main() -> None:
    """`fuzzer.py FOLDER`; on stdin follows a line of JSON for each run: a `folder` of its own, `argv` of Schemathesis,
    `most` cases by operation. What a run's process ended with stands in `code` in its folder.
    """
    spare_the_tables(Path(sys.argv[1]))
    for name in _NEEDED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    with contextlib.suppress(Exception):
        importlib.import_module("hypothesis.internal.charmap").charmap()
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in iter(sys.stdin.readline, ""):
        if os.fork() == 0:
            attend(json.loads(line))


def attend(told: Dict[str, Any]) -> None:
    """Have a run in a process of its own, and say how that ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    end_with_parent()
    child = os.fork()
    if child == 0:
        end_with_parent()
        ask(told)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    part = Path(told["folder"], "code.part")
    part.write_text(str(os.waitstatus_to_exitcode(status)), "utf-8")
    part.rename(part.with_suffix(""))
    os._exit(0)


def end_with_parent() -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PDEATHSIG, signal.SIGKILL)


def ask(told: Dict[str, Any]) -> None:
    """One run of Schemathesis; the end of this process is the end of it."""
    os.chdir(told["folder"])
    output = os.open("out.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(output, stream)
    left: Counter[str] = Counter()
    if told["most"]:
        thin(told["most"], left)
    go_unnoticed(told["agent"])
    sys.argv = ["schemathesis", *told["argv"]]
    from schemathesis.cli import schemathesis

    try:
        schemathesis()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
        code = 1
    else:
        code = 0
    Path("left_out.json").write_text(json.dumps(left), "utf-8")
    for stream_of in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream_of.flush()
    os._exit(code)


def go_unnoticed(agent: str) -> None:
    """Send no header that says who asks: an app that behaves better when it is tested is not what its users get."""
    from requests.adapters import HTTPAdapter

    plain = HTTPAdapter.send

    def send(self: Any, request: Any, *how: Any, **more: Any) -> Any:
        request.headers.pop("X-Schemathesis-TestCaseId", None)
        if "schemathesis" in str(request.headers.get("User-Agent", "")).lower():
            request.headers["User-Agent"] = agent
        return plain(self, request, *how, **more)

    HTTPAdapter.send = send  # type: ignore[method-assign] # in this child alone, which sends nothing else


def spare_the_tables(folder: Path) -> None:
    """Put the tables of Unicode where Hypothesis keeps them, which else takes each run a second to compute."""
    place = folder / ".hypothesis" / "unicode_data" / unicodedata.unidata_version
    place.mkdir(parents=True)
    all_but_surrogates = [[0x0, 0xD7FF], [0xE000, sys.maxunicode]]
    for name, table in (("codec-v2-utf-8", [all_but_surrogates, []]), ("charmap", sorted(categories().items()))):
        with gzip.GzipFile(place / f"{name}.json.gz", "wb", compresslevel=1, mtime=1) as file:
            file.write(json.dumps(table).encode())


def categories() -> Dict[str, List[Tuple[int, int]]]:
    """The ranges of characters of each category, in half the time that asking one by one takes."""
    found: Dict[str, List[Tuple[int, int]]] = {}
    at = 0
    for category, same in groupby(map(unicodedata.category, map(chr, range(sys.maxunicode + 1)))):
        count = len(list(same))
        found.setdefault(category, []).append((at, at + count - 1))
        at += count
    return found


def is_number(location: Optional[str], body: Any) -> bool:
    """Whether the value below a pointer into the body's schema is a number; most frameworks make a text of both it and
    false, of which the number is mostly too short, and an integer of false alone."""
    parts = (location or "").split("/")[1:-1]
    while parts and isinstance(body, (dict, list)):
        word = parts.pop(0)
        if word == "properties" and parts and isinstance(body, dict):
            body = body.get(parts.pop(0))
        elif word == "items" and body and isinstance(body, list):
            body = body[0]
        else:
            return False
    return isinstance(body, (int, float)) and not isinstance(body, bool)


def thin(most: Dict[str, int], left: Counter[str]) -> None:
    """Keep one case of each kind for each place, and so many valid ones of one operation.

    Of values of a wrong type, which most frameworks refuse all alike, half as many; of other invalid ones more.
    """
    import schemathesis

    seen: Set[Any] = set()
    kept: Counter[Any] = Counter()

    @schemathesis.hook
    def filter_case(context: Any, case: Any) -> bool:
        meta = case.meta
        if meta is None or meta.phase.name.value != "coverage":
            return True
        label, data = case.operation.label, meta.phase.data
        mode, scenario = meta.generation.mode.value, data.scenario.value
        place = data.location if mode == "negative" else data.description
        if scenario == "incorrect_type" and is_number(data.location, case.body):
            left["a number where another type is asked: false is tried, which more frameworks let through"] += 1
            return False
        kind = (label, mode, scenario, place, data.parameter, data.parameter_location)
        if kind in seen:
            left["a value of a kind already tried in its place"] += 1
            return False
        seen.add(kind)
        group = "type" if scenario == "incorrect_type" else mode
        if kept[label, group] >= most.get(label, most[""]) * SHARES[group]:
            left["more of one operation than this profile has time for"] += 1
            return False
        kept[label, group] += 1
        return True


main()
