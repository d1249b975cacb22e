using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Net.Client;
using Qmtl.Client;
using Qmtl.Data;
using Qmtl.Standalone;
using Qmtl.Strategies;
using Qmtl.Testing;

namespace Qmtl.Docs.Tests;

/// <summary>A stack that has taken in and judged one strategy, so that everything it measures has been measured.</summary>
public sealed class RunningStack : IAsyncLifetime, IDisposable
{
    private static readonly Marshaller<byte[]> Raw = Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("qmtl-docs-");
    private readonly ConcurrentDictionary<string, Instrument> _instruments = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();
    private EmbeddedStack? _stack;
    private GrpcChannel? _channel;

    /// <summary>Its HTTP.</summary>
    internal HttpClient Http { get; } = new();

    /// <summary>What the product measures, by name.</summary>
    internal IReadOnlyDictionary<string, Instrument> Instruments => _instruments;

    /// <inheritdoc />
    public async Task InitializeAsync()
    {
        _listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name.StartsWith("Qmtl.", StringComparison.Ordinal)) _instruments.TryAdd(instrument.Name, instrument);
        };
        _listener.Start();
        _stack = await EmbeddedStack.StartAsync(_folder.FullName).Within(60);
        _channel = GrpcChannel.ForAddress(_stack.GatewayGrpc);
        Http.BaseAddress = _stack.GatewayHttp;
        await TimeLimits.EventuallyAsync(IsWholeAsync);
        await PostAsync("worlds", """{"id":"docs"}""", "application/json");
        await PostAsync("worlds/docs/policies", """{"preset":"sandbox"}""", "application/json");
        var bars = MarketData.Of(SyntheticBars.Generate(new SyntheticOptions { Count = 500 }));
        await Runner.SubmitAsync(StrategyCatalog.Create("sma-cross"), "docs", new SubmitOptions { Gateway = _stack.GatewayHttp, Data = bars }).Within(60);
    }

    /// <summary>Whether every dependency of the Gateway answers; on a busy machine the first answers of a fresh process may come too late for its probes.</summary>
    private async Task<bool> IsWholeAsync() => (await Http.GetStringAsync(new Uri("health", UriKind.Relative)).Within()).Contains("\"status\":\"ok\"", StringComparison.Ordinal);

    /// <summary>Posts a document.</summary>
    /// <returns>The status, and what was answered.</returns>
    internal async Task<(int Status, string Body)> PostAsync(string path, string document, string contentType)
    {
        using var content = new StringContent(document, Encoding.UTF8, contentType);
        using var answer = await Http.PostAsync(new Uri(path, UriKind.Relative), content).Within();
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync().Within());
    }

    /// <summary>Whether an rpc is more than a promise of the contract: called with an empty request, it says anything but "not implemented".</summary>
    internal async Task<bool> ServesAsync(MethodDescriptor rpc)
    {
        // A stream that is open answers nothing; both streams of the contract are served.
        if (rpc.IsServerStreaming) return true;
        var method = new Method<byte[], byte[]>(MethodType.Unary, rpc.Service.FullName, rpc.Name, Raw, Raw);
        try
        {
            using var call = _channel!.CreateCallInvoker().AsyncUnaryCall(method, host: null, new CallOptions(deadline: TimeProvider.System.GetUtcNow().AddSeconds(20).UtcDateTime), []);
            await call.ResponseAsync.Within();
            return true;
        }
        catch (RpcException refused)
        {
            return refused.StatusCode != StatusCode.Unimplemented;
        }
    }

    /// <inheritdoc />
    public async Task DisposeAsync()
    {
        _channel?.Dispose();
        if (_stack is not null) await _stack.DisposeAsync().AsTask().Within(60);
        _folder.Delete(recursive: true);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Http.Dispose();
        _listener.Dispose();
    }
}
