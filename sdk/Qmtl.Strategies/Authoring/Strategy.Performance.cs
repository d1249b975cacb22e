namespace Qmtl.Strategies;

public abstract partial class Strategy
{
    /// <summary>Returns that the author measured, one a bar, as fractions: judged instead of those of a replay. Null: none.</summary>
    /// <remarks>
    /// An output called <c>returns</c>, <c>equity</c> or <c>pnl</c> (see <see cref="StrategyBuilder.Output(string, Series)"/>) does the same, computed from the bars.
    /// The order is returns, equity, pnl; a property goes before an output of its name.
    /// </remarks>
    public virtual IReadOnlyList<double>? Returns => null;

    /// <summary>Equity that the author measured, one value a bar: its returns are judged. Null: none.</summary>
    public virtual IReadOnlyList<double>? Equity => null;

    /// <summary>Profit and loss of each bar in currency, on top of the run's cash: its returns are judged. Null: none.</summary>
    public virtual IReadOnlyList<double>? Pnl => null;
}
