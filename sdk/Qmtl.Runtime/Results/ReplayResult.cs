using Qmtl.Core;
using Qmtl.Statistics;

namespace Qmtl.Runtime;

/// <summary>What a replay found. Ratios are fractions; what is undefined is null.</summary>
public sealed record ReplayResult
{
    /// <summary>The strategy's name.</summary>
    public required string Strategy { get; init; }

    /// <summary>Every parameter with the value it had.</summary>
    public required IReadOnlyDictionary<string, string> Params { get; init; }

    /// <summary>The instruments.</summary>
    public required IReadOnlyList<string> Symbols { get; init; }

    /// <summary>Bars on the time axis, warm-up included.</summary>
    public required int Bars { get; init; }

    /// <summary>Bars before every node has a value, derived from the graph.</summary>
    public required int WarmupBars { get; init; }

    /// <summary>Time of the first bar, ISO-8601.</summary>
    public required string Start { get; init; }

    /// <summary>Time of the last bar, ISO-8601.</summary>
    public required string End { get; init; }

    /// <summary>Seconds between bars, the median.</summary>
    public required int IntervalSeconds { get; init; }

    /// <summary>The calendar behind annualised numbers, or "given" when bars per year were.</summary>
    public required string Calendar { get; init; }

    /// <summary>Bars per year.</summary>
    public required double BarsPerYear { get; init; }

    /// <summary>Size of a tick and a lot: 1e-8, halves rounded away from zero.</summary>
    public required double Grid { get; init; }

    /// <summary>The conditions of the run. With <see cref="Params"/>, <see cref="InitialCash"/> and the data, they give the same result again.</summary>
    public required RunConditions Conditions { get; init; }

    /// <summary>Cash at the start.</summary>
    public required double InitialCash { get; init; }

    /// <summary>Equity at the end.</summary>
    public required double FinalEquity { get; init; }

    /// <summary>final / initial - 1.</summary>
    public required double TotalReturn { get; init; }

    /// <summary>(final / initial) ^ (bars per year / (bars - 1)) - 1.</summary>
    public required double? Cagr { get; init; }

    /// <summary>Sample deviation of the bar returns x sqrt(bars per year).</summary>
    public required double? VolatilityAnnual { get; init; }

    /// <summary>Mean / sample deviation of the bar returns x sqrt(bars per year).</summary>
    public required double? Sharpe { get; init; }

    /// <summary>Mean / downside deviation of the bar returns x sqrt(bars per year).</summary>
    public required double? Sortino { get; init; }

    /// <summary>Cagr / max drawdown.</summary>
    public required double? Calmar { get; init; }

    /// <summary>The largest 1 - equity / peak; positive.</summary>
    public required double MaxDrawdown { get; init; }

    /// <summary>Days from the peak of the largest drawdown until it was reached again, or to the end; null without a drawdown.</summary>
    public required double? MaxDrawdownDays { get; init; }

    /// <summary>Closed round trips.</summary>
    public required int Trades { get; init; }

    /// <summary>Positions still open at the end.</summary>
    public required int OpenTrades { get; init; }

    /// <summary>Signed quantity held at the end, by instrument; only what is not flat.</summary>
    public required IReadOnlyDictionary<string, double> OpenPosition { get; init; }

    /// <summary>Executions; a reversal has two.</summary>
    public required long Fills { get; init; }

    /// <summary>Share of closed trades with a profit after commission.</summary>
    public required double? WinRate { get; init; }

    /// <summary>Profits / losses of closed trades after commission; null without a loss.</summary>
    public required double? ProfitFactor { get; init; }

    /// <summary>Share of bars at whose close a position was held.</summary>
    public required double ExposureTime { get; init; }

    /// <summary>Change of the position's share of equity, summed and per year: 2 is one full purchase and sale a year.</summary>
    public required double? Turnover { get; init; }

    /// <summary>All commission.</summary>
    public required double CommissionPaid { get; init; }

    /// <summary>What slippage cost.</summary>
    public required double SlippagePaid { get; init; }

    /// <summary>How often a target below zero was held as zero, because shorts were not allowed.</summary>
    public required long ShortTargetsHeldFlat { get; init; }

    /// <summary>How often only the sign of a target counted, because the sizing was not <see cref="SizingMode.Target"/>: 0.3 was held as 1.</summary>
    public required long PartialTargetsHeldWhole { get; init; }

    /// <summary>How many orders were refused.</summary>
    public required long RejectedOrders { get; init; }

    /// <summary>The first refused orders with their reasons.</summary>
    public required IReadOnlyList<RejectionReport> Rejections { get; init; }

    /// <summary>Where the returns come from: "equity".</summary>
    public required string ReturnsSource { get; init; }

    /// <summary>Digest of targets, fills, refusals and the final account, in order.</summary>
    public required string StreamDigest { get; init; }

    /// <summary>Wall-clock milliseconds of the replay, without reading data.</summary>
    public required double ElapsedMs { get; init; }

    /// <summary>Bars per second of that.</summary>
    public required double BarsPerSecond { get; init; }

    /// <summary>The series behind the numbers; no part of the printed document.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public ReplaySeries Series { get; init; } = ReplaySeries.Empty;
}

/// <summary>A refused order, as it is printed.</summary>
/// <param name="Time">ISO-8601.</param>
/// <param name="Symbol">The instrument.</param>
/// <param name="Quantity">Signed quantity asked for.</param>
/// <param name="Reason">quantity_too_small, no_price, insufficient_funds or out_of_range.</param>
public sealed record RejectionReport(string Time, string Symbol, double Quantity, string Reason);

/// <summary>The series of a replay: what evaluation and reports are computed from.</summary>
/// <param name="times">Nanoseconds UTC of each bar.</param>
/// <param name="equity">Equity at each bar's close.</param>
/// <param name="weights">The net position's share of equity at each bar's close.</param>
/// <param name="fills">All fills.</param>
/// <param name="trades">All closed trades.</param>
public sealed class ReplaySeries(
    ReadOnlyMemory<long> times, ReadOnlyMemory<double> equity, ReadOnlyMemory<double> weights, IReadOnlyList<FillRecord> fills, IReadOnlyList<RoundTrip> trades)
{
    private double[]? _returns;

    /// <summary>No bars.</summary>
    public static ReplaySeries Empty { get; } = new(default, default, default, [], []);

    /// <summary>Nanoseconds UTC of each bar.</summary>
    public ReadOnlyMemory<long> Times { get; } = times;

    /// <summary>Equity at each bar's close.</summary>
    public ReadOnlyMemory<double> Equity { get; } = equity;

    /// <summary>The n-1 simple returns between those, computed when first asked for.</summary>
    public ReadOnlyMemory<double> Returns => _returns ??= EquityStatistics.Returns(Equity.Span);

    /// <summary>The net position's share of equity at each bar's close.</summary>
    public ReadOnlyMemory<double> Weights { get; } = weights;

    /// <summary>All fills.</summary>
    public IReadOnlyList<FillRecord> Fills { get; } = fills;

    /// <summary>All closed trades.</summary>
    public IReadOnlyList<RoundTrip> Trades { get; } = trades;

    /// <summary>Net return of each closed trade on its entry notional.</summary>
    public double[] TradeReturns() => [.. Trades.Select(trade => trade.NetReturn)];
}
