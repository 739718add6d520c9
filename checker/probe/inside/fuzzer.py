"""Runs in a process of its own: Schemathesis, imported before there is anything to ask, thinned where time is short."""

import contextlib
import gzip
import importlib
import json
import sys
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any, Dict, Set

_NEEDED = (
    "schemathesis.cli.commands.run.executor",
    "schemathesis.engine.core",
    "schemathesis.engine.run.unit",
    "schemathesis.specs.openapi.schemas",
    "schemathesis.specs.openapi.checks",
    "requests",
)

SHARES = {"positive": 1.0, "negative": 2.5, "type": 0.5}


def main() -> None:
    """`fuzzer.py FOLDER`; on stdin follows one line of JSON: `argv` of Schemathesis, and `most` cases by operation."""
    folder = Path(sys.argv[1])
    spare_the_table(folder)
    for name in _NEEDED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    line = sys.stdin.readline()
    if not line:
        return
    told = json.loads(line)
    left: Counter[str] = Counter()
    if told["most"]:
        thin(told["most"], left)
    go_unnoticed(told["agent"])
    sys.argv = ["schemathesis", *told["argv"]]
    from schemathesis.cli import schemathesis

    try:
        schemathesis()
    finally:
        (folder / "left_out.json").write_text(json.dumps(left), "utf-8")


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


def spare_the_table(folder: Path) -> None:
    """Put the table of what UTF-8 can encode where Hypothesis keeps it, which else takes a second to compute."""
    place = folder / ".hypothesis" / "unicode_data" / unicodedata.unidata_version / "codec-v2-utf-8.json.gz"
    place.parent.mkdir(parents=True)
    all_but_surrogates = [[0x0, 0xD7FF], [0xE000, sys.maxunicode]]
    with gzip.GzipFile(place, "wb", mtime=1) as file:
        file.write(json.dumps([all_but_surrogates, []]).encode())


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
