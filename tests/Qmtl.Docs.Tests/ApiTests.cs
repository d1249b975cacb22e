using System.Text.Json;
using System.Text.RegularExpressions;
using Qmtl.Testing;

namespace Qmtl.Docs.Tests;

/// <summary>What api.md says of routes, events, errors and metrics is what the product does.</summary>
[Collection(nameof(RunningStack))]
public sealed partial class ApiTests(RunningStack stack)
{
    private const string Page = "docs/api.md";

    [Fact]
    public void ReasonCodes_StandInTheTable() => AssertTable("reason-codes", ApiTables.ReasonCodeTable());

    [Fact]
    public void Events_StandInTheTable() => AssertTable("events", ApiTables.EventTable());

    [Fact]
    public async Task Routes_StandInTheTable() => AssertTable("routes", await ApiTables.RouteTableAsync(stack));

    [Fact]
    public void Metrics_StandInTheTable()
    {
        Assert.All(stack.Instruments.Values, instrument => Assert.False(string.IsNullOrWhiteSpace(instrument.Description), $"{instrument.Name} has no description."));
        AssertTable("metrics", ApiTables.MetricTable(stack.Instruments.Values));
    }

    [Fact]
    public async Task Metrics_AreServedUnderTheNamesOfTheTable()
    {
        var page = await stack.Http.GetStringAsync(new Uri("metrics", UriKind.Relative)).Within();

        var served = Family().Matches(page).ToDictionary(match => match.Groups["name"].Value, match => match.Groups["type"].Value, StringComparer.Ordinal);
        string[] own = [.. served.Keys.Where(name => !ForeignName().IsMatch(name))];
        Assert.Contains("world_eval_duration_ms", own);
        Assert.All(own, name => Assert.True(stack.Instruments.ContainsKey(name), $"/metrics serves {name}, which no instrument of the product is called."));
        Assert.All(own, name => Assert.Contains($"| `{name}` | {served[name]} |", Documents.Read(Page), StringComparison.Ordinal));
    }

    [Fact]
    public async Task ErrorExample_IsWhatTheGatewayAnswers()
    {
        using var shown = JsonDocument.Parse(Documents.Blocks([Page], "json").Single().Text);

        using var answer = await stack.Http.GetAsync(new Uri("worlds/nowhere/decide", UriKind.Relative)).Within();

        using var said = JsonDocument.Parse(await answer.Content.ReadAsStringAsync().Within());
        Assert.Equal(Facts(shown), Facts(said));
    }

    private static string[] Facts(JsonDocument problem) =>
        [.. problem.RootElement.EnumerateObject().Select(member => member.Name == "correlation_id" ? member.Name : $"{member.Name}={member.Value.GetRawText()}")];

    private static void AssertTable(string name, string expected) => DocumentTables.AssertTable(Page, name, expected);

    [GeneratedRegex(@"^# TYPE (?<name>\S+) (?<type>\S+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Family();

    /// <summary>Names that belong to the platform.</summary>
    [GeneratedRegex("^(http|kestrel|aspnetcore|dotnet|process|dns|system|target|otel)_", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ForeignName();
}

/// <summary>One stack for all tests that ask it something.</summary>
[CollectionDefinition(nameof(RunningStack))]
public sealed class RunningStackGroup : ICollectionFixture<RunningStack>;
