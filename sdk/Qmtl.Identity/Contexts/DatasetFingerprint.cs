using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Qmtl.Identity;

/// <summary>What a fingerprint says about a frame besides its rows.</summary>
/// <param name="NodeId">The identity of the data, for example <c>ohlcv:binance:BTC/USDT:1m</c>.</param>
/// <param name="Interval">Bar interval in seconds.</param>
/// <param name="CoverageStart">First covered time, epoch seconds.</param>
/// <param name="CoverageEnd">Last covered time, epoch seconds.</param>
/// <param name="ConformanceVersion">The version of the conformance rules the frame went through.</param>
public readonly record struct FrameMetadata(string NodeId, int Interval, long CoverageStart, long CoverageEnd, string ConformanceVersion = "v2");

/// <summary>A column of numbers; NaN stands for a missing value.</summary>
/// <param name="Name">The column's name.</param>
/// <param name="Values">One value a row.</param>
public readonly record struct FrameColumn(string Name, ReadOnlyMemory<double> Values);

/// <summary>Dataset fingerprints: the same rows give the same text wherever they were stored and whatever read them.</summary>
/// <remarks>
/// <c>"sha256:" + hex</c> of <c>{"frame":[rows],"metadata":{...}}</c> with sorted keys, rows ordered by time, missing values as null and characters
/// outside ASCII escaped. The text is hashed as it is written; it is never held as a whole.
/// </remarks>
public static class DatasetFingerprint
{
    /// <summary>What a fingerprint starts with.</summary>
    public const string Prefix = "sha256:";

    private const string LakePrefix = "lake:sha256:";
    private const string TimeColumn = "ts";
    private const int FlushAt = 1 << 16;

    /// <summary>The fingerprint of a frame.</summary>
    /// <param name="metadata">What the frame is.</param>
    /// <param name="timestamps">Epoch seconds, one a row; their order does not matter.</param>
    /// <param name="columns">The other columns, in any order.</param>
    /// <exception cref="RefusalException">A value is infinite, or a column's name or length does not fit.</exception>
    public static string Compute(FrameMetadata metadata, ReadOnlySpan<long> timestamps, IReadOnlyList<FrameColumn> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        var cells = Prepare(columns, timestamps.Length);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var text = new StringBuilder("{\"frame\":[");
        var order = Order(timestamps);
        for (var i = 0; i < timestamps.Length; i++)
        {
            var row = order is null ? i : order[i];
            if (i > 0) text.Append(',');
            AppendRow(text, cells, timestamps[row], row);
            if (text.Length >= FlushAt) Flush(text, hash);
        }

        text.Append(CultureInfo.InvariantCulture, $"],\"metadata\":");
        text.Append(CanonicalJson.WriteAscii(CanonicalValue.Map(
            ("node_id", CanonicalValue.Of(metadata.NodeId)),
            ("interval", CanonicalValue.Of(metadata.Interval)),
            ("coverage_bounds", CanonicalValue.List(CanonicalValue.Of(metadata.CoverageStart), CanonicalValue.Of(metadata.CoverageEnd))),
            ("conformance_version", CanonicalValue.Of(metadata.ConformanceVersion)))));
        text.Append('}');
        Flush(text, hash);
        return Prefix + Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Whether two texts name the same fingerprint: <c>sha256:x</c>, <c>lake:sha256:x</c> and 64 bare hexadecimal digits are the same.</summary>
    public static bool AreEquivalent(string? a, string? b) =>
        Normalize(a) is { } left && string.Equals(left, Normalize(b), StringComparison.Ordinal);

    /// <summary>The usual form of a fingerprint, or the text itself when it is another kind of snapshot id. Null for nothing.</summary>
    public static string? Normalize(string? fingerprint)
    {
        if (string.IsNullOrWhiteSpace(fingerprint)) return null;
        var text = fingerprint.Trim();
        var digits = text.StartsWith(LakePrefix, StringComparison.Ordinal) ? text[LakePrefix.Length..]
            : text.StartsWith(Prefix, StringComparison.Ordinal) ? text[Prefix.Length..] : text;
        return digits.Length == 64 && digits.All(char.IsAsciiHexDigit) ? Prefix + digits.ToLowerInvariant() : text;
    }

    // A row's cells in key order; the time column has no special place. A null value array marks it.
    private static (string Label, ReadOnlyMemory<double>? Values)[] Prepare(IReadOnlyList<FrameColumn> columns, int rows)
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { TimeColumn };
        foreach (var column in columns)
        {
            if (!names.Add(column.Name)) throw CanonicalJson.Refuse($"/frame/{column.Name}", "is a column name that occurs more than once");
            if (column.Values.Length != rows)
                throw CanonicalJson.Refuse($"/frame/{column.Name}", $"must have one value for each of {rows} rows, has {column.Values.Length}");
        }

        return
        [
            .. columns.Select(column => (column.Name, Values: (ReadOnlyMemory<double>?)column.Values)).Append((TimeColumn, null))
                .OrderBy(column => column.Name, CodePointComparer.Instance)
                .Select(column => (CanonicalJson.WriteAscii(CanonicalValue.Of(column.Name)) + ":", column.Values)),
        ];
    }

    private static int[]? Order(ReadOnlySpan<long> timestamps)
    {
        var sorted = true;
        for (var i = 1; i < timestamps.Length && sorted; i++) sorted = timestamps[i - 1] <= timestamps[i];
        if (sorted) return null;
        var keys = timestamps.ToArray();
        return [.. Enumerable.Range(0, keys.Length).OrderBy(i => keys[i])];
    }

    private static void AppendRow(StringBuilder text, (string Label, ReadOnlyMemory<double>? Values)[] cells, long timestamp, int row)
    {
        Span<char> number = stackalloc char[FloatText.MaxLength];
        text.Append('{');
        for (var i = 0; i < cells.Length; i++)
        {
            if (i > 0) text.Append(',');
            text.Append(cells[i].Label);
            if (cells[i].Values is not { } values) text.Append(timestamp);
            else if (double.IsNaN(values.Span[row])) text.Append("null");
            else if (double.IsInfinity(values.Span[row])) throw CanonicalJson.Refuse($"/frame/{row}", $"must hold finite numbers, holds infinity in column {cells[i].Label.TrimEnd(':')}");
            else text.Append(number[..FloatText.Format(values.Span[row], number)]);
        }

        text.Append('}');
    }

    private static void Flush(StringBuilder text, IncrementalHash hash)
    {
        foreach (var chunk in text.GetChunks()) hash.AppendData(Encoding.ASCII.GetBytes(chunk.ToArray()));
        text.Clear();
    }
}
