using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Qmtl.Strategies;

/// <summary>One run of a plan over one sequence of bars. Allocates nothing after construction. Not thread-safe.</summary>
public sealed partial class PlanRun
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Doubles between slots, so that the same bar of many slots does not compete for the same lines of the cache.</summary>
    private const int Skew = 8, LeastSkewed = 64;

    private readonly ComputePlan _plan;
    private readonly double[] _arena;
    private readonly double[] _state;
    private readonly int _stride;
    private readonly RunStep[] _steps;
    private readonly BlockView[] _inputs;
    private readonly int[] _outputs;
    private readonly BlockView[] _columns;
    private readonly int[][] _readersOf;
    private readonly long[][] _times;
    private readonly int[] _lengths;
    private long _latest = long.MinValue;

    internal PlanRun(ComputePlan plan, int blockLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blockLength, 1);
        var layout = plan.Layout;
        _plan = plan;
        BlockLength = blockLength;
        // A block may complete one long bar more than it has bars.
        _stride = blockLength + (blockLength >= LeastSkewed ? Skew : layout.Clocks.Length > 1 ? 1 : 0);
        _arena = new double[layout.SlotCount * _stride];
        _state = new double[layout.StateLength];
        _times = [.. layout.Clocks.Select(_ => plan.NeedsTimes ? new long[blockLength + 1] : [])];
        _lengths = new int[layout.Clocks.Length];
        _columns = [.. layout.Sources.Select(source => new BlockView(_arena, source.Slot * _stride))];
        _inputs = [.. layout.Steps.SelectMany(step => step.Inputs).Select(slot => new BlockView(_arena, slot * _stride))];
        _outputs = [.. layout.Steps.SelectMany(step => step.Outputs).Select(slot => slot * _stride)];
        _steps = new RunStep[layout.Steps.Length];
        for (int i = 0, input = 0, output = 0; i < _steps.Length; i++)
        {
            var step = layout.Steps[i];
            _steps[i] = new RunStep(step, input, output, _outputs[output]);
            input += step.Inputs.Length;
            output += step.Outputs.Length;
        }

        _readersOf = ReadersOf(layout);
        for (var i = 0; i < layout.Constants.Length; i++) _arena.AsSpan(i * _stride, _stride).Fill(layout.Constants[i]);
        for (var clock = 1; clock < layout.Clocks.Length; clock++) LongBars.Start(StateOfClock(clock));
        foreach (var step in layout.Steps) step.Kernel.Start(_state.AsSpan(step.StateStart, step.Kernel.StateLength));
    }

    /// <summary>The most bars a block may have.</summary>
    public int BlockLength { get; }

    /// <summary>What every kernel remembers, as bytes: enough, with the plan, to go on elsewhere and compute the same bits.</summary>
    public ReadOnlySpan<byte> State => MemoryMarshal.AsBytes(_state.AsSpan());

    /// <summary>Where the times of the next block are to be written (nanoseconds UTC at which bars open), if <see cref="ComputePlan.NeedsTimes"/>; otherwise empty.</summary>
    public Span<long> Times => _times[0].AsSpan(0, Math.Min(_times[0].Length, BlockLength));

    /// <summary>Where the values of source <paramref name="index"/> for the next block are to be written.</summary>
    public Span<double> Source(int index)
    {
        var start = _plan.Layout.Sources[index].Slot * _stride;
        if (!ReferenceEquals(_columns[index].Values, _arena)) View(index, _arena, start);
        return _arena.AsSpan(start, BlockLength);
    }

    /// <summary>Computes all nodes for the <paramref name="length"/> bars that were written to the sources.</summary>
    /// <exception cref="Identity.RefusalException">Times do not increase.</exception>
    public void Process(int length)
    {
        BeginBlock(length);
        ProcessSteps(_steps, length);
    }

    /// <summary>The values of node <paramref name="index"/> of the plan's first graph, a target or an output, for the bars of the last block.</summary>
    public ReadOnlySpan<double> Values(int index) => Values(0, index);

    /// <summary>The values of node <paramref name="index"/> of graph <paramref name="graph"/>, a target or an output, for the bars of the last block.</summary>
    public ReadOnlySpan<double> Values(int graph, int index)
    {
        var slot = _plan.SlotOf(graph, index);
        var column = slot - _plan.Layout.Constants.Length;
        return column >= 0 && column < _columns.Length
            ? _columns[column].Values.AsSpan(_columns[column].Start, Math.Min(BlockLength, _columns[column].Values.Length - _columns[column].Start))
            : _arena.AsSpan(slot * _stride, BlockLength);
    }

    /// <summary>Takes over a state saved from <see cref="State"/> of a run of the same plan.</summary>
    public void Restore(ReadOnlySpan<byte> state)
    {
        if (state.Length != _state.Length * sizeof(double))
            throw new ArgumentException($"The state must have {_state.Length * sizeof(double)} bytes, has {state.Length}; it is of another plan.", nameof(state));
        state.CopyTo(MemoryMarshal.AsBytes(_state.AsSpan()));
        _latest = long.MinValue;
    }

    /// <summary>Lets source <paramref name="index"/> be read where it already is.</summary>
    internal void View(int index, double[] values, int start)
    {
        var view = new BlockView(values, start);
        _columns[index] = view;
        foreach (var reader in _readersOf[index]) _inputs[reader] = view;
    }

    private void BeginBlock(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, BlockLength);
        _lengths[0] = length;
        if (_times[0].Length > 0) AdvanceClocks(length);
    }

    private void ProcessSteps(ReadOnlySpan<RunStep> steps, int length)
    {
        if (_lengths.Length == 1) ProcessOneClock(steps, length);
        else ProcessClocks(steps);
    }

    private void ProcessOneClock(ReadOnlySpan<RunStep> steps, int length)
    {
        foreach (ref readonly var step in steps)
        {
            var inputs = new KernelInputs(_inputs.AsSpan(step.Input, step.Inputs), length);
            var state = _state.AsSpan(step.State, step.StateLength);
            if (step.Kind == StepKind.Single) step.Kernel.Process(state, inputs, _arena.AsSpan(step.Slot, length));
            else ProcessOther(step, state, inputs, length);
        }
    }

    private void ProcessClocks(ReadOnlySpan<RunStep> steps)
    {
        foreach (ref readonly var step in steps)
        {
            var length = _lengths[step.Clock];
            if (length == 0 && _lengths[step.InputClock] == 0) continue;
            var inputs = new KernelInputs(_inputs.AsSpan(step.Input, step.Inputs), _lengths[step.InputClock]);
            var state = _state.AsSpan(step.State, step.StateLength);
            if (step.Kind == StepKind.Single) step.Kernel.Process(state, inputs, _arena.AsSpan(step.Slot, length));
            else ProcessOther(step, state, inputs, length);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ProcessOther(in RunStep step, Span<double> state, in KernelInputs inputs, int length)
    {
        if (step.Kind == StepKind.Panel)
        {
            Unsafe.As<PanelKernel>(step.Kernel).Process(state, inputs, new KernelOutputs(_arena, _outputs.AsSpan(step.Output, step.Outputs), length));
            return;
        }

        Unsafe.As<ClockKernel>(step.Kernel).Process(
            state, inputs.Count == 0 ? [] : inputs[0], BarsOf(step.InputClock), BarsOf(step.Clock), _arena.AsSpan(step.Slot, length));
    }

    private void AdvanceClocks(int length)
    {
        var bars = _times[0].AsSpan(0, length);
        foreach (var time in bars)
        {
            if (time <= _latest) throw Refuse.Graph("times", $"must increase from bar to bar, but {time} ns comes after {_latest} ns; give each bar once, in order");
            _latest = time;
        }

        for (var clock = 1; clock < _lengths.Length; clock++) _lengths[clock] = LongBars.Advance(StateOfClock(clock), BarsOf(0), LengthOf(clock), _times[clock]);
    }

    private ClockBars BarsOf(int clock) => new(_times[clock].AsSpan(0, _lengths[clock]), LengthOf(clock));

    private long LengthOf(int clock) => _plan.Layout.Clocks[clock] * NanosecondsPerSecond;

    private Span<double> StateOfClock(int clock) => _state.AsSpan((clock - 1) * LongBars.StateLength, LongBars.StateLength);

    private static int[][] ReadersOf(PlanLayout layout)
    {
        var readers = new List<int>[layout.Sources.Length];
        for (var i = 0; i < readers.Length; i++) readers[i] = [];
        var input = 0;
        foreach (var step in layout.Steps)
        {
            foreach (var slot in step.Inputs)
            {
                // The slots of the columns come right behind those of the constants.
                var column = slot - layout.Constants.Length;
                if (column >= 0 && column < readers.Length) readers[column].Add(input);
                input++;
            }
        }

        return Array.ConvertAll(readers, static places => places.ToArray());
    }
}
