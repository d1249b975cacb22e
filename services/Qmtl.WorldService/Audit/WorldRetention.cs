using Qmtl.Storage.Retention;

namespace Qmtl.WorldService.Audit;

/// <summary>What of a world's records may go when it is old. Worlds, policies, runs, allocations and the audit stay.</summary>
public static class WorldRetention
{
    /// <summary>Registers the rules.</summary>
    public static IServiceCollection AddWorldRetention(this IServiceCollection services) => services
        .AddSingleton(new RetentionRule(
            "run_revisions",
            "Earlier revisions of evaluation runs; the latest of each run stays.",
            "ws_run_revisions",
            """
            recorded_at < @cutoff AND revision < (SELECT MAX(later.revision) FROM ws_run_revisions later
                WHERE later.world_id = ws_run_revisions.world_id AND later.strategy_id = ws_run_revisions.strategy_id AND later.run_id = ws_run_revisions.run_id)
            """))
        .AddSingleton(new RetentionRule(
            "apply_runs",
            "Applies that have ended; the newest of each world stays, any that holds a world, and any by which a strategy is live.",
            "ws_apply_runs",
            """
            updated_at < @cutoff AND phase IN ('completed', 'rolled_back')
                AND number < (SELECT MAX(later.number) FROM ws_apply_runs later WHERE later.world_id = ws_apply_runs.world_id)
                AND NOT EXISTS (SELECT 1 FROM ws_worlds world WHERE world.world_id = ws_apply_runs.world_id
                    AND (world.apply_run_id = ws_apply_runs.run_id OR world.frozen_by = ws_apply_runs.run_id))
                AND NOT EXISTS (SELECT 1 FROM ws_stages stage WHERE stage.world_id = ws_apply_runs.world_id AND stage.run_id = ws_apply_runs.run_id AND stage.stage = 'live')
            """))
        .AddSingleton(new RetentionRule(
            "apply_acknowledgements",
            "What observers confirmed of applies that are gone.",
            "ws_apply_acks",
            "acked_at < @cutoff AND NOT EXISTS (SELECT 1 FROM ws_apply_runs run WHERE run.world_id = ws_apply_acks.world_id AND run.run_id = ws_apply_acks.run_id)"))
        .AddSingleton(new RetentionRule(
            "rebalance_runs",
            "Rebalancing plans that were decided; the audit keeps their digest, and repeating such a run id counts as a new run.",
            "ws_rebalance_runs",
            "created_at < @cutoff"));
}
