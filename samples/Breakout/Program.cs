using Qmtl.Client;
using Qmtl.Data;
using Qmtl.Identity;
using Qmtl.Runtime;
using Qmtl.Samples;

// The least a program needs: bars, and one call. QMTL_GATEWAY says where to; the world must exist.
var bars = SyntheticBars.Generate(new SyntheticOptions { Instrument = "BTC-USDT", IntervalSeconds = 3600, Count = 2_000, Seed = 13, Price = 40_000, Volatility = 0.006, Drift = 0.00012 });
try
{
    var result = await Runner.SubmitAsync<ChannelBreakout>("crypto_mom_1h", new SubmitOptions { Data = MarketData.Of(bars), Replay = new ReplayOptions { CommissionBps = 5m } });
    Console.WriteLine(result.ToJson());
    return 0;
}
catch (RefusalException refusal)
{
    await Console.Error.WriteLineAsync($"{refusal.Code.Code}: {refusal.Detail}");
    return 1;
}
