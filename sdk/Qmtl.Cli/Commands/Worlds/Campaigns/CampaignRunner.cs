using Qmtl.Client;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds.Campaigns;

/// <summary>Takes the steps of a campaign that somebody asked for.</summary>
/// <param name="Gateway">Where to.</param>
/// <param name="World">The world's id.</param>
/// <param name="Strategy">Only this strategy; empty means all.</param>
/// <param name="Evaluate">Whether to take the steps that evaluate.</param>
/// <param name="Live">Whether to take those that go live, where the policy promotes by itself.</param>
internal sealed record CampaignRunner(GatewayClient Gateway, string World, string Strategy, bool Evaluate, bool Live)
{
    /// <summary>The step that goes live.</summary>
    public const string ToLive = "auto_apply_live";

    /// <summary>Takes them once.</summary>
    public async Task<CampaignExecution> RunAsync(string leaseHolder, CancellationToken cancellationToken)
    {
        var path = WorldCommands.PathOf(World);
        var request = new ExecuteCampaignRequest { StrategyId = Strategy, Evaluate = Evaluate, LeaseHolder = leaseHolder };
        var execution = await Gateway.PostAsync<CampaignExecution>($"{path}/campaign/execute", request, cancellationToken);
        if (!Live) return execution;
        execution.DryRun = false;
        foreach (var step in execution.Steps.Where(step => step.Action.Action is ToLive)) await PromoteAsync(path, step, cancellationToken);
        return execution;
    }

    private async Task PromoteAsync(string path, CampaignStep step, CancellationToken cancellationToken)
    {
        try
        {
            var result = await Gateway.PostLiveAsync<PromotionResult>($"{path}/promotions/live/auto-apply", new PromotionAutoApplyRequest { StrategyId = step.Action.StrategyId }, cancellationToken);
            (step.Outcome, step.Reason) = (result.Applied ? "executed" : "skipped", result.Reason);
        }
        catch (RefusalException refusal) when (refusal.Code.Code != ReasonCodes.Unavailable.Code)
        {
            (step.Outcome, step.Reason, step.Message) = ("failed", refusal.Code.Code, refusal.Message);
        }
    }
}
