using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Qmtl.Testing;

/// <summary>Every await of a test has an end.</summary>
public static class TimeLimits
{
    private const double DefaultSeconds = 30;

    /// <summary>The task's outcome, or a <see cref="TimeoutException"/> that names what was waited for.</summary>
    public static async Task Within(this Task task, double seconds = DefaultSeconds, [CallerArgumentExpression(nameof(task))] string? what = null)
    {
        try
        {
            await task.WaitAsync(TimeSpan.FromSeconds(seconds));
        }
        catch (TimeoutException error) when (!task.IsCompleted)
        {
            throw new TimeoutException($"{what} took longer than {seconds} s.", error);
        }
    }

    /// <inheritdoc cref="Within(Task, double, string?)"/>
    public static async Task<T> Within<T>(this Task<T> task, double seconds = DefaultSeconds, [CallerArgumentExpression(nameof(task))] string? what = null)
    {
        await Within((Task)task, seconds, what);
        return await task;
    }

    /// <summary>Waits until <paramref name="condition"/> holds.</summary>
    public static Task EventuallyAsync(Func<bool> condition, double seconds = DefaultSeconds, [CallerArgumentExpression(nameof(condition))] string? what = null) =>
        EventuallyAsync(() => Task.FromResult(condition()), seconds, what);

    /// <inheritdoc cref="EventuallyAsync(Func{bool}, double, string?)"/>
    public static async Task EventuallyAsync(Func<Task<bool>> condition, double seconds = DefaultSeconds, [CallerArgumentExpression(nameof(condition))] string? what = null)
    {
        var patience = Stopwatch.StartNew();
        while (!await condition().Within(seconds, what))
        {
            if (patience.Elapsed.TotalSeconds > seconds) throw new TimeoutException($"{what} did not hold within {seconds} s.");
            await Task.Delay(10);
        }
    }
}
