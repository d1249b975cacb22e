using System.Collections.Concurrent;
using System.Globalization;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Qmtl.Testing;

namespace Qmtl.ServiceDefaults.Tests;

/// <summary>A span as it came over the wire.</summary>
internal sealed record ReceivedSpan(string Service, string TraceId, string SpanId, string ParentSpanId, string Name, int Kind)
{
    public const int Server = 2;
    public const int Client = 3;
}

/// <summary>Takes OTLP over HTTP with protobuf, and reads of traces the fields that tests ask for.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private OtlpReceiver(WebApplication app) => _app = app;

    public ConcurrentQueue<ReceivedSpan> Spans { get; } = new();

    /// <summary>Paths that something was sent to: <c>/v1/traces</c>, <c>/v1/metrics</c>, <c>/v1/logs</c>.</summary>
    public ConcurrentDictionary<string, int> Signals { get; } = new(StringComparer.Ordinal);

    /// <summary>The environment that an orchestrator gives to a service called <paramref name="name"/>.</summary>
    public Dictionary<string, string?> SettingsFor(string name) => new(StringComparer.Ordinal)
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = _app.Urls.Single(),
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        ["OTEL_SERVICE_NAME"] = name,
        ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
        ["OTEL_BLRP_SCHEDULE_DELAY"] = "100",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "200",
    };

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var receiver = new OtlpReceiver(app);
        app.MapPost("/v1/{signal}", receiver.TakeAsync);
        await app.StartAsync().Within(20);
        return receiver;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeAsync(HttpRequest request, string signal)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);
        Signals.AddOrUpdate(request.Path, 1, (_, count) => count + 1);
        if (signal == "traces") ReadRequest(body.ToArray());
    }

    // Field numbers of opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest and what it holds.
    private void ReadRequest(byte[] request)
    {
        foreach (var resourceSpans in Fields(request).Where(field => field.Number == 1))
        {
            var parts = Fields(resourceSpans.Bytes).ToArray();
            var service = parts.Where(part => part.Number == 1).SelectMany(part => Fields(part.Bytes)).Where(attribute => attribute.Number == 1)
                .Select(attribute => Attribute(attribute.Bytes)).FirstOrDefault(attribute => attribute.Key == "service.name").Value;
            foreach (var span in parts.Where(part => part.Number == 2).SelectMany(scope => Fields(scope.Bytes)).Where(field => field.Number == 2))
            {
                Spans.Enqueue(Span(service ?? "", span.Bytes));
            }
        }
    }

    private static ReceivedSpan Span(string service, byte[] span)
    {
        var fields = Fields(span).ToLookup(field => field.Number);
        string Hex(int number) => Convert.ToHexStringLower(fields[number].FirstOrDefault().Bytes ?? []);
        return new ReceivedSpan(
            service, Hex(1), Hex(2), Hex(4), System.Text.Encoding.UTF8.GetString(fields[5].First().Bytes), (int)fields[6].FirstOrDefault().Value);
    }

    private static (string Key, string Value) Attribute(byte[] attribute)
    {
        var fields = Fields(attribute).ToLookup(field => field.Number);
        var text = Fields(fields[2].First().Bytes).FirstOrDefault(value => value.Number == 1).Bytes ?? [];
        return (System.Text.Encoding.UTF8.GetString(fields[1].First().Bytes), System.Text.Encoding.UTF8.GetString(text));
    }

    private static IEnumerable<(int Number, byte[] Bytes, ulong Value)> Fields(byte[] message)
    {
        using var input = new CodedInputStream(message);
        for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            var number = WireFormat.GetTagFieldNumber(tag);
            switch (WireFormat.GetTagWireType(tag))
            {
                case WireFormat.WireType.LengthDelimited:
                    yield return (number, input.ReadBytes().ToByteArray(), 0);
                    break;
                case WireFormat.WireType.Varint:
                    yield return (number, [], input.ReadUInt64());
                    break;
                case WireFormat.WireType.Fixed64:
                    yield return (number, [], input.ReadFixed64());
                    break;
                case WireFormat.WireType.Fixed32:
                    yield return (number, [], input.ReadFixed32());
                    break;
                default:
                    throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"Field {number} has a wire type that OTLP does not use."));
            }
        }
    }
}
