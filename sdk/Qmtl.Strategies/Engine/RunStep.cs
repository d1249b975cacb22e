namespace Qmtl.Strategies;

/// <summary>How a kernel is called.</summary>
internal enum StepKind
{
    /// <summary>It has one output.</summary>
    Single,

    /// <summary>It has several.</summary>
    Panel,

    /// <summary>It needs the times of bars.</summary>
    Clock,
}

/// <summary>A step of a plan with every place in a run already worked out: stream mode has a few nanoseconds for it.</summary>
internal readonly struct RunStep(PlanStep step, int input, int output, int slot)
{
    public readonly Kernel Kernel = step.Kernel;
    public readonly int Input = input;
    public readonly int Inputs = step.Inputs.Length;
    public readonly int State = step.StateStart;
    public readonly int StateLength = step.Kernel.StateLength;
    public readonly int Slot = slot;
    public readonly int Output = output;
    public readonly int Outputs = step.Outputs.Length;
    public readonly int Clock = step.Clock;
    public readonly int InputClock = step.InputClock;
    public readonly StepKind Kind = step.Kernel switch
    {
        PanelKernel => StepKind.Panel,
        ClockKernel => StepKind.Clock,
        _ => StepKind.Single,
    };
}

/// <summary>Where the values of one slot are for this block: in the run's own memory, or in the column they come from.</summary>
internal readonly record struct BlockView(double[] Values, int Start);
