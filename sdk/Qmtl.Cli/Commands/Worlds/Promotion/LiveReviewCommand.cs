using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds.Promotion;

/// <summary>Approves or rejects a paper run.</summary>
internal sealed class LiveReviewCommand : CliCommand
{
    private readonly bool _approve;
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<string> _strategy = PromotionCommands.Strategy();
    private readonly Option<string?> _run = PromotionCommands.RunOf();
    private readonly Option<string?> _actor = PromotionCommands.Actor();
    private readonly Option<string?> _comment;

    public LiveReviewCommand(CliShell shell, bool approve)
        : base(shell, approve ? "live-approve" : "live-reject", approve ? "Approve a paper run for live." : "Reject a paper run for live.")
    {
        _approve = approve;
        _comment = new("--comment", "-m") { Description = "Why.", HelpName = "TEXT", Required = approve };
        Add(_world);
        foreach (var option in new Option[] { _strategy, _run, _comment, _actor }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var request = new PromotionReviewRequest
        {
            StrategyId = await session.StrategyAsync(run.Get(_world), run.Get(_strategy)!, _strategy.Name, cancellationToken),
            RunId = run.Get(_run) ?? "",
            Comment = run.Get(_comment) ?? "",
            Actor = PromotionCommands.ActorOf(run, _actor),
        };
        var review = await session.Client.PostAsync<PromotionReview>($"{PromotionCommands.PathOf(run.Get(_world))}/{(_approve ? "approve" : "reject")}", request, cancellationToken);
        run.Print(review, screen => screen.Line($"{review.StrategyId}, run {review.RunId}: {review.OverrideStatus} by {review.Actor}"));
        return ExitCodes.Done;
    }
}
