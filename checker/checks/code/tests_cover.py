"""The tests look at more than the happy path."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.modules import CodeStructure
from checker.model.observation import Observation, Place
from checker.model.rule import Confidence
from checker.model.suites import Suites
from checker.model.unavailable import NotApplicable

_SHOWN = {
    "happy": "that a request succeeds",
    "edge": "what is refused as invalid, or is not there",
    "auth": "who is turned away",
    "tenancy": "that one tenant does not see another's",
    "performance": "how long something takes",
}
_TENANT = frozenset("tenant_id tenantId organization_id organizationId workspace_id workspaceId".split())


def tests_cover(structure: CodeStructure, suites: Suites) -> Iterator[Observation]:
    """One observation for each topic of backend-coder's "happy path, edge cases, auth, tenancy, performance".

    Tenancy is asked where a model has a tenant's column. A test speaks of a topic by what it asserts: words alone prove
    little, so nothing here is surer than medium.
    """
    if not structure.routes:
        raise NotApplicable("no source that declares a route")
    has_tenants = any(one.columns & _TENANT for one in structure.models)
    for topic, shown in _SHOWN.items():
        if topic != "tenancy" or has_tenants:
            found = suites.topics.get(topic)
            yield Observation(
                subject=f"tests of {topic}",
                ok=found is not None,
                place=Place(found or "."),
                message=f"No test shows {shown}",
                evidence=suites.unread or f"{len(suites.files)} files of tests, none of which asserts it",
                confidence=Confidence.LOW if topic == "performance" or suites.elsewhere else Confidence.MEDIUM,
            )
