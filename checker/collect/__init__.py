"""Every collector, listed by hand so that the list can be read and searched: the type of a fact, and who makes it."""

from __future__ import annotations

from checker.registry import Registry

COLLECTORS = Registry(
    __name__,
    {
        "Api": "api:api",
        "Artefacts": "outputs.artefacts:artefacts",
        "BaseApi": "base_api:base_api",
        "BaseGraphqlApi": "graphql:base_graphql_api",
        "Blueprints": "outputs.blueprint:blueprints",
        "Changes": "changes:changes",
        "Checkpoints": "outputs.checkpoints:checkpoints",
        "ClaimLedger": "outputs.claims:claim_ledger",
        "ContractDefects": "contract_defects:contract_defects",
        "ContractFiles": "contract_files:contract_files",
        "Decisions": "decisions:decisions",
        "Envelopes": "envelopes:envelopes",
        "Figures": "outputs.evidence:figures",
        "GraphqlApi": "graphql:graphql_api",
        "Installed": "installed:installed",
        "Inventory": "inventory:inventory",
        "LandedMigrations": "landed_migrations:landed_migrations",
        "Locks": "outputs.work:locks",
        "MigrationRuns": "migration_runs:migration_runs",
        "Migrations": "migrations:migrations",
        "NewMigrations": "landed_migrations:new_migrations",
        "Outline": "outputs.flags:outline",
        "Packs": "outputs.packs:packs",
        "PastSecrets": "past_secrets:past_secrets",
        "ProofRecords": "proof_records:proof_records",
        "Queue": "outputs.work:queue",
        "Rehearsal": "rehearsal:rehearsal",
        "RouteTraces": "route_traces:route_traces",
        "RunReports": "outputs.runs:run_reports",
        "SafeMode": "outputs.flags:safe_mode_flag",
        "SecondOpinion": "second_opinion:second_opinion",
        "Secrets": "secrets:secrets",
        "Suppressions": "suppressions:suppressions",
        "TreePaths": "outputs.tree:tree_paths",
        "Underway": "rehearsal:underway",
        "WorkHistory": "outputs.work:work_history",
    },
)
