using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Qmtl.Data;
using Qmtl.Strategies;

namespace Qmtl.Runtime;

/// <summary>Fingerprints of the bars that a node's values depend on, from the first bar to the end of each block.</summary>
/// <remarks>
/// Two runs that agree in the fingerprint of a node's columns at a bar have computed the same bits for it up to there: times and values enter as they
/// are, and so do the instruments that are missing on a bar. Columns are hashed once, however many nodes read them.
/// </remarks>
internal sealed class InputLineage
{
    private const string Prefix = "sha256:";

    private readonly MarketData _data;
    private readonly int _block;
    private readonly byte[][] _times;
    private readonly Dictionary<DataColumn, byte[][]> _columns = [];
    private readonly Dictionary<(ColumnSet Columns, int Block), string> _known = [];

    /// <summary>Prepares the fingerprints of <paramref name="data"/> at the ends of blocks of <paramref name="block"/> bars, and at its own end.</summary>
    public InputLineage(MarketData data, int block)
    {
        _data = data;
        _block = block;
        _times = Prefixes(data.Times);
    }

    /// <summary>What a session shares the node under: all of its bars, and what of this machine decides about bits.</summary>
    public string Inputs(ColumnSet columns) => Prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{RuntimeFingerprint.Platform}\n{_data.Count}\n{At(columns, _data.Count)}")));

    /// <summary>Fingerprint of the bars before <paramref name="end"/>, which is the end of a block or of the data.</summary>
    public string At(ColumnSet columns, int end)
    {
        var number = (end + _block - 1) / _block;
        if (_known.TryGetValue((columns, number), out var known)) return known;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(_times[number - 1]);
        foreach (var column in columns.Columns)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{column.Instrument}\u001f{column.Name}\u001f"));
            hash.AppendData(PrefixesOf(column)[number - 1]);
        }

        return _known[(columns, number)] = Prefix + Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private byte[][] PrefixesOf(DataColumn column)
    {
        if (_columns.TryGetValue(column, out var known)) return known;
        var series = _data.Aligned.First(one => string.Equals(one.Instrument, column.Instrument, StringComparison.Ordinal));
        return _columns[column] = Prefixes(series.FindColumn(column.Name)!.Value.Span);
    }

    private byte[][] Prefixes<T>(ReadOnlySpan<T> values)
        where T : struct
    {
        var prefixes = new byte[(values.Length + _block - 1) / _block][];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var i = 0; i < prefixes.Length; i++)
        {
            var start = i * _block;
            hash.AppendData(MemoryMarshal.AsBytes(values.Slice(start, Math.Min(_block, values.Length - start))));
            prefixes[i] = hash.GetCurrentHash();
        }

        return prefixes;
    }
}
