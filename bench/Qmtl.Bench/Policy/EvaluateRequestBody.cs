using System.Buffers;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Qmtl.Bench.Policy;

/// <summary>What an evaluation finds in its request.</summary>
internal enum EvaluateBody
{
    /// <summary>Metrics of every strategy, as reported before.</summary>
    Repeated,

    /// <summary>Metrics of every strategy, all of them new.</summary>
    Changed,

    /// <summary>Nothing: the service finds the metrics itself.</summary>
    Sourced,

    /// <summary>The returns of one strategy, 100,000 of them.</summary>
    Series,
}

/// <summary>Bodies of requests to evaluate, all written into one buffer: what the client leaves behind is not the service's to collect.</summary>
internal sealed class EvaluateRequestBody(EvaluateBody kind, int strategies)
{
    private const int Points = 100_000;

    private readonly ArrayBufferWriter<byte> _buffer = new();

    public static string Id(int i) => string.Create(CultureInfo.InvariantCulture, $"strategy-{i:00000}");

    /// <summary>The body of one request; valid until the next is asked for.</summary>
    /// <param name="round">Gives the run its id, and new numbers where they are to be new.</param>
    public ReadOnlyMemoryContent Of(int round)
    {
        _buffer.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_buffer))
        {
            json.WriteStartObject();
            json.WriteString("run_id", string.Create(CultureInfo.InvariantCulture, $"run-{round}"));
            json.WriteString("strategy_id", Id(0));
            if (kind is EvaluateBody.Repeated or EvaluateBody.Changed) WriteMetrics(json, kind is EvaluateBody.Changed ? round * 1e-9 : 0);
            if (kind is EvaluateBody.Series) WriteSeries(json, round);
            json.WriteEndObject();
        }

        return new ReadOnlyMemoryContent(_buffer.WrittenMemory) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
    }

    private void WriteMetrics(Utf8JsonWriter json, double shift)
    {
        var random = new Random(11);
        json.WriteStartObject("metrics");
        for (var i = 0; i < strategies; i++)
        {
            json.WriteStartObject(Id(i));
            json.WriteNumber("sharpe", (random.NextDouble() * 3) + shift);
            json.WriteNumber("sharpe_90d", (random.NextDouble() * 3) + shift);
            json.WriteNumber("max_dd", random.NextDouble() * 0.4);
            json.WriteNumber("winrate", 0.3 + (random.NextDouble() * 0.4));
            json.WriteNumber("trades", random.Next(20, 500));
            json.WriteNumber("sample_days", random.Next(90, 900));
            json.WriteNumber("volatility", random.NextDouble());
            json.WriteNumber("sortino", random.NextDouble() * 4);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteSeries(Utf8JsonWriter json, int round)
    {
        var random = new Random(round);
        json.WriteStartObject("series");
        json.WriteStartObject(Id(0));
        json.WriteStartArray("returns");
        for (var i = 0; i < Points; i++) json.WriteNumberValue((random.NextDouble() - 0.49) * 0.02);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
