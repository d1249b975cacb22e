using Qmtl.Storage;

namespace Qmtl.WorldService.Tests.Service;

/// <summary>Everything a database holds, as text that can be compared.</summary>
internal static class Tables
{
    public static async Task<IReadOnlyDictionary<string, string>> ReadAsync(IDatabase database)
    {
        var names = await database.QueryAsync<string>(database.Dialect.IsPostgres
            ? "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name"
            : "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
        var tables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            var rows = await database.QueryAsync<object>($"SELECT * FROM {name}");
            tables[name] = string.Join('\n', rows.Select(row => string.Join('|', ((IDictionary<string, object?>)row).Select(cell => $"{cell.Key}={Text(cell.Value)}"))).Order(StringComparer.Ordinal));
        }

        return tables;
    }

    private static string? Text(object? value) => value is byte[] bytes ? Convert.ToHexString(bytes) : Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture);
}
