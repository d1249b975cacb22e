using System.Globalization;
using Qmtl.Cli.Shell;
using Qmtl.Runtime;

namespace Qmtl.Cli.Commands;

/// <summary>A replay's result for people.</summary>
internal static class ReplayReport
{
    private const int MostRejections = 3;

    public static void Draw(Screen screen, ReplayResult result)
    {
        screen.Line($"{result.Strategy} {string.Join(' ', result.Params.Select(parameter => $"{parameter.Key}={parameter.Value}"))}");
        screen.Fields(
            ("data", $"{string.Join(", ", result.Symbols)}, {Screen.Whole(result.Bars)} bars of {Screen.Whole(result.IntervalSeconds)} s, {result.Start} to {result.End}"),
            ("calendar", string.Create(CultureInfo.InvariantCulture, $"{result.Calendar}, {result.BarsPerYear:0.##} bars a year")),
            ("conditions", result.Conditions.ToString()),
            ("equity", string.Create(CultureInfo.InvariantCulture, $"{result.InitialCash:0.00} -> {result.FinalEquity:0.00}")),
            ("total return", Screen.Percent(result.TotalReturn)),
            ("cagr", Screen.Percent(result.Cagr)),
            ("volatility", Screen.Percent(result.VolatilityAnnual)),
            ("sharpe", Screen.Number(result.Sharpe)),
            ("sortino", Screen.Number(result.Sortino)),
            ("calmar", Screen.Number(result.Calmar)),
            ("max drawdown", Screen.Percent(result.MaxDrawdown)),
            ("trades", string.Create(CultureInfo.InvariantCulture, $"{result.Trades} closed, {result.OpenTrades} open, {result.Fills} fills")),
            ("win rate", Screen.Percent(result.WinRate)),
            ("profit factor", Screen.Number(result.ProfitFactor)),
            ("exposure", Screen.Percent(result.ExposureTime)),
            ("costs", string.Create(CultureInfo.InvariantCulture, $"{result.CommissionPaid:0.00} commission, {result.SlippagePaid:0.00} slippage")),
            ("grid", string.Create(CultureInfo.InvariantCulture, $"tick and lot {result.Grid:0e+0}, halves away from zero")),
            ("digest", result.StreamDigest),
            ("speed", string.Create(CultureInfo.InvariantCulture, $"{result.ElapsedMs:0.0} ms, {result.BarsPerSecond / 1e6:0.00} M bars/s")));
        DrawNotes(screen, result);
        if (result.RejectedOrders == 0) return;
        screen.Line($"{Screen.Whole(result.RejectedOrders)} orders refused:");
        foreach (var rejection in result.Rejections.Take(MostRejections))
            screen.Line($"  {rejection.Time} {rejection.Symbol} {Screen.Number(rejection.Quantity)}: {rejection.Reason}");
    }

    public static void Draw(Screen screen, StrategyOutputs outputs)
    {
        screen.Line($"{outputs.Strategy} {string.Join(' ', outputs.Params.Select(parameter => $"{parameter.Key}={parameter.Value}"))}");
        screen.Fields(
            ("data", $"{string.Join(", ", outputs.Symbols)}, {Screen.Whole(outputs.Bars)} bars, {outputs.Start} to {outputs.End}"),
            ("warm-up", $"{Screen.Whole(outputs.WarmupBars)} bars"),
            ("target", "none: nothing was traded"));
        screen.Table(["output", "values", "node"], outputs.Outputs.Select(output => (IReadOnlyList<string>)[output.Name, Screen.Whole(output.Present), output.NodeId]));
    }

    // What the conditions of the run made of the targets: a pair without its short leg is another strategy.
    private static void DrawNotes(Screen screen, ReplayResult result)
    {
        if (result.WarmupBars >= result.Bars) screen.Line($"No target yet: the first value needs {Screen.Whole(result.WarmupBars + 1)} bars, the data has {Screen.Whole(result.Bars)}.");
        if (result.MaxDrawdown >= 1) screen.Line("Ruined: equity fell to zero or below, and what follows means nothing. A jump in the data may be a split or another company's ticker.");
        if (result.ShortTargetsHeldFlat > 0) screen.Line($"Targets below zero held flat: {Screen.Whole(result.ShortTargetsHeldFlat)}; --short on sells short.");
        if (result.PartialTargetsHeldWhole > 0) screen.Line($"Partial weights held whole: {Screen.Whole(result.PartialTargetsHeldWhole)}; --sizing target holds them as they are.");
    }
}
