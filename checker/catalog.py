"""The only reader of `rules/`: rules, standards and what binds them; refuses what it does not know."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any

from pydantic import BaseModel, ValidationError

from checker import resources, toml_source
from checker.injection import hints
from checker.model.observation import Check
from checker.model.report import NotAsked
from checker.model.rule import BoundRule, Clause, Family, Profile, Rule, Severity, Standard, Use
from checker.toml_source import ConfigurationError, TomlSource, nearest

DEFAULT_STANDARD = "common"


@dataclass(frozen=True)
class Catalog:
    """Every rule by id, every standard by name, and the digest of all that was read."""

    rules: Mapping[str, Rule]
    standards: Mapping[str, Standard]
    planned: Mapping[str, Family]  # rules that are promised by name and not written yet
    sha256: str

    def rule(self, name: str) -> Rule | None:
        """The rule of that id or alias."""
        found = self.rules.get(name)
        return found or next((rule for rule in self.rules.values() if name in rule.aliases), None)

    @property
    def names(self) -> list[str]:
        """Every name by which a rule may be called."""
        return sorted({*self.rules, *self.planned, *(alias for rule in self.rules.values() for alias in rule.aliases)})


@cache
def load() -> Catalog:
    """Read the shipped catalogue; ConfigurationError when a file of it is wrong."""
    root = resources.tree("rules")
    rules: dict[str, Rule] = {}
    for family in _sorted(root.joinpath("catalog")):
        for file in _sorted(family):
            source = _source(file, f"rules/catalog/{family.name}")
            rule = _rule(source, family.name)
            if rule.id in rules:
                raise source.error(["id"], f"rule {rule.id!r} exists twice")
            rules[rule.id] = rule
    books = [
        toml_source.load(Standard, _source(file, "rules/standards")) for file in _sorted(root.joinpath("standards"))
    ]
    planned = _source(root.joinpath("planned.toml"), "rules").values["rules"]
    catalog = Catalog(
        rules=rules,
        standards={standard.name: standard for standard in books},
        planned={name: Family(family) for name, family in planned.items()},
        sha256=_digest(root),
    )
    _refuse_unknown_uses(catalog)
    return catalog


def _source(file: Traversable, folder: str) -> TomlSource:
    return toml_source.parse(f"{folder}/{file.name}", file.read_text("utf-8"))


def _sorted(folder: Traversable) -> list[Traversable]:
    return sorted((entry for entry in folder.iterdir() if not entry.name.startswith(".")), key=lambda entry: entry.name)


def _digest(root: Traversable) -> str:
    """One sha256 over every file of the tree, names and contents, in a fixed order."""
    digest = hashlib.sha256()
    waiting = [("", root)]
    while waiting:
        name, entry = waiting.pop()
        if entry.is_dir():
            waiting.extend((f"{name}/{inner.name}", inner) for inner in reversed(_sorted(entry)))
        else:
            digest.update(f"{name}\0".encode() + entry.read_bytes() + b"\0")
    return digest.hexdigest()


def _rule(source: TomlSource, family: str) -> Rule:
    return toml_source.load(Rule, TomlSource(source.path, source.text, {"family": family, **source.values}))


def _refuse_unknown_uses(catalog: Catalog) -> None:
    for standard in catalog.standards.values():
        for clause in standard.clauses:
            for use in clause.rules:
                if use.use not in catalog.rules:
                    message = f"clause {clause.id} uses the unknown rule {use.use!r}{nearest(use.use, catalog.names)}"
                    raise ConfigurationError(f"rules/standards/{standard.name}.toml", None, message)


def params_model(check: Check) -> type[BaseModel] | None:
    """The model of a check's parameters: the type of its argument `params`, where it has one."""
    found = hints(check).get("params")
    return found if inspect.isclass(found) and issubclass(found, BaseModel) else None


@dataclass(frozen=True)
class Binding:
    """What a run's configuration says about the rules, and the file to point at when it is wrong."""

    standards: tuple[str, ...]
    params: Mapping[str, Mapping[str, Any]]
    resolve: Mapping[str, str]
    source: TomlSource


