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

    /// <summary>The same as <see cref="Repeated"/>, column by column.</summary>
    Columns,

    /// <summary>Nothing: the service finds the metrics itself.</summary>
    Sourced,

    /// <summary>The returns of one strategy, 100,000 of them.</summary>
    Series,
}

/// <summary>Bodies of requests to evaluate, all written into one buffer: what the client leaves behind is not the service's to collect.</summary>
internal sealed class EvaluateRequestBody(EvaluateBody kind, int strategies)
{
    private const int Points = 100_000;

    /// <summary>What strategies report; the shift makes it new.</summary>
    private static readonly (string Name, Func<Random, double, double> Draw)[] Metrics =
    [
        ("sharpe", (random, shift) => (random.NextDouble() * 3) + shift),
        ("sharpe_90d", (random, shift) => (random.NextDouble() * 3) + shift),
        ("max_dd", (random, _) => random.NextDouble() * 0.4),
        ("winrate", (random, _) => 0.3 + (random.NextDouble() * 0.4)),
        ("trades", (random, _) => random.Next(20, 500)),
        ("sample_days", (random, _) => random.Next(90, 900)),
        ("volatility", (random, _) => random.NextDouble()),
        ("sortino", (random, _) => random.NextDouble() * 4),
    ];

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
            if (kind is EvaluateBody.Columns) WriteTable(json);
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
            foreach (var (name, draw) in Metrics) json.WriteNumber(name, draw(random, shift));
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private void WriteTable(Utf8JsonWriter json)
    {
        var random = new Random(11);
        json.WriteStartObject("metric_table");
        json.WriteStartArray("strategy_ids");
        for (var i = 0; i < strategies; i++) json.WriteStringValue(Id(i));
        json.WriteEndArray();
        json.WriteStartObject("columns");
        foreach (var (name, draw) in Metrics)
        {
            json.WriteStartObject(name);
            json.WriteStartArray("values");
            for (var i = 0; i < strategies; i++) json.WriteNumberValue(draw(random, 0));
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
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
