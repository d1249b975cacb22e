using Qmtl.Data;
using Qmtl.Identity;
using Qmtl.Statistics;
using Qmtl.Strategies;

namespace Qmtl.Client;

/// <summary>Returns, when each was earned, and where they come from.</summary>
/// <param name="Values">Returns, one a bar, as fractions; NaN where a bar has none.</param>
/// <param name="Times">Epoch seconds of each.</param>
/// <param name="Source"><c>explicit</c>, <c>strategy.returns</c>, <c>strategy.equity</c>, <c>strategy.pnl</c> or <c>auto:&lt;node&gt;.&lt;field&gt;</c>.</param>
internal sealed record StatedReturns(double[] Values, long[] Times, string Source);

/// <summary>Finds the returns that a submission states, in a fixed order: given ones, the strategy's returns, equity, profit, and a price on request.</summary>
internal sealed class ReturnsSource(Strategy strategy, StrategyGraph graph, MarketData data, SubmitOptions options)
{
    private const long Second = BarTime.NanosecondsPerSecond;

    /// <summary>How the stated returns are found; null when none are stated, and the replay's count. Nothing is computed before it is called.</summary>
    /// <exception cref="RefusalException">What is stated cannot be used; the message names it.</exception>
    public Func<StatedReturns>? Find() =>
        Listed(options.Returns, "/returns", "explicit", static values => values)
        ?? Listed(strategy.Returns, "/strategy/returns", "strategy.returns", static values => values)
        ?? Computed("returns", static values => values)
        ?? Listed(strategy.Equity, "/strategy/equity", "strategy.equity", OfEquity)
        ?? Computed("equity", OfEquity)
        ?? Listed(strategy.Pnl, "/strategy/pnl", "strategy.pnl", OfProfits)
        ?? Computed("pnl", OfProfits)
        ?? (options.AutoReturns is { } auto ? OfPrice(auto) : null);

    /// <summary>A list ends at the last bar, whatever its length.</summary>
    private Func<StatedReturns>? Listed(IReadOnlyList<double>? stated, string pointer, string source, Func<double[], double[]> convert)
    {
        if (stated is null) return null;
        for (var i = 0; i < stated.Count; i++)
        {
            if (!double.IsFinite(stated[i])) throw RefusalException.At(ReasonCodes.InvalidArgument, $"{pointer}/{i}", $"{source}: value {i} is not a finite number; leave it out or correct it.");
        }

        var values = convert([.. stated]);
        var end = data.Times[^1] / Second;
        var listed = new StatedReturns(values, [.. values.Select((_, i) => end - ((long)(values.Length - 1 - i) * data.IntervalSeconds))], source);
        return () => listed;
    }

    private Func<StatedReturns>? Computed(string output, Func<double[], double[]> convert)
    {
        var found = graph.Outputs.FirstOrDefault(candidate => string.Equals(candidate.Name, output, StringComparison.Ordinal));
        return found is null ? null : () => WithTimes(Present(OutputValues(found)), convert, "strategy." + output);
    }

    private Func<StatedReturns> OfPrice(AutoReturnsConfig auto)
    {
        if (auto.MinLength < 2) throw RefusalException.At(ReasonCodes.InvalidArgument, "/auto_returns/min_length", $"auto_returns: min_length must be 2 or more, was {auto.MinLength}.");
        var (read, source) = Price(auto);
        return () =>
        {
            var present = Present(read());
            if (present.Values.Length < auto.MinLength)
                throw RefusalException.At(ReasonCodes.InvalidArgument, "/auto_returns/min_length", $"{source} has {present.Values.Length} prices, auto_returns asks for {auto.MinLength}; give more bars or lower min_length.");
            return WithTimes(present, prices => OfPrices(prices, auto.Method), source);
        };
    }

    private (Func<double[]> Read, string Source) Price(AutoReturnsConfig auto)
    {
        var outputs = auto.Node is { } named ? [named] : auto.PriceAttributes;
        var output = outputs.Select(name => graph.Outputs.FirstOrDefault(candidate => string.Equals(candidate.Name, name, StringComparison.Ordinal))).FirstOrDefault(found => found is not null);
        if (output is not null) return (() => OutputValues(output), $"auto:{output.Name}.value");
        var instrument = auto.Node ?? data.Instruments[0];
        var bars = data.Aligned.FirstOrDefault(series => string.Equals(series.Instrument, instrument, StringComparison.Ordinal))
            ?? throw RefusalException.At(
                ReasonCodes.InvalidArgument, "/auto_returns/node",
                $"auto_returns: there is no output or instrument {instrument}; outputs are {Names(graph.Outputs.Select(o => o.Name))}, instruments {Names(data.Instruments)}.");
        var column = bars.FindColumn(auto.Field)
            ?? throw RefusalException.At(ReasonCodes.InvalidArgument, "/auto_returns/field", $"auto_returns: {instrument} has no column {auto.Field}; it has {Names(bars.ColumnNames)}.");
        return (() => column.ToArray(), $"auto:{instrument}.{auto.Field}");
    }

    private double[] OutputValues(OutputInfo output) => GraphValues.Compute(graph, data, [output.Index])[0];

    private (double[] Values, long[] Times) Present(double[] values)
    {
        int[] kept = [.. Enumerable.Range(0, values.Length).Where(i => double.IsFinite(values[i]))];
        var times = data.Times;
        var at = new long[kept.Length];
        for (var i = 0; i < at.Length; i++) at[i] = times[kept[i]] / Second;
        return ([.. kept.Select(i => values[i])], at);
    }

    /// <summary>A conversion that needs the value before it has nothing for the first bar.</summary>
    private static StatedReturns WithTimes((double[] Values, long[] Times) present, Func<double[], double[]> convert, string source)
    {
        var returns = convert(present.Values);
        return new StatedReturns(returns, present.Times[(present.Times.Length - returns.Length)..], source);
    }

    private static double[] OfEquity(double[] equity) => EquityStatistics.Returns(equity);

    private double[] OfProfits(double[] profits)
    {
        var returns = new double[profits.Length];
        var equity = (double)options.Replay.Cash;
        for (var i = 0; i < returns.Length; i++)
        {
            returns[i] = equity > 0 ? profits[i] / equity : double.NaN;
            equity += profits[i];
        }

        return returns;
    }

    private static double[] OfPrices(double[] prices, ReturnMethod method)
    {
        var returns = EquityStatistics.Returns(prices);
        // A price that falls to zero or below has no logarithm.
        if (method == ReturnMethod.LogReturn) returns = Array.ConvertAll(returns, r => r > -1 ? Math.Log(1 + r) : double.NaN);
        return returns;
    }

    private static string Names(IEnumerable<string> names) => string.Join(", ", names) is { Length: > 0 } text ? text : "none";
}
