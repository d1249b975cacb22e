using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Promotion;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Campaigns;

/// <summary>Tells where the strategies of a world stand, what to do next, and does the part of it that evaluates.</summary>
internal sealed class CampaignHandler(IDatabase database, WorldWriter writer, PolicyStore policies, EvaluationHandler evaluation, TimeProvider clock)
{
    private const int DefaultLeaseSeconds = 300;
    private const int LongestLeaseSeconds = 86_400;
    private const int HolderLength = 200;

    public async Task<CampaignStatus> GetStatusAsync(CampaignRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        var view = await database.ReadAsync(session => LoadAsync(session, request.WorldId, request.StrategyId), cancellationToken);
        var status = new CampaignStatus { WorldId = request.WorldId, GeneratedAt = Timestamp.FromDateTimeOffset(clock.GetUtcNow()), Config = CampaignMessages.Config(view.Terms) };
        status.Strategies.Add(view.Standings.Select(CampaignMessages.Strategy));
        return status;
    }

    public async Task<CampaignTick> TickAsync(CampaignRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        var now = clock.GetUtcNow();
        var view = await database.ReadAsync(session => LoadAsync(session, request.WorldId, request.StrategyId), cancellationToken);
        var tick = new CampaignTick { SchemaVersion = CampaignMessages.SchemaVersion, WorldId = request.WorldId, GeneratedAt = Timestamp.FromDateTimeOffset(now) };
        tick.Actions.Add(view.Steps(now).Select(step => CampaignMessages.Action(request.WorldId, step)));
        return tick;
    }

    public async Task<CampaignExecution> ExecuteAsync(ExecuteCampaignRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        var now = clock.GetUtcNow();
        var (steps, taken) = await database.ReadAsync(
            async session =>
            {
                if (await CampaignStore.LeaseAsync(session, request.WorldId) is { } lease && lease.Excludes(request.LeaseHolder, now)) throw Held(request.WorldId, lease);
                var view = await LoadAsync(session, request.WorldId, request.StrategyId);
                return (view.Steps(now), await CampaignStore.TakenAsync(session, request.WorldId, request.StrategyId));
            },
            cancellationToken);

        var execution = new CampaignExecution
        {
            SchemaVersion = CampaignMessages.SchemaVersion,
            WorldId = request.WorldId,
            ExecutedAt = Timestamp.FromDateTimeOffset(now),
            DryRun = !request.Evaluate,
        };
        foreach (var step in steps) execution.Steps.Add(await TakeAsync(request, step, taken, caller, cancellationToken));
        return execution;
    }

    public async Task<CampaignLease> LeaseAsync(LeaseCampaignRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        CheckHolder(request.Holder);
        var seconds = request.TtlSec == 0 ? DefaultLeaseSeconds : request.TtlSec;
        if (seconds is < 1 or > LongestLeaseSeconds) throw Refuse.Field("/ttl_sec", $"must be 1 to {LongestLeaseSeconds} seconds, was {request.TtlSec}");
        return await writer.ChangeAsync(
            request.WorldId,
            caller,
            async change =>
            {
                var now = change.Unit.Now;
                var before = await CampaignStore.LeaseAsync(change.Unit, request.WorldId);
                if (before?.Excludes(request.Holder, now) == true) throw Held(request.WorldId, before);
                var lease = new CampaignLease { WorldId = request.WorldId, Holder = request.Holder, ExpiresAt = Timestamp.FromDateTimeOffset(now.AddSeconds(seconds)) };
                await CampaignStore.SaveLeaseAsync(change.Unit, request.WorldId, request.Holder, now.AddSeconds(seconds));

                // A loop renews every few minutes for months: who took it is worth an entry, that he kept it is not.
                if (before is null || !string.Equals(before.Holder, request.Holder, StringComparison.Ordinal)) await change.AuditAsync("campaign_leased", request, lease);
                return lease;
            },
            cancellationToken);
    }

