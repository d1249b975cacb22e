using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;

namespace Qmtl.Client.Tests;

public sealed class PolicyAdviceTests
{
    private static readonly Dictionary<string, double> Metrics = new() { ["sharpe"] = 0.5, ["max_dd"] = 0.3, ["trades"] = 20 };

    [Theory]
    [InlineData("""{"thresholds":{"a":{"metric":"sharpe","min":0.6}}}""", "sharpe is 0.5, the policy asks for 0.6 or more")]
    [InlineData("""{"thresholds":{"a":{"metric":"max_dd","min":0.1,"max":0.25}}}""", "max_dd is 0.3, the policy asks for 0.25 or less")]
    [InlineData("""{"thresholds":{"a":{"metric":"sharpe","min":0.5}}}""", null)]
    [InlineData("""{"selection":{"thresholds":{"a":{"metric":"sharpe","min":9}}},"thresholds":{"a":{"metric":"sharpe","min":0.1}}}""", null)]
    [InlineData("""{"selection":{"gates":{"and":["sharpe > 0.5","trades >= 10"]}}}""", "sharpe is 0.5, the policy asks for above 0.5")]
    [InlineData("""{"selection":{"gates":{"or":["sharpe >= 2","trades >= 10"]}}}""", null)]
    [InlineData("""{"selection":{"gates":{"or":["sharpe >= 2",{"and":["trades >= 90","max_dd < 0.3"]}]}}}""", "sharpe is 0.5, the policy asks for 2 or more")]
    [InlineData("""{"selection":{"gates":{"not":"sharpe >= 0"}}}""", null)]
    [InlineData("""{"thresholds":{"a":{"metric":"beta","max":1}}}""", "beta is not known here, the policy asks for 1 or less")]
    [InlineData("""{"thresholds":[1],"selection":3}""", null)]
    public void Violations_Policy_ListsWhatIsMissed(string policy, string? expected) =>
        Assert.Equal(expected is null ? [] : [expected], PolicyAdvice.Violations(Struct.Parser.ParseJson(policy), Metrics).Select(violation => violation.Message));

    [Fact]
    public void Hints_TooFewBars_SayHowManyItTakes()
    {
        Assert.Contains("about 1001", Assert.Single(PolicyAdvice.Hints([], new Dictionary<string, double> { ["min_trl"] = 1000.5 }, 100)), StringComparison.Ordinal);
        Assert.Empty(PolicyAdvice.Hints([], new Dictionary<string, double> { ["min_trl"] = 50 }, 100));
    }

    [Fact]
    public async Task Submit_LimitMissedHere_WarnsAndLeavesTheWorldToDecide()
    {
        await using var gateway = await SubmitScene.StartAsync();
        var policy = Struct.Parser.ParseJson("""{"thresholds":{"s":{"metric":"sharpe","min":99}}}""");
        gateway.Answer("GET /worlds/w/describe", new WorldDescription { World = new World { Id = "w" }, Policy = policy });

        var result = await Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, SubmitScene.OptionsFor(gateway)).Within();

        Assert.Equal((SubmitStatus.Active, "warning"), (result.Status, result.Precheck.Status));
        var violation = Assert.Single(result.Precheck.Violations);
        Assert.Equal(("sharpe", "min", 99.0), (violation.Metric, violation.ThresholdType, violation.ThresholdValue));
        Assert.Contains(violation.Message, result.Precheck.ImprovementHints);
        using var json = System.Text.Json.JsonDocument.Parse(result.ToJson());
        Assert.Equal("sharpe", json.RootElement.GetProperty("precheck").GetProperty("violations")[0].GetProperty("metric").GetString());
    }
}
