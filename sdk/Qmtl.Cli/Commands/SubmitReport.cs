using Qmtl.Cli.Shell;
using Qmtl.Client;
using Qmtl.Identity;
using Qmtl.Runtime;

namespace Qmtl.Cli.Commands;

/// <summary>A submission's result for people: the world's word first, the own measurement last.</summary>
internal static class SubmitReport
{
    private static readonly string[] Headline = ["sharpe", "max_dd", "winrate", "profit_factor", "total_return", "trades"];

    public static void Draw(Screen screen, SubmitResult result)
    {
        screen.Line($"{result.StrategyId}: {result.Status.ToString().ToLowerInvariant()} in {result.WorldId}{(result.Duplicate ? " (was there before)" : "")}");
        screen.Fields(
            ("order gate", $"{result.OrderGate.Gate.ToToken()} ({result.OrderGate.Reason.ToToken()})"),
            ("safe mode", result.SafeMode ? $"on{(result.DowngradeReason is { } reason ? $" ({reason})" : "")}" : null));
        DrawVerdict(screen, result);
        DrawAllocation(screen, result);
        DrawPrecheck(screen, result.Precheck);
        if (result.Sharing is { } sharing) DrawSharing(screen, sharing);
    }

    private static void DrawSharing(Screen screen, SharingReport sharing)
    {
        screen.Heading("Shared compute");
        screen.Fields(
            ("nodes", $"{Screen.Whole(sharing.Nodes)}: {Screen.Whole(sharing.NodesComputed)} computed here, {Screen.Whole(sharing.NodesRead)} read, {Screen.Whole(sharing.NodesPublished)} published"),
            ("evaluations saved", $"{Screen.Whole(sharing.EvaluationsSaved)} ({Screen.Percent(sharing.ReuseRatio)})"),
            ("taken over", sharing.NodesTakenOver > 0 ? Screen.Whole(sharing.NodesTakenOver) : null));
        foreach (var reason in sharing.Fallbacks) screen.Line($"  - not shared: {reason}");
    }

    private static void DrawVerdict(Screen screen, SubmitResult result)
    {
        var world = result.World;
        screen.Heading("WorldService decision (authoritative)");
        screen.Fields(
            ("mode", world.Decision?.EffectiveMode),
            ("because", world.Decision?.Reason),
            ("policy version", world.Decision is { } decision ? Screen.Whole(decision.PolicyVersion) : null),
            ("evaluation run", world.EvaluationRunId),
            ("evaluation", world.Summary?.Status),
            ("not selected because", result.Status == SubmitStatus.Rejected ? world.Summary?.Reason : null),
            ("rank", world.Summary?.Rank is { } rank ? Screen.Whole(rank) : null),
            ("weight", Screen.Percent(world.Summary?.Weight)),
            ("contribution", Screen.Percent(world.Summary?.Contribution)));
        foreach (var violation in world.ThresholdViolations) screen.Line($"  - {violation.Message}");
    }

    private static void DrawAllocation(Screen screen, SubmitResult result)
    {
        screen.Heading("World allocation snapshot (applied)");
        if (result.World.Allocation is not { } allocation)
        {
            screen.Line($"  none yet; see: qmtl world allocations -w {result.WorldId}");
            return;
        }

        screen.Fields(
            ("share of equity", Screen.Percent(allocation.Allocation)),
            ("run", allocation.RunId),
            ("updated", allocation.UpdatedAt?.ToDateTimeOffset().ToString("u")),
            ("note", allocation.Stale ? $"old; refresh with: qmtl world allocations -w {result.WorldId}" : null));
    }

    private static void DrawPrecheck(Screen screen, PrecheckReport precheck)
    {
        screen.Heading("Local pre-check (advisory)");
        screen.Fields(Headline.Select(name => (name, Screen.Number(precheck.Metrics.TryGetValue(name, out var value) ? value : null)))
            .Prepend(("returns", $"{precheck.ReturnsSource}{(precheck.Problem is { } problem ? $" ({problem})" : "")}")));
        foreach (var hint in precheck.ImprovementHints) screen.Line($"  - {hint}");
    }
}
