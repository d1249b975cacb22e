using Qmtl.Client;
using Qmtl.Data;
using Qmtl.Standalone;
using Qmtl.Strategies;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.CoreLoop.Tests;

/// <summary>The loop on real bars.</summary>
public sealed class RealDataTests
{
    [RequiresFact(Needs.MarketData)]
    public async Task Submission_OfAMonthOfMinutes_IsJudged()
    {
        var folder = Directory.CreateTempSubdirectory("qmtl-real-").FullName;
        await using (var stack = await EmbeddedStack.StartAsync(folder).Within())
        {
            using var gateway = new GatewayClient(stack.GatewayHttp);
            await gateway.PostAsync<World>("worlds", new CreateWorldRequest { Id = "real" }).Within();
            await gateway.PostAsync<CreatePolicyResponse>("worlds/real/policies", Door.Policy, "application/yaml").Within();
            var bars = CsvBars.Load([Path.Combine(Machine.MarketDataFolder!, "crypto", "1m", "BTC-PERP.csv")]);

            var result = await Runner.SubmitAsync(StrategyCatalog.Create("sma-cross"), "real", new SubmitOptions { Gateway = stack.GatewayHttp, Data = bars }).Within();

            var decision = await gateway.GetAsync<DecisionEnvelope>("worlds/real/decide").Within();
            Assert.Equal(45_031, result.Replay!.Bars);
            Assert.Equal(decision.Etag, result.World.Decision!.Etag);
            // Trading every crossing of two short averages of minutes does not pay: the world says so.
            Assert.Equal((SubmitStatus.Rejected, "fail"), (result.Status, result.World.Summary!.Status));
            Assert.NotEmpty(result.World.ThresholdViolations);
        }

        Directory.Delete(folder, recursive: true);
    }
}
