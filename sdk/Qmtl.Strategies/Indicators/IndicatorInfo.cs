namespace Qmtl.Strategies;

/// <summary>What an indicator is, as lists and pages show it.</summary>
/// <param name="Name">The name users type.</param>
/// <param name="Description">One sentence.</param>
/// <param name="Parameters">Its parameters with defaults and ranges.</param>
/// <param name="Columns">Its outputs, with the parameters as they are set.</param>
public sealed record IndicatorInfo(string Name, string Description, IReadOnlyList<ParameterInfo> Parameters, IReadOnlyList<IndicatorColumnInfo> Columns);

/// <summary>One output of an indicator.</summary>
/// <param name="Name">The name of its column.</param>
/// <param name="Warmup">Bars before its first value, on data without gaps.</param>
public sealed record IndicatorColumnInfo(string Name, int Warmup);
