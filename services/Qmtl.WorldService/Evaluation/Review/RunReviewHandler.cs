using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Bindings;
using Qmtl.WorldService.Promotion;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Evaluation.Review;

/// <summary>What people say about a run: overrides of its verdict, and failures found after it had passed.</summary>
internal sealed class RunReviewHandler(IDatabase database, WorldWriter writer)
{
    public Task<EvaluationRun> OverrideAsync(OverrideRunRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        return writer.ChangeAsync(
            request.WorldId,
            caller,
            async change =>
            {
                var row = await RunsHandler.FindAsync(change.Unit, request.WorldId, request.StrategyId, request.RunId);
                var given = OverrideRules.Read(request, caller, change.Unit.Now);
                return await ApplyAsync(change, row, given);
            },
            cancellationToken);
    }

    /// <summary>Records an override with a run. The same one again changes nothing.</summary>
    /// <exception cref="Qmtl.Identity.RefusalException">It is incomplete, or its actor may not judge this strategy.</exception>
    public static async Task<EvaluationRun> ApplyAsync(WorldChange change, RunRow row, EvaluationOverride given)
    {
        EvaluationRequestReader.CheckOverride(given);
        await CheckOwnerAsync(change, row.StrategyId, given);
        var run = row.ToMessage();
        if (OverrideRules.IsRepeat(run.Summary, given)) return run;
        run = await RunRevisions.AppendAsync(change, row, RunChanges.Override, revised => OverrideRules.Set(revised.Summary, given));
        await change.AuditAsync("run_overridden", given, run.Summary, run.Stage);
        return run;
    }

    /// <summary>Nobody approves their own strategy.</summary>
    public static async Task CheckOwnerAsync(WorldChange change, string strategyId, EvaluationOverride? given)
    {
        if (given is not { Status: "approved" }) return;
        var owner = await BindingStore.OwnerAsync(change.Unit, change.World.WorldId, strategyId);
        Persons.RequireApprover(given.Actor, owner, governance: null, strategyId);
        if (change.Caller.IsKnown) Persons.RequireApprover(change.Caller.Subject, owner, governance: null, strategyId);
    }

    public Task<ExPostFailuresResponse> AddFailureAsync(AddExPostFailureRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        var failure = ExPostRules.Check(request.Failure);
        return writer.ChangeAsync(
            request.WorldId,
            caller,
            async change =>
            {
                var row = await RunsHandler.FindAsync(change.Unit, request.WorldId, request.StrategyId, request.RunId);
                var run = row.ToMessage();
                if (ExPostRules.Complete(failure, run.ExPostFailures, caller.Subject, change.Unit.Now) is not { } added) return Respond(run);
                run = await RunRevisions.AppendAsync(change, row, RunChanges.ExPost, revised => revised.ExPostFailures.Add(added));
                await change.AuditAsync("ex_post_failure_recorded", added, null, run.Stage);
                return Respond(run);
            },
            cancellationToken);
    }

    public Task<ExPostFailuresResponse> ListFailuresAsync(ListExPostFailuresRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        return database.ReadAsync(
            async session =>
            {
                await WorldStore.GetAsync(session, request.WorldId);
                return Respond((await RunsHandler.FindAsync(session, request.WorldId, request.StrategyId, request.RunId)).ToMessage());
            },
            cancellationToken);
    }

    private static ExPostFailuresResponse Respond(EvaluationRun run) => new() { Failures = { run.ExPostFailures } };
}
