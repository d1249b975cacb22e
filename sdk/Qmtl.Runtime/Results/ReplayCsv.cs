using System.Globalization;
using Qmtl.Core;
using Qmtl.Data;

namespace Qmtl.Runtime;

/// <summary>The series of a result as CSV: times in ISO-8601, amounts as exact decimals, ratios so that they read back to the same bits.</summary>
public static class ReplayCsv
{
    // An average price of several fills has no last digit; one fill's price has eight.
    private const int PriceDigits = 12;

    /// <summary>Writes a line for each closed round trip, in the order in which they closed.</summary>
    /// <remarks>
    /// <c>quantity</c> is all that was bought (of a long trade) or sold short; the prices are averages over the fills of a side, slippage included;
    /// <c>commission</c> is that of both sides, <c>net_return</c> the net profit as a fraction of the entry notional.
    /// </remarks>
    /// <param name="result">A result that kept its series.</param>
    /// <param name="writer">Where to.</param>
    /// <param name="ct">Cancels between two lines.</param>
    public static void WriteTrades(ReplayResult result, TextWriter writer, CancellationToken ct = default)
    {
        var (series, symbols) = Kept(result);
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write("symbol,side,opened,closed,quantity,entry_notional,entry_price,exit_price,commission,gross_profit,net_profit,net_return\n");
        foreach (var trade in series.Trades)
        {
            ct.ThrowIfCancellationRequested();
            var (entry, quantity) = (trade.EntryNotional.Magnitude.ToDecimal(), trade.Opened.ToDecimal());
            // What a long trade gains over its entry it was sold for; a short one was bought back for that much less.
            var exit = entry + ((int)trade.Side * trade.GrossProfit.ToDecimal());
            writer.Write(string.Create(
                CultureInfo.InvariantCulture,
                $"{symbols[trade.Instrument]},{(trade.Side == Side.Buy ? "long" : "short")},{BarTime.Format(trade.OpenedAt)},{BarTime.Format(trade.ClosedAt)},{trade.Opened},{trade.EntryNotional.Magnitude},{Average(entry, quantity)},{Average(exit, quantity)},{trade.Commission},{trade.GrossProfit},{trade.NetProfit},{trade.NetReturn:R}\n"));
        }
    }

    /// <summary>Writes a line for each execution, in order; <c>bar</c> counts from 0.</summary>
    /// <param name="result">A result that kept its series.</param>
    /// <param name="writer">Where to.</param>
    /// <param name="ct">Cancels between two lines.</param>
    public static void WriteFills(ReplayResult result, TextWriter writer, CancellationToken ct = default)
    {
        var (series, symbols) = Kept(result);
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write("timestamp,bar,symbol,side,quantity,price,notional,commission,slippage\n");
        foreach (var (bar, fill) in series.Fills)
        {
            ct.ThrowIfCancellationRequested();
            writer.Write(string.Create(
                CultureInfo.InvariantCulture,
                $"{BarTime.Format(fill.Time)},{bar},{symbols[fill.Instrument]},{(fill.Side == Side.Buy ? "buy" : "sell")},{fill.Quantity},{fill.Price},{fill.Price * fill.Quantity},{fill.Commission},{fill.Slippage}\n"));
        }
    }

    /// <summary>Writes a line for each bar: equity at its close, and the net position's share of it.</summary>
    /// <param name="result">A result that kept its series.</param>
    /// <param name="writer">Where to.</param>
    /// <param name="ct">Cancels between two lines.</param>
    public static void WriteEquity(ReplayResult result, TextWriter writer, CancellationToken ct = default)
    {
        var (series, _) = Kept(result);
        CsvBarWriter.Write(series.Times.Span, [new CsvColumn("equity", series.Equity), new CsvColumn("weight", series.Weights)], writer, ct);
    }

    /// <summary>Writes a line for each bar and a column for each output; what is missing is an empty cell.</summary>
    /// <param name="outputs">The outputs.</param>
    /// <param name="writer">Where to.</param>
    /// <param name="ct">Cancels between two lines.</param>
    public static void WriteOutputs(StrategyOutputs outputs, TextWriter writer, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        CsvBarWriter.Write(outputs.Times.Span, [.. outputs.Outputs.Select(output => new CsvColumn(output.Name, output.Values))], writer, ct);
    }

    private static string Average(decimal notional, decimal quantity) =>
        decimal.Round(notional / quantity, PriceDigits).ToString("0.############", CultureInfo.InvariantCulture);

    private static (ReplaySeries Series, string[] Symbols) Kept(ReplayResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return result.Series.Times.Length == result.Bars
            ? (result.Series, [.. result.Symbols.Select(CsvText.Cell)])
            : throw new ArgumentException("The result kept no series; run with ReplayOptions.KeepSeries.", nameof(result));
    }
}
