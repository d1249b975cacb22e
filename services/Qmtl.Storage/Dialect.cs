using System.Text.RegularExpressions;

namespace Qmtl.Storage;

/// <summary>Where the SQL of the two databases differs; everything else is written once.</summary>
public sealed partial class Dialect
{
    private Dialect(string name, string forUpdate, string ordinal, string skipLocked)
    {
        Name = name;
        ForUpdate = forUpdate;
        Ordinal = ordinal;
        SkipLocked = skipLocked;
    }

    /// <summary>The embedded database.</summary>
    public static Dialect Sqlite { get; } = new("sqlite", "", "COLLATE BINARY", "");

    /// <summary>The production database.</summary>
    public static Dialect Postgres { get; } = new("postgres", "FOR UPDATE", "COLLATE \"C\"", "FOR UPDATE SKIP LOCKED");

    /// <summary>As migrations and metrics write it: <c>sqlite</c> or <c>postgres</c>.</summary>
    public string Name { get; }

    /// <summary>Whether this is Postgres.</summary>
    public bool IsPostgres => ReferenceEquals(this, Postgres);

    /// <summary>Ends a SELECT whose rows this transaction will change. Empty on SQLite, whose transactions never overlap.</summary>
    public string ForUpdate { get; }

    /// <summary>As <see cref="ForUpdate"/>, passing over rows that another transaction holds: for work queues.</summary>
    public string SkipLocked { get; }

    /// <summary>Follows a text column in ORDER BY or a comparison so that both databases sort by code point, whatever the server's locale.</summary>
    public string Ordinal { get; }

    /// <summary>Lists are written <c>IN @names</c>. Dapper spells them out for SQLite; Postgres gets one array, which it compares with ANY.</summary>
    internal string Lists(string sql) =>
        IsPostgres && sql.Contains(" IN @", StringComparison.Ordinal) ? ListPattern().Replace(sql, list => list.Groups["not"].Success ? $"<> ALL({list.Groups["name"].Value})" : $"= ANY({list.Groups["name"].Value})") : sql;

    [GeneratedRegex(@"(?<not>NOT )?\bIN (?<name>@\w+)", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ListPattern();

    /// <inheritdoc/>
    public override string ToString() => Name;
}
