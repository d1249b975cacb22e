using System.Globalization;

namespace Qmtl.WorldService.Apply;

/// <summary>Somebody who keeps copies of activation, and how far it has acknowledged a run.</summary>
internal sealed record Observer
{
    public string Consumer { get; init; } = "";

    public DateTimeOffset JoinedAt { get; init; }

    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The highest number of the run that it has acknowledged; 0 when none.</summary>
    public int Acknowledged { get; init; }
}

/// <summary>How many observers have to acknowledge a phase.</summary>
/// <param name="Count">Null: by <paramref name="Majority"/>.</param>
internal readonly record struct Quorum(bool Majority, int? Count)
{
    public static Quorum All => default;

    /// <summary>Reads <c>all</c>, <c>majority</c> or a number.</summary>
    public static bool TryParse(string text, out Quorum quorum)
    {
        quorum = All;
        if (text is "" or "all") return true;
        if (text is "majority")
        {
            quorum = new Quorum(Majority: true, null);
            return true;
        }

        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count < 1) return false;
        quorum = new Quorum(Majority: false, count);
        return true;
    }

    /// <summary>
    /// The observers that a phase published at <paramref name="published"/> is still missing; empty when enough have acknowledged.
    /// One that joined later read the state as it was then, and one that fell silent may keep nothing open: nobody waits for either.
    /// </summary>
    public IReadOnlyList<string> Missing(IReadOnlyList<Observer> observers, int sequence, DateTimeOffset published, DateTimeOffset now)
    {
        var wanted = observers.Where(observer => observer.JoinedAt <= published && observer.ExpiresAt > now).ToArray();
        string[] missing = [.. wanted.Where(observer => observer.Acknowledged < sequence).Select(observer => observer.Consumer).Order(StringComparer.Ordinal)];
        return wanted.Length - missing.Length >= Needed(wanted.Length) ? [] : missing;
    }

    private int Needed(int wanted) => Majority ? (wanted / 2) + (wanted > 0 ? 1 : 0) : Math.Min(Count ?? wanted, wanted);
}
