"""Every collector, listed by hand so that the list can be read and searched: the type of a fact, and who makes it."""

from __future__ import annotations

from checker.collect.api import api
from checker.collect.base_api import base_api
from checker.collect.changes import changes
from checker.collect.contract_defects import contract_defects
from checker.collect.contract_files import contract_files
from checker.collect.envelopes import envelopes
from checker.collect.facts import Collector
from checker.collect.graphql import graphql_api
from checker.collect.inventory import inventory
from checker.collect.rehearsal import rehearsal
from checker.collect.route_traces import route_traces
from checker.collect.second_opinion import second_opinion
from checker.collect.suppressions import suppressions
from checker.model.contract import Api, BaseApi, ContractDefects, ContractFiles, SecondOpinion
from checker.model.envelope import Envelopes
from checker.model.graphql import GraphqlApi
from checker.model.rehearsal import Rehearsal
from checker.model.repo import Changes, Inventory, RouteTraces, Suppressions

COLLECTORS: dict[type, Collector] = {
    Api: api,
    BaseApi: base_api,
    Changes: changes,
    ContractDefects: contract_defects,
    ContractFiles: contract_files,
    Envelopes: envelopes,
    GraphqlApi: graphql_api,
    Inventory: inventory,
    Rehearsal: rehearsal,
    RouteTraces: route_traces,
    SecondOpinion: second_opinion,
    Suppressions: suppressions,
}
