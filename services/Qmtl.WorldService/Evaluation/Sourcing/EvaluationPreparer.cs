using Google.Protobuf.WellKnownTypes;
using Qmtl.Storage;
using Qmtl.WorldService.Evaluation.Augmentation;
using Qmtl.WorldService.Evaluation.Profiles;
using Qmtl.WorldService.RiskHub;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Evaluation.Sourcing;

/// <summary>Reads what an evaluation rests on and computes what can be computed before its transaction.</summary>
internal sealed class EvaluationPreparer(IDatabase database, EffectivePolicies policies, CohortStore cohorts, RiskSnapshots snapshots, TimeProvider clock)
{
    public async Task<Preparation> PrepareAsync(EvaluationCommand command, CancellationToken cancellationToken)
    {
        var (policy, portfolio, benchmark) = await database.ReadAsync(
            async session =>
            {
                var world = await WorldStore.GetAsync(session, command.WorldId);
                // Fills the copy in memory, so that the transaction that follows need not read a thousand rows.
                await cohorts.LoadAsync(session, command.WorldId, world.CohortRevision);
                return (await policies.LoadAsync(session, world, command.Stage), await PortfolioAsync(session, command.WorldId, command.Stage, cancellationToken), BenchmarkOf(world));
            },
            cancellationToken);
        return Preparing.Prepare(command, policy, portfolio, benchmark);
    }

    /// <summary>The same unless policy or strictness changed since: then what it wants is computed again, under the lock, which is rare.</summary>
    public async Task<Preparation> RefreshAsync(IUnitOfWork unit, WorldRow world, EvaluationCommand command, Preparation prepared)
    {
        var policy = await policies.LoadAsync(unit, world, command.Stage);
        return ReferenceEquals(policy, prepared.Policy) ? prepared : Preparing.Prepare(command, policy, prepared.Portfolio, prepared.Benchmark);
    }

    /// <summary>The newest fresh risk snapshot; null when there is none.</summary>
    /// <param name="stage">The stage of the run: one of stage live rests on nothing but what was live, as its monitoring does.</param>
    public async Task<PortfolioEvidence?> PortfolioAsync(ISession session, string worldId, string stage, CancellationToken cancellationToken)
    {
        if (await snapshots.LatestAsync(session, worldId, clock.GetUtcNow(), stage is StageNames.Live ? StageNames.Live : null) is not { } row) return null;
        row = await snapshots.ExpandAsync(session, row, cancellationToken);
        var weight = row.Constraints.Fields.TryGetValue("candidate_weight", out var given) && given.KindCase == Value.KindOneofCase.NumberValue && given.NumberValue is > 0 and < 1 ? given.NumberValue : (double?)null;
        return new PortfolioEvidence(row.Version, row.AsOf, row.Weights, row.Covariance, row.RealizedReturns, row.PeriodsPerYear, row.Stress, weight);
    }

    private static WorldBenchmark? BenchmarkOf(WorldRow world) => world.Extras is null ? null : WorldBenchmark.FromExtras(Json.ReadOptional<Struct>(world.Extras));
}
