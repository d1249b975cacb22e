using System.Buffers;

namespace Qmtl.Strategies;

/// <summary>A function of all members of a panel at one bar, with a result for each of them.</summary>
/// <remarks>
/// Members that are missing at a bar are left out of it and stay missing. Columns are turned into rows a few bars at a time, because a row touches
/// one cache line of every member.
/// </remarks>
internal abstract class CrossSectionKernel(IReadOnlyList<string> members) : PanelKernel
{
    private const int TileBars = 8, StackDoubles = 4096;

    public override int OutputCount => members.Count;

    /// <summary>Rows of memory that <see cref="Apply"/> needs.</summary>
    protected virtual int ScratchRows => 0;

    internal sealed override bool CrossesMembers => true;

    public override string OutputName(int index) => members[index];

    public sealed override void Process(Span<double> state, in KernelInputs inputs, in KernelOutputs outputs)
    {
        var tileBars = Math.Min(TileBars, outputs.Length);
        // Two tiles, a row of present values, a row of their results, and what the function wants.
        var length = ((2 * tileBars) + 2 + ScratchRows) * members.Count;
        var rented = length > StackDoubles ? ArrayPool<double>.Shared.Rent(length) : null;
        Span<double> memory = rented is null ? stackalloc double[length] : rented.AsSpan(0, length);
        var read = memory[..(tileBars * members.Count)];
        var written = memory.Slice(read.Length, read.Length);
        var rows = memory[(2 * read.Length)..];
        for (var start = 0; start < outputs.Length; start += tileBars)
        {
            var bars = Math.Min(tileBars, outputs.Length - start);
            for (var member = 0; member < members.Count; member++)
            {
                var column = inputs[member].Slice(start, bars);
                for (var bar = 0; bar < column.Length; bar++) read[(bar * members.Count) + member] = column[bar];
            }

            for (var bar = 0; bar < bars; bar++) ApplyToPresent(read.Slice(bar * members.Count, members.Count), written.Slice(bar * members.Count, members.Count), rows);

            for (var member = 0; member < members.Count; member++)
            {
                var column = outputs[member].Slice(start, bars);
                for (var bar = 0; bar < column.Length; bar++) column[bar] = written[(bar * members.Count) + member];
            }
        }

        if (rented is not null) ArrayPool<double>.Shared.Return(rented);
    }

    /// <summary>Computes a result for each of <paramref name="values"/>, none of which is missing, in the order of the members; there is at least one.</summary>
    protected abstract void Apply(ReadOnlySpan<double> values, Span<double> results, Span<double> scratch);

    private void ApplyToPresent(ReadOnlySpan<double> values, Span<double> results, Span<double> rows)
    {
        var scratch = rows[(2 * members.Count)..];
        var present = rows[..members.Count];
        var count = 0;
        foreach (var value in values)
        {
            if (!double.IsNaN(value)) present[count++] = value;
        }

        if (count == values.Length)
        {
            Apply(values, results, scratch);
            return;
        }

        results.Fill(double.NaN);
        if (count == 0) return;
        var computed = rows.Slice(members.Count, count);
        Apply(present[..count], computed, scratch);
        for (int i = 0, next = 0; i < values.Length; i++)
        {
            if (!double.IsNaN(values[i])) results[i] = computed[next++];
        }
    }
}
