using System.Globalization;

namespace Qmtl.WorldService.Policies.Expressions;

/// <summary>A condition over one candidate's metrics.</summary>
internal abstract record Gate
{
    /// <summary>True, false, or null when a missing metric leaves it open (three-valued logic).</summary>
    public abstract bool? Holds(ReadOnlySpan<double> row);

    /// <summary>
    /// The same, knowing only the comparisons on sample size. False means that the sample alone already refuses the candidate,
    /// whatever its performance turns out to be.
    /// </summary>
    public abstract bool? HoldsForSampleAlone(ReadOnlySpan<double> row);

    /// <summary>The canonical spelling.</summary>
    public abstract string Text { get; }

    public sealed override string ToString() => Text;

    protected static bool? All(Gate[] parts, ReadOnlySpan<double> row, bool sampleOnly)
    {
        bool? all = true;
        foreach (var part in parts)
        {
            switch (sampleOnly ? part.HoldsForSampleAlone(row) : part.Holds(row))
            {
                case false: return false;
                case null: all = null; break;
            }
        }

        return all;
    }

    public sealed record Comparison(string Metric, int Slot, ComparisonOperator Operator, double Threshold) : Gate
    {
        private readonly bool _sample = MetricClasses.Of(Metric) == MetricClass.Sample;

        public override bool? Holds(ReadOnlySpan<double> row) => double.IsNaN(row[Slot]) ? null : Operator.Holds(row[Slot], Threshold);

        // An unmeasured sample counts as none: evidence is what the sample gate asks for.
        public override bool? HoldsForSampleAlone(ReadOnlySpan<double> row) => _sample ? Holds(row) ?? false : null;

        public override string Text { get; } = $"{Metric} {Operator.Symbol()} {Threshold.ToString("R", CultureInfo.InvariantCulture)}";
    }

    public sealed record And(IReadOnlyList<Gate> Parts) : Gate
    {
        // Walked for every candidate, and an array without an enumerator of its own.
        private readonly Gate[] _parts = [.. Parts];

        public override bool? Holds(ReadOnlySpan<double> row) => All(_parts, row, sampleOnly: false);

        public override bool? HoldsForSampleAlone(ReadOnlySpan<double> row) => All(_parts, row, sampleOnly: true);

        public override string Text { get; } = $"all of ({string.Join(", ", Parts)})";
    }

    public sealed record Or(IReadOnlyList<Gate> Parts) : Gate
    {
        private readonly Gate[] _parts = [.. Parts];

        public override bool? Holds(ReadOnlySpan<double> row) => Any(row, sampleOnly: false);

        public override bool? HoldsForSampleAlone(ReadOnlySpan<double> row) => Any(row, sampleOnly: true);

        public override string Text { get; } = $"any of ({string.Join(", ", Parts)})";

        private bool? Any(ReadOnlySpan<double> row, bool sampleOnly)
        {
            bool? any = false;
            foreach (var part in _parts)
            {
                switch (sampleOnly ? part.HoldsForSampleAlone(row) : part.Holds(row))
                {
                    case true: return true;
                    case null: any = null; break;
                }
            }

            return any;
        }
    }

    public sealed record Not(Gate Part) : Gate
    {
        public override bool? Holds(ReadOnlySpan<double> row) => !Part.Holds(row);

        public override bool? HoldsForSampleAlone(ReadOnlySpan<double> row) => !Part.HoldsForSampleAlone(row);

        public override string Text { get; } = $"not ({Part})";

        /// <summary>What has to hold for the gate to pass, where that can be said in one comparison.</summary>
        public string Opposite { get; } = Part is Comparison comparison
            ? new Comparison(comparison.Metric, comparison.Slot, comparison.Operator.Opposite(), comparison.Threshold).Text
            : $"not ({Part})";
    }
}