def bind(catalog: Catalog, checks: Mapping[str, Check], binding: Binding) -> tuple[BoundRule, ...]:
    """Gather the clauses of the chosen standards on their rules and settle each rule's one set of parameters.

    Raises ConfigurationError for unknown names, refused values, and standards that contradict each other unresolved.
    """
    _refuse_unknown_names(catalog, checks, binding)
    uses = list(_uses(catalog, binding.standards))
    bound = []
    for rule in sorted(catalog.rules.values(), key=lambda rule: rule.id):
        mine = [one for one in uses if one.use.use == rule.id]
        if mine or rule.standing:
            bound.append(_bound(rule, mine, binding, catalog))
        if _named(binding.params, rule):
            params = (
                bound[-1].params
                if bound and bound[-1].rule is rule
                else {**rule.params, **_named(binding.params, rule)}
            )
            _refuse_wrong_params(rule, params, checks[rule.id], binding)
    return tuple(bound)


@dataclass(frozen=True)
class _Asked:
    standard: str
    clause: Clause
    use: Use


def _uses(catalog: Catalog, names: Sequence[str]) -> Iterator[_Asked]:
    for name in names:
        for clause in catalog.standards[name].clauses:
            for use in clause.rules:
                yield _Asked(name, clause, use)


def _bound(rule: Rule, asked: Sequence[_Asked], binding: Binding, catalog: Catalog) -> BoundRule:
    chosen = (
        (clause for name in binding.standards for clause in catalog.standards[name].clauses) if rule.clauses else ()
    )
    own = {cited for clause in chosen for cited in (clause.id, *clause.cited) if cited in rule.clauses}
    cited = sorted(own.union(*(one.clause.cited for one in asked)), key=clause_order)
    severities = [one.use.severity or rule.severity for one in asked] or [rule.severity]
    return BoundRule(
        rule=rule,
        severity=min(severities, key=lambda severity: severity.rank),
        clauses=tuple(cited),
        params={**rule.params, **_asked_params(rule, asked, binding), **_named(binding.params, rule)},
    )


def _named(table: Mapping[str, Mapping[str, Any]], rule: Rule) -> Mapping[str, Any]:
    return next((table[name] for name in (rule.id, *rule.aliases) if name in table), {})


def _asked_params(rule: Rule, asked: Sequence[_Asked], binding: Binding) -> dict[str, Any]:
    """One value for each parameter; where standards differ, the one that `[resolve]` names."""
    wanted: dict[str, dict[str, Any]] = {}
    for one in asked:
        for name, value in one.use.with_.items():
            wanted.setdefault(name, {})[one.standard] = value
    return {name: _resolved(rule, name, values, binding) for name, values in wanted.items()}


def _resolved(rule: Rule, param: str, values: Mapping[str, Any], binding: Binding) -> Any:
    name = f"{rule.id}.{param}"
    for winner in (binding.resolve.get(f"{known}.{param}") for known in (rule.id, *rule.aliases)):
        if winner is not None and winner in values:
            return values[winner]
    first, *others = values.values()
    if all(other == first for other in others):
        return first
    said = " and ".join(f"{standard} asks {value!r}" for standard, value in sorted(values.items()))
    example = f'"{name}" = "{min(values)}"'
    raise binding.source.error(["standards"], f"{name}: {said}; name the winner under [resolve], for example {example}")


def _refuse_wrong_params(rule: Rule, params: Mapping[str, Any], check: Check, binding: Binding) -> None:
    model, known = params_model(check), _params_of(check)
    for name in params:
        if name not in known:
            message = f"rule {rule.id!r} has no parameter {name!r}{nearest(name, known)}"
            raise binding.source.error(["params", rule.id, name], message)
    try:
        if model is not None:
            model.model_validate(params)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        keys = ["params", rule.id, *first["loc"]]
        message = f"parameter {'.'.join(map(str, keys[1:]))}: {first['msg'].removeprefix('Value error, ')}"
        raise binding.source.error(keys, f"{message}, got {first['input']!r}") from None


