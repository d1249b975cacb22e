using System.Globalization;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Gateway.NodeStreams;

/// <summary>Whether a batch may be appended to its stream. Pure: the same row, session, batch and time give the same answer.</summary>
internal static class AppendRules
{
    /// <summary>Decides about a batch.</summary>
    /// <remarks>
    /// Two things keep a stream free of gaps, duplicates and foreign values, whatever its former producers still send: only the session with the newest
    /// epoch may append, and a batch begins where the stream ends. A batch that stands there already, over the same inputs, is passed over, so that a
    /// producer which did not hear the answer may send again.
    /// </remarks>
    /// <param name="row">The stream; null when nobody acquired it.</param>
    /// <param name="sessionId">Who appends.</param>
    /// <param name="batch">The values.</param>
    /// <param name="now">The time.</param>
    /// <returns>The row afterwards; the same row when the batch is there already.</returns>
    /// <exception cref="RefusalException">It may not be appended; the stream is named as <c>stream_id</c>.</exception>
    public static StreamRow Apply(StreamRow? row, string sessionId, NodeValues batch, DateTimeOffset now)
    {
        if (row is null) throw Refuse(ReasonCodes.LeaseFenced, batch, "was never acquired; acquire the node first");
        if (!string.Equals(row.Owner, sessionId, StringComparison.Ordinal) || row.Epoch != batch.Epoch)
            throw Refuse(ReasonCodes.LeaseFenced, batch, $"is at epoch {row.Epoch} and not this session's at epoch {batch.Epoch}; compute the node for yourself, or acquire it again");
        if (row.ExpiresAt <= now) throw Refuse(ReasonCodes.LeaseFenced, batch, $"was leased until {row.ExpiresAt:O}; renew in time, or acquire it again");
        var end = batch.FirstBar + batch.Bars;
        if (batch.FirstBar > row.NextBar) throw Refuse(ReasonCodes.NodeValuesGap, batch, $"ends before bar {row.NextBar}, the batch begins at bar {batch.FirstBar}; append what is missing first", row.NextBar);
        if (end <= row.NextBar)
        {
            return end < row.NextBar || string.Equals(row.InputWindowHash, batch.InputWindowHash, StringComparison.Ordinal)
                ? row
                : throw Refuse(ReasonCodes.NodeValuesConflict, batch, $"holds values over other inputs up to bar {row.NextBar}; compute the node for yourself", row.NextBar);
        }

        return batch.FirstBar == row.NextBar
            ? row with { NextBar = end, InputWindowHash = batch.InputWindowHash }
            : throw Refuse(ReasonCodes.NodeValuesGap, batch, $"ends before bar {row.NextBar}, within the batch from bar {batch.FirstBar} to {end}; begin at its end", row.NextBar);
    }

    private static RefusalException Refuse(ReasonCode code, NodeValues batch, string problem, long? nextBar = null)
    {
        var facts = new Dictionary<string, string>(StringComparer.Ordinal) { ["stream_id"] = batch.StreamId };
        if (nextBar is { } bar) facts["next_bar"] = bar.ToString(CultureInfo.InvariantCulture);
        return new RefusalException(code, $"The stream {batch.StreamId} {problem}.", errors: null, facts);
    }
}
