using Qmtl.Bench.Measuring;

namespace Qmtl.Bench.Tests;

/// <summary>A comparison is honest only if both sides did the same work: at a small size their results agree to the last digits.</summary>
public sealed class ContestTests
{
    /// <summary>Every contest of every suite.</summary>
    public static TheoryData<string> Contests => [.. All.Keys];

    private static Dictionary<string, ContestBenchmark> All { get; } = Suites.All
        .SelectMany(suite => suite.Value.OfType<ContestBenchmark>().Select(contest => KeyValuePair.Create($"{suite.Key} {contest.Name}", contest)))
        .ToDictionary(StringComparer.Ordinal);

    [Theory]
    [MemberData(nameof(Contests))]
    public void Contest_TinyScale_BothSidesFindTheSame(string name)
    {
        var contest = All[name].Prepare(Scale.Tiny);

        var found = contest.Ours();

        Assert.NotEmpty(found);
        Assert.All(found, value => Assert.True(double.IsFinite(value)));
        Assert.True(contest.Tolerance <= 1e-9);
        Assert.Null(contest.FirstDisagreement());
    }

    [Fact]
    public void Contest_SidesDisagree_IsNotMeasured()
    {
        var contest = new Contest(1, () => [1, 2], () => [1, 2.1], Tolerance: 1e-9);

        var refused = Assert.Throws<InvalidOperationException>(() => contest.Measure("broken", CancellationToken.None));

        Assert.Contains("broken: result 1 differs", refused.Message, StringComparison.Ordinal);
    }
}
