namespace Qmtl.WorldService.Policies.Selection;

/// <summary>The pairs whose correlation is above the limit, by candidate: one array of neighbours, and where each one's begin.</summary>
internal sealed class ConflictGraph
{
    private readonly int[] _starts;
    private readonly (int Other, double Value)[] _neighbours;

    private ConflictGraph(int candidates, List<(int A, int B, double Value)> conflicts)
    {
        _starts = new int[candidates + 1];
        _neighbours = new (int, double)[conflicts.Count * 2];
        if (conflicts.Count == 0) return;
        foreach (var (a, b, _) in conflicts)
        {
            _starts[a + 1]++;
            _starts[b + 1]++;
        }

        for (var i = 0; i < candidates; i++) _starts[i + 1] += _starts[i];
        var next = _starts.AsSpan(0, candidates).ToArray();
        foreach (var (a, b, value) in conflicts)
        {
            _neighbours[next[a]++] = (b, value);
            _neighbours[next[b]++] = (a, value);
        }
    }

    public static ConflictGraph Of(CandidateTrace[] traces, PolicyInputs inputs, double? limit)
    {
        var conflicts = new List<(int A, int B, double Value)>();
        if (limit is { } max && inputs.Correlations.Count + inputs.Matrices.Count > 0)
        {
            var index = new Dictionary<string, int>(traces.Length, StringComparer.Ordinal);
            foreach (var trace in traces) index.Add(trace.Candidate.StrategyId, trace.Index);
            AddPairs(conflicts, inputs.Correlations, index, max);
            foreach (var matrix in inputs.Matrices) AddMatrix(conflicts, matrix, index, max);
        }

        return new ConflictGraph(traces.Length, conflicts);
    }

    public ReadOnlySpan<(int Other, double Value)> Of(int index) => _neighbours.AsSpan(_starts[index], _starts[index + 1] - _starts[index]);

    private static void AddPairs(List<(int A, int B, double Value)> conflicts, IReadOnlyList<PairCorrelation> pairs, Dictionary<string, int> index, double max)
    {
        for (var i = 0; i < pairs.Count; i++)
        {
            // Most pairs are within the limit, and then nobody needs to know whose they are.
            var (first, second, value) = pairs[i];
            if (Math.Abs(value) > max && index.TryGetValue(first, out var a) && index.TryGetValue(second, out var b) && a != b) conflicts.Add((a, b, value));
        }
    }

    private static void AddMatrix(List<(int A, int B, double Value)> conflicts, CorrelationMatrix matrix, Dictionary<string, int> index, double max)
    {
        var members = new int[matrix.Members.Count];
        for (var i = 0; i < members.Length; i++) members[i] = index.TryGetValue(matrix.Members[i], out var known) ? known : -1;
        var values = matrix.Lower.Span;
        var at = 0;
        for (var i = 1; i < members.Length; i++)
        {
            for (var j = 0; j < i; j++, at++)
            {
                var value = values[at];
                if (Math.Abs(value) > max && members[i] >= 0 && members[j] >= 0 && members[i] != members[j]) conflicts.Add((members[i], members[j], value));
            }
        }
    }
}