def _params_of(check: Check) -> list[str]:
    model = params_model(check)
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def refuse_unknown_standards(catalog: Catalog, names: Iterable[str]) -> None:
    """ConfigurationError for a `--standard` that there is not."""
    for name in names:
        if name not in catalog.standards:
            raise ConfigurationError("--standard", None, f"unknown standard {name!r}{nearest(name, catalog.standards)}")


def _refuse_unknown_names(catalog: Catalog, checks: Mapping[str, Check], binding: Binding) -> None:
    for position, name in enumerate(binding.standards):
        if name not in catalog.standards:
            message = f"unknown standard {name!r}{nearest(name, catalog.standards)}"
            raise binding.source.error(["standards", position], message)
    for name in binding.params:
        if name not in catalog.names:
            raise binding.source.error(["params", name], f"unknown rule {name!r}{nearest(name, catalog.names)}")
        if catalog.rule(name) is None:
            raise binding.source.error(["params", name], f"rule {name!r} is planned and takes no parameters yet")
    for name, winner in binding.resolve.items():
        rule, _, param = name.partition(".")
        if rule not in catalog.names:
            raise binding.source.error(["resolve", name], f"unknown rule in {name!r}{nearest(name, catalog.names)}")
        known = catalog.rule(rule)
        if known is not None and param not in _params_of(checks[known.id]):
            message = f"rule {known.id!r} has no parameter {param!r}{nearest(param, _params_of(checks[known.id]))}"
            raise binding.source.error(["resolve", name], message)
        if winner not in catalog.standards:
            message = f"unknown standard {winner!r}{nearest(winner, catalog.standards)}"
            raise binding.source.error(["resolve", name], message)


def clause_order(clause: str) -> tuple[str, int]:
    """Clauses in the order of their documents: 2.9 before 2.10."""
    standard, _, number = clause.partition(".")
    return standard, int(number)


def selected(
    bound: Iterable[BoundRule], catalog: Catalog, only: Sequence[str], skip: Sequence[str]
) -> tuple[tuple[BoundRule, ...], tuple[NotAsked, ...]]:
    """Split the bound rules by `--only` and `--skip`: those asked, and those not, with the reason.

    Names are families or rules, exact. Raises ConfigurationError for a name that is neither.
    """
    only, skip = _canonical(only, "--only", catalog), _canonical(skip, "--skip", catalog)
    unwritten = [name for name in only if name in catalog.planned and name not in catalog.rules]
    if unwritten:
        raise ConfigurationError("--only", None, f"rule {unwritten[0]!r} is planned and cannot be asked yet")
    asked, left = [], []
    for one in bound:
        names = {one.id, one.rule.family.value}
        if only and not names & set(only):
            left.append(not_asked(one, "not named by --only"))
        elif names & set(skip):
            left.append(not_asked(one, f"--skip {min(names & set(skip))}"))
        else:
            asked.append(one)
    return tuple(asked), tuple(left)


def not_asked(bound: BoundRule, reason: str, profile: Profile | None = None) -> NotAsked:
    """What the report says of a rule that a run leaves out."""
    return NotAsked(rule=bound.id, category=bound.rule.family, profile=profile, reason=reason)


def _canonical(names: Sequence[str], option: str, catalog: Catalog) -> list[str]:
    families = [family.value for family in Family]
    canonical = []
    for name in names:
        rule = catalog.rule(name)
        if rule is None and name not in families and name not in catalog.planned:
            known = [*families, *catalog.names]
            raise ConfigurationError(option, None, f"no rule or family {name!r}{nearest(name, known)}")
        canonical.append(rule.id if rule else name)
    return canonical


def gravest(severities: Iterable[Severity]) -> Severity:
    """The gravest of some severities."""
    return min(severities, key=lambda severity: severity.rank)
