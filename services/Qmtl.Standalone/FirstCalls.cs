using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Standalone;

/// <summary>Makes the first call to each part before the host counts as started.</summary>
/// <remarks>
/// The first call compiles what it runs through, and the Gateway's limits for its neighbours are a fraction of a second: without this, a
/// submission right after the start could find them "not answering", and be downgraded.
/// </remarks>
internal sealed class FirstCalls(V1.WorldService.WorldServiceClient worlds, V1.DagManager.DagManagerClient dagManager, TimeProvider time) : IHostedLifecycleService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        var deadline = time.GetUtcNow().UtcDateTime + Patience;
        return Task.WhenAll(
            TryAsync(worlds.ListWorldsAsync(new ListWorldsRequest { Limit = 1 }, deadline: deadline, cancellationToken: cancellationToken).ResponseAsync),
            TryAsync(dagManager.StatusAsync(new Empty(), deadline: deadline, cancellationToken: cancellationToken).ResponseAsync));
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static async Task TryAsync(Task call)
    {
        try
        {
            await call;
        }
        catch (Exception problem) when (problem is RpcException or RefusalException)
        {
            // A part that does not answer is the health page's business; the others serve without it.
        }
    }
}
