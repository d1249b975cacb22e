using System.Buffers;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Qmtl.Storage.Backup;

/// <summary>A file that is no backup, is damaged, or does not fit this program or database.</summary>
public sealed class BackupException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What a backup holds.</summary>
/// <param name="CreatedAt">When its snapshot was taken.</param>
/// <param name="Dialect">The database it was taken from: sqlite or postgres.</param>
/// <param name="Schema">Component to the version of its schema.</param>
/// <param name="Tables">Tables in it.</param>
/// <param name="Rows">Rows of all tables.</param>
/// <param name="StateHash">SHA-256 over all tables and rows: equal content gives an equal hash, from either database.</param>
public sealed record BackupSummary(DateTimeOffset CreatedAt, string Dialect, IReadOnlyDictionary<string, int> Schema, int Tables, long Rows, string StateHash);

/// <summary>The first line.</summary>
internal sealed record BackupHead(
    [property: JsonPropertyName("qmtl_backup")] int Format,
    [property: JsonPropertyName("created_at")] DateTimeOffset CreatedAt,
    [property: JsonPropertyName("dialect")] string Dialect,
    [property: JsonPropertyName("schema")] IReadOnlyList<BackupMigration> Schema)
{
    public const int CurrentFormat = 1;

    public Dictionary<string, int> Versions() =>
        Schema.GroupBy(step => step.Component, StringComparer.Ordinal).ToDictionary(steps => steps.Key, steps => steps.Max(step => step.Version), StringComparer.Ordinal);
}

/// <summary>A migration that the database had.</summary>
internal sealed record BackupMigration(
    [property: JsonPropertyName("component")] string Component,
    [property: JsonPropertyName("version")] int Version,
    [property: JsonPropertyName("checksum")] string Checksum);

/// <summary>Stands before the rows of a table.</summary>
internal sealed record BackupTable(
    [property: JsonPropertyName("table")] string Table,
    [property: JsonPropertyName("columns")] IReadOnlyList<string> Columns);

/// <summary>The last line. The checksum is over every byte before it.</summary>
internal sealed record BackupEnd(
    [property: JsonPropertyName("tables")] int Tables,
    [property: JsonPropertyName("rows")] long Rows,
    [property: JsonPropertyName("state_hash")] string StateHash,
    [property: JsonPropertyName("sha256")] string Sha256);

/// <summary>Hashes what tables hold, independent of where they are kept.</summary>
internal sealed class StateHasher : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public int Tables { get; private set; }

    public long Rows { get; private set; }

    public void Table(ReadOnlySpan<byte> line)
    {
        Tables++;
        Add(line);
    }

    public void Row(ReadOnlySpan<byte> line)
    {
        Rows++;
        Add(line);
    }

    public string Hex() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public void Dispose() => _hash.Dispose();

    private void Add(ReadOnlySpan<byte> line)
    {
        _hash.AppendData(line);
        _hash.AppendData("\n"u8);
    }
}

/// <summary>Writes lines and hashes them.</summary>
internal sealed class BackupWriter(Stream output) : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public async Task WriteAsync(ReadOnlyMemory<byte> line, CancellationToken cancellationToken)
    {
        _hash.AppendData(line.Span);
        _hash.AppendData("\n"u8);
        await output.WriteAsync(line, cancellationToken);
        await output.WriteAsync("\n"u8.ToArray(), cancellationToken);
    }

    public string Checksum() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public void Dispose() => _hash.Dispose();
}

/// <summary>Reads lines and hashes them.</summary>
internal static class BackupLines
{
    // Far more than the longest row: a policy is 256 KiB, a message of the bus 1 MiB.
    private const int MaxLine = 64 * 1024 * 1024;

    /// <summary>Every line, with the checksum of all lines before it.</summary>
    public static async IAsyncEnumerable<(ReadOnlyMemory<byte> Line, string ChecksumBefore)> ReadAsync(Stream input, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var reader = System.IO.Pipelines.PipeReader.Create(input);
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = buffer.Slice(0, end).ToArray();
                yield return (line, Convert.ToHexStringLower(hash.GetCurrentHash()));
                hash.AppendData(line);
                hash.AppendData("\n"u8);
                buffer = buffer.Slice(buffer.GetPosition(1, end));
            }
            if (buffer.Length > MaxLine) throw new BackupException("A line of the file is too long; this is no backup.");
            if (read.IsCompleted && buffer.Length > 0) throw new BackupException("The file ends within a line: it was not written to its end, or cut.");
            if (read.IsCompleted) yield break;
            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    public static T Parse<T>(ReadOnlyMemory<byte> line, string what)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(line.Span) ?? throw new BackupException($"{what} is empty.");
        }
        catch (JsonException problem)
        {
            throw new BackupException($"{what} cannot be read; the file is no backup, or damaged.", problem);
        }
    }
}
