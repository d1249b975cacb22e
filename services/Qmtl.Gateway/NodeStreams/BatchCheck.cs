using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Gateway.NodeStreams;

/// <summary>Whether a batch is whole: lengths, encodings, hash. What is kept is read by others, who must be able to rely on it.</summary>
internal static class BatchCheck
{
    /// <summary>Bytes of one batch; a record of the log is not larger.</summary>
    public const int MaxBytes = 900 * 1024;

    private const int MostBars = 65_536;
    private const string Doubles = "f64", Flags = "flags";
    private const int FlagsInByte = 4;

    /// <summary>Refuses a batch that is not whole.</summary>
    /// <exception cref="RefusalException">The message names the field.</exception>
    public static void ThrowIfRefused(NodeValues batch, int index)
    {
        var at = $"/batches/{index}";
        if (batch.StreamId.Length == 0) throw RefusalException.At(ReasonCodes.InvalidArgument, at + "/stream_id", "stream_id is missing; it is in the answer to the acquisition");
        if (batch.Bars is < 1 or > MostBars) throw RefusalException.At(ReasonCodes.InvalidArgument, at + "/bars", $"bars must be 1 to {MostBars}, was {batch.Bars}");
        if (batch.FirstBar < 0) throw RefusalException.At(ReasonCodes.InvalidArgument, at + "/first_bar", $"first_bar must be 0 or more, was {batch.FirstBar}");
        if (!IsHash(batch.InputWindowHash)) throw RefusalException.At(ReasonCodes.InvalidArgument, at + "/input_window_hash", "input_window_hash must be \"sha256:\" and 64 hex digits");
        if (batch.Columns.Count == 0) throw RefusalException.At(ReasonCodes.InvalidArgument, at + "/columns", "columns is empty; a node has at least one output");
        if (batch.CalculateSize() is var size and > MaxBytes) throw RefusalException.At(ReasonCodes.TooLarge, at, $"a batch has at most {MaxBytes} bytes, this one {size}; send fewer bars at once");
        foreach (var (number, column) in batch.Columns.Index())
        {
            var expected = column.Encoding switch
            {
                Doubles => batch.Bars * sizeof(double),
                Flags => (batch.Bars + FlagsInByte - 1) / FlagsInByte,
                _ => throw RefusalException.At(ReasonCodes.InvalidArgument, $"{at}/columns/{number}/encoding", $"encoding must be {Doubles} or {Flags}, was \"{column.Encoding}\""),
            };
            if (column.Values.Length != expected)
                throw RefusalException.At(ReasonCodes.InvalidArgument, $"{at}/columns/{number}/values", $"values must have {expected} bytes for {batch.Bars} bars of {column.Encoding}, has {column.Values.Length}");
        }
    }

    /// <summary>Whether a text is a SHA-256 with its prefix.</summary>
    public static bool IsHash(string text)
    {
        const string Prefix = "sha256:";
        const int Digits = 64;
        return text.Length == Prefix.Length + Digits && text.StartsWith(Prefix, StringComparison.Ordinal) && text.AsSpan(Prefix.Length).IndexOfAnyExceptInRange('0', 'f') < 0
            && !text.AsSpan(Prefix.Length).ContainsAnyInRange(':', '`');
    }
}
