namespace Qmtl.Storage.Retention;

/// <summary>Which rows of one table may go once they are old. Registered by the component whose table it is.</summary>
/// <param name="Kind">Names the rule in options, reports and metrics, such as <c>run_revisions</c>.</param>
/// <param name="Description">What goes and what stays, for people.</param>
/// <param name="Table">The table.</param>
/// <param name="Condition">SQL over the table's columns that holds for a row that may go; <c>@cutoff</c> is the time before which rows are old.</param>
public sealed record RetentionRule(string Kind, string Description, string Table, string Condition);

/// <summary>Section <c>Retention</c> of the configuration. What no rule covers, the audit above all, is kept for good.</summary>
public sealed class RetentionOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Retention";

    /// <summary>Whether a service sweeps by itself. Off by default: <c>qmtl storage retention</c> shows first what would go.</summary>
    public bool Enabled { get; set; }

    /// <summary>Time between sweeps. 1 minute to 7 days; default 6 hours.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromHours(6);

    /// <summary>Days to keep, by kind, 1 to 36,500; a kind that is not named keeps <see cref="DefaultDays"/>.</summary>
    public Dictionary<string, int> Days { get; } = new(StringComparer.Ordinal);

    /// <summary>Days to keep where <see cref="Days"/> says nothing.</summary>
    public int DefaultDays { get; set; } = 365;

    /// <summary>The first thing wrong with these options, or null.</summary>
    public string? Problem(IEnumerable<RetentionRule> rules)
    {
        if (Interval < TimeSpan.FromMinutes(1) || Interval > TimeSpan.FromDays(7)) return $"Retention:Interval was {Interval}; it must be 1 minute to 7 days.";
        if (DefaultDays is < 1 or > 36_500) return $"Retention:DefaultDays was {DefaultDays}; it must be 1 to 36500.";
        var kinds = rules.Select(rule => rule.Kind).ToHashSet(StringComparer.Ordinal);
        foreach (var (kind, days) in Days)
        {
            if (!kinds.Contains(kind)) return $"Retention:Days:{kind} names nothing that can be removed; there are {string.Join(", ", kinds.Order(StringComparer.Ordinal))}.";
            if (days is < 1 or > 36_500) return $"Retention:Days:{kind} was {days}; it must be 1 to 36500.";
        }

        return null;
    }
}
