using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;
using Qmtl.WorldService.Policies.Documents;

namespace Qmtl.WorldService.RiskCircuit;

/// <summary>The limits of a world's risk profile beyond which its circuit trips; null where none was set.</summary>
/// <param name="MaxDrawdown">Largest fall of realised equity from its peak, above 0 to 1.</param>
/// <param name="MaxVar">Largest value at risk of one period at 99 %, as a share of equity, above 0.</param>
/// <param name="MaxLeverage">Largest gross exposure over equity, above 0.</param>
internal sealed record RiskLimits(double? MaxDrawdown, double? MaxVar, double? MaxLeverage)
{
    private const string Pointer = "/risk_profile/limits";
    private static readonly string[] Keys = ["max_drawdown", "max_var", "max_leverage"];

    public static RiskLimits None { get; } = new(null, null, null);

    public bool Any => MaxDrawdown is not null || MaxVar is not null || MaxLeverage is not null;

    /// <summary>Reads the limits of a profile. A limit that nobody would check must not look like one, so unknown keys are refused.</summary>
    /// <exception cref="Identity.RefusalException">A key is unknown, or a value is no positive number of its range.</exception>
    public static RiskLimits Read(RiskProfile? profile)
    {
        if (profile?.Limits is not { Fields.Count: > 0 } limits) return None;
        foreach (var key in limits.Fields.Keys)
        {
            if (!Keys.Contains(key, StringComparer.Ordinal)) throw Refuse.Field($"{Pointer}/{key}", $"is no limit{Nearest.Hint(key, Keys)}; limits are {string.Join(", ", Keys)}");
        }

        return new RiskLimits(Value(limits, "max_drawdown", 1), Value(limits, "max_var", double.MaxValue), Value(limits, "max_leverage", double.MaxValue));
    }

    private static double? Value(Struct limits, string key, double most)
    {
        if (!limits.Fields.TryGetValue(key, out var value)) return null;
        if (value.KindCase == Google.Protobuf.WellKnownTypes.Value.KindOneofCase.NumberValue && value.NumberValue > 0 && value.NumberValue <= most && double.IsFinite(value.NumberValue)) return value.NumberValue;
        throw Refuse.Field($"{Pointer}/{key}", most == 1 ? "must be a number above 0, at most 1" : "must be a number above 0");
    }
}
