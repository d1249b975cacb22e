using System.Globalization;
using Qmtl.Client;

namespace Qmtl.Samples;

/// <summary>A result for people.</summary>
internal static class Report
{
    /// <summary>What the world says, and beside it what was measured here.</summary>
    public static string Of(SubmitResult result, TimeSpan? sinceStart)
    {
        var world = result.World;
        var lines = new List<string>
        {
            "",
            $"{result.StrategyId} in {result.WorldId}: {result.Status.ToString().ToUpperInvariant()}{(result.Duplicate ? " (was there before)" : "")}",
            $"  decision    {world.Decision?.EffectiveMode ?? "none"} ({world.Decision?.Reason ?? "the world did not answer"}), policy v{world.Decision?.PolicyVersion ?? 0}",
            $"  activation  {(world.Activation is { Active: true } ? "active" : "inactive")}, order gate {(result.OrderGate.IsOpen ? "OPEN" : "CLOSED")}",
            $"  evaluation  {world.Summary?.Status ?? "none"}, run {world.EvaluationRunId ?? "none"}",
        };
        lines.AddRange(world.ImprovementHints.Select(hint => $"  hint        {hint}"));
        if (result.Replay is { } replay)
        {
            lines.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"  measured    {replay.Bars} bars, return {replay.TotalReturn:P1}, sharpe {replay.Sharpe:0.00}, max drawdown {replay.MaxDrawdown:P1}, {replay.Trades} trades ({replay.BarsPerSecond:N0} bars/s)"));
        }

        if (sinceStart is { } seconds) lines.Add(string.Create(CultureInfo.InvariantCulture, $"  first decision {seconds.TotalSeconds:0.0} s after the start"));
        lines.Add("");
        return string.Join('\n', lines);
    }
}
