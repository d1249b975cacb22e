namespace Qmtl.WorldService.Evaluation.Layers;

/// <summary>One limit of a layer and the number it is held against. A value exactly at its limit passes.</summary>
/// <param name="Metric">Name of the number.</param>
/// <param name="Value">The number; null when nobody knows it.</param>
/// <param name="Limit">The limit.</param>
/// <param name="IsMax">Whether the limit is the greatest value allowed; else it is the least.</param>
/// <param name="FailCode">Reason code of a violation.</param>
/// <param name="MissingCode">Reason code where the number is not known.</param>
internal readonly record struct LayerCheck(string Metric, double? Value, double Limit, bool IsMax, string FailCode, string MissingCode)
{
    /// <summary>Null unless finite: a number that is none counts as missing.</summary>
    public double? Known => Value is { } value && double.IsFinite(value) ? value : null;

    /// <summary>What is to spare when positive, what is lacking when negative.</summary>
    public double? Distance => Known is { } value ? IsMax ? Limit - value : value - Limit : null;

    /// <summary>Reason code of this check; null when it passed.</summary>
    public string? Code => Distance switch { null => MissingCode, < 0 => FailCode, _ => null };

    public static LayerCheck? Max(string metric, double? value, double? limit, string failCode, string missingCode) =>
        limit is { } max ? new LayerCheck(metric, value, max, IsMax: true, failCode, missingCode) : null;

    public static LayerCheck? Min(string metric, double? value, double? limit, string failCode, string missingCode) =>
        limit is { } min ? new LayerCheck(metric, value, min, IsMax: false, failCode, missingCode) : null;
}
