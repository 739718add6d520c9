"""No two operations of one document have the same operationId."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from checker.model.contract import Api, Operation
from checker.model.observation import Observation, Place


def operation_id_unique(api: Api) -> Iterator[Observation]:
    """One observation for each operationId: one operation bears it. The second bearer is where the defect stands.

    Source: OpenAPI 3.1 "Operation Object": the id MUST be unique among all operations, and is case-sensitive.
    """
    for contract in api.contracts:
        bearers: dict[str, list[Operation]] = defaultdict(list)
        for operation in contract.operations:
            if operation.operation_id is not None:
                bearers[operation.operation_id].append(operation)
        for name, operations in bearers.items():
            first, *others = operations
            ids = [_place(operation) for operation in (*others, first)]
            yield Observation(
                subject=f"operationId {name}",
                ok=not others,
                place=ids[0],
                message=f"operationId {name!r} names {len(operations)} operations",
                evidence=", ".join(operation.name for operation in operations),
                also=tuple(dict.fromkeys(ids[1:])),
            )


def _place(operation: Operation) -> Place:
    return Place(operation.node.path, pointer=(*operation.node.pointer, "operationId"))
