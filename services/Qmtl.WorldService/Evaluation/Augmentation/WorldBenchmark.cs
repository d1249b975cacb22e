using Google.Protobuf.WellKnownTypes;
using Qmtl.Statistics;

namespace Qmtl.WorldService.Evaluation.Augmentation;

/// <summary>The benchmark of a world: what its strategies must beat.</summary>
/// <param name="Returns">One a bar, as fractions.</param>
/// <param name="PeriodsPerYear">Bars in a year.</param>
internal sealed record WorldBenchmark(double[] Returns, double PeriodsPerYear)
{
    /// <summary>Name of the series under which a risk snapshot brings the benchmark.</summary>
    public const string SeriesName = "benchmark";

    /// <summary>Reads <c>extras.benchmark: {returns: [...], periods_per_year: 252}</c> of a world; null when there is none.</summary>
    public static WorldBenchmark? FromExtras(Struct? extras)
    {
        if (extras is null || !extras.Fields.TryGetValue(SeriesName, out var value) || value.StructValue is not { } section) return null;
        if (!section.Fields.TryGetValue("returns", out var list) || list.ListValue is not { } returns) return null;
        if (returns.Values.Any(one => one.KindCase != Value.KindOneofCase.NumberValue || !double.IsFinite(one.NumberValue))) return null;
        var periods = section.Fields.TryGetValue("periods_per_year", out var given) && given.NumberValue > 0 ? given.NumberValue : StrategyReturns.DefaultPeriodsPerYear;
        return returns.Values.Count == 0 ? null : new WorldBenchmark([.. returns.Values.Select(one => one.NumberValue)], periods);
    }

    /// <summary>Adds <c>benchmark_sharpe</c>, <c>benchmark_max_dd</c>, <c>benchmark_volatility</c>, and <c>vs_benchmark_sharpe</c> where the strategy's own Sharpe ratio is known.</summary>
    public void AddTo(Dictionary<string, double> values)
    {
        Add(values, "benchmark_volatility", ReturnStatistics.Volatility(Returns, PeriodsPerYear));
        Add(values, "benchmark_max_dd", ReturnStatistics.MaxDrawdown(Returns));
        if (ReturnStatistics.Sharpe(Returns, PeriodsPerYear) is not { } sharpe) return;
        values["benchmark_sharpe"] = sharpe;
        if (values.TryGetValue("sharpe", out var own)) values["vs_benchmark_sharpe"] = own - sharpe;
    }

    private static void Add(Dictionary<string, double> values, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number)) values[name] = number;
    }
}
