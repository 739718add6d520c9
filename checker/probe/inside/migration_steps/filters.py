"""The only place that asks the filters of env.py, one object at a time, what of the schema is left out of comparing."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, List, Optional

from sqlalchemy import Column, MetaData, Table
from sqlalchemy.types import NullType

Picture = Dict[str, Any]
CONSTRAINTS = {"f": "foreign_key_constraint", "u": "unique_constraint"}


class Filters:
    """`include_object` and `include_name` as Alembic asks them, over what models and database have."""

    def __init__(self, include_object: Any, include_name: Any, metadata: Iterable[Any]) -> None:
        self._object: Optional[Callable[..., Any]] = include_object
        self._name: Optional[Callable[..., Any]] = include_name
        self._models: Dict[str, Any] = {
            "%s.%s" % (table.schema or "public", table.name): table for one in metadata for table in one.tables.values()
        }

    def left_out(self, declared: Picture, migrated: Picture) -> List[List[str]]:
        """Kind and name, as pictures have them, of the tables, columns, indexes and constraints that are passed over.

        Raises whatever a filter raises.
        """
        if self._object is None and self._name is None:
            return []
        found: List[List[str]] = []
        here = {str(one["name"]): _stand_in(migrated, str(one["name"])) for one in migrated["table"] or ()}
        for table in sorted(here.keys() | self._models.keys()):
            if not self._wanted("table", table, self._models.get(table), here.get(table), {}):
                found.append(["table", table])
                continue
            model, real = self._models.get(table), here.get(table)
            names = {one.name for side in (model, real) if side is not None for one in side.columns}
            for name in sorted(names):
                one, other = (None if side is None else side.columns.get(name) for side in (model, real))
                if not self._wanted("column", "%s.%s" % (table, name), one, other, {"table_name": table}):
                    found.append(["column", "%s.%s" % (table, name)])
            found += self._of_table(table, declared, migrated)
        return found

    def _of_table(self, table: str, declared: Picture, migrated: Picture) -> Iterable[List[str]]:
        for kind in ("index", "constraint"):
            sides = [
                {str(one["name"]): one for one in picture[kind] or () if one["table"] == table}
                for picture in (declared, migrated)
            ]
            for name in sorted(sides[0].keys() | sides[1].keys()):
                one = sides[0].get(name) or sides[1][name]
                type_name = "index" if kind == "index" else CONSTRAINTS.get(one["kind"])
                if type_name is None:
                    continue
                model, real = (_named(self._models.get(table), name) if name in side else None for side in sides)
                if not self._wanted(type_name, name, model, real, {"table_name": table}):
                    yield [kind, name]

    def _wanted(self, kind: str, name: str, model: Any, real: Any, parents: Dict[str, str]) -> bool:
        schema, _, rest = name.partition(".")
        bare = rest.rpartition(".")[2] if kind != "table" else rest
        if self._name is not None and real is not None:
            above = {"schema_name": None if schema == "public" else schema, **parents}
            above.setdefault("schema_qualified_table_name", rest if schema == "public" else name)
            if "table_name" in parents:
                above["table_name"] = parents["table_name"].partition(".")[2]
            if not self._name(bare, kind, above):
                return False
        if self._object is None:
            return True
        one = real if model is None else model
        return bool(self._object(one, bare, kind, model is None, None if model is None else real))


class _Named:
    """What a filter may ask of an index or constraint that nobody has as an object."""

    def __init__(self, name: str, table: Any) -> None:
        self.name, self.table, self.info, self.dialect_options = name, table, {}, {}  # type: ignore[var-annotated] # as SQLAlchemy has them


def _named(table: Any, name: str) -> Any:
    bare = name.rpartition(".")[2]
    known = () if table is None else (*table.indexes, *table.constraints)
    return next((one for one in known if one.name == bare), None) or _Named(bare, table)


def _stand_in(picture: Picture, name: str) -> Any:
    """A table as reflecting would give it, as far as filters ask: names, and nothing of the models' own."""
    schema, _, bare = name.partition(".")
    columns = [
        Column(str(one["name"]).rpartition(".")[2], NullType())
        for one in picture["column"] or ()
        if str(one["name"]).rpartition(".")[0] == name
    ]
    return Table(bare, MetaData(), *columns, schema=None if schema == "public" else schema)
