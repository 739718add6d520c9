"""Every collector, listed by hand so that the list can be read and searched: the type of a fact, and who makes it."""

from __future__ import annotations

from checker.collect.api import api
from checker.collect.base_api import base_api
from checker.collect.changes import changes
from checker.collect.contract_defects import contract_defects
from checker.collect.contract_files import contract_files
from checker.collect.decisions import decisions
from checker.collect.envelopes import envelopes
from checker.collect.facts import Collector
from checker.collect.graphql import base_graphql_api, graphql_api
from checker.collect.inventory import inventory
from checker.collect.landed_migrations import landed_migrations, new_migrations
from checker.collect.migration_runs import migration_runs
from checker.collect.migrations import migrations
from checker.collect.outputs.artefacts import artefacts
from checker.collect.outputs.blueprint import blueprints
from checker.collect.outputs.checkpoints import checkpoints
from checker.collect.outputs.claims import claim_ledger
from checker.collect.outputs.evidence import figures
from checker.collect.outputs.flags import outline, safe_mode_flag
from checker.collect.outputs.packs import packs
from checker.collect.outputs.runs import run_reports
from checker.collect.outputs.tree import tree_paths
from checker.collect.outputs.work import locks, queue, work_history
from checker.collect.past_secrets import past_secrets
from checker.collect.proof_records import proof_records
from checker.collect.rehearsal import rehearsal
from checker.collect.route_traces import route_traces
from checker.collect.second_opinion import second_opinion
from checker.collect.secrets import secrets
from checker.collect.suppressions import suppressions
from checker.model.contract import Api, BaseApi, ContractDefects, ContractFiles, SecondOpinion
from checker.model.decisions import Decisions
from checker.model.envelope import Envelopes
from checker.model.graphql import BaseGraphqlApi, GraphqlApi
from checker.model.migration_run import MigrationRuns
from checker.model.migrations import LandedMigrations, Migrations, NewMigrations
from checker.model.outputs.approval import Checkpoints
from checker.model.outputs.artefact import Artefacts, TreePaths
from checker.model.outputs.blueprint import Blueprints
from checker.model.outputs.evidence import ClaimLedger, Figures
from checker.model.outputs.flags import Outline, SafeMode
from checker.model.outputs.runs import Packs, RunReports
from checker.model.outputs.work import Locks, Queue, WorkHistory
from checker.model.proof_records import ProofRecords
from checker.model.rehearsal import Rehearsal
from checker.model.repo import Changes, Inventory, RouteTraces, Suppressions
from checker.model.secrets import PastSecrets, Secrets

COLLECTORS: dict[type, Collector] = {
    Api: api,
    Artefacts: artefacts,
    BaseApi: base_api,
    BaseGraphqlApi: base_graphql_api,
    Blueprints: blueprints,
    Changes: changes,
    Checkpoints: checkpoints,
    ClaimLedger: claim_ledger,
    ContractDefects: contract_defects,
    ContractFiles: contract_files,
    Decisions: decisions,
    Envelopes: envelopes,
    Figures: figures,
    GraphqlApi: graphql_api,
    Inventory: inventory,
    LandedMigrations: landed_migrations,
    Locks: locks,
    MigrationRuns: migration_runs,
    Migrations: migrations,
    NewMigrations: new_migrations,
    Outline: outline,
    Packs: packs,
    PastSecrets: past_secrets,
    ProofRecords: proof_records,
    Queue: queue,
    Rehearsal: rehearsal,
    RouteTraces: route_traces,
    RunReports: run_reports,
    SafeMode: safe_mode_flag,
    SecondOpinion: second_opinion,
    Secrets: secrets,
    Suppressions: suppressions,
    TreePaths: tree_paths,
    WorkHistory: work_history,
}
