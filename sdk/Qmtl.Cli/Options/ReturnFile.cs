using System.Globalization;
using Qmtl.Cli.Shell;
using Qmtl.Identity;

namespace Qmtl.Cli.Options;

/// <summary>Returns from a file: one number a line, or a time and a number separated by a comma.</summary>
/// <param name="Returns">The returns.</param>
/// <param name="Timestamps">Epoch seconds of each; null when the file has no times.</param>
internal sealed record ReturnFile(double[] Returns, long[]? Timestamps)
{
    public static async Task<ReturnFile> ReadAsync(CliHost host, string path, CancellationToken cancellationToken) =>
        Parse(path, await TextFile.ReadAsync(host, path, cancellationToken));

    private static ReturnFile Parse(string file, string text)
    {
        var values = new List<double>();
        var times = new List<long>();
        var number = 0;
        foreach (var raw in text.AsSpan().EnumerateLines())
        {
            number++;
            var line = raw.Trim();
            if (line.IsEmpty) continue;
            var comma = line.LastIndexOf(',');
            if (!double.TryParse(line[(comma + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
            {
                // A header, as other programs write one.
                if (values.Count == 0 && comma >= 0) continue;
                throw Wrong(file, number, $"must be one number, was \"{line}\"");
            }

            values.Add(value);
            if (comma < 0) continue;
            if (ReadTime(line[..comma].Trim()) is not { } time) throw Wrong(file, number, $"must begin with a time (ISO 8601 or epoch seconds), was \"{line}\"");
            if (times.Count > 0 && time <= times[^1]) throw Wrong(file, number, "must come after the line before it");
            times.Add(time);
        }

        if (values.Count == 0) throw new RefusalException(ReasonCodes.DataInvalid, $"{file} has no returns; write one number a line.");
        if (times.Count > 0 && times.Count < values.Count) throw new RefusalException(ReasonCodes.DataInvalid, $"{file} has a time on {times.Count} of {values.Count} lines; write one on all or on none.");
        return new ReturnFile([.. values], times.Count > 0 ? [.. times] : null);
    }

    private static long? ReadTime(ReadOnlySpan<char> text)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds))
            return seconds is > -62_135_596_800 and < 253_402_300_800 ? seconds : null;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time.ToUnixTimeSeconds() : null;
    }

    private static RefusalException Wrong(string file, int line, string problem) => RefusalException.At(
        ReasonCodes.DataInvalid, string.Create(CultureInfo.InvariantCulture, $"/lines/{line}"), string.Create(CultureInfo.InvariantCulture, $"{file} line {line}: {problem}."));
}
