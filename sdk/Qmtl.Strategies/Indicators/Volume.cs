namespace Qmtl.Strategies;

/// <summary>Indicators of price and volume together.</summary>
internal static class Volume
{
    public static IndicatorDefinition[] Definitions =>
    [
        new("obv", "On-balance volume: volume added on bars that close higher, taken away on bars that close lower; starts at 0.", _ => bars => [("obv", bars.Obv())]),
        new("pvt", "Price-volume trend: volume times the relative change of the close, summed up from 0.", _ => bars => [("pvt", bars.Pvt())]),
        new("pvi", "Positive volume index: follows the close on bars with more volume than the bar before; starts at 1000.", _ => bars => [("pvi", bars.Pvi())]),
        new("nvi", "Negative volume index: follows the close on bars with less volume than the bar before; starts at 1000.", _ => bars => [("nvi", bars.Nvi())]),
        new("ad", "Chaikin's accumulation/distribution: volume by where closes lie in their ranges, summed up.", _ => bars => [("ad", bars.AccumulationDistribution())]),
        new("adosc", "Chaikin's oscillator: fast less slow exponential average of accumulation/distribution.", declare =>
        {
            var fast = declare.Period(3, "Bars of the fast average.", "fast");
            var slow = declare.Period(10, "Bars of the slow average.", "slow");
            return bars => [("adosc", bars.ChaikinOscillator(fast, slow))];
        }),
        new("vwap", "Volume-weighted mean price of the last n bars.", declare =>
        {
            var period = declare.Period(20, "Bars of the window.");
            var price = declare.Price(@default: "hlc3");
            return bars => [("vwap", bars.Vwap(period, price.Of(bars)))];
        }),
        new("anchored_vwap", "Volume-weighted mean price since the day, week, month, quarter or year began (UTC), or since a time.", declare =>
        {
            var anchor = declare.Choice("anchor", VwapAnchor.Day, "What it begins anew with; time: at the time in since, once.");
            var since = declare.Time("since", DateTimeOffset.UnixEpoch, "With anchor=time: the first bar that counts opens then or later.");
            var price = declare.Price(@default: "hlc3");
            return bars => [("anchored_vwap", bars.VwapSince(Anchor(bars, anchor, since), price.Of(bars)))];
        }),
        new("vwma", "Volume-weighted moving average of the close.", declare =>
        {
            var period = declare.Period(20, "Bars of the window.");
            var price = declare.Price();
            return bars => [("vwma", bars.Vwap(period, price.Of(bars)))];
        }),
        new("twap", "Time-weighted mean price of the last n bars.", declare =>
        {
            var period = declare.Period(20, "Bars of the window.");
            var price = declare.Price(@default: "ohlc4");
            return bars => [("twap", bars.Twap(period, price.Of(bars)))];
        }),
        new("mfi", "Money flow index, 0..100: the share of money that changed hands on rising typical prices.", declare =>
        {
            var period = declare.Period(14, "Changes that count.");
            return bars => [("mfi", bars.Mfi(period))];
        }),
        new("cmf", "Chaikin's money flow, -1..1: where closes lie in their ranges, weighted by volume.", declare =>
        {
            var period = declare.Period(20, "Bars of the window.");
            return bars => [("cmf", bars.Cmf(period))];
        }),
        new("kvo", "Klinger's volume oscillator: averages of volume with the sign of the typical price's change.", declare =>
        {
            var fast = declare.Period(34, "Bars of the fast average.", "fast");
            var slow = declare.Period(55, "Bars of the slow average.", "slow");
            var signal = declare.Period(13, "Bars of the signal.", "signal");
            return bars =>
            {
                var lines = bars.Klinger(fast, slow, signal);
                return [("kvo", lines.Line), ("signal", lines.Signal)];
            };
        }),
        new("force_index", "Elder's force index: exponential average of the change of the close times volume.", declare =>
        {
            var period = declare.Period(13, "Bars of the average.");
            return bars => [("force_index", bars.ForceIndex(period))];
        }),
        new("eom", "Arms' ease of movement: how far the middle of the bar moved per volume, averaged.", declare =>
        {
            var period = declare.Period(14, "Bars of the average.");
            var divisor = declare.Number("divisor", 10_000, 1, 1e12, "What volume is counted in.");
            return bars => [("eom", bars.EaseOfMovement(period, divisor))];
        }),
    ];

    private static Signal Anchor(PriceSeries bars, VwapAnchor anchor, DateTimeOffset since) => anchor switch
    {
        VwapAnchor.Time => bars.StartsAt(since),
        _ when since != DateTimeOffset.UnixEpoch => throw Refuse.Parameter("since", "counts with anchor=time only; add it"),
        VwapAnchor.Day => bars.StartOf(CalendarPeriod.Day),
        VwapAnchor.Week => bars.StartOf(CalendarPeriod.Week),
        VwapAnchor.Month => bars.StartOf(CalendarPeriod.Month),
        VwapAnchor.Quarter => bars.StartOf(CalendarPeriod.Quarter),
        _ => bars.StartOf(CalendarPeriod.Year),
    };

    private enum VwapAnchor
    {
        Day,
        Week,
        Month,
        Quarter,
        Year,
        Time,
    }
}
