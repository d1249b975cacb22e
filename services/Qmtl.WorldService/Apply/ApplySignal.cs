using System.Collections.Concurrent;

namespace Qmtl.WorldService.Apply;

/// <summary>Wakes whoever waits for a run of this process to move on.</summary>
internal sealed class ApplySignal
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _next = new(StringComparer.Ordinal);

    /// <summary>Ends with the next step of a run of the world. Take it before looking at the run.</summary>
    public Task Next(string worldId) => _next.GetOrAdd(worldId, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Pulse(string worldId)
    {
        if (_next.TryRemove(worldId, out var waiting)) waiting.TrySetResult();
    }
}
