namespace Qmtl.DagManager.Leases;

/// <summary>A lease as it stands in the store.</summary>
internal sealed record LeaseRow
{
    public string StreamId { get; init; } = "";

    /// <summary>Who holds it, or held it last; empty when it was given up.</summary>
    public string Owner { get; init; } = "";

    public int Epoch { get; init; }

    public DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>What comes of asking for a lease.</summary>
internal enum LeaseOutcome
{
    /// <summary>Somebody else holds it.</summary>
    Refused,

    /// <summary>The asker held it and keeps it.</summary>
    Kept,

    /// <summary>Nobody held it.</summary>
    Granted,

    /// <summary>Its holder fell silent.</summary>
    TakenOver,
}

/// <summary>Decides about a lease.</summary>
/// <param name="Outcome">What comes of it.</param>
/// <param name="Epoch">The lease's number afterwards.</param>
internal readonly record struct LeaseDecision(LeaseOutcome Outcome, int Epoch)
{
    /// <summary>Whether the asker holds the lease.</summary>
    public bool IsHeld => Outcome != LeaseOutcome.Refused;
}

/// <summary>Who gets a lease. Pure: the same row, asker and time give the same decision.</summary>
internal static class LeaseRules
{
    /// <summary>Decides whether <paramref name="owner"/> gets the lease.</summary>
    /// <remarks>
    /// The epoch grows whenever the holder changes and never otherwise, so that what a former holder still sends can be told from what the present one
    /// does. A holder whose lease has ended keeps it, under the same number, as long as nobody else has asked.
    /// </remarks>
    /// <param name="row">The lease; null when there never was one.</param>
    /// <param name="owner">Who asks.</param>
    /// <param name="now">The time.</param>
    public static LeaseDecision Decide(LeaseRow? row, string owner, DateTimeOffset now)
    {
        if (row is null) return new LeaseDecision(LeaseOutcome.Granted, 1);
        if (string.Equals(row.Owner, owner, StringComparison.Ordinal)) return new LeaseDecision(LeaseOutcome.Kept, row.Epoch);
        if (row.Owner.Length == 0) return new LeaseDecision(LeaseOutcome.Granted, row.Epoch + 1);
        return row.ExpiresAt > now ? new LeaseDecision(LeaseOutcome.Refused, row.Epoch) : new LeaseDecision(LeaseOutcome.TakenOver, row.Epoch + 1);
    }
}
