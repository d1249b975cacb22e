using Qmtl.Core;
using Qmtl.Data;
using Qmtl.Statistics;

namespace Qmtl.Runtime;

/// <summary>Measures a finished session.</summary>
internal static class ResultBuilder
{
    private const int MaxPrintedRejections = 100;

    public static ReplayResult Build(ReplayCase one, MarketData data, ReplayOptions options, SessionRecord session, TimeSpan elapsed)
    {
        var (calendar, barsPerYear) = YearOf.Data(data, options);
        var account = session.Account;
        var report = EquityStatistics.Of(session.Equity.Span, barsPerYear, data.Times, BarTime.NanosecondsPerSecond);
        var growth = account.Equity.ToDouble() / account.InitialCash.ToDouble();
        var cagr = Cagr(growth, data.Count, barsPerYear);
        double[] profits = [.. session.Recorder.Trades.Select(trade => trade.NetProfit.ToDouble())];
        var milliseconds = Math.Max(elapsed.TotalMilliseconds, 0.001);

        return new ReplayResult
        {
            Strategy = one.Strategy,
            Params = one.Parameters,
            Symbols = data.Instruments,
            Bars = data.Count,
            WarmupBars = one.Graph.Warmup,
            Start = BarTime.Format(data.Times[0]),
            End = BarTime.Format(data.Times[^1]),
            IntervalSeconds = YearOf.SecondsBetween(data),
            Calendar = options.BarsPerYear is null ? calendar.ToToken() : "given",
            BarsPerYear = barsPerYear,
            Grid = 1.0 / Price.TicksPerUnit,
            Conditions = RunConditions.Of(options),
            InitialCash = account.InitialCash.ToDouble(),
            FinalEquity = account.Equity.ToDouble(),
            TotalReturn = growth - 1,
            Cagr = cagr,
            VolatilityAnnual = report.Volatility,
            Sharpe = report.Sharpe,
            Sortino = report.Sortino,
            Calmar = report.MaxDrawdown is > 0 and var worst ? cagr / worst : null,
            MaxDrawdown = report.MaxDrawdown ?? 0,
            MaxDrawdownDays = report.MaxDrawdownSpan?.TotalDays,
            Trades = profits.Length,
            OpenTrades = account.OpenTrades,
            OpenPosition = OpenPositions(data, account),
            Fills = session.Kernel.Fills,
            WinRate = ReturnStatistics.WinRatio(profits),
            ProfitFactor = ReturnStatistics.ProfitFactor(profits),
            ExposureTime = (double)session.ExposedBars / data.Count,
            Turnover = PositionStatistics.Turnover(session.Weights.Span, barsPerYear),
            CommissionPaid = account.CommissionPaid.ToDouble(),
            SlippagePaid = session.Kernel.SlippagePaid.ToDouble(),
            ShortTargetsHeldFlat = session.Recorder.ShortTargetsHeldFlat,
            PartialTargetsHeldWhole = session.Recorder.PartialTargetsHeldWhole,
            RejectedOrders = session.Recorder.RejectionCount,
            Rejections = [.. session.Recorder.Rejections.Take(MaxPrintedRejections).Select(rejection => Report(data, rejection))],
            ReturnsSource = "equity",
            StreamDigest = session.Digest,
            ElapsedMs = milliseconds,
            BarsPerSecond = data.Count / milliseconds * 1000,
            Series = options.KeepSeries
                ? new ReplaySeries(data.TimeAxis, session.Equity, session.Weights, session.Recorder.Fills, session.Recorder.Trades)
                : ReplaySeries.Empty,
        };
    }

    // From the cash at the start: a commission paid on the very first bar counts, which the curve's own first point would hide.
    private static double? Cagr(double growth, int bars, double barsPerYear)
    {
        if (bars < 2 || growth < 0) return null;
        var cagr = Math.Pow(growth, barsPerYear / (bars - 1)) - 1;
        return double.IsFinite(cagr) ? cagr : null;
    }

    private static Dictionary<string, double> OpenPositions(MarketData data, Account account) =>
        Enumerable.Range(0, account.Instruments).Where(i => !account[i].Quantity.IsZero)
            .ToDictionary(i => data.Instruments[i], i => account[i].Quantity.ToDouble(), StringComparer.Ordinal);

    private static RejectionReport Report(MarketData data, Rejection rejection) => new(
        BarTime.Format(rejection.Time), data.Instruments[rejection.Instrument], rejection.Quantity.ToDouble(), rejection.Reason switch
        {
            RejectReason.QuantityTooSmall => "quantity_too_small",
            RejectReason.NoPrice => "no_price",
            RejectReason.InsufficientFunds => "insufficient_funds",
            _ => "out_of_range",
        });
}
