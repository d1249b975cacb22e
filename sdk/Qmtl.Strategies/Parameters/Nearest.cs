namespace Qmtl.Strategies;

/// <summary>Finds what a user probably meant.</summary>
public static class Nearest
{
    /// <summary>The candidate with the fewest edits from <paramref name="text"/>, or null when none is near (more than a third of it, and more than two).</summary>
    public static string? To(string text, IEnumerable<string> candidates)
    {
        var limit = Math.Max(2, text.Length / 3);
        return candidates.Select(candidate => (candidate, distance: Distance(text.ToLowerInvariant(), candidate.ToLowerInvariant())))
            .Where(x => x.distance <= limit)
            .OrderBy(x => x.distance).ThenBy(x => x.candidate, StringComparer.Ordinal)
            .Select(x => x.candidate).FirstOrDefault();
    }

    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(above, row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}
