using Qmtl.Client;
using Qmtl.Data;
using Qmtl.Docs.Tests;

internal static class Submitting
{
    public static async Task RunAsync()
    {
        var result = await Runner.SubmitAsync<Trend>(world: "crypto_mom_1h", options: new() { Data = CsvBars.Load(["bars.csv"]) });
        Console.WriteLine(result.ToJson());
    }

    public static async Task WithFeaturesAsync()
    {
        var features = new FeatureArtifactDirectory("features", TimeProvider.System);
        await Runner.SubmitAsync<TrendWithFeature>(world: "demo", options: new() { Data = CsvBars.Load(["BTC-USDT.csv"]), Artifacts = features });
    }
}
