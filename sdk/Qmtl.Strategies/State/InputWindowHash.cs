using System.Security.Cryptography;
using System.Text;
using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <summary>The hash of what windows hold: the key by which a result computed twice from equal inputs is recognised.</summary>
/// <remarks>
/// SHA-256 of canonical JSON: <c>[{"columns":[...],"interval":60,"rows":[[ts,v,...],...],"upstream":"..."},...]</c>, inputs ordered by
/// upstream and interval, rows by time, <c>ts</c> in whole seconds, numbers in their shortest form, missing values as null. It does not depend
/// on the order in which bars came or inputs were added.
/// </remarks>
public static class InputWindowHash
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary><c>sha256:</c> and the hash, hexadecimal.</summary>
    public static string Of(IReadOnlyList<CacheInput> inputs) =>
        "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Json(inputs))));

    /// <summary>The text that is hashed.</summary>
    internal static string Json(IReadOnlyList<CacheInput> inputs) => CanonicalJson.Write(CanonicalValue.List(inputs
        .OrderBy(input => input.UpstreamId, StringComparer.Ordinal)
        .ThenBy(input => input.IntervalSeconds)
        .Select(input => CanonicalValue.Map(
            ("columns", CanonicalValue.List(input.Columns.Select(CanonicalValue.Of))),
            ("interval", CanonicalValue.Of(input.IntervalSeconds)),
            ("rows", CanonicalValue.List(Rows(input))),
            ("upstream", CanonicalValue.Of(input.UpstreamId))))));

    private static CanonicalValue[] Rows(CacheInput input)
    {
        var window = input.Window;
        var rows = new CanonicalValue[window.Count];
        for (var i = 0; i < rows.Length; i++)
        {
            var row = new CanonicalValue[input.Columns.Count + 1];
            row[0] = CanonicalValue.Of(window.Times[i] / NanosecondsPerSecond);
            for (var column = 0; column < input.Columns.Count; column++)
            {
                var value = window[column][i];
                row[column + 1] = double.IsNaN(value) ? CanonicalValue.Null : CanonicalValue.Of(value);
            }

            rows[i] = CanonicalValue.List(row);
        }

        return rows;
    }
}
