"""The only reader of custom catalogues: rules of a repository or an organisation, from the revision whose policy rules."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from checker import toml_source
from checker.catalog import Catalog
from checker.checks import CHECKS
from checker.checks.custom import check_of
from checker.collect.data_parsed import Malformed
from checker.collect.data_text import parse
from checker.model.custom import CustomRule, CustomRules
from checker.model.observation import Check
from checker.toml_source import ConfigurationError, TomlSource, nearest

Read = Callable[[str], str | None]
Listing = Callable[[str], Sequence[str]]  # the paths of the files below a folder, in a fixed order
_LANGUAGES = {"python": ("python",), "typescript": ("typescript", "tsx"), "tsx": ("tsx",), "javascript": ("tsx",)}
_OF_A_PATTERN = frozenset("id language rule constraints utils message note severity metadata url".split())
LARGEST = 1 << 20  # bytes of one file
NONE = CustomRules({})


def load(folders: Iterable[str], listing: Listing, read: Read, known: Catalog) -> CustomRules:
    """The rules of some folders: every `.toml` right below each. ConfigurationError for what is wrong with one."""
    rules: dict[str, CustomRule] = {}
    syntax: dict[str, str] = {}
    digest = hashlib.sha256()
    for folder in folders:
        paths = [path for path in listing(folder) if path.endswith(".toml") and _right_below(folder, path)]
        if not paths:
            raise ConfigurationError(folder, None, "[rules] extra names a folder without rules (*.toml)")
        for path in paths:
            text = read(path) or ""
            digest.update(f"{path}\0{text}\0".encode("utf-8", "surrogateescape"))
            rule = _rule(toml_source.parse(path, text), known)
            if rule.id in rules:
                raise ConfigurationError(path, None, f"custom rule {rule.id!r} exists twice")
            rules[rule.id] = rule
            if rule.check.ast_grep:
                beside = f"{path.rpartition('/')[0]}/{rule.check.ast_grep}".lstrip("/")
                written = read(beside) if beside in listing(folder) else None
                if written is None:
                    raise ConfigurationError(path, None, f"there is no {rule.check.ast_grep} beside it")
                digest.update(f"{beside}\0{written}\0".encode("utf-8", "surrogateescape"))
                syntax[rule.id] = _syntax(rule.id, beside, written)
    return CustomRules(rules, digest.hexdigest() if rules else "", syntax)


def _syntax(rule: str, path: str, text: str) -> str:
    """A pattern of ast-grep under the rule's own name, and with nothing that chooses files, silences or rewrites."""
    try:
        value = parse(text).value
    except Malformed as wrong:
        raise ConfigurationError(path, wrong.line, str(wrong)) from None
    if not isinstance(value, dict) or not isinstance(value.get("rule"), dict):
        raise ConfigurationError(path, None, "no pattern of ast-grep: a mapping with `language` and `rule`")
    language = str(value.get("language", "")).lower()
    if language not in _LANGUAGES:
        raise ConfigurationError(path, None, f"language {language!r} is not one of {', '.join(sorted(_LANGUAGES))}")
    for key in value:
        if key not in _OF_A_PATTERN:
            said = "; [check] files says which" if key in ("files", "ignores") else ""
            raise ConfigurationError(path, None, f"{key!r} is not for patterns of custom rules{said}")
    kept = {key: value[key] for key in ("rule", "constraints", "utils") if key in value}
    documents = [
        {"id": f"{rule}--{grammar}", "language": grammar, "severity": "hint", **kept}
        for grammar in _LANGUAGES[language]
    ]
    return "\n---\n".join(json.dumps(one) for one in documents)


def _right_below(folder: str, path: str) -> bool:
    return "/" not in path.removeprefix(folder.rstrip("/") + "/")


def _rule(source: TomlSource, known: Catalog) -> CustomRule:
    for key in ("standing", "profiles", "subsumes", "aliases"):
        if key in source.values:
            raise source.error([key], f"{key!r} is not for custom rules")
    rule = toml_source.load(CustomRule, TomlSource(source.path, source.text, {**source.values, "standing": True}))
    if known.rule(rule.id) or rule.id in known.planned:
        raise source.error(["id"], f"rule {rule.id!r} is one of ours; a custom rule needs a name of its own")
    written = sorted({clause.id for standard in known.standards.values() for clause in standard.clauses})
    for position, clause in enumerate(rule.clauses):
        if clause not in written:
            raise source.error(["clauses", position], f"no standard has a clause {clause!r}{nearest(clause, written)}")
    return rule


def joined(known: Catalog, custom: CustomRules) -> Catalog:
    """The catalogue with custom rules beside ours, and a digest over both."""
    if not custom.rules:
        return known
    digest = hashlib.sha256(f"{known.sha256}{custom.sha256}".encode()).hexdigest()
    return replace(known, rules={**known.rules, **custom.rules}, sha256=digest)


def checks(custom: CustomRules) -> Mapping[str, Check]:
    """What decides each rule: ours, and the custom ones."""
    return _Checks({name: check_of(rule) for name, rule in custom.rules.items()}) if custom.rules else CHECKS


class _Checks(Mapping[str, Check]):
    """Custom checks before ours; ours stay unloaded until somebody asks one."""

    def __init__(self, custom: Mapping[str, Check]) -> None:
        self._custom = custom

    def __getitem__(self, name: str) -> Check:
        return self._custom[name] if name in self._custom else CHECKS[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*self._custom, *CHECKS])

    def __len__(self) -> int:
        return len(self._custom) + len(CHECKS)


def on_disk(top: Path) -> tuple[Listing, Read]:
    """How a folder that no revision holds is listed and read: regular files alone, no link followed."""

    def listing(folder: str) -> list[str]:
        place = top / folder
        if not place.is_dir() or place.resolve() != (top.resolve() / folder).absolute():  # a link, or a way out
            return []
        return sorted(
            f"{folder.rstrip('/')}/{one.name}" for one in place.iterdir() if one.is_file() and not one.is_symlink()
        )

    def read(path: str) -> str | None:
        data = (top / path).read_bytes()
        if len(data) > LARGEST:
            raise ConfigurationError(path, None, f"larger than {LARGEST >> 20} MiB, the most that is read of a rule")
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise ConfigurationError(path, None, "not UTF-8 text") from None

    return listing, read
