using System.Text.Json;

namespace Qmtl.DagManager.Graph;

/// <summary>A condition on many keys as one parameter, whatever their number: a list of ten thousand parameters takes longer to compile than to answer.</summary>
internal static class KeyList
{
    /// <summary>The condition that <paramref name="column"/> is one of the parameter <c>@keys</c>.</summary>
    public static string Has(ISession session, string column) => session.Dialect.IsPostgres ? $"{column} = ANY(@keys)" : $"{column} IN (SELECT value FROM json_each(@keys))";

    /// <summary>The parameter.</summary>
    public static object Of(ISession session, IEnumerable<long> keys) => session.Dialect.IsPostgres ? new { keys = keys.ToArray() } : new { keys = JsonSerializer.Serialize(keys) };

    /// <inheritdoc cref="Of(ISession, IEnumerable{long})"/>
    public static object Of(ISession session, IEnumerable<string> keys) => session.Dialect.IsPostgres ? new { keys = keys.ToArray() } : new { keys = JsonSerializer.Serialize(keys) };
}
