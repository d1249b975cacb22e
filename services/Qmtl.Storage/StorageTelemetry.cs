using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Qmtl.Storage;

/// <summary>Meter and activity source <c>Qmtl.Storage</c>.</summary>
internal sealed class StorageTelemetry : IDisposable
{
    public const string Name = "Qmtl.Storage";

    private static readonly ActivitySource Activities = new(Name);
    private readonly Meter _meter = new(Name);
    private readonly Histogram<double> _writeDuration;
    private readonly Histogram<int> _unitsPerCommit;
    private readonly Counter<long> _retries;
    private readonly Counter<long> _failures;
    private readonly KeyValuePair<string, object?> _dialect;

    public StorageTelemetry(Dialect dialect)
    {
        _dialect = new("dialect", dialect.Name);
        _writeDuration = _meter.CreateHistogram<double>("storage_write_duration_ms", null, "From asking for a unit of work to its durable commit, in milliseconds.");
        _unitsPerCommit = _meter.CreateHistogram<int>("storage_units_per_commit", "{unit}", "Units of work that shared one commit.");
        _retries = _meter.CreateCounter<long>("storage_write_retries_total", null, "Units of work run again, by reason.");
        _failures = _meter.CreateCounter<long>("storage_write_failures_total", null, "Units of work that failed, by reason.");
    }

    public static Activity? StartWrite() => Activities.StartActivity("storage.write");

    public void Written(TimeSpan duration) => _writeDuration.Record(duration.TotalMilliseconds, _dialect);

    public void Committed(int units) => _unitsPerCommit.Record(units, _dialect);

    public void Retried(StorageFailure reason) => _retries.Add(1, _dialect, Reason(reason));

    public void Failed(StorageFailure reason) => _failures.Add(1, _dialect, Reason(reason));

    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Reason(StorageFailure failure) => new("reason", failure switch
    {
        StorageFailure.UniqueViolation => "unique_violation",
        StorageFailure.ConstraintViolation => "constraint_violation",
        StorageFailure.Contention => "contention",
        StorageFailure.Unavailable => "unavailable",
        StorageFailure.OutcomeUnknown => "outcome_unknown",
        _ => "other",
    });
}
