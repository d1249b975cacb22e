using MathNet.Numerics.LinearAlgebra;

namespace Qmtl.Statistics.Portfolio;

/// <summary>The best point of a quadratic program, and by how much it misses the conditions of optimality.</summary>
/// <param name="Point">The point.</param>
/// <param name="Residual">
/// Largest violation of the conditions of Karush, Kuhn and Tucker (stationarity, feasibility, complementarity), the objective being scaled to coefficients of at
/// most 1. The problem is convex, so a residual of 0 proves the optimum.
/// </param>
internal sealed record QuadraticOptimum(double[] Point, double Residual);

/// <summary>Minimises ½·xᵀHx + cᵀx under E·x = e and A·x ≤ b; H is positive semidefinite.</summary>
/// <remarks>
/// A primal-dual interior point finds which inequalities bind (Mehrotra, "On the Implementation of a Primal-Dual Interior Point Method", 1992); the linear system
/// of those then gives the point to machine precision, as the polishing of Stellato et al., "OSQP" (2020), does. The better of the two is the answer.
/// </remarks>
internal sealed class QuadraticProgram
{
    private const int MaxIterations = 100;
    private const double Target = 1e-13;

    /// <summary>What still counts as solved.</summary>
    private const double Acceptable = 1e-8;

    private readonly Matrix<double> _h;
    private readonly Vector<double> _c;
    private readonly Matrix<double> _e;
    private readonly Vector<double> _eRight;
    private readonly Matrix<double> _a;
    private readonly Vector<double> _aRight;

    public QuadraticProgram(double[,] quadratic, double[] linear, LinearRows equalities, LinearRows inequalities)
    {
        var scale = Math.Max(quadratic.Cast<double>().Max(Math.Abs), linear.Max(Math.Abs));
        if (!(scale > 0)) scale = 1;
        _h = Matrix<double>.Build.DenseOfArray(quadratic) / scale;
        _c = Vector<double>.Build.DenseOfArray(linear) / scale;
        (_e, _eRight) = equalities.ToSystem(linear.Length);
        (_a, _aRight) = inequalities.ToSystem(linear.Length);
    }

    /// <summary>Solves it; null when no point meets the constraints, or none was proven best.</summary>
    public QuadraticOptimum? Solve()
    {
        var best = Start();
        var state = best;
        for (var iteration = 0; iteration < MaxIterations && best.Residual > Target; iteration++)
        {
            if (Step(state) is not { } next) break;
            state = next;
            if (state.Residual < best.Residual) best = state;
        }

        if (Polish(best) is { } polished && polished.Residual < best.Residual) best = polished;
        return best.Residual <= Acceptable ? new QuadraticOptimum(best.X.ToArray(), best.Residual) : null;
    }

    private Iterate Start()
    {
        var x = Vector<double>.Build.Dense(_c.Count);
        var slack = (_aRight - (_a * x)).Map(value => Math.Max(1, value));
        return Judge(x, Vector<double>.Build.Dense(_e.RowCount), Vector<double>.Build.Dense(_a.RowCount, 1.0), slack);
    }

    /// <summary>A predictor towards the optimum, then a corrector that stays off the borders.</summary>
    private Iterate? Step(Iterate now)
    {
        var weights = now.Z.PointwiseDivide(now.S);
        var system = Saddle(_h + (_a.Transpose() * _a.MapIndexed((row, _, value) => value * weights[row])), _e, 0).LU();
        var mean = now.Z.Count == 0 ? 0 : now.S * now.Z / now.Z.Count;
        var products = now.S.PointwiseMultiply(now.Z);
        var affine = Direction(system, now, products);
        if (affine is null) return null;
        if (now.Z.Count == 0) return Move(now, affine, 1, 1);
        var (primal, dual) = (LongestStep(now.S, affine.S), LongestStep(now.Z, affine.Z));
        var reached = (now.S + (primal * affine.S)) * (now.Z + (dual * affine.Z)) / now.Z.Count;
        var centring = Math.Pow(reached / mean, 3);
        var corrected = Direction(system, now, products + affine.S.PointwiseMultiply(affine.Z) - (centring * mean));
        if (corrected is null) return null;
        // One length for both: stationarity couples x and z through H, and two lengths would undo it.
        var length = Math.Min(LongestStep(now.S, corrected.S), LongestStep(now.Z, corrected.Z));
        return Move(now, corrected, length < 1 ? 0.995 * length : 1, length < 1 ? 0.995 * length : 1);
    }

    private Iterate? Direction(MathNet.Numerics.LinearAlgebra.Factorization.LU<double> system, Iterate now, Vector<double> products)
    {
        var pull = (now.Z.PointwiseMultiply(now.PrimalGap) - products).PointwiseDivide(now.S);
        var right = Join(-now.DualGap - (_a.Transpose() * pull), -now.EqualityGap);
        var solved = system.Solve(right);
        if (solved.Any(value => !double.IsFinite(value))) return null;
        var x = solved.SubVector(0, _c.Count);
        var moved = _a * x;
        return new Iterate(x, solved.SubVector(_c.Count, _e.RowCount), pull + now.Z.PointwiseMultiply(moved).PointwiseDivide(now.S), -now.PrimalGap - moved);
    }

