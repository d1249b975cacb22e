namespace Qmtl.Strategies;

/// <content>Runs of a cut: values that come from elsewhere, and groups that run when those are there.</content>
public sealed partial class PlanRun
{
    /// <summary>Begins a block of a cut: from here on its groups run, each once.</summary>
    /// <param name="length">Bars that were written to the sources.</param>
    /// <exception cref="Identity.RefusalException">Times do not increase.</exception>
    public void Begin(int length) => BeginBlock(length);

    /// <summary>Where the values of a read node for this block are to be written, before a group that waits for it runs.</summary>
    /// <param name="index">The node, one of <see cref="GraphCut.Read"/>.</param>
    /// <param name="output">Which of its outputs.</param>
    public Span<double> Read(int index, int output) => _arena.AsSpan(_plan.Layout.Reads[index][output] * _stride, BlockLength);

    /// <summary>Computes one group of the cut for the block that was begun.</summary>
    /// <param name="group">Its place in <see cref="GraphCut.Groups"/>.</param>
    public void ProcessGroup(int group)
    {
        var ends = _plan.Layout.GroupEnds;
        var start = group == 0 ? 0 : ends[group - 1];
        ProcessSteps(_steps.AsSpan(start, ends[group] - start), _lengths[0]);
    }

    /// <summary>The values of an offered node for this block, once its group has run.</summary>
    /// <param name="index">The node, one of <see cref="GraphCut.Offered"/>.</param>
    /// <param name="output">Which of its outputs.</param>
    public ReadOnlySpan<double> Offered(int index, int output) => _arena.AsSpan(_plan.Layout.Offers[index][output] * _stride, BlockLength);
}
