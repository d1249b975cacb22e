using Qmtl.Testing;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Evaluation.Extended;

namespace Qmtl.WorldService.Tests.Evaluation;

/// <summary>Extended validation keeps out of the way of evaluations, and is never put off for good.</summary>
public sealed class ExtendedTurnsTests : IDisposable
{
    private static readonly TimeSpan Computing = TimeSpan.FromMilliseconds(100);

    private readonly ManualClock _clock = new();
    private readonly EvaluationLoad _load;
    private readonly ExtendedTurns _turns;
    private int _computed;

    public ExtendedTurnsTests()
    {
        _load = new EvaluationLoad(_clock);
        _turns = new ExtendedTurns(_load, _clock);
        _clock.Advance(EvaluationLoad.Quiet);
    }

    public void Dispose() => _turns.Dispose();

    [Fact]
    public async Task Run_WhenQuiet_ComputesAtOnce()
    {
        Assert.Equal(1, await RunAsync());
    }

    [Fact]
    public async Task Run_BetweenRequestsOfAClient_WaitsUntilItPauses()
    {
        var evaluating = _load.Enter();
        var run = RunAsync();
        evaluating.Dispose();
        _clock.Advance(EvaluationLoad.Quiet / 2);
        Assert.Equal(0, _computed);

        await UntilAsync(run);
        Assert.Equal(1, await run);
    }

    [Fact]
    public async Task Run_WhileEvaluationsNeverPause_TakesAFifthOfTheTime()
    {
        await RunAsync();
        using var evaluating = _load.Enter();
        var run = RunAsync();

        _clock.Advance(Computing * 3);
        Assert.False(run.IsCompleted);

        await UntilAsync(run);
        Assert.Equal(2, await run);
    }

    [Fact]
    public async Task Run_WhatFails_LeavesTheTurnToTheNext()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => _turns.RunAsync<int>(() => throw new InvalidOperationException(), CancellationToken.None));

        Assert.Equal(1, await RunAsync());
    }

    private Task<int> RunAsync() => _turns.RunAsync(
        () =>
        {
            _clock.Advance(Computing);
            return Interlocked.Increment(ref _computed);
        },
        CancellationToken.None);

    /// <summary>Moves the clock in small steps until the run is done.</summary>
    private async Task UntilAsync(Task run)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!run.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Delay(1, patience.Token);
        }
    }
}
