using System.Buffers;

namespace Qmtl.WorldService.Policies.Selection;

/// <summary>
/// The pairs whose correlation is above the limit, by candidate: one array of neighbours, and where each one's begin. There may be hundreds of thousands, and
/// nobody needs them after the evaluation: the arrays are borrowed.
/// </summary>
internal sealed class ConflictGraph : IDisposable
{
    private readonly int[] _starts;
    private readonly (int Other, double Value)[] _neighbours;

    private ConflictGraph(int candidates, ReadOnlySpan<(int A, int B, double Value)> conflicts)
    {
        _starts = ArrayPool<int>.Shared.Rent(candidates + 2);
        _neighbours = ArrayPool<(int, double)>.Shared.Rent(conflicts.Length * 2);
        // While neighbours are put in, a candidate's next place stands one further on, where afterwards the next candidate's begin.
        var starts = _starts.AsSpan(0, candidates + 2);
        starts.Clear();
        foreach (var (a, b, _) in conflicts)
        {
            starts[a + 2]++;
            starts[b + 2]++;
        }

        for (var i = 2; i < starts.Length; i++) starts[i] += starts[i - 1];
        foreach (var (a, b, value) in conflicts)
        {
            _neighbours[starts[a + 1]++] = (b, value);
            _neighbours[starts[b + 1]++] = (a, value);
        }
    }

    public static ConflictGraph Of(CandidateTrace[] traces, PolicyInputs inputs, double? limit)
    {
        if (limit is not { } max || inputs.Correlations.Count + inputs.Matrices.Count == 0) return new ConflictGraph(traces.Length, []);
        var conflicts = new Conflicts(CountAbove(inputs, max));
        var index = new Dictionary<string, int>(traces.Length, StringComparer.Ordinal);
        foreach (var trace in traces) index.Add(trace.Candidate.StrategyId, trace.Index);
        AddPairs(ref conflicts, inputs.Correlations, index, max);
        foreach (var matrix in inputs.Matrices) AddMatrix(ref conflicts, matrix, index, max);
        var graph = new ConflictGraph(traces.Length, conflicts.All);
        conflicts.Return();
        return graph;
    }

    public ReadOnlySpan<(int Other, double Value)> Of(int index) => _neighbours.AsSpan(_starts[index], _starts[index + 1] - _starts[index]);

    public void Dispose()
    {
        ArrayPool<int>.Shared.Return(_starts);
        ArrayPool<(int, double)>.Shared.Return(_neighbours);
    }

    private static int CountAbove(PolicyInputs inputs, double max)
    {
        var count = 0;
        var pairs = inputs.Correlations;
        for (var i = 0; i < pairs.Count; i++) count += Math.Abs(pairs[i].Value) > max ? 1 : 0;
        foreach (var matrix in inputs.Matrices)
        {
            foreach (var value in matrix.Lower.Span) count += Math.Abs(value) > max ? 1 : 0;
        }

        return count;
    }

    private static void AddPairs(ref Conflicts conflicts, IReadOnlyList<PairCorrelation> pairs, Dictionary<string, int> index, double max)
    {
        // Pairs mostly come strategy by strategy, so that one side of them stays the same for a while.
        var (lastFirst, a) = ((string?)null, -1);
        for (var i = 0; i < pairs.Count; i++)
        {
            // Most pairs are within the limit, and then nobody needs to know whose they are.
            var (first, second, value) = pairs[i];
            if (!(Math.Abs(value) > max)) continue;
            if (!ReferenceEquals(first, lastFirst)) (lastFirst, a) = (first, index.TryGetValue(first, out var known) ? known : -1);
            if (a >= 0 && index.TryGetValue(second, out var b) && a != b) conflicts.Add(a, b, value);
        }
    }

    private static void AddMatrix(ref Conflicts conflicts, CorrelationMatrix matrix, Dictionary<string, int> index, double max)
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
                if (Math.Abs(value) > max && members[i] >= 0 && members[j] >= 0 && members[i] != members[j]) conflicts.Add(members[i], members[j], value);
            }
        }
    }

    /// <summary>Pairs in a borrowed array that has room for all there can be.</summary>
    private struct Conflicts(int atMost)
    {
        private readonly (int A, int B, double Value)[] _pairs = ArrayPool<(int, int, double)>.Shared.Rent(atMost);
        private int _count;

        public readonly ReadOnlySpan<(int A, int B, double Value)> All => _pairs.AsSpan(0, _count);

        public void Add(int a, int b, double value) => _pairs[_count++] = (a, b, value);

        public readonly void Return() => ArrayPool<(int, int, double)>.Shared.Return(_pairs);
    }
}
