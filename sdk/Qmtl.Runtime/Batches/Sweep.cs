using Qmtl.Data;
using Qmtl.Identity;
using Qmtl.Strategies;

namespace Qmtl.Runtime;

/// <summary>One run of a sweep.</summary>
/// <param name="Params">The values of the swept parameters.</param>
/// <param name="Result">What was found; null when the strategy refused these parameters.</param>
/// <param name="Refusal">Why it did; null otherwise.</param>
public sealed record SweepRun(IReadOnlyDictionary<string, string> Params, ReplayResult? Result, string? Refusal);

/// <summary>Replays one strategy with every combination of parameters on a grid.</summary>
/// <param name="time">Where elapsed times come from.</param>
public sealed class Sweep(TimeProvider time)
{
    /// <summary>A sweep that takes elapsed times from the system.</summary>
    public Sweep()
        : this(TimeProvider.System)
    {
    }

    /// <summary>Runs the grid.</summary>
    /// <param name="create">Makes the strategy, with the parameters that are not swept already set.</param>
    /// <param name="axes">The swept parameters.</param>
    /// <param name="data">The bars.</param>
    /// <param name="options">The conditions. Results keep their series only if this says so.</param>
    /// <param name="workers">How many threads work at most; the results do not depend on it.</param>
    /// <param name="ct">Stops between two blocks.</param>
    /// <returns>One run a combination, in the order of the grid: the last axis changes fastest.</returns>
    /// <exception cref="RefusalException">The grid, the data or an option is mistaken, or no combination is one that the strategy accepts.</exception>
    public IReadOnlyList<SweepRun> Run(
        Func<Strategy> create, IReadOnlyList<SweepAxis> axes, MarketData data, ReplayOptions options, int workers, CancellationToken ct = default)
    {
        ReplayBatch.Check(options, workers);
        var grid = SweepAxis.Combine(axes);
        CheckAxes(create(), axes);
        var cases = new ReplayCase?[grid.Count];
        var refusals = new RefusalException?[grid.Count];
        ReplayBatch.Share(grid.Count, workers, i => (cases[i], refusals[i]) = Prepare(create, grid[i], data, options), ct);
        var accepted = cases.OfType<ReplayCase>().ToArray();
        if (accepted.Length == 0) throw refusals[0]!;

        var results = new Queue<ReplayResult>(new ReplayBatch(time).Run(accepted, data, options, workers, ct));
        return [.. grid.Select((values, i) => new SweepRun(values, cases[i] is null ? null : results.Dequeue(), refusals[i]?.Message))];
    }

    // A name that no strategy has is a mistake of the whole grid, not of one combination, and so is a word where a number belongs.
    private static void CheckAxes(Strategy strategy, IReadOnlyList<SweepAxis> axes)
    {
        var known = strategy.Parameters.ToDictionary(parameter => parameter.Name, StringComparer.Ordinal);
        var unknown = axes.Where(axis => !known.ContainsKey(axis.Name)).ToDictionary(axis => axis.Name, axis => axis.Values[0], StringComparer.Ordinal);
        if (unknown.Count > 0) strategy.With(unknown);
        foreach (var axis in axes)
        {
            if (axis.Values.FirstOrDefault(value => !known[axis.Name].CanRead(value)) is not { } unreadable) continue;
            var accepted = known[axis.Name].Describe();
            throw RefusalException.At(ReasonCodes.InvalidArgument, "/grid", $"grid {axis.Name}: must be {accepted.Type} {accepted.Range}, was \"{unreadable}\".");
        }
    }

    private static (ReplayCase? Case, RefusalException? Refusal) Prepare(Func<Strategy> create, IReadOnlyDictionary<string, string> values, MarketData data, ReplayOptions options)
    {
        try
        {
            return (ReplayCase.Of(create().With(values), data, options), null);
        }
        catch (RefusalException refusal)
        {
            return (null, refusal);
        }
    }
}