    public async Task<Empty> ReleaseAsync(ReleaseCampaignRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        CheckHolder(request.Holder);
        await writer.ChangeAsync(
            request.WorldId,
            caller,
            async change =>
            {
                var released = await CampaignStore.ReleaseAsync(change.Unit, request.WorldId, request.Holder);
                if (released) await change.AuditAsync("campaign_released", request, null);
                return released;
            },
            cancellationToken);
        return new Empty();
    }

    private async Task<CampaignStep> TakeAsync(
        ExecuteCampaignRequest request, CampaignStepPlan step, IReadOnlySet<string> taken, Caller caller, CancellationToken cancellationToken)
    {
        var result = new CampaignStep { Action = CampaignMessages.Action(request.WorldId, step), Outcome = "skipped" };
        if (step.Action is not CampaignActions.Evaluate) result.Reason = step.Action is CampaignActions.AutoApply ? "live_step" : step.Requires is [var first, ..] ? first : step.Reason;
        else if (taken.Contains(step.Key)) result.Reason = "already_executed";
        else if (!request.Evaluate) result.Outcome = "dry_run";
        else await EvaluateAsync(request.WorldId, step, result, caller, cancellationToken);
        return result;
    }

    /// <summary>Evaluates, then remembers the step. A crash in between repeats a run under its own id, which counts once.</summary>
    private async Task EvaluateAsync(string worldId, CampaignStepPlan step, CampaignStep result, Caller caller, CancellationToken cancellationToken)
    {
        try
        {
            await evaluation.EvaluateAsync(new EvaluateRequest { WorldId = worldId, StrategyId = step.StrategyId, RunId = step.RunId, Stage = step.Stage }, caller, cancellationToken);
        }
        catch (RefusalException refusal)
        {
            // The others of the world go on: a strategy without metrics must not hold up the rest.
            (result.Outcome, result.Reason, result.Message) = ("failed", refusal.Code.Code, refusal.Message);
            return;
        }

        await writer.ChangeAsync(
            worldId,
            caller,
            async change =>
            {
                var news = await CampaignStore.TakeAsync(change.Unit, worldId, step, caller.Subject);
                if (news) await change.AuditAsync("campaign_step_executed", result.Action, null, step.Stage);
                return news;
            },
            cancellationToken);
        result.Outcome = "executed";
    }

    private async Task<CampaignView> LoadAsync(ISession session, string worldId, string strategyId)
    {
        var world = await WorldStore.GetAsync(session, worldId);
        var policy = await policies.FindDefaultAsync(session, world);
        var terms = CampaignTerms.Of(policy);
        var facts = await CampaignStore.LoadAsync(session, worldId, strategyId);
        return new CampaignView(world, PromotionModes.Of(policy?.Governance), terms, [.. facts.Select(fact => CampaignRules.Stand(fact, terms))]);
    }

    private static void CheckHolder(string holder)
    {
        if (string.IsNullOrWhiteSpace(holder) || holder.Length > HolderLength) throw Refuse.Field("/holder", $"must name who holds the lease, in 1 to {HolderLength} characters");
    }

    private static RefusalException Held(string worldId, LeaseRow lease) => new(
        ReasonCodes.LeaseHeld,
        $"The campaign of world '{worldId}' is run by {lease.Holder} until {lease.ExpiresAt:u}. Stop that loop, or wait until its lease ends.",
        metadata: new Dictionary<string, string>(StringComparer.Ordinal) { ["holder"] = lease.Holder, ["expires_at"] = lease.ExpiresAt.ToString("O", System.Globalization.CultureInfo.InvariantCulture) });

    private sealed record CampaignView(WorldRow World, string Mode, CampaignTerms Terms, IReadOnlyList<CampaignStanding> Standings)
    {
        public IReadOnlyList<CampaignStepPlan> Steps(DateTimeOffset now) => [.. Standings.Select(standing => CampaignSteps.Next(World.WorldId, standing, Mode, World.AllowLive, now))];
    }
}
