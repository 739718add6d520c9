"""The only place that shows source to the syntax patterns of custom rules: one run of the engine for all of them."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from checker.collect.code.sources import Candidate, content
from checker.collect.files import Root
from checker.model.code import Language, Unjudged
from checker.model.custom import CustomMatch, CustomRules
from checker.model.repo import Inventory
from checker.probe import ast_grep

_LANGUAGES: Mapping[str, Language] = {
    "py": "python",
    **dict.fromkeys(("ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs"), "typescript"),
}
MOST = 200  # matches of one rule in one file


def in_syntax(root: Root, inventory: Inventory, custom: CustomRules, unread: list[str]) -> dict[str, list[CustomMatch]]:
    """What each syntax pattern matched, and a good word for each file where it matched nothing.

    Unavailable where the engine cannot be run, or refuses a pattern.
    """
    wanted = {name: _files(inventory, custom, name) for name in custom.syntax}
    paths = sorted({path for files in wanted.values() for path in files})
    if not paths:
        return {name: [] for name in custom.syntax}
    with tempfile.TemporaryDirectory(prefix="checker-custom-") as scratch:
        folder = Path(scratch).resolve()
        places = _shown(root, folder, paths, unread)
        rules = "\n---\n".join(custom.syntax[name] for name in sorted(custom.syntax))
        scan = ast_grep.scan(ast_grep.program(), rules, list(places), folder)
    unread += [f"{places[file]}: ast-grep broke on it" for file in scan.failed]
    hits: dict[tuple[str, str], list[ast_grep.Hit]] = defaultdict(list)
    for hit in scan.hits:
        hits[hit.rule.rpartition("--")[0], places[hit.file]].append(hit)
    readable = set(places.values()) - {places[file] for file in scan.failed}
    return {
        name: [match for path in files if path in readable for match in _matches(path, hits[name, path])]
        for name, files in wanted.items()
    }


def _files(inventory: Inventory, custom: CustomRules, name: str) -> list[str]:
    check = custom.rules[name].check
    found = inventory.matching(*check.files, roles=frozenset(check.roles))
    return [one.path for one in found if not one.symlink and one.path.rpartition(".")[2] in _LANGUAGES]


def _shown(root: Root, folder: Path, paths: Iterable[str], unread: list[str]) -> dict[str, str]:
    """Where the engine finds each file: copies in our own folder, as UTF-8 and without comments that silence it."""
    places: dict[str, str] = {}
    said: list[str | Unjudged] = []
    for number, path in enumerate(paths):
        ending = path.rpartition(".")[2]
        found = content(root, Candidate(path, _LANGUAGES[ending], None), said)
        if found is not None:
            copy = folder / f"{number}.{ending}"
            copy.write_bytes(found.data)
            places[str(copy)] = path
    unread += map(str, said)
    return places


def _matches(path: str, hits: list[ast_grep.Hit]) -> list[CustomMatch]:
    ordered = sorted(hits, key=lambda hit: hit.bytes)[:MOST]
    found = [CustomMatch(path, False, hit.lines[0], " ".join(hit.text.split())[:120]) for hit in ordered]
    return found or [CustomMatch(path, ok=True)]
