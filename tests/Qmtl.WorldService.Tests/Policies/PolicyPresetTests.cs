using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Policies.Expressions;

namespace Qmtl.WorldService.Tests.Policies;

/// <summary>The presets are what the table of the language says they are.</summary>
public sealed class PolicyPresetTests
{
    [Theory]
    [InlineData("sandbox", 10, null, null, null, "")]
    [InlineData("conservative", 3, 0.5, 1.0, 0.8, "max_dd <= 0.15, profit_factor >= 1.5, sharpe >= 1, winrate >= 0.55")]
    [InlineData("moderate", 5, 0.7, 0.7, 0.5, "max_dd <= 0.25, profit_factor >= 1.2, sharpe >= 0.7, winrate >= 0.5")]
    [InlineData("aggressive", 8, 0.85, 0.5, 0.3, "max_dd <= 0.4, profit_factor >= 1, sharpe >= 0.5")]
    public void Preset_HasTheLimitsOfTheTable(string name, int topK, double? correlation, double? enter, double? exit, string limits)
    {
        var policy = PolicyFixture.Load($"preset: {name}");
        Assert.Equal(new TopKPolicy(topK, null, null), policy.TopK);
        Assert.Equal("sharpe", Assert.IsType<Expression.Metric>(policy.Ranking).Name);
        Assert.Equal(correlation, policy.MaxCorrelation);
        Assert.Equal((enter, exit), (policy.Levels?.Enter, policy.Levels?.Exit));
        Assert.Equal(limits, string.Join(", ", policy.Thresholds.Select(limit => limit.Min is { } min ? FormattableString.Invariant($"{limit.Metric} >= {min}") : FormattableString.Invariant($"{limit.Metric} <= {limit.Max}"))));
    }

    [Fact]
    public void Preset_OverridesOfEitherSide_ReplaceOneLimitAndLeaveTheOthers()
    {
        var policy = PolicyFixture.Load("preset: moderate\npreset_overrides: {sharpe.min: 0.9, max_dd.max: 0.3, sharpe.max: 4}");
        var sharpe = Assert.Single(policy.Thresholds, limit => limit.Metric == "sharpe");
        Assert.Equal((0.9, 4.0), (sharpe.Min, sharpe.Max));
        Assert.Equal(0.3, Assert.Single(policy.Thresholds, limit => limit.Metric == "max_dd").Max);
        Assert.Equal(1.2, Assert.Single(policy.Thresholds, limit => limit.Metric == "profit_factor").Min);
    }

    [Fact]
    public void Preset_NamesAreAllInTheTable() => Assert.Equal(["aggressive", "conservative", "moderate", "sandbox"], PolicyPresets.Names);
}
