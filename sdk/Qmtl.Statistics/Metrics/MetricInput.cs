namespace Qmtl.Statistics;

/// <summary>What policy metrics are computed from. Only returns are required; what else is missing leaves its metrics undefined.</summary>
public sealed record MetricInput
{
    /// <summary>Epoch seconds at the end of each return, ascending, as many as returns.</summary>
    public required ReadOnlyMemory<long> Timestamps { get; init; }

    /// <summary>Returns, one a bar, as fractions.</summary>
    public required ReadOnlyMemory<double> Returns { get; init; }

    /// <summary>Bars in a year. Null: concluded from the time stamps.</summary>
    public double? BarsPerYear { get; init; }

    /// <summary>Closed trades in order of their exit. Null when the strategy's trades are not known.</summary>
    public IReadOnlyList<ClosedTrade>? Trades { get; init; }

    /// <summary>Position at the end of each return as a signed share of equity, as many as returns. Null when not known.</summary>
    public ReadOnlyMemory<double>? Weights { get; init; }

    /// <summary>Risk-free return of one bar.</summary>
    public double RiskFree { get; init; }

    /// <summary>How many strategies or parameter sets were tried; at least 1.</summary>
    public int Trials { get; init; } = 1;

    /// <summary>Variance of the trials' Sharpe ratios of one bar. Null when not known.</summary>
    public double? TrialVariance { get; init; }
}

/// <summary>The part of an input that one metric sees.</summary>
internal sealed class MetricWindow
{
    private readonly int _observed;

    private MetricWindow(MetricInput input, double? barsPerYear, int from, long since)
    {
        Input = input;
        BarsPerYear = barsPerYear ?? double.NaN;
        Timestamps = input.Timestamps[from..];
        Returns = Moments.Finite(input.Returns[from..]);
        Weights = input.Weights?[from..];
        Trades = input.Trades?.Where(trade => trade.ExitTime > since).ToArray();
        _observed = input.Timestamps.Length - from;
    }

    public MetricInput Input { get; }

    /// <summary>NaN when it is not known; whatever is annualised with it comes out undefined.</summary>
    public double BarsPerYear { get; }

    public ReadOnlyMemory<long> Timestamps { get; }

    public ReadOnlyMemory<double> Returns { get; }

    public ReadOnlyMemory<double>? Weights { get; }

    public ClosedTrade[]? Trades { get; }

    /// <summary>Days from the start of the first bar to the end of the last; the first bar is taken to last as long as the median one.</summary>
    public double? Days
    {
        get
        {
            if (_observed == 0) return null;
            var times = Timestamps.Span;
            var first = TradingCalendars.MedianInterval(Input.Timestamps.Span) ?? 0;
            return (times[^1] - times[0] + first) / 86_400.0;
        }
    }

    /// <summary>The last <paramref name="days"/> days, or everything.</summary>
    public static MetricWindow Of(MetricInput input, int? days)
    {
        var times = input.Timestamps.Span;
        if (times.Length != input.Returns.Length) throw new ArgumentException($"There are {times.Length} time stamps for {input.Returns.Length} returns.", nameof(input));
        if (input.Weights is { } weights && weights.Length != times.Length)
            throw new ArgumentException($"There are {weights.Length} weights for {times.Length} returns.", nameof(input));

        var since = days is { } n && times.Length > 0 ? times[^1] - (n * 86_400L) : long.MinValue;
        var from = 0;
        while (from < times.Length && times[from] <= since) from++;
        return new MetricWindow(input, input.BarsPerYear ?? TradingCalendars.Guess(times)?.BarsPerYear, from, since);
    }
}
