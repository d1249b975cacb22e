using System.Collections.Concurrent;
using System.Net;

namespace Compat.Clients.Tests;

/// <summary>Stands where the network would be: keeps what was sent and answers as told.</summary>
internal sealed class FakeServer(Func<HttpRequestMessage, int, CancellationToken, Task<HttpResponseMessage>> answer) : HttpMessageHandler
{
    private int _count;

    public FakeServer(params HttpStatusCode[] statuses)
        : this((request, attempt, _) => Task.FromResult(new HttpResponseMessage(statuses[Math.Min(attempt, statuses.Length - 1)]) { RequestMessage = request }))
    {
    }

    public ConcurrentQueue<Uri> Requests { get; } = new();

    public int Count => Volatile.Read(ref _count);

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests.Enqueue(request.RequestUri!);
        return answer(request, Interlocked.Increment(ref _count) - 1, cancellationToken);
    }
}
