using Qmtl.Client;
using Qmtl.Data;
using Qmtl.ServiceDefaults.Tests;
using Qmtl.Standalone;
using Qmtl.Strategies;
using Qmtl.Testing;

namespace Qmtl.CoreLoop.Tests;

/// <summary>One submission is one trace, over everything it touches.</summary>
public sealed class TraceTests
{
    [Fact]
    public async Task Submission_IsOneTraceOverSdkGatewayDagManagerAndWorldService()
    {
        var folder = Directory.CreateTempSubdirectory("qmtl-trace-").FullName;
        await using var receiver = await OtlpReceiver.StartAsync();
        await using (var stack = await EmbeddedStack.StartAsync(folder, receiver.SettingsFor("qmtl")).Within())
        {
            using var gateway = new GatewayClient(stack.GatewayHttp);
            await gateway.PostAsync<V1.World>("worlds", new V1.CreateWorldRequest { Id = "traced" }).Within();
            await gateway.PostAsync<V1.CreatePolicyResponse>("worlds/traced/policies", Door.Policy, "application/yaml").Within();
            var bars = SyntheticBars.Generate(new SyntheticOptions { Instrument = "BTC-USDT", Count = 200, IntervalSeconds = 3600 });

            await Runner.SubmitAsync(StrategyCatalog.Create("sma-cross"), "traced", new SubmitOptions { Gateway = stack.GatewayHttp, Data = MarketData.Of(bars) }).Within();

            // The process has one set of sources, and other tests run beside this one: theirs are told apart by the trace.
            string[] served =
            [
                "POST /strategies", "qmtl.v1.WorldService/BindStrategies", "qmtl.v1.DagManager/Diff",
                "POST /worlds/{world_id}/evaluate", "qmtl.v1.WorldService/Evaluate", "qmtl.v1.WorldService/Decide",
            ];
            bool IsWhole(string trace) => served.All(name => receiver.Spans.Any(span => span.Kind == ReceivedSpan.Server && span.TraceId == trace && span.Name.EndsWith(name, StringComparison.Ordinal)));
            await TimeLimits.EventuallyAsync(() => receiver.Spans.Any(span => span.Name == "Runner.Submit" && IsWhole(span.TraceId)));
        }

        Directory.Delete(folder, recursive: true);
    }
}
