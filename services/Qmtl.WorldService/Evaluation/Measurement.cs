using System.Text.Json;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Evaluation;

/// <summary>The newest metrics of one strategy at one stage. Immutable.</summary>
internal sealed record Measurement
{
    public required string StrategyId { get; init; }

    public required string Stage { get; init; }

    /// <summary>The run that brought the metrics.</summary>
    public string RunId { get; init; } = "";

    /// <summary>long, short or both.</summary>
    public string Side { get; init; } = "long";

    /// <summary>What it trades, in ordinal order; empty when unknown.</summary>
    public IReadOnlyList<string> Symbols { get; init; } = [];

    public required IReadOnlyDictionary<string, double> Values { get; init; }

    public DateTimeOffset? DataStart { get; init; }

    public DateTimeOffset? DataEnd { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>What is known of a strategy that nobody ever measured.</summary>
    public static Measurement None(string strategyId, string stage) => new() { StrategyId = strategyId, Stage = stage, Values = MetricSet.Empty };

    public Candidate ToCandidate() => new(StrategyId, SideOf(Side), Values, DataEnd, DataEnd - DataStart) { Symbols = Symbols };

    /// <summary>Whether it tells nothing that <paramref name="known"/> does not.</summary>
    public bool SaysTheSame(Measurement known) =>
        string.Equals(Side, known.Side, StringComparison.Ordinal) && DataStart == known.DataStart && DataEnd == known.DataEnd
        && MetricSet.AreSame(Values, known.Values) && Symbols.SequenceEqual(known.Symbols, StringComparer.Ordinal);

    private static StrategySide SideOf(string side) => side switch { "short" => StrategySide.Short, "both" => StrategySide.Both, _ => StrategySide.Long };
}

/// <summary>A row of <c>ws_measurements</c>.</summary>
internal sealed record MeasurementRow
{
    public string StrategyId { get; init; } = "";

    public string Stage { get; init; } = "";

    public string RunId { get; init; } = "";

    public string Side { get; init; } = "long";

    public string Symbols { get; init; } = "[]";

    public string Metrics { get; init; } = "{}";

    public DateTimeOffset? DataStart { get; init; }

    public DateTimeOffset? DataEnd { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    public Dictionary<string, double> ReadMetrics() => JsonSerializer.Deserialize<Dictionary<string, double>>(Metrics)!;

    /// <summary>The row as others see it.</summary>
    /// <param name="sets">Makes the metrics of all rows of a reading, so that they share their names.</param>
    public Measurement ToMeasurement(MetricSetMaker sets) => new()
    {
        StrategyId = StrategyId,
        Stage = Stage,
        RunId = RunId,
        Side = Side,
        Symbols = JsonSerializer.Deserialize<string[]>(Symbols)!,
        Values = sets.Make(ReadMetrics()),
        DataStart = DataStart,
        DataEnd = DataEnd,
        UpdatedAt = UpdatedAt,
    };
}

/// <summary>A row of <c>ws_selection</c>: the state after its run, and the one before it.</summary>
internal sealed record SelectionRow
{
    public string StrategyId { get; init; } = "";

    public string RunId { get; init; } = "";

    public bool Active { get; init; }

    public DateTimeOffset? Since { get; init; }

    public int Above { get; init; }

    public int Below { get; init; }

    public bool PriorActive { get; init; }

    public DateTimeOffset? PriorSince { get; init; }

    public int PriorAbove { get; init; }

    public int PriorBelow { get; init; }

    public StrategyState State => new(Active, Since, Above, Below);

    /// <summary>What the run <paramref name="runId"/> starts from: its own earlier effect does not count.</summary>
    public StrategyState Before(string runId) =>
        string.Equals(RunId, runId, StringComparison.Ordinal) ? new(PriorActive, PriorSince, PriorAbove, PriorBelow) : State;

    public static SelectionRow Of(string runId, string strategyId, StrategyState before, StrategyState after) => new()
    {
        StrategyId = strategyId,
        RunId = runId,
        Active = after.Active,
        Since = after.Since,
        Above = after.Above,
        Below = after.Below,
        PriorActive = before.Active,
        PriorSince = before.Since,
        PriorAbove = before.Above,
        PriorBelow = before.Below,
    };
}
