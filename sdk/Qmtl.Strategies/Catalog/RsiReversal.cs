namespace Qmtl.Strategies;

/// <summary>Buys the dip within a rising trend: in when the RSI is oversold while the price is above its average, out when the RSI has recovered.</summary>
public sealed class RsiReversal : Strategy
{
    private readonly Param<int> _period = Param("period", 14, 1..Kernel.MaxPeriod, "Bars of the RSI.");
    private readonly Param<double> _oversold = Param("oversold", 30.0, 0.0, 100.0, "RSI below which to buy.");
    private readonly Param<double> _recovered = Param("recovered", 55.0, 0.0, 100.0, "RSI above which to sell.");
    private readonly Param<int> _trend = Param("trend", 200, 1..Kernel.MaxPeriod, "Bars of the average that has to rise below the price.");

    /// <inheritdoc/>
    public override string Name => "rsi-reversal";

    /// <inheritdoc/>
    protected override void Build(StrategyBuilder s)
    {
        Require(_oversold < _recovered, "oversold must be below recovered");
        foreach (var instrument in s.Instruments)
        {
            var price = s.Price(instrument);
            var rsi = price.Close.Rsi(_period);
            var enter = (rsi < _oversold.Value) & (price.Close > price.Close.Sma(_trend));
            s.Target(price, EnterExit(enter, rsi > _recovered.Value) * s.Size.Equal);
        }
    }
}
