using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Qmtl.Storage.Audit;

namespace Qmtl.Storage.Retention;

/// <summary>What a sweep found of one kind.</summary>
/// <param name="Kind">The rule.</param>
/// <param name="Description">What goes and what stays.</param>
/// <param name="Days">Days that are kept.</param>
/// <param name="Rows">Rows that went, or in a dry run would go.</param>
public sealed record RetentionResult(string Kind, string Description, int Days, long Rows);

/// <summary>Removes what is older than it has to be kept.</summary>
public interface IRetention
{
    /// <summary>Counts, and removes when told to.</summary>
    /// <param name="apply">False only counts.</param>
    /// <param name="actor">Who asks, for the audit.</param>
    /// <param name="cancellationToken">Stops between pieces; what is removed by then stays removed.</param>
    Task<IReadOnlyList<RetentionResult>> SweepAsync(bool apply, string actor, CancellationToken cancellationToken = default);
}

/// <summary>Sweeps by the registered rules.</summary>
internal sealed class RetentionSweep : IRetention
{
    // In pieces, so that a long overdue sweep never holds the writer for long.
    private const int Chunk = 1_000;

    private readonly IDatabase _database;
    private readonly RetentionRule[] _rules;
    private readonly RetentionOptions _options;
    private readonly TimeProvider _clock;

    public RetentionSweep(IDatabase database, IEnumerable<RetentionRule> rules, RetentionOptions options, TimeProvider clock)
    {
        _database = database;
        _rules = [.. rules.DistinctBy(rule => rule.Kind, StringComparer.Ordinal).OrderBy(rule => rule.Kind, StringComparer.Ordinal)];
        _options = options;
        _clock = clock;
        if (options.Problem(_rules) is { } problem) throw new ArgumentException(problem, nameof(options));
    }

    public async Task<IReadOnlyList<RetentionResult>> SweepAsync(bool apply, string actor, CancellationToken cancellationToken = default)
    {
        var results = new List<RetentionResult>();
        foreach (var rule in _rules)
        {
            var days = _options.Days.GetValueOrDefault(rule.Kind, _options.DefaultDays);
            var cutoff = _clock.GetUtcNow().AddDays(-days);
            var rows = apply ? await RemoveAsync(rule, cutoff, cancellationToken)
                : await _database.ScalarAsync<long>($"SELECT COUNT(*) FROM {rule.Table} WHERE {rule.Condition}", new { cutoff }, cancellationToken);
            results.Add(new RetentionResult(rule.Kind, rule.Description, days, rows));
        }

        if (results.Exists(result => result.Rows > 0) && apply) await _database.WriteAsync(unit => unit.AuditAsync(Entry(actor, results)).AsTask(), cancellationToken);
        return results;
    }

    private async Task<long> RemoveAsync(RetentionRule rule, DateTimeOffset cutoff, CancellationToken cancellationToken)
    {
        // A row's own address in either database: keys differ from table to table.
        var address = _database.Dialect.IsPostgres ? "ctid" : "rowid";
        var sql = $"DELETE FROM {rule.Table} WHERE {address} IN (SELECT {address} FROM {rule.Table} WHERE {rule.Condition} LIMIT {Chunk.ToString(CultureInfo.InvariantCulture)})";
        var total = 0L;
        for (var removed = Chunk; removed == Chunk; total += removed)
        {
            cancellationToken.ThrowIfCancellationRequested();
            removed = await _database.WriteAsync(unit => unit.ExecuteAsync(sql, new { cutoff }), cancellationToken);
        }

        return total;
    }

    private static AuditEntry Entry(string actor, IEnumerable<RetentionResult> results) => new(actor, "retention_applied")
    {
        Request = JsonSerializer.Serialize(results.ToDictionary(result => result.Kind, result => new { days = result.Days }, StringComparer.Ordinal)),
        Result = JsonSerializer.Serialize(results.ToDictionary(result => result.Kind, result => new { rows = result.Rows }, StringComparer.Ordinal)),
    };
}

/// <summary>Sweeps now and then, where the options say so.</summary>
internal sealed partial class RetentionService(IRetention retention, RetentionOptions options, TimeProvider clock, ILogger<RetentionService> logger) : BackgroundService
{
    private const string Actor = "retention";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.Enabled) return;
        using var timer = new PeriodicTimer(options.Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                foreach (var result in await retention.SweepAsync(apply: true, Actor, stoppingToken)) Log.Swept(logger, result.Rows, result.Kind, result.Days);
            }
            catch (StorageException error)
            {
                Log.Failed(logger, error.Message);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Retention removed {Rows} rows of {Kind}, older than {Days} days")]
        public static partial void Swept(ILogger logger, long rows, string kind, int days);

        [LoggerMessage(2, LogLevel.Warning, "Retention failed and is tried again later: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);
    }
}
