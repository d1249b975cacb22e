namespace Qmtl.Client;

/// <summary>How returns follow from prices.</summary>
public enum ReturnMethod
{
    /// <summary>price / previous price − 1.</summary>
    PctChange,

    /// <summary>ln(price / previous price).</summary>
    LogReturn,
}

/// <summary>Returns of a price, for a strategy that states none of its own and trades nothing: what holding the price would have earned.</summary>
public sealed record AutoReturnsConfig
{
    /// <summary>Outputs of the strategy that are prices, the first one found counts.</summary>
    public IReadOnlyList<string> PriceAttributes { get; init; } = ["prices", "price_series", "price_history", "close_prices", "close"];

    /// <summary>An output of the strategy or an instrument of the data. Null: one of <see cref="PriceAttributes"/>, else the first instrument.</summary>
    public string? Node { get; init; }

    /// <summary>The column of an instrument.</summary>
    public string Field { get; init; } = "close";

    /// <summary>How returns follow from prices.</summary>
    public ReturnMethod Method { get; init; } = ReturnMethod.PctChange;

    /// <summary>Fewer prices than this are refused; at least 2.</summary>
    public int MinLength { get; init; } = 2;
}