    private Iterate Move(Iterate now, Iterate direction, double primal, double dual) => Judge(
        now.X + (primal * direction.X), now.Y + (dual * direction.Y), now.Z + (dual * direction.Z), now.S + (primal * direction.S));

    /// <summary>Takes the inequalities that bind as equalities and solves what is left.</summary>
    private Iterate? Polish(Iterate now)
    {
        var binding = Enumerable.Range(0, _a.RowCount).Where(row => now.Z[row] > now.S[row]).ToArray();
        var rows = binding.Length == 0 ? _e : _e.Stack(Matrix<double>.Build.DenseOfRows(binding.Select(row => _a.Row(row))));
        var right = Join(-_c, Join(_eRight, Vector<double>.Build.DenseOfEnumerable(binding.Select(row => _aRight[row]))));
        const double Regularisation = 1e-9;
        var exact = Saddle(_h, rows, 0);
        var regular = Saddle(_h + (Regularisation * Matrix<double>.Build.DenseIdentity(_c.Count)), rows, -Regularisation).LU();
        var solved = regular.Solve(right);
        // Refinement takes the regularisation out again, also where constraints repeat each other.
        for (var pass = 0; pass < 6; pass++) solved += regular.Solve(right - (exact * solved));
        if (solved.Any(value => !double.IsFinite(value))) return null;
        var z = Vector<double>.Build.Dense(_a.RowCount);
        for (var i = 0; i < binding.Length; i++) z[binding[i]] = solved[_c.Count + _e.RowCount + i];
        if (z.Any(value => value < 0)) return null;
        var x = solved.SubVector(0, _c.Count);
        return Judge(x, solved.SubVector(_c.Count, _e.RowCount), z, (_aRight - (_a * x)).Map(value => Math.Max(0, value)));
    }

    private Iterate Judge(Vector<double> x, Vector<double> y, Vector<double> z, Vector<double> s)
    {
        var iterate = new Iterate(x, y, z, s)
        {
            DualGap = (_h * x) + _c + (_e.Transpose() * y) + (_a.Transpose() * z),
            EqualityGap = (_e * x) - _eRight,
            PrimalGap = (_a * x) + s - _aRight,
        };
        var worst = Math.Max(Largest(iterate.DualGap), Math.Max(Largest(iterate.EqualityGap), Largest(iterate.PrimalGap)));
        iterate.Residual = Math.Max(worst, z.Count == 0 ? 0 : s.PointwiseMultiply(z).Maximum());
        return iterate;
    }

    private static Matrix<double> Saddle(Matrix<double> h, Matrix<double> rows, double corner)
    {
        var size = h.RowCount + rows.RowCount;
        var saddle = Matrix<double>.Build.Dense(size, size);
        saddle.SetSubMatrix(0, 0, h);
        if (rows.RowCount == 0) return saddle;
        saddle.SetSubMatrix(h.RowCount, 0, rows);
        saddle.SetSubMatrix(0, h.RowCount, rows.Transpose());
        for (var i = h.RowCount; i < size; i++) saddle[i, i] = corner;
        return saddle;
    }

    private static double LongestStep(Vector<double> from, Vector<double> by)
    {
        var step = 1.0;
        for (var i = 0; i < from.Count; i++)
        {
            if (by[i] < 0) step = Math.Min(step, -from[i] / by[i]);
        }

        return step;
    }

    private static double Largest(Vector<double> values) => values.Count == 0 ? 0 : values.AbsoluteMaximum();

    private static Vector<double> Join(Vector<double> first, Vector<double> second) => Vector<double>.Build.DenseOfEnumerable(first.Concat(second));

    private sealed record Iterate(Vector<double> X, Vector<double> Y, Vector<double> Z, Vector<double> S)
    {
        public Vector<double> DualGap { get; init; } = null!;

        public Vector<double> EqualityGap { get; init; } = null!;

        public Vector<double> PrimalGap { get; init; } = null!;

        public double Residual { get; set; }
    }
}

/// <summary>Rows of a system of linear constraints.</summary>
internal sealed class LinearRows
{
    private readonly List<(double[] Row, double Right)> _rows = [];

    public int Count => _rows.Count;

    /// <summary>Σ row·x against <paramref name="right"/>.</summary>
    public void Add(double[] row, double right) => _rows.Add((row, right));

    /// <summary>Adds factor·x[index] (and one further term) against <paramref name="right"/>.</summary>
    public void Add(int variables, double right, params ReadOnlySpan<(int Index, double Factor)> terms)
    {
        var row = new double[variables];
        foreach (var (index, factor) in terms) row[index] = factor;
        _rows.Add((row, right));
    }

    public (Matrix<double> Rows, Vector<double> Right) ToSystem(int variables)
    {
        var matrix = Matrix<double>.Build.Dense(_rows.Count, variables, (row, column) => _rows[row].Row[column]);
        return (matrix, Vector<double>.Build.Dense(_rows.Count, row => _rows[row].Right));
    }
}
