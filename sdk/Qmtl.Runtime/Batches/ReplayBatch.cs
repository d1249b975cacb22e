using System.Runtime.ExceptionServices;
using Qmtl.Data;
using Qmtl.Identity;
using Qmtl.Strategies;

namespace Qmtl.Runtime;

/// <summary>Replays many strategies over the same data, on several cores.</summary>
/// <remarks>
/// Strategies that stand next to each other are computed together, so that nodes they share are computed once. Every result is, to the last bit, that of
/// <see cref="KernelReplay"/> for the strategy alone, however many workers there are; only the elapsed time is a share of its group's.
/// </remarks>
public sealed class ReplayBatch(TimeProvider time)
{
    /// <summary>The most memory that the curves of one worker's group take at a time, unless one curve alone takes more: what a cache may hold, and no more than the worker reuses.</summary>
    private const long BytesPerWorker = 16L << 20;

    private const int BytesPerBar = 2 * sizeof(double);

    /// <summary>A batch that takes elapsed time from the system.</summary>
    public ReplayBatch()
        : this(TimeProvider.System)
    {
    }

    /// <summary>Replays all strategies; the results are in their order.</summary>
    /// <param name="strategies">The strategies.</param>
    /// <param name="data">The bars of all of them.</param>
    /// <param name="options">The conditions of all of them. Without <see cref="ReplayOptions.KeepSeries"/> the memory needed does not grow with their number.</param>
    /// <param name="workers">How many threads work at most.</param>
    /// <param name="ct">Stops between two blocks.</param>
    /// <exception cref="RefusalException">A strategy, the data or an option is mistaken; of several strategies, the first is named.</exception>
    public IReadOnlyList<ReplayResult> Run(IReadOnlyList<Strategy> strategies, MarketData data, ReplayOptions options, int workers, CancellationToken ct = default)
    {
        Check(options, workers);
        var cases = new ReplayCase[strategies.Count];
        Share(strategies.Count, workers, i => cases[i] = ReplayCase.Of(strategies[i], data, options), ct);
        return Run(cases, data, options, workers, ct);
    }

    internal static void Check(ReplayOptions options, int workers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 1);
        ReplayOptionsCheck.ThrowIfRefused(options);
        if (options.EventStream is not null)
            throw RefusalException.At(ReasonCodes.InvalidArgument, "/stream", "stream holds the events of one run; a batch has many, so leave it out.");
    }

    internal ReplayResult[] Run(ReplayCase[] cases, MarketData data, ReplayOptions options, int workers, CancellationToken ct)
    {
        if (cases.Length == 0) return [];
        var fitting = (int)Math.Clamp(BytesPerWorker / ((long)data.Count * BytesPerBar), 1, cases.Length);
        var groups = GroupsOf(cases, fitting, workers);
        var results = new ReplayResult[groups.Length][];
        var replay = new KernelReplay(time);
        Share(groups.Length, workers, i => results[i] = replay.Run(groups[i], data, options, ct), ct);
        return [.. results.SelectMany(group => group)];
    }

    // As many for each worker, of the same size but for one.
    private static ReplayCase[][] GroupsOf(ReplayCase[] cases, int fitting, int workers)
    {
        var rounds = (cases.Length + ((long)fitting * workers) - 1) / ((long)fitting * workers);
        var count = (int)Math.Min(cases.Length, rounds * workers);
        return [.. Enumerable.Range(0, count).Select(i => cases[(int)((long)i * cases.Length / count)..(int)((i + 1L) * cases.Length / count)])];
    }

    /// <summary>Does <paramref name="work"/> for 0 .. <paramref name="count"/> - 1; what goes wrong first, in that order, is thrown.</summary>
    internal static void Share(int count, int workers, Action<int> work, CancellationToken ct)
    {
        var failures = new ExceptionDispatchInfo?[count];
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = ct }, i =>
        {
            try
            {
                work(i);
            }
            catch (Exception problem) when (problem is not OperationCanceledException)
            {
                failures[i] = ExceptionDispatchInfo.Capture(problem);
            }
        });
        Array.Find(failures, failure => failure is not null)?.Throw();
    }
}
