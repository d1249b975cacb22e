using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;

namespace Qmtl.WorldService.Allocation;

/// <summary>A row of <c>ws_allocations</c>: the share of one world as it stands.</summary>
internal sealed record AllocationRow
{
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(300);

    public string WorldId { get; init; } = "";

    public double Allocation { get; init; }

    /// <summary>The run that wrote it.</summary>
    public string RunId { get; init; } = "";

    public string Etag { get; init; } = "";

    public string StrategyAllocTotal { get; init; } = Shares.None;

    /// <summary>The run that first set these shares; another than <see cref="RunId"/> after a rollback.</summary>
    public string OriginRunId { get; init; } = "";

    public DateTimeOffset UpdatedAt { get; init; }

    public SortedDictionary<string, double> Strategies => Shares.Read(StrategyAllocTotal);

    public AllocationSnapshot ToMessage(DateTimeOffset now)
    {
        var snapshot = new AllocationSnapshot
        {
            WorldId = WorldId,
            Allocation = Allocation,
            RunId = RunId,
            Etag = Etag,
            UpdatedAt = Timestamp.FromDateTimeOffset(UpdatedAt),
            Ttl = Duration.FromTimeSpan(Ttl),
            Stale = now - UpdatedAt > Ttl,
        };
        foreach (var (strategy, share) in Strategies) snapshot.StrategyAllocTotal.Add(strategy, share);
        return snapshot;
    }
}

/// <summary>Strategy shares as a column holds them.</summary>
internal static class Shares
{
    public const string None = "{}";

    public static SortedDictionary<string, double> Read(string json) =>
        new(JsonSerializer.Deserialize<Dictionary<string, double>>(json)!, StringComparer.Ordinal);

    public static string Write(IEnumerable<KeyValuePair<string, double>> shares) =>
        JsonSerializer.Serialize(new SortedDictionary<string, double>(shares.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal));
}
