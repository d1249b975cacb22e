using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Qmtl.Storage.Migrations;

/// <summary>One numbered step of a schema.</summary>
/// <param name="Version">From 1, without gaps.</param>
/// <param name="Name">What the file calls it.</param>
/// <param name="Text">The file.</param>
public sealed record Migration(int Version, string Name, string Text)
{
    /// <summary>SHA-256 of the file, whatever its line ends.</summary>
    public string Checksum => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text.ReplaceLineEndings("\n"))));

    /// <summary>The statements for one database: those outside of any section, and those of its own.</summary>
    /// <remarks>A line <c>-- sqlite:</c> or <c>-- postgres:</c> starts a section, <c>-- both:</c> or the end of the file ends it.</remarks>
    public string SqlFor(Dialect dialect)
    {
        var sql = new StringBuilder();
        var mine = true;
        foreach (var line in Text.ReplaceLineEndings("\n").Split('\n'))
        {
            mine = line.Trim() switch
            {
                "-- both:" => true,
                "-- sqlite:" => !dialect.IsPostgres,
                "-- postgres:" => dialect.IsPostgres,
                _ => mine,
            };
            if (mine) sql.Append(line).Append('\n');
        }
        return sql.ToString();
    }
}

/// <summary>All migrations of one component: the files <c>Migrations/NNN_name.sql</c> embedded in its assembly.</summary>
public sealed partial class MigrationSet
{
    /// <summary>Creates a set from its steps.</summary>
    /// <exception cref="ArgumentException">The versions are not 1, 2, 3 ...</exception>
    public MigrationSet(string component, IEnumerable<Migration> migrations)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(component);
        Component = component;
        Migrations = [.. migrations.OrderBy(migration => migration.Version)];
        for (var index = 0; index < Migrations.Count; index++)
        {
            if (Migrations[index].Version != index + 1)
                throw new ArgumentException($"Migrations of {component} must be numbered 001, 002, ...: number {index + 1} was {Migrations[index].Version}.", nameof(migrations));
        }
    }

    /// <summary>The component, such as <c>ws</c>: its tables start with it.</summary>
    public string Component { get; }

    /// <summary>In order.</summary>
    public IReadOnlyList<Migration> Migrations { get; }

    /// <summary>The migrations embedded in an assembly.</summary>
    /// <exception cref="ArgumentException">The assembly has none.</exception>
    public static MigrationSet FromAssembly(string component, Assembly assembly)
    {
        var migrations = assembly.GetManifestResourceNames()
            .Select(resource => (Resource: resource, Match: FileName().Match(resource)))
            .Where(file => file.Match.Success)
            .Select(file => new Migration(int.Parse(file.Match.Groups["version"].Value, CultureInfo.InvariantCulture), file.Match.Groups["name"].Value, Read(assembly, file.Resource)))
            .ToArray();
        return migrations.Length > 0 ? new MigrationSet(component, migrations)
            : throw new ArgumentException($"{assembly.GetName().Name} embeds no Migrations/NNN_name.sql.", nameof(assembly));
    }

    private static string Read(Assembly assembly, string resource)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"\.Migrations\.(?<version>[0-9]{3})_(?<name>[a-z0-9_]+)\.sql$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex FileName();
}

/// <summary>The database and this program disagree about the schema; the program does not start.</summary>
public sealed class MigrationException(string message) : Exception(message);
