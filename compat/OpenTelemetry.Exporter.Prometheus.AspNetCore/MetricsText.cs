using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace OpenTelemetry.Exporter.Prometheus;

/// <summary>Writes collected metrics in one of the two text formats.</summary>
internal sealed class MetricsText(TextFormat format, bool plainCountersWithoutTotal)
{
    /// <summary>OpenMetrics allows an exemplar's label names and values 128 characters together.</summary>
    private const int ExemplarRoom = 128;

    private readonly Utf8Text _text = new();

    private bool OpenMetrics => format == TextFormat.OpenMetrics;

    public byte[] Write(IEnumerable<Metric> metrics, Resource resource)
    {
        WriteTarget(resource);

        // Instruments of different meters may share a name: they are one family, and its lines must stand together.
        var families = metrics
            .Select(metric => (Metric: metric, Name: MetricName.Of(metric, format, plainCountersWithoutTotal)))
            .Where(static entry => entry.Name is not null)
            .GroupBy(static entry => entry.Name!.Family, StringComparer.Ordinal)
            .OrderBy(static family => family.Key, StringComparer.Ordinal);
        foreach (var family in families)
        {
            // A name can have one type only; a scraper would refuse the whole page over a second one.
            var types = family.Select(static entry => entry.Name!.Type).Distinct().Count();
            if (types == 1) WriteFamily([.. family.OrderBy(static entry => entry.Metric.MeterName, StringComparer.Ordinal)]);
        }

        if (OpenMetrics) _text.Add("# EOF\n");
        return _text.ToArray();
    }

    private void WriteTarget(Resource resource)
    {
        var labels = Labels.Of(resource.Attributes.Select(static a => KeyValuePair.Create(a.Key, (object?)a.Value)));
        if (labels.Count == 0) return;
        var family = OpenMetrics ? "target" : "target_info";
        _text.Add($"# TYPE {family} {(OpenMetrics ? "info" : "gauge")}\n# HELP {family} Target metadata\ntarget_info");
        WriteLabels(labels);
        _text.Add(" 1\n");
    }

    private void WriteFamily((Metric Metric, MetricName? Name)[] family)
    {
        var name = family[0].Name!;
        var help = family.Select(static entry => entry.Metric.Description).FirstOrDefault(static text => !string.IsNullOrEmpty(text));
        _text.Add($"# TYPE {name.Family} {name.Type.ToString().ToLowerInvariant()}\n");
        if (OpenMetrics && name.Unit is { } unit) _text.Add($"# UNIT {name.Family} {unit}\n");
        if (help is not null) _text.Add($"# HELP {name.Family} ").AddEscaped(help, quotes: OpenMetrics).Add("\n");
        foreach (var (metric, _) in family)
        {
            var scope = Labels.OfScope(metric);
            foreach (ref readonly var point in metric.GetMetricPoints())
            {
                if (name.Type == PrometheusType.Histogram) WriteHistogram(name, scope, in point);
                else WriteNumber(name, metric.MetricType, scope, in point);
            }
        }
    }

    private void WriteNumber(MetricName name, MetricType type, Dictionary<string, string> scope, in MetricPoint point)
    {
        var labels = Labels.With(scope, point.Tags);
        _text.Add(name.Series);
        WriteLabels(labels);
        _text.Add(" ");
        _ = type switch
        {
            MetricType.LongSum or MetricType.LongSumNonMonotonic => _text.Add(point.GetSumLong()),
            MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic => _text.Add(point.GetSumDouble()),
            MetricType.LongGauge => _text.Add(point.GetGaugeLastValueLong()),
            _ => _text.Add(point.GetGaugeLastValueDouble()),
        };
        if (OpenMetrics && name.Type == PrometheusType.Counter)
        {
            WriteExemplar(in point, double.NegativeInfinity, double.PositiveInfinity, integer: type == MetricType.LongSum);
            _text.Add("\n");
            WriteCreated(name, labels, point.StartTime);
            return;
        }

        _text.Add("\n");
    }

