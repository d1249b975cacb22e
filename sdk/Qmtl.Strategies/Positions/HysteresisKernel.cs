namespace Qmtl.Strategies;

/// <summary>Thresholds of a position with hysteresis.</summary>
/// <param name="LongEnter">At or above it, a flat position becomes long; a short one too, unless <paramref name="ShortExit"/> closes it first.</param>
/// <param name="ShortEnter">At or below it, a flat position becomes short; a long one too, unless <paramref name="LongExit"/> closes it first. Null never goes short.</param>
/// <param name="LongExit">Below it, a long position is closed; null stays long until <paramref name="ShortEnter"/>.</param>
/// <param name="ShortExit">Above it, a short position is closed; null stays short until <paramref name="LongEnter"/>.</param>
public sealed record Thresholds(double LongEnter, double? ShortEnter = null, double? LongExit = null, double? ShortExit = null)
{
    internal string? Problem => (LongEnter, ShortEnter, LongExit, ShortExit) switch
    {
        _ when !new[] { LongEnter, ShortEnter ?? 0, LongExit ?? 0, ShortExit ?? 0 }.All(double.IsFinite) => "must be finite numbers",
        _ when ShortEnter >= LongEnter => FormattableString.Invariant($"must have ShortEnter below LongEnter, was {ShortEnter} and {LongEnter}"),
        _ when LongExit > LongEnter => FormattableString.Invariant($"must have LongExit at or below LongEnter, was {LongExit} and {LongEnter}"),
        _ when ShortExit < ShortEnter => FormattableString.Invariant($"must have ShortExit at or above ShortEnter, was {ShortExit} and {ShortEnter}"),
        _ when ShortExit is not null && ShortEnter is null => "must have ShortEnter where there is a ShortExit",
        _ when ShortEnter is null && LongExit is null => "must have LongExit or ShortEnter, else a position would never be left",
        _ => null,
    };
}

/// <summary>-1, 0 or 1: a position that is entered at one level of its input and left at another, so that noise between them does not trade.</summary>
/// <remarks>
/// An exit comes before a reversal: a long position whose value falls below both LongExit and ShortEnter is flat on that bar, and short on the next.
/// State: the position. A missing input gives a missing output, which a target reads as "as before", and changes nothing.
/// </remarks>
internal sealed class HysteresisKernel(Thresholds thresholds) : Kernel
{
    private readonly double _longEnter = thresholds.LongEnter;
    private readonly double _shortEnter = thresholds.ShortEnter ?? double.NegativeInfinity;
    private readonly double _longExit = thresholds.LongExit ?? double.NegativeInfinity;
    private readonly double _shortExit = thresholds.ShortExit ?? double.PositiveInfinity;

    internal override NodeCode Code => NodeCode.BuiltIn("hysteresis");

    public override int StateLength => 1;

    public override IReadOnlyDictionary<string, object> Parameters { get; } = new (string Name, double? Value)[]
        {
            ("long_enter", thresholds.LongEnter), ("short_enter", thresholds.ShortEnter), ("long_exit", thresholds.LongExit), ("short_exit", thresholds.ShortExit),
        }.Where(threshold => threshold.Value is not null).ToDictionary(threshold => threshold.Name, threshold => (object)threshold.Value!.Value, StringComparer.Ordinal);

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        var position = state[0];
        for (var i = 0; i < output.Length; i++)
        {
            var value = input[i];
            if (!double.IsNaN(value)) position = Next(position, value);
            output[i] = double.IsNaN(value) ? double.NaN : position;
        }

        state[0] = position;
    }

    private double Next(double position, double value) => position switch
    {
        > 0 => value < _longExit ? 0 : value <= _shortEnter ? -1 : 1,
        < 0 => value > _shortExit ? 0 : value >= _longEnter ? 1 : -1,
        _ => value >= _longEnter ? 1 : value <= _shortEnter ? -1 : 0,
    };
}
