using System.Runtime.InteropServices;

namespace Qmtl.Strategies;

/// <summary>One run of a plan over one sequence of bars. Allocates nothing after construction. Not thread-safe.</summary>
public sealed class PlanRun
{
    private readonly ComputePlan _plan;
    private readonly double[] _arena;
    private readonly double[] _state;
    private readonly int[] _inputs;
    private readonly int[] _inputStart;
    private readonly int[] _outputs;

    internal PlanRun(ComputePlan plan, int blockLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blockLength, 1);
        _plan = plan;
        BlockLength = blockLength;
        _arena = new double[plan.SlotCount * blockLength];
        _state = new double[plan.StateLength];
        _inputs = [.. plan.Steps.SelectMany(step => step.Inputs).Select(slot => slot * blockLength)];
        _outputs = [.. Enumerable.Range(0, plan.SlotCount).Select(slot => slot * blockLength)];
        _inputStart = new int[plan.Steps.Length];
        var at = 0;
        for (var i = 0; i < plan.Steps.Length; i++)
        {
            _inputStart[i] = at;
            at += plan.Steps[i].Inputs.Length;
            plan.Steps[i].Kernel.Start(_state.AsSpan(plan.Steps[i].StateStart, plan.Steps[i].StateLength));
        }

        for (var i = 0; i < plan.Constants.Length; i++) _arena.AsSpan(i * blockLength, blockLength).Fill(plan.Constants[i]);
    }

    /// <summary>The most bars a block may have.</summary>
    public int BlockLength { get; }

    /// <summary>What every kernel remembers, as bytes: enough, with the plan, to go on elsewhere and compute the same bits.</summary>
    public ReadOnlySpan<byte> State => MemoryMarshal.AsBytes(_state.AsSpan());

    /// <summary>Where the values of source <paramref name="index"/> for the next block are to be written.</summary>
    public Span<double> Source(int index) => _arena.AsSpan(_plan.Sources[index].Slot * BlockLength, BlockLength);

    /// <summary>Computes all nodes for the <paramref name="length"/> bars that were written to the sources.</summary>
    public void Process(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, BlockLength);
        var steps = _plan.Steps;
        for (var i = 0; i < steps.Length; i++)
        {
            var step = steps[i];
            var inputs = new KernelInputs(_arena, _inputs.AsSpan(_inputStart[i], step.Inputs.Length), length);
            var state = _state.AsSpan(step.StateStart, step.StateLength);
            if (step.Kernel is PanelKernel panel) panel.Process(state, inputs, new KernelOutputs(_arena, _outputs.AsSpan(step.Output, step.OutputCount), length));
            else step.Kernel.Process(state, inputs, _arena.AsSpan(step.Output * BlockLength, length));
        }
    }

    /// <summary>The values of node <paramref name="index"/> of the graph for the bars of the last block.</summary>
    public ReadOnlySpan<double> Values(int index) => _arena.AsSpan(_plan.Slots[index] * BlockLength, BlockLength);

    /// <summary>Takes over a state saved from <see cref="State"/> of a run of the same plan.</summary>
    public void Restore(ReadOnlySpan<byte> state)
    {
        if (state.Length != _state.Length * sizeof(double))
            throw new ArgumentException($"The state must have {_state.Length * sizeof(double)} bytes, has {state.Length}; it is of another plan.", nameof(state));
        state.CopyTo(MemoryMarshal.AsBytes(_state.AsSpan()));
    }
}
