namespace Qmtl.Strategies;

/// <summary>What a run offers a strategy: which instruments, at which interval.</summary>
/// <param name="Instruments">The instruments in the order the user named them.</param>
/// <param name="IntervalSeconds">Seconds between bars.</param>
public sealed record Universe(IReadOnlyList<string> Instruments, int IntervalSeconds);
