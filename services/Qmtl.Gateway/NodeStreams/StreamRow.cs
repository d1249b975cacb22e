namespace Qmtl.Gateway.NodeStreams;

/// <summary>A stream as it stands in the store.</summary>
internal sealed record StreamRow
{
    public string StreamId { get; init; } = "";

    public string NodeId { get; init; } = "";

    public string WorldId { get; init; } = "";

    public string ExecutionDomain { get; init; } = "";

    public string Topic { get; init; } = "";

    public int LogPartition { get; init; }

    /// <summary>No record of the stream stands before it.</summary>
    public long FirstOffset { get; init; }

    /// <summary>The session that may append; empty when none may.</summary>
    public string Owner { get; init; } = "";

    /// <summary>Number of the newest lease that was seen here.</summary>
    public int Epoch { get; init; }

    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Bars that are there.</summary>
    public long NextBar { get; init; }

    /// <summary>Fingerprint of the inputs up to the last bar that is there.</summary>
    public string InputWindowHash { get; init; } = "";
}

/// <summary>A session as it stands in the store.</summary>
internal sealed record SessionRow
{
    public string SessionId { get; init; } = "";

    public string StrategyId { get; init; } = "";

    public string WorldId { get; init; } = "";

    public string ExecutionDomain { get; init; } = "";

    public DateTimeOffset ExpiresAt { get; init; }
}