    private void WriteHistogram(MetricName name, Dictionary<string, string> scope, in MetricPoint point)
    {
        var labels = Labels.With(scope, point.Tags);
        labels.Remove("le");
        var below = double.NegativeInfinity;
        var negativeBounds = false;
        long count = 0;
        foreach (var bucket in point.GetHistogramBuckets())
        {
            count += bucket.BucketCount;
            negativeBounds |= bucket.ExplicitBound < 0;
            _text.Add(name.Family).Add("_bucket");
            WriteLabels(labels, bucket.ExplicitBound);
            _text.Add(" ").Add(count);
            if (OpenMetrics) WriteExemplar(in point, below, bucket.ExplicitBound, integer: false);
            _text.Add("\n");
            below = bucket.ExplicitBound;
        }

        // OpenMetrics forbids a sum that can go down, and then the count with it.
        if (!OpenMetrics || !negativeBounds)
        {
            _text.Add(name.Family).Add("_sum");
            WriteLabels(labels);
            _text.Add(" ").Add(point.GetHistogramSum()).Add("\n").Add(name.Family).Add("_count");
            WriteLabels(labels);
            _text.Add(" ").Add(point.GetHistogramCount()).Add("\n");
        }

        if (OpenMetrics) WriteCreated(name, labels, point.StartTime);
    }

    private void WriteCreated(MetricName name, Dictionary<string, string> labels, DateTimeOffset start)
    {
        _text.Add(name.Family).Add("_created");
        WriteLabels(labels);
        _text.Add(" ").AddSeconds(start).Add("\n");
    }

    private void WriteLabels(Dictionary<string, string> labels, double? bound = null)
    {
        if (labels.Count == 0 && bound is null) return;
        var next = "{";
        foreach (var (key, value) in labels)
        {
            _text.Add(next).Add(key).Add("=\"").AddEscaped(value, quotes: true).Add("\"");
            next = ",";
        }

        if (bound is { } le)
        {
            _text.Add(next).Add("le=\"");
            _ = OpenMetrics ? _text.AddCanonical(le) : _text.Add(le);
            _text.Add("\"");
        }

        _text.Add("}");
    }

    /// <summary>The latest exemplar that lies in the bucket above <paramref name="below"/> and up to <paramref name="bound"/>.</summary>
    private void WriteExemplar(in MetricPoint point, double below, double bound, bool integer)
    {
        if (!point.TryGetExemplars(out var exemplars)) return;
        Exemplar? latest = null;
        foreach (ref readonly var candidate in exemplars)
        {
            var value = integer ? candidate.LongValue : candidate.DoubleValue;
            if (value <= bound && (value > below || double.IsNegativeInfinity(below)) && (latest is not { } seen || candidate.Timestamp >= seen.Timestamp)) latest = candidate;
        }

        if (latest is not { } exemplar) return;
        _text.Add(" # ");
        WriteExemplarLabels(exemplar);
        _text.Add(" ");
        _ = integer ? _text.Add(exemplar.LongValue) : _text.Add(exemplar.DoubleValue);
        _text.Add(" ").AddSeconds(exemplar.Timestamp);
    }

    private void WriteExemplarLabels(in Exemplar exemplar)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        var room = ExemplarRoom;
        void Offer(string key, string value)
        {
            var length = key.EnumerateRunes().Count() + value.EnumerateRunes().Count();
            if (length <= room && labels.TryAdd(key, value)) room -= length;
        }

        if (exemplar.TraceId != default)
        {
            Offer("trace_id", exemplar.TraceId.ToHexString());
            Offer("span_id", exemplar.SpanId.ToHexString());
        }

        foreach (var tag in exemplar.FilteredTags) Offer(Labels.Key(tag.Key), Labels.Value(tag.Value));
        if (labels.Count == 0) _text.Add("{}");
        else WriteLabels(labels);
    }
}
