"""Nothing that nobody approved comes into the stack."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.change.specs import ChangeRecords
from checker.model.dependencies import (
    BaseDependencies,
    Dependencies,
    Dependency,
    Image,
    StackDocuments,
    Technologies,
    Technology,
)
from checker.model.observation import Observation
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable, Unavailable

_ASKED = ("database", "queue", "cache", "auth", "infrastructure")
_WHOLE = 0.8  # share of packages from which on a document names the libraries one by one
_PROVISIONED = {
    "database": ("db_instance", "rds_", "sql_database", "dynamodb_table", "docdb", "spanner", "cosmosdb", "search_domain"),
    "queue": ("sqs_queue", "sns_topic", "pubsub_topic", "msk_cluster", "servicebus", "mq_broker", "kinesis_stream", "eventhub"),
    "cache": ("elasticache", "redis_instance", "redis_cache", "memorydb"),
    "auth": ("cognito_user_pool", "identity_platform", "auth0_"),
}  # fmt: skip


def tech_stack(
    found: Dependencies,
    documents: StackDocuments,
    known: Technologies,
    before: BaseDependencies | NotApplicable | Unavailable,
) -> Iterator[Observation]:
    """One observation for each runtime package: the stack's document, or a decision, names it or its technology.

    A document that names most packages is taken for a whole list; of another one, only known technologies are held against it.
    """
    if not documents.stack:
        raise NotApplicable("no document names the stack (docs/TECH_STACK.md, docs/TechSpec.md)")
    direct = {one.name: one for one in found.direct if one.group == "runtime" and not _is_types(one.name)}
    named = [name for name in direct if documents.name(name, known.by_package.get(name))]
    whole = len(named) >= _WHOLE * len(direct)
    old = before.before.names if isinstance(before, BaseDependencies) else frozenset()
    for name, one in direct.items():
        technology = known.by_package.get(name)
        yield Observation(
            subject=name,
            ok=name in named,
            place=one.place,
            message=f"{name} is in no document of the stack, and no decision names it",
            evidence=f"{one.requirement}; {_said(technology)}looked in {', '.join(path for path, _ in documents.stack)}",
            confidence=None if technology else _unknown(whole=whole, new=name not in old and bool(old)),
        )


def _unknown(*, whole: bool, new: bool) -> Confidence | None:
    """A library of no known technology counts where the document lists libraries; a new one is still worth a look elsewhere."""
    if whole:
        return None if new else Confidence.MEDIUM
    return Confidence.LOW


def _is_types(name: str) -> bool:
    return name.startswith(("types-", "@types/")) or name.endswith("-stubs")


def _said(technology: Technology | None) -> str:
    return f"stands for {technology.id} ({technology.kind}); " if technology else ""


def new_infrastructure(
    found: Dependencies, before: BaseDependencies, known: Technologies, records: ChangeRecords
) -> Iterator[Observation]:
    """One observation for each database, queue, cache, auth provider or piece of infrastructure that the base does not have.

    Source: backend-coder "You must escalate to CTO when: new database, queue, cache, auth provider, or infrastructure is needed".
    """
    had = {one.id for one in _technologies(before.before, known)} | {one.name for one in before.before.images}
    seen: set[str] = set()
    for one in _brought(found):
        technology = known.by_package.get(one.name) if isinstance(one, Dependency) else known.of_image(one.name)
        kind = technology.kind if technology else _provisioned(one)
        name = technology.id if technology else one.name
        if kind not in _ASKED or name in seen:
            continue
        seen.add(name)
        words = technology.names if technology else (one.name,)
        yield Observation(
            subject=f"{kind} {name}",
            ok=name in had or records.naming(*words) is not None,
            place=one.place,
            message=f"{name} is new here ({kind}), and no decision or escalation names it",
            evidence=f"{one.path}: {one.name}",
        )


def _brought(found: Dependencies) -> Iterator[Dependency | Image]:
    yield from found.images
    yield from (one for one in found.direct if one.group == "runtime")


def _technologies(found: Dependencies, known: Technologies) -> Iterator[Technology]:
    for one in _brought(found):
        technology = known.by_package.get(one.name) if isinstance(one, Dependency) else known.of_image(one.name)
        if technology:
            yield technology


def _provisioned(one: Dependency | Image) -> str:
    """The kind of a provisioned resource, by its type's name."""
    if isinstance(one, Dependency):
        return ""
    return next((kind for kind, words in _PROVISIONED.items() if any(word in one.name for word in words)), "")
