"""The only reader of other tools' SARIF (2.1.0, OASIS): their results as facts, never trusted further than that."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from checker.model.imported import Imported, ImportedResult
from checker.toml_source import ConfigurationError

LARGEST = 256 << 20  # bytes of one file
MOST_RESULTS = 100_000


def read(files: tuple[Path, ...], root: Path) -> Imported:
    """The results of SARIF files. ConfigurationError for one that cannot be read, or is no SARIF."""
    results: list[ImportedResult] = []
    runs: list[tuple[str, str]] = []
    for file in files:
        for run in _runs(file):
            driver = _table(_table(run.get("tool")).get("driver"))
            tool = _line(driver.get("name")) or "an unnamed tool"
            runs.append((tool, file.name))
            results.extend(_results(run, tool, _levels(driver), root.resolve()))
            if len(results) > MOST_RESULTS:
                raise ConfigurationError(
                    "--import", None, f"{file}: more than {MOST_RESULTS} results; import the changed files' alone"
                )
    return Imported(tuple(sorted(results, key=_order)), tuple(runs))


def _order(one: ImportedResult) -> tuple[str, str, tuple[int, int], str, str]:
    return one.path, one.rule, one.lines or (0, 0), one.tool, one.message


def _runs(file: Path) -> list[Mapping[str, Any]]:
    try:
        if file.stat().st_size > LARGEST:
            raise ConfigurationError("--import", None, f"{file} is larger than {LARGEST >> 20} MiB")
        value = json.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as refused:
        raise ConfigurationError("--import", None, f"{file}: {refused.strerror or refused}") from None
    except (ValueError, RecursionError) as wrong:
        raise ConfigurationError("--import", None, f"{file} is not JSON: {wrong}"[:300]) from None
    runs = value.get("runs") if isinstance(value, dict) else None
    if not isinstance(runs, list) or str(value.get("version", "")).partition(".")[0] != "2":
        raise ConfigurationError("--import", None, f"{file} is no SARIF 2.1.0: an object with `version` and `runs`")
    return [one for one in runs if isinstance(one, dict)]


def _levels(driver: Mapping[str, Any]) -> dict[str, str]:
    """The level that each rule has by default."""
    rules = driver.get("rules")
    return {
        str(one.get("id")): str(_table(one.get("defaultConfiguration")).get("level") or "warning")
        for one in (rules if isinstance(rules, list) else ())
        if isinstance(one, dict)
    }


def _results(run: Mapping[str, Any], tool: str, levels: Mapping[str, str], root: Path) -> Iterator[ImportedResult]:
    bases = _table(run.get("originalUriBaseIds"))
    found = run.get("results")
    for one in found if isinstance(found, list) else ():
        if (
            not isinstance(one, dict)
            or one.get("kind", "fail") not in ("fail", "open", "review")
            or one.get("baselineState") == "absent"
        ):
            continue
        rule = _line(one.get("ruleId") or _table(one.get("rule")).get("id")) or "an unnamed rule"
        locations = one.get("locations")
        first = (
            _table(_table(locations[0]).get("physicalLocation")) if isinstance(locations, list) and locations else {}
        )
        artifact = _table(first.get("artifactLocation"))
        said = str(artifact.get("uri") or "")
        yield ImportedResult(
            tool=tool,
            rule=rule,
            level=str(one.get("level") or levels.get(rule, "warning")),
            message=_line(_table(one.get("message")).get("text")) or rule,
            path=_inside(said, _line(_table(bases.get(str(artifact.get("uriBaseId")))).get("uri")), root),
            lines=_span(_table(first.get("region"))),
            said_path=_line(said),
            suppressed=bool(one.get("suppressions")),
        )


def _inside(uri: str, base: str, root: Path) -> str:
    """A file of the audited tree, relative to it; empty for any other place."""
    parts = urlsplit(uri)
    path = unquote(parts.path)
    if parts.scheme not in ("", "file") or parts.netloc not in ("", "localhost") or "\0" in path or not path:
        return ""
    if not path.startswith("/") and base.startswith("file:///"):
        path = posixpath.join(unquote(urlsplit(base).path), path)
    if path.startswith("/"):
        if not posixpath.normpath(path).startswith(f"{root}/"):
            return ""
        path = posixpath.relpath(posixpath.normpath(path), str(root))
    path = posixpath.normpath(path)
    if path.startswith("..") or path == ".":
        return ""
    try:
        return path if (root / path).resolve().is_relative_to(root) and (root / path).is_file() else ""
    except (OSError, RuntimeError, ValueError):
        return ""


def _span(region: Mapping[str, Any]) -> tuple[int, int] | None:
    first, last = region.get("startLine"), region.get("endLine")
    if not isinstance(first, int) or isinstance(first, bool) or first < 1:
        return None
    return (first, last) if isinstance(last, int) and last >= first else (first, first)


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _line(value: Any) -> str:
    """A text on one line, short enough for a report."""
    return " ".join(str(value).split())[:300] if isinstance(value, str) else ""
