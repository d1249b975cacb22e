using System.Globalization;
using Qmtl.Identity;

namespace Qmtl.WorldService.RiskHub;

/// <summary>Whether numbers can be a covariance matrix: every name has a variance, the two halves agree, and no portfolio has a negative variance. Pure.</summary>
internal static class CovarianceRules
{
    public const int MaxNames = 2_000;

    // Up to here the whole matrix is factorised (n^3/3 operations); beyond, each pair is held against its variances.
    private const int MaxFactorised = 512;
    private const double Tolerance = 1e-8;

    public static void Check(IReadOnlyDictionary<string, double> covariance)
    {
        if (covariance.Count == 0) return;
        var pairs = new Dictionary<(string, string), double>();
        foreach (var (key, value) in covariance) Add(pairs, key, value);
        string[] names = [.. pairs.Keys.Select(pair => pair.Item1).Concat(pairs.Keys.Select(pair => pair.Item2)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (names.Length > MaxNames) throw Refuse.Field(ReasonCodes.TooLarge, "/covariance", $"may name at most {MaxNames} symbols or strategies, named {names.Length}");
        foreach (var name in names)
        {
            if (!pairs.TryGetValue((name, name), out var variance)) throw Invalid($"lacks the variance '{name},{name}'");
            if (variance < 0) throw Invalid(string.Create(CultureInfo.InvariantCulture, $"the variance '{name},{name}' must not be negative, was {variance}"));
        }

        foreach (var ((first, second), value) in pairs) CheckPair(pairs, first, second, value);
        if (names.Length <= MaxFactorised && !IsPositiveSemidefinite(Matrix(names, pairs))) throw Invalid("is not positive semidefinite: some portfolio would have a negative variance");
    }

    /// <summary>The two names of a key <c>a,b</c> or <c>a:b</c>, in order; null when it is neither.</summary>
    public static (string First, string Second)? Split(string key)
    {
        // A name may hold the other separator, such as binance:BTC.
        var at = key.Contains(',', StringComparison.Ordinal) ? key.IndexOf(',', StringComparison.Ordinal) : key.IndexOf(':', StringComparison.Ordinal);
        if (at <= 0 || at == key.Length - 1) return null;
        var (first, second) = (key[..at], key[(at + 1)..]);
        return string.CompareOrdinal(first, second) <= 0 ? (first, second) : (second, first);
    }

    private static void Add(Dictionary<(string, string), double> pairs, string key, double value)
    {
        var pointer = JsonPointer.Append("/covariance", key);
        if (Split(key) is not { } pair) throw Refuse.Field(ReasonCodes.SnapshotInvalid, pointer, "must be keyed by two names, 'a,b'");
        if (!double.IsFinite(value)) throw Refuse.Field(ReasonCodes.SnapshotInvalid, pointer, "must be a finite number");
        if (pairs.TryGetValue(pair, out var other) && Math.Abs(other - value) > Tolerance * Math.Max(Math.Abs(other), Math.Abs(value)))
        {
            throw Refuse.Field(ReasonCodes.SnapshotInvalid, pointer, string.Create(CultureInfo.InvariantCulture, $"must be the same in both orders, was {value} and {other}"));
        }

        pairs[pair] = value;
    }

    private static void CheckPair(Dictionary<(string, string), double> pairs, string first, string second, double value)
    {
        // |cov(a,b)| <= sd(a) sd(b).
        var most = Math.Sqrt(pairs[(first, first)]) * Math.Sqrt(pairs[(second, second)]);
        if (Math.Abs(value) > most * (1 + Tolerance)) throw Invalid(string.Create(CultureInfo.InvariantCulture, $"'{first},{second}' was {value:G9}, more than its variances allow ({most:G9})"));
    }

    private static double[,] Matrix(string[] names, Dictionary<(string, string), double> pairs)
    {
        var matrix = new double[names.Length, names.Length];
        for (var i = 0; i < names.Length; i++)
        {
            for (var j = i; j < names.Length; j++)
            {
                if (pairs.TryGetValue((names[i], names[j]), out var value)) matrix[i, j] = matrix[j, i] = value;
            }
        }

        return matrix;
    }

    /// <summary>LDL' without square roots (Golub and Van Loan, Matrix Computations, 4.1) of the matrix scaled to a unit diagonal, with room for rounding.</summary>
    internal static bool IsPositiveSemidefinite(double[,] matrix)
    {
        var n = matrix.GetLength(0);
        var scale = new double[n];
        for (var i = 0; i < n; i++)
        {
            if (matrix[i, i] < 0) return false;
            scale[i] = matrix[i, i] > 0 ? 1 / Math.Sqrt(matrix[i, i]) : 1;
        }

        var lower = new double[n, n];
        var pivots = new double[n];
        for (var j = 0; j < n; j++)
        {
            pivots[j] = (matrix[j, j] * scale[j] * scale[j]) - Weighted(lower, pivots, j, j);
            if (pivots[j] < -Tolerance * n) return false;
            for (var i = j + 1; i < n; i++)
            {
                var rest = (matrix[i, j] * scale[i] * scale[j]) - Weighted(lower, pivots, i, j);

                // A direction without variance must not covary with anything.
                if (pivots[j] <= Tolerance * n && Math.Abs(rest) > Math.Sqrt(Tolerance * n)) return false;
                lower[i, j] = pivots[j] <= Tolerance * n ? 0 : rest / pivots[j];
            }
        }

        return true;
    }

    private static double Weighted(double[,] lower, double[] pivots, int i, int j)
    {
        var sum = 0.0;
        for (var k = 0; k < j; k++) sum += lower[i, k] * pivots[k] * lower[j, k];
        return sum;
    }

    private static RefusalException Invalid(string message) => Refuse.Field(ReasonCodes.SnapshotInvalid, "/covariance", message);
}
