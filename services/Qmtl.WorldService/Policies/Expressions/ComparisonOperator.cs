namespace Qmtl.WorldService.Policies.Expressions;

internal enum ComparisonOperator
{
    GreaterOrEqual,
    LessOrEqual,
    Greater,
    Less,
    Equal,
    NotEqual,
}

internal static class ComparisonOperators
{
    // Longest first: ">=" must not be read as ">".
    public static readonly (string Symbol, ComparisonOperator Operator)[] All =
    [
        (">=", ComparisonOperator.GreaterOrEqual), ("<=", ComparisonOperator.LessOrEqual), ("==", ComparisonOperator.Equal),
        ("!=", ComparisonOperator.NotEqual), (">", ComparisonOperator.Greater), ("<", ComparisonOperator.Less),
    ];

    public static string Symbol(this ComparisonOperator comparison) => Array.Find(All, pair => pair.Operator == comparison).Symbol;

    public static bool Holds(this ComparisonOperator comparison, double left, double right) => comparison switch
    {
        ComparisonOperator.GreaterOrEqual => left >= right,
        ComparisonOperator.LessOrEqual => left <= right,
        ComparisonOperator.Greater => left > right,
        ComparisonOperator.Less => left < right,
        ComparisonOperator.Equal => left == right,
        _ => left != right,
    };

    /// <summary>The comparison that holds exactly where this one does not.</summary>
    public static ComparisonOperator Opposite(this ComparisonOperator comparison) => comparison switch
    {
        ComparisonOperator.GreaterOrEqual => ComparisonOperator.Less,
        ComparisonOperator.LessOrEqual => ComparisonOperator.Greater,
        ComparisonOperator.Greater => ComparisonOperator.LessOrEqual,
        ComparisonOperator.Less => ComparisonOperator.GreaterOrEqual,
        ComparisonOperator.Equal => ComparisonOperator.NotEqual,
        _ => ComparisonOperator.Equal,
    };

    /// <summary>How far the value stands on the passing side: negative is what is lacking, positive is what is to spare.</summary>
    public static double Distance(this ComparisonOperator comparison, double value, double threshold) => comparison switch
    {
        ComparisonOperator.GreaterOrEqual or ComparisonOperator.Greater => value - threshold,
        ComparisonOperator.LessOrEqual or ComparisonOperator.Less => threshold - value,
        ComparisonOperator.Equal => -Math.Abs(value - threshold),
        _ => Math.Abs(value - threshold),
    };
}
